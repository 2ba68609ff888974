// The council service as its callers meet it: through the real stub, on both engines.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/agenda_rules.h"
#include "services/council/suggestion_rules.h"
#include "services/council/tables.h"
#include "tests/council/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/own_codes.h"

namespace mestring::council {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using Stub = Town::Stub;

constexpr auto kPrincipal = pb::HOLDER_ROLE_PRINCIPAL, kDeputy = pb::HOLDER_ROLE_DEPUTY;

class CouncilTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { ExpectVersionsAreTold(town_); }

  Town town_{GetParam()};

  // The first meeting of the year, called and opened, with Anna, Cara and Eva there.
  pb::Meeting OpenMeeting() {
    const pb::Meeting meeting = town_.Opened(town_.Called(town_.annual_plan[0]));
    for (const TestSeat& seat : {town_.user, town_.kin, town_.leader}) town_.Present(meeting, seat, kPrincipal);
    return meeting;
  }
  // That, with one item, to its end.
  pb::Meeting ClosedMeeting(const pb::Meeting& planned) {
    const pb::Meeting meeting = town_.Opened(town_.Called(planned));
    town_.Present(meeting, town_.user, kPrincipal);
    const auto agenda = town_.Meeting(meeting.id()).agenda();
    for (const pb::AgendaItem& item : agenda) {
      if (item.kind() == pb::AGENDA_ITEM_KIND_FIGURES) town_.Advised(item);
    }
    town_.Advised(town_.Item(meeting, "Doors"));
    town_.Ended(meeting);
    town_.Minuted(meeting);
    return town_.Closed(meeting);
  }

