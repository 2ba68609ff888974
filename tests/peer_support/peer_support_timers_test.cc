// What happens in peer support because time passes, with a clock that obeys.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/peer_support/town.h"
#include "tests/support/contract_suite.h"

namespace mestring::peer_support {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Stub = Town::Stub;

class ClockTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { town_.ExpectVersionsAreTold(); }

  Town town_{GetParam()};

  absl::StatusOr<pb::RenewApprovalResponse> Renew(const pb::Peer& peer) {
    pb::RenewApprovalRequest request;
    request.set_peer_id(peer.id());
    return town_.Call(&Stub::RenewApproval, UnitLeader(), request);
  }
  std::vector<std::string> Ending() {
    pb::ListPeersRequest request;
    request.set_concern(pb::PEER_CONCERN_APPROVAL_ENDING);
    std::vector<std::string> ids;
    const auto response = town_.Call(&Stub::ListPeers, Staff(), request);
    for (const pb::Peer& peer : response->peers()) ids.push_back(peer.id());
    return ids;
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, ClockTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(ClockTest, AnApprovalNearsItsEndGoesIntoGraceAndExpiresWithAHandOver) {
  const pb::Peer peer = town_.Active();
  ASSERT_EQ(peer.valid_until(), "2027-11-22");
  const pb::Match match = town_.Matched(peer);
  town_.GoTo("2027-09-22");
  EXPECT_THAT(town_.EventsOf<pb::ApprovalExpiring>(), IsEmpty());
  town_.GoTo("2027-09-23");
  ASSERT_THAT(town_.EventsOf<pb::ApprovalExpiring>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::ApprovalExpiring>()[0].valid_until(), "2027-11-22");
  EXPECT_THAT(Ending(), ElementsAre(peer.id()));

  town_.GoTo("2027-11-22");
  EXPECT_EQ(town_.Now(peer).state(), pb::PEER_STATE_ACTIVE) << "the last day counts";
  const pb::PeerRequest request = town_.Asked(SomePerson());
  const pb::Proposal proposal = town_.Proposed(request, peer);
  town_.GoTo("2027-11-23");
  EXPECT_EQ(town_.Now(peer).state(), pb::PEER_STATE_GRACE);
  const auto begun = town_.EventsOf<pb::ApprovalGraceBegan>();
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_EQ(begun[0].peer_id(), peer.id());
  EXPECT_EQ(begun[0].person_ref(), peer.person_ref());
  EXPECT_EQ(begun[0].grace_until(), "2027-12-22");
  EXPECT_EQ(town_.Now(match).state(), pb::MATCH_STATE_STARTED) << "in their grace a peer keeps their people";
  EXPECT_EQ(town_.Now(proposal).state(), pb::PROPOSAL_STATE_WITHDRAWN);
  EXPECT_THAT(town_.EventsOf<pb::ApprovalExpired>(), IsEmpty());

  town_.GoTo("2027-12-23");
  EXPECT_EQ(town_.Now(peer).state(), pb::PEER_STATE_EXPIRED);
  EXPECT_THAT(town_.EventsOf<pb::ApprovalExpired>(), SizeIs(1));
  EXPECT_EQ(town_.Now(match).state(), pb::MATCH_STATE_ON_HOLD);
  EXPECT_THAT(town_.OpenTasks(), SizeIs(1));

  const auto renewed = Renew(peer);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->peer().state(), pb::PEER_STATE_ACTIVE);
  EXPECT_EQ(renewed->approval().from_date(), "2027-12-23");
  EXPECT_EQ(town_.Now(match).state(), pb::MATCH_STATE_STARTED) << "nobody had handed it over";
  EXPECT_THAT(town_.OpenTasks(), IsEmpty());
}

TEST_P(ClockTest, ARenewalInTimeMovesEveryClock) {
  const pb::Peer peer = town_.Active();
  EXPECT_EQ(ReasonOf(Renew(peer).status()), "RENEWAL_TOO_EARLY");
  town_.GoTo("2027-10-01");
  const auto renewed = Renew(peer);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->peer().valid_until(), "2028-11-22");
  EXPECT_FALSE(renewed->peer().expiring());
  EXPECT_THAT(Ending(), IsEmpty());
  town_.GoTo("2028-02-01");
  EXPECT_EQ(town_.Now(peer).state(), pb::PEER_STATE_ACTIVE);
  town_.GoTo("2028-09-23");
  EXPECT_THAT(town_.EventsOf<pb::ApprovalExpiring>(), SizeIs(2));
}

TEST_P(ClockTest, APauseDoesNotStopTheApprovalAndComesBackInItsGrace) {
  const pb::Peer peer = town_.Active(), away_too_long = town_.Active();
  town_.Paused(peer);
  town_.Paused(away_too_long);
  town_.GoTo("2027-12-01");
  EXPECT_EQ(town_.Now(peer).state(), pb::PEER_STATE_PAUSED);
  EXPECT_THAT(town_.EventsOf<pb::ApprovalGraceBegan>(), IsEmpty());
  pb::ResumePeerRequest resume;
  resume.set_peer_id(peer.id());
  EXPECT_EQ(town_.Call(&Stub::ResumePeer, Staff(), resume)->peer().state(), pb::PEER_STATE_GRACE);
  town_.GoTo("2027-12-23");
  EXPECT_EQ(town_.Now(peer).state(), pb::PEER_STATE_EXPIRED);
  EXPECT_EQ(town_.Now(away_too_long).state(), pb::PEER_STATE_EXPIRED);
  resume.set_peer_id(away_too_long.id());
  EXPECT_EQ(ReasonOf(town_.Call(&Stub::ResumePeer, Staff(), resume).status()), "WRONG_STATE");
  EXPECT_THAT(town_.EventsOf<pb::GuidanceOverdue>(), SizeIs(0)) << "nobody is reproached for a pause";
}

