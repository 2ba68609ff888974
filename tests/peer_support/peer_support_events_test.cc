// Each change is told, by one event that says enough to act on; and what must not be told is not (P4, P8, P11).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/digest.h"
#include "tests/peer_support/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"

namespace mestring::peer_support {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Stub = Town::Stub;

class EventsTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { town_.ExpectVersionsAreTold(); }

  Town town_{GetParam()};

  // What was told since it was last asked for.
  std::vector<events::v1::Event> News() {
    std::vector<events::v1::Event> all = town_.Events();
    std::vector<events::v1::Event> news(all.begin() + static_cast<ptrdiff_t>(read_), all.end());
    read_ = all.size();
    return news;
  }
  std::vector<std::string> NewTypes() {
    std::vector<std::string> types;
    for (const events::v1::Event& event : News()) types.push_back(event.type().substr(event.type().rfind('.') + 1));
    return types;
  }
  // One event was told and it is this one, no field more. Without a subject: of a new id.
  template <class Event>
  void ExpectTold(const Event& event, const std::string& subject, int64_t version) {
    const auto news = News();
    ASSERT_THAT(news, SizeIs(1));
    EXPECT_EQ(news[0].type(), Event::descriptor()->full_name());
    if (subject.empty()) {
      const auto all = town_.Events();
      EXPECT_EQ(std::count_if(all.begin(), all.end(),
                              [&](const auto& other) { return other.subject() == news[0].subject(); }),
                1);
      EXPECT_EQ(event.ShortDebugString().find(news[0].subject()), std::string::npos);
    } else {
      EXPECT_EQ(news[0].subject(), subject);
    }
    EXPECT_EQ(news[0].subject_version(), version);
    Event told;
    ASSERT_TRUE(told.ParseFromString(news[0].data()));
    EXPECT_EQ(told.ShortDebugString(), event.ShortDebugString());
  }
  // What a caller who listed at `as_of` is told later.
  std::vector<std::string> TypesSeenBy(const Who& who, const std::string& as_of) {
    events::v1::ListRequest request;
    request.set_after(as_of);
    events::v1::ListResponse response;
    const auto stub = events::v1::EventService::NewStub(town_.service().channel());
    EXPECT_DONE(FromWire(stub->List(town_.Context(who).get(), request, &response)));
    std::vector<std::string> types;
    for (const auto& event : response.events()) types.push_back(event.type().substr(event.type().rfind('.') + 1));
    return types;
  }
  pb::Requirement Record(const pb::Peer& peer, pb::RequirementKind kind, pb::RequirementOutcome outcome) {
    pb::RecordRequirementRequest request;
    request.set_peer_id(peer.id());
    request.set_kind(kind);
    request.set_outcome(outcome);
    return Must(town_.Call(&Stub::RecordRequirement, Staff(), request)).requirement();
  }
  pb::Peer Update(const pb::Peer& peer) {
    pb::UpdatePeerRequest request;
    request.set_peer_id(peer.id());
    *request.mutable_profile() = Town::Profile(pb::EXPERIENCE_BOTH, 3, pb::EMPLOYMENT_PAID);
    return Must(town_.Call(&Stub::UpdatePeer, Staff(), request)).peer();
  }
  pb::Peer Guide(const pb::Peer& peer, const std::string& guide_id) {
    pb::AssignGuideRequest request;
    request.set_peer_id(peer.id());
    request.set_guide_id(guide_id);
    return Must(town_.Call(&Stub::AssignGuide, Staff(), request)).peer();
  }
  void NameConflict(const pb::Peer& peer, const std::string& person) {
    pb::NameConflictRequest request;
    request.set_peer_id(peer.id());
    request.set_person_ref(person);
    EXPECT_DONE(town_.Call(&Stub::NameConflict, Staff(), request));
  }
  void LiftConflict(const pb::Peer& peer, const std::string& person) {
    pb::LiftConflictRequest request;
    request.set_peer_id(peer.id());
    request.set_person_ref(person);
    EXPECT_DONE(town_.Call(&Stub::LiftConflict, Staff(), request));
  }