  absl::StatusOr<pb::RecordAdviceResponse> Advise(const std::string& item_id, std::vector<std::string> votes_for = {}) {
    pb::RecordAdviceRequest request;
    request.set_agenda_item_id(item_id);
    request.set_advice("Yes.");
    for (const std::string& seat : votes_for) {
      request.add_votes()->set_seat_id(seat);
      request.mutable_votes(request.votes_size() - 1)->set_vote(pb::VOTE_FOR);
    }
    return town_.Call(&Stub::RecordAdvice, Secretary(), request);
  }
  absl::StatusOr<pb::ReopenMeetingResponse> Reopen(const pb::Meeting& meeting) {
    pb::ReopenMeetingRequest request;
    request.set_meeting_id(meeting.id());
    request.set_reason("A name was wrong.");
    return town_.Call(&Stub::ReopenMeeting, UnitLeader(), request);
  }
  void Cancel(const pb::Action& action) {
    pb::UpdateActionRequest request;
    request.set_action_id(action.id());
    request.set_cancel_reason("The neighbours do it.");
    Must(town_.Call(&Stub::UpdateAction, Secretary(), request));
  }
  void ReportBack(const std::string& suggestion_id) {
    pb::ReportBackRequest request;
    request.set_suggestion_id(suggestion_id);
    request.set_report("It is so now.");
    Must(town_.Call(&Stub::ReportBack, Secretary(), request));
  }
  // Of one from the box.
  void AnswerReport(const std::string& suggestion_id, bool confirmed) {
    pb::AnswerReportBackRequest request;
    request.set_suggestion_id(suggestion_id);
    request.set_confirmed(confirmed);
    request.set_reason(confirmed ? "" : "Not on Fridays.");
    Must(town_.Call(&Stub::AnswerReportBack, Secretary(), request));
  }
  absl::StatusOr<pb::GetMinutesResponse> Minutes(const std::string& meeting_id, const Who& who, int version = 0) {
    pb::GetMinutesRequest request;
    request.set_meeting_id(meeting_id);
    request.set_minutes_version(version);
    return town_.Call(&Stub::GetMinutes, who, request);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, CouncilTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

// ---- Seats ----

TEST(CouncilWithoutAMandate, HasNoneToRead) {
  RunningTown<pb::CouncilService> town(CouncilDefinition(), "sqlite", nullptr);
  EXPECT_EQ(town.Call(&Stub::GetMandate, Staff(), pb::GetMandateRequest()).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(CouncilTest, AnOrganisationHasOneSeatAndNobodySitsOnTwo) {
  pb::RegisterSeatRequest seat;
  seat.set_kind(pb::SEAT_KIND_USER_ORGANISATION);
  seat.set_organisation_id("mental-helse");
  seat.set_name("Mental Helse again");
  EXPECT_REFUSED(town_.Call(&Stub::RegisterSeat, Secretary(), seat), "ALREADY_EXISTS");
  seat.set_kind(pb::SEAT_KIND_UNIT_LEADER);
  seat.clear_organisation_id();
  EXPECT_REFUSED(town_.Call(&Stub::RegisterSeat, Secretary(), seat), "SEATS_OF_KIND_FULL");
  pb::AppointHolderRequest appoint;
  appoint.set_seat_id(town_.kin.id);
  appoint.set_role(kDeputy);
  appoint.set_person_ref(town_.user.principal);
  appoint.set_name("Anna");
  EXPECT_REFUSED(town_.Call(&Stub::AppointHolder, Secretary(), appoint), "PERSON_HOLDS_SEAT");
}

TEST_P(CouncilTest, EachCodeThatTheServiceSetsHasANameInEveryVersionOfItsList) {
  ExpectListsNameOwnCodes<pb::SetCodeListRequest, pb::GetCodeListRequest>(town_, kOwnCodes);
  SetOneCode<pb::SetCodeListRequest>(town_, pb::CODE_LIST_KIND_DISQUALIFICATION_GROUND, "A", "a ground");
  town_.Appointed(town_.user.id, kDeputy, SomePerson(), "Gry");  // ends the one before
  pb::EndTermRequest end;
  end.set_holder_id(town_.kin.deputy_holder);
  end.set_reason_code("SUCCEEDED");
  EXPECT_REFUSED(town_.Call(&Stub::EndTerm, Secretary(), end), "UNKNOWN_CODE") << "only the service says so";
  town_.GoTo("2028-11-23");  // all terms are over
  EXPECT_EQ(town_.EventsOf<pb::SeatVacated>().back().reason_code(), "TERM_OVER");
  ExpectReasonsAreNamed<pb::GetCodeListRequest, pb::CodeListKind>(town_);
}

// X3: each version can be read.
TEST_P(CouncilTest, AnEarlierMandateIsReadByItsVersion) {
  pb::GetMandateRequest get;
  const int64_t now = Must(town_.Call(&Stub::GetMandate, Staff(), get)).mandate().mandate_version();
  pb::SetMandateRequest set;
  *set.mutable_mandate() = TestMandate();
  set.mutable_mandate()->set_box_max(7);
  EXPECT_DONE(town_.Call(&Stub::SetMandate, UnitLeader(), set));
  EXPECT_EQ(Must(town_.Call(&Stub::GetMandate, Staff(), get)).mandate().box_max(), 7);
  get.set_mandate_version(now);
  EXPECT_EQ(Must(town_.Call(&Stub::GetMandate, Staff(), get)).mandate().box_max(), TestMandate().box_max());
  get.set_mandate_version(now + 2);
  EXPECT_REFUSED(town_.Call(&Stub::GetMandate, Staff(), get), "NOT_FOUND");
  get.set_mandate_version(-1);
  EXPECT_REFUSED(town_.Call(&Stub::GetMandate, Staff(), get), "INVALID_FIELD");
}

TEST_P(CouncilTest, CodesAreThoseOfTheListInForceAndAnyWhileThereIsNone) {
  const auto set = [&](pb::CodeListKind kind, std::vector<std::string> codes) {
    pb::SetCodeListRequest request;
    request.set_kind(kind);
    for (const std::string& code : codes) {
      pb::CodeEntry* entry = request.add_entries();
      entry->set_code(code);
      entry->set_name("What it is called");
    }
    return town_.Call(&Stub::SetCodeList, Secretary(), request);
  };
  pb::GetCodeListRequest get;
  get.set_kind(pb::CODE_LIST_KIND_END_REASON);
  EXPECT_EQ(town_.Call(&Stub::GetCodeList, Staff(), get).status().code(), absl::StatusCode::kNotFound);
  pb::EndTermRequest end;
  end.set_holder_id(town_.kin.deputy_holder);
  end.set_reason_code("WHATEVER");
  EXPECT_DONE(town_.Call(&Stub::EndTerm, Secretary(), end));
  EXPECT_EQ(set(pb::CODE_LIST_KIND_END_REASON, {"MOVED", "MOVED"}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_DONE(set(pb::CODE_LIST_KIND_END_REASON, {"MOVED"}));
  EXPECT_EQ(Must(set(pb::CODE_LIST_KIND_END_REASON, {"MOVED", "OWN_WISH"})).code_list().list_version(), 2);
  EXPECT_THAT(town_.Call(&Stub::GetCodeList, Staff(), get)->code_list().entries(), SizeIs(2 + std::size(kOwnCodes)));
  ASSERT_THAT(town_.EventsOf<pb::CodeListSet>(), SizeIs(2));
  EXPECT_EQ(town_.EventsOf<pb::CodeListSet>()[1].list_version(), 2);
  end.set_holder_id(town_.kin.principal_holder);
  EXPECT_REFUSED(town_.Call(&Stub::EndTerm, Secretary(), end), "UNKNOWN_CODE");
  end.set_reason_code("OWN_WISH");
  EXPECT_DONE(town_.Call(&Stub::EndTerm, Secretary(), end));
  town_.Appointed(town_.user.id, kDeputy, SomePerson(), "Gry");  // ends the one before: SUCCEEDED is the service's own

  EXPECT_DONE(set(pb::CODE_LIST_KIND_DISQUALIFICATION_GROUND, {"PARTY"}));
  const pb::Meeting meeting = town_.Opened(town_.Called(town_.annual_plan[0]));
  pb::DeclareDisqualifiedRequest declare;
  declare.set_agenda_item_id(town_.Item(meeting, "Her own house").id());
  declare.set_seat_id(town_.user.id);
  declare.set_role(kPrincipal);
  declare.set_ground_code("OWN_WISH");
  EXPECT_REFUSED(town_.Call(&Stub::DeclareDisqualified, Secretary(), declare), "UNKNOWN_CODE");
  declare.set_ground_code("PARTY");
  EXPECT_DONE(town_.Call(&Stub::DeclareDisqualified, Secretary(), declare));
}

TEST_P(CouncilTest, AVacancyIsVisibleAndHistoryIsKept) {
  pb::EndTermRequest end;
  end.set_holder_id(town_.user.principal_holder);
  end.set_reason_code("OWN_WISH");
  EXPECT_REFUSED(town_.Call(&Stub::EndTerm, Member(town_.kin.principal), end), "FORBIDDEN");
  EXPECT_DONE(town_.Call(&Stub::EndTerm, Member(town_.user.principal), end));
  const auto map = town_.Call(&Stub::GetSeatMap, Staff(), {});
  ASSERT_TRUE(map.ok());
  EXPECT_EQ(map->vacancies(), 2) << "Anna's, and the unit leader's deputy's";
  town_.GoTo("2026-11-30");
  town_.Appointed(town_.user.id, kPrincipal, SomePerson(), "Finn");
  pb::ListHoldersRequest list;
  list.set_seat_id(town_.user.id);
  const auto holders = town_.Call(&Stub::ListHolders, Staff(), list);
  ASSERT_THAT(holders->holders(), SizeIs(3));
  EXPECT_EQ(holders->holders(0).name(), "Finn");
  std::map<std::string, std::string> ended;
  for (const pb::SeatHolder& holder : holders->holders()) ended[holder.name()] = holder.end_reason_code();
  EXPECT_THAT(ended, ElementsAre(Pair("Anna", "OWN_WISH"), Pair("Bo", ""), Pair("Finn", "")));
}

TEST_P(CouncilTest, ARetiredSeatEndsItsTerms) {
  pb::RetireSeatRequest retire;
  retire.set_seat_id(town_.kin.id);
  EXPECT_DONE(town_.Call(&Stub::RetireSeat, Secretary(), retire));
  EXPECT_REFUSED(town_.Call(&Stub::RetireSeat, Secretary(), retire), "WRONG_STATE");
  EXPECT_THAT(town_.EventsOf<pb::SeatRetired>(), SizeIs(1));
  // The organisation may come back, with a new seat.
  town_.Registered(pb::SEAT_KIND_NEXT_OF_KIN_ORGANISATION, "lpp", "LPP");
}

// ---- The year ----

TEST_P(CouncilTest, TheYearHasOneWheelAndExtraMeetingsAreTypedAsSuch) {
  pb::PlanMeetingRequest plan;
  plan.mutable_meeting()->set_theme("A sudden closure");
  plan.mutable_meeting()->set_meeting_date("2027-03-03");
  plan.mutable_meeting()->set_start_time("12:00");
  plan.mutable_meeting()->set_place("here");
  const auto planned = town_.Call(&Stub::PlanMeeting, Secretary(), plan);
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->meeting().kind(), pb::MEETING_KIND_EXTRAORDINARY);
  EXPECT_EQ(planned->meeting().notice_by(), "2027-02-24");
  pb::GetAnnualPlanRequest get;
  get.set_year(2027);
  EXPECT_THAT(town_.Call(&Stub::GetAnnualPlan, Passer(), get)->meetings(), SizeIs(5));
  plan.mutable_meeting()->set_meeting_date("2029-03-03");
  EXPECT_REFUSED(town_.Call(&Stub::PlanMeeting, Secretary(), plan), "ANNUAL_PLAN_MISSING");
}

TEST_P(CouncilTest, TheNextMeetingIsTheFirstOfTheListFromToday) {
  town_.GoTo("2027-02-11");
  pb::ListMeetingsRequest list;
  list.set_from_date(town_.Today());
  list.set_page_size(1);
  const auto next = town_.Call(&Stub::ListMeetings, Passer(), list);
  ASSERT_THAT(next->meetings(), SizeIs(1));
  EXPECT_EQ(next->meetings(0).theme(), "Something to do");
  list.set_page_token(next->next_page_token());
  EXPECT_EQ(town_.Call(&Stub::ListMeetings, Passer(), list)->meetings(0).theme(), "Somebody beside one");
  // What was cancelled stays on the list, and is not the next.
  pb::CancelMeetingRequest cancel;
  cancel.set_meeting_id(town_.annual_plan[1].id());
  cancel.set_reason("Too few can come.");
  EXPECT_DONE(town_.Call(&Stub::CancelMeeting, Secretary(), cancel));
  list.clear_page_token();
  EXPECT_EQ(town_.Call(&Stub::ListMeetings, Passer(), list)->meetings(0).state(), pb::MEETING_STATE_CANCELLED);
  list.set_not_begun(true);
  EXPECT_EQ(town_.Call(&Stub::ListMeetings, Passer(), list)->meetings(0).theme(), "Somebody beside one");
}

TEST_P(CouncilTest, ACalendarProgramSeesTheYearAndWhatWasCancelledAndNobodysName) {
  pb::CancelMeetingRequest cancel;
  cancel.set_meeting_id(town_.annual_plan[3].id());
  cancel.set_reason("Too few can come.");
  EXPECT_DONE(town_.Call(&Stub::CancelMeeting, Secretary(), cancel));
  pb::GetCalendarRequest request;
  request.set_from_date("2027-01-01");
  request.set_to_date("2027-12-31");
  const auto answer = town_.Call(&Stub::GetCalendar, Passer(), request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  const std::string& text = answer->calendar();
  // Five o'clock in Sandnes, in winter and in summer, for two hours.
  for (const char* line : {"DTSTART:20270210T160000Z", "DTEND:20270210T180000Z", "DTSTART:20270512T150000Z",
                           "SUMMARY:A home", "LOCATION:Mestringsenheten", "STATUS:CANCELLED"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  for (const char* name : {"Anna", "Bo", "Cara", "Too few"}) EXPECT_THAT(text, Not(HasSubstr(name)));
  request.set_to_date("2026-12-31");
  EXPECT_EQ(town_.Call(&Stub::GetCalendar, Passer(), request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(CouncilTest, AMovedMeetingTellsAllAndWhoCouldNotComeThatDayIsExpectedAgain) {
  const pb::Meeting meeting = town_.Called(town_.annual_plan[0]);
  town_.Apologised(meeting, town_.user, kPrincipal);
  pb::MoveMeetingRequest move;
  move.set_meeting_id(meeting.id());
  move.set_meeting_date("2027-02-09");
  move.set_start_time("18:00");
  move.set_place("there");
  move.set_reason("The room is taken.");
  EXPECT_REFUSED(town_.Call(&Stub::MoveMeeting, Secretary(), move), "NOTICE_TOO_LATE");
  move.set_meeting_date("2027-02-24");
  EXPECT_DONE(town_.Call(&Stub::MoveMeeting, Secretary(), move));
  EXPECT_THAT(town_.EventsOf<pb::MeetingMoved>(), SizeIs(1));
  const pb::GetMeetingResponse moved = town_.Meeting(meeting.id());
  EXPECT_EQ(moved.meeting().input_by(), "2027-02-17");
  // What was said and asked for the former day is kept, holds no more, and that is told.
  EXPECT_THAT(moved.apologies(), SizeIs(0));
  EXPECT_THAT(moved.summonses(), SizeIs(0));
  ASSERT_THAT(moved.void_apologies(), SizeIs(1));
  ASSERT_THAT(moved.void_summonses(), SizeIs(1));
  EXPECT_EQ(moved.void_summonses(0).state(), pb::SUMMONS_STATE_VOID);
  ASSERT_THAT(town_.EventsOf<pb::ApologyVoided>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::ApologyVoided>()[0].apology_id(), moved.void_apologies(0).id());
  ASSERT_THAT(town_.EventsOf<pb::SummonsVoided>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::SummonsVoided>()[0].summons_id(), moved.void_summonses(0).id());
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1)) << "Anna is expected";
  // To another hour of the same day they hold.
  town_.Apologised(meeting, town_.user, kPrincipal);
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(2)) << "she cannot come that day either";
  move.set_start_time("19:00");
  EXPECT_DONE(town_.Call(&Stub::MoveMeeting, Secretary(), move));
  EXPECT_THAT(town_.Meeting(meeting.id()).apologies(), SizeIs(1));
  EXPECT_THAT(town_.EventsOf<pb::SummonsVoided>(), SizeIs(1));
  // She can come to the third day, and the seat is hers.
  move.set_meeting_date("2027-03-03");
  EXPECT_DONE(town_.Call(&Stub::MoveMeeting, Secretary(), move));
  EXPECT_THAT(town_.Meeting(meeting.id()).void_apologies(), SizeIs(2));
  const pb::Meeting open = town_.Opened(town_.Meeting(meeting.id()).meeting());
  town_.Present(open, town_.user, kDeputy);
  EXPECT_THAT(town_.Represented(town_.Item(open, "Doors")), testing::Contains(Pair(town_.user.id, "")));
}

TEST_P(CouncilTest, ACancelledMeetingGivesItsItemsAndSuggestionsBack) {
  const std::string code = SomePerson(), id = town_.Dropped("Longer evenings", code);
  town_.Screened(id);
  const auto date = [&] {
    pb::GetSuggestionByReceiptRequest follow;
    follow.set_receipt_code(code);
    return Must(town_.Call(&Stub::GetSuggestionByReceipt, Passer(), follow)).meeting_date();
  };
  const pb::Meeting meeting = town_.Called(town_.annual_plan[0]);
  town_.Item(meeting, "Longer evenings", id);
  EXPECT_EQ(town_.Suggestion(id).state(), pb::SUGGESTION_STATE_ON_AGENDA);
  EXPECT_EQ(date(), "2027-02-10");
  pb::CancelMeetingRequest cancel;
  cancel.set_meeting_id(meeting.id());
  cancel.set_reason("Snow.");
  EXPECT_DONE(town_.Call(&Stub::CancelMeeting, Secretary(), cancel));
  EXPECT_EQ(town_.Suggestion(id).state(), pb::SUGGESTION_STATE_RECEIVED);
  EXPECT_EQ(date(), "") << "it waits for a meeting again";
  const pb::AgendaItem item = town_.Meeting(meeting.id()).agenda(0);
  EXPECT_EQ(item.state(), pb::AGENDA_ITEM_STATE_POSTPONED);
  EXPECT_EQ(item.reason(), "Snow.");
  town_.Item(town_.annual_plan[1], "Longer evenings", id);
  EXPECT_EQ(date(), "2027-05-12");
}

// [C5] Four ordinary meetings: a cancelled one leaves three until another takes its place.
TEST_P(CouncilTest, ACancelledOrdinaryMeetingIsReplacedAndTheYearHasItsFourAgain) {
  const auto cancel = [&](const std::string& id) {
    pb::CancelMeetingRequest request;
    request.set_meeting_id(id);
    request.set_reason("Snow.");
    EXPECT_DONE(town_.Call(&Stub::CancelMeeting, Secretary(), request));
  };
  pb::PlanMeetingRequest plan;
  plan.set_replaces_meeting_id(town_.annual_plan[0].id());
  plan.mutable_meeting()->set_theme(town_.annual_plan[0].theme());
  plan.mutable_meeting()->set_meeting_date("2027-03-03");
  plan.mutable_meeting()->set_start_time("17:00");
  plan.mutable_meeting()->set_place("here");
  EXPECT_REFUSED(town_.Call(&Stub::PlanMeeting, Secretary(), plan), "WRONG_STATE");
  cancel(town_.annual_plan[0].id());
  const pb::Meeting second = Must(town_.Call(&Stub::PlanMeeting, Secretary(), plan)).meeting();
  EXPECT_EQ(second.kind(), pb::MEETING_KIND_ORDINARY);
  EXPECT_EQ(second.theme(), "A home");
  EXPECT_EQ(second.notice_by(), "2027-02-10") << "the notice of an ordinary meeting";
  EXPECT_EQ(town_.EventsOf<pb::MeetingPlanned>().back().replaces_meeting_id(), town_.annual_plan[0].id());
  EXPECT_REFUSED(town_.Call(&Stub::PlanMeeting, Secretary(), plan), "ALREADY_EXISTS");
  // That one is cancelled, too: there is one place, whichever of them is named.
  cancel(second.id());
  plan.set_replaces_meeting_id(second.id());
  const pb::Meeting third = Must(town_.Call(&Stub::PlanMeeting, Secretary(), plan)).meeting();
  EXPECT_EQ(third.replaces_meeting_id(), town_.annual_plan[0].id());
  EXPECT_REFUSED(town_.Call(&Stub::PlanMeeting, Secretary(), plan), "ALREADY_EXISTS");
  plan.set_replaces_meeting_id(town_.annual_plan[0].id());
  EXPECT_REFUSED(town_.Call(&Stub::PlanMeeting, Secretary(), plan), "ALREADY_EXISTS");
  pb::GetAnnualPlanRequest year;
  year.set_year(2027);
  const pb::GetAnnualPlanResponse annual_plan = Must(town_.Call(&Stub::GetAnnualPlan, Passer(), year));
  EXPECT_EQ(std::count_if(annual_plan.meetings().begin(), annual_plan.meetings().end(),
                          [](const auto& each) {
                            return each.kind() == pb::MEETING_KIND_ORDINARY &&
                                   each.state() != pb::MEETING_STATE_CANCELLED;
                          }),
            4);
  town_.Opened(town_.Called(third));
}

// ---- At the table ----

TEST_P(CouncilTest, AnApologySummonsTheDeputyWhoThenRepresentsTheSeat) {
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  pb::RegisterApologyRequest apology;
  apology.set_meeting_id(called.id());
  apology.set_seat_id(town_.user.id);
  apology.set_role(kPrincipal);
  EXPECT_REFUSED(town_.Call(&Stub::RegisterApology, Member(town_.kin.principal), apology), "FORBIDDEN");
  const auto registered = town_.Call(&Stub::RegisterApology, Member(town_.user.principal), apology);
  ASSERT_TRUE(registered.ok()) << registered.status();
  EXPECT_EQ(registered->summons().holder_id(), town_.user.deputy_holder);
  EXPECT_REFUSED(town_.Call(&Stub::RegisterApology, Secretary(), apology), "ALREADY_EXISTS");
  EXPECT_EQ(town_.EventsOf<pb::DeputySummoned>()[0].person_ref(), town_.user.deputy);
  const pb::Meeting meeting = town_.Opened(called);
  town_.Present(meeting, town_.user, kDeputy);
  town_.Present(meeting, town_.kin, kDeputy);  // only turned up
  const pb::AgendaItem item = town_.Item(meeting, "Doors");
  EXPECT_THAT(town_.Represented(item),
              UnorderedElementsAre(Pair(town_.user.id, "Bo"), Pair(town_.kin.id, ""), Pair(town_.leader.id, "")));
  const auto advised = Advise(item.id(), {town_.user.id});
  ASSERT_TRUE(advised.ok()) << advised.status();
  ASSERT_THAT(advised->representations(), SizeIs(1));
  EXPECT_EQ(advised->representations(0).basis(), pb::REPRESENTATION_BASIS_DEPUTY);
  town_.Ended(meeting);
  const std::string body = town_.Minuted(meeting).body();
  EXPECT_THAT(body, HasSubstr("**Deputies who met:** Bo for Anna (Mental Helse)."));
  EXPECT_THAT(body, HasSubstr("**Observers:** Dag (LPP)."));
  EXPECT_THAT(body, HasSubstr("**Votes:** for 1, against 0, blank 0"));
}

TEST_P(CouncilTest, ADeputyWhoIsAppointedAfterTheApologyIsSummonedThen) {
  const pb::Meeting first = town_.Called(town_.annual_plan[0]);
  town_.Apologised(first, town_.leader, kPrincipal);
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(0)) << "Eva has no deputy";
  town_.GoTo("2027-02-01");
  const std::string gry = SomePerson(), hal = SomePerson();
  const pb::SeatHolder deputy = town_.Appointed(town_.leader.id, kDeputy, gry, "Gry");
  ASSERT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1)) << "to the one that is called, not to later ones";
  const pb::DeputySummoned told = town_.EventsOf<pb::DeputySummoned>()[0];
  EXPECT_EQ(told.meeting_id(), first.id());
  EXPECT_EQ(told.person_ref(), gry);
  EXPECT_EQ(told.cause(), pb::SUMMONS_CAUSE_APOLOGY);
  EXPECT_EQ(town_.Meeting(first.id()).summonses(0).holder_id(), deputy.id());
  // She cannot come either; the seat is empty until somebody follows her.
  town_.Apologised(first, town_.leader, kDeputy);
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1));
  town_.Appointed(town_.leader.id, kDeputy, hal, "Hal");
  ASSERT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(2));
  EXPECT_EQ(town_.EventsOf<pb::DeputySummoned>()[1].person_ref(), hal);
  const pb::Meeting meeting = town_.Opened(first);
  town_.Present(meeting, town_.leader, kDeputy);
  EXPECT_THAT(town_.Represented(town_.Item(meeting, "Doors")), testing::Contains(Pair(town_.leader.id, "Hal")));
  town_.Appointed(town_.leader.id, kDeputy, SomePerson(), "Ida");
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(2)) << "it has begun";
}

TEST_P(CouncilTest, APrincipalWhoFollowsOneWhoApologisedIsExpectedThemself) {
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  town_.Apologised(called, town_.user, kPrincipal);
  ASSERT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1));
  TestSeat user = town_.user;
  user.principal = SomePerson();
  town_.Appointed(user.id, kPrincipal, user.principal, "Finn");
  town_.Appointed(user.id, kDeputy, SomePerson(), "Gry");
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1)) << "Finn can come";
  town_.Apologised(called, user, kPrincipal);
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(2));
  town_.Appointed(user.id, kPrincipal, SomePerson(), "Hal");
  const pb::Meeting meeting = town_.Opened(called);
  town_.Present(meeting, user, kDeputy);
  EXPECT_THAT(town_.Represented(town_.Item(meeting, "Doors")), testing::Contains(Pair(user.id, "")))
      << "Hal is expected, and Gry is an observer";
}