TEST_P(ClockTest, GuidanceIsOverdueOnceForEachDueDate) {
  const pb::Peer peer = town_.Active();
  town_.GoTo("2026-12-23");
  EXPECT_THAT(town_.EventsOf<pb::GuidanceOverdue>(), IsEmpty());
  town_.GoTo("2026-12-24");
  ASSERT_THAT(town_.EventsOf<pb::GuidanceOverdue>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::GuidanceOverdue>()[0].due_date(), "2026-12-23");
  EXPECT_TRUE(town_.Now(peer).guidance_overdue());
  pb::LogGuidanceRequest log;
  log.set_peer_id(peer.id());
  log.set_minutes(45);
  EXPECT_TRUE(town_.Call(&Stub::LogGuidance, Staff(), log).ok());
  EXPECT_FALSE(town_.Now(peer).guidance_overdue());
  town_.GoTo("2027-01-24");
  EXPECT_THAT(town_.EventsOf<pb::GuidanceOverdue>(), SizeIs(2));
}

TEST_P(ClockTest, AProposalWithoutAnAnswerExpiresAndOneThatBothAcceptedDoesNot) {
  const pb::Peer peer = town_.Active();
  const pb::PeerRequest request = town_.Asked(SomePerson());
  const pb::Proposal silent = town_.Answered(town_.Proposed(request, peer), AsPeer(peer.person_ref()));
  const pb::Proposal agreed = town_.AcceptedByBoth(town_.Proposed(town_.Asked(SomePerson()), peer));
  EXPECT_EQ(town_.Now(peer).load(), 2);
  town_.GoTo("2026-12-07");
  EXPECT_EQ(town_.Now(silent).state(), pb::PROPOSAL_STATE_ACCEPTED_BY_PEER);
  town_.GoTo("2026-12-08");
  EXPECT_EQ(town_.Now(silent).state(), pb::PROPOSAL_STATE_EXPIRED);
  EXPECT_EQ(town_.Now(request).state(), pb::PEER_REQUEST_STATE_OPEN);
  EXPECT_EQ(town_.Now(peer).load(), 1) << "the place is free again";
  EXPECT_EQ(town_.Started(agreed).state(), pb::MATCH_STATE_STARTED);
}

TEST_P(ClockTest, ARoundClosesAfterItsLastDay) {
  pb::OpenEvaluationRequest open;
  open.set_name("Høsten 2026");
  open.set_close_by("2026-12-01");
  pb::EvaluationQuestion* question = open.add_questions();
  question->set_code("HELP");
  question->set_text("Er det til hjelp?");
  ASSERT_TRUE(town_.Call(&Stub::OpenEvaluation, UnitLeader(), open).ok());
  town_.GoTo("2026-12-01");
  EXPECT_THAT(town_.EventsOf<pb::EvaluationClosed>(), IsEmpty());
  town_.GoTo("2026-12-02");
  EXPECT_THAT(town_.EventsOf<pb::EvaluationClosed>(), SizeIs(1));
}

TEST_P(ClockTest, AfterThreeDaysOfDowntimeEverythingComesInItsOrder) {
  town_.Active();
  town_.GoTo("2026-12-07");
  const pb::Peer second = town_.Approved(Town::Profile());
  const pb::PeerRequest request = town_.Asked(SomePerson());
  town_.GoTo("2026-12-10");
  pb::AssignGuideRequest guide;
  guide.set_peer_id(second.id());
  guide.set_guide_id(town_.guide_id);
  EXPECT_TRUE(town_.Call(&Stub::AssignGuide, Staff(), guide).ok());
  town_.Proposed(request, second);
  town_.GoTo("2026-12-23");
  const size_t before = town_.EventTypes().size();
  town_.service().Stop();
  town_.service().clock().Advance(absl::Hours(72));
  town_.service().Restart();
  town_.GoDays(0);
  std::vector<std::string> types = town_.EventTypes();
  types.erase(types.begin(), types.begin() + static_cast<std::ptrdiff_t>(before));
  EXPECT_THAT(types, ElementsAre("GuidanceOverdue", "ProposalClosed", "ProposalClosed")) << "one for each side";
  town_.GoDays(0);
  EXPECT_THAT(town_.EventTypes(), SizeIs(before + 3)) << "and once";
}

// What is dated bears the day on which it was due, not the one on which the service came back.
TEST_P(ClockTest, AfterDaysOfDowntimeATaskAndARoundBearTheDayThatWasDue) {
  town_.Matched(town_.Active());
  town_.GoTo("2027-12-20");
  pb::OpenEvaluationRequest open;
  open.set_name("Høsten 2027");
  open.set_close_by("2027-12-21");
  pb::EvaluationQuestion* question = open.add_questions();
  question->set_code("HELP");
  question->set_text("Er det til hjelp?");
  ASSERT_TRUE(town_.Call(&Stub::OpenEvaluation, UnitLeader(), open).ok());
  town_.service().Stop();
  town_.service().clock().Advance(absl::Hours(96));
  town_.service().Restart();
  town_.GoDays(0);
  ASSERT_EQ(town_.Today(), "2027-12-24");
  const auto closed = town_.EventsOf<pb::EvaluationClosed>();
  ASSERT_THAT(closed, SizeIs(1));
  EXPECT_EQ(closed[0].closed_date(), "2027-12-22");
  const auto tasks = town_.OpenTasks();
  ASSERT_THAT(tasks, SizeIs(1));
  EXPECT_EQ(tasks[0].open_date(), "2027-12-23") << "the grace ended the day before";
}

}  // namespace
}  // namespace mestring::peer_support