 private:
  size_t read_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Engines, EventsTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(EventsTest, AGuideIsRegisteredAndGivenToAPeer) {
  pb::Peer peer = town_.Registered(Town::Profile());
  News();
  const pb::Guide guide = town_.Guided();
  pb::GuideRegistered registered;
  registered.set_guide_id(guide.id());
  ExpectTold(registered, guide.id(), 1);

  pb::GuideAssigned assigned;
  assigned.set_peer_id(peer.id());
  assigned.set_person_ref(peer.person_ref());
  assigned.set_guide_id(guide.id());
  assigned.set_state(pb::PEER_STATE_PROSPECT);
  peer = Guide(peer, guide.id());
  ExpectTold(assigned, peer.id(), peer.version());

  peer = town_.Approved(Town::Profile());
  News();
  peer = Guide(peer, guide.id());
  assigned.set_peer_id(peer.id());
  assigned.set_person_ref(peer.person_ref());
  assigned.set_state(pb::PEER_STATE_ACTIVE);
  ExpectTold(assigned, peer.id(), peer.version());
}

TEST_P(EventsTest, GuidanceIsToldWithTheDayOfTheNext) {
  pb::Peer peer = town_.Active();
  town_.GoDays(3);
  News();
  pb::LogGuidanceRequest request;
  request.set_peer_id(peer.id());
  request.set_held_date("2026-11-25");
  request.set_minutes(45);
  const auto response = Must(town_.Call(&Stub::LogGuidance, Staff(), request));
  peer = response.peer();
  pb::GuidanceLogged logged;
  logged.set_guidance_id(response.guidance().id());
  logged.set_peer_id(peer.id());
  logged.set_person_ref(peer.person_ref());
  logged.set_held_date("2026-11-25");
  logged.set_due_date("2026-12-25");
  ExpectTold(logged, peer.id(), peer.version());
}

TEST_P(EventsTest, ANewProfileIsToldAndNotWhatItSays) {
  pb::Peer peer = town_.Active();
  News();
  peer = Update(peer);
  pb::PeerUpdated updated;
  updated.set_peer_id(peer.id());
  updated.set_person_ref(peer.person_ref());
  ExpectTold(updated, peer.id(), peer.version());
}

// Whoever acts on an approval that is lost must not act on one that never was.
TEST_P(EventsTest, AStopSaysWhetherThereEverWasAnApproval) {
  const auto stop = [&](const pb::Peer& peer) {
    pb::OptOutRequest request;
    request.set_peer_id(peer.id());
    return Must(town_.Call(&Stub::OptOut, AsPeer(peer.person_ref()), request)).peer();
  };
  const pb::Peer prospect = stop(town_.Registered(Town::Profile()));
  pb::Peer peer = stop(town_.Active());
  pb::ReinstatePeerRequest reinstate;
  reinstate.set_peer_id(peer.id());
  peer = stop(Must(town_.Call(&Stub::ReinstatePeer, UnitLeader(), reinstate)).peer());
  const auto stopped = town_.EventsOf<pb::ApprovalStopped>();
  ASSERT_THAT(stopped, SizeIs(3));
  EXPECT_EQ(stopped[0].peer_id(), prospect.id());
  EXPECT_TRUE(stopped[0].never_approved());
  EXPECT_FALSE(stopped[1].never_approved());
  EXPECT_FALSE(stopped[2].never_approved()) << "not in this cycle, but in the one before: that one was lost";
}

// [P8] Two who listen cannot tell whose police certificate was good.
TEST_P(EventsTest, P8ThatARequirementWasJudgedIsToldAndNeverTheOutcome) {
  for (const auto outcome : {pb::REQUIREMENT_OUTCOME_MET, pb::REQUIREMENT_OUTCOME_NOT_MET}) {
    const pb::Peer peer = town_.Registered(Town::Profile());
    News();
    pb::RequirementRecorded recorded;
    recorded.set_requirement_id(Record(peer, pb::REQUIREMENT_KIND_POLICE_CERTIFICATE, outcome).id());
    recorded.set_peer_id(peer.id());
    recorded.set_kind(pb::REQUIREMENT_KIND_POLICE_CERTIFICATE);
    ExpectTold(recorded, peer.id(), 2);
  }
}

TEST_P(EventsTest, APeerHearsOfThemselfAndOfNobodyElse) {
  const pb::Peer peer = town_.Active(), other = town_.Active();
  const std::string as_of = Must(town_.Call(&Stub::ListPeers, Staff(), pb::ListPeersRequest())).as_of();
  Update(peer);
  Record(peer, pb::REQUIREMENT_KIND_COURSE_HOURS, pb::REQUIREMENT_OUTCOME_NOT_MET);
  EXPECT_THAT(TypesSeenBy(AsPeer(peer.person_ref()), as_of), ElementsAre("PeerUpdated"));
  EXPECT_THAT(TypesSeenBy(AsPeer(other.person_ref()), as_of), IsEmpty());
  EXPECT_THAT(TypesSeenBy(Resident(peer.person_ref()), as_of), IsEmpty());
  EXPECT_THAT(TypesSeenBy(Staff(), as_of), ElementsAre("PeerUpdated", "RequirementRecorded"));
}

// [P4] Whoever listens cannot learn that a conflict was named, when, or between whom.
TEST_P(EventsTest, P4AConflictIsNamedInSilenceAndItsEndNamesOnlyThePeer) {
  const std::string person = SomePerson(), stranger = SomePerson();
  const pb::Peer peer = town_.Active();
  town_.Matched(peer, person);
  News();
  NameConflict(peer, stranger);
  EXPECT_THAT(NewTypes(), IsEmpty()) << "nothing was open between them";
  NameConflict(peer, person);
  EXPECT_THAT(NewTypes(), ElementsAre("MatchEnded")) << "as if either had ended it";
  const pb::Peer before = town_.Now(peer);
  LiftConflict(peer, stranger);
  pb::ConflictLifted lifted;
  lifted.set_peer_id(peer.id());
  ExpectTold(lifted, "", 1);
  EXPECT_EQ(town_.Now(peer).version(), before.version()) << "which the peer would see";
}

TEST_P(EventsTest, P4ThatAConflictWasLiftedIsForThoseWhoPropose) {
  const std::string person = SomePerson();
  const pb::Peer peer = town_.Active();
  NameConflict(peer, person);
  const std::string as_of =
      Must(town_.Call(&Stub::ListAvailablePeers, Staff(), pb::ListAvailablePeersRequest())).as_of();
  LiftConflict(peer, person);
  EXPECT_THAT(TypesSeenBy(Staff(), as_of), ElementsAre("ConflictLifted"));
  EXPECT_THAT(TypesSeenBy(AsPeer(peer.person_ref()), as_of), IsEmpty());
  EXPECT_THAT(TypesSeenBy(Resident(person), as_of), IsEmpty());
}

TEST_P(EventsTest, AContactIsTakenBack) {
  const pb::Match match = town_.Matched(town_.Active());
  pb::LogContactRequest log;
  log.set_match_id(match.id());
  log.set_kind(pb::CONTACT_KIND_IN_PERSON);
  log.set_minutes(30);
  log.set_met(true);
  const pb::Contact contact = Must(town_.Call(&Stub::LogContact, AsPeer(match.peer_person_ref()), log)).contact();
  const std::string as_of = Must(town_.Call(&Stub::ListMatches, Staff(), pb::ListMatchesRequest())).as_of();
  News();
  pb::WithdrawContactRequest withdraw;
  withdraw.set_contact_id(contact.id());
  EXPECT_DONE(town_.Call(&Stub::WithdrawContact, AsPeer(match.peer_person_ref()), withdraw));
  pb::ContactWithdrawn withdrawn;
  withdrawn.set_contact_id(contact.id());
  withdrawn.set_match_id(match.id());
  withdrawn.set_person_ref(match.person_ref());
  ExpectTold(withdrawn, contact.id(), 2);
  EXPECT_THAT(TypesSeenBy(Resident(match.person_ref()), as_of), ElementsAre("ContactWithdrawn"));
  EXPECT_THAT(TypesSeenBy(Resident(SomePerson()), as_of), IsEmpty());
}

TEST_P(EventsTest, AGroupIsOpenedAndClosedAlsoIfNobodyCame) {
  const pb::Peer peer = town_.Active();
  News();
  pb::OpenGroupRequest open;
  open.set_name("Tirsdag");
  open.set_peer_id(peer.id());
  open.set_experience(pb::EXPERIENCE_OWN_USE);
  const pb::SelfHelpGroup group = Must(town_.Call(&Stub::OpenGroup, Staff(), open)).group();
  pb::GroupOpened opened;
  opened.set_self_help_group_id(group.id());
  opened.set_peer_id(peer.id());
  ExpectTold(opened, group.id(), 1);

  pb::CloseGroupRequest close;
  close.set_self_help_group_id(group.id());
  EXPECT_DONE(town_.Call(&Stub::CloseGroup, Staff(), close));
  pb::GroupClosed closed;
  closed.set_self_help_group_id(group.id());
  ExpectTold(closed, group.id(), 2);
}

// [P11] How many were invited, never who, and nothing from which the moment of an answer can be told.
TEST_P(EventsTest, P11InvitationsAreCountedAndAnswersAreSilent) {
  pb::OpenEvaluationRequest open;
  open.set_name("Runde");
  open.set_close_by("2027-01-31");
  pb::EvaluationQuestion* question = open.add_questions();
  question->set_code("HELP");
  question->set_text("Et spørsmål");
  const std::string round_id = Must(town_.Call(&Stub::OpenEvaluation, UnitLeader(), open)).round().id();
  const std::string as_of = Must(town_.Call(&Stub::ListEvaluations, Staff(), pb::ListEvaluationsRequest())).as_of();
  News();
  const std::vector<std::string> codes = {SomePerson(), SomePerson(), SomePerson()};
  pb::InviteToEvaluationRequest invite;
  invite.set_evaluation_round_id(round_id);
  invite.set_stakeholder(pb::STAKEHOLDER_NAV);
  for (const std::string& code : codes) invite.add_code_digests(Sha256Hex(code));
  EXPECT_DONE(town_.Call(&Stub::InviteToEvaluation, UnitLeader(), invite));
  pb::EvaluationInvited invited;
  invited.set_evaluation_round_id(round_id);
  invited.set_stakeholder(pb::STAKEHOLDER_NAV);
  invited.set_invitations(3);
  ExpectTold(invited, "", 1);

  pb::SubmitAnswerRequest answer;
  answer.set_code(codes[0]);
  pb::EvaluationScore* score = answer.add_scores();
  score->set_question_code("HELP");
  score->set_score(4);
  EXPECT_DONE(town_.Call(&Stub::SubmitAnswer, Staff(), answer));
  EXPECT_THAT(NewTypes(), IsEmpty());
  // Three are open now, and one was added.
  invite.clear_code_digests();
  invite.add_code_digests(Sha256Hex(SomePerson()));
  EXPECT_EQ(Must(town_.Call(&Stub::InviteToEvaluation, UnitLeader(), invite)).ByteSizeLong(), 0)
      << "the answer hides what the event hides";
  invited.set_invitations(1);
  ExpectTold(invited, "", 1);
  EXPECT_THAT(TypesSeenBy(Staff(), as_of), IsEmpty()) << "who invites knows";
  EXPECT_THAT(TypesSeenBy(UnitLeader(), as_of), ElementsAre("EvaluationInvited", "EvaluationInvited"));
}

TEST_P(EventsTest, TheVersionsOfASubjectGrowWithItsEvents) {
  const pb::Peer peer = town_.Active();
  Update(peer);
  Guide(peer, town_.Guided().id());
  town_.Matched(peer);
  NameConflict(peer, SomePerson());
  town_.Paused(peer);
  std::map<std::string, int64_t> last;
  for (const events::v1::Event& event : News()) {
    if (event.type().starts_with("mestring.events.")) continue;
    EXPECT_GT(event.subject_version(), last[event.subject()]) << event.type();
    last[event.subject()] = event.subject_version();
  }
  EXPECT_GT(last[peer.id()], 1);
}

// What each side of a proposal is shown in every way there is, state by state.
TEST_P(EventsTest, NeitherSideOfAProposalLearnsWhoTheOtherIsBeforeBothHaveAccepted) {
  const pb::Peer peer = town_.Active();
  const std::string person = SomePerson();
  const pb::PeerRequest request = town_.Asked(person);
  const Who as_person = Resident(person), as_peer = AsPeer(peer.person_ref());
  const auto texts = [&](const Who& who) {  // all that a side can read
    std::string text;
    events::v1::ListRequest list;
    list.set_page_size(1000);
    events::v1::ListResponse events;
    const auto stub = events::v1::EventService::NewStub(town_.service().channel());
    EXPECT_DONE(FromWire(stub->List(town_.Context(who).get(), list, &events)));
    for (const events::v1::Event& event : events.events()) {
      if (event.type().find("Propos") != std::string::npos) absl::StrAppend(&text, event.data(), "\n");
    }
    const auto listed = Must(town_.Call(&Stub::ListProposals, who, pb::ListProposalsRequest()));
    for (const pb::Proposal& one : listed.proposals()) absl::StrAppend(&text, one.ShortDebugString(), "\n");
    return text;
  };
  const auto caseload = [&] {
    pb::GetCaseloadRequest get;
    get.set_peer_id(peer.id());
    return Must(town_.Call(&Stub::GetCaseload, as_peer, get)).ShortDebugString();
  };
  const auto expect_unknown = [&](std::string_view when) {
    const std::string of_person = texts(as_person), of_peer = texts(as_peer) + caseload();
    EXPECT_THAT(of_person, testing::HasSubstr(person)) << when;
    EXPECT_THAT(of_peer, testing::HasSubstr(peer.id())) << when;
    for (const std::string& other : {peer.person_ref(), peer.id()}) {
      EXPECT_THAT(of_person, testing::Not(testing::HasSubstr(other))) << when;
    }
    for (const std::string& other : {person, request.id()}) {
      EXPECT_THAT(of_peer, testing::Not(testing::HasSubstr(other))) << when;
    }
    EXPECT_THAT(AccessShown(town_, as_person, person), testing::Not(testing::Contains("GetCaseload"))) << when;
    pb::ListProposalsRequest guess;
    guess.set_peer_id(peer.id());
    EXPECT_THAT(Must(town_.Call(&Stub::ListProposals, as_person, guess)).proposals(), IsEmpty()) << when;
    guess.clear_peer_id();
    guess.set_peer_request_id(request.id());
    EXPECT_THAT(Must(town_.Call(&Stub::ListProposals, as_peer, guess)).proposals(), IsEmpty()) << when;
  };

  const pb::Proposal declined = town_.Proposed(request, peer);
  EXPECT_EQ(declined.person_ref(), person) << "who proposes knows both";
  EXPECT_EQ(declined.peer_person_ref(), peer.person_ref());
  expect_unknown("proposed");
  EXPECT_EQ(town_.Answered(declined, as_peer).person_ref(), "") << "nor in the answer to a yes";
  expect_unknown("accepted by the peer");
  const pb::Proposal no = town_.Answered(declined, as_person, pb::ANSWER_DECLINE);
  EXPECT_EQ(no.peer_person_ref() + no.peer_id(), "");
  expect_unknown("declined");

  const pb::Proposal proposal = town_.Proposed(request, peer);
  EXPECT_EQ(town_.Answered(proposal, as_person).peer_person_ref(), "");
  expect_unknown("accepted by the person");
  EXPECT_EQ(town_.Answered(proposal, as_peer).person_ref(), person) << "now both have";
  EXPECT_THAT(texts(as_person), testing::HasSubstr(peer.person_ref()));
  EXPECT_THAT(texts(as_peer), testing::HasSubstr(person));
  town_.Started(proposal);
  EXPECT_THAT(texts(as_person), testing::HasSubstr(peer.person_ref()));
}

// Whoever counts proposals must not count each of them twice.
TEST_P(EventsTest, EachStepOfAProposalIsToldOnceForEachSide) {
  const pb::Peer peer = town_.Active();
  const std::string person = SomePerson();
  const pb::Proposal proposal = town_.Proposed(town_.Asked(person), peer);
  town_.Answered(proposal, AsPeer(peer.person_ref()));
  town_.Answered(proposal, Resident(person), pb::ANSWER_DECLINE);
  const auto expect_both = [](const auto& events) {
    ASSERT_THAT(events, SizeIs(2));
    EXPECT_EQ(events[0].side(), pb::MATCH_SIDE_PERSON);
    EXPECT_EQ(events[0].peer_person_ref(), "");
    EXPECT_EQ(events[1].side(), pb::MATCH_SIDE_PEER);
    EXPECT_EQ(events[1].person_ref(), "");
  };
  expect_both(town_.EventsOf<pb::MatchProposed>());
  expect_both(town_.EventsOf<pb::ProposalAccepted>());
  expect_both(town_.EventsOf<pb::ProposalClosed>());
}

// The caller of a row of the access log is a person, too.
TEST_P(EventsTest, TheAccessLogOfAProposalsSideDoesNotTellWhoTheOtherIs) {
  const pb::Peer peer = town_.Active();
  const std::string person = SomePerson();
  const pb::Proposal proposal = town_.Proposed(town_.Asked(person), peer);
  pb::AnswerProposalRequest stale;
  stale.set_proposal_id(proposal.id());
  stale.set_answer(pb::ANSWER_ACCEPT);
  stale.set_expected_version(99);
  EXPECT_REFUSED(town_.Call(&Stub::AnswerProposal, Resident(person), stale), "STALE_VERSION");
  town_.Answered(proposal, Resident(person));
  Must(town_.Call(&Stub::ListProposals, Resident(person), pb::ListProposalsRequest()));
  const std::vector<std::string> shown = AccessShown(town_, AsPeer(peer.person_ref()), peer.person_ref());
  EXPECT_THAT(shown, testing::Contains("ProposeMatch")) << "by staff";
  EXPECT_THAT(shown, testing::Not(testing::Contains("AnswerProposal")));
  EXPECT_THAT(shown, testing::Not(testing::Contains("ListProposals")));
  EXPECT_THAT(OutcomesLogged(town_, peer.person_ref(), "AnswerProposal"),
              testing::UnorderedElementsAre("OK", "ABORTED"))
      << "the unit leader sees all of it";
}

}  // namespace
}  // namespace mestring::peer_support
