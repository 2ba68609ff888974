// The rules of the council, a sentence each. Those that other software got wrong are named after its issue.
#include "services/council/council_rules.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_replace.h"
#include "common/base/ids.h"
#include "services/council/agenda_rules.h"
#include "services/council/attendance_rules.h"
#include "services/council/minutes_rules.h"
#include "services/council/suggestion_rules.h"
#include "tests/support/expect.h"

namespace mestring::council {
namespace {

using access::v1::ROLE_COUNCIL_MEMBER;
using access::v1::ROLE_COUNCIL_SECRETARY;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;
using testing::HasSubstr;
using testing::Not;

Caller As(Role role, std::string person_ref = "") {
  Caller caller;
  caller.roles = {role};
  caller.person_ref = std::move(person_ref);
  return caller;
}

pb::Mandate SomeMandate() {
  pb::Mandate mandate;
  mandate.set_id("mandate");
  mandate.set_notice_days(21);
  mandate.set_extraordinary_notice_days(7);
  mandate.set_input_days(7);
  mandate.set_minutes_days(7);
  mandate.set_term_months(24);
  mandate.set_ordinary_meetings(4);
  mandate.set_cell_min(5);
  mandate.set_meeting_fee_ore(60000);
  mandate.set_expense_max_ore(50000);
  mandate.set_box_max(2);
  mandate.add_action_owners("activities");
  pb::SeatLimit* limit = mandate.add_seat_limits();
  limit->set_kind(pb::SEAT_KIND_DEPARTMENT);
  limit->set_seats(2);
  return mandate;
}

pb::Meeting MeetingIn(pb::MeetingState state, std::string date = "2027-02-10") {
  pb::AnnualPlan annual_plan;
  pb::PlannedMeeting plan;
  plan.set_theme("A home");
  plan.set_meeting_date(std::move(date));
  plan.set_start_time("17:00");
  plan.set_place("here");
  pb::Meeting meeting = NewMeeting("meeting", pb::MEETING_KIND_ORDINARY, annual_plan, plan, SomeMandate());
  meeting.set_state(state);
  return meeting;
}

pb::AgendaItem ItemIn(pb::AgendaItemState state, pb::AgendaItemKind kind = pb::AGENDA_ITEM_KIND_MATTER) {
  pb::AgendaItem item;
  item.set_id("item");
  item.set_state(state);
  item.set_kind(kind);
  item.set_title("Doors");
  return item;
}

std::optional<pb::Minutes> MinutesIn(pb::MinutesState state, int version = 1) {
  pb::Minutes minutes;
  minutes.set_state(state);
  minutes.set_minutes_version(version);
  return minutes;
}

pb::VotingSeat SeatWith(pb::Presence principal, pb::Presence deputy, bool summoned) {
  pb::VotingSeat seat;
  seat.set_meeting_id("meeting");
  seat.set_seat_id("seat");
  seat.set_seat_name("Mental Helse");
  seat.set_principal_id("anna");
  seat.set_principal_ref("ref-anna");
  seat.set_principal_name("Anna");
  seat.set_principal_presence(principal);
  seat.set_deputy_id("bo");
  seat.set_deputy_ref("ref-bo");
  seat.set_deputy_name("Bo");
  seat.set_deputy_presence(deputy);
  seat.set_deputy_summoned(summoned);
  return seat;
}

pb::Disqualification Disqualified(pb::HolderRole role) {
  pb::Disqualification disqualification;
  disqualification.set_agenda_item_id("item");
  disqualification.set_seat_id("seat");
  disqualification.set_role(role);
  return disqualification;
}

std::string RepresentedBy(const pb::VotingSeat& seat, const std::vector<pb::Disqualification>& disqualifications = {}) {
  return RepresentationOf(seat, ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED), disqualifications).holder_id();
}

constexpr auto kPresent = pb::PRESENCE_PRESENT, kAbsent = pb::PRESENCE_ABSENT, kExcused = pb::PRESENCE_EXCUSED,
               kLeft = pb::PRESENCE_LEFT;

// ---- Seats -----------------------------------------------------------------------------------------

TEST(Seats, AnOrganisationsSeatNamesItAndAnOfficeDoesNot) {
  pb::RegisterSeatRequest request;
  request.set_kind(pb::SEAT_KIND_USER_ORGANISATION);
  EXPECT_REFUSED(Check(request), "INVALID_FIELD");
  request.set_organisation_id("mental-helse");
  EXPECT_DONE(Check(request));
  request.set_kind(pb::SEAT_KIND_LEADER);
  EXPECT_REFUSED(Check(request), "INVALID_FIELD");
}

TEST(Seats, DepartmentsHaveTwoAndOrganisationsAsManyAsThereAre) {
  EXPECT_DONE(MayRegisterSeat(SomeMandate(), pb::SEAT_KIND_DEPARTMENT, 1, false));
  EXPECT_REFUSED(MayRegisterSeat(SomeMandate(), pb::SEAT_KIND_DEPARTMENT, 2, false), "SEATS_OF_KIND_FULL");
  EXPECT_DONE(MayRegisterSeat(SomeMandate(), pb::SEAT_KIND_USER_ORGANISATION, 40, false));
  EXPECT_TRUE(LimitsSeats(SomeMandate(), pb::SEAT_KIND_DEPARTMENT));
  EXPECT_FALSE(LimitsSeats(SomeMandate(), pb::SEAT_KIND_USER_ORGANISATION));
}

TEST(Seats, C1AnOrganisationHasOne) {
  EXPECT_REFUSED(MayRegisterSeat(SomeMandate(), pb::SEAT_KIND_USER_ORGANISATION, 1, true), "ALREADY_EXISTS");
  EXPECT_REFUSED(MayRegisterSeat(SomeMandate(), pb::SEAT_KIND_NEXT_OF_KIN_ORGANISATION, 0, true), "ALREADY_EXISTS");
}

TEST(Seats, AreRetiredOnce) {
  pb::Seat seat;
  seat.set_state(pb::SEAT_STATE_ACTIVE);
  EXPECT_DONE(MayRetire(seat));
  seat.set_state(pb::SEAT_STATE_RETIRED);
  EXPECT_REFUSED(MayRetire(seat), "WRONG_STATE");
}

TEST(Seats, NobodySitsOnTwo) {
  pb::Seat seat;
  seat.set_state(pb::SEAT_STATE_ACTIVE);
  EXPECT_DONE(MayAppoint(seat, false));
  EXPECT_REFUSED(MayAppoint(seat, true), "PERSON_HOLDS_SEAT");
  seat.set_state(pb::SEAT_STATE_RETIRED);
  EXPECT_REFUSED(MayAppoint(seat, false), "SEAT_RETIRED");
}

TEST(Seats, ATermLastsTwoYearsToTheDayBefore) {
  pb::AppointHolderRequest request;
  EXPECT_EQ(NewHolder("id", request, SomeMandate(), "2026-11-23").until_date(), "2028-11-22");
}

TEST(Seats, AMemberStepsDownForThemselfOnly) {
  pb::SeatHolder holder;
  holder.set_state(pb::HOLDER_STATE_ACTIVE);
  holder.set_person_ref("anna");
  EXPECT_DONE(MayEndTerm(As(ROLE_COUNCIL_MEMBER, "anna"), holder));
  EXPECT_REFUSED(MayEndTerm(As(ROLE_COUNCIL_MEMBER, "bo"), holder), "FORBIDDEN");
  EXPECT_DONE(MayEndTerm(As(ROLE_COUNCIL_SECRETARY), holder));
}

// ---- The annual plan and its deadlines ---------------------------------------------------------------------

pb::SetAnnualPlanRequest Wheel(std::vector<std::string> dates) {
  pb::SetAnnualPlanRequest request;
  request.set_year(2027);
  for (const std::string& date : dates) {
    pb::PlannedMeeting* meeting = request.add_meetings();
    meeting->set_theme("theme of " + date);
    meeting->set_meeting_date(date);
    meeting->set_start_time("17:00");
  }
  return request;
}

TEST(AnnualPlan, HasExactlyFourMeetingsInOrderWithFourThemes) {
  const std::vector<std::string> four = {"2027-02-10", "2027-05-12", "2027-09-15", "2027-11-24"};
  EXPECT_DONE(CheckAnnualPlan(Wheel(four), SomeMandate()));
  EXPECT_REFUSED(CheckAnnualPlan(Wheel({four[0], four[1], four[2]}), SomeMandate()), "INVALID_FIELD");
  EXPECT_REFUSED(CheckAnnualPlan(Wheel({four[1], four[0], four[2], four[3]}), SomeMandate()), "DATE_OUT_OF_ORDER");
  EXPECT_REFUSED(CheckAnnualPlan(Wheel({"2026-12-31", four[1], four[2], four[3]}), SomeMandate()), "INVALID_FIELD");
  pb::SetAnnualPlanRequest same = Wheel(four);
  same.mutable_meetings(3)->set_theme(same.meetings(0).theme());
  EXPECT_REFUSED(CheckAnnualPlan(same, SomeMandate()), "INVALID_FIELD");
  pb::SetAnnualPlanRequest noon = Wheel(four);
  noon.mutable_meetings(0)->set_start_time("24:00");
  EXPECT_REFUSED(CheckAnnualPlan(noon, SomeMandate()), "INVALID_FIELD");
}

TEST(AnnualPlan, IsSetOnceAYear) {
  EXPECT_DONE(MaySetAnnualPlan(false));
  EXPECT_REFUSED(MaySetAnnualPlan(true), "ANNUAL_PLAN_EXISTS");
}

TEST(AnnualPlan, ACancelledOrdinaryMeetingIsReplacedByOneOfItsThemeAndYear) {
  pb::AnnualPlan annual_plan, other_year;
  other_year.set_id("2028");
  pb::PlannedMeeting plan;
  plan.set_theme("A home");
  const pb::Meeting cancelled = MeetingIn(pb::MEETING_STATE_CANCELLED);
  EXPECT_DONE(MayReplace(cancelled, annual_plan, plan, false));
  EXPECT_REFUSED(MayReplace(cancelled, annual_plan, plan, true), "ALREADY_EXISTS");
  EXPECT_REFUSED(MayReplace(cancelled, other_year, plan, false), "INVALID_FIELD");
  EXPECT_REFUSED(MayReplace(MeetingIn(pb::MEETING_STATE_NOTICE_SENT), annual_plan, plan, false), "WRONG_STATE");
  plan.set_theme("Something to do");
  EXPECT_REFUSED(MayReplace(cancelled, annual_plan, plan, false), "INVALID_FIELD");
  pb::Meeting extraordinary = cancelled;
  extraordinary.set_kind(pb::MEETING_KIND_EXTRAORDINARY);
  EXPECT_REFUSED(MayReplace(extraordinary, annual_plan, plan, false), "NOT_ORDINARY");
}

TEST(Deadlines, AreThoseOfTheMandate) {
  const pb::Meeting meeting = MeetingIn(pb::MEETING_STATE_PLANNED);
  EXPECT_EQ(meeting.notice_by(), "2027-01-20");
  EXPECT_EQ(meeting.input_by(), "2027-02-03");
  EXPECT_EQ(meeting.minutes_by(), "2027-02-17");
}

TEST(Deadlines, AreListedWhileSomethingIsStillToBeDone) {
  const auto due = [](pb::MeetingState state, std::string_view today, bool minutes_sent = false) {
    std::string text;
    for (const pb::Deadline& each : DeadlinesOf(MeetingIn(state), minutes_sent, today)) {
      absl::StrAppend(&text, pb::DeadlineKind_Name(each.kind()).substr(14), each.missed() ? " missed; " : "; ");
    }
    return text;
  };
  EXPECT_EQ(due(pb::MEETING_STATE_PLANNED, "2027-01-20"), "NOTICE; INPUT; MINUTES; ");
  EXPECT_EQ(due(pb::MEETING_STATE_PLANNED, "2027-01-21"), "NOTICE missed; INPUT; MINUTES; ");
  EXPECT_EQ(due(pb::MEETING_STATE_NOTICE_SENT, "2027-02-03"), "INPUT; MINUTES; ");
  EXPECT_EQ(due(pb::MEETING_STATE_NOTICE_SENT, "2027-02-04"), "MINUTES; ");
  EXPECT_EQ(due(pb::MEETING_STATE_NOTICE_SENT, "2027-02-18"), "") << "it did not take place";
  EXPECT_EQ(due(pb::MEETING_STATE_OPEN, "2027-02-17"), "MINUTES; ");
  EXPECT_EQ(due(pb::MEETING_STATE_HELD, "2027-02-18"), "MINUTES missed; ");
  EXPECT_EQ(due(pb::MEETING_STATE_HELD, "2027-02-18", true), "");
  EXPECT_EQ(due(pb::MEETING_STATE_REOPENED, "2027-02-18"), "");
  EXPECT_EQ(due(pb::MEETING_STATE_CANCELLED, "2027-01-01"), "");
}

// A list of deadlines looks at no other meetings than these.
TEST(Deadlines, AreOfMeetingsThatAreNeitherOverNorCancelled) {
  for (int i = pb::MeetingState_MIN + 1; i <= pb::MeetingState_MAX; ++i) {
    const auto state = static_cast<pb::MeetingState>(i);
    EXPECT_EQ(HasDeadlines(state), !DeadlinesOf(MeetingIn(state), false, "2027-01-01").empty())
        << pb::MeetingState_Name(state);
  }
}

TEST(Deadlines, ANoticeThatComesTooLateIsNone) {
  EXPECT_DONE(MayCall(MeetingIn(pb::MEETING_STATE_PLANNED), "2027-01-20"));
  EXPECT_REFUSED(MayCall(MeetingIn(pb::MEETING_STATE_PLANNED), "2027-01-21"), "NOTICE_TOO_LATE");
  EXPECT_REFUSED(MayCall(MeetingIn(pb::MEETING_STATE_CANCELLED), "2027-01-01"), "WRONG_STATE");
}

TEST(Deadlines, ASummonedMeetingMovesWithinItsNoticeOnly) {
  pb::Meeting moved = MeetingIn(pb::MEETING_STATE_NOTICE_SENT, "2027-03-10");
  EXPECT_DONE(MayMove(MeetingIn(pb::MEETING_STATE_NOTICE_SENT), moved, "2027-02-17"));
  EXPECT_REFUSED(MayMove(MeetingIn(pb::MEETING_STATE_NOTICE_SENT), moved, "2027-02-18"), "NOTICE_TOO_LATE");
  EXPECT_DONE(MayMove(MeetingIn(pb::MEETING_STATE_PLANNED), moved, "2027-02-18"));
  EXPECT_REFUSED(MayMove(MeetingIn(pb::MEETING_STATE_OPEN), moved, "2027-02-01"), "WRONG_STATE");
  EXPECT_REFUSED(MayMove(MeetingIn(pb::MEETING_STATE_PLANNED), moved, "2027-03-11"), "DATE_OUT_OF_ORDER");
}

TEST(Deadlines, MembersItemsComeInByTheInputDeadline) {
  const pb::Meeting meeting = MeetingIn(pb::MEETING_STATE_NOTICE_SENT);
  EXPECT_DONE(MayAddItem(As(ROLE_COUNCIL_MEMBER), meeting, {}, "seat", "2027-02-03"));
  EXPECT_REFUSED(MayAddItem(As(ROLE_COUNCIL_MEMBER), meeting, {}, "seat", "2027-02-04"), "INPUT_TOO_LATE");
  EXPECT_DONE(MayAddItem(As(ROLE_COUNCIL_SECRETARY), meeting, {}, "", "2027-02-09"));
}

TEST(Deadlines, WhatAMemberPostponesComesInByTheInputDeadlineToo) {
  const pb::Meeting meeting = MeetingIn(pb::MEETING_STATE_NOTICE_SENT);
  EXPECT_DONE(MayPostponeTo(As(ROLE_COUNCIL_MEMBER), meeting, "2027-02-03"));
  EXPECT_REFUSED(MayPostponeTo(As(ROLE_COUNCIL_MEMBER), meeting, "2027-02-04"), "INPUT_TOO_LATE");
  EXPECT_DONE(MayPostponeTo(As(ROLE_COUNCIL_SECRETARY), meeting, "2027-02-09"));
}

// ---- Who represents a seat ----------------------------------------------------------------------------

TEST(Representation, IsThePrincipalsWhoIsThere) {
  EXPECT_EQ(RepresentedBy(SeatWith(kPresent, kAbsent, false)), "anna");
}

TEST(Representation, PassesToTheSummonedDeputyWhoIsThere) {
  EXPECT_EQ(RepresentedBy(SeatWith(kExcused, kPresent, true)), "bo");
}

TEST(Representation, DoesNotPassToADeputyWhoOnlyTurnedUp) {
  EXPECT_EQ(RepresentedBy(SeatWith(kAbsent, kPresent, false)), "");
}

TEST(Representation, WithBothThereTheDeputyIsAnObserver) {
  EXPECT_EQ(RepresentedBy(SeatWith(kPresent, kPresent, true)), "anna");
}

TEST(Representation, PassesOnWhenThePrincipalHasLeftAndTheDeputyWasSummoned) {
  EXPECT_EQ(RepresentedBy(SeatWith(kLeft, kPresent, true)), "bo");
}

TEST(Representation, OfADisqualifiedPrincipalPassesToTheDeputyForThatItem) {
  const pb::VotingSeat seat = SeatWith(kPresent, kPresent, false);
  const auto representation = RepresentationOf(seat, ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED),
                                               std::vector{Disqualified(pb::HOLDER_ROLE_PRINCIPAL)});
  EXPECT_EQ(representation.holder_id(), "bo");
  EXPECT_EQ(representation.basis(), pb::REPRESENTATION_BASIS_DISQUALIFICATION);
  pb::AgendaItem other = ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED);
  other.set_id("other");
  EXPECT_EQ(RepresentationOf(seat, other, std::vector{Disqualified(pb::HOLDER_ROLE_PRINCIPAL)}).holder_id(), "anna");
}

