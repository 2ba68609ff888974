// What happens in activities because time passes, with a clock that obeys.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/activities/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"
#include "tests/support/own_codes.h"

namespace mestring::activities {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Stub = Town::Stub;

class ClockTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override {
    ExpectVersionsAreTold(town_);
    ExpectReasonsAreNamed<pb::GetCodeListRequest, pb::CodeListKind>(town_);
  }

  Town town_{GetParam()};

  static absl::TimeZone Oslo() {
    absl::TimeZone oslo;
    EXPECT_TRUE(absl::LoadTimeZone("Europe/Oslo", &oslo));
    return oslo;
  }
  absl::StatusOr<pb::UnassignLeaderResponse> Unlead(const pb::Session& session) {
    pb::GetSessionRequest get;
    get.set_session_id(session.id());
    pb::UnassignLeaderRequest request;
    request.set_session_leader_id(Must(town_.Call(&Stub::GetSession, Staff(), get)).leaders(0).id());
    return town_.Call(&Stub::UnassignLeader, Staff(), request);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, ClockTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(ClockTest, ASessionBeginsAndEnds) {
  const pb::Session session = town_.Run(3);
  town_.GoTo(FromProto(session.start_time()) - absl::Seconds(1));
  EXPECT_EQ(town_.Session(session.id()).state(), pb::SESSION_STATE_OPEN);
  town_.GoTo(FromProto(session.start_time()));
  EXPECT_EQ(town_.Session(session.id()).state(), pb::SESSION_STATE_STARTED);
  town_.GoTo(FromProto(session.end_time()));
  EXPECT_EQ(town_.Session(session.id()).state(), pb::SESSION_STATE_DONE);
}

TEST_P(ClockTest, ASessionThatNobodyLeadsIsReportedAndDoesNotBegin) {
  const pb::Session session = town_.Run(3);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  EXPECT_DONE(Unlead(session));
  pb::ListSessionsRequest unled;
  unled.set_without_leader(true);
  EXPECT_THAT(town_.Call(&Stub::ListSessions, Staff(), unled)->sessions(), SizeIs(1));
  EXPECT_THAT(town_.EventsOf<pb::SessionLacksLeader>(), IsEmpty());
  town_.GoTo(FromProto(session.start_time()) - absl::Hours(48));
  EXPECT_THAT(town_.EventsOf<pb::SessionLacksLeader>(), SizeIs(1));
  town_.GoTo(FromProto(session.start_time()));
  EXPECT_EQ(town_.Session(session.id()).state(), pb::SESSION_STATE_CANCELLED);
  EXPECT_EQ(town_.Session(session.id()).cancel_reason_code(), kNoLeader.code);
  EXPECT_EQ(town_.Stored<pb::Enrolment>(enrolment.id()).state(), pb::ENROLMENT_STATE_SESSION_CANCELLED);
}

TEST_P(ClockTest, ASessionThatNobodyEverLedIsReportedWithANewVersion) {
  const pb::ScheduleSessionsRequest plan = town_.Plan(town_.Activity(pb::ACTIVITY_MODE_REGISTERED), 7, 3);
  const pb::Session session = Must(town_.Call(&Stub::ScheduleSessions, Staff(), plan)).sessions(0);
  town_.GoTo(FromProto(session.start_time()) - absl::Hours(48));
  EXPECT_THAT(town_.EventsOf<pb::SessionLacksLeader>(), SizeIs(1));
  EXPECT_GT(town_.Session(session.id()).version(), session.version());
}

TEST_P(ClockTest, WhoLeavesASessionShortBeforeItIsReportedAtOnce) {
  const pb::Session session = town_.Run(3, 1);
  EXPECT_DONE(Unlead(session));
  EXPECT_THAT(town_.EventsOf<pb::SessionLacksLeader>(), SizeIs(1));
}

// [A8] It would be cancelled at its start without anybody having been told.
TEST_P(ClockTest, ASessionThatNobodyLeadsAndThatIsMovedNearIsReportedAtOnce) {
  const pb::Session session = town_.Run(3);
  EXPECT_DONE(Unlead(session));
  pb::MoveSessionRequest move;
  move.set_session_id(session.id());
  move.set_date(PlusDays(town_.Today(), 4));
  move.set_time_of_day("18:00");
  EXPECT_DONE(town_.Call(&Stub::MoveSession, Staff(), move));
  EXPECT_THAT(town_.EventsOf<pb::SessionLacksLeader>(), IsEmpty()) << "its clock tells it";
  move.set_date(PlusDays(town_.Today(), 1));
  const pb::Session near = Must(town_.Call(&Stub::MoveSession, Staff(), move)).session();
  const auto told = town_.EventsOf<pb::SessionLacksLeader>();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].session_id(), session.id());
  EXPECT_EQ(FromProto(told[0].start_time()), FromProto(near.start_time()));
  EXPECT_EQ(town_.Session(session.id()).version(), near.version());
  town_.Staffed(session);
  move.set_time_of_day("19:00");
  EXPECT_DONE(town_.Call(&Stub::MoveSession, Staff(), move));
  EXPECT_THAT(town_.EventsOf<pb::SessionLacksLeader>(), SizeIs(1)) << "somebody leads it";
}

