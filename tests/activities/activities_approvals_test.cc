// What peer support tells of approvals reaches leaders: over a real Redis, from an owner that is the kernel and
// nothing else, which publishes what the peer support service would.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "tests/activities/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"
#include "tests/support/redis.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring::activities {
namespace {

namespace ps = peer_support::v1;

using testing::ElementsAre;
using testing::SizeIs;
using Stub = Town::Stub;

class NoRpcs : public mestring::Service {
 public:
  std::vector<grpc::Service*> GrpcServices() override { return {}; }
};

ServiceDefinition PeerSupport() {
  return {
      .name = "peer_support", .ports = {}, .schema = {}, .make = [](Kernel&) { return std::make_unique<NoRpcs>(); }};
}

class ApprovalsTest : public testing::TestWithParam<const char*> {
 protected:
  ApprovalsTest()
      : peer_support_(PeerSupport(), "sqlite", [this](Config& config) { config.redis_url = redis_.url(); }),
        town_(GetParam(), [this](Config& config) {
          config.redis_url = redis_.url();
          config.owners = absl::StrCat("peer_support=", peer_support_.address());
          config.token_file = folder_.path() + "/token";
          ReplaceFile(config.token_file, Token({access::v1::ROLE_SERVICE}));
        }) {}

  template <class E>
  void Tell(const std::string& person, int64_t version, std::string valid_until = "", std::string peer = "") {
    E event;
    if constexpr (requires { event.set_valid_until(""); }) event.set_valid_until(valid_until);
    Publish(event, person, version, peer);
  }
  void TellDeclined(const std::string& person, int64_t version, std::string peer = "") {
    ps::ApprovalStopped event;
    event.set_never_approved(true);
    Publish(event, person, version, peer);
  }
  template <class E>
  void Publish(E event, const std::string& person, int64_t version, const std::string& peer) {
    event.set_peer_id(peer.empty() ? peer_ : peer);
    event.set_person_ref(person);
    EXPECT_DONE(peer_support_.db().Write([&](Tx& tx) { return tx.Publish(event, event.peer_id(), version); }));
  }
  absl::StatusOr<pb::AssignLeaderResponse> Assign(const pb::Session& session, const std::string& person) {
    pb::AssignLeaderRequest request;
    request.set_session_id(session.id());
    request.set_person_ref(person);
    return town_.Call(&Stub::AssignLeader, Staff(), request);
  }
  // Everything told so far has been applied: a word about somebody else comes after it.
  void Heard() {
    const std::string last = SomePerson();
    Tell<ps::ApprovalGranted>(last, 1, "2030-01-01", SomePerson());
    EXPECT_TRUE(WaitUntil([&] { return Knows(last); }));
  }
  bool Knows(const std::string& person) {
    bool known = false;
    EXPECT_DONE(town_.service().db().Read([&](Tx& tx) -> absl::Status {
      ASSIGN(const auto rows, tx.Query<int64_t>("SELECT 1 FROM peer_approvals WHERE person_ref = :person", person));
      known = !rows.empty();
      return absl::OkStatus();
    }));
    return known;
  }
  void TearDown() override { ExpectVersionsAreTold(town_); }
  pb::LeaderState State(const pb::LeaderPath& path) { return town_.Stored<pb::LeaderPath>(path.id()).state(); }