TEST(Representation, IsNobodysIfBothAreDisqualified) {
  EXPECT_EQ(RepresentedBy(SeatWith(kPresent, kPresent, true),
                          {Disqualified(pb::HOLDER_ROLE_PRINCIPAL), Disqualified(pb::HOLDER_ROLE_DEPUTY)}),
            "");
}

// A vote that was delegated to somebody who was not there was counted all the same.
TEST(Delegation, OpenSlides5745DelegatedVotesOfAnAbsentReceiverDoNotCount) {
  EXPECT_EQ(RepresentedBy(SeatWith(kExcused, kAbsent, true)), "");
  EXPECT_EQ(RepresentedBy(SeatWith(kExcused, kLeft, true)), "");
  EXPECT_EQ(RepresentedBy(SeatWith(kPresent, kAbsent, false), {Disqualified(pb::HOLDER_ROLE_PRINCIPAL)}), "");
}

pb::SeatRepresentation By(std::string seat_id, pb::RepresentationBasis basis) {
  pb::SeatRepresentation representation;
  representation.set_seat_id(std::move(seat_id));
  representation.set_basis(basis);
  return representation;
}

pb::RecordAdviceRequest Votes(std::vector<std::string> seats) {
  pb::RecordAdviceRequest request;
  for (const std::string& seat : seats) {
    pb::SeatVote* vote = request.add_votes();
    vote->set_seat_id(seat);
    vote->set_vote(pb::VOTE_FOR);
  }
  return request;
}

// A principal could vote beside the one who voted for them.
TEST(Delegation, OpenSlidesClient3518ThePrincipalDoesNotVoteBesideTheDeputy) {
  const std::vector<pb::SeatRepresentation> possible = {By("seat", pb::REPRESENTATION_BASIS_DEPUTY)};
  EXPECT_REFUSED(Represented(possible, Votes({"seat", "seat"})).status(), "SEAT_REPRESENTED_TWICE");
  const auto represented = Represented(possible, Votes({"seat"}));
  ASSERT_TRUE(represented.ok());
  ASSERT_EQ(represented->size(), 1);
  EXPECT_EQ((*represented)[0].vote(), pb::VOTE_FOR);
}

// Whoever might not see names lost the ballots delegated to them, silently.
TEST(Delegation, OpenSlides5744ASeatIsRepresentedWhateverNamesAreShown) {
  pb::VotingSeat seat = SeatWith(kExcused, kPresent, true);
  seat.clear_principal_name();
  seat.clear_deputy_name();
  EXPECT_EQ(RepresentedBy(seat), "bo");
}

// Members could not delegate for themselves, and if they could, it was to be logged.
TEST(Delegation, OpenSlides6223AMemberApologisesForThemselfAndForNobodyElse) {
  pb::SeatHolder holder;
  holder.set_person_ref("anna");
  const pb::Meeting meeting = MeetingIn(pb::MEETING_STATE_NOTICE_SENT);
  EXPECT_DONE(MayApologise(As(ROLE_COUNCIL_MEMBER, "anna"), meeting, holder));
  EXPECT_REFUSED(MayApologise(As(ROLE_COUNCIL_MEMBER, "bo"), meeting, holder), "FORBIDDEN");
  EXPECT_REFUSED(MayApologise(As(ROLE_COUNCIL_MEMBER, ""), meeting, holder), "FORBIDDEN");
  EXPECT_REFUSED(MayApologise(As(ROLE_COUNCIL_SECRETARY), meeting, std::nullopt), "NO_SUCH_HOLDER");
}