TEST_P(CouncilTest, ASeatOfTwoWhoApologisedStaysEmptyUnlessThePrincipalComesAfterAll) {
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  town_.Apologised(called, town_.user, kDeputy);
  town_.Apologised(called, town_.user, kPrincipal);
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(0));
  town_.Apologised(called, town_.kin, kPrincipal);
  town_.Apologised(called, town_.kin, kDeputy);  // summoned already, and cannot come
  const pb::Meeting meeting = town_.Opened(called);
  const pb::AgendaItem item = town_.Item(meeting, "Doors");
  for (const TestSeat& seat : {town_.user, town_.kin}) {
    town_.Present(meeting, seat, kDeputy);
    EXPECT_THAT(town_.Represented(item), testing::Contains(Pair(seat.id, ""))) << "only turned up";
  }
  town_.Present(meeting, town_.user, kPrincipal);
  EXPECT_THAT(town_.Represented(item), testing::Contains(Pair(town_.user.id, "Anna")));
  pb::SummonDeputyRequest summon;
  summon.set_meeting_id(meeting.id());
  summon.set_seat_id(town_.kin.id);
  EXPECT_DONE(town_.Call(&Stub::SummonDeputy, Secretary(), summon));
  EXPECT_THAT(town_.Represented(item), testing::Contains(Pair(town_.kin.id, "Dag"))) << "asked at the table";
}

TEST_P(CouncilTest, ADeputyIsSummonedOnceForOneNeedAndAnewAfterAPrincipalWhoWasExpected) {
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  town_.Apologised(called, town_.user, kPrincipal);
  ASSERT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1));
  pb::EndTermRequest end;
  end.set_holder_id(town_.user.principal_holder);
  end.set_reason_code("OWN_WISH");
  EXPECT_DONE(town_.Call(&Stub::EndTerm, Secretary(), end));
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1)) << "Bo knows";
  // Finn is expected, so Bo need not come, and is told.
  end.set_holder_id(town_.Appointed(town_.user.id, kPrincipal, SomePerson(), "Finn").id());
  ASSERT_THAT(town_.EventsOf<pb::SummonsVoided>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::SummonsVoided>()[0].summons_id(), town_.EventsOf<pb::DeputySummoned>()[0].summons_id());
  EXPECT_THAT(town_.Meeting(called.id()).summonses(), SizeIs(0));
  EXPECT_DONE(town_.Call(&Stub::EndTerm, Secretary(), end));
  ASSERT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(2));
  EXPECT_EQ(town_.EventsOf<pb::DeputySummoned>()[1].person_ref(), town_.user.deputy);
  EXPECT_EQ(town_.EventsOf<pb::DeputySummoned>()[1].cause(), pb::SUMMONS_CAUSE_VACANCY);
  EXPECT_THAT(town_.Meeting(called.id()).summonses(), SizeIs(1));
}

TEST_P(CouncilTest, ADeputyIsSummonedWhenTheSeatBecomesVacantAfterTheNotice) {
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  pb::EndTermRequest end;
  end.set_holder_id(town_.user.principal_holder);
  end.set_reason_code("OWN_WISH");
  EXPECT_DONE(town_.Call(&Stub::EndTerm, Member(town_.user.principal), end));
  ASSERT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::DeputySummoned>()[0].cause(), pb::SUMMONS_CAUSE_VACANCY);
  EXPECT_EQ(town_.EventsOf<pb::DeputySummoned>()[0].person_ref(), town_.user.deputy);
  // Moved to another day, they are summoned to that.
  pb::MoveMeetingRequest move;
  move.set_meeting_id(called.id());
  move.set_meeting_date("2027-02-24");
  move.set_start_time("18:00");
  move.set_place("there");
  move.set_reason("The room is taken.");
  EXPECT_DONE(town_.Call(&Stub::MoveMeeting, Secretary(), move));
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(2));
  EXPECT_THAT(town_.Meeting(called.id()).summonses(), SizeIs(1));
}

// [C3] An apology is a person's, and so is a summons: another term of the same person changes neither.
TEST_P(CouncilTest, WhatSomebodySaidAndWasAskedHoldsInTheirNextTerm) {
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  town_.Apologised(called, town_.user, kPrincipal);
  town_.Apologised(called, town_.kin, kDeputy);
  ASSERT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1));
  pb::EndTermRequest end;
  end.set_holder_id(town_.Appointed(town_.user.id, kPrincipal, town_.user.principal, "Anna").id());
  end.set_reason_code("OWN_WISH");
  const pb::SeatHolder bo = town_.Appointed(town_.user.id, kDeputy, town_.user.deputy, "Bo");
  town_.Appointed(town_.kin.id, kDeputy, town_.kin.deputy, "Dag");
  // Also where a day without a term lies between.
  EXPECT_DONE(town_.Call(&Stub::EndTerm, Secretary(), end));
  town_.GoTo("2027-01-25");
  town_.Appointed(town_.user.id, kPrincipal, town_.user.principal, "Anna");
  EXPECT_THAT(town_.EventsOf<pb::SummonsVoided>(), SizeIs(0));
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1)) << "Bo knows";
  pb::RegisterApologyRequest again;
  again.set_meeting_id(called.id());
  again.set_seat_id(town_.user.id);
  again.set_role(kPrincipal);
  EXPECT_REFUSED(town_.Call(&Stub::RegisterApology, Secretary(), again), "ALREADY_EXISTS");
  town_.Apologised(called, town_.kin, kPrincipal);
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1)) << "Dag has said that he cannot come";
  const pb::Meeting meeting = town_.Opened(called);
  std::map<std::string, pb::VotingSeat> seats;
  const pb::GetMeetingResponse opened = town_.Meeting(meeting.id());
  for (const pb::VotingSeat& seat : opened.seats()) seats[seat.seat_id()] = seat;
  EXPECT_EQ(seats[town_.user.id].principal_presence(), pb::PRESENCE_EXCUSED);
  EXPECT_EQ(seats[town_.user.id].deputy_id(), bo.id());
  EXPECT_TRUE(seats[town_.user.id].deputy_summoned());
  EXPECT_EQ(seats[town_.kin.id].deputy_presence(), pb::PRESENCE_EXCUSED);
  EXPECT_FALSE(seats[town_.kin.id].deputy_summoned());
  town_.Present(meeting, town_.user, kDeputy);
  EXPECT_THAT(town_.Represented(town_.Item(meeting, "Doors")), testing::Contains(Pair(town_.user.id, "Bo")));
}

// [C3] Who is no deputy any more is not asked to come, however their term ended; who follows them is, once.
TEST_P(CouncilTest, ASummonsIsVoidWhenTheTermOfItsDeputyEnds) {
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  town_.Apologised(called, town_.user, kPrincipal);
  const auto told = [&] {
    return absl::StrCat(town_.EventsOf<pb::DeputySummoned>().size(), " ", town_.EventsOf<pb::SummonsVoided>().size(),
                        " ", town_.Meeting(called.id()).summonses_size());
  };
  ASSERT_EQ(told(), "1 0 1");
  pb::EndTermRequest end;
  end.set_holder_id(town_.user.deputy_holder);
  end.set_reason_code("OWN_WISH");
  EXPECT_DONE(town_.Call(&Stub::EndTerm, Member(town_.user.deputy), end));
  ASSERT_EQ(told(), "1 1 0") << "Bo stepped down";
  town_.Appointed(town_.user.id, kDeputy, SomePerson(), "Gry");
  ASSERT_EQ(told(), "2 1 1");
  const std::string hal = SomePerson();
  town_.Appointed(town_.user.id, kDeputy, hal, "Hal");
  ASSERT_EQ(told(), "3 2 1") << "Gry need not come, Hal is asked to";
  EXPECT_EQ(town_.EventsOf<pb::DeputySummoned>()[2].person_ref(), hal);
  EXPECT_EQ(town_.EventsOf<pb::SummonsVoided>()[1].summons_id(), town_.EventsOf<pb::DeputySummoned>()[1].summons_id());
  pb::RetireSeatRequest retire;
  retire.set_seat_id(town_.user.id);
  EXPECT_DONE(town_.Call(&Stub::RetireSeat, Secretary(), retire));
  ASSERT_EQ(told(), "3 3 0") << "nobody is asked to a seat that the council has no more";
}

// [C6] What was asked for a meeting that has begun is part of it.
TEST_P(CouncilTest, ASummonsToAMeetingThatHasBegunStays) {
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  town_.Apologised(called, town_.user, kPrincipal);
  const pb::Meeting meeting = town_.Opened(called);
  town_.Appointed(town_.user.id, kDeputy, SomePerson(), "Gry");
  EXPECT_THAT(town_.EventsOf<pb::SummonsVoided>(), SizeIs(0));
  EXPECT_THAT(town_.Meeting(meeting.id()).summonses(), SizeIs(1));
}

