// Activities and peer support, both running, each hearing the other: an appointed leader becomes a prospect,
// an approval that ends or pauses pauses the leader, whichever of the two was away meanwhile.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/activities/town.h"
#include "tests/peer_support/town.h"
#include "tests/support/bus.h"
#include "tests/support/redis.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

namespace apb = activities::v1;
namespace ppb = peer_support::v1;

using testing::SizeIs;
using Stub = peer_support::Town::Stub;

class LeadersAndPeers : public testing::TestWithParam<const char*> {
 protected:
  LeadersAndPeers() { ReplaceFile(token_file_, Token({access::v1::ROLE_SERVICE})); }

  void Connect(Config& config, const std::string& owners) {
    config.redis_url = redis_.url();
    config.owners = owners;
    config.token_file = token_file_;
  }
  // Has each applied all that the other has said?
  bool BothHaveHeard() {
    return WaitUntil([&] {
      return PlaceOf(peers_.service().db(), StreamKey("1108", "activities")) == HeadOf(activities_.service().db()) &&
             PlaceOf(activities_.service().db(), StreamKey("1108", "peer_support")) == HeadOf(peers_.service().db());
    });
  }
  ppb::Peer PeerOf(const std::string& person) {
    const auto response = Must(peers_.Call(&Stub::ListPeers, Staff(), ppb::ListPeersRequest()));
    for (const ppb::Peer& peer : response.peers()) {
      if (peer.person_ref() == person) return peer;
    }
    return {};
  }
  // The prospect goes all the way to an active peer.
  ppb::Peer Approved(const ppb::Peer& prospect) {
    ppb::UpdatePeerRequest update;
    update.set_peer_id(peers_.Trained(prospect).id());
    *update.mutable_profile() = peer_support::Town::Profile();
    Must(peers_.Call(&Stub::UpdatePeer, Staff(), update));
    ppb::AssignGuideRequest guide;
    guide.set_peer_id(prospect.id());
    guide.set_guide_id(peers_.guide_id);
    Must(peers_.Call(&Stub::AssignGuide, Staff(), guide));
    ppb::ApprovePeerRequest approve;
    approve.set_peer_id(prospect.id());
    return Must(peers_.Call(&Stub::ApprovePeer, UnitLeader(), approve)).peer();
  }
  void Resume(const ppb::Peer& peer) {
    ppb::ResumePeerRequest resume;
    resume.set_peer_id(peer.id());
    Must(peers_.Call(&Stub::ResumePeer, Staff(), resume));
  }
  apb::LeaderState StateOf(const apb::LeaderPath& path) {
    return activities_.Stored<apb::LeaderPath>(path.id()).state();
  }

  RedisServer redis_;
  TempFolder folder_;
  const std::string token_file_ = folder_.path() + "/token";
  // Each must know where the other answers before it is there.
  const std::string activities_address_ = absl::StrCat("127.0.0.1:", FreePort());
  peer_support::Town peers_{GetParam(),
                            [this](Config& config) { Connect(config, "activities=" + activities_address_); }};
  activities::Town activities_{GetParam(), [this](Config& config) {
                                 config.listen = activities_address_;
                                 Connect(config, "peer_support=" + peers_.service().address());
                               }};
};