// [C4] Among its delegation bugs. A delegation "can never be chained, or go to another organisation": whatever was
// noted of a seat and decided about it, who represents it is one of its own two, is there, and was not disqualified;
// and the deputy only who was asked.
TEST(Delegation, OpenSlides6825ASeatIsNeverHandedOnNorRepresentedFromAnotherSeat) {
  int represented = 0, by_deputy = 0;
  for (const auto principal : {kAbsent, kExcused, kPresent, kLeft}) {
    for (const auto deputy : {kAbsent, kExcused, kPresent, kLeft}) {
      for (int bits = 0; bits < 8; ++bits) {
        const bool summoned = bits & 1, without_principal = bits & 2, without_deputy = bits & 4;
        std::vector<pb::Disqualification> found;
        if (without_principal) found.push_back(Disqualified(pb::HOLDER_ROLE_PRINCIPAL));
        if (without_deputy) found.push_back(Disqualified(pb::HOLDER_ROLE_DEPUTY));
        // What was found about another seat's holders says nothing about these.
        for (const auto role : {pb::HOLDER_ROLE_PRINCIPAL, pb::HOLDER_ROLE_DEPUTY}) {
          found.push_back(Disqualified(role));
          found.back().set_seat_id("another seat");
        }
        const std::string who = RepresentedBy(SeatWith(principal, deputy, summoned), found);
        const bool by_anna = principal == kPresent && !without_principal;
        const bool by_bo = !by_anna && deputy == kPresent && !without_deputy && (summoned || without_principal);
        EXPECT_EQ(who, by_anna ? "anna" : by_bo ? "bo" : "");
        represented += !who.empty();
        by_deputy += by_bo;
      }
    }
  }
  EXPECT_EQ(represented, 16 + 11);
  EXPECT_EQ(by_deputy, 11);
  // Nor can somebody be of two organisations, and so carry a seat from one to the other.
  pb::Seat seat;
  seat.set_state(pb::SEAT_STATE_ACTIVE);
  EXPECT_REFUSED(MayAppoint(seat, true), "PERSON_HOLDS_SEAT");
}

// Who was entitled was counted wrongly where votes were delegated. Here a seat counts once, by whoever representations
// it, and not at all if nobody does: not for each of its persons who are there, nor for one who is not.
TEST(Delegation, OpenSlidesPr6031ASeatCountsOnceWhoeverRepresentsIt) {
  std::vector<pb::SeatRepresentation> possible;
  const auto add = [&](std::string id, pb::Presence principal, pb::Presence deputy, bool summoned) {
    pb::VotingSeat seat = SeatWith(principal, deputy, summoned);
    seat.set_seat_id(std::move(id));
    possible.push_back(RepresentationOf(seat, ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED), {}));
  };
  add("themself", kPresent, kAbsent, false);
  add("both there", kPresent, kPresent, true);
  add("deputy", kExcused, kPresent, true);
  add("deputy not there", kExcused, kAbsent, true);
  add("only turned up", kAbsent, kPresent, false);
  add("gone", kLeft, kLeft, true);
  const auto represented = Represented(possible, Votes({"themself", "both there", "deputy"}));
  ASSERT_TRUE(represented.ok()) << represented.status();
  std::map<std::string, std::string> by;
  for (const pb::SeatRepresentation& each : *represented) {
    EXPECT_TRUE(by.emplace(each.seat_id(), each.holder_id()).second) << "counted twice";
    EXPECT_EQ(each.vote(), pb::VOTE_FOR);
  }
  EXPECT_THAT(by, testing::ElementsAre(testing::Pair("both there", "anna"), testing::Pair("deputy", "bo"),
                                       testing::Pair("themself", "anna")));
  for (const char* empty : {"deputy not there", "only turned up", "gone"}) {
    EXPECT_REFUSED(Represented(possible, Votes({empty})).status(), "SEAT_NOT_REPRESENTED");
  }
}

TEST(Representation, OfAnEmptyOrUnknownSeatHasNoVote) {
  const std::vector<pb::SeatRepresentation> possible = {By("seat", pb::REPRESENTATION_BASIS_EMPTY)};
  EXPECT_REFUSED(Represented(possible, Votes({"seat"})).status(), "SEAT_NOT_REPRESENTED");
  EXPECT_REFUSED(Represented(possible, Votes({"another"})).status(), "NOT_ENTITLED");
  EXPECT_TRUE(Represented(possible, {})->empty());
}

TEST(Attendance, IsAlsoOfThoseWhoLeftAndFeesAndMinutesAreOfMeetingsThatWereHeld) {
  for (int i = pb::Presence_MIN; i <= pb::Presence_MAX; ++i) {
    const auto presence = static_cast<pb::Presence>(i);
    EXPECT_EQ(WasThere(presence), presence == kPresent || presence == kLeft) << pb::Presence_Name(presence);
  }
  for (const auto state : {pb::MEETING_STATE_HELD, pb::MEETING_STATE_FINALISED, pb::MEETING_STATE_REOPENED}) {
    EXPECT_TRUE(WasHeld(state));
  }
  for (const auto state : {pb::MEETING_STATE_PLANNED, pb::MEETING_STATE_NOTICE_SENT, pb::MEETING_STATE_OPEN,
                           pb::MEETING_STATE_CANCELLED}) {
    EXPECT_FALSE(WasHeld(state));
  }
}

TEST(Attendance, C6IsOfTheSeatsThatTheMeetingFroze) {
  EXPECT_DONE(CheckEntitled(true));
  EXPECT_REFUSED(CheckEntitled(false), "NOT_ENTITLED");
}

TEST(Summons, IsNotForADeputyWhosePrincipalIsThere) {
  const pb::Meeting open = MeetingIn(pb::MEETING_STATE_OPEN);
  EXPECT_DONE(MaySummon(open, SeatWith(kAbsent, kPresent, false)));
  EXPECT_REFUSED(MaySummon(open, SeatWith(kPresent, kPresent, false)), "NO_APOLOGY");
  EXPECT_REFUSED(MaySummon(open, SeatWith(kAbsent, kPresent, true)), "ALREADY_EXISTS") << "once";
  pb::VotingSeat vacant = SeatWith(kAbsent, kAbsent, false);
  vacant.clear_deputy_id();
  EXPECT_REFUSED(MaySummon(open, vacant), "NO_SUCH_HOLDER");
}

TEST(Summons, IsForTheDeputyOfAPrincipalInOfficeWhoApologisedOrOfNone) {
  const pb::Meeting called = MeetingIn(pb::MEETING_STATE_NOTICE_SENT);
  const auto holder = [](std::string id) {
    pb::SeatHolder made;
    made.set_id(std::move(id));
    return made;
  };
  const auto apology = [](std::string holder_id, std::string meeting_id = "meeting") {
    pb::Apology made;
    made.set_meeting_id(std::move(meeting_id));
    made.set_holder_id(std::move(holder_id));
    return made;
  };
  const Holders both{holder("anna"), holder("bo")};
  EXPECT_EQ(WhySummoned(called, both, {}), pb::SUMMONS_CAUSE_UNSPECIFIED);
  EXPECT_EQ(WhySummoned(called, both, {apology("anna")}), pb::SUMMONS_CAUSE_APOLOGY);
  EXPECT_EQ(WhySummoned(called, both, {apology("anna", "another")}), pb::SUMMONS_CAUSE_UNSPECIFIED);
  EXPECT_EQ(WhySummoned(called, both, {apology("anna"), apology("bo")}), pb::SUMMONS_CAUSE_UNSPECIFIED)
      << "the deputy cannot come either";
  EXPECT_EQ(WhySummoned(called, {holder("finn"), holder("bo")}, {apology("anna")}), pb::SUMMONS_CAUSE_UNSPECIFIED)
      << "an apology is of the one who gave it";
  EXPECT_EQ(WhySummoned(called, {std::nullopt, holder("bo")}, {apology("anna")}), pb::SUMMONS_CAUSE_VACANCY);
  EXPECT_EQ(WhySummoned(called, {holder("anna"), std::nullopt}, {apology("anna")}), pb::SUMMONS_CAUSE_UNSPECIFIED);
  for (const auto state : {pb::MEETING_STATE_PLANNED, pb::MEETING_STATE_OPEN, pb::MEETING_STATE_CANCELLED}) {
    EXPECT_EQ(WhySummoned(MeetingIn(state), both, {apology("anna")}), pb::SUMMONS_CAUSE_UNSPECIFIED);
  }
}

TEST(Summons, HoldsAsLongAsTheDeputyIsDeputyAndThePrincipalDoesNotCome) {
  const pb::Meeting called = MeetingIn(pb::MEETING_STATE_NOTICE_SENT);
  pb::Seat seat;
  seat.set_state(pb::SEAT_STATE_ACTIVE);
  const auto term = [](std::string id, pb::HolderRole role, std::string person) {
    pb::SeatHolder made;
    made.set_id(std::move(id));
    made.set_role(role);
    made.set_person_ref(std::move(person));
    return made;
  };
  constexpr auto kPrincipal = pb::HOLDER_ROLE_PRINCIPAL, kDeputy = pb::HOLDER_ROLE_DEPUTY;
  Holders holders;
  holders.principal = term("first", kPrincipal, "anna");
  holders.deputy = term("second", kDeputy, "bo");
  pb::Apology apology;
  apology.set_meeting_id("meeting");
  apology.set_holder_id("first");
  pb::Summons summons;
  summons.set_meeting_id("meeting");
  summons.set_holder_id("second");
  EXPECT_TRUE(HoldsStill(summons, called, seat, holders, {apology}));
  EXPECT_FALSE(HoldsStill(summons, called, seat, holders, {})) << "a principal who is expected";
  // Both begin another term.
  holders.ended = {*holders.principal, *holders.deputy};
  holders.principal->set_id("third");
  holders.deputy->set_id("fourth");
  EXPECT_TRUE(HasApologised(called, holders, kPrincipal, {apology}));
  EXPECT_FALSE(HasApologised(called, holders, kDeputy, {apology}));
  EXPECT_TRUE(HoldsStill(summons, called, seat, holders, {apology}));
  EXPECT_EQ(WhySummoned(called, holders, {apology}), pb::SUMMONS_CAUSE_APOLOGY);
  // Somebody else follows them.
  Holders others = holders;
  others.deputy->set_person_ref("gry");
  EXPECT_FALSE(HoldsStill(summons, called, seat, others, {apology}));
  others.deputy.reset();
  EXPECT_FALSE(HoldsStill(summons, called, seat, others, {apology}));
  others = holders;
  others.principal->set_person_ref("finn");
  EXPECT_FALSE(HasApologised(called, others, kPrincipal, {apology})) << "an apology is of the one who gave it";
  EXPECT_FALSE(HoldsStill(summons, called, seat, others, {apology}));
  others.principal.reset();
  EXPECT_TRUE(HoldsStill(summons, called, seat, others, {})) << "there is no principal";
  // The deputy becomes principal: what was asked of a deputy is not asked of them.
  others.principal = term("fifth", kPrincipal, "bo");
  EXPECT_FALSE(others.IsTermOf(kPrincipal, "second"));
  seat.set_state(pb::SEAT_STATE_RETIRED);
  EXPECT_FALSE(HoldsStill(summons, called, seat, holders, {apology}));
}