// Until approved anew, or for as long as they wish, a leader leads nothing: also not the weeks of a course that
// are still ahead, nor sees who takes part in it.
TEST_P(ClockTest, ALeaderWhoPausesLeadsTheRestOfACourseNoMoreAndItGoesOn) {
  const std::string person = SomePerson();
  const pb::LeaderPath path = town_.LeaderOf(person);
  pb::ScheduleSessionsRequest plan = town_.Plan(town_.Activity(pb::ACTIVITY_MODE_COURSE), 7, 3);
  plan.set_recurrence("FREQ=WEEKLY;COUNT=3");
  const pb::Session course = Must(town_.Call(&Stub::ScheduleSessions, Staff(), plan)).sessions(0);
  const pb::Session evening =
      Must(town_.Call(&Stub::ScheduleSessions, Staff(), town_.Plan(town_.Activity(pb::ACTIVITY_MODE_REGISTERED), 7, 3)))
          .sessions(0);
  pb::AssignLeaderRequest assign;
  assign.set_person_ref(person);
  for (const pb::Session& session : {course, evening}) {
    assign.set_session_id(session.id());
    EXPECT_DONE(town_.Call(&Stub::AssignLeader, Staff(), assign));
  }
  town_.Enrolled(course, SomePerson());
  const auto sees = [&](const pb::Session& session) {
    pb::ListEnrolmentsRequest list;
    list.set_session_id(session.id());
    return town_.Call(&Stub::ListEnrolments, Leader(person), list).status();
  };
  town_.GoTo(FromProto(course.start_time()));
  ASSERT_EQ(town_.Session(course.id()).state(), pb::SESSION_STATE_STARTED);
  EXPECT_DONE(sees(course));
  pb::PauseLeaderRequest pause;
  pause.set_leader_path_id(path.id());
  EXPECT_DONE(town_.Call(&Stub::PauseLeader, Leader(person), pause));
  EXPECT_REFUSED(sees(course), "NOT_FOUND");
  EXPECT_EQ(town_.Session(course.id()).state(), pb::SESSION_STATE_STARTED);
  ASSERT_THAT(town_.EventsOf<pb::SessionLacksLeader>(), SizeIs(1)) << "two weeks lie ahead";
  EXPECT_EQ(town_.EventsOf<pb::SessionLacksLeader>()[0].session_id(), course.id());
  EXPECT_DONE(sees(evening)) << "it is finished by who began it";

  town_.GoDays(7);
  pb::ListSessionsRequest unled;
  unled.set_without_leader(true);
  EXPECT_THAT(town_.Call(&Stub::ListSessions, Staff(), unled)->sessions(), SizeIs(1));
  town_.Staffed(course);
  EXPECT_EQ(town_.Session(course.id()).leaders(), 1);
  EXPECT_DONE(Unlead(course)) << "and whoever came instead can be replaced too";
  EXPECT_REFUSED(Unlead(evening), "WRONG_STATE");
  town_.GoTo(FromProto(course.end_time()));
  EXPECT_EQ(town_.Session(course.id()).state(), pb::SESSION_STATE_DONE);
  EXPECT_EQ(town_.Session(evening.id()).state(), pb::SESSION_STATE_DONE);
}

