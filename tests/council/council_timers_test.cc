// What happens in the council because time passes, with a clock that obeys.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "tests/council/town.h"
#include "tests/support/contract_suite.h"

namespace mestring::council {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Stub = Town::Stub;

class ClockTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { ExpectVersionsAreTold(town_); }

  using Deadline = std::tuple<std::string, pb::DeadlineKind, std::string>;
  static Deadline Told(const pb::Meeting& meeting, pb::DeadlineKind kind, std::string due_date) {
    return {meeting.id(), kind, std::move(due_date)};
  }
  std::vector<Deadline> Missed() {
    std::vector<Deadline> missed;
    for (const auto& event : town_.EventsOf<pb::DeadlineMissed>()) {
      missed.emplace_back(event.meeting_id(), event.kind(), event.due_date());
    }
    return missed;
  }
  void Moved(const pb::Meeting& meeting, std::string date) {
    pb::MoveMeetingRequest move;
    move.set_meeting_id(meeting.id());
    move.set_meeting_date(std::move(date));
    move.set_start_time("18:00");
    move.set_place("there");
    move.set_reason("The room is taken.");
    Must(town_.Call(&Stub::MoveMeeting, Secretary(), move));
  }
  // Its last meeting is on 29 November, some days after the first terms end.
  pb::SetAnnualPlanResponse WheelOf2028() {
    pb::SetAnnualPlanRequest year;
    year.set_year(2028);
    for (const char* date : {"2028-02-09", "2028-05-10", "2028-09-13", "2028-11-29"}) {
      pb::PlannedMeeting* meeting = year.add_meetings();
      meeting->set_theme(date);
      meeting->set_meeting_date(date);
      meeting->set_start_time("17:00");
      meeting->set_place("Mestringsenheten");
    }
    return Must(town_.Call(&Stub::SetAnnualPlan, Secretary(), year));
  }

  Town town_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Engines, ClockTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(ClockTest, ATermRunsOutAndTheVacancyIsToldAndVisible) {
  const size_t before = town_.EventsOf<pb::SeatVacated>().size();
  town_.GoTo("2028-11-22");
  EXPECT_THAT(town_.EventsOf<pb::SeatVacated>(), SizeIs(before)) << "the last day of the term";
  town_.GoTo("2028-11-23");
  EXPECT_THAT(town_.EventsOf<pb::SeatVacated>(), SizeIs(before + 5));
  EXPECT_EQ(town_.EventsOf<pb::SeatVacated>().back().reason_code(), "TERM_OVER");
  EXPECT_EQ(town_.Call(&Stub::GetSeatMap, Staff(), {})->vacancies(), 6);
}

TEST_P(ClockTest, ATermThatRunsOutAfterTheNoticeSummonsTheDeputyWhoseOwnDoesNot) {
  const pb::Meeting last = WheelOf2028().meetings(3);
  town_.GoTo("2028-01-10");
  const std::string gry = SomePerson();
  town_.Appointed(town_.kin.id, pb::HOLDER_ROLE_DEPUTY, gry, "Gry");
  town_.Called(last);
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), IsEmpty());
  town_.GoTo("2028-11-23");  // Anna's term ends, and Bo's; Cara's, and not Gry's
  ASSERT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::DeputySummoned>()[0].person_ref(), gry);
  EXPECT_EQ(town_.EventsOf<pb::DeputySummoned>()[0].cause(), pb::SUMMONS_CAUSE_VACANCY);
}

TEST_P(ClockTest, ASummonsIsVoidWhenTheTermOfItsDeputyRunsOut) {
  const pb::Meeting last = WheelOf2028().meetings(3);
  town_.Called(last);
  town_.Apologised(last, town_.user, pb::HOLDER_ROLE_PRINCIPAL);
  town_.Appointed(town_.user.id, pb::HOLDER_ROLE_PRINCIPAL, town_.user.principal, "Anna");
  ASSERT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(1));
  town_.GoTo("2028-11-22");
  EXPECT_THAT(town_.EventsOf<pb::SummonsVoided>(), IsEmpty()) << "the last day of Bo's term";
  town_.GoTo("2028-11-23");
  ASSERT_THAT(town_.EventsOf<pb::SummonsVoided>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::SummonsVoided>()[0].summons_id(), town_.EventsOf<pb::DeputySummoned>()[0].summons_id());
  // His next term begins a day late, and Anna cannot come yet.
  town_.Appointed(town_.user.id, pb::HOLDER_ROLE_DEPUTY, town_.user.deputy, "Bo");
  EXPECT_THAT(town_.EventsOf<pb::DeputySummoned>(), SizeIs(2));
  EXPECT_THAT(town_.Meeting(last.id()).summonses(), SizeIs(1));
}