TEST(Attendance, IsPutRightWhileTheMeetingIsOpenUntilTheSeatWasRepresented) {
  const pb::Meeting open = MeetingIn(pb::MEETING_STATE_OPEN);
  constexpr auto kPrincipal = pb::HOLDER_ROLE_PRINCIPAL, kDeputy = pb::HOLDER_ROLE_DEPUTY;
  for (const auto before : {kAbsent, kExcused}) {
    EXPECT_REFUSED(MayMarkPresence(open, SeatWith(before, kAbsent, false), kPrincipal, kLeft, {}), "NOT_PRESENT");
    EXPECT_REFUSED(MayMarkPresence(open, SeatWith(kPresent, before, false), kDeputy, kLeft, {}), "NOT_PRESENT");
  }
  const pb::VotingSeat seat = SeatWith(kPresent, kLeft, true);
  pb::SeatRepresentation by_bo;
  by_bo.set_seat_id("seat");
  by_bo.set_holder_id("bo");
  for (const auto presence : {kPresent, kLeft}) {
    EXPECT_DONE(MayMarkPresence(open, seat, kPrincipal, presence, {by_bo}));
    EXPECT_DONE(MayMarkPresence(open, seat, kDeputy, presence, {by_bo}));
  }
  for (const auto presence : {kAbsent, kExcused}) {
    EXPECT_DONE(MayMarkPresence(open, seat, kPrincipal, presence, {by_bo}));
    EXPECT_REFUSED(MayMarkPresence(open, seat, kDeputy, presence, {by_bo}), "SEAT_REPRESENTED");
    EXPECT_REFUSED(MayMarkPresence(MeetingIn(pb::MEETING_STATE_HELD), seat, kPrincipal, presence, {}), "WRONG_STATE");
  }
  pb::VotingSeat vacant = seat;
  vacant.clear_deputy_id();
  EXPECT_REFUSED(MayMarkPresence(open, vacant, kDeputy, kPresent, {}), "NO_SUCH_HOLDER");
}

// Excused and absent were one.
TEST(Attendance, OpengeverCore2180ExcusedAndAbsentAreToldApart) {
  pb::Seat seat;
  seat.set_id("seat");
  Holders holders;
  holders.principal.emplace().set_id("anna");
  holders.deputy.emplace().set_id("bo");
  pb::Apology apology, deputys;
  apology.set_meeting_id("meeting");
  apology.set_holder_id("anna");
  const auto excused =
      NewVotingSeat("id", MeetingIn(pb::MEETING_STATE_NOTICE_SENT), seat, holders, std::vector{apology});
  EXPECT_EQ(excused.principal_presence(), kExcused);
  EXPECT_TRUE(excused.deputy_summoned());
  deputys.set_meeting_id("meeting");
  deputys.set_holder_id("bo");
  const auto neither =
      NewVotingSeat("id", MeetingIn(pb::MEETING_STATE_NOTICE_SENT), seat, holders, std::vector{apology, deputys});
  EXPECT_EQ(neither.deputy_presence(), kExcused);
  EXPECT_FALSE(neither.deputy_summoned()) << "a deputy who cannot come is not summoned, and has no seat by turning up";
  const auto absent = NewVotingSeat("id", MeetingIn(pb::MEETING_STATE_NOTICE_SENT), seat, holders, {});
  EXPECT_EQ(absent.principal_presence(), kAbsent);
  EXPECT_FALSE(absent.deputy_summoned());
  holders.principal.reset();
  EXPECT_TRUE(NewVotingSeat("id", MeetingIn(pb::MEETING_STATE_NOTICE_SENT), seat, holders, {}).deputy_summoned());
  EXPECT_FALSE(NewVotingSeat("id", MeetingIn(pb::MEETING_STATE_NOTICE_SENT), seat, holders, std::vector{deputys})
                   .deputy_summoned());
}

// ---- The agenda, closing and reopening ---------------------------------------------------------------

TEST(Agenda, IsFixedAfterTheOpeningButForARecordedDecision) {
  const pb::Meeting open = MeetingIn(pb::MEETING_STATE_OPEN);
  pb::AddAgendaItemRequest request;
  EXPECT_REFUSED(MayAddItem(As(ROLE_COUNCIL_SECRETARY), open, request, "", "2027-02-10"), "AGENDA_FIXED");
  EXPECT_REFUSED(MayAddItem(As(ROLE_COUNCIL_MEMBER), open, request, "seat", "2027-02-10"), "FORBIDDEN");
  request.set_addition_decision("All agreed to take it.");
  EXPECT_DONE(MayAddItem(As(ROLE_COUNCIL_SECRETARY), open, request, "", "2027-02-10"));
  EXPECT_REFUSED(MaySchedule(open, ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED)), "AGENDA_FIXED");
}

TEST(Agenda, AMembersItemIsProposedAndTheSecretarysScheduled) {
  const pb::Meeting meeting = MeetingIn(pb::MEETING_STATE_PLANNED);
  EXPECT_EQ(NewItem("id", As(ROLE_COUNCIL_MEMBER), meeting, {}, "seat", 1).state(), pb::AGENDA_ITEM_STATE_PROPOSED);
  EXPECT_EQ(NewItem("id", As(ROLE_COUNCIL_SECRETARY), meeting, {}, "", 1).state(), pb::AGENDA_ITEM_STATE_SCHEDULED);
}

TEST(Agenda, APostponedItemIsScheduledIfTheSecretaryPostponesItAndProposedIfAMemberDoes) {
  const pb::Meeting next = MeetingIn(pb::MEETING_STATE_PLANNED);
  const pb::AgendaItem item = ItemIn(pb::AGENDA_ITEM_STATE_POSTPONED);
  EXPECT_EQ(NewFromPostponed("id", As(ROLE_COUNCIL_MEMBER), item, next, 1).state(), pb::AGENDA_ITEM_STATE_PROPOSED);
  EXPECT_EQ(NewFromPostponed("id", As(ROLE_UNIT_LEADER), item, next, 1).state(), pb::AGENDA_ITEM_STATE_SCHEDULED);
}

TEST(Agenda, OnlyASeatOfTheCouncilOrWhoKeepsItRaisesAMatter) {
  const pb::Meeting meeting = MeetingIn(pb::MEETING_STATE_PLANNED);
  EXPECT_DONE(MayAddItem(As(ROLE_COUNCIL_MEMBER, "anna"), meeting, {}, "seat", "2027-01-01"));
  EXPECT_REFUSED(MayAddItem(As(ROLE_COUNCIL_MEMBER, "anna"), meeting, {}, "", "2027-01-01"), "FORBIDDEN");
  EXPECT_REFUSED(MayAddItem(As(ROLE_STAFF, "anna"), meeting, {}, "seat", "2027-01-01"), "FORBIDDEN");
  EXPECT_DONE(MayAddItem(As(ROLE_COUNCIL_SECRETARY), meeting, {}, "", "2027-01-01"));
}

TEST(Agenda, PapersLeaveWithTheLastItemOfFigures) {
  const auto figures = [](std::string id, pb::AgendaItemState state) {
    pb::AgendaItem item = ItemIn(state, pb::AGENDA_ITEM_KIND_FIGURES);
    item.set_id(std::move(id));
    return item;
  };
  const pb::AgendaItem postponed = figures("first", pb::AGENDA_ITEM_STATE_POSTPONED),
                       matter = ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED);
  EXPECT_TRUE(TakesPapersAlong(postponed, {postponed, matter}));
  EXPECT_TRUE(TakesPapersAlong(postponed, {postponed, figures("second", pb::AGENDA_ITEM_STATE_POSTPONED)}));
  for (const auto state :
       {pb::AGENDA_ITEM_STATE_SCHEDULED, pb::AGENDA_ITEM_STATE_DISCUSSED, pb::AGENDA_ITEM_STATE_ADVISED}) {
    EXPECT_FALSE(TakesPapersAlong(postponed, {postponed, figures("second", state)})) << pb::AgendaItemState_Name(state);
  }
  const pb::AgendaItem withdrawn = figures("second", pb::AGENDA_ITEM_STATE_WITHDRAWN);
  EXPECT_TRUE(TakesPapersAlong(postponed, {postponed, withdrawn}));
  EXPECT_TRUE(TakesPapersAlong(withdrawn, {postponed, withdrawn})) << "in the other order";
  EXPECT_FALSE(TakesPapersAlong(withdrawn, {withdrawn})) << "they were looked at here, or by nobody";
  EXPECT_FALSE(TakesPapersAlong(ItemIn(pb::AGENDA_ITEM_STATE_POSTPONED), {}));
  EXPECT_FALSE(TakesPapersAlong(figures("first", pb::AGENDA_ITEM_STATE_REFERRED_OUT), {}));
}

TEST(Agenda, AMemberWithdrawsWhatTheirOwnSeatProposedBeforeTheOpening) {
  pb::AgendaItem item = ItemIn(pb::AGENDA_ITEM_STATE_PROPOSED);
  item.set_proposer_seat_id("seat");
  const Caller member = As(ROLE_COUNCIL_MEMBER, "anna");
  EXPECT_DONE(MaySettle(member, MeetingIn(pb::MEETING_STATE_PLANNED), item, {}, "seat"));
  EXPECT_REFUSED(MaySettle(member, MeetingIn(pb::MEETING_STATE_PLANNED), item, {}, "other"), "FORBIDDEN");
  EXPECT_REFUSED(MaySettle(member, MeetingIn(pb::MEETING_STATE_PLANNED), item, {}, ""), "FORBIDDEN");
  EXPECT_REFUSED(MaySettle(member, MeetingIn(pb::MEETING_STATE_OPEN), item, {}, "seat"), "WRONG_STATE");
}

TEST(Agenda, OnlyWhatIsPostponedGoesToAnotherMeetingAndToOneThatHasNotBegun) {
  const pb::AgendaItem item = ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED);
  const Caller secretary = As(ROLE_COUNCIL_SECRETARY);
  pb::SettleAgendaItemRequest request;
  request.set_to_meeting_id("next");
  for (const auto settlement : {pb::SETTLEMENT_REFERRED_OUT, pb::SETTLEMENT_WITHDRAWN}) {
    request.set_settlement(settlement);
    EXPECT_REFUSED(MaySettle(secretary, MeetingIn(pb::MEETING_STATE_OPEN), item, request, ""), "INVALID_FIELD");
  }
  request.set_settlement(pb::SETTLEMENT_POSTPONED);
  EXPECT_DONE(MaySettle(secretary, MeetingIn(pb::MEETING_STATE_OPEN), item, request, ""));
  for (const auto state : {pb::MEETING_STATE_PLANNED, pb::MEETING_STATE_NOTICE_SENT}) {
    EXPECT_DONE(MayPostponeTo(secretary, MeetingIn(state), "2027-02-10"));
  }
  for (const auto state : {pb::MEETING_STATE_OPEN, pb::MEETING_STATE_HELD, pb::MEETING_STATE_FINALISED,
                           pb::MEETING_STATE_REOPENED, pb::MEETING_STATE_CANCELLED}) {
    EXPECT_REFUSED(MayPostponeTo(secretary, MeetingIn(state), "2027-02-10"), "WRONG_STATE");
  }
}