TEST_P(CouncilTest, ASeatIsRepresentedOncePerItemOrNotAtAll) {
  const pb::Meeting meeting = OpenMeeting();
  const pb::AgendaItem item = town_.Item(meeting, "Doors");
  EXPECT_REFUSED(Advise(item.id(), {town_.user.id, town_.user.id}), "SEAT_REPRESENTED_TWICE");
  EXPECT_REFUSED(Advise(item.id(), {SomePerson()}), "NOT_ENTITLED");
  EXPECT_DONE(Advise(item.id(), {town_.user.id}));
  EXPECT_REFUSED(Advise(item.id(), {town_.user.id}), "ITEM_SETTLED");
  pb::ListSeatRepresentationsRequest list;
  list.set_agenda_item_id(item.id());
  const auto fixed = town_.Call(&Stub::ListSeatRepresentations, Staff(), list);
  EXPECT_TRUE(fixed->settled());
  EXPECT_THAT(fixed->representations(), SizeIs(3));
  // Who leaves afterwards does not change it.
  town_.Present(meeting, town_.user, kPrincipal, pb::PRESENCE_LEFT);
  EXPECT_THAT(town_.Represented(item), testing::Contains(Pair(town_.user.id, "Anna")));
}

TEST_P(CouncilTest, DisqualificationMovesTheSeatToTheDeputyForOneItem) {
  const pb::Meeting meeting = OpenMeeting();
  town_.Present(meeting, town_.user, kDeputy);
  const pb::AgendaItem own = town_.Item(meeting, "Her own house"), other = town_.Item(meeting, "Doors");
  pb::DeclareDisqualifiedRequest declare;
  declare.set_agenda_item_id(own.id());
  declare.set_seat_id(town_.user.id);
  declare.set_role(kPrincipal);
  declare.set_ground_code("PARTY");
  const auto declared = town_.Call(&Stub::DeclareDisqualified, Secretary(), declare);
  ASSERT_TRUE(declared.ok()) << declared.status();
  EXPECT_EQ(declared->summons().cause(), pb::SUMMONS_CAUSE_DISQUALIFICATION);
  EXPECT_THAT(town_.Represented(own), testing::Contains(Pair(town_.user.id, "Bo")));
  EXPECT_THAT(town_.Represented(other), testing::Contains(Pair(town_.user.id, "Anna")));
  town_.Advised(own);
  town_.Advised(other);
  EXPECT_REFUSED(town_.Call(&Stub::DeclareDisqualified, Secretary(), declare), "ITEM_SETTLED");
  pb::GetMeetingRequest get;
  get.set_meeting_id(meeting.id());
  for (const Who& who : {Staff(), Member(town_.kin.principal), Subscriber()}) {
    const auto read = town_.Call(&Stub::GetMeeting, who, get);
    ASSERT_THAT(read->disqualifications(), SizeIs(1));
    EXPECT_EQ(read->disqualifications(0).id(), declared->disqualification().id());
    EXPECT_EQ(read->disqualifications(0).ground_code(), "");
  }
  EXPECT_EQ(town_.Call(&Stub::GetMeeting, Secretary(), get)->disqualifications(0).ground_code(), "PARTY");
}

// Participants were those of today, not those of the meeting.
TEST_P(CouncilTest, OpengeverCore4876LaterChangesOfMembersDoNotChangeAnOpenMeeting) {
  const pb::Meeting meeting = OpenMeeting();
  const std::string finn = SomePerson();
  town_.Appointed(town_.user.id, kPrincipal, finn, "Finn");
  const pb::AgendaItem item = town_.Item(meeting, "Doors");
  EXPECT_THAT(town_.Represented(item), testing::Contains(Pair(town_.user.id, "Anna")));
  pb::RetireSeatRequest retire;
  retire.set_seat_id(town_.kin.id);
  EXPECT_DONE(town_.Call(&Stub::RetireSeat, Secretary(), retire));
  EXPECT_THAT(town_.Represented(item), SizeIs(3));
  town_.Registered(pb::SEAT_KIND_USER_ORGANISATION, "rio", "RIO");
  EXPECT_THAT(town_.Meeting(meeting.id()).seats(), SizeIs(3));
}

TEST_P(CouncilTest, TheSecretarySummonsTheDeputyOfOneWhoDidNotTurnUp) {
  const pb::Meeting meeting = town_.Opened(town_.Called(town_.annual_plan[0]));
  town_.Present(meeting, town_.user, kDeputy);
  const pb::AgendaItem item = town_.Item(meeting, "Doors");
  EXPECT_THAT(town_.Represented(item), testing::Contains(Pair(town_.user.id, "")));
  pb::SummonDeputyRequest summon;
  summon.set_meeting_id(meeting.id());
  summon.set_seat_id(town_.user.id);
  EXPECT_DONE(town_.Call(&Stub::SummonDeputy, Secretary(), summon));
  EXPECT_THAT(town_.Represented(item), testing::Contains(Pair(town_.user.id, "Bo")));
  town_.Present(meeting, town_.user, kPrincipal);
  EXPECT_THAT(town_.Represented(item), testing::Contains(Pair(town_.user.id, "Anna"))) << "she came late";
  EXPECT_REFUSED(town_.Call(&Stub::SummonDeputy, Secretary(), summon), "NO_APOLOGY");
}

TEST_P(CouncilTest, ADeputyIsSummonedToTheTableOnce) {
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  town_.Apologised(called, town_.user, kPrincipal);
  const pb::Meeting meeting = town_.Opened(called);
  pb::SummonDeputyRequest summon;
  summon.set_meeting_id(meeting.id());
  summon.set_seat_id(town_.user.id);
  EXPECT_REFUSED(town_.Call(&Stub::SummonDeputy, Secretary(), summon), "ALREADY_EXISTS") << "by the apology";
  summon.set_seat_id(town_.kin.id);
  EXPECT_DONE(town_.Call(&Stub::SummonDeputy, Secretary(), summon));
  EXPECT_REFUSED(town_.Call(&Stub::SummonDeputy, Secretary(), summon), "ALREADY_EXISTS");
  EXPECT_THAT(town_.Meeting(meeting.id()).summonses(), SizeIs(2));
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(2));
}

// Who was there stands in the minutes and may claim a fee, so a slip of the pen must not stay.
TEST_P(CouncilTest, PresenceIsPutRightUntilTheSeatWasRepresented) {
  const pb::Meeting meeting = town_.Opened(town_.Called(town_.annual_plan[0]));
  const auto mark = [&](const TestSeat& seat, pb::HolderRole role, pb::Presence presence) {
    pb::MarkPresenceRequest request;
    request.set_meeting_id(meeting.id());
    request.set_seat_id(seat.id);
    request.set_role(role);
    request.set_presence(presence);
    return town_.Call(&Stub::MarkPresence, Secretary(), request);
  };
  EXPECT_REFUSED(mark(town_.user, kPrincipal, pb::PRESENCE_LEFT), "NOT_PRESENT");
  EXPECT_DONE(mark(town_.user, kPrincipal, pb::PRESENCE_PRESENT));
  EXPECT_DONE(mark(town_.user, kPrincipal, pb::PRESENCE_ABSENT));
  EXPECT_REFUSED(mark(town_.user, kPrincipal, pb::PRESENCE_LEFT), "NOT_PRESENT");
  EXPECT_EQ(town_.EventsOf<pb::PresenceMarked>().back().presence(), pb::PRESENCE_ABSENT);
  town_.Present(meeting, town_.kin, kPrincipal);
  town_.Present(meeting, town_.kin, kDeputy);
  town_.Advised(town_.Item(meeting, "Doors"));
  EXPECT_REFUSED(mark(town_.kin, kPrincipal, pb::PRESENCE_ABSENT), "SEAT_REPRESENTED");
  EXPECT_REFUSED(mark(town_.kin, kPrincipal, pb::PRESENCE_EXCUSED), "SEAT_REPRESENTED");
  EXPECT_DONE(mark(town_.kin, kPrincipal, pb::PRESENCE_LEFT));
  EXPECT_DONE(mark(town_.kin, kDeputy, pb::PRESENCE_EXCUSED)) << "an observer represented nothing";
  town_.Ended(meeting);
  EXPECT_REFUSED(mark(town_.kin, kDeputy, pb::PRESENCE_ABSENT), "WRONG_STATE");
  const std::string body = town_.Minuted(meeting).body();
  EXPECT_THAT(body, HasSubstr("**Present:** Cara (LPP)."));
  EXPECT_THAT(body, HasSubstr("**Excused:** Dag (LPP)."));
  EXPECT_THAT(body, testing::ContainsRegex("Absent:[^\n]* Anna .Mental Helse.")) << "put right";
  pb::SubmitFeeClaimRequest claim;
  claim.set_meeting_id(meeting.id());
  EXPECT_REFUSED(town_.Call(&Stub::SubmitFeeClaim, Member(town_.user.principal), claim), "NOT_PRESENT");
  EXPECT_REFUSED(town_.Call(&Stub::SubmitFeeClaim, Member(town_.kin.deputy), claim), "NOT_PRESENT");
}

// ---- Agenda ----

TEST_P(CouncilTest, MembersProposeAndTheSecretarySchedules) {
  town_.GoTo("2027-02-03");
  pb::AddAgendaItemRequest add;
  add.set_meeting_id(town_.annual_plan[0].id());
  add.set_title("Warmer rooms");
  const auto proposed = town_.Call(&Stub::AddAgendaItem, Member(town_.user.principal), add);
  ASSERT_TRUE(proposed.ok()) << proposed.status();
  EXPECT_EQ(proposed->agenda_item().state(), pb::AGENDA_ITEM_STATE_PROPOSED);
  EXPECT_EQ(proposed->agenda_item().proposer_seat_id(), town_.user.id);
  const pb::AgendaItem second = town_.Item(town_.annual_plan[0], "Second");
  pb::ScheduleAgendaItemRequest schedule;
  schedule.set_agenda_item_id(second.id());
  schedule.set_position(1);
  EXPECT_DONE(town_.Call(&Stub::ScheduleAgendaItem, Secretary(), schedule));
  const auto agenda = town_.Meeting(town_.annual_plan[0].id()).agenda();
  EXPECT_EQ(agenda[0].title(), "Second");
  EXPECT_EQ(agenda[1].title(), "Warmer rooms");
  pb::SettleAgendaItemRequest withdraw;
  withdraw.set_agenda_item_id(proposed->agenda_item().id());
  withdraw.set_settlement(pb::SETTLEMENT_WITHDRAWN);
  withdraw.set_reason("It is warm now.");
  EXPECT_REFUSED(town_.Call(&Stub::SettleAgendaItem, Member(town_.kin.principal), withdraw), "FORBIDDEN");
  EXPECT_DONE(town_.Call(&Stub::SettleAgendaItem, Member(town_.user.principal), withdraw));
  town_.GoTo("2027-02-04");
  EXPECT_REFUSED(town_.Call(&Stub::AddAgendaItem, Member(town_.user.principal), add), "INPUT_TOO_LATE");
}

// [C13] A postponement is no way round the deadline, nor round the secretary, who schedules.
TEST_P(CouncilTest, WhatAMemberPostponesComesAsAProposalOfTheirsWould) {
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  pb::AddAgendaItemRequest add;
  add.set_meeting_id(town_.annual_plan[1].id());
  add.set_title("Warmer rooms");
  const Who anna = Member(town_.user.principal);
  pb::SettleAgendaItemRequest postpone;
  postpone.set_agenda_item_id(Must(town_.Call(&Stub::AddAgendaItem, anna, add)).agenda_item().id());
  postpone.set_settlement(pb::SETTLEMENT_POSTPONED);
  postpone.set_reason("Sooner, please.");
  postpone.set_to_meeting_id(called.id());
  town_.GoTo("2027-02-04");
  EXPECT_REFUSED(town_.Call(&Stub::SettleAgendaItem, anna, postpone), "INPUT_TOO_LATE");
  EXPECT_THAT(town_.Meeting(called.id()).agenda(), SizeIs(0));
  postpone.set_to_meeting_id(town_.annual_plan[2].id());
  const pb::AgendaItem later = Must(town_.Call(&Stub::SettleAgendaItem, anna, postpone)).new_item();
  EXPECT_EQ(later.state(), pb::AGENDA_ITEM_STATE_PROPOSED);
  EXPECT_EQ(later.proposer_seat_id(), town_.user.id);
  EXPECT_EQ(town_.EventsOf<pb::AgendaItemAdded>().back().state(), pb::AGENDA_ITEM_STATE_PROPOSED);
  postpone.set_agenda_item_id(later.id());
  postpone.set_to_meeting_id(called.id());
  EXPECT_EQ(Must(town_.Call(&Stub::SettleAgendaItem, Secretary(), postpone)).new_item().state(),
            pb::AGENDA_ITEM_STATE_SCHEDULED)
      << "the secretary may, and it is scheduled by that";
}

