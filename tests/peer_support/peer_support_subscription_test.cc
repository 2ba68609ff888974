// What peer support hears of activities, through the real seam: a service that owns a stream, Redis between
// them, and the kernel's subscription.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mestring/activities/v1/activities_events.pb.h"
#include "tests/peer_support/town.h"
#include "tests/support/bus.h"
#include "tests/support/redis.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring::peer_support {
namespace {

using activities::v1::LeaderAppointed;
using testing::IsEmpty;
using testing::SizeIs;
using Stub = Town::Stub;

// Owns the stream of activities, and nothing else of it.
class Silent : public mestring::Service {
 public:
  std::vector<grpc::Service*> GrpcServices() override { return {}; }
};
ServiceDefinition ActivitiesStream() {
  return {.name = "activities", .ports = {}, .schema = {}, .make = [](Kernel&) { return std::make_unique<Silent>(); }};
}

class SubscriptionTest : public testing::TestWithParam<const char*> {
 protected:
  SubscriptionTest() { ReplaceFile(token_file_, Token({access::v1::ROLE_SERVICE})); }

  std::unique_ptr<Town> NewTown(bool with_redis = true) {
    return std::make_unique<Town>(GetParam(), [&](Config& config) {
      config.owners = "activities=" + activities_.address();
      config.token_file = token_file_;
      if (with_redis) config.redis_url = redis_.url();
    });
  }
  void Appoint(const std::string& person) {
    LeaderAppointed event;
    event.set_leader_path_id(SomePerson());
    event.set_person_ref(person);
    ASSERT_TRUE(activities_.db().Write([&](Tx& tx) { return tx.Publish(event, event.leader_path_id(), 1); }).ok());
  }
  // Has the town applied all that activities has said?
  bool CaughtUp(Town& town) {
    return WaitUntil(
        [&] { return PlaceOf(town.service().db(), StreamKey("1108", "activities")) == HeadOf(activities_.db()); });
  }
  std::vector<pb::Peer> Peers(Town& town) {
    const auto response = town.Call(&Stub::ListPeers, Staff(), pb::ListPeersRequest());
    return {response->peers().begin(), response->peers().end()};
  }

  RedisServer redis_;
  TempFolder folder_;
  const std::string token_file_ = folder_.path() + "/token";
  RunningService activities_{ActivitiesStream(), "sqlite", [&](Config& config) { config.redis_url = redis_.url(); }};
};

INSTANTIATE_TEST_SUITE_P(Engines, SubscriptionTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(SubscriptionTest, AnAppointedLeaderBecomesAProspectOnceAndIsApprovedByNobody) {
  const std::string person = SomePerson();
  const auto town = NewTown();
  Appoint(person);
  ASSERT_TRUE(CaughtUp(*town));
  Appoint(person);
  ASSERT_TRUE(CaughtUp(*town));
  const auto peers = Peers(*town);
  ASSERT_THAT(peers, SizeIs(1));
  EXPECT_EQ(peers[0].person_ref(), person);
  EXPECT_EQ(peers[0].state(), pb::PEER_STATE_PROSPECT);
  EXPECT_EQ(peers[0].source(), pb::PEER_SOURCE_ACTIVITY_LEADER);
  ASSERT_THAT(town->EventsOf<pb::PeerRegistered>(), SizeIs(1));
  EXPECT_EQ(town->EventsOf<pb::PeerRegistered>()[0].source(), pb::PEER_SOURCE_ACTIVITY_LEADER);
  pb::ApprovePeerRequest approve;
  approve.set_peer_id(town->Trained(peers[0]).id());
  EXPECT_EQ(ReasonOf(town->Call(&Stub::ApprovePeer, UnitLeader(), approve).status()), "PROFILE_INCOMPLETE");
  pb::UpdatePeerRequest update;
  update.set_peer_id(peers[0].id());
  *update.mutable_profile() = Town::Profile();
  EXPECT_TRUE(town->Call(&Stub::UpdatePeer, Staff(), update).ok());
  EXPECT_TRUE(town->Call(&Stub::ApprovePeer, UnitLeader(), approve).ok());
}

TEST_P(SubscriptionTest, WhoIsAPeerOrHasStoppedStaysWhatTheyAre) {
  const auto town = NewTown();
  const pb::Peer active = town->Active(), gone = town->Active();
  pb::OptOutRequest opt_out;
  opt_out.set_peer_id(gone.id());
  ASSERT_TRUE(town->Call(&Stub::OptOut, AsPeer(gone.person_ref()), opt_out).ok());
  Appoint(active.person_ref());
  Appoint(gone.person_ref());
  ASSERT_TRUE(CaughtUp(*town));
  EXPECT_EQ(town->Now(active).state(), pb::PEER_STATE_ACTIVE);
  EXPECT_EQ(town->Now(gone).state(), pb::PEER_STATE_STOPPED) << "an event never decides about a person";
  EXPECT_THAT(Peers(*town), SizeIs(2));
}

TEST_P(SubscriptionTest, WhatWasSaidBeforeAndDuringOurAbsenceIsHeardOnce) {
  Appoint(SomePerson());
  const auto town = NewTown();
  ASSERT_TRUE(CaughtUp(*town));
  town->service().Stop();
  Appoint(SomePerson());
  redis_.FlushAll();
  activities_.Restart();
  town->service().Restart();
  ASSERT_TRUE(CaughtUp(*town));
  Appoint(SomePerson());
  ASSERT_TRUE(CaughtUp(*town));
  EXPECT_THAT(Peers(*town), SizeIs(3));
  EXPECT_THAT(town->EventsOf<pb::PeerRegistered>(), SizeIs(3));
}

TEST_P(SubscriptionTest, WithoutRedisTheOwnerIsAskedDirectly) {
  const auto town = NewTown(false);
  Appoint(SomePerson());
  ASSERT_TRUE(CaughtUp(*town));
  EXPECT_THAT(Peers(*town), SizeIs(1));
}

}  // namespace
}  // namespace mestring::peer_support