// Decided items could still be edited while the meeting was open.
TEST(Agenda, OpengeverCore1594AnAdviceIsNotChangedButInAReopenedMeeting) {
  const pb::AgendaItem advised = ItemIn(pb::AGENDA_ITEM_STATE_ADVISED);
  for (const auto state : {pb::MEETING_STATE_OPEN}) {
    EXPECT_REFUSED(MayAdvise(MeetingIn(state), advised, {}, {}), "ITEM_SETTLED");
  }
  for (const auto state : {pb::MEETING_STATE_HELD, pb::MEETING_STATE_FINALISED}) {
    EXPECT_REFUSED(MayAdvise(MeetingIn(state), advised, {}, {}), "WRONG_STATE");
  }
  EXPECT_DONE(MayAdvise(MeetingIn(pb::MEETING_STATE_REOPENED), advised, {}, {}));
  EXPECT_REFUSED(MayAdvise(MeetingIn(pb::MEETING_STATE_REOPENED), ItemIn(pb::AGENDA_ITEM_STATE_POSTPONED), {}, {}),
                 "WRONG_STATE");
}

TEST(Agenda, HowSeatsWereRepresentedIsNotPutRightInAReopenedMeeting) {
  const pb::AgendaItem advised = ItemIn(pb::AGENDA_ITEM_STATE_ADVISED), open = ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED);
  EXPECT_REFUSED(MayAdvise(MeetingIn(pb::MEETING_STATE_REOPENED), advised, {}, Votes({"seat"})), "INVALID_FIELD");
  EXPECT_DONE(MayAdvise(MeetingIn(pb::MEETING_STATE_OPEN), open, {}, Votes({"seat"})));
}

// The approval of the last minutes was to be the first item of the next meeting.
TEST(Agenda, OpengeverCore3768TheApprovalOfTheLastMinutesIsTheFirstItem) {
  const pb::Meeting open = MeetingIn(pb::MEETING_STATE_OPEN);
  const pb::AgendaItem item = ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED);
  const std::vector agenda = {ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED, pb::AGENDA_ITEM_KIND_MINUTES), item};
  EXPECT_REFUSED(MayAdvise(open, item, agenda, {}), "MINUTES_FIRST");
  const std::vector approved = {ItemIn(pb::AGENDA_ITEM_STATE_ADVISED, pb::AGENDA_ITEM_KIND_MINUTES), item};
  EXPECT_DONE(MayAdvise(open, item, approved, {}));
}

// Closing decided all that was undecided.
TEST(Agenda, ItemsAreDiscussedInAnOpenMeetingAndStayUndecided) {
  const pb::Meeting open = MeetingIn(pb::MEETING_STATE_OPEN);
  const pb::AgendaItem scheduled = ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED),
                       discussed = ItemIn(pb::AGENDA_ITEM_STATE_DISCUSSED);
  EXPECT_DONE(MayDiscuss(open, scheduled, {scheduled}));
  EXPECT_DONE(MayDiscuss(open, discussed, {discussed}));
  EXPECT_DONE(MayAdvise(open, discussed, {discussed}, {}));
  EXPECT_FALSE(IsSettled(discussed));
  EXPECT_REFUSED(MayDiscuss(open, ItemIn(pb::AGENDA_ITEM_STATE_PROPOSED), {}), "WRONG_STATE");
  for (const auto state : {pb::AGENDA_ITEM_STATE_ADVISED, pb::AGENDA_ITEM_STATE_POSTPONED,
                           pb::AGENDA_ITEM_STATE_REFERRED_OUT, pb::AGENDA_ITEM_STATE_WITHDRAWN}) {
    EXPECT_REFUSED(MayDiscuss(open, ItemIn(state), {}), "ITEM_SETTLED");
  }
  for (const auto state : {pb::MEETING_STATE_NOTICE_SENT, pb::MEETING_STATE_HELD, pb::MEETING_STATE_REOPENED,
                           pb::MEETING_STATE_FINALISED}) {
    EXPECT_REFUSED(MayDiscuss(MeetingIn(state), scheduled, {scheduled}), "WRONG_STATE");
  }
  const pb::AgendaItem minutes = ItemIn(pb::AGENDA_ITEM_STATE_DISCUSSED, pb::AGENDA_ITEM_KIND_MINUTES);
  EXPECT_REFUSED(MayDiscuss(open, scheduled, {minutes, scheduled}), "MINUTES_FIRST");
  EXPECT_DONE(MayDiscuss(open, minutes, {minutes, scheduled}));
  EXPECT_REFUSED(MayClose(MeetingIn(pb::MEETING_STATE_HELD), {discussed}, MinutesIn(pb::MINUTES_STATE_SENT)),
                 "ITEMS_UNDECIDED");
}

TEST(Closing, OpengeverCore3475IsRefusedWithUndecidedItems) {
  const pb::Meeting held = MeetingIn(pb::MEETING_STATE_HELD);
  const auto sent = MinutesIn(pb::MINUTES_STATE_SENT);
  for (const auto undecided : {pb::AGENDA_ITEM_STATE_SCHEDULED, pb::AGENDA_ITEM_STATE_PROPOSED}) {
    EXPECT_REFUSED(MayClose(held, std::vector{ItemIn(undecided)}, sent), "ITEMS_UNDECIDED");
  }
  EXPECT_DONE(MayClose(held,
                       std::vector{ItemIn(pb::AGENDA_ITEM_STATE_ADVISED), ItemIn(pb::AGENDA_ITEM_STATE_POSTPONED),
                                   ItemIn(pb::AGENDA_ITEM_STATE_WITHDRAWN), ItemIn(pb::AGENDA_ITEM_STATE_REFERRED_OUT)},
                       sent));
  EXPECT_REFUSED(MayClose(MeetingIn(pb::MEETING_STATE_OPEN), {}, sent), "WRONG_STATE");
}

// What was decided counted before anybody had been told.
TEST(Closing, OpengeverCore4837IsRefusedBeforeTheMembersHaveItInWriting) {
  const pb::Meeting held = MeetingIn(pb::MEETING_STATE_HELD);
  EXPECT_REFUSED(MayClose(held, {}, std::nullopt), "MINUTES_NOT_SENT");
  EXPECT_REFUSED(MayClose(held, {}, MinutesIn(pb::MINUTES_STATE_DRAFT)), "MINUTES_NOT_SENT");
  // Nor when they have in writing what was changed since.
  auto sent = MinutesIn(pb::MINUTES_STATE_SENT);
  sent->mutable_create_time()->set_seconds(100);
  auto item = ItemIn(pb::AGENDA_ITEM_STATE_ADVISED);
  item.mutable_update_time()->set_seconds(101);
  EXPECT_REFUSED(MayClose(held, {item}, sent), "MINUTES_NOT_SENT");
  item.mutable_update_time()->set_seconds(100);
  EXPECT_DONE(MayClose(held, {item}, sent));
}

// Reopening and closing again wrote over the minutes.
TEST(Reopening, OpengeverCore3405AMeetingIsClosedAgainWithNewMinutesAndTheOldOnesStay) {
  pb::Meeting reopened = MeetingIn(pb::MEETING_STATE_REOPENED);
  reopened.set_minutes_before(1);
  EXPECT_REFUSED(MayClose(reopened, {}, MinutesIn(pb::MINUTES_STATE_SENT, 1)), "MINUTES_NOT_SENT");
  EXPECT_DONE(MayClose(reopened, {}, MinutesIn(pb::MINUTES_STATE_SENT, 2)));
  EXPECT_REFUSED(MayWriteMinutes(reopened, MinutesIn(pb::MINUTES_STATE_SENT), ""), "REASON_REQUIRED");
  EXPECT_DONE(MayWriteMinutes(reopened, MinutesIn(pb::MINUTES_STATE_SENT), "The name of the street."));
}

// A meeting was reopened over the head of a newer one.
TEST(Reopening, OpengeverCore7288IsRefusedWhenANewerMeetingIsClosed) {
  const pb::Meeting closed = MeetingIn(pb::MEETING_STATE_FINALISED);
  EXPECT_REFUSED(MayReopen(closed, true, false), "NEWER_MEETING_CLOSED");
  EXPECT_DONE(MayReopen(closed, false, false));
}

TEST(Reopening, IsRefusedWhenTheMinutesAreApproved) {
  EXPECT_REFUSED(MayReopen(MeetingIn(pb::MEETING_STATE_FINALISED), false, true), "MINUTES_APPROVED");
}

// One had to be a system administrator with a debug shell.
TEST(Reopening, OpengeverCore6989OnlyAClosedMeetingIsReopened) {
  for (const auto state : {pb::MEETING_STATE_PLANNED, pb::MEETING_STATE_OPEN, pb::MEETING_STATE_HELD,
                           pb::MEETING_STATE_REOPENED, pb::MEETING_STATE_CANCELLED}) {
    EXPECT_REFUSED(MayReopen(MeetingIn(state), false, false), "WRONG_STATE");
  }
}

// ---- Minutes -----------------------------------------------------------------------------------------

TEST(MinutesOf, AMeetingSayWhoMetForWhomAndWhatWasAdvised) {
  Proceedings proceedings;
  proceedings.meeting = MeetingIn(pb::MEETING_STATE_HELD);
  proceedings.meeting.set_call_date("2027-01-20");
  proceedings.seats = {SeatWith(kExcused, kPresent, true)};
  pb::AgendaItem advised = ItemIn(pb::AGENDA_ITEM_STATE_ADVISED);
  advised.set_advice("Oil the *doors*.");
  pb::AgendaItem postponed = ItemIn(pb::AGENDA_ITEM_STATE_POSTPONED);
  postponed.set_id("second");
  postponed.set_title("# Windows");
  postponed.set_reason("No time.");
  proceedings.agenda = {advised, postponed};
  pb::FigureSet paper;
  paper.set_source("housing");
  paper.set_from_date("2026-10-01");
  paper.set_to_date("2026-12-31");
  paper.set_receive_date("2027-01-05");
  paper.add_figures()->set_code("waiting.ALL");
  paper.mutable_figures(0)->set_suppressed(true);
  proceedings.papers = {paper};
  const std::string text = MinutesText(proceedings, {}, 1);
  EXPECT_THAT(text, HasSubstr("**Deputies who met:** Bo for Anna (Mental Helse)."));
  EXPECT_THAT(text, HasSubstr("**Excused:** Anna (Mental Helse)."));
  EXPECT_THAT(text, HasSubstr("**Advice:** Oil the \\*doors\\*."));
  EXPECT_THAT(text, HasSubstr("### 2. \\# Windows"));
  EXPECT_THAT(text, HasSubstr("**Postponed:** No time."));
  EXPECT_THAT(text, HasSubstr("\n\nhousing, 2026-10-01 – 2026-12-31, received 2027-01-05:\n\n"));
  EXPECT_THAT(text, HasSubstr(": too few to show\n"));
  EXPECT_THAT(text, Not(HasSubstr("ref-")));
}

