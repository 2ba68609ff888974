// The rules of peer support, a sentence each, and what other systems ran into, under the number of its issue.

#include "services/peer_support/peer_support_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "services/peer_support/contact_rules.h"
#include "services/peer_support/evaluation_rules.h"
#include "services/peer_support/match_rules.h"

namespace mestring::peer_support {
namespace {

using access::v1::Role;
using access::v1::ROLE_NEXT_OF_KIN;
using access::v1::ROLE_PEER;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kToday[] = "2026-11-23";

#define EXPECT_REASON(status, reason) EXPECT_EQ(ReasonOf(status), reason) << (status)
#define EXPECT_MAY(status) EXPECT_TRUE((status).ok()) << (status)

Caller As(Role role, std::string person_ref = "") {
  Caller caller;
  caller.roles = {role};
  caller.person_ref = std::move(person_ref);
  return caller;
}

pb::PeerRules Rules() {
  pb::PeerRules rules;
  rules.set_approval_months(24);
  rules.set_renewal_window_days(60);
  rules.set_grace_days(30);
  rules.set_guidance_interval_days(30);
  rules.add_requirements(pb::REQUIREMENT_KIND_SECRECY_DECLARATION);
  rules.add_requirements(pb::REQUIREMENT_KIND_COURSE_HOURS);
  rules.set_course_hours_min(16);
  rules.set_capacity_max(5);
  rules.set_answer_days(14);
  rules.set_evaluation_answers_min(5);
  rules.set_statistics_cell_min(5);
  return rules;
}

pb::Requirement Record(pb::RequirementKind kind, int hours = 0, std::string valid_until = "",
                       pb::RequirementOutcome outcome = pb::REQUIREMENT_OUTCOME_MET) {
  static int count = 0;
  pb::Requirement record;
  record.set_id(absl::StrCat(1000 + ++count));
  record.set_kind(kind);
  record.set_outcome(outcome);
  record.set_judged_date("2026-11-01");
  record.set_valid_until(std::move(valid_until));
  record.set_hours(hours);
  return record;
}

std::vector<pb::Requirement> AllMet() {
  return {Record(pb::REQUIREMENT_KIND_SECRECY_DECLARATION), Record(pb::REQUIREMENT_KIND_COURSE_HOURS, 16)};
}

pb::Peer Peer(pb::PeerState state = pb::PEER_STATE_ACTIVE) {
  pb::Peer peer = NewPeer("peer", "person-of-peer", pb::PEER_SOURCE_REGISTERED);
  peer.set_state(state);
  peer.set_employment(pb::EMPLOYMENT_VOLUNTEER);
  peer.set_experience(pb::EXPERIENCE_OWN_USE);
  peer.set_capacity(2);
  peer.add_languages("nb");
  peer.set_gender(pb::GENDER_FEMALE);
  peer.set_guide_id("guide");
  if (state != pb::PEER_STATE_PROSPECT && state != pb::PEER_STATE_IN_TRAINING) peer.set_valid_until("2027-01-10");
  return peer;
}

pb::Guide Guide(pb::GuideState state = pb::GUIDE_STATE_ACTIVE) {
  pb::Guide guide;
  guide.set_id("guide");
  guide.set_person_ref("person-of-guide");
  guide.set_state(state);
  return guide;
}

pb::PeerRequest Request(pb::Experience asks_as = pb::EXPERIENCE_OWN_USE) {
  pb::PeerRequest request;
  request.set_id("request");
  request.set_state(pb::PEER_REQUEST_STATE_OPEN);
  request.set_person_ref("person");
  request.set_asks_as(asks_as);
  return request;
}

pb::Proposal Proposal(pb::ProposalState state = pb::PROPOSAL_STATE_PROPOSED) {
  pb::Proposal proposal = NewProposal("proposal", Request(), Peer(), Rules(), kToday);
  proposal.set_state(state);
  return proposal;
}

pb::Match Match(pb::MatchState state = pb::MATCH_STATE_STARTED) {
  pb::Match match = NewMatch("match", Proposal(pb::PROPOSAL_STATE_BOTH), Request(), "2026-11-01");
  match.set_state(state);
  return match;
}

// ---- Who sees what ----

TEST(WhoSees, APersonAndAPeerSeeTheirOwnMatchInTheirOwnPart) {
  const pb::Match match = Match();
  EXPECT_MAY(MaySee(As(ROLE_PERSON, "person"), match));
  EXPECT_MAY(MaySee(As(ROLE_NEXT_OF_KIN, "person"), match));
  EXPECT_MAY(MaySee(As(ROLE_PEER, "person-of-peer"), match));
  EXPECT_MAY(MaySee(As(ROLE_STAFF), match));
  EXPECT_REASON(MaySee(As(ROLE_PEER, "person"), match), "NOT_FOUND");
  EXPECT_REASON(MaySee(As(ROLE_PERSON, "person-of-peer"), match), "NOT_FOUND");
  EXPECT_REASON(MaySee(As(ROLE_PERSON, ""), match), "NOT_FOUND");
}

TEST(Casa5511, APeerSeesNoOtherPeer) {
  EXPECT_MAY(MaySee(As(ROLE_PEER, "person-of-peer"), Peer()));
  EXPECT_REASON(MaySee(As(ROLE_PEER, "another"), Peer()), "NOT_FOUND");
  EXPECT_REASON(MaySee(As(ROLE_PERSON, "person-of-peer"), Peer()), "NOT_FOUND");
}

TEST(CivicrmVolunteerPr634, AVolunteerActsForThemselfAndForNobodyElse) {
  EXPECT_EQ(SideOf(As(ROLE_PEER, "person-of-peer"), "person", "person-of-peer"), pb::MATCH_SIDE_PEER);
  EXPECT_EQ(SideOf(As(ROLE_PERSON, "person"), "person", "person-of-peer"), pb::MATCH_SIDE_PERSON);
  EXPECT_EQ(SideOf(As(ROLE_STAFF), "person", "person-of-peer"), pb::MATCH_SIDE_UNIT);
  EXPECT_REASON(MayActFor(As(ROLE_PERSON, "another"), "person"), "NOT_FOUND");
}

TEST(P7, NobodyDecidesAboutThemselfWhateverHatsTheyWear) {
  EXPECT_REASON(MayDecideAbout(As(ROLE_UNIT_LEADER, "person-of-peer"), "person-of-peer"), "OWN_CASE");
  EXPECT_MAY(MayDecideAbout(As(ROLE_UNIT_LEADER, "another"), "person-of-peer"));
  EXPECT_MAY(MayDecideAbout(As(ROLE_UNIT_LEADER), "person-of-peer"));
  EXPECT_REASON(MayDecideAbout(As(ROLE_STAFF, "person-of-peer"), "person-of-peer"), "OWN_CASE") << "who is hired, too";
}

// ---- Requirements ----

TEST(P8, ARequirementHoldsOutcomeAndDatesAndNoFieldForContent) {
  for (int i = 0; i < pb::Requirement::descriptor()->field_count(); ++i) {
    const auto* field = pb::Requirement::descriptor()->field(i);
    EXPECT_THAT(field->name(), testing::AnyOf("id", "version", "peer_id", "person_ref", "cycle", "kind", "outcome",
                                              "judged_date", "valid_until", "hours", "create_time", "update_time"));
  }
}

TEST(Requirements, AllThatTheRulesAskForMustBeMet) {
  EXPECT_MAY(CheckRequirements(Rules(), AllMet(), kToday));
  const absl::Status missing = CheckRequirements(Rules(), {Record(pb::REQUIREMENT_KIND_COURSE_HOURS, 16)}, kToday);
  EXPECT_REASON(missing, "REQUIREMENTS_NOT_MET");
  EXPECT_EQ(MetadataOf(missing)["kind"], "REQUIREMENT_KIND_SECRECY_DECLARATION");
}

TEST(Requirements, CourseHoursAddUp) {
  std::vector<pb::Requirement> records = {Record(pb::REQUIREMENT_KIND_SECRECY_DECLARATION),
                                          Record(pb::REQUIREMENT_KIND_COURSE_HOURS, 10)};
  EXPECT_REASON(CheckRequirements(Rules(), records, kToday), "REQUIREMENTS_NOT_MET");
  records.push_back(Record(pb::REQUIREMENT_KIND_COURSE_HOURS, 6));
  EXPECT_MAY(CheckRequirements(Rules(), records, kToday));
}

TEST(Requirements, TheLastJudgementOfAKindCounts) {
  std::vector<pb::Requirement> records = AllMet();
  records.push_back(Record(pb::REQUIREMENT_KIND_SECRECY_DECLARATION, 0, "", pb::REQUIREMENT_OUTCOME_NOT_MET));
  EXPECT_REASON(CheckRequirements(Rules(), records, kToday), "REQUIREMENTS_NOT_MET");
  records.push_back(Record(pb::REQUIREMENT_KIND_SECRECY_DECLARATION));
  EXPECT_MAY(CheckRequirements(Rules(), records, kToday));
}

TEST(Requirements, WhatWasJudgedLaterDoesNotCountYet) {
  std::vector<pb::Requirement> records = AllMet();
  records[0].set_judged_date("2026-11-24");
  EXPECT_REASON(CheckRequirements(Rules(), records, kToday), "REQUIREMENTS_NOT_MET");
}

TEST(Requirements, AnExemptionHasAnEndAndOnlyACourseHasHours) {
  pb::RecordRequirementRequest request;
  request.set_kind(pb::REQUIREMENT_KIND_POLICE_CERTIFICATE);
  request.set_outcome(pb::REQUIREMENT_OUTCOME_EXEMPTED);
  EXPECT_EQ(ViolationsOf(Check(request))[0].field, "valid_until");
  request.set_valid_until("2027-01-01");
  EXPECT_MAY(Check(request));
  request.set_hours(3);
  EXPECT_EQ(ViolationsOf(Check(request))[0].field, "hours");
  request.set_kind(pb::REQUIREMENT_KIND_COURSE_HOURS);
  request.set_outcome(pb::REQUIREMENT_OUTCOME_MET);
  EXPECT_MAY(Check(request));
  request.set_hours(0);
  EXPECT_EQ(ViolationsOf(Check(request))[0].field, "hours");
}

TEST(Requirements, CountFromTheDayTheyWereJudgedAndNotBeforeThatDayIsThere) {
  const pb::Peer peer = Peer(pb::PEER_STATE_PROSPECT);
  EXPECT_MAY(MayRecord(peer, kToday, "", kToday));
  EXPECT_MAY(MayRecord(peer, kToday, kToday, kToday));
  EXPECT_REASON(MayRecord(peer, kToday, "2026-11-22", kToday), "DATE_OUT_OF_ORDER");
  EXPECT_REASON(MayRecord(peer, "2026-11-24", "", kToday), "NOT_YET");
  EXPECT_EQ(ViolationsOf(MayRecord(peer, kToday, "9999-01-01", kToday))[0].field, "valid_until");
  EXPECT_REASON(MayRecord(Peer(pb::PEER_STATE_STOPPED), kToday, "", kToday), "WRONG_STATE");
}

TEST(Requirements, WithTheFirstOneTheTrainingHasBegun) {
  pb::Peer peer = Peer(pb::PEER_STATE_PROSPECT);
  ApplyRequirement(&peer);
  EXPECT_EQ(peer.state(), pb::PEER_STATE_IN_TRAINING);
  peer.set_state(pb::PEER_STATE_ACTIVE);
  ApplyRequirement(&peer);
  EXPECT_EQ(peer.state(), pb::PEER_STATE_ACTIVE);
}

// ---- Approval ----

TEST(Approval, NeedsAProfileAndARoomThatTheRulesAllow) {
  pb::Peer peer = Peer(pb::PEER_STATE_IN_TRAINING);
  EXPECT_MAY(MayApprove(peer, Rules(), AllMet(), kToday));
  peer.set_capacity(6);
  EXPECT_REASON(MayApprove(peer, Rules(), AllMet(), kToday), "CAPACITY_TOO_LARGE");
  peer.set_capacity(0);
  EXPECT_REASON(MayApprove(peer, Rules(), AllMet(), kToday), "PROFILE_INCOMPLETE");
  EXPECT_REASON(MayApprove(Peer(pb::PEER_STATE_ACTIVE), Rules(), AllMet(), kToday), "WRONG_STATE");
}

TEST(CareTogetherCMS32, AnApprovalHasALastDay) {
  const pb::Peer peer = Peer(pb::PEER_STATE_IN_TRAINING);
  const pb::Approval approval = NewApproval("a", peer, Rules(), AllMet(), kToday);
  EXPECT_EQ(approval.from_date(), kToday);
  EXPECT_EQ(approval.valid_until(), "2028-11-22");
  EXPECT_FALSE(approval.renewal());
  pb::Peer approved = Peer();
  approved.set_valid_until("2026-11-22");
  const pb::Guide guide = Guide();
  EXPECT_REASON(MayTakeSomebody(approved, &guide, kToday), "PEER_NOT_AVAILABLE");
}

TEST(Approval, NeverOutlastsWhatItRestsOn) {
  std::vector<pb::Requirement> records = AllMet();
  records[0].set_valid_until("2027-06-30");
  EXPECT_EQ(NewApproval("a", Peer(pb::PEER_STATE_IN_TRAINING), Rules(), records, kToday).valid_until(), "2027-06-30");
  records.push_back(Record(pb::REQUIREMENT_KIND_SECRECY_DECLARATION));
  EXPECT_EQ(NewApproval("a", Peer(pb::PEER_STATE_IN_TRAINING), Rules(), records, kToday).valid_until(), "2028-11-22")
      << "a newer declaration took its place";
}

// Certificate and approval until the same day; in the grace a new certificate comes, and with it the renewal.
TEST(Approval, IsNotCutShortByWhatRanOutBeforeItBegins) {
  std::vector<pb::Requirement> records = AllMet();
  records[0].set_valid_until("2027-02-28");
  records.push_back(Record(pb::REQUIREMENT_KIND_SECRECY_DECLARATION));
  records.back().set_judged_date("2027-03-10");
  pb::Peer peer = Peer(pb::PEER_STATE_GRACE);
  peer.set_valid_until("2027-02-28");
  ASSERT_TRUE(MayRenew(peer, Rules(), records, "2027-03-10").ok());
  const pb::Approval renewed = NewApproval("a", peer, Rules(), records, "2027-03-10");
  EXPECT_EQ(renewed.from_date(), "2027-03-10");
  EXPECT_EQ(renewed.valid_until(), "2029-03-09");
  records.back().set_valid_until("2027-03-10");
  EXPECT_EQ(NewApproval("a", peer, Rules(), records, "2027-03-10").valid_until(), "2027-03-10")
      << "what runs out on its first day ends it there";
}

TEST(Approval, IsNotCutShortByAnExemptionThatWasReplacedBeforeTheRestWasThere) {
  std::vector<pb::Requirement> records = {
      Record(pb::REQUIREMENT_KIND_SECRECY_DECLARATION, 0, "2027-05-10", pb::REQUIREMENT_OUTCOME_EXEMPTED),
      Record(pb::REQUIREMENT_KIND_SECRECY_DECLARATION), Record(pb::REQUIREMENT_KIND_COURSE_HOURS, 16)};
  records[1].set_judged_date("2027-05-05");
  records[2].set_judged_date("2027-06-01");
  const pb::Peer peer = Peer(pb::PEER_STATE_IN_TRAINING);
  ASSERT_TRUE(MayApprove(peer, Rules(), records, "2027-06-02").ok());
  EXPECT_EQ(NewApproval("a", peer, Rules(), records, "2027-06-02").valid_until(), "2029-06-01");
}

TEST(Approval, MakesActiveWhoHasAGuideAndElseApproved) {
  pb::Peer peer = Peer(pb::PEER_STATE_IN_TRAINING);
  const pb::Approval approval = NewApproval("a", peer, Rules(), AllMet(), kToday);
  pb::Peer alone = peer;
  alone.clear_guide_id();
  ApplyApproval(approval, Rules(), kToday, &peer);
  ApplyApproval(approval, Rules(), kToday, &alone);
  EXPECT_EQ(peer.state(), pb::PEER_STATE_ACTIVE);
  EXPECT_EQ(peer.guidance_due_date(), "2026-12-23");
  EXPECT_EQ(alone.state(), pb::PEER_STATE_APPROVED);
  ApplyGuide(Guide(), &alone);
  EXPECT_EQ(alone.state(), pb::PEER_STATE_ACTIVE);
}

TEST(CareTogetherCMS1221, ARenewalHasAWindowBeforeTheEndAndAGraceAfterIt) {
  pb::Peer peer = Peer();
  EXPECT_REASON(MayRenew(peer, Rules(), AllMet(), "2026-11-10"), "RENEWAL_TOO_EARLY");
  EXPECT_EQ(MetadataOf(MayRenew(peer, Rules(), AllMet(), "2026-11-10"))["opens"], "2026-11-11");
  EXPECT_MAY(MayRenew(peer, Rules(), AllMet(), "2026-11-11"));
  const pb::Approval in_time = NewApproval("a", peer, Rules(), AllMet(), kToday);
  EXPECT_TRUE(in_time.renewal());
  EXPECT_EQ(in_time.from_date(), "2027-01-11") << "no day is lost";
  EXPECT_EQ(in_time.valid_until(), "2029-01-10");
  peer.set_state(pb::PEER_STATE_GRACE);
  EXPECT_MAY(MayRenew(peer, Rules(), AllMet(), "2027-01-20"));
  EXPECT_EQ(NewApproval("a", peer, Rules(), AllMet(), "2027-01-20").from_date(), "2027-01-20");
  peer.set_state(pb::PEER_STATE_EXPIRED);
  EXPECT_MAY(MayRenew(peer, Rules(), AllMet(), "2027-05-20"));
  for (const auto state : {pb::PEER_STATE_PAUSED, pb::PEER_STATE_STOPPED, pb::PEER_STATE_PROSPECT}) {
    peer.set_state(state);
    EXPECT_REASON(MayRenew(peer, Rules(), AllMet(), "2027-01-05"), "WRONG_STATE");
  }
}

TEST(Approval, IsRenewedOnlyIfItsGroundsHoldWhenTheNewTermBegins) {
  std::vector<pb::Requirement> records = AllMet();
  records[0].set_valid_until("2027-01-10");
  EXPECT_REASON(MayRenew(Peer(), Rules(), records, kToday), "REQUIREMENTS_NOT_MET");
  records[0].set_valid_until("2027-01-11");
  EXPECT_MAY(MayRenew(Peer(), Rules(), records, kToday));
}

TEST(CivicrmVolunteer488, WhoIsHiredKeepsApprovalGuideAndState) {
  pb::Peer peer = Peer();
  pb::PeerProfile profile;
  profile.set_employment(pb::EMPLOYMENT_PAID);
  profile.set_experience(pb::EXPERIENCE_BOTH);
  profile.set_capacity(4);
  profile.add_languages("NB_no");
  profile.add_languages("en");
  ApplyProfile(profile, &peer);
  EXPECT_EQ(peer.employment(), pb::EMPLOYMENT_PAID);
  EXPECT_EQ(peer.state(), pb::PEER_STATE_ACTIVE);
  EXPECT_EQ(peer.guide_id(), "guide");
  EXPECT_EQ(peer.valid_until(), "2027-01-10");
  EXPECT_THAT(peer.languages(), ElementsAre("en", "nb-no"));
}

// ---- Pause, stop, new cycle ----

TEST(Pause, IsOpenToWhoIsAtWorkAndAsksNoReason) {
  EXPECT_MAY(MayPause(Peer(), "", kToday));
  EXPECT_MAY(MayPause(Peer(pb::PEER_STATE_GRACE), "2026-12-24", kToday));
  EXPECT_REASON(MayPause(Peer(), kToday, kToday), "DATE_OUT_OF_ORDER");
  EXPECT_REASON(MayPause(Peer(pb::PEER_STATE_PAUSED), "", kToday), "WRONG_STATE");
  EXPECT_THAT(pb::PausePeerRequest::descriptor()->field_count(), 4) << "id, peer, date, version, and no reason";
}

TEST(Pause, EndsInTheStateThatTheApprovalAllows) {
  pb::Peer peer = Peer(pb::PEER_STATE_PAUSED);
  EXPECT_MAY(MayResume(peer, Rules(), kToday));
  ApplyResume(Rules(), kToday, &peer);
  EXPECT_EQ(peer.state(), pb::PEER_STATE_ACTIVE);
  EXPECT_EQ(peer.guidance_due_date(), "2026-12-23");
  peer = Peer(pb::PEER_STATE_PAUSED);
  ApplyResume(Rules(), "2027-01-11", &peer);
  EXPECT_EQ(peer.state(), pb::PEER_STATE_GRACE);
  EXPECT_REASON(MayResume(Peer(pb::PEER_STATE_PAUSED), Rules(), "2027-02-10"), "APPROVAL_EXPIRED");
  EXPECT_REASON(MayResume(Peer(), Rules(), kToday), "WRONG_STATE");
}

TEST(CareTogetherCMS180, OptingOutIsOpenAtEveryStage) {
  for (const auto state :
       {pb::PEER_STATE_PROSPECT, pb::PEER_STATE_IN_TRAINING, pb::PEER_STATE_APPROVED, pb::PEER_STATE_ACTIVE,
        pb::PEER_STATE_GRACE, pb::PEER_STATE_EXPIRED, pb::PEER_STATE_PAUSED}) {
    pb::Peer peer = Peer(state);
    EXPECT_MAY(MayStop(peer)) << pb::PeerState_Name(state);
    ApplyStop(pb::STOP_KIND_OPT_OUT, kToday, &peer);
    EXPECT_EQ(peer.state(), pb::PEER_STATE_STOPPED);
    EXPECT_EQ(peer.stop_kind(), pb::STOP_KIND_OPT_OUT);
    EXPECT_EQ(peer.stop_date(), kToday);
  }
  EXPECT_REASON(MayStop(Peer(pb::PEER_STATE_STOPPED)), "WRONG_STATE");
}

TEST(CareTogetherCMS30, WhoWasDeniedBeginsANewCycleAndNothingCarriesOver) {
  pb::Peer peer = Peer();
  EXPECT_REASON(MayReinstate(peer), "WRONG_STATE");
  ApplyStop(pb::STOP_KIND_DENIED, kToday, &peer);
  EXPECT_MAY(MayReinstate(peer));
  ApplyReinstatement(&peer);
  EXPECT_EQ(peer.state(), pb::PEER_STATE_PROSPECT);
  EXPECT_EQ(peer.cycle(), 2);
  EXPECT_EQ(peer.stop_kind(), pb::STOP_KIND_UNSPECIFIED);
  EXPECT_EQ(peer.valid_until(), "");
  EXPECT_EQ(peer.guide_id(), "");
  EXPECT_REASON(MayApprove(peer, Rules(), {}, kToday), "REQUIREMENTS_NOT_MET");
}

TEST(Stop, OptingOutIsThePeersOwn) {
  pb::StopPeerRequest request;
  request.set_kind(pb::STOP_KIND_OPT_OUT);
  EXPECT_EQ(ViolationsOf(Check(request))[0].field, "kind");
}

// ---- Guides ----

TEST(P4, NobodyIsTheirOwnGuide) {
  pb::Guide guide = Guide();
  guide.set_person_ref("person-of-peer");
  EXPECT_REASON(MayAssign(Peer(), guide), "OWN_CASE");
  EXPECT_MAY(MayAssign(Peer(), Guide()));
  EXPECT_REASON(MayAssign(Peer(), Guide(pb::GUIDE_STATE_AWAY)), "GUIDE_UNAVAILABLE");
  EXPECT_REASON(MayAssign(Peer(pb::PEER_STATE_STOPPED), Guide()), "WRONG_STATE");
}

TEST(Casa2139, WhileTheGuideIsAwayNobodyNewIsProposedAndNobodyIsTakenAway) {
  const pb::Guide away = Guide(pb::GUIDE_STATE_AWAY);
  const absl::Status status = MayTakeSomebody(Peer(), &away, kToday);
  EXPECT_REASON(status, "PEER_NOT_AVAILABLE");
  EXPECT_EQ(MetadataOf(status)["missing"], "GUIDE");
  EXPECT_TRUE(NeedsGuidance(Peer().state())) << "the clock of guidance runs on";
}

TEST(Guidance, MovesTheDueDateForwardOnly) {
  pb::Peer peer = Peer();
  peer.set_guidance_due_date("2026-12-01");
  peer.set_guidance_overdue(true);
  ApplyGuidance(Rules(), "2026-10-01", &peer);
  EXPECT_EQ(peer.guidance_due_date(), "2026-12-01");
  EXPECT_TRUE(peer.guidance_overdue());
  ApplyGuidance(Rules(), kToday, &peer);
  EXPECT_EQ(peer.guidance_due_date(), "2026-12-23");
  EXPECT_FALSE(peer.guidance_overdue());
  EXPECT_REASON(MayLogGuidance(peer, "2026-11-24", kToday), "NOT_YET");
}

// ---- Who meets whom ----

TEST(P1, OnlyAnActiveUnexpiredPeerWithAnActiveGuideTakesSomebody) {
  const pb::Guide guide = Guide();
  EXPECT_MAY(MayTakeSomebody(Peer(), &guide, kToday));
  EXPECT_REASON(MayTakeSomebody(Peer(), nullptr, kToday), "PEER_NOT_AVAILABLE");
  EXPECT_REASON(MayTakeSomebody(Peer(), &guide, "2027-01-11"), "PEER_NOT_AVAILABLE");
}

TEST(Casa535And1184, NobodyInactiveIsOffered) {
  const pb::Guide guide = Guide();
  for (int state = pb::PeerState_MIN + 1; state <= pb::PeerState_MAX; ++state) {
    if (state == pb::PEER_STATE_ACTIVE) continue;
    EXPECT_REASON(MayTakeSomebody(Peer(static_cast<pb::PeerState>(state)), &guide, kToday), "PEER_NOT_AVAILABLE");
  }
}

TEST(P2, MatchesAndAcceptedProposalsNeverExceedTheCapacity) {
  EXPECT_MAY(CheckCapacity(Peer(), 1));
  EXPECT_REASON(CheckCapacity(Peer(), 2), "CAPACITY_FULL");
}

TEST(VolunTrack501, WhatWasDeclinedHoldsNoPlace) {
  for (const auto state : {pb::PROPOSAL_STATE_DECLINED, pb::PROPOSAL_STATE_EXPIRED, pb::PROPOSAL_STATE_WITHDRAWN,
                           pb::PROPOSAL_STATE_PROPOSED, pb::PROPOSAL_STATE_ACCEPTED_BY_PERSON}) {
    EXPECT_FALSE(HoldsPlace(state)) << pb::ProposalState_Name(state);
  }
  EXPECT_TRUE(HoldsPlace(pb::PROPOSAL_STATE_ACCEPTED_BY_PEER));
  EXPECT_TRUE(HoldsPlace(pb::PROPOSAL_STATE_BOTH));
  for (const auto state : {pb::MATCH_STATE_ENDED, pb::MATCH_STATE_HANDED_OVER}) EXPECT_FALSE(IsLive(state));
}

TEST(P3, ThePairIsUniqueAmongLiveMatchesAndMayMeetAgain) {
  EXPECT_MAY(MayMeetAgain(false));
  EXPECT_REASON(MayMeetAgain(true), "ALREADY_MATCHED");
  EXPECT_TRUE(IsLive(pb::MATCH_STATE_STARTED));
  EXPECT_TRUE(IsLive(pb::MATCH_STATE_ON_HOLD)) << "a hold ends nothing";
}

TEST(P4, NobodyIsTheirOwnPeerAndAConflictBlocksWithoutAReason) {
  pb::PeerRequest own = Request();
  own.set_person_ref("person-of-peer");
  EXPECT_REASON(MayMeet(own, Peer(), false), "OWN_CASE");
  const absl::Status conflict = MayMeet(Request(), Peer(), true);
  EXPECT_REASON(conflict, "CONFLICT_OF_INTEREST");
  EXPECT_THAT(MetadataOf(conflict), IsEmpty());
}

TEST(P4, AConflictKeepsTwoPeopleAndNothingElse) {
  for (int i = 0; i < pb::Conflict::descriptor()->field_count(); ++i) {
    EXPECT_THAT(pb::Conflict::descriptor()->field(i)->name(),
                testing::AnyOf("id", "version", "person_ref", "other_person_ref", "create_time", "update_time"));
  }
}

TEST(P4, AConflictIsNamedByEitherOfTwoPeopleForThemself) {
  pb::NameConflictRequest request;
  request.set_person_ref("person");
  EXPECT_MAY(MayNameConflict(As(ROLE_PERSON, "person"), request, Peer()));
  EXPECT_MAY(MayNameConflict(As(ROLE_PEER, "person-of-peer"), request, Peer()));
  EXPECT_MAY(MayNameConflict(As(ROLE_STAFF), request, Peer())) << "on the word of one of them";
  EXPECT_REASON(MayNameConflict(As(ROLE_PERSON, "another"), request, Peer()), "NOT_FOUND");
  EXPECT_REASON(MayNameConflict(As(ROLE_PEER, "another"), request, Peer()), "NOT_FOUND");
  request.set_person_ref("person-of-peer");
  EXPECT_REASON(MayNameConflict(As(ROLE_PEER, "person-of-peer"), request, Peer()), "OWN_CASE");
}

TEST(P5, NextOfKinMeetNextOfKinUnlessTheyChooseOtherwise) {
  pb::PeerRequest request = Request(pb::EXPERIENCE_NEXT_OF_KIN);
  pb::Peer peer = Peer();
  EXPECT_REASON(MayMeet(request, peer, false), "KIN_REQUIRED");
  request.set_any_experience(true);
  EXPECT_MAY(MayMeet(request, peer, false));
  request.set_any_experience(false);
  peer.set_experience(pb::EXPERIENCE_NEXT_OF_KIN);
  EXPECT_MAY(MayMeet(request, peer, false));
  peer.set_experience(pb::EXPERIENCE_BOTH);
  EXPECT_MAY(MayMeet(request, peer, false));
  EXPECT_MAY(MayMeet(Request(), peer, false));
}

TEST(Wishes, BindTheUnitAndEachIsNamed) {
  pb::PeerRequest request = Request();
  EXPECT_MAY(CheckWishes(request, Peer()));
  request.set_wish_gender(pb::GENDER_MALE);
  EXPECT_EQ(MetadataOf(CheckWishes(request, Peer()))["wish"], "GENDER");
  request.set_wish_language("ar");
  EXPECT_EQ(MetadataOf(CheckWishes(request, Peer()))["wish"], "LANGUAGE");
  request.set_wish_experience(pb::EXPERIENCE_BOTH);
  EXPECT_EQ(MetadataOf(CheckWishes(request, Peer()))["wish"], "EXPERIENCE");
  request.set_wish_experience(pb::EXPERIENCE_OWN_USE);
  request.set_wish_language("nb");
  request.set_wish_gender(pb::GENDER_FEMALE);
  EXPECT_MAY(CheckWishes(request, Peer()));
}

TEST(Requests, APersonAsksAsOneOfTheTwo) {
  pb::RequestPeerRequest request;
  request.set_asks_as(pb::EXPERIENCE_BOTH);
  EXPECT_EQ(ViolationsOf(Check(request))[0].field, "asks_as");
}

TEST(Requests, APersonWaitsForOnePeerAtATime) {
  EXPECT_MAY(MayHaveAnother(false));
  EXPECT_REASON(MayHaveAnother(true), "REQUEST_OPEN");
}

TEST(Requests, OneProposalAtATime) {
  pb::PeerRequest request = Request();
  EXPECT_MAY(MayPropose(request));
  request.set_state(pb::PEER_REQUEST_STATE_PROPOSED);
  EXPECT_REASON(MayPropose(request), "PROPOSAL_OPEN");
  request.set_state(pb::PEER_REQUEST_STATE_MATCHED);
  EXPECT_REASON(MayPropose(request), "WRONG_STATE");
}

// Who the other is, is known to a side of a proposal when both have said yes, and to the unit from the beginning.
TEST(Proposals, NeitherSideIsShownTheOtherBeforeBothHaveAccepted) {
  const auto shown = [](pb::ProposalState state, const Caller& caller) {
    pb::Proposal proposal = Proposal(state);
    Veil(caller, &proposal);
    return absl::StrJoin(
        {proposal.peer_request_id(), proposal.person_ref(), proposal.peer_id(), proposal.peer_person_ref()}, " ");
  };
  const std::string all = "request person peer person-of-peer";
  for (int number = pb::PROPOSAL_STATE_PROPOSED; number <= pb::ProposalState_MAX; ++number) {
    const auto state = static_cast<pb::ProposalState>(number);
    const bool known = state == pb::PROPOSAL_STATE_BOTH || state == pb::PROPOSAL_STATE_STARTED;
    const std::string& name = pb::ProposalState_Name(state);
    EXPECT_EQ(KnowEachOther(state), known) << name;
    EXPECT_EQ(shown(state, As(access::v1::ROLE_PERSON, "person")), known ? all : "request person  ") << name;
    EXPECT_EQ(shown(state, As(access::v1::ROLE_NEXT_OF_KIN, "person")), known ? all : "request person  ") << name;
    EXPECT_EQ(shown(state, As(access::v1::ROLE_PEER, "person-of-peer")), known ? all : "  peer person-of-peer") << name;
    for (const Role unit : {access::v1::ROLE_STAFF, access::v1::ROLE_UNIT_LEADER, access::v1::ROLE_SERVICE}) {
      EXPECT_EQ(shown(state, As(unit)), all) << name;
    }
  }
}

TEST(Proposals, TheAccessLogOfOneSideDoesNotNameTheOtherBeforeBothHaveAccepted) {
  const Caller person = As(access::v1::ROLE_PERSON, "person"), peer = As(access::v1::ROLE_PEER, "person-of-peer");
  const pb::Proposal open = Proposal(pb::PROPOSAL_STATE_ACCEPTED_BY_PEER), both = Proposal(pb::PROPOSAL_STATE_BOTH);
  EXPECT_TRUE(IsHiddenFrom("person-of-peer", person, open));
  EXPECT_TRUE(IsHiddenFrom("person", peer, open));
  EXPECT_FALSE(IsHiddenFrom("person", person, open)) << "of what one did oneself";
  EXPECT_FALSE(IsHiddenFrom("person", As(access::v1::ROLE_STAFF), open));
  EXPECT_FALSE(IsHiddenFrom("person-of-peer", person, both));
  EXPECT_FALSE(IsHiddenFrom("person", person, Request())) << "nothing else is kept from anybody";
}

// ---- Consent ----

TEST(P6, AStartNeedsTheConsentOfBothInEitherOrder) {
  for (const bool peer_first : {true, false}) {
    pb::Proposal proposal = Proposal();
    const auto first = peer_first ? pb::MATCH_SIDE_PEER : pb::MATCH_SIDE_PERSON;
    const auto second = peer_first ? pb::MATCH_SIDE_PERSON : pb::MATCH_SIDE_PEER;
    EXPECT_REASON(MayStart(proposal), "WRONG_STATE");
    ApplyAnswer(first, false, pb::ANSWER_ACCEPT, &proposal);
    EXPECT_REASON(MayStart(proposal), "WRONG_STATE");
    EXPECT_REASON(MayAnswer(proposal, first, pb::ANSWER_ACCEPT, kToday), "ALREADY_ANSWERED");
    EXPECT_MAY(MayAnswer(proposal, second, pb::ANSWER_ACCEPT, kToday));
    ApplyAnswer(second, false, pb::ANSWER_ACCEPT, &proposal);
    EXPECT_MAY(MayStart(proposal));
  }
}

TEST(AllReady2242, ThePeerMustAcceptAndAYesMayBeTakenBack) {
  pb::Proposal proposal = Proposal(pb::PROPOSAL_STATE_ACCEPTED_BY_PERSON);
  EXPECT_REASON(MayStart(proposal), "WRONG_STATE");
  proposal.set_state(pb::PROPOSAL_STATE_BOTH);
  EXPECT_MAY(MayAnswer(proposal, pb::MATCH_SIDE_PEER, pb::ANSWER_DECLINE, kToday));
  ApplyAnswer(pb::MATCH_SIDE_PEER, false, pb::ANSWER_DECLINE, &proposal);
  EXPECT_EQ(proposal.state(), pb::PROPOSAL_STATE_DECLINED);
  EXPECT_REASON(MayAnswer(proposal, pb::MATCH_SIDE_PEER, pb::ANSWER_ACCEPT, kToday), "WRONG_STATE");
}

TEST(P6, AnAnswerComesInTimeOrIsANo) {
  EXPECT_EQ(Proposal().answer_by(), "2026-12-07");
  EXPECT_MAY(MayAnswer(Proposal(), pb::MATCH_SIDE_PEER, pb::ANSWER_ACCEPT, "2026-12-07"));
  EXPECT_REASON(MayAnswer(Proposal(), pb::MATCH_SIDE_PEER, pb::ANSWER_ACCEPT, "2026-12-08"), "PROPOSAL_EXPIRED");
}

TEST(P6, EitherEndsAtAnyTimeAndAlsoOnHold) {
  for (const auto state : {pb::MATCH_STATE_STARTED, pb::MATCH_STATE_ON_HOLD}) {
    pb::Match match = Match(state);
    EXPECT_MAY(MayEnd(match));
    ApplyEnd(pb::MATCH_SIDE_PERSON, pb::END_REASON_UNSPECIFIED, kToday, &match);
    EXPECT_EQ(match.state(), pb::MATCH_STATE_ENDED);
    EXPECT_EQ(match.end_date(), kToday);
    EXPECT_REASON(MayEnd(match), "WRONG_STATE");
  }
}

TEST(P6, AMatchIsHandedOverToAnotherPeerOrToNobodyYet) {
  EXPECT_MAY(MayHandOver(Match(), ""));
  EXPECT_MAY(MayHandOver(Match(pb::MATCH_STATE_ON_HOLD), "another"));
  EXPECT_EQ(ViolationsOf(MayHandOver(Match(), "peer"))[0].field, "peer_id");
  EXPECT_REASON(MayHandOver(Match(pb::MATCH_STATE_HANDED_OVER), "another"), "WRONG_STATE");
}

TEST(P6, WhoEndedAMatchAndWhyIsForTheUnitOnly) {
  pb::Match match = Match();
  ApplyEnd(pb::MATCH_SIDE_PEER, pb::END_REASON_NO_TIME, kToday, &match);
  Veil(As(ROLE_STAFF), &match);
  EXPECT_EQ(match.ended_by(), pb::MATCH_SIDE_PEER);
  Veil(As(ROLE_PERSON, "person"), &match);
  EXPECT_EQ(match.ended_by(), pb::MATCH_SIDE_UNSPECIFIED);
  EXPECT_EQ(match.end_reason(), pb::END_REASON_UNSPECIFIED);
}

// ---- Contacts and groups ----

TEST(Contacts, NoFieldTakesWhatWasSaid) {
  const auto* request = pb::LogContactRequest::descriptor();
  for (int i = 0; i < request->field_count(); ++i) {
    const auto* field = request->field(i);
    if (field->type() != google::protobuf::FieldDescriptor::TYPE_STRING) continue;
    EXPECT_THAT(field->name(), testing::AnyOf("request_id", "match_id", "contact_date")) << "a text could be stored";
    EXPECT_THAT(field->options().GetExtension(common::v1::rule).format(),
                testing::AnyOf(common::v1::FORMAT_UUID, common::v1::FORMAT_DATE));
  }
}

TEST(Contacts, LieWithinTheMatchAndNotAhead) {
  EXPECT_MAY(MayLog(Match(), "2026-11-01", kToday));
  EXPECT_REASON(MayLog(Match(), "2026-10-31", kToday), "DATE_OUT_OF_ORDER");
  EXPECT_REASON(MayLog(Match(), "2026-11-24", kToday), "NOT_YET");
  pb::Match ended = Match();
  ApplyEnd(pb::MATCH_SIDE_PEER, pb::END_REASON_MOVED, "2026-11-10", &ended);
  EXPECT_MAY(MayLog(ended, "2026-11-10", kToday));
  EXPECT_REASON(MayLog(ended, "2026-11-11", kToday), "DATE_OUT_OF_ORDER");
}

TEST(Contacts, MinutesAreThoseThatTheTwoMet) {
  pb::LogContactRequest request;
  request.set_met(true);
  EXPECT_EQ(ViolationsOf(Check(request))[0].field, "minutes");
  request.set_minutes(60);
  EXPECT_MAY(Check(request));
  request.set_met(false);
  EXPECT_EQ(ViolationsOf(Check(request))[0].field, "minutes");
}

TEST(Contacts, AreWithdrawnOnce) {
  pb::Contact contact;
  contact.set_state(pb::CONTACT_STATE_RECORDED);
  EXPECT_MAY(MayWithdraw(contact));
  contact.set_state(pb::CONTACT_STATE_WITHDRAWN);
  EXPECT_REASON(MayWithdraw(contact), "WRONG_STATE");
}

TEST(P10, ASeatInTheResponsibilityGroupIsForThePeerWhoStandsBesideThatPerson) {
  EXPECT_MAY(MaySeat(Match(), "person", false));
  EXPECT_REASON(MaySeat(Match(), "another", false), "NOT_FOUND");
  EXPECT_REASON(MaySeat(Match(pb::MATCH_STATE_ON_HOLD), "person", false), "WRONG_STATE");
  pb::SelfHelpGroup group;
  group.set_state(pb::SELF_HELP_GROUP_STATE_OPEN);
  EXPECT_MAY(MayJoin(group, Peer(), "person", false));
  EXPECT_REASON(MayJoin(group, Peer(), "person-of-peer", false), "OWN_CASE");
  group.set_state(pb::SELF_HELP_GROUP_STATE_CLOSED);
  EXPECT_REASON(MayJoin(group, Peer(), "person", false), "WRONG_STATE");
}

TEST(Groups, TakeNobodyNewWhileTheirPeerIsNotThere) {
  pb::SelfHelpGroup group;
  group.set_state(pb::SELF_HELP_GROUP_STATE_OPEN);
  for (const auto state : {pb::PEER_STATE_APPROVED, pb::PEER_STATE_ACTIVE, pb::PEER_STATE_GRACE}) {
    EXPECT_MAY(MayJoin(group, Peer(state), "person", false));
  }
  for (const auto state :
       {pb::PEER_STATE_PROSPECT, pb::PEER_STATE_PAUSED, pb::PEER_STATE_EXPIRED, pb::PEER_STATE_STOPPED}) {
    EXPECT_REASON(MayJoin(group, Peer(state), "person", false), "PEER_NOT_AVAILABLE");
  }
}

TEST(P10, APersonHasOneLiveSeatInAGroup) {
  EXPECT_REASON(MaySeat(Match(), "person", true), "SEAT_TAKEN");
  EXPECT_REASON(MaySeat(Match(), "another", true), "NOT_FOUND") << "that there is one is not told";
  pb::SelfHelpGroup group;
  group.set_state(pb::SELF_HELP_GROUP_STATE_OPEN);
  EXPECT_REASON(MayJoin(group, Peer(), "person", true), "SEAT_TAKEN");
}

TEST(P10, ASeatEndsOnceAndAlsoOnHold) {
  pb::GroupSeat seat;
  for (const auto state : {pb::GROUP_SEAT_STATE_ACTIVE, pb::GROUP_SEAT_STATE_ON_HOLD}) {
    seat.set_state(state);
    EXPECT_MAY(MayLeave(seat));
  }
  ApplySeatEnd(kToday, &seat);
  EXPECT_REASON(MayLeave(seat), "WRONG_STATE");
}

// The partial indexes of seats say "not ENDED", and so does the SQL that uses them.
TEST(Groups, EverySeatThatHasNotEndedIsLive) {
  for (int state = pb::GroupSeatState_MIN + 1; state <= pb::GroupSeatState_MAX; ++state) {
    EXPECT_EQ(IsLive(static_cast<pb::GroupSeatState>(state)), state != pb::GROUP_SEAT_STATE_ENDED) << state;
  }
}

TEST(Groups, AreClosedOnce) {
  pb::SelfHelpGroup group;
  group.set_state(pb::SELF_HELP_GROUP_STATE_OPEN);
  EXPECT_MAY(MayClose(group));
  group.set_state(pb::SELF_HELP_GROUP_STATE_CLOSED);
  EXPECT_REASON(MayClose(group), "WRONG_STATE");
}

// ---- Evaluation ----

pb::EvaluationRound Round(std::vector<std::string> questions = {"HELP", "TRUST"}) {
  pb::EvaluationRound round;
  round.set_state(pb::EVALUATION_ROUND_STATE_OPEN);
  round.set_answers_min(3);
  for (std::string& code : questions) round.add_questions()->set_code(std::move(code));
  return round;
}

google::protobuf::RepeatedPtrField<pb::EvaluationScore> Scores(const std::vector<std::string>& codes) {
  google::protobuf::RepeatedPtrField<pb::EvaluationScore> scores;
  for (const std::string& code : codes) {
    pb::EvaluationScore* score = scores.Add();
    score->set_question_code(code);
    score->set_score(4);
  }
  return scores;
}

TEST(Evaluation, OneRoundFollowsTheOther) {
  EXPECT_MAY(MayOpenRound(kToday, false, kToday));
  EXPECT_REASON(MayOpenRound("2026-11-22", false, kToday), "DATE_OUT_OF_ORDER");
  EXPECT_REASON(MayOpenRound(kToday, true, kToday), "ROUND_OPEN");
  EXPECT_EQ(ViolationsOf(MayOpenRound("9999-01-01", false, kToday))[0].field, "close_by");
}

TEST(Evaluation, NobodyIsInvitedToARoundThatIsClosedAndItIsClosedOnce) {
  pb::EvaluationRound round = Round();
  EXPECT_MAY(CheckOpen(round));
  ApplyClose({}, {}, kToday, &round);
  EXPECT_REASON(CheckOpen(round), "WRONG_STATE");
}

TEST(Evaluation, EachQuestionIsAnsweredOnce) {
  EXPECT_MAY(CheckScores(Round(), Scores({"TRUST", "HELP"})));
  EXPECT_REASON(CheckScores(Round(), Scores({"HELP"})), "UNKNOWN_QUESTION");
  EXPECT_REASON(CheckScores(Round(), Scores({"HELP", "HELP"})), "UNKNOWN_QUESTION");
  EXPECT_REASON(CheckScores(Round(), Scores({"HELP", "TRUST", "MORE"})), "UNKNOWN_QUESTION");
}

TEST(P11, AGroupWithTooFewAnswersIsNotPublished) {
  pb::EvaluationRound round = Round({"HELP"});
  ApplyClose({pb::STAKEHOLDER_NAV, pb::STAKEHOLDER_MUNICIPALITY},
             {{pb::STAKEHOLDER_USER, "HELP", 3, 13}, {pb::STAKEHOLDER_NAV, "HELP", 2, 9}}, kToday, &round);
  ASSERT_THAT(round.results(), SizeIs(1));
  EXPECT_EQ(round.results(0).stakeholder(), pb::STAKEHOLDER_USER);
  EXPECT_EQ(round.results(0).mean_centi(), 433);
  EXPECT_THAT(round.unpublished(), ElementsAre(pb::STAKEHOLDER_MUNICIPALITY, pb::STAKEHOLDER_NAV));
  std::map<std::string, std::pair<int64_t, bool>> figures;
  for (const auto& figure : FiguresOf(round)) figures[figure.code()] = {figure.value(), figure.suppressed()};
  EXPECT_EQ(figures.at("USER_ANSWERS"), std::pair(int64_t{3}, false));
  EXPECT_EQ(figures.at("USER_MEAN_CENTI"), std::pair(int64_t{433}, false));
  EXPECT_EQ(figures.at("NAV_ANSWERS"), std::pair(int64_t{0}, true));
  EXPECT_EQ(figures.at("MUNICIPALITY_MEAN_CENTI"), std::pair(int64_t{0}, true));
}

TEST(P11, AnAnswerHasNoPlaceForAPerson) {
  EXPECT_THAT(pb::SubmitAnswerRequest::descriptor()->FindFieldByName("request_id"), testing::IsNull());
  EXPECT_THAT(pb::SubmitAnswerRequest::descriptor()->FindFieldByName("person_ref"), testing::IsNull());
  EXPECT_EQ(pb::SubmitAnswerResponse::descriptor()->field_count(), 0);
}

TEST(Evaluation, BeforeAndAfterStandTogetherOnlyWhereThereIsBoth) {
  pb::EvaluationRound before = Round({"HELP"}), after = Round({"HELP"});
  ApplyClose({}, {{pb::STAKEHOLDER_USER, "HELP", 4, 12}, {pb::STAKEHOLDER_NAV, "HELP", 1, 5}}, kToday, &before);
  ApplyClose({}, {{pb::STAKEHOLDER_USER, "HELP", 4, 17}, {pb::STAKEHOLDER_NAV, "HELP", 9, 36}}, kToday, &after);
  const auto changes = ChangesBetween(before, after);
  ASSERT_THAT(changes, SizeIs(1));
  EXPECT_EQ(changes[0].before_centi(), 300);
  EXPECT_EQ(changes[0].after_centi(), 425);
}

TEST(Evaluation, InvitationsAreDigests) {
  pb::InviteToEvaluationRequest request;
  request.add_code_digests("my-code");
  EXPECT_EQ(ViolationsOf(Check(request))[0].field, "code_digests");
  request.set_code_digests(0, std::string(64, 'a'));
  EXPECT_MAY(Check(request));
  request.add_code_digests(std::string(64, 'a'));
  EXPECT_EQ(ViolationsOf(Check(request))[0].field, "code_digests");
}

}  // namespace
}  // namespace mestring::peer_support