TEST_P(ClockTest, EnrolmentOpensAndCloses) {
  pb::ScheduleSessionsRequest plan = town_.Plan(town_.Activity(pb::ACTIVITY_MODE_REGISTERED), 10, 3);
  plan.set_opens_days_before(5);
  plan.set_closes_days_before(1);
  const pb::Session session = town_.Scheduled(plan).front();
  EXPECT_EQ(session.state(), pb::SESSION_STATE_PLANNED);
  const std::string person = SomePerson();
  EXPECT_REFUSED(town_.Enrol(session, Resident(person), person), "NOT_OPEN_YET");
  town_.GoTo(FromProto(session.enrol_from_time()));
  EXPECT_EQ(town_.Session(session.id()).state(), pb::SESSION_STATE_OPEN);
  EXPECT_THAT(town_.EventsOf<pb::SessionOpened>(), SizeIs(1));
  town_.Enrolled(session, person);
  town_.GoTo(FromProto(session.enrol_until_time()));
  const std::string late = SomePerson();
  EXPECT_REFUSED(town_.Enrol(session, Resident(late), late), "ENROLMENT_CLOSED");
}

TEST_P(ClockTest, AMovedSessionTakesItsClocksWithIt) {
  const pb::Session session = town_.Run(3);
  pb::MoveSessionRequest move;
  move.set_session_id(session.id());
  move.set_date(PlusDays(town_.Today(), 9));
  move.set_time_of_day("18:00");
  EXPECT_DONE(town_.Call(&Stub::MoveSession, Staff(), move));
  town_.GoTo(FromProto(session.start_time()));
  EXPECT_EQ(town_.Session(session.id()).state(), pb::SESSION_STATE_OPEN);
  town_.GoDays(3);
  EXPECT_EQ(town_.Session(session.id()).state(), pb::SESSION_STATE_DONE);
}

// S1, S2: as they were tried.
TEST_P(ClockTest, ARecurrenceEndsAndEnrolmentClosesByTheCalendar) {
  pb::ScheduleSessionsRequest plan = town_.Plan(town_.Activity(pb::ACTIVITY_MODE_REGISTERED), 10, 3);
  plan.set_first_date("2028-07-01");
  plan.set_recurrence("FREQ=DAILY;UNTIL=20280703");
  EXPECT_EQ(town_.Scheduled(plan).size(), 3);
  plan.set_first_date("2029-03-26");
  plan.clear_recurrence();
  plan.set_closes_days_before(2);
  const pb::Session session = town_.Scheduled(plan).at(0);
  EXPECT_EQ(session.enrol_until_time().seconds(),
            absl::ToUnixSeconds(absl::FromCivil(absl::CivilSecond(2029, 3, 24, 17, 0, 0), absl::UTCTimeZone())));
  pb::MoveSessionRequest move;
  move.set_session_id(session.id());
  move.set_date("2029-03-24");
  move.set_time_of_day("18:00");
  move.set_duration_minutes(24 * 60);
  EXPECT_DONE(town_.Call(&pb::ActivityService::Stub::MoveSession, Staff(), move));
  move.set_date("2029-03-25");
  move.clear_duration_minutes();
  EXPECT_DONE(town_.Call(&pb::ActivityService::Stub::MoveSession, Staff(), move));
  const pb::Session moved = town_.Session(session.id());
  EXPECT_EQ(FromProto(moved.end_time()) - FromProto(moved.start_time()), absl::Hours(24)) << "as long as before";
}