TEST(MinutesOf, AMeetingAreParagraphsWhateverPeopleWrote) {
  for (const auto& [said, written] :
       {std::pair("- Doors", "\\- Doors"), std::pair("+ Doors", "\\+ Doors"), std::pair("---", "\\---"),
        std::pair("1. Doors", "1\\. Doors"), std::pair("10) Doors", "10\\) Doors"), std::pair("    Doors", "Doors"),
        std::pair("\n    \n - Doors", "\\- Doors"), std::pair("2 doors - 1.5 m", "2 doors - 1.5 m"),
        std::pair("> Doors", "\\> Doors"), std::pair("Two\n- Doors", "Two - Doors"), std::pair("-", "\\-")}) {
    Proceedings proceedings;
    proceedings.meeting = MeetingIn(pb::MEETING_STATE_HELD);
    proceedings.agenda = {ItemIn(pb::AGENDA_ITEM_STATE_WITHDRAWN)};
    proceedings.agenda[0].set_text(said);
    pb::WriteMinutesRequest request;
    request.set_remarks(said);
    const std::string text = MinutesText(proceedings, request, 1);
    EXPECT_THAT(text, HasSubstr(absl::StrCat(".\n\n", written, "\n\n## Who was there"))) << said;
    EXPECT_THAT(text, HasSubstr(absl::StrCat("Doors\n\n", written, "\n\n**Withdrawn"))) << said;
  }
}

TEST(MinutesOf, AMeetingSayWhoTookTheSeatOfADisqualifiedMember) {
  Proceedings proceedings;
  proceedings.meeting = MeetingIn(pb::MEETING_STATE_HELD);
  proceedings.seats = {SeatWith(kPresent, kPresent, false)};
  proceedings.agenda = {ItemIn(pb::AGENDA_ITEM_STATE_ADVISED)};
  proceedings.disqualifications = {Disqualified(pb::HOLDER_ROLE_PRINCIPAL)};
  proceedings.representations = {
      RepresentationOf(proceedings.seats[0], proceedings.agenda[0], proceedings.disqualifications)};
  const std::string text = MinutesText(proceedings, {}, 1);
  EXPECT_THAT(text, HasSubstr("**Found disqualified:** Anna (Mental Helse).\n\n**Took the seat:** Bo.\n\n"));
}

TEST(MinutesOf, AMeetingSayThatADeputyMetForASeatWithoutAPrincipal) {
  Proceedings proceedings;
  proceedings.seats = {SeatWith(pb::PRESENCE_UNSPECIFIED, kPresent, true)};
  proceedings.seats[0].clear_principal_id();
  proceedings.seats[0].clear_principal_name();
  EXPECT_THAT(MinutesText(proceedings, {}, 1), HasSubstr("**Deputies who met:** Bo for Mental Helse.\n"));
}

pb::MinutesWords NorwegianWords() {
  pb::MinutesWords words;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
      title: "Protokoll fra erfaringsrådet"
      ordinary_meeting: "Ordinært møte" extraordinary_meeting: "Ekstraordinært møte"
      called_on: "Innkalt" version: "Versjon"
      correction: "Retter en tidligere versjon" reopened: "Protokollen ble åpnet igjen"
      attendance: "Hvem som møtte"
      present: "Til stede" deputies: "Vararepresentanter" met_for: "møtte for" observers: "Observatører"
      excused: "Meldt forfall" absent: "Ikke møtt" vacant_seats: "Ubesatte plasser"
      figures: "Tall fra tjenestene" received: "mottatt" suppressed: "for få til å vises"
      items: "Saker"
      approval_of: "Godkjenning av protokollen fra" approved: "Protokollen er godkjent."
      added: "Tatt opp etter åpningen, fordi rådet vedtok det"
      disqualified: "Inhabil" took_seat: "Overtok plassen"
      discussion: "Drøfting" advice: "Råd"
      votes: "Avstemning" votes_for: "ja" votes_against: "nei" votes_blank: "blanke"
      postponed: "Utsatt" referred_out: "Oversendt" withdrawn: "Trukket" undecided: "Ikke avgjort"
      earlier_advice: "Rettet; før sto det")",
                                                            &words));
  return words;
}

std::map<std::string, std::string> EachOf(const pb::MinutesWords& words) {
  std::map<std::string, std::string> each;
  for (int i = 0; i < words.GetDescriptor()->field_count(); ++i) {
    const auto* field = words.GetDescriptor()->field(i);
    each[field->name()] = words.GetReflection()->GetString(words, field);
  }
  return each;
}

// What people wrote in an eventful meeting.
constexpr char kSaid[] = "Doors";

// A record of everything that minutes can tell of.
Proceedings EventfulMeeting(const pb::Mandate& mandate) {
  Proceedings all;
  all.mandate = mandate;
  all.meeting = MeetingIn(pb::MEETING_STATE_REOPENED);
  all.meeting.set_times_reopened(1);
  all.meeting.set_reason(kSaid);
  all.seats = {SeatWith(kPresent, kPresent, false), SeatWith(kExcused, kPresent, false),
               SeatWith(kAbsent, kExcused, false), pb::VotingSeat()};
  for (size_t i = 1; i < all.seats.size(); ++i) {
    all.seats[i].set_seat_id(absl::StrCat("seat ", i));
    if (i < 3) all.seats[i].set_deputy_id(absl::StrCat("deputy ", i));
  }
  all.seats[3].set_seat_name("Mental Helse");
  // These two are settled in the words of the mandate, as a test of the service shows.
  pb::AgendaItem approval = ItemIn(pb::AGENDA_ITEM_STATE_ADVISED, pb::AGENDA_ITEM_KIND_MINUTES);
  approval.set_id("approval");
  approval.set_title(WordsOf(mandate).approval_of());
  approval.set_advice(WordsOf(mandate).approved());
  all.agenda.push_back(approval);
  for (const auto state :
       {pb::AGENDA_ITEM_STATE_ADVISED, pb::AGENDA_ITEM_STATE_POSTPONED, pb::AGENDA_ITEM_STATE_REFERRED_OUT,
        pb::AGENDA_ITEM_STATE_WITHDRAWN, pb::AGENDA_ITEM_STATE_DISCUSSED}) {
    pb::AgendaItem item = ItemIn(state);
    if (state != pb::AGENDA_ITEM_STATE_ADVISED) item.set_id(pb::AgendaItemState_Name(state));
    item.set_addition_decision(kSaid);
    item.set_discussion(kSaid);
    if (state == pb::AGENDA_ITEM_STATE_ADVISED) item.set_advice(kSaid);
    if (state == pb::AGENDA_ITEM_STATE_POSTPONED) item.set_reason(kSaid);
    all.agenda.push_back(item);
  }
  all.disqualifications = {Disqualified(pb::HOLDER_ROLE_PRINCIPAL)};
  all.representations = {RepresentationOf(all.seats[0], ItemIn(pb::AGENDA_ITEM_STATE_ADVISED), all.disqualifications)};
  all.representations[0].set_vote(pb::VOTE_FOR);
  pb::AdviceRevision revision;
  revision.set_agenda_item_id("item");
  revision.set_advice(kSaid);
  all.revisions = {revision};
  pb::FigureSet paper;
  paper.set_source("housing");
  paper.add_figures()->set_code("waiting.ALL");
  paper.mutable_figures(0)->set_suppressed(true);
  all.papers = {paper};
  return all;
}

TEST(MinutesOf, AMeetingAreInTheWordsOfItsMandateAndInNoOthers) {
  pb::Mandate mandate = SomeMandate();
  *mandate.mutable_minutes_words() = NorwegianWords();
  Proceedings proceedings = EventfulMeeting(mandate);
  pb::WriteMinutesRequest request;
  request.set_remarks(kSaid);
  request.set_correction(kSaid);
  std::string text = MinutesText(proceedings, request, 2);
  proceedings.meeting.set_kind(pb::MEETING_KIND_EXTRAORDINARY);
  text += MinutesText(proceedings, request, 2);
  // The longest first, so that none is found in another.
  std::multimap<size_t, std::string, std::greater<>> words;
  for (const auto& [field, word] : EachOf(mandate.minutes_words())) {
    EXPECT_NE(word, "") << field << " is to be said in Norwegian above";
    words.emplace(word.size(), word);
  }
  for (const auto& [size, word] : words) {
    EXPECT_THAT(text, HasSubstr(word)) << "is never used";
    absl::StrReplaceAll({{word, "_"}}, &text);
  }
  // What is left is the record.
  for (const char* recorded : {"Anna", "Bo", "Mental Helse", kSaid, "A home", "here", "housing", "waiting.ALL"}) {
    absl::StrReplaceAll({{recorded, ""}}, &text);
  }
  EXPECT_TRUE(std::none_of(text.begin(), text.end(), absl::ascii_isalpha)) << "a word of no mandate:\n" << text;
}

TEST(MinutesOf, AMeetingAreInEnglishWhereTheMandateSaysNothing) {
  for (const auto& [field, word] : EachOf(WordsOf(SomeMandate()))) EXPECT_NE(word, "") << field;
  pb::Mandate mandate = SomeMandate();
  mandate.mutable_minutes_words()->set_votes_for("*ja*");
  EXPECT_THAT(MinutesText(EventfulMeeting(mandate), {}, 1), HasSubstr("**Votes:** \\*ja\\* 1, against 0, blank 0\n"));
}

TEST(MinutesOf, AMeetingAreApprovedOnceAtAnOpenMeeting) {
  const pb::AgendaItem item = ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED, pb::AGENDA_ITEM_KIND_MINUTES);
  const auto may = [&](pb::MinutesState minutes, pb::MeetingState of, pb::MeetingState at) {
    return MayApproveMinutes(*MinutesIn(minutes), MeetingIn(of), false, MeetingIn(at, "2027-05-12"), item);
  };
  const auto closed = pb::MEETING_STATE_FINALISED, open = pb::MEETING_STATE_OPEN;
  EXPECT_DONE(may(pb::MINUTES_STATE_SENT, closed, open));
  EXPECT_REFUSED(may(pb::MINUTES_STATE_APPROVED, closed, open), "WRONG_STATE");
  EXPECT_REFUSED(may(pb::MINUTES_STATE_DRAFT, closed, open), "WRONG_STATE");
  EXPECT_REFUSED(may(pb::MINUTES_STATE_SENT, pb::MEETING_STATE_REOPENED, open), "WRONG_STATE");
  EXPECT_REFUSED(may(pb::MINUTES_STATE_SENT, closed, pb::MEETING_STATE_HELD), "WRONG_STATE");
}

TEST(MinutesOf, AMeetingAreSeenByThoseWhoMay) {
  pb::Minutes sent = *MinutesIn(pb::MINUTES_STATE_SENT);
  sent.set_sent_date("2027-02-12");
  EXPECT_DONE(MaySee(As(ROLE_COUNCIL_SECRETARY), *MinutesIn(pb::MINUTES_STATE_DRAFT)));
  EXPECT_REFUSED(MaySee(As(ROLE_COUNCIL_MEMBER), *MinutesIn(pb::MINUTES_STATE_DRAFT)), "NOT_FOUND");
  EXPECT_DONE(MaySee(As(ROLE_STAFF), sent));
  EXPECT_REFUSED(MaySee(As(ROLE_PERSON), sent), "NOT_FOUND");
  EXPECT_DONE(MaySee(As(ROLE_PERSON), *MinutesIn(pb::MINUTES_STATE_APPROVED)));
}

// ---- You said – we did -------------------------------------------------------------------------------