// A term ends before the role does: who holds no seat any more raises no matter of the council.
TEST_P(CouncilTest, WhoHoldsNoSeatRaisesNothingAsAMember) {
  pb::EndTermRequest end;
  end.set_holder_id(town_.user.principal_holder);
  end.set_reason_code("OWN_WISH");
  EXPECT_DONE(town_.Call(&Stub::EndTerm, Secretary(), end));
  const std::string id = town_.Dropped("Longer evenings", SomePerson());
  town_.Screened(id);
  pb::AddAgendaItemRequest add;
  add.set_meeting_id(town_.annual_plan[0].id());
  add.set_title("Longer evenings");
  pb::AddSuggestionRequest suggest;
  suggest.set_text("Warmer rooms");
  for (const Who& who : {Member(town_.user.principal), Member("")}) {
    add.clear_suggestion_id();
    EXPECT_REFUSED(town_.Call(&Stub::AddAgendaItem, who, add), "FORBIDDEN");
    add.set_suggestion_id(id);
    EXPECT_REFUSED(town_.Call(&Stub::AddAgendaItem, who, add), "FORBIDDEN");
    EXPECT_REFUSED(town_.Call(&Stub::AddSuggestion, who, suggest), "FORBIDDEN");
  }
  EXPECT_EQ(town_.Suggestion(id).state(), pb::SUGGESTION_STATE_RECEIVED);
  EXPECT_DONE(town_.Call(&Stub::AddAgendaItem, Member(town_.user.deputy), add)) << "a deputy is of the seat";
  EXPECT_DONE(town_.Call(&Stub::AddSuggestion, Member(town_.user.deputy), suggest));
  // What others said they may still write down, as staff may.
  suggest.set_assisted(true);
  EXPECT_DONE(town_.Call(&Stub::AddSuggestion, Member(town_.user.principal), suggest));
}

TEST_P(CouncilTest, APersonInAnyTextIsRefused) {
  pb::AddAgendaItemRequest add;
  add.set_meeting_id(town_.annual_plan[0].id());
  add.set_title("The case of " + SomePerson());
  const auto refused = town_.Call(&Stub::AddAgendaItem, Secretary(), add);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ViolationsOf(refused.status()).at(0).field, "title");
  pb::SubmitAnonymousSuggestionRequest drop;
  drop.set_receipt_code(SomePerson());
  drop.set_text("01019012480 should move");
  EXPECT_EQ(town_.Call(&Stub::SubmitAnonymousSuggestion, Passer(), drop).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(CouncilTest, APostponedItemComesAgainAtTheMeetingThatIsNamed) {
  const pb::Meeting meeting = OpenMeeting();
  const pb::AgendaItem item = town_.Item(meeting, "Doors");
  pb::SettleAgendaItemRequest postpone;
  postpone.set_agenda_item_id(item.id());
  postpone.set_settlement(pb::SETTLEMENT_POSTPONED);
  postpone.set_reason("No time.");
  postpone.set_to_meeting_id(town_.annual_plan[1].id());
  EXPECT_DONE(town_.Call(&Stub::SettleAgendaItem, Secretary(), postpone));
  EXPECT_EQ(town_.Meeting(town_.annual_plan[1].id()).agenda(0).title(), "Doors");
}

TEST_P(CouncilTest, PostponedFiguresLieBeforeTheMeetingThatIsNamedOrTheNextOne) {
  EXPECT_DONE(town_.service().db().Write([&](Tx& tx) {
    pb::FigureSet paper;
    paper.set_id(NewId(tx.now()));
    paper.set_source("housing");
    return Insert(tx, paper);
  }));
  const auto papers = [&](int meeting) { return town_.Meeting(town_.annual_plan[meeting].id()).papers_size(); };
  const auto postpone = [&](int meeting, std::string to) {
    pb::SettleAgendaItemRequest request;
    const auto agenda = town_.Meeting(town_.annual_plan[meeting].id()).agenda();
    for (const pb::AgendaItem& item : agenda) {
      if (item.kind() == pb::AGENDA_ITEM_KIND_FIGURES) request.set_agenda_item_id(item.id());
    }
    request.set_settlement(pb::SETTLEMENT_POSTPONED);
    request.set_reason("No time.");
    request.set_to_meeting_id(std::move(to));
    EXPECT_DONE(town_.Call(&Stub::SettleAgendaItem, Secretary(), request));
  };
  const pb::Meeting first = town_.Called(town_.annual_plan[0]);
  EXPECT_EQ(papers(0), 1);
  // Named none: not this meeting, whose opening would take what waits, but the next notice.
  postpone(0, "");
  EXPECT_EQ(town_.EventsOf<pb::FiguresPlaced>().back().meeting_id(), "");
  town_.Opened(first);
  EXPECT_EQ(papers(0), 0);
  EXPECT_THAT(town_.Meeting(first.id()).agenda(), SizeIs(1));
  town_.Opened(town_.Called(town_.annual_plan[1]));
  EXPECT_EQ(papers(1), 1);
  EXPECT_THAT(town_.Meeting(town_.annual_plan[1].id()).agenda(), SizeIs(1));
  postpone(1, town_.annual_plan[3].id());
  EXPECT_EQ(papers(1), 0);
  EXPECT_EQ(papers(3), 1);
  EXPECT_EQ(town_.EventsOf<pb::FiguresPlaced>().back().meeting_id(), town_.annual_plan[3].id());
  town_.Called(town_.annual_plan[2]);
  EXPECT_EQ(papers(2), 0);
  town_.Called(town_.annual_plan[3]);
  EXPECT_THAT(town_.Meeting(town_.annual_plan[3].id()).agenda(), SizeIs(1));
}

TEST_P(CouncilTest, PapersStayWhileAnItemOfFiguresIsLeftOnTheAgenda) {
  const auto arrive = [&] {
    EXPECT_DONE(town_.service().db().Write([&](Tx& tx) {
      pb::FigureSet paper;
      paper.set_id(NewId(tx.now()));
      paper.set_source("housing");
      paper.set_source_id(NewId(tx.now()));
      return Insert(tx, paper);
    }));
  };
  const auto papers = [&](int meeting) { return town_.Meeting(town_.annual_plan[meeting].id()).papers_size(); };
  const auto postpone_one = [&](int from, int to) {
    pb::SettleAgendaItemRequest request;
    const auto agenda = town_.Meeting(town_.annual_plan[from].id()).agenda();
    for (const pb::AgendaItem& item : agenda) {
      if (item.kind() == pb::AGENDA_ITEM_KIND_FIGURES && !IsSettled(item)) request.set_agenda_item_id(item.id());
    }
    request.set_settlement(pb::SETTLEMENT_POSTPONED);
    request.set_reason("No time.");
    request.set_to_meeting_id(town_.annual_plan[to].id());
    EXPECT_DONE(town_.Call(&Stub::SettleAgendaItem, Secretary(), request));
  };
  arrive();
  town_.Called(town_.annual_plan[0]);
  arrive();
  town_.Called(town_.annual_plan[1]);
  postpone_one(0, 1);
  ASSERT_EQ(papers(1), 2);
  ASSERT_THAT(town_.Meeting(town_.annual_plan[1].id()).agenda(), SizeIs(2)) << "two items of figures";
  postpone_one(1, 3);
  EXPECT_EQ(papers(1), 2) << "the other item is about them";
  EXPECT_EQ(papers(3), 0);
  postpone_one(1, 2);
  EXPECT_EQ(papers(1), 0);
  EXPECT_EQ(papers(2), 2);
}

TEST_P(CouncilTest, WhatWasDiscussedStandsInTheMinutesWhateverBecomesOfTheItem) {
  const pb::Meeting meeting = OpenMeeting();
  const pb::AgendaItem doors = town_.Item(meeting, "Doors"), windows = town_.Item(meeting, "Windows"),
                       floors = town_.Item(meeting, "Floors");
  town_.Discussed(doors, "They are heavy.");
  pb::RecordDiscussionRequest more;
  more.set_agenda_item_id(doors.id());
  more.set_discussion("They are heavy, and they slam.");
  more.set_expected_version(doors.version());
  EXPECT_REFUSED(town_.Call(&Stub::RecordDiscussion, Secretary(), more), "STALE_VERSION");
  more.clear_expected_version();
  const auto discussed = town_.Call(&Stub::RecordDiscussion, Secretary(), more);
  ASSERT_TRUE(discussed.ok()) << discussed.status();
  EXPECT_EQ(discussed->agenda_item().state(), pb::AGENDA_ITEM_STATE_DISCUSSED);
  more.set_discussion("What " + SomePerson() + " said");
  EXPECT_REFUSED(town_.Call(&Stub::RecordDiscussion, Secretary(), more), "INVALID_FIELD");
  const auto told = town_.EventsOf<pb::AgendaItemDiscussed>();
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[1].agenda_item_id(), doors.id());
  EXPECT_EQ(told[1].meeting_id(), meeting.id());
  town_.Discussed(windows, "They are old.");
  town_.Discussed(floors, "They are cold.");
  EXPECT_THAT(town_.Represented(doors), testing::Contains(Pair(town_.user.id, "Anna"))) << "not fixed by it";
  EXPECT_EQ(town_.Advised(doors).agenda_item().discussion(), "They are heavy, and they slam.");
  more.set_discussion("And loud.");
  EXPECT_REFUSED(town_.Call(&Stub::RecordDiscussion, Secretary(), more), "ITEM_SETTLED");
  pb::RecordAdviceRequest advise;
  advise.set_agenda_item_id(floors.id());
  advise.set_advice("Carpets.");
  advise.set_discussion("They are cold in winter.");
  EXPECT_EQ(town_.Call(&Stub::RecordAdvice, Secretary(), advise)->agenda_item().discussion(),
            "They are cold in winter.");
  town_.Ended(meeting);
  pb::FinaliseMeetingRequest close;
  close.set_meeting_id(meeting.id());
  EXPECT_REFUSED(town_.Call(&Stub::FinaliseMeeting, Secretary(), close), "ITEMS_UNDECIDED");
  pb::SettleAgendaItemRequest postpone;
  postpone.set_agenda_item_id(windows.id());
  postpone.set_settlement(pb::SETTLEMENT_POSTPONED);
  postpone.set_reason("No time.");
  postpone.set_to_meeting_id(town_.annual_plan[1].id());
  const auto postponed = town_.Call(&Stub::SettleAgendaItem, Secretary(), postpone);
  ASSERT_TRUE(postponed.ok()) << postponed.status();
  EXPECT_EQ(postponed->agenda_item().discussion(), "They are old.");
  EXPECT_EQ(postponed->new_item().state(), pb::AGENDA_ITEM_STATE_SCHEDULED) << "it begins anew";
  EXPECT_EQ(postponed->new_item().discussion(), "");
  const std::string body = town_.Minuted(meeting).body();
  EXPECT_THAT(body, HasSubstr("**Discussion:** They are heavy, and they slam.\n\n**Advice:** So the council advises."));
  EXPECT_THAT(body, HasSubstr("**Discussion:** They are old.\n\n**Postponed:** No time."));
  EXPECT_THAT(body, HasSubstr("**Discussion:** They are cold in winter."));
  town_.Closed(meeting);
}

TEST_P(CouncilTest, AnAdviceThatIsPutRightKeepsItsDiscussionUnlessAnotherIsGiven) {
  const pb::Meeting meeting = OpenMeeting();
  const pb::AgendaItem doors = town_.Item(meeting, "Doors");
  town_.Discussed(doors, "They are heavy.");
  town_.Advised(doors);
  town_.Ended(meeting);
  town_.Minuted(meeting);
  town_.Closed(meeting);
  EXPECT_DONE(Reopen(meeting));
  EXPECT_EQ(Advise(doors.id())->agenda_item().discussion(), "They are heavy.");
  const pb::AgendaItem other = town_.Meeting(meeting.id()).agenda(0);
  EXPECT_EQ(other.revision(), 1);
}

// ---- Closing, reopening, minutes ----

TEST_P(CouncilTest, AMeetingClosesWhenAllIsSettledAndTheMinutesAreOut) {
  const pb::Meeting meeting = OpenMeeting();
  const pb::AgendaItem item = town_.Item(meeting, "Doors");
  pb::FinaliseMeetingRequest close;
  close.set_meeting_id(meeting.id());
  EXPECT_REFUSED(town_.Call(&Stub::FinaliseMeeting, Secretary(), close), "WRONG_STATE");
  town_.Ended(meeting);
  EXPECT_REFUSED(town_.Call(&Stub::FinaliseMeeting, Secretary(), close), "ITEMS_UNDECIDED");
  EXPECT_REFUSED(Advise(item.id()), "WRONG_STATE");  // nobody sits there any more
  pb::SettleAgendaItemRequest settle;
  settle.set_agenda_item_id(item.id());
  settle.set_settlement(pb::SETTLEMENT_REFERRED_OUT);
  settle.set_reason("A matter of the landlord.");
  EXPECT_DONE(town_.Call(&Stub::SettleAgendaItem, Secretary(), settle));
  EXPECT_REFUSED(town_.Call(&Stub::FinaliseMeeting, Secretary(), close), "MINUTES_NOT_SENT");
  town_.Minuted(meeting);
  EXPECT_DONE(town_.Call(&Stub::FinaliseMeeting, Secretary(), close));
}