// [C13] Notice 21 days before the meeting, minutes 7 days after it.
TEST_P(ClockTest, ANoticeThatIsNotOutInTimeIsToldOnceForEachDueDate) {
  town_.GoTo("2027-01-20");
  EXPECT_THAT(Missed(), IsEmpty()) << "the last day of the notice";
  town_.GoTo("2027-01-23");  // three days of downtime
  EXPECT_THAT(Missed(), ElementsAre(Told(town_.annual_plan[0], pb::DEADLINE_KIND_NOTICE, "2027-01-20")));
  Moved(town_.annual_plan[0], "2027-02-10");  // another hour, not another day
  town_.GoTo("2027-01-25");
  EXPECT_THAT(Missed(), SizeIs(1));
  Moved(town_.annual_plan[0], "2027-03-10");
  town_.GoTo("2027-02-17");
  EXPECT_THAT(Missed(), SizeIs(1)) << "the last day of the other notice";
  town_.GoTo("2027-02-18");
  EXPECT_THAT(Missed(), ElementsAre(testing::_, Told(town_.annual_plan[0], pb::DEADLINE_KIND_NOTICE, "2027-02-17")));
  // To a day whose notice has passed already: who moves it there knows.
  Moved(town_.annual_plan[0], "2027-02-19");
  town_.GoTo("2027-03-01");
  EXPECT_THAT(Missed(), SizeIs(2));
}

TEST_P(ClockTest, WhatIsCalledMovedOrCancelledInTimeIsNotMissed) {
  town_.Called(town_.annual_plan[0]);
  town_.GoTo("2027-04-01");
  Moved(town_.annual_plan[1], "2027-06-09");
  pb::CancelMeetingRequest cancel;
  cancel.set_meeting_id(town_.annual_plan[2].id());
  cancel.set_reason("Too few can come.");
  EXPECT_DONE(town_.Call(&Stub::CancelMeeting, Secretary(), cancel));
  town_.GoTo("2027-05-19");  // of the second one as it was: 21 April; as it is: 19 May
  EXPECT_THAT(Missed(), IsEmpty());
  town_.GoTo("2027-11-01");  // of the third one: 25 August; of the fourth one: 3 November
  EXPECT_THAT(Missed(), ElementsAre(Told(town_.annual_plan[1], pb::DEADLINE_KIND_NOTICE, "2027-05-19")));
}

TEST_P(ClockTest, MinutesThatAreNotSentInTimeAreToldOnce) {
  const pb::Meeting first = town_.Ended(town_.Opened(town_.Called(town_.annual_plan[0])));
  pb::WriteMinutesRequest write;
  write.set_meeting_id(first.id());
  EXPECT_DONE(town_.Call(&Stub::WriteMinutes, Secretary(), write));
  town_.GoTo("2027-02-17");
  EXPECT_THAT(Missed(), IsEmpty());
  town_.GoTo("2027-02-25");  // after days of downtime
  EXPECT_THAT(Missed(), ElementsAre(Told(first, pb::DEADLINE_KIND_MINUTES, "2027-02-17"))) << "a draft is not sent";
  town_.Minuted(first);
  town_.Closed(first);
  const pb::Meeting second = town_.Ended(town_.Opened(town_.Called(town_.annual_plan[1])));
  town_.Minuted(second);
  town_.GoTo("2027-06-01");
  EXPECT_THAT(Missed(), SizeIs(1)) << "these were sent the same day";
}

TEST_P(ClockTest, AMeetingThatNobodyEndedHasNoMinutesEither) {
  const pb::Meeting open = town_.Opened(town_.Called(town_.annual_plan[0]));
  town_.GoTo("2027-02-18");
  EXPECT_THAT(Missed(), ElementsAre(Told(open, pb::DEADLINE_KIND_MINUTES, "2027-02-17")));
}