pb::Suggestion SuggestionIn(pb::SuggestionState state) {
  pb::Suggestion suggestion;
  suggestion.set_state(state);
  suggestion.set_screening(pb::SCREENING_AS_IT_IS);
  suggestion.set_answer(pb::ANSWER_YES);
  return suggestion;
}

TEST(Suggestions, FromTheBoxKnowNobody) {
  pb::SubmitAnonymousSuggestionRequest request;
  request.set_text("Sundays, too");
  request.set_receipt_code("code");
  const pb::Suggestion suggestion = NewAnonymousSuggestion("id", request, "2027-01-01");
  EXPECT_EQ(suggestion.proposer_ref(), "");
  EXPECT_THAT(suggestion.SerializeAsString(), Not(HasSubstr("code")));
}

TEST(Suggestions, WrittenDownForSomebodyNameNeitherThemNorTheWriter) {
  pb::AddSuggestionRequest request;
  request.set_assisted(true);
  EXPECT_DONE(MaySuggest(As(ROLE_STAFF), "", request));
  EXPECT_EQ(NewSuggestion("id", As(ROLE_STAFF, "writer"), request, "2027-01-01").proposer_ref(), "");
  request.set_assisted(false);
  EXPECT_REFUSED(MaySuggest(As(ROLE_STAFF, "writer"), "", request), "FORBIDDEN")
      << "who cannot answer the report back would leave the loop open for ever";
  EXPECT_REFUSED(MaySuggest(As(ROLE_COUNCIL_MEMBER), "", request), "FORBIDDEN");
  EXPECT_REFUSED(MaySuggest(As(ROLE_COUNCIL_MEMBER, "anna"), "", request), "FORBIDDEN") << "her term is over";
  EXPECT_DONE(MaySuggest(As(ROLE_COUNCIL_MEMBER, "anna"), "seat", request));
  EXPECT_DONE(MaySuggest(As(ROLE_COUNCIL_SECRETARY, "anna"), "", request));
  EXPECT_EQ(NewSuggestion("id", As(ROLE_COUNCIL_MEMBER, "anna"), request, "2027-01-01").proposer_ref(), "anna");
}

TEST(Suggestions, TheBoxTakesSoManyUnscreenedOnes) {
  EXPECT_DONE(MayReceive(SomeMandate(), 1));
  EXPECT_REFUSED(MayReceive(SomeMandate(), 2), "BOX_FULL");
}

TEST(Suggestions, WhatIsTakenOutOrTurnedAwayIsKeptNowhere) {
  pb::Suggestion suggestion;
  suggestion.set_state(pb::SUGGESTION_STATE_RECEIVED);
  suggestion.set_text("Kari in room 4 is too loud; thicker doors");
  pb::ScreenSuggestionRequest request;
  request.set_screening(pb::SCREENING_SHORTENED);
  EXPECT_REFUSED(MayScreen(suggestion, request), "INVALID_FIELD");
  request.set_text("thicker doors");
  EXPECT_DONE(MayScreen(suggestion, request));
  pb::Suggestion shortened = suggestion;
  ApplyScreening(request, &shortened);
  EXPECT_EQ(shortened.text(), "thicker doors");
  pb::ScreenSuggestionRequest away;
  away.set_screening(pb::SCREENING_TURNED_AWAY);
  EXPECT_REFUSED(MayScreen(suggestion, away), "REASON_REQUIRED");
  away.set_reason("Talk to the housing office.");
  ApplyScreening(away, &suggestion);
  EXPECT_EQ(suggestion.text(), "");
  EXPECT_TRUE(IsClosedLoop(suggestion.state()));
}

TEST(Suggestions, ComeOnTheAgendaScreened) {
  pb::Suggestion suggestion = SuggestionIn(pb::SUGGESTION_STATE_RECEIVED);
  EXPECT_DONE(MayPutOnAgenda(suggestion));
  suggestion.clear_screening();
  EXPECT_REFUSED(MayPutOnAgenda(suggestion), "NOT_SCREENED");
  EXPECT_DONE(MayPutOnAgenda(SuggestionIn(pb::SUGGESTION_STATE_REOPENED)));
  EXPECT_REFUSED(MayPutOnAgenda(SuggestionIn(pb::SUGGESTION_STATE_CONFIRMED)), "WRONG_STATE");
}

TEST(Suggestions, ANoAndAPartlyNeedAReason) {
  const pb::AgendaItem advised = ItemIn(pb::AGENDA_ITEM_STATE_ADVISED);
  const pb::Suggestion suggestion = SuggestionIn(pb::SUGGESTION_STATE_ON_AGENDA);
  pb::AnswerSuggestionRequest request;
  for (const auto answer : {pb::ANSWER_NO, pb::ANSWER_PARTLY}) {
    request.set_answer(answer);
    EXPECT_REFUSED(MayAnswer(suggestion, advised, request, 0), "REASON_REQUIRED");
  }
  request.set_reason("No money.");
  EXPECT_DONE(MayAnswer(suggestion, advised, request, 0));
  EXPECT_REFUSED(MayAnswer(suggestion, ItemIn(pb::AGENDA_ITEM_STATE_SCHEDULED), request, 0), "ITEM_NOT_ADVISED");
}

TEST(Suggestions, AreAnsweredOnceTheyHaveBeenOnAnAgenda) {
  pb::AnswerSuggestionRequest request;
  request.set_answer(pb::ANSWER_YES);
  const pb::AgendaItem advised = ItemIn(pb::AGENDA_ITEM_STATE_ADVISED);
  EXPECT_DONE(MayAnswer(SuggestionIn(pb::SUGGESTION_STATE_ON_AGENDA), advised, request, 0));
  EXPECT_DONE(MayAnswer(SuggestionIn(pb::SUGGESTION_STATE_ANSWERED), advised, request, 0));
  EXPECT_REFUSED(MayAnswer(SuggestionIn(pb::SUGGESTION_STATE_RECEIVED), std::nullopt, request, 0), "WRONG_STATE");
  EXPECT_REFUSED(MayAnswer(SuggestionIn(pb::SUGGESTION_STATE_REPORTED_BACK), advised, request, 0), "WRONG_STATE");
}

TEST(Suggestions, AreALoopUntilTheyAreConfirmedOrTurnedAway) {
  for (int i = pb::SuggestionState_MIN + 1; i <= pb::SuggestionState_MAX; ++i) {
    const auto state = static_cast<pb::SuggestionState>(i);
    EXPECT_EQ(IsClosedLoop(state), state == pb::SUGGESTION_STATE_CONFIRMED || state == pb::SUGGESTION_STATE_TURNED_AWAY)
        << pb::SuggestionState_Name(state);
  }
}

TEST(Suggestions, AreNeverDoneWithoutTheReportBack) {
  EXPECT_REFUSED(MayReportBack(SuggestionIn(pb::SUGGESTION_STATE_IN_PROGRESS), 1), "ACTIONS_OPEN");
  EXPECT_DONE(MayReportBack(SuggestionIn(pb::SUGGESTION_STATE_DONE), 0));
  EXPECT_FALSE(IsClosedLoop(pb::SUGGESTION_STATE_DONE));
  EXPECT_FALSE(IsClosedLoop(pb::SUGGESTION_STATE_REPORTED_BACK));
  for (const auto state : {pb::SUGGESTION_STATE_ANSWERED, pb::SUGGESTION_STATE_DONE}) {
    EXPECT_REFUSED(CheckReportBackAnswer(SuggestionIn(state), true, ""), "WRONG_STATE");
  }
  EXPECT_REFUSED(CheckReportBackAnswer(SuggestionIn(pb::SUGGESTION_STATE_REPORTED_BACK), false, ""), "REASON_REQUIRED");
}

TEST(Suggestions, AreConfirmedByWhoMadeThem) {
  pb::Suggestion own = SuggestionIn(pb::SUGGESTION_STATE_REPORTED_BACK);
  own.set_origin(pb::SUGGESTION_ORIGIN_MEMBER);
  own.set_proposer_ref("anna");
  EXPECT_DONE(MayAnswerReportBack(As(ROLE_COUNCIL_MEMBER, "anna"), own, true));
  EXPECT_REFUSED(MayAnswerReportBack(As(ROLE_COUNCIL_SECRETARY), own, true), "FORBIDDEN");
  own.set_origin(pb::SUGGESTION_ORIGIN_ANONYMOUS);
  own.clear_proposer_ref();
  EXPECT_DONE(MayAnswerReportBack(As(ROLE_COUNCIL_SECRETARY), own, false));
  EXPECT_REFUSED(MayAnswerReportBack(As(ROLE_COUNCIL_MEMBER, "anna"), own, false), "FORBIDDEN");
}

TEST(Suggestions, OfOneWhoHasNoSeatAnyMoreAreConfirmedForThemToo) {
  pb::Suggestion own = SuggestionIn(pb::SUGGESTION_STATE_REPORTED_BACK);
  own.set_origin(pb::SUGGESTION_ORIGIN_MEMBER);
  own.set_proposer_ref("anna");
  EXPECT_DONE(MayAnswerReportBack(As(ROLE_COUNCIL_MEMBER, "anna"), own, false)) << "who made it still may";
  EXPECT_DONE(MayAnswerReportBack(As(ROLE_COUNCIL_SECRETARY), own, false));
  EXPECT_REFUSED(MayAnswerReportBack(As(ROLE_COUNCIL_MEMBER, "cara"), own, false), "FORBIDDEN");
  EXPECT_REFUSED(MayAnswerReportBack(As(ROLE_COUNCIL_MEMBER), own, false), "FORBIDDEN");
}

TEST(Suggestions, ThatNobodyHasScreenedAreShownWithoutTheirWords) {
  pb::Suggestion said = SuggestionIn(pb::SUGGESTION_STATE_RECEIVED);
  said.set_text("Kari is too loud");
  said.set_origin(pb::SUGGESTION_ORIGIN_MEMBER);
  said.set_proposer_ref("anna");
  const auto shown = [&](const Caller& caller) {
    pb::Suggestion suggestion = said;
    ShowTo(caller, &suggestion);
    EXPECT_EQ(suggestion.receive_date(), said.receive_date());
    return suggestion.text();
  };
  EXPECT_EQ(shown(As(ROLE_COUNCIL_MEMBER, "cara")), "Kari is too loud") << "it was screened";
  said.clear_screening();
  for (const Role role : {ROLE_STAFF, ROLE_COUNCIL_SECRETARY}) EXPECT_EQ(shown(As(role)), "Kari is too loud");
  EXPECT_EQ(shown(As(ROLE_COUNCIL_MEMBER, "anna")), "Kari is too loud");
  EXPECT_EQ(shown(As(ROLE_COUNCIL_MEMBER, "cara")), "");
  EXPECT_EQ(shown(As(access::v1::ROLE_SERVICE)), "");
  said.clear_proposer_ref();
  EXPECT_EQ(shown(As(ROLE_COUNCIL_MEMBER)), "") << "nobody is not who said it";
}

pb::Action ActionIn(pb::ActionState state) {
  pb::Action action;
  action.set_state(state);
  return action;
}