// opengever.core#4837: the members would hold minutes that do not say what was decided in the end.
TEST_P(CouncilTest, AMeetingIsNotClosedWithMinutesOlderThanItsRecord) {
  const pb::Meeting meeting = OpenMeeting();
  const pb::AgendaItem item = town_.Item(meeting, "Windows");
  town_.Ended(meeting);
  EXPECT_THAT(town_.Minuted(meeting).body(), HasSubstr("Undecided"));
  town_.service().clock().Advance(absl::Minutes(1));
  pb::SettleAgendaItemRequest settle;
  settle.set_agenda_item_id(item.id());
  settle.set_settlement(pb::SETTLEMENT_WITHDRAWN);
  settle.set_reason("They are mended.");
  EXPECT_DONE(town_.Call(&Stub::SettleAgendaItem, Secretary(), settle));
  pb::FinaliseMeetingRequest close;
  close.set_meeting_id(meeting.id());
  EXPECT_REFUSED(town_.Call(&Stub::FinaliseMeeting, Secretary(), close), "MINUTES_NOT_SENT");
  town_.Minuted(meeting, "What became of the windows.");
  EXPECT_DONE(town_.Call(&Stub::FinaliseMeeting, Secretary(), close));
}

TEST_P(CouncilTest, AReopenedMeetingIsNotClosedWithMinutesOlderThanItsRecord) {
  const pb::Meeting meeting = ClosedMeeting(town_.annual_plan[0]);
  EXPECT_DONE(Reopen(meeting));
  town_.Minuted(meeting, "A name was wrong.");
  town_.service().clock().Advance(absl::Minutes(1));
  EXPECT_DONE(Advise(town_.Meeting(meeting.id()).agenda(0).id()));
  pb::FinaliseMeetingRequest close;
  close.set_meeting_id(meeting.id());
  EXPECT_REFUSED(town_.Call(&Stub::FinaliseMeeting, Secretary(), close), "MINUTES_NOT_SENT");
}

TEST_P(CouncilTest, TheLastMinutesAreTheFirstItemAndAreApprovedOnce) {
  const pb::Meeting first = ClosedMeeting(town_.annual_plan[0]);
  EXPECT_REFUSED(Minutes(first.id(), Passer()), "NOT_FOUND");
  EXPECT_DONE(Minutes(first.id(), Member(town_.user.principal)));
  const pb::Meeting second = town_.Opened(town_.Called(town_.annual_plan[1]));
  const auto agenda = town_.Meeting(second.id()).agenda();
  ASSERT_EQ(agenda[0].kind(), pb::AGENDA_ITEM_KIND_MINUTES);
  const pb::AgendaItem item = town_.Item(second, "Windows");
  EXPECT_REFUSED(Advise(item.id()), "MINUTES_FIRST");
  pb::RecordDiscussionRequest discuss;
  discuss.set_agenda_item_id(item.id());
  discuss.set_discussion("They are old.");
  EXPECT_REFUSED(town_.Call(&Stub::RecordDiscussion, Secretary(), discuss), "MINUTES_FIRST");
  // The minutes themselves are talked about first, and are still in hand here: no other meeting takes them up.
  town_.Discussed(agenda[0], "All agree.");
  pb::PlanMeetingRequest plan;
  plan.mutable_meeting()->set_theme("A sudden closure");
  plan.mutable_meeting()->set_meeting_date("2027-06-02");
  plan.mutable_meeting()->set_start_time("12:00");
  plan.mutable_meeting()->set_place("here");
  const pb::Meeting extra = town_.Called(town_.Call(&Stub::PlanMeeting, Secretary(), plan)->meeting());
  EXPECT_THAT(town_.Meeting(extra.id()).agenda(), SizeIs(0));
  const pb::Minutes minutes = Minutes(first.id(), Staff())->minutes();
  town_.Approved(minutes, second);
  EXPECT_DONE(Minutes(first.id(), Passer()));
  EXPECT_DONE(Advise(item.id()));
  pb::ApproveMinutesRequest again;
  again.set_minutes_id(minutes.id());
  again.set_meeting_id(second.id());
  EXPECT_REFUSED(town_.Call(&Stub::ApproveMinutes, Secretary(), again), "WRONG_STATE");
  EXPECT_REFUSED(Reopen(first), "MINUTES_APPROVED");
}

// [C11] "Minutes approved once; corrections are new versions".
TEST_P(CouncilTest, ACorrectionOfApprovedMinutesReopensAndApprovesNothing) {
  const pb::Meeting first = ClosedMeeting(town_.annual_plan[0]);
  const pb::Meeting second = town_.Opened(town_.Called(town_.annual_plan[1]));
  town_.Approved(Minutes(first.id(), Staff())->minutes(), second);
  const pb::Minutes corrected = town_.Minuted(first, "A name was wrong.");
  EXPECT_REFUSED(Reopen(first), "MINUTES_APPROVED");
  EXPECT_EQ(Minutes(first.id(), Staff(), 1)->minutes().state(), pb::MINUTES_STATE_APPROVED);
  const pb::Meeting third = town_.Called(town_.annual_plan[2]);
  EXPECT_THAT(town_.Meeting(third.id()).agenda(), SizeIs(0));
  pb::ApproveMinutesRequest again;
  again.set_minutes_id(corrected.id());
  again.set_meeting_id(second.id());
  EXPECT_REFUSED(town_.Call(&Stub::ApproveMinutes, Secretary(), again), "MINUTES_APPROVED");
}

// [C11] "approval is first item of next meeting", whichever that becomes.
TEST_P(CouncilTest, TheMeetingThatComesFirstApprovesTheMinutes) {
  const pb::Meeting first = ClosedMeeting(town_.annual_plan[0]);
  const pb::Meeting second = town_.Called(town_.annual_plan[1]);
  const pb::AgendaItem approval = town_.Meeting(second.id()).agenda(0);
  pb::MoveMeetingRequest move;
  move.set_meeting_id(second.id());
  move.set_meeting_date("2027-10-20");
  move.set_start_time("12:00");
  move.set_place("here");
  move.set_reason("Too few can come.");
  EXPECT_DONE(town_.Call(&Stub::MoveMeeting, Secretary(), move));
  const pb::Meeting third = town_.Called(town_.annual_plan[2]);
  EXPECT_THAT(town_.Meeting(second.id()).agenda(), SizeIs(0));
  ASSERT_THAT(town_.Meeting(third.id()).agenda(), SizeIs(1));
  EXPECT_EQ(town_.Meeting(third.id()).agenda(0).id(), approval.id());
  const pb::AgendaItemScheduled told = town_.EventsOf<pb::AgendaItemScheduled>().back();
  EXPECT_EQ(told.meeting_id(), third.id());
  EXPECT_EQ(told.former_meeting_id(), second.id());
  town_.Approved(Minutes(first.id(), Staff())->minutes(), town_.Opened(third));
}

TEST_P(CouncilTest, AnApprovalThatWasPostponedStaysWithTheLaterMeeting) {
  const pb::Meeting first = ClosedMeeting(town_.annual_plan[0]);
  const pb::Meeting second = town_.Called(town_.annual_plan[1]);
  pb::SettleAgendaItemRequest settle;
  settle.set_agenda_item_id(town_.Meeting(second.id()).agenda(0).id());
  settle.set_settlement(pb::SETTLEMENT_POSTPONED);
  settle.set_reason("The secretary is ill.");
  settle.set_to_meeting_id(town_.annual_plan[2].id());
  EXPECT_DONE(town_.Call(&Stub::SettleAgendaItem, Secretary(), settle));
  town_.Opened(second);
  EXPECT_THAT(town_.Meeting(second.id()).agenda(), SizeIs(1)) << "the postponed one";
  EXPECT_THAT(town_.Meeting(town_.annual_plan[2].id()).agenda(), SizeIs(1));
}

// Minutes that were sent wait for their approval also where nobody has closed the meeting yet: that is seen at the
// table.
TEST_P(CouncilTest, SentMinutesOfAMeetingThatIsNotClosedAreOnTheNextAgenda) {
  const pb::Meeting first = OpenMeeting();
  town_.Ended(first);
  town_.Minuted(first);
  const pb::Meeting second = town_.Opened(town_.Called(town_.annual_plan[1]));
  ASSERT_THAT(town_.Meeting(second.id()).agenda(), SizeIs(1));
  pb::ApproveMinutesRequest approve;
  approve.set_minutes_id(Minutes(first.id(), Staff())->minutes().id());
  approve.set_meeting_id(second.id());
  EXPECT_REFUSED(town_.Call(&Stub::ApproveMinutes, Secretary(), approve), "WRONG_STATE");
  town_.Closed(first);
  EXPECT_DONE(town_.Call(&Stub::ApproveMinutes, Secretary(), approve));
}

TEST_P(CouncilTest, MinutesAreInTheWordsOfTheMandateThatTheirMeetingWasPlannedUnder) {
  const pb::Meeting before = ClosedMeeting(town_.annual_plan[0]);
  pb::SetMandateRequest set;
  *set.mutable_mandate() = TestMandate();
  pb::MinutesWords& words = *set.mutable_mandate()->mutable_minutes_words();
  words.set_title("Protokoll fra erfaringsrådet");
  words.set_figures("Tall fra tjenestene");
  words.set_approval_of("Godkjenning av protokollen fra");
  words.set_approved("Protokollen er godkjent.");
  words.set_advice(std::string(101, 'R'));
  const auto refused = town_.Call(&Stub::SetMandate, UnitLeader(), set);
  ASSERT_THAT(ViolationsOf(refused.status()), SizeIs(1));
  EXPECT_EQ(ViolationsOf(refused.status())[0].field, "mandate.minutes_words.advice");
  words.set_advice("Råd");
  EXPECT_DONE(town_.Call(&Stub::SetMandate, UnitLeader(), set));
  const pb::Mandate stored = town_.Call(&Stub::GetMandate, Staff(), pb::GetMandateRequest())->mandate();
  EXPECT_EQ(stored.minutes_words().approved(), "Protokollen er godkjent.");
  EXPECT_EQ(stored.minutes_words().items(), "") << "the English words are not part of it";

  pb::PlanMeetingRequest plan;
  plan.mutable_meeting()->set_theme("A sudden closure");
  plan.mutable_meeting()->set_meeting_date("2027-04-07");
  plan.mutable_meeting()->set_start_time("12:00");
  plan.mutable_meeting()->set_place("here");
  const pb::Meeting meeting = town_.Call(&Stub::PlanMeeting, Secretary(), plan)->meeting();
  EXPECT_DONE(town_.service().db().Write([&](Tx& tx) {
    pb::FigureSet paper;
    paper.set_id(NewId(tx.now()));
    paper.set_source("housing");
    return Insert(tx, paper);
  }));
  town_.Opened(town_.Called(meeting));
  town_.Approved(Minutes(before.id(), Staff())->minutes(), meeting);
  town_.Ended(meeting);
  const std::string body = town_.Minuted(meeting).body();
  EXPECT_THAT(body, HasSubstr("# Protokoll fra erfaringsrådet: A sudden closure\n"));
  EXPECT_THAT(body, HasSubstr("\n## Tall fra tjenestene\n"));
  EXPECT_THAT(body,
              HasSubstr("\n### 1. Godkjenning av protokollen fra 2027-02-10\n\n**Råd:** Protokollen er godkjent.\n"));
  EXPECT_THAT(body, HasSubstr("\n### 2. Tall fra tjenestene\n"));

  const std::string corrected = town_.Minuted(before, "A name was wrong.").body();
  EXPECT_THAT(corrected, HasSubstr("# Minutes of the experience council: A home\n"));
  EXPECT_THAT(corrected, HasSubstr("**Advice:** So the council advises.\n"));
}

