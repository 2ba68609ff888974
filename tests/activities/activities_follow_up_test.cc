// Being asked after by wish, through the real stub, on both engines.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/activities/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"

namespace mestring::activities {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Stub = Town::Stub;

class FollowUpTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { ExpectVersionsAreTold(town_); }

  Town town_{GetParam()};
  const std::string person_ = SomePerson();

  absl::StatusOr<pb::SetFollowUpResponse> Wish(bool wanted, const Who& who, const std::string& person) {
    pb::SetFollowUpRequest request;
    request.set_person_ref(person);
    request.set_wanted(wanted);
    return town_.Call(&Stub::SetFollowUp, who, request);
  }
  absl::StatusOr<pb::SetFollowUpResponse> Wish(bool wanted) { return Wish(wanted, Resident(person_), person_); }
  absl::StatusOr<pb::GetFollowUpResponse> Get(const Who& who) {
    pb::GetFollowUpRequest request;
    request.set_person_ref(person_);
    return town_.Call(&Stub::GetFollowUp, who, request);
  }
  pb::Participation Only() {
    const pb::GetFollowUpResponse response = Must(Get(Staff()));
    EXPECT_THAT(response.participations(), SizeIs(1));
    return response.participations_size() == 1 ? response.participations(0) : pb::Participation();
  }
  // Evenings of one running group, with a seat for the person in each.
  std::vector<pb::Enrolment> Evenings(int number) {
    pb::ScheduleSessionsRequest plan = town_.Plan(town_.Activity(pb::ACTIVITY_MODE_REGISTERED), 1, 9);
    plan.set_recurrence(absl::StrCat("FREQ=DAILY;COUNT=", number));
    std::vector<pb::Enrolment> seats;
    for (const pb::Session& session : town_.Scheduled(plan)) seats.push_back(town_.Enrolled(session, person_));
    return seats;
  }
  // The record of an evening, or of a module, when it has begun.
  std::string Recorded(const pb::Enrolment& seat, bool present, int module = 0) {
    const Span span = Must(SpanOf(town_.Session(seat.session_id()), module));
    const absl::Time recorded = span.start + absl::Hours(1);
    if (recorded > town_.service().clock().Now()) town_.GoTo(recorded);
    return Must(town_.Record(seat, module, present, present ? "" : "A")).attendances(0).id();
  }
  std::string Corrected(const std::string& attendance_id, bool present) {
    pb::CorrectAttendanceRequest request;
    request.set_attendance_id(attendance_id);
    request.set_present(present);
    if (!present) request.set_reason_code("A");
    return Must(town_.Call(&Stub::CorrectAttendance, Staff(), request)).attendance().id();
  }
  size_t Lapses() { return town_.EventsOf<pb::ParticipationLapsed>().size(); }
  size_t Resumptions() { return town_.EventsOf<pb::ParticipationResumed>().size(); }
};