TEST(Actions, MoveASuggestionToInProgressAndDoneAndNeverFurther) {
  const auto after = [](pb::SuggestionState state, std::vector<pb::Action> actions) {
    return StateAfterProgress(SuggestionIn(state), actions);
  };
  const pb::Action assigned = ActionIn(pb::ACTION_STATE_ASSIGNED), begun = ActionIn(pb::ACTION_STATE_IN_PROGRESS),
                   done = ActionIn(pb::ACTION_STATE_DONE), cancelled = ActionIn(pb::ACTION_STATE_CANCELLED);
  EXPECT_EQ(after(pb::SUGGESTION_STATE_ANSWERED, {assigned}), pb::SUGGESTION_STATE_ANSWERED);
  EXPECT_EQ(after(pb::SUGGESTION_STATE_ANSWERED, {assigned, begun}), pb::SUGGESTION_STATE_IN_PROGRESS);
  EXPECT_EQ(after(pb::SUGGESTION_STATE_IN_PROGRESS, {done, assigned}), pb::SUGGESTION_STATE_IN_PROGRESS);
  EXPECT_EQ(after(pb::SUGGESTION_STATE_IN_PROGRESS, {done, cancelled}), pb::SUGGESTION_STATE_DONE);
  EXPECT_EQ(after(pb::SUGGESTION_STATE_ANSWERED, {cancelled}), pb::SUGGESTION_STATE_ANSWERED);
  EXPECT_EQ(after(pb::SUGGESTION_STATE_REPORTED_BACK, {done}), pb::SUGGESTION_STATE_REPORTED_BACK);
  EXPECT_EQ(after(pb::SUGGESTION_STATE_CONFIRMED, {done}), pb::SUGGESTION_STATE_CONFIRMED);
}

TEST(Actions, OfAnEarlierRoundMoveAReopenedSuggestionNoMore) {
  const auto after = [](pb::SuggestionState state, std::vector<pb::Action> again) {
    pb::Suggestion suggestion = SuggestionIn(state);
    suggestion.set_times_reopened(1);
    for (pb::Action& action : again) action.set_round(1);
    again.push_back(ActionIn(pb::ACTION_STATE_DONE));
    return StateAfterProgress(suggestion, again);
  };
  const pb::Action assigned = ActionIn(pb::ACTION_STATE_ASSIGNED), begun = ActionIn(pb::ACTION_STATE_IN_PROGRESS),
                   done = ActionIn(pb::ACTION_STATE_DONE), cancelled = ActionIn(pb::ACTION_STATE_CANCELLED);
  for (const auto state : {pb::SUGGESTION_STATE_REOPENED, pb::SUGGESTION_STATE_ANSWERED}) {
    EXPECT_EQ(after(state, {cancelled}), state);
    EXPECT_EQ(after(state, {cancelled, assigned}), state);
    EXPECT_EQ(after(state, {begun}), pb::SUGGESTION_STATE_IN_PROGRESS);
    EXPECT_EQ(after(state, {done, cancelled}), pb::SUGGESTION_STATE_DONE);
  }
}

TEST(Actions, AreGivenToOwnersOfTheMandateForWhatWasAdvisedAndNotRefused) {
  pb::CreateActionRequest request;
  request.set_owner_service("activities");
  request.set_due_date("2027-04-01");
  const pb::AgendaItem advised = ItemIn(pb::AGENDA_ITEM_STATE_ADVISED);
  const auto may = [&](const std::optional<pb::Suggestion>& suggestion, std::string_view today = "2027-02-10") {
    return MayCreateAction(SomeMandate(), request, advised, suggestion, today);
  };
  EXPECT_DONE(may(std::nullopt));
  EXPECT_DONE(may(SuggestionIn(pb::SUGGESTION_STATE_ANSWERED)));
  EXPECT_REFUSED(may(SuggestionIn(pb::SUGGESTION_STATE_ON_AGENDA)), "WRONG_STATE");
  EXPECT_REFUSED(may(std::nullopt, "2027-04-02"), "DATE_OUT_OF_ORDER");
  pb::Suggestion refused = SuggestionIn(pb::SUGGESTION_STATE_ANSWERED);
  refused.set_answer(pb::ANSWER_NO);
  EXPECT_REFUSED(may(refused), "NOT_AGREED");
  request.set_owner_service("the-mayor");
  EXPECT_REFUSED(may(std::nullopt), "UNKNOWN_OWNER");
}

TEST(Actions, ComeOfAnAdvice) {
  pb::CreateActionRequest request;
  const auto may = [&](const std::optional<pb::AgendaItem>& item) {
    return MayCreateAction(SomeMandate(), request, item, SuggestionIn(pb::SUGGESTION_STATE_ANSWERED), "2027-02-10");
  };
  EXPECT_REFUSED(may(ItemIn(pb::AGENDA_ITEM_STATE_DISCUSSED)), "ITEM_NOT_ADVISED");
  EXPECT_REFUSED(may(std::nullopt), "ITEM_NOT_ADVISED") << "the suggestion was on no agenda yet";
}

TEST(Actions, ThatAreDoneStayDoneWhateverComesLate) {
  pb::Action action = ActionIn(pb::ACTION_STATE_DONE);
  EXPECT_FALSE(ApplyProgress(common::v1::ASSIGNED_ACTION_STATE_IN_PROGRESS, "2027-03-01", &action));
  action = ActionIn(pb::ACTION_STATE_CANCELLED);
  EXPECT_FALSE(ApplyProgress(common::v1::ASSIGNED_ACTION_STATE_DONE, "2027-03-01", &action));
}

// ---- Figures, indicators, fees -----------------------------------------------------------------------

TEST(Figures, TooSmallToShowAreSuppressedWhateverTheirPublisherSays) {
  pb::FigureSet set;
  const auto add = [&set](const std::string& code, int value) {
    common::v1::Figure* figure = set.add_figures();
    figure->set_code(code);
    figure->set_value(value);
  };
  add("VISITS", 4);
  add("SESSIONS", 6);
  add("waiting_by_kind.A", 0);
  add("waiting_by_kind.B", 4);
  add("waiting_by_kind.C", 7);
  add("waiting_by_kind.D", 9);
  Suppress(5, &set);
  const auto shown = [&set](int i) { return set.figures(i).suppressed() ? -1 : set.figures(i).value(); };
  EXPECT_EQ(shown(0), -1);
  EXPECT_EQ(set.figures(0).value(), 0);
  EXPECT_EQ(shown(1), 6) << "it stands alone";
  EXPECT_EQ(shown(2), 0) << "zero points at nobody";
  EXPECT_EQ(shown(3), -1);
  EXPECT_EQ(shown(4), -1) << "the other would follow from the sum of the list";
  EXPECT_EQ(shown(5), 9);
}

// A mean of four says as much of them as their number does.
TEST(Figures, OfAGroupThatIsTooSmallAreSuppressedWithItsNumber) {
  pb::FigureSet set;
  for (const auto& [code, value] :
       {std::pair("USER_MEAN_CENTI", 450), std::pair("USER_ANSWERS", 4), std::pair("NAV_ANSWERS", 5),
        std::pair("NAV_MEAN_CENTI", 310), std::pair("OTHER_MEAN_CENTI", 200)}) {
    common::v1::Figure* figure = set.add_figures();
    figure->set_code(code);
    figure->set_value(value);
  }
  Suppress(5, &set);
  EXPECT_TRUE(set.figures(0).suppressed());
  EXPECT_EQ(set.figures(0).value(), 0);
  EXPECT_EQ(set.figures(3).value(), 310);
  EXPECT_TRUE(set.figures(4).suppressed()) << "of nobody knows how many";
}

TEST(Figures, HaveAThresholdAlsoWhileThereIsNoMandate) {
  pb::Mandate mandate;
  mandate.set_cell_min(3);
  EXPECT_EQ(CellMin(mandate), 3);
  EXPECT_EQ(CellMin(std::nullopt), 5);
}

TEST(Figures, OfMissedDeadlinesAreTheCountsOfOneMonth) {
  EXPECT_EQ(MonthOf("2028-02-29"), "2028-02-01");
  EXPECT_EQ(LastDayOf("2028-02-01"), "2028-02-29");
  EXPECT_EQ(MonthClosesOn("2027-12-01"), "2028-01-07");
  const pb::FigureSet set =
      MissedDeadlineFigures("housing", "2027-12-01", {{"DEADLINE_KIND_ARRIVAL", 2}, {"DEADLINE_KIND_CONTACT", 7}});
  EXPECT_EQ(set.from_date(), "2027-12-01");
  EXPECT_EQ(set.to_date(), "2027-12-31");
  ASSERT_EQ(set.figures_size(), 2);
  EXPECT_EQ(set.figures(1).code(), "deadlines_missed.DEADLINE_KIND_CONTACT");
  EXPECT_EQ(set.figures(1).value(), 7);
  EXPECT_TRUE(IsUuid(set.source_id())) << set.source_id();
  EXPECT_EQ(set.source_id(), MissedDeadlinesId("2027-12-01")) << "the same each time";
  EXPECT_NE(set.source_id(), MissedDeadlinesId("2027-11-01"));
}

TEST(Indicators, CompareAfterWithBefore) {
  pb::RecordIndicatorRequest before, after;
  before.set_phase(pb::PHASE_BEFORE);
  before.set_name("Runners on Sundays");
  before.set_measure_date("2027-01-01");
  after.set_phase(pb::PHASE_AFTER);
  after.set_measure_date("2027-01-01");
  EXPECT_REFUSED(MayRecordIndicator(std::nullopt, after), "NO_INDICATOR_BEFORE");
  EXPECT_DONE(MayRecordIndicator(std::nullopt, before));
  pb::Indicator indicator;
  ApplyIndicator(before, &indicator);
  EXPECT_REFUSED(MayRecordIndicator(indicator, before), "ALREADY_EXISTS");
  EXPECT_REFUSED(MayRecordIndicator(indicator, after), "DATE_OUT_OF_ORDER");
  after.set_measure_date("2027-06-01");
  EXPECT_DONE(MayRecordIndicator(indicator, after));
}

TEST(Fees, AreForThoseWhoWereThereAndAreNotPaidToBe) {
  const pb::Meeting held = MeetingIn(pb::MEETING_STATE_HELD);
  pb::VotingSeat seat = SeatWith(kPresent, kAbsent, false);
  pb::SubmitFeeClaimRequest request;
  const auto may = [&](std::string_view person, bool claimed = false) {
    return MayClaimFee(person, held, seat, SomeMandate(), request, claimed);
  };
  EXPECT_DONE(may("ref-anna"));
  EXPECT_REFUSED(may("ref-anna", true), "ALREADY_EXISTS") << "once a meeting";
  EXPECT_REFUSED(may("ref-bo"), "NOT_PRESENT");
  request.set_expense_ore(50001);
  EXPECT_REFUSED(may("ref-anna"), "EXPENSE_TOO_HIGH");
  seat.set_principal_employed(true);
  EXPECT_REFUSED(may("ref-anna"), "EMPLOYED");
  EXPECT_REFUSED(MayClaimFee("ref-anna", MeetingIn(pb::MEETING_STATE_OPEN), seat, SomeMandate(), request, false),
                 "WRONG_STATE");
}

}  // namespace
}  // namespace mestring::council