TEST_P(ClockTest, ASessionThatIsMovedBeforeItsOpeningOpensAllTheSame) {
  pb::ScheduleSessionsRequest plan = town_.Plan(town_.Activity(pb::ACTIVITY_MODE_REGISTERED), 30, 3);
  plan.set_opens_days_before(10);
  plan.set_closes_days_before(1);
  const auto move = [&](const pb::Session& session, int days) {
    pb::MoveSessionRequest request;
    request.set_session_id(session.id());
    request.set_date(PlusDays(town_.Today(), days));
    request.set_time_of_day("18:00");
    return Must(town_.Call(&Stub::MoveSession, Staff(), request)).session();
  };
  const pb::Session earlier = move(town_.Scheduled(plan).front(), 15), later = move(town_.Scheduled(plan).front(), 40);
  const pb::Session at_once = move(town_.Scheduled(plan).front(), 5);
  EXPECT_EQ(FromProto(at_once.enrol_from_time()), town_.Now());
  town_.GoDays(0);
  EXPECT_EQ(town_.Session(at_once.id()).state(), pb::SESSION_STATE_OPEN) << "its ten days have begun";
  EXPECT_EQ(town_.Session(earlier.id()).state(), pb::SESSION_STATE_PLANNED);
  town_.Enrolled(at_once, SomePerson());
  town_.GoTo(FromProto(earlier.enrol_from_time()));
  EXPECT_EQ(town_.Today(), "2026-11-28");
  EXPECT_EQ(town_.Session(earlier.id()).state(), pb::SESSION_STATE_OPEN);
  town_.GoDays(20);
  EXPECT_EQ(town_.Session(later.id()).state(), pb::SESSION_STATE_PLANNED) << "the old day of opening is over";
  town_.GoTo(FromProto(later.enrol_from_time()));
  EXPECT_EQ(town_.Session(later.id()).state(), pb::SESSION_STATE_OPEN);
}

TEST_P(ClockTest, WhoHasNotPaidTheOwnShareIsToldOfOnceAndKeepsTheSeat) {
  const pb::Session camp = town_.Camp();
  const pb::Enrolment paid = town_.Enrolled(camp, SomePerson()), late = town_.Enrolled(camp, SomePerson());
  const pb::Enrolment withdrawn = town_.Enrolled(camp, SomePerson());
  EXPECT_DONE(town_.Paid(paid));
  town_.Withdrawn(withdrawn);
  const absl::Time due = absl::FromCivil(absl::CivilDay(Day(camp.pay_by_date())) + 1, Oslo());
  town_.GoTo(due - absl::Seconds(1));
  EXPECT_THAT(town_.EventsOf<pb::OwnShareOverdue>(), IsEmpty()) << "the day is not over";
  town_.GoTo(due);
  const auto overdue = town_.EventsOf<pb::OwnShareOverdue>();
  ASSERT_THAT(overdue, SizeIs(1));
  EXPECT_EQ(overdue[0].enrolment_id(), late.id());
  EXPECT_EQ(overdue[0].session_id(), camp.id());
  EXPECT_EQ(overdue[0].activity_id(), camp.activity_id());
  EXPECT_EQ(overdue[0].person_ref(), late.person_ref());
  const pb::Enrolment after = town_.Stored<pb::Enrolment>(late.id());
  EXPECT_EQ(after.state(), pb::ENROLMENT_STATE_CONFIRMED);
  EXPECT_EQ(after.own_share_overdue_date(), camp.pay_by_date());
  town_.PayBy(camp, camp.pay_by_date());
  town_.GoDays(3);
  EXPECT_THAT(town_.EventsOf<pb::OwnShareOverdue>(), SizeIs(1)) << "the same day, set again, was told of";
  EXPECT_DONE(town_.Paid(late)) << "late, and welcome";
}