TEST_P(CouncilTest, AReopenedMeetingKeepsWhatItSaidAndClosesWithNewMinutes) {
  const pb::Meeting first = ClosedMeeting(town_.annual_plan[0]);
  const auto agenda = town_.Meeting(first.id()).agenda();
  EXPECT_DONE(Reopen(first));
  EXPECT_REFUSED(Advise(agenda[0].id(), {town_.user.id}), "INVALID_FIELD");
  EXPECT_DONE(Advise(agenda[0].id()));
  pb::FinaliseMeetingRequest close;
  close.set_meeting_id(first.id());
  EXPECT_REFUSED(town_.Call(&Stub::FinaliseMeeting, Secretary(), close), "MINUTES_NOT_SENT");
  const pb::Minutes corrected = town_.Minuted(first, "The advice was written down wrongly.");
  EXPECT_EQ(corrected.minutes_version(), 2);
  EXPECT_THAT(corrected.body(), HasSubstr("So the council advises."));
  EXPECT_THAT(corrected.body(), HasSubstr("**Advice:** Yes."));
  town_.Closed(first);
  EXPECT_EQ(Minutes(first.id(), Staff(), 1)->minutes().state(), pb::MINUTES_STATE_CORRECTED);
  // A newer meeting that is closed stands in the way of another time.
  const pb::Meeting second = town_.Opened(town_.Called(town_.annual_plan[1]));
  town_.Approved(corrected, second);
  town_.Ended(second);
  town_.Minuted(second);
  town_.Closed(second);
  EXPECT_REFUSED(Reopen(first), "NEWER_MEETING_CLOSED");
}

// ---- You said – we did ----

TEST_P(CouncilTest, AMembersSuggestionGoesRoundTheWholeLoop) {
  pb::AddSuggestionRequest add;
  add.set_text("Somebody to call at night");
  const std::string id = town_.Call(&Stub::AddSuggestion, Member(town_.user.principal), add)->suggestion_id();
  EXPECT_EQ(town_.Suggestion(id).proposer_ref(), town_.user.principal);
  const pb::Meeting meeting = OpenMeeting();
  EXPECT_EQ(town_.Answered(id, meeting).state(), pb::SUGGESTION_STATE_ANSWERED);
  const pb::Action action = town_.ActionFor(id, "peer_support", "2027-04-01");
  pb::ReportBackRequest report;
  report.set_suggestion_id(id);
  report.set_report("There is a number now.");
  EXPECT_REFUSED(town_.Call(&Stub::ReportBack, Secretary(), report), "ACTIONS_OPEN");
  pb::UpdateActionRequest cancel;
  cancel.set_action_id(action.id());
  cancel.set_cancel_reason("The neighbours do it.");
  EXPECT_DONE(town_.Call(&Stub::UpdateAction, Secretary(), cancel));
  EXPECT_DONE(town_.Call(&Stub::ReportBack, Secretary(), report));
  pb::AnswerReportBackRequest answer;
  answer.set_suggestion_id(id);
  answer.set_confirmed(true);
  EXPECT_REFUSED(town_.Call(&Stub::AnswerReportBack, Secretary(), answer), "FORBIDDEN");
  EXPECT_DONE(town_.Call(&Stub::AnswerReportBack, Member(town_.user.principal), answer));
  EXPECT_THAT(town_.Call(&Stub::ListOpenLoops, Staff(), pb::ListOpenLoopsRequest())->open_loops(), SizeIs(0));
}

TEST_P(CouncilTest, TheLoopOfAMemberWhoLeftIsClosedByThoseWhoKeepTheCouncil) {
  pb::AddSuggestionRequest add;
  add.set_text("Somebody to call at night");
  const std::string id = Must(town_.Call(&Stub::AddSuggestion, Member(town_.user.principal), add)).suggestion_id();
  town_.Answered(id, OpenMeeting());
  ReportBack(id);
  pb::AnswerReportBackRequest answer;
  answer.set_suggestion_id(id);
  answer.set_confirmed(true);
  EXPECT_REFUSED(town_.Call(&Stub::AnswerReportBack, Secretary(), answer), "FORBIDDEN") << "Anna sits there";
  pb::EndTermRequest end;
  end.set_holder_id(town_.user.principal_holder);
  end.set_reason_code("MOVED_AWAY");
  EXPECT_DONE(town_.Call(&Stub::EndTerm, Secretary(), end));
  EXPECT_REFUSED(town_.Call(&Stub::AnswerReportBack, Member(town_.kin.principal), answer), "FORBIDDEN");
  EXPECT_DONE(town_.Call(&Stub::AnswerReportBack, Secretary(), answer));
  EXPECT_EQ(town_.Suggestion(id).state(), pb::SUGGESTION_STATE_CONFIRMED);
  EXPECT_THAT(Must(town_.Call(&Stub::ListOpenLoops, Staff(), pb::ListOpenLoopsRequest())).open_loops(), SizeIs(0));
  const size_t stale = town_.EventsOf<pb::LoopStale>().size();
  town_.GoDays(2 * TestMandate().stale_days());
  EXPECT_THAT(town_.EventsOf<pb::LoopStale>(), SizeIs(stale)) << "nobody is reminded any more";
  EXPECT_THAT(OutcomesLogged(town_, town_.user.principal, "AnswerReportBack"),
              UnorderedElementsAre("PERMISSION_DENIED", "PERMISSION_DENIED", "OK"));
}

TEST_P(CouncilTest, AnActionThatIsGivenByItsItemIsHeldToWhatWasAnsweredToTheSuggestion) {
  const pb::Meeting meeting = OpenMeeting();
  const std::string id = town_.Dropped("Longer evenings", SomePerson());
  town_.Screened(id);
  const pb::AgendaItem evenings = town_.Item(meeting, "Longer evenings", id), doors = town_.Item(meeting, "Doors");
  pb::CreateActionRequest create;
  create.set_agenda_item_id(evenings.id());
  create.set_owner_service("activities");
  create.set_title("Do it");
  create.set_due_date("2027-04-01");
  EXPECT_REFUSED(town_.Call(&Stub::CreateAction, Secretary(), create), "ITEM_NOT_ADVISED");
  town_.Advised(evenings);
  EXPECT_REFUSED(town_.Call(&Stub::CreateAction, Secretary(), create), "WRONG_STATE") << "nobody has answered it yet";
  pb::AnswerSuggestionRequest answer;
  answer.set_suggestion_id(id);
  answer.set_answer(pb::ANSWER_NO);
  answer.set_reason("No money.");
  EXPECT_DONE(town_.Call(&Stub::AnswerSuggestion, Secretary(), answer));
  EXPECT_REFUSED(town_.Call(&Stub::CreateAction, Secretary(), create), "NOT_AGREED");
  answer.set_answer(pb::ANSWER_YES);
  EXPECT_DONE(town_.Call(&Stub::AnswerSuggestion, Secretary(), answer));
  const pb::Action action = Must(town_.Call(&Stub::CreateAction, Secretary(), create)).action();
  EXPECT_EQ(action.suggestion_id(), id);
  Cancel(action);
  ReportBack(id);
  EXPECT_REFUSED(town_.Call(&Stub::CreateAction, Secretary(), create), "WRONG_STATE");
  AnswerReport(id, true);
  EXPECT_REFUSED(town_.Call(&Stub::CreateAction, Secretary(), create), "WRONG_STATE") << "the loop is closed";
  town_.Advised(doors);
  create.set_agenda_item_id(doors.id());
  EXPECT_EQ(Must(town_.Call(&Stub::CreateAction, Secretary(), create)).action().suggestion_id(), "")
      << "nobody suggested it";
}

TEST_P(CouncilTest, WhatWasDoneBeforeASuggestionWasReopenedDoesNotFinishItAgain) {
  const std::string id = town_.Dropped("Longer evenings", SomePerson());
  town_.Answered(id, OpenMeeting());
  const pb::Action first = town_.ActionFor(id, "activities", "2027-04-01");
  EXPECT_DONE(town_.service().db().Write([&](Tx& tx) -> absl::Status {  // what its owner says
    ASSIGN(pb::Action action, Load<pb::Action>(tx, first.id()));
    ApplyProgress(common::v1::ASSIGNED_ACTION_STATE_DONE, "2027-03-01", &action);
    TRY(Save(tx, action));
    pb::ActionUpdated event;
    event.set_action_id(action.id());
    event.set_owner_service(action.owner_service());
    event.set_state(action.state());
    return tx.Publish(event, action.id(), action.version());
  }));
  ReportBack(id);
  AnswerReport(id, false);
  const pb::Action second = town_.ActionFor(id, "activities", "2027-05-01");
  EXPECT_EQ(second.round(), 1);
  Cancel(town_.ActionFor(id, "activities", "2027-05-01"));
  EXPECT_EQ(town_.Suggestion(id).state(), pb::SUGGESTION_STATE_REOPENED) << "nothing was begun anew";
  Cancel(second);
  EXPECT_EQ(town_.Suggestion(id).state(), pb::SUGGESTION_STATE_REOPENED) << "nothing was done anew";
}

TEST_P(CouncilTest, StaffWriteDownWhatOthersSayAndSuggestNothingAsMembers) {
  const Who staff{{access::v1::ROLE_STAFF}, SomePerson(), ""};
  pb::AddSuggestionRequest add;
  add.set_text("Somebody to call at night");
  EXPECT_REFUSED(town_.Call(&Stub::AddSuggestion, staff, add), "FORBIDDEN");
  add.set_assisted(true);
  EXPECT_DONE(town_.Call(&Stub::AddSuggestion, staff, add));
  // The unit leader can answer the report back, so they may suggest.
  const Who leader{{access::v1::ROLE_UNIT_LEADER}, town_.leader.principal, ""};
  add.set_assisted(false);
  const std::string id = Must(town_.Call(&Stub::AddSuggestion, leader, add)).suggestion_id();
  town_.Answered(id, OpenMeeting());
  ReportBack(id);
  pb::AnswerReportBackRequest confirm;
  confirm.set_suggestion_id(id);
  confirm.set_confirmed(true);
  EXPECT_DONE(town_.Call(&Stub::AnswerReportBack, leader, confirm));
}

TEST_P(CouncilTest, AReceiptCodeShowsProgressAndAnswersTheReportBack) {
  const std::string code = SomePerson();
  const std::string id = town_.Dropped("Longer evenings", code);
  pb::SubmitAnonymousSuggestionRequest same;
  same.set_text("Another");
  same.set_receipt_code(code);
  EXPECT_REFUSED(town_.Call(&Stub::SubmitAnonymousSuggestion, Passer(), same), "ALREADY_EXISTS");
  pb::GetSuggestionByReceiptRequest follow;
  follow.set_receipt_code(code);
  EXPECT_EQ(town_.Call(&Stub::GetSuggestionByReceipt, Passer(), follow)->state(), pb::SUGGESTION_STATE_RECEIVED);
  const pb::Meeting meeting = OpenMeeting();
  town_.Answered(id, meeting);
  const auto progress = town_.Call(&Stub::GetSuggestionByReceipt, Passer(), follow);
  EXPECT_EQ(progress->answer(), pb::ANSWER_YES);
  EXPECT_EQ(progress->meeting_date(), "2027-02-10");
  pb::ReportBackRequest report;
  report.set_suggestion_id(id);
  report.set_report("Open until ten.");
  EXPECT_DONE(town_.Call(&Stub::ReportBack, Secretary(), report));
  pb::AnswerReportBackByReceiptRequest answer;
  answer.set_receipt_code(code);
  EXPECT_REFUSED(town_.Call(&Stub::AnswerReportBackByReceipt, Passer(), answer), "REASON_REQUIRED");
  answer.set_reason("On Fridays it still closes at eight.");
  EXPECT_EQ(town_.Call(&Stub::AnswerReportBackByReceipt, Passer(), answer)->state(), pb::SUGGESTION_STATE_REOPENED);
  EXPECT_EQ(town_.Suggestion(id).times_reopened(), 1);
  EXPECT_EQ(town_.Call(&Stub::GetSuggestionByReceipt, Passer(), follow)->meeting_date(), "");
  town_.Item(town_.annual_plan[1], "Fridays", id);
  follow.set_receipt_code(SomePerson());
  EXPECT_REFUSED(town_.Call(&Stub::GetSuggestionByReceipt, Passer(), follow), "NOT_FOUND");
}

