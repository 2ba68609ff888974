// What happens in the council because time passes, with a clock that obeys.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/council/room.h"

namespace mestring::council {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Stub = Room::Stub;

class ClockTest : public testing::TestWithParam<const char*> {
 protected:
  Room room_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Engines, ClockTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(ClockTest, ATermRunsOutAndTheVacancyIsToldAndVisible) {
  const size_t before = room_.EventsOf<pb::SeatVacated>().size();
  room_.GoTo("2028-11-22");
  EXPECT_THAT(room_.EventsOf<pb::SeatVacated>(), SizeIs(before)) << "the last day of the term";
  room_.GoTo("2028-11-23");
  EXPECT_THAT(room_.EventsOf<pb::SeatVacated>(), SizeIs(before + 5));
  EXPECT_EQ(room_.EventsOf<pb::SeatVacated>().back().reason_code(), "TERM_OVER");
  EXPECT_EQ(room_.Call(&Stub::GetSeatMap, Staff(), {})->vacancies(), 6);
}

TEST_P(ClockTest, ATermThatRunsOutAfterTheNoticeSummonsTheDeputyWhoseOwnDoesNot) {
  pb::SetYearWheelRequest year;
  year.set_year(2028);
  for (const char* date : {"2028-02-09", "2028-05-10", "2028-09-13", "2028-11-29"}) {
    pb::PlannedMeeting* meeting = year.add_meetings();
    meeting->set_theme(date);
    meeting->set_meeting_date(date);
    meeting->set_start_time("17:00");
    meeting->set_place("Mestringsenheten");
  }
  const pb::Meeting last = Must(room_.Call(&Stub::SetYearWheel, Secretary(), year)).meetings(3);
  room_.GoTo("2028-01-10");
  const std::string gry = SomePerson();
  room_.Appointed(room_.kin.id, pb::HOLDER_ROLE_DEPUTY, gry, "Gry");
  room_.Called(last);
  EXPECT_THAT(room_.EventsOf<pb::DeputySummoned>(), IsEmpty());
  room_.GoTo("2028-11-23");  // Anna's term ends, and Bo's; Cara's, and not Gry's
  ASSERT_THAT(room_.EventsOf<pb::DeputySummoned>(), SizeIs(1));
  EXPECT_EQ(room_.EventsOf<pb::DeputySummoned>()[0].person_ref(), gry);
  EXPECT_EQ(room_.EventsOf<pb::DeputySummoned>()[0].cause(), pb::SUMMONS_CAUSE_VACANCY);
}

TEST_P(ClockTest, AnOverdueActionIsToldOnceForEachDueDate) {
  const std::string id = room_.Dropped("Sundays, too", SomePerson());
  const pb::Meeting meeting = room_.Opened(room_.Called(room_.wheel[0]));
  room_.Answered(id, meeting);
  const pb::Action action = room_.ActionFor(id, "activities", "2027-03-01");
  room_.GoTo("2027-03-01");
  EXPECT_THAT(room_.EventsOf<pb::ActionOverdue>(), IsEmpty());
  room_.GoTo("2027-03-04");  // three days of downtime
  ASSERT_THAT(room_.EventsOf<pb::ActionOverdue>(), SizeIs(1));
  EXPECT_EQ(room_.EventsOf<pb::ActionOverdue>()[0].due_date(), "2027-03-01");
  const auto loops = room_.Call(&Stub::ListOpenLoops, Staff(), pb::ListOpenLoopsRequest());
  ASSERT_THAT(loops->open_loops(), SizeIs(1));
  EXPECT_TRUE(loops->open_loops(0).overdue());
  EXPECT_THAT(loops->open_loops(0).owner_services(), ElementsAre("activities"));
  pb::UpdateActionRequest later;
  later.set_action_id(action.id());
  later.set_due_date("2027-04-01");
  EXPECT_DONE(room_.Call(&Stub::UpdateAction, Secretary(), later));
  room_.GoTo("2027-04-10");
  EXPECT_THAT(room_.EventsOf<pb::ActionOverdue>(), SizeIs(2));
}

TEST_P(ClockTest, AnOpenLoopIsStaleEveryNinetyDaysUntilItIsClosed) {
  const std::string stale = room_.Dropped("Longer evenings", SomePerson());
  const std::string away = room_.Dropped("My neighbour", SomePerson());
  pb::ScreenSuggestionRequest turn_away;
  turn_away.set_suggestion_id(away);
  turn_away.set_screening(pb::SCREENING_TURNED_AWAY);
  turn_away.set_reason("Talk to the staff of the house.");
  EXPECT_DONE(room_.Call(&Stub::ScreenSuggestion, Staff(), turn_away));
  room_.GoTo("2027-02-20");  // received on 23 November
  EXPECT_THAT(room_.EventsOf<pb::LoopStale>(), IsEmpty());
  room_.GoTo("2027-02-21");
  ASSERT_THAT(room_.EventsOf<pb::LoopStale>(), SizeIs(1));
  EXPECT_EQ(room_.EventsOf<pb::LoopStale>()[0].suggestion_id(), stale);
  EXPECT_EQ(room_.EventsOf<pb::LoopStale>()[0].open_days(), 90);
  room_.GoTo("2027-08-30");
  const auto told = room_.EventsOf<pb::LoopStale>();
  ASSERT_THAT(told, SizeIs(3)) << "also those that came due in one go";
  EXPECT_EQ(told[2].open_days(), 270);
}

}  // namespace
}  // namespace mestring::council