TEST_P(ClockTest, WhatIsDueIsListedUntilItIsDone) {
  const auto due = [&](std::string until, int page_size = 0) {
    pb::ListDeadlinesRequest request;
    request.set_until_date(std::move(until));
    request.set_page_size(page_size);
    std::vector<std::string> lines;
    do {
      const auto page = Must(town_.Call(&Stub::ListDeadlines, Staff(), request));
      for (const pb::Deadline& each : page.deadlines()) {
        lines.push_back(absl::StrCat(each.due_date(), " ", pb::DeadlineKind_Name(each.kind()).substr(14), " of ",
                                     each.meeting_date(), each.missed() ? " missed" : ""));
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return lines;
  };
  EXPECT_THAT(due(""), IsEmpty());
  const std::vector<std::string> spring = {"2027-01-20 NOTICE of 2027-02-10", "2027-02-03 INPUT of 2027-02-10",
                                           "2027-02-17 MINUTES of 2027-02-10", "2027-04-21 NOTICE of 2027-05-12"};
  EXPECT_EQ(due("2027-04-21"), spring);
  EXPECT_EQ(due("2027-04-21", 1), spring) << "page by page";
  town_.GoTo("2027-01-21");
  EXPECT_THAT(due(""), ElementsAre("2027-01-20 NOTICE of 2027-02-10 missed"));
  Moved(town_.annual_plan[0], "2027-02-24");
  const pb::Meeting meeting = town_.Opened(town_.Called(town_.Meeting(town_.annual_plan[0].id()).meeting()));
  EXPECT_THAT(due("2027-03-31"), ElementsAre("2027-03-03 MINUTES of 2027-02-24"));
  town_.Ended(meeting);
  town_.GoTo("2027-03-04");
  EXPECT_THAT(due(""), ElementsAre("2027-03-03 MINUTES of 2027-02-24 missed"));
  town_.Minuted(meeting);
  EXPECT_THAT(due(""), IsEmpty());
}

TEST_P(ClockTest, AnOverdueActionIsToldOnceForEachDueDate) {
  const std::string id = town_.Dropped("Sundays, too", SomePerson());
  const pb::Meeting meeting = town_.Opened(town_.Called(town_.annual_plan[0]));
  town_.Answered(id, meeting);
  const pb::Action action = town_.ActionFor(id, "activities", "2027-03-01");
  town_.GoTo("2027-03-01");
  EXPECT_THAT(town_.EventsOf<pb::ActionOverdue>(), IsEmpty());
  town_.GoTo("2027-03-04");  // three days of downtime
  ASSERT_THAT(town_.EventsOf<pb::ActionOverdue>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::ActionOverdue>()[0].due_date(), "2027-03-01");
  const auto loops = town_.Call(&Stub::ListOpenLoops, Staff(), pb::ListOpenLoopsRequest());
  ASSERT_THAT(loops->open_loops(), SizeIs(1));
  EXPECT_TRUE(loops->open_loops(0).overdue());
  EXPECT_THAT(loops->open_loops(0).owner_services(), ElementsAre("activities"));
  pb::UpdateActionRequest later;
  later.set_action_id(action.id());
  later.set_due_date("2027-04-01");
  EXPECT_DONE(town_.Call(&Stub::UpdateAction, Secretary(), later));
  town_.GoTo("2027-04-10");
  EXPECT_THAT(town_.EventsOf<pb::ActionOverdue>(), SizeIs(2));
}

TEST_P(ClockTest, AnOpenLoopIsStaleEveryNinetyDaysUntilItIsClosed) {
  const std::string stale = town_.Dropped("Longer evenings", SomePerson());
  const std::string away = town_.Dropped("My neighbour", SomePerson());
  pb::ScreenSuggestionRequest turn_away;
  turn_away.set_suggestion_id(away);
  turn_away.set_screening(pb::SCREENING_TURNED_AWAY);
  turn_away.set_reason("Talk to the staff of the house.");
  EXPECT_DONE(town_.Call(&Stub::ScreenSuggestion, Staff(), turn_away));
  town_.GoTo("2027-02-20");  // received on 23 November
  EXPECT_THAT(town_.EventsOf<pb::LoopStale>(), IsEmpty());
  town_.GoTo("2027-02-21");
  ASSERT_THAT(town_.EventsOf<pb::LoopStale>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::LoopStale>()[0].suggestion_id(), stale);
  EXPECT_EQ(town_.EventsOf<pb::LoopStale>()[0].open_days(), 90);
  town_.GoTo("2027-08-30");
  const auto told = town_.EventsOf<pb::LoopStale>();
  ASSERT_THAT(told, SizeIs(3)) << "also those that came due in one go";
  EXPECT_EQ(told[2].open_days(), 270);
}

}  // namespace
}  // namespace mestring::council