TEST_P(ClockTest, ANewDayToPayByMovesTheClockAndNoneStopsIt) {
  const pb::Session camp = town_.Camp(), other = town_.Camp();
  const pb::Enrolment seat = town_.Enrolled(camp, SomePerson());
  town_.Enrolled(other, SomePerson());
  const std::string later = PlusDays(camp.pay_by_date(), 5);
  town_.PayBy(camp, later);
  town_.PayBy(other, "");
  town_.GoTo(later);
  EXPECT_THAT(town_.EventsOf<pb::OwnShareOverdue>(), IsEmpty());
  town_.GoDays(1);
  ASSERT_THAT(town_.EventsOf<pb::OwnShareOverdue>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::OwnShareOverdue>()[0].enrolment_id(), seat.id());
  town_.PayBy(camp, PlusDays(town_.Today(), 1));
  town_.GoDays(2);
  EXPECT_THAT(town_.EventsOf<pb::OwnShareOverdue>(), SizeIs(2)) << "more time was given, and went by";
}

TEST_P(ClockTest, NobodyIsLateForACancelledCamp) {
  const pb::Session camp = town_.Camp();
  town_.Enrolled(camp, SomePerson());
  pb::CancelSessionRequest cancel;
  cancel.set_session_id(camp.id());
  cancel.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::CancelSession, Staff(), cancel));
  town_.GoDays(20);
  EXPECT_THAT(town_.EventsOf<pb::OwnShareOverdue>(), IsEmpty());
}

TEST_P(ClockTest, AfterDaysOfDowntimeALateOwnShareIsToldOfOnce) {
  const pb::Session camp = town_.Camp();
  const pb::Enrolment seat = town_.Enrolled(camp, SomePerson());
  EXPECT_DONE(town_.Paid(town_.Enrolled(camp, SomePerson())));
  town_.service().Stop();
  town_.service().clock().Advance(absl::Hours(24 * 20));
  town_.service().Restart();
  town_.GoDays(0);
  town_.GoDays(1);
  ASSERT_THAT(town_.EventsOf<pb::OwnShareOverdue>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::OwnShareOverdue>()[0].enrolment_id(), seat.id());
}

// Offers run out one after the other, and none is made for what has begun meanwhile.
TEST_P(ClockTest, ThreeDaysOfDowntimeAreCaughtUpInOrder) {
  const pb::Session soon = town_.Run(1, 2), later = town_.Run(1, 9);
  std::vector<pb::Enrolment> enrolled;
  std::vector<pb::WaitEntry> first, second;
  for (const pb::Session& session : {soon, later}) {
    enrolled.push_back(town_.Enrolled(session, SomePerson()));
    first.push_back(town_.Waiting(session, SomePerson()));
    second.push_back(town_.Waiting(session, SomePerson()));
  }
  for (const pb::Enrolment& enrolment : enrolled) town_.Withdrawn(enrolment);
  town_.service().Stop();
  town_.service().clock().Advance(absl::Hours(72));
  town_.service().Restart();
  town_.GoDays(0);
  EXPECT_EQ(town_.Session(soon.id()).state(), pb::SESSION_STATE_DONE);
  EXPECT_EQ(town_.StateOf(first[0]), pb::WAIT_ENTRY_STATE_EXPIRED);
  EXPECT_EQ(town_.StateOf(second[0]), pb::WAIT_ENTRY_STATE_EXPIRED) << "it has begun: nothing passes on";
  EXPECT_EQ(town_.StateOf(first[1]), pb::WAIT_ENTRY_STATE_EXPIRED);
  EXPECT_EQ(town_.StateOf(second[1]), pb::WAIT_ENTRY_STATE_OFFERED);
  const pb::WaitEntry offered = town_.Stored<pb::WaitEntry>(second[1].id());
  EXPECT_EQ(FromProto(offered.offer_expire_time()) - FromProto(offered.update_time()), absl::Hours(24))
      << "a full day to answer, from now";
  EXPECT_THAT(town_.EventsOf<pb::SeatOffered>(), SizeIs(3));
}

}  // namespace
}  // namespace mestring::activities