INSTANTIATE_TEST_SUITE_P(Engines, FollowUpTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(FollowUpTest, ThePersonOrStaffOnTheirWordSaysItAndNobodyElseSeesIt) {
  EXPECT_REFUSED(Wish(true, Resident(SomePerson()), person_), "NOT_FOUND");
  EXPECT_REFUSED(Get(Staff()), "NOT_FOUND");
  const pb::FollowUp wanted = Must(Wish(true)).follow_up();
  EXPECT_EQ(wanted.state(), pb::FOLLOW_UP_STATE_WANTED);
  EXPECT_EQ(FromProto(wanted.wanted_from_time()), FromProto(wanted.create_time()));
  EXPECT_EQ(Must(Wish(true, Staff(), person_)).follow_up().version(), wanted.version()) << "it is so already";
  EXPECT_EQ(Must(Get(Resident(person_))).follow_up().id(), wanted.id());
  EXPECT_REFUSED(Get(Resident(SomePerson())), "NOT_FOUND");
  EXPECT_EQ(Must(Wish(false, Staff(), person_)).follow_up().state(), pb::FOLLOW_UP_STATE_ENDED);
  EXPECT_DONE(Wish(false));
  std::vector<bool> told;
  for (const auto& event : town_.EventsOf<pb::FollowUpSet>()) told.push_back(event.wanted());
  EXPECT_THAT(told, ElementsAre(true, false)) << "once for each change";
}

TEST_P(FollowUpTest, OfWhoNeverWishedItNothingIsStored) {
  EXPECT_FALSE(Must(Wish(false)).has_follow_up());
  EXPECT_REFUSED(Get(Staff()), "NOT_FOUND");
  for (const pb::Enrolment& seat : Evenings(3)) Recorded(seat, false);
  EXPECT_THAT(Must(town_.Call(&Stub::ListParticipations, Staff(), pb::ListParticipationsRequest())).participations(),
              IsEmpty());
  EXPECT_THAT(town_.EventsOf<pb::FollowUpSet>(), IsEmpty());
  EXPECT_EQ(Lapses(), 0);
}

TEST_P(FollowUpTest, AStreakLapsesOnceAndPresenceEndsIt) {
  EXPECT_DONE(Wish(true));
  const std::vector<pb::Enrolment> seats = Evenings(6);
  Recorded(seats[0], true);
  EXPECT_EQ(Only().state(), pb::PARTICIPATION_STATE_ACTIVE);
  EXPECT_EQ(Only().last_present_date(), town_.Today());
  const std::string last = town_.Today();
  Recorded(seats[1], false);
  EXPECT_EQ(Lapses(), 0);
  Recorded(seats[2], false);
  Recorded(seats[3], false);
  EXPECT_EQ(Only().state(), pb::PARTICIPATION_STATE_LAPSED);
  EXPECT_EQ(Only().absences(), 3);
  EXPECT_EQ(Only().last_present_date(), last);
  const auto lapsed = town_.EventsOf<pb::ParticipationLapsed>();
  ASSERT_THAT(lapsed, SizeIs(1)) << "once a streak";
  EXPECT_EQ(lapsed[0].participation_id(), Only().id());
  EXPECT_EQ(lapsed[0].activity_id(), seats[0].activity_id());
  EXPECT_EQ(lapsed[0].person_ref(), person_);
  EXPECT_EQ(lapsed[0].absences(), 2);
  Recorded(seats[4], true);
  EXPECT_EQ(Only().state(), pb::PARTICIPATION_STATE_ACTIVE);
  EXPECT_EQ(Only().absences(), 0);
  EXPECT_EQ(Resumptions(), 1);
  Recorded(seats[5], false);
  EXPECT_EQ(Lapses(), 1);
  EXPECT_EQ(Resumptions(), 1);
}

TEST_P(FollowUpTest, ACorrectionSaysThatNobodyLapsedAndAnotherThatTheyDid) {
  EXPECT_DONE(Wish(true));
  const std::vector<pb::Enrolment> seats = Evenings(3);
  Recorded(seats[0], false);
  const std::string second = Recorded(seats[1], false);
  EXPECT_EQ(Lapses(), 1);
  const std::string corrected = Corrected(second, true);
  EXPECT_EQ(Only().state(), pb::PARTICIPATION_STATE_ACTIVE);
  EXPECT_EQ(Resumptions(), 1);
  Corrected(corrected, false);
  EXPECT_EQ(Only().state(), pb::PARTICIPATION_STATE_LAPSED);
  EXPECT_EQ(Only().absences(), 2);
  EXPECT_EQ(Lapses(), 2) << "whoever heard that it was over hears that it was not";
}

TEST_P(FollowUpTest, ARecordThatComesLateTakesItsPlaceByTheSession) {
  EXPECT_DONE(Wish(true));
  const std::vector<pb::Enrolment> seats = Evenings(3);
  Recorded(seats[0], false);
  Recorded(seats[2], false);
  EXPECT_EQ(Lapses(), 1);
  Recorded(seats[1], true);
  EXPECT_EQ(Only().absences(), 1);
  EXPECT_EQ(Only().state(), pb::PARTICIPATION_STATE_ACTIVE);
  EXPECT_EQ(Resumptions(), 1);
}

TEST_P(FollowUpTest, OnlyWhatIsRecordedSinceTheWishCountsAlsoIfItIsCorrectedLater) {
  const std::vector<pb::Enrolment> seats = Evenings(4);
  Recorded(seats[0], false);
  const std::string before = Recorded(seats[1], true);
  town_.service().clock().Advance(absl::Minutes(1));
  EXPECT_DONE(Wish(true));
  Corrected(before, false);
  EXPECT_THAT(Must(Get(Staff())).participations(), IsEmpty());
  Recorded(seats[2], false);
  EXPECT_EQ(Only().absences(), 1);
  Recorded(seats[3], false);
  EXPECT_EQ(Only().absences(), 2);
  EXPECT_EQ(Only().last_present_date(), "");
}

TEST_P(FollowUpTest, WithTheWishGoesAllThatWasKeptForItAndANewOneBeginsAnew) {
  EXPECT_DONE(Wish(true));
  const std::vector<pb::Enrolment> seats = Evenings(4);
  Recorded(seats[0], false);
  Recorded(seats[1], false);
  EXPECT_EQ(Lapses(), 1);
  EXPECT_DONE(Wish(false));
  EXPECT_THAT(Must(Get(Resident(person_))).participations(), IsEmpty());
  Recorded(seats[2], false);
  EXPECT_THAT(Must(town_.Call(&Stub::ListParticipations, Staff(), pb::ListParticipationsRequest())).participations(),
              IsEmpty());
  EXPECT_EQ(Resumptions(), 0) << "the end of the wish says it";
  town_.service().clock().Advance(absl::Minutes(1));
  EXPECT_DONE(Wish(true));
  Recorded(seats[3], false);
  EXPECT_EQ(Only().absences(), 1);
  EXPECT_EQ(Lapses(), 1);
}

TEST_P(FollowUpTest, ModulesOfACourseCountAndEachActivityForItself) {
  EXPECT_DONE(Wish(true));
  pb::ScheduleSessionsRequest plan = town_.Plan(town_.Activity(pb::ACTIVITY_MODE_COURSE), 1, 5);
  plan.set_recurrence("FREQ=WEEKLY;COUNT=3");
  const pb::Enrolment course = town_.Enrolled(town_.Scheduled(plan).front(), person_);
  const std::vector<pb::Enrolment> seats = Evenings(2);
  Recorded(seats[0], false);
  Recorded(course, false, 1);
  EXPECT_EQ(Lapses(), 0);
  Recorded(seats[1], true);
  Recorded(course, false, 2);
  ASSERT_EQ(Lapses(), 1);
  pb::ListParticipationsRequest list;
  list.set_state(pb::PARTICIPATION_STATE_LAPSED);
  const pb::ListParticipationsResponse lapsed = Must(town_.Call(&Stub::ListParticipations, Staff(), list));
  ASSERT_THAT(lapsed.participations(), SizeIs(1));
  EXPECT_EQ(lapsed.participations(0).activity_id(), course.activity_id());
  EXPECT_NE(lapsed.as_of(), "");
  list.set_activity_id(seats[0].activity_id());
  EXPECT_THAT(Must(town_.Call(&Stub::ListParticipations, Staff(), list)).participations(), IsEmpty());
  list.set_state(pb::PARTICIPATION_STATE_UNSPECIFIED);
  EXPECT_THAT(Must(town_.Call(&Stub::ListParticipations, Staff(), list)).participations(), SizeIs(1));
}

TEST_P(FollowUpTest, APolicyWithoutTheFigureAsksAfterNobody) {
  town_.SetPolicy([](pb::ActivityPolicy& policy) { policy.set_lapse_absences(0); });
  EXPECT_DONE(Wish(true));
  for (const pb::Enrolment& seat : Evenings(4)) Recorded(seat, false);
  EXPECT_EQ(Only().absences(), 4);
  EXPECT_EQ(Lapses(), 0);
}

// A6: who comes to a drop-in gives no name, and no wish changes that.
TEST_P(FollowUpTest, DropInsNeverEnter) {
  EXPECT_DONE(Wish(true));
  pb::OpenPeriodRequest period;
  period.set_from_date(town_.Today());
  period.set_to_date(PlusDays(town_.Today(), 6));
  EXPECT_DONE(town_.Call(&Stub::OpenPeriod, Staff(), period));
  const pb::Session house = town_.Scheduled(town_.Plan(town_.Activity(pb::ACTIVITY_MODE_OPEN_DROP_IN), 1, 0)).front();
  town_.GoTo(FromProto(house.start_time()));
  pb::RecordDropInRequest tally;
  tally.set_session_id(house.id());
  tally.set_headcount(7);
  EXPECT_DONE(town_.Call(&Stub::RecordDropIn, Staff(), tally));
  EXPECT_THAT(Must(Get(Staff())).participations(), IsEmpty());
}

}  // namespace
}  // namespace mestring::activities