INSTANTIATE_TEST_SUITE_P(Engines, LeadersAndPeers, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(LeadersAndPeers, AnAppointedLeaderBecomesAPeerAndTheirPauseThereIsOneHere) {
  const std::string person = SomePerson();
  const apb::LeaderPath path = activities_.LeaderOf(person);
  ASSERT_TRUE(BothHaveHeard());
  const ppb::Peer prospect = PeerOf(person);
  EXPECT_EQ(prospect.state(), ppb::PEER_STATE_PROSPECT);
  EXPECT_EQ(prospect.source(), ppb::PEER_SOURCE_ACTIVITY_LEADER);
  const ppb::Peer peer = Approved(prospect);
  EXPECT_EQ(peer.state(), ppb::PEER_STATE_ACTIVE);
  ASSERT_TRUE(BothHaveHeard());
  EXPECT_EQ(StateOf(path), apb::LEADER_STATE_ACTIVE);

  peers_.Paused(peer);
  ASSERT_TRUE(BothHaveHeard());
  EXPECT_EQ(StateOf(path), apb::LEADER_STATE_PAUSED);
  Resume(peer);
  ASSERT_TRUE(BothHaveHeard());
  EXPECT_EQ(StateOf(path), apb::LEADER_STATE_ACTIVE);

  peers_.GoTo(PlusDays(peer.valid_until(), peers_.Rules().grace_days() + 1));
  ASSERT_TRUE(BothHaveHeard());
  EXPECT_EQ(PeerOf(person).state(), ppb::PEER_STATE_EXPIRED);
  EXPECT_EQ(StateOf(path), apb::LEADER_STATE_PAUSED) << "the approval ran out";
}

TEST_P(LeadersAndPeers, WhatOneSaysWhileTheOtherIsAwayIsHeardOnceInOrder) {
  const std::string person = SomePerson();
  peers_.service().Stop();
  const apb::LeaderPath path = activities_.LeaderOf(person);
  redis_.FlushAll();
  peers_.service().Restart();
  ASSERT_TRUE(BothHaveHeard());
  const ppb::Peer peer = Approved(PeerOf(person));

  activities_.service().Stop();
  peers_.Paused(peer);
  Resume(peer);
  peers_.Paused(peer);
  activities_.service().Restart();
  ASSERT_TRUE(BothHaveHeard());
  EXPECT_EQ(StateOf(path), apb::LEADER_STATE_PAUSED);
  EXPECT_THAT(peers_.EventsOf<ppb::PeerRegistered>(), SizeIs(1));
  peers_.service().Restart();
  activities_.service().Restart();
  ASSERT_TRUE(BothHaveHeard());
  EXPECT_EQ(StateOf(path), apb::LEADER_STATE_PAUSED) << "and a restart says nothing twice";
  EXPECT_THAT(peers_.EventsOf<ppb::PeerRegistered>(), SizeIs(1));
}

TEST_P(LeadersAndPeers, AnAppointedLeaderWhoDeclinesToBeAPeerGoesOnLeading) {
  const std::string person = SomePerson();
  const apb::LeaderPath path = activities_.LeaderOf(person);
  ASSERT_TRUE(BothHaveHeard());
  ppb::OptOutRequest opt_out;
  opt_out.set_peer_id(PeerOf(person).id());
  Must(peers_.Call(&Stub::OptOut, AsPeer(person), opt_out));
  ASSERT_TRUE(BothHaveHeard());
  EXPECT_EQ(StateOf(path), apb::LEADER_STATE_ACTIVE);

  const std::string denied = SomePerson();
  const apb::LeaderPath other = activities_.LeaderOf(denied);
  ASSERT_TRUE(BothHaveHeard());
  ppb::StopPeerRequest deny;
  deny.set_peer_id(PeerOf(denied).id());
  deny.set_kind(ppb::STOP_KIND_DENIED);
  Must(peers_.Call(&Stub::StopPeer, UnitLeader(), deny));
  ASSERT_TRUE(BothHaveHeard());
  EXPECT_EQ(StateOf(other), apb::LEADER_STATE_ACTIVE);
}

// The approval was there before the person led anything.
TEST_P(LeadersAndPeers, WhoIsAPeerBeforeTheyLeadStaysOnePeer) {
  const ppb::Peer peer = peers_.Active();
  ASSERT_TRUE(BothHaveHeard());
  const apb::LeaderPath path = activities_.LeaderOf(peer.person_ref());
  ASSERT_TRUE(BothHaveHeard());
  EXPECT_EQ(PeerOf(peer.person_ref()).id(), peer.id());
  EXPECT_EQ(PeerOf(peer.person_ref()).state(), ppb::PEER_STATE_ACTIVE);
  EXPECT_EQ(StateOf(path), apb::LEADER_STATE_ACTIVE);
}

}  // namespace
}  // namespace mestring