// [C9] Screening comes before reading.
TEST_P(CouncilTest, WordsThatNobodyHasScreenedAreShownToThoseWhoScreenAndToWhoSaidThem) {
  const std::string code = SomePerson();
  const std::string boxed = town_.Dropped("Kari is too loud", code);
  const Who anna = Member(town_.user.principal), cara = Member(town_.kin.principal);
  pb::AddSuggestionRequest add;
  add.set_text("Anna's words");
  const std::string own = Must(town_.Call(&Stub::AddSuggestion, anna, add)).suggestion_id();
  add.set_text("What somebody told Anna");
  add.set_assisted(true);
  const std::string assisted = Must(town_.Call(&Stub::AddSuggestion, anna, add)).suggestion_id();
  const auto texts = [&](const Who& who) {
    std::map<std::string, std::string> listed;
    const auto list = Must(town_.Call(&Stub::ListSuggestions, who, pb::ListSuggestionsRequest()));
    for (const pb::Suggestion& suggestion : list.suggestions()) {
      listed[suggestion.id()] = suggestion.text();
      pb::GetSuggestionRequest get;
      get.set_suggestion_id(suggestion.id());
      EXPECT_EQ(Must(town_.Call(&Stub::GetSuggestion, who, get)).suggestion().text(), suggestion.text());
    }
    return listed;
  };
  const std::map<std::string, std::string> all = {
      {boxed, "Kari is too loud"}, {own, "Anna's words"}, {assisted, "What somebody told Anna"}};
  const std::map<std::string, std::string> none = {{boxed, ""}, {own, ""}, {assisted, ""}};
  for (const Who& who : {Staff(), Secretary(), UnitLeader()}) EXPECT_EQ(texts(who), all);
  EXPECT_EQ(texts(anna), (std::map<std::string, std::string>{{boxed, ""}, {own, "Anna's words"}, {assisted, ""}}));
  for (const Who& who : {cara, Subscriber(), Member("")}) EXPECT_EQ(texts(who), none);
  pb::GetSuggestionByReceiptRequest follow;
  follow.set_receipt_code(code);
  EXPECT_EQ(Must(town_.Call(&Stub::GetSuggestionByReceipt, Passer(), follow)).text(), "Kari is too loud")
      << "their own words";

  for (const std::string& id : {own, assisted}) town_.Screened(id);
  pb::ScreenSuggestionRequest screen;
  screen.set_suggestion_id(boxed);
  screen.set_screening(pb::SCREENING_SHORTENED);
  screen.set_text("It is too loud");
  EXPECT_DONE(town_.Call(&Stub::ScreenSuggestion, Staff(), screen));
  for (const Who& who : {cara, Subscriber()}) {
    EXPECT_EQ(texts(who),
              (std::map<std::string, std::string>{
                  {boxed, "It is too loud"}, {own, "Anna's words"}, {assisted, "What somebody told Anna"}}));
  }
}

// [C9] Where no list is in force any code is taken, but none that is a person.
TEST_P(CouncilTest, ACodeThatIsAPersonIsRefusedAndStoredNowhere) {
  const std::string person = SomePerson();
  const std::string id = town_.Dropped("Longer evenings", SomePerson());
  pb::RecordIndicatorRequest record;
  record.set_suggestion_id(id);
  record.set_code(person);
  record.set_phase(pb::PHASE_BEFORE);
  record.set_name("Who comes");
  record.set_measure_date("2026-11-01");
  EXPECT_REFUSED(town_.Call(&Stub::RecordIndicator, Staff(), record), "INVALID_FIELD");
  record.set_code("person." + person);
  EXPECT_REFUSED(town_.Call(&Stub::RecordIndicator, Staff(), record), "INVALID_FIELD");
  pb::EndTermRequest end;
  end.set_holder_id(town_.kin.deputy_holder);
  end.set_reason_code(person);
  EXPECT_REFUSED(town_.Call(&Stub::EndTerm, Secretary(), end), "INVALID_FIELD");
  const pb::Meeting meeting = OpenMeeting();
  pb::DeclareDisqualifiedRequest declare;
  declare.set_agenda_item_id(town_.Item(meeting, "Doors").id());
  declare.set_seat_id(town_.user.id);
  declare.set_role(pb::HOLDER_ROLE_PRINCIPAL);
  declare.set_ground_code(person);
  EXPECT_REFUSED(town_.Call(&Stub::DeclareDisqualified, Secretary(), declare), "INVALID_FIELD");
  pb::SetCodeListRequest list;
  list.set_kind(pb::CODE_LIST_KIND_END_REASON);
  list.add_entries()->set_code(person);
  list.mutable_entries(0)->set_name("Somebody");
  EXPECT_REFUSED(town_.Call(&Stub::SetCodeList, Secretary(), list), "INVALID_FIELD");
  pb::SetMandateRequest mandate;
  *mandate.mutable_mandate() = TestMandate();
  mandate.mutable_mandate()->add_action_owners(person);
  EXPECT_REFUSED(town_.Call(&Stub::SetMandate, UnitLeader(), mandate), "INVALID_FIELD");
  EXPECT_THAT(town_.WholeDatabase(), Not(HasSubstr(person)));
  record.set_code("SUNDAY_RUNNERS.2026-11");
  EXPECT_DONE(town_.Call(&Stub::RecordIndicator, Staff(), record));
}

TEST_P(CouncilTest, TheBoxIsBounded) {
  for (int i = 0; i < TestMandate().box_max(); ++i) town_.Dropped("Something", SomePerson());
  pb::SubmitAnonymousSuggestionRequest drop;
  drop.set_text("One too many");
  drop.set_receipt_code(SomePerson());
  EXPECT_REFUSED(town_.Call(&Stub::SubmitAnonymousSuggestion, Passer(), drop), "BOX_FULL");
  town_.Screened(town_.EventsOf<pb::SuggestionReceived>()[0].suggestion_id());
  EXPECT_DONE(town_.Call(&Stub::SubmitAnonymousSuggestion, Passer(), drop));
}

TEST_P(CouncilTest, WordsThatScreeningTookOutStandNowhereInTheDatabase) {
  const std::string id = town_.Dropped("Kari is too loud; thicker doors", SomePerson());
  pb::ScreenSuggestionRequest screen;
  screen.set_suggestion_id(id);
  screen.set_screening(pb::SCREENING_SHORTENED);
  screen.set_text("thicker doors");
  EXPECT_DONE(town_.Call(&Stub::ScreenSuggestion, Staff(), screen));
  EXPECT_EQ(town_.Suggestion(id).text(), "thicker doors");
  int stored = 0;
  EXPECT_TRUE(town_.service()
                  .db()
                  .Read([&](Tx& tx) -> absl::Status {
                    ASSIGN(const auto rows,
                           tx.Query<std::string>("SELECT response FROM requests UNION ALL SELECT text FROM suggestions "
                                                 "UNION ALL SELECT data FROM outbox"));
                    for (const auto& [value] : rows) {
                      std::string decoded;
                      if (!absl::Base64Unescape(value, &decoded)) decoded.clear();
                      EXPECT_THAT(value + decoded, Not(HasSubstr("Kari")));
                      stored += (value + decoded).find("thicker doors") != std::string::npos;
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_EQ(stored, 1) << "what is left stands in the suggestion, and only there";
}

// ---- Indicators, fees, statistics ----

TEST_P(CouncilTest, AMeasureBeforeAndAfterIsTiedToItsSuggestion) {
  const std::string id = town_.Dropped("Sundays, too", SomePerson());
  pb::RecordIndicatorRequest record;
  record.set_suggestion_id(id);
  record.set_code("SUNDAY_RUNNERS");
  record.set_phase(pb::PHASE_BEFORE);
  record.set_name("People who run on Sundays");
  record.set_value(0);
  record.set_measure_date("2026-11-01");
  EXPECT_DONE(town_.Call(&Stub::RecordIndicator, Staff(), record));
  record.set_phase(pb::PHASE_AFTER);
  record.set_value(14);
  record.set_measure_date("2027-05-01");
  EXPECT_DONE(town_.Call(&Stub::RecordIndicator, Staff(), record));
  pb::ListIndicatorsRequest list;
  list.set_suggestion_id(id);
  const auto indicators = town_.Call(&Stub::ListIndicators, Staff(), list);
  ASSERT_THAT(indicators->indicators(), SizeIs(1));
  EXPECT_EQ(indicators->indicators(0).after_value(), 14);
}

TEST_P(CouncilTest, AMemberClaimsTheFeeOnceAndSeesOnlyTheirOwn) {
  const pb::Meeting meeting = OpenMeeting();
  town_.Ended(meeting);
  pb::SubmitFeeClaimRequest claim;
  claim.set_meeting_id(meeting.id());
  claim.set_expense_ore(4200);
  const auto claimed = town_.Call(&Stub::SubmitFeeClaim, Member(town_.user.principal), claim);
  ASSERT_TRUE(claimed.ok()) << claimed.status();
  EXPECT_EQ(claimed->fee_claim().fee_ore(), 60000);
  EXPECT_REFUSED(town_.Call(&Stub::SubmitFeeClaim, Member(town_.user.principal), claim), "ALREADY_EXISTS");
  EXPECT_REFUSED(town_.Call(&Stub::SubmitFeeClaim, Member(town_.leader.principal), claim), "EMPLOYED");
  EXPECT_REFUSED(town_.Call(&Stub::SubmitFeeClaim, Member(town_.user.deputy), claim), "NOT_PRESENT");
  EXPECT_REFUSED(town_.Call(&Stub::SubmitFeeClaim, Member(SomePerson()), claim), "NOT_PRESENT");
  pb::DecideFeeClaimRequest decide;
  decide.set_fee_claim_id(claimed->fee_claim().id());
  decide.set_approved(true);
  EXPECT_DONE(town_.Call(&Stub::DecideFeeClaim, Secretary(), decide));
  EXPECT_REFUSED(town_.Call(&Stub::DecideFeeClaim, Secretary(), decide), "WRONG_STATE");
  const pb::ListFeeClaimsRequest list;
  EXPECT_THAT(town_.Call(&Stub::ListFeeClaims, Member(town_.user.principal), list)->fee_claims(), SizeIs(1));
  EXPECT_THAT(town_.Call(&Stub::ListFeeClaims, Member(town_.kin.principal), list)->fee_claims(), SizeIs(0));
  EXPECT_THAT(town_.Call(&Stub::ListFeeClaims, Member(""), list)->fee_claims(), SizeIs(0));
  // A service gets what it was told, and no more.
  EXPECT_EQ(town_.Call(&Stub::ListFeeClaims, Secretary(), list)->fee_claims(0).expense_ore(), 4200);
  const auto told = town_.Call(&Stub::ListFeeClaims, Subscriber(), list);
  ASSERT_THAT(told->fee_claims(), SizeIs(1));
  EXPECT_EQ(told->fee_claims(0).state(), pb::FEE_CLAIM_STATE_APPROVED);
  EXPECT_EQ(told->fee_claims(0).person_ref(), town_.user.principal);
  EXPECT_EQ(told->fee_claims(0).fee_ore(), 0);
  EXPECT_EQ(told->fee_claims(0).expense_ore(), 0);
  EXPECT_EQ(told->fee_claims(0).name(), "");
}

TEST_P(CouncilTest, StatisticsCountAnswersAttendanceAndTheUseOfDeputies) {
  const std::string id = town_.Dropped("Sundays, too", SomePerson());
  const pb::Meeting called = town_.Called(town_.annual_plan[0]);
  town_.Apologised(called, town_.user, kPrincipal);
  const pb::Meeting meeting = town_.Opened(called);
  town_.Present(meeting, town_.user, kDeputy);
  town_.Present(meeting, town_.leader, kPrincipal);
  town_.Answered(id, meeting);
  pb::GetCouncilStatisticsRequest request;
  request.set_from_date("2027-01-01");
  request.set_to_date("2027-12-31");
  const auto statistics = town_.Call(&Stub::GetCouncilStatistics, Staff(), request);
  ASSERT_TRUE(statistics.ok()) << statistics.status();
  EXPECT_EQ(statistics->answers_yes(), 1);
  EXPECT_EQ(statistics->answers_no(), 0);
  EXPECT_EQ(statistics->employed().present(), 1);
  EXPECT_EQ(statistics->not_employed().entitled(), 2);
  EXPECT_EQ(statistics->not_employed().present(), 0);
  std::map<std::string, std::string> uses;
  for (const pb::SeatUse& use : statistics->seats()) {
    uses[use.seat_name()] = absl::StrCat(use.by_principal(), " ", use.by_deputy(), " ", use.empty());
  }
  EXPECT_THAT(uses,
              ElementsAre(Pair("LPP", "0 0 1"), Pair("Mental Helse", "0 1 0"), Pair("Virksomhetsleder", "1 0 0")));
}

}  // namespace
}  // namespace mestring::council