  RedisServer redis_;
  TempFolder folder_;
  RunningService peer_support_;
  Town town_;
  const std::string peer_ = SomePerson();
};

INSTANTIATE_TEST_SUITE_P(Engines, ApprovalsTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(ApprovalsTest, ALeaderIsPausedUntilApprovedAnew) {
  const std::string person = SomePerson();
  const pb::LeaderPath path = town_.LeaderOf(person);
  const pb::Session session = town_.Run(3);
  EXPECT_DONE(Assign(session, person));
  Tell<ps::ApprovalGranted>(person, 1, "2030-01-01");
  Heard();
  EXPECT_EQ(State(path), pb::LEADER_STATE_ACTIVE);

  Tell<ps::ApprovalExpired>(person, 2);
  Heard();
  EXPECT_EQ(State(path), pb::LEADER_STATE_PAUSED);
  EXPECT_EQ(town_.Session(session.id()).leaders(), 1) << "and leads nothing ahead";
  EXPECT_REFUSED(Assign(session, person), "NOT_A_LEADER");
  Tell<ps::ApprovalGranted>(person, 3, "2031-01-01");
  Tell<ps::ApprovalPaused>(person, 4);
  Tell<ps::ApprovalResumed>(person, 5, "2031-01-01");
  Tell<ps::ApprovalStopped>(person, 6);
  Heard();
  EXPECT_EQ(State(path), pb::LEADER_STATE_PAUSED);
  Tell<ps::ApprovalGranted>(person, 7, "2032-01-01");
  Heard();
  EXPECT_EQ(State(path), pb::LEADER_STATE_ACTIVE);
  EXPECT_THAT(town_.EventsOf<pb::LeaderPaused>(), SizeIs(3));
  EXPECT_THAT(town_.EventsOf<pb::LeaderResumed>(), SizeIs(3));
}

// [S1] Whoever is appointed becomes a prospect there. One who says no to that loses nothing that they had.
TEST_P(ApprovalsTest, WhoNeverWasAPeerAndDeclinesToBeOneGoesOnLeading) {
  const std::string person = SomePerson(), on_the_way = SomePerson();
  const pb::LeaderPath path = town_.LeaderOf(person);
  const pb::Session session = town_.Run(3);
  EXPECT_DONE(Assign(session, person));
  TellDeclined(person, 2);
  TellDeclined(on_the_way, 2, SomePerson());
  Heard();
  EXPECT_EQ(State(path), pb::LEADER_STATE_ACTIVE);
  EXPECT_EQ(town_.Session(session.id()).leaders(), 2);
  EXPECT_EQ(town_.LeaderOf(on_the_way).step(), pb::LEADER_STEP_LEADER) << "nor is anything asked of them later";
}

TEST_P(ApprovalsTest, APauseOfOnesOwnChoiceOutlastsANewApproval) {
  const std::string person = SomePerson();
  const pb::LeaderPath path = town_.LeaderOf(person);
  Tell<ps::ApprovalPaused>(person, 1);
  Heard();
  pb::PauseLeaderRequest pause;
  pause.set_leader_path_id(path.id());
  EXPECT_DONE(town_.Call(&Stub::PauseLeader, Leader(person), pause));
  Tell<ps::ApprovalResumed>(person, 2, "2030-01-01");
  Heard();
  EXPECT_EQ(State(path), pb::LEADER_STATE_PAUSED);
  EXPECT_THAT(town_.Stored<pb::LeaderPath>(path.id()).pause_causes(), ElementsAre(pb::PAUSE_CAUSE_CHOICE));
}

TEST_P(ApprovalsTest, AnApprovalIsARequirementWhereThePolicySaysSo) {
  town_.SetPolicy([](pb::ActivityPolicy& policy) {
    policy.set_leader_needs_approval(true);
    policy.clear_step_requirements();
  });
  const std::string person = SomePerson();
  const auto confirm = [&](pb::LeaderStep step) {
    const pb::LeaderPath path = town_.Wished(person, step);
    pb::AssignGuideRequest guide;
    guide.set_leader_path_id(path.id());
    guide.set_guide_id("test-caller");
    EXPECT_DONE(town_.Call(&Stub::AssignGuide, Staff(), guide));
    pb::ConfirmLeaderStepRequest request;
    request.set_leader_path_id(path.id());
    request.set_step(step);
    return town_.Call(&Stub::ConfirmLeaderStep, Staff(), request);
  };
  for (pb::LeaderStep step : {pb::LEADER_STEP_REGULAR, pb::LEADER_STEP_HELPER, pb::LEADER_STEP_TRAINEE_LEADER}) {
    EXPECT_DONE(confirm(step));
  }
  EXPECT_REFUSED(confirm(pb::LEADER_STEP_LEADER), "APPROVAL_REQUIRED");
  Tell<ps::ApprovalGranted>(person, 1, town_.Today());
  Heard();
  town_.GoDays(1);
  EXPECT_REFUSED(confirm(pb::LEADER_STEP_LEADER), "APPROVAL_REQUIRED") << "it was valid until yesterday";
  Tell<ps::ApprovalGranted>(person, 2, "2030-01-01");
  Heard();
  EXPECT_DONE(confirm(pb::LEADER_STEP_LEADER));
}

TEST_P(ApprovalsTest, WhatIsOlderThanWhatIsKnownChangesNothing) {
  const std::string person = SomePerson();
  const pb::LeaderPath path = town_.LeaderOf(person);
  Tell<ps::ApprovalGranted>(person, 5, "2030-01-01");
  Tell<ps::ApprovalExpired>(person, 4);
  Heard();
  EXPECT_EQ(State(path), pb::LEADER_STATE_ACTIVE);
}

TEST_P(ApprovalsTest, WhatWasToldWhileItWasDownIsHeardAfterwards) {
  const std::string person = SomePerson();
  const pb::LeaderPath path = town_.LeaderOf(person);
  town_.service().Stop();
  Tell<ps::ApprovalStopped>(person, 1);
  redis_.FlushAll();
  town_.service().Restart();
  Heard();
  EXPECT_EQ(State(path), pb::LEADER_STATE_PAUSED);
}

}  // namespace
}  // namespace mestring::activities
