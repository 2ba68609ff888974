// The activities service as its callers meet it: through the real stub, on both engines.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_split.h"
#include "tests/activities/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"
#include "tests/support/own_codes.h"

namespace mestring::activities {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;
using Stub = Town::Stub;

class ActivitiesTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override {
    ExpectVersionsAreTold(town_);
    ExpectReasonsAreNamed<pb::GetCodeListRequest, pb::CodeListKind>(town_);
  }

  Town town_{GetParam()};

  absl::StatusOr<pb::AssignLeaderResponse> Lead(const pb::Session& session, const std::string& person) {
    pb::AssignLeaderRequest request;
    request.set_session_id(session.id());
    request.set_person_ref(person);
    return town_.Call(&Stub::AssignLeader, Staff(), request);
  }
  absl::StatusOr<pb::ConfirmLeaderStepResponse> Confirm(const pb::LeaderPath& path, pb::LeaderStep step,
                                                        const Who& who = Staff()) {
    pb::ConfirmLeaderStepRequest request;
    request.set_leader_path_id(path.id());
    request.set_step(step);
    return town_.Call(&Stub::ConfirmLeaderStep, who, request);
  }
  absl::StatusOr<pb::StepBackResponse> Back(const pb::LeaderPath& path, pb::LeaderStep step) {
    pb::StepBackRequest request;
    request.set_leader_path_id(path.id());
    request.set_step(step);
    return town_.Call(&Stub::StepBack, Resident(path.person_ref()), request);
  }
  absl::StatusOr<pb::RequestGrantResponse> Ask(const pb::Fund& fund, const std::string& person, pb::GrantKind kind,
                                               int64_t amount_ore, std::string session_id = "") {
    pb::RequestGrantRequest request;
    request.set_fund_id(fund.id());
    request.set_person_ref(person);
    request.set_kind(kind);
    request.set_amount_ore(amount_ore);
    request.set_session_id(session_id);
    return town_.Call(&Stub::RequestGrant, Resident(person), request);
  }
  template <class Request, class Response>
  absl::StatusOr<Response> OnGrant(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                   const pb::Grant& grant) {
    Request request;
    request.set_grant_id(grant.id());
    return town_.Call(method, Board(), request);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, ActivitiesTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

// ---- Activities ----

TEST_P(ActivitiesTest, AnActivityIsUpdatedAndOnlyWhatIsSaidChanges) {
  const pb::Activity before = town_.Activity(pb::ACTIVITY_MODE_REGISTERED);
  EXPECT_EQ(before.state(), pb::ACTIVITY_STATE_ACTIVE);
  pb::UpdateActivityRequest update;
  update.set_activity_id(before.id());
  update.set_needs_referral(true);
  update.set_expected_version(before.version() + 1);
  EXPECT_REFUSED(town_.Call(&Stub::UpdateActivity, Staff(), update), "STALE_VERSION");
  update.set_expected_version(before.version());
  const pb::Activity after = Must(town_.Call(&Stub::UpdateActivity, Staff(), update)).activity();
  EXPECT_TRUE(after.needs_referral());
  EXPECT_TRUE(after.drug_free());
  EXPECT_EQ(after.name(), before.name());
  EXPECT_THAT(after.recovery_tags(), SizeIs(1));
  ASSERT_THAT(town_.EventsOf<pb::ActivityUpdated>(), SizeIs(1));
  EXPECT_TRUE(town_.EventsOf<pb::ActivityUpdated>()[0].needs_referral());
  update.set_expected_version(0);
  update.set_drug_free(false);
  update.set_name("Turgruppe");
  update.set_description("Ut i all slags vær");
  EXPECT_DONE(town_.Call(&Stub::UpdateActivity, Staff(), update));
  const pb::Activity stored = town_.Stored<pb::Activity>(before.id());
  EXPECT_FALSE(stored.drug_free());
  EXPECT_EQ(stored.name(), "Turgruppe");
  EXPECT_EQ(stored.description(), "Ut i all slags vær");
  EXPECT_EQ(stored.version(), before.version() + 2);
}

TEST_P(ActivitiesTest, AnActivityEndsWhenNothingOfItLiesAheadAndHasNoNewSessions) {
  const pb::Activity activity = town_.Activity(pb::ACTIVITY_MODE_REGISTERED);
  const pb::Activity other = town_.Activity(pb::ACTIVITY_MODE_REGISTERED);
  pb::ScheduleSessionsRequest plan = town_.Plan(activity, 1, 1);
  plan.set_recurrence("FREQ=DAILY;COUNT=3");
  const std::vector<pb::Session> sessions = town_.Scheduled(plan);
  town_.Enrolled(sessions[2], SomePerson());
  pb::EndActivityRequest end;
  end.set_activity_id(activity.id());
  const auto refused = town_.Call(&Stub::EndActivity, Staff(), end);
  EXPECT_REFUSED(refused, "SESSIONS_AHEAD");
  EXPECT_EQ(MetadataOf(refused.status()).at("count"), "3");
  pb::CancelSessionRequest cancel;
  cancel.set_session_id(sessions[1].id());
  cancel.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::CancelSession, Staff(), cancel));
  town_.GoTo(FromProto(sessions[2].start_time()));
  const auto going_on = town_.Call(&Stub::EndActivity, Staff(), end);
  EXPECT_REFUSED(going_on, "SESSIONS_AHEAD");
  EXPECT_EQ(MetadataOf(going_on.status()).at("count"), "1") << "it has begun and is not over";
  town_.GoTo(FromProto(sessions[2].end_time()));
  EXPECT_EQ(Must(town_.Call(&Stub::EndActivity, Staff(), end)).activity().state(), pb::ACTIVITY_STATE_ENDED);
  ASSERT_THAT(town_.EventsOf<pb::ActivityEnded>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::ActivityEnded>()[0].activity_id(), activity.id());
  EXPECT_REFUSED(town_.Call(&Stub::EndActivity, Staff(), end), "WRONG_STATE");
  EXPECT_REFUSED(town_.Call(&Stub::ScheduleSessions, Staff(), town_.Plan(activity, 1, 1)), "WRONG_STATE");
  pb::UpdateActivityRequest update;
  update.set_activity_id(activity.id());
  update.set_name("Again");
  EXPECT_REFUSED(town_.Call(&Stub::UpdateActivity, Staff(), update), "WRONG_STATE");
  const auto ids = [&](pb::ActivityState state) {
    pb::ListActivitiesRequest list;
    list.set_state(state);
    std::vector<std::string> found;
    const pb::ListActivitiesResponse listed = Must(town_.Call(&Stub::ListActivities, Staff(), list));
    for (const pb::Activity& each : listed.activities()) found.push_back(each.id());
    return found;
  };
  EXPECT_THAT(ids(pb::ACTIVITY_STATE_ENDED), ElementsAre(activity.id()));
  EXPECT_THAT(ids(pb::ACTIVITY_STATE_ACTIVE), ElementsAre(other.id()));
  EXPECT_THAT(ids(pb::ACTIVITY_STATE_UNSPECIFIED), SizeIs(2));
}

// ---- Sessions ----

TEST_P(ActivitiesTest, AGroupThatRecursIsAtTheSameTimeOfDayAcrossDaylightSaving) {
  pb::ScheduleSessionsRequest plan = town_.Plan(town_.Activity(pb::ACTIVITY_MODE_REGISTERED), 0, 10);
  plan.set_first_date("2027-03-23");  // a Tuesday; the clock changes on the 28th
  plan.set_recurrence("FREQ=WEEKLY;COUNT=3");
  const std::vector<pb::Session> sessions = town_.Scheduled(plan);
  ASSERT_THAT(sessions, SizeIs(3));
  std::vector<std::string> starts;
  for (const pb::Session& session : sessions) {
    starts.push_back(absl::FormatTime("%d.%m. %H:%M", FromProto(session.start_time()), absl::UTCTimeZone()));
  }
  EXPECT_THAT(starts, ElementsAre("23.03. 17:00", "30.03. 16:00", "06.04. 16:00"));
  plan.set_recurrence("FREQ=WEEKLY");
  EXPECT_REFUSED(town_.Call(&Stub::ScheduleSessions, Staff(), plan), "RECURRENCE_INVALID");
  plan.set_recurrence("every second Tuesday");
  EXPECT_REFUSED(town_.Call(&Stub::ScheduleSessions, Staff(), plan), "RECURRENCE_INVALID");
  plan.set_recurrence("FREQ=YEARLY;COUNT=200");
  EXPECT_REFUSED(town_.Call(&Stub::ScheduleSessions, Staff(), plan), "RECURRENCE_INVALID");
  plan.set_recurrence("FREQ=YEARLY;COUNT=21");  // the last one is later than 20 years from today
  EXPECT_REFUSED(town_.Call(&Stub::ScheduleSessions, Staff(), plan), "INVALID_FIELD");
  EXPECT_THAT(town_.EventsOf<pb::SessionScheduled>(), SizeIs(3)) << "nothing of a refused plan is left";
  plan.clear_recurrence();
  plan.set_first_date("2026-11-22");
  EXPECT_REFUSED(town_.Call(&Stub::ScheduleSessions, Staff(), plan), "START_IN_PAST");
}

TEST_P(ActivitiesTest, EveryoneConcernedIsToldWhenASessionIsMovedOrCancelled) {
  const pb::Session session = town_.Run(1);
  const std::string runner = SomePerson(), waiting = SomePerson();
  const pb::Enrolment enrolment = town_.Enrolled(session, runner);
  const pb::WaitEntry entry = town_.Waiting(session, waiting);
  pb::MoveSessionRequest move;
  move.set_session_id(session.id());
  move.set_date(PlusDays(town_.Today(), 8));
  move.set_time_of_day("19:30");
  const auto moved = town_.Call(&Stub::MoveSession, Staff(), move);
  ASSERT_TRUE(moved.ok()) << moved.status();
  std::vector<std::string> told;
  for (const auto& event : town_.EventsOf<pb::SessionTimeChanged>()) told.push_back(event.person_ref());
  EXPECT_THAT(told, ElementsAre(runner, waiting));
  EXPECT_EQ(FromProto(moved->session().start_time()) - FromProto(session.start_time()), absl::Hours(25.5));

  pb::CancelSessionRequest cancel;
  cancel.set_session_id(session.id());
  cancel.set_reason_code("NO_SUCH_CODE");
  EXPECT_REFUSED(town_.Call(&Stub::CancelSession, Staff(), cancel), "UNKNOWN_CODE");
  cancel.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::CancelSession, Staff(), cancel));
  EXPECT_EQ(town_.Stored<pb::Enrolment>(enrolment.id()).state(), pb::ENROLMENT_STATE_SESSION_CANCELLED);
  EXPECT_EQ(town_.StateOf(entry), pb::WAIT_ENTRY_STATE_SESSION_CANCELLED);
  for (const std::string& person : {runner, waiting}) {
    EXPECT_THAT(OutcomesLogged(town_, person, "MoveSession"), ElementsAre("OK"));
    EXPECT_THAT(OutcomesLogged(town_, person, "CancelSession"), ElementsAre("OK"));
  }
  EXPECT_THAT(town_.EventTypes(),
              IsSupersetOf({"SessionMoved", "SessionCancelled", "EnrolmentEnded", "WaitEntryEnded"}));
  EXPECT_REFUSED(town_.Call(&Stub::CancelSession, Staff(), cancel), "WRONG_STATE");
}

TEST_P(ActivitiesTest, WhatIsOpenThisWeekNeedsNoReferral) {
  const pb::Session open = town_.Run(1, 2);
  const pb::Session full = town_.Run(1, 3);
  town_.Enrolled(full, SomePerson());
  town_.Run(1, 20);
  pb::CreateActivityRequest referred;
  referred.set_code("referred");
  referred.set_name("With a referral");
  referred.set_mode(pb::ACTIVITY_MODE_REGISTERED);
  referred.set_audience(pb::AUDIENCE_USER);
  referred.set_needs_referral(true);
  const pb::Session closed =
      town_.Scheduled(town_.Plan(Must(town_.Call(&Stub::CreateActivity, Staff(), referred)).activity(), 2, 5)).front();
  pb::ListOpenSessionsRequest request;
  const auto list = town_.Call(&Stub::ListOpenSessions, NextOfKin(SomePerson()), request);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_THAT(list->sessions(), SizeIs(1));
  EXPECT_EQ(list->sessions(0).session_id(), open.id());
  const std::string person = SomePerson();
  EXPECT_REFUSED(town_.Enrol(closed, Resident(person), person), "REFERRAL_REQUIRED");
  EXPECT_DONE(town_.Enrol(closed, Staff(), person));
  request.set_audience(pb::AUDIENCE_PROFESSIONAL);
  EXPECT_THAT(town_.Call(&Stub::ListOpenSessions, Staff(), request)->sessions(), IsEmpty());
}

TEST_P(ActivitiesTest, WhatIsNearMeIsFoundByThePartOfTown) {
  const pb::Activity activity = town_.Activity(pb::ACTIVITY_MODE_REGISTERED);
  pb::ScheduleSessionsRequest plan = town_.Plan(activity, 2, 5);
  plan.set_area_code("NOWHERE");
  const auto unknown = town_.Call(&Stub::ScheduleSessions, Staff(), plan);
  EXPECT_REFUSED(unknown, "UNKNOWN_CODE");
  EXPECT_EQ(MetadataOf(unknown.status()).at("list"), "CODE_LIST_KIND_AREA");
  plan.set_area_code("A");
  const pb::Session here = town_.Scheduled(plan).front();
  EXPECT_EQ(here.area_code(), "A");
  plan.set_area_code("B");
  const pb::Session there = town_.Scheduled(plan).front();
  plan.clear_area_code();
  town_.Scheduled(plan);
  const auto open_in = [&](std::string area_code) {
    pb::ListOpenSessionsRequest request;
    request.set_area_code(area_code);
    std::vector<std::string> found;
    const pb::ListOpenSessionsResponse list =
        Must(town_.Call(&Stub::ListOpenSessions, Resident(SomePerson()), request));
    for (const pb::OpenSession& open : list.sessions()) {
      found.push_back(open.session_id());
      EXPECT_TRUE(area_code.empty() || open.area_code() == area_code) << open.area_code();
    }
    return found;
  };
  EXPECT_THAT(open_in("A"), ElementsAre(here.id()));
  EXPECT_THAT(open_in("B"), ElementsAre(there.id()));
  EXPECT_THAT(open_in("C"), IsEmpty());
  EXPECT_THAT(open_in(""), SizeIs(3));

  pb::MoveSessionRequest move;
  move.set_session_id(there.id());
  move.set_date(PlusDays(town_.Today(), 3));
  move.set_time_of_day("18:00");
  EXPECT_EQ(Must(town_.Call(&Stub::MoveSession, Staff(), move)).session().area_code(), "B") << "where it was";
  move.set_area_code("NOWHERE");
  EXPECT_REFUSED(town_.Call(&Stub::MoveSession, Staff(), move), "UNKNOWN_CODE");
  move.set_area_code("A");
  EXPECT_DONE(town_.Call(&Stub::MoveSession, Staff(), move));
  pb::ListSessionsRequest list;
  list.set_area_code("A");
  list.set_page_size(1);
  const pb::ListSessionsResponse first = Must(town_.Call(&Stub::ListSessions, Staff(), list));
  ASSERT_THAT(first.sessions(), SizeIs(1));
  EXPECT_EQ(first.sessions(0).id(), here.id());
  list.set_page_token(first.next_page_token());
  const pb::ListSessionsResponse second = Must(town_.Call(&Stub::ListSessions, Staff(), list));
  ASSERT_THAT(second.sessions(), SizeIs(1));
  EXPECT_EQ(second.sessions(0).id(), there.id());
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_P(ActivitiesTest, SessionsAreListedByTheirStartPageByPage) {
  pb::ScheduleSessionsRequest plan = town_.Plan(town_.Activity(pb::ACTIVITY_MODE_REGISTERED), 1, 5);
  plan.set_recurrence("FREQ=DAILY;COUNT=5");
  std::vector<std::string> expected, got;
  for (const pb::Session& session : town_.Scheduled(plan)) expected.push_back(session.id());
  pb::ListSessionsRequest request;
  request.set_page_size(2);
  int pages = 0;
  do {
    const auto page = town_.Call(&Stub::ListSessions, Staff(), request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const pb::Session& session : page->sessions()) got.push_back(session.id());
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(got, expected);
  EXPECT_EQ(pages, 3);
  request.set_to_date("2026-11-01");
  EXPECT_REFUSED(town_.Call(&Stub::ListSessions, Staff(), request), "DATE_OUT_OF_ORDER");
}

TEST_P(ActivitiesTest, OnlyOnesOwnSeatsAreSeenAndTaken) {
  const pb::Session session = town_.Run(3);
  const std::string a = SomePerson(), b = SomePerson();
  EXPECT_REFUSED(town_.Enrol(session, Resident(a), b), "NOT_FOUND");
  EXPECT_REFUSED(town_.Enrol(session, NextOfKin(a), a), "FORBIDDEN") << "one takes part as what one is";
  town_.Enrolled(session, a);
  pb::GetMySeatsRequest request;
  request.set_person_ref(a);
  EXPECT_THAT(town_.Call(&Stub::GetMySeats, Resident(a), request)->enrolments(), SizeIs(1));
  EXPECT_REFUSED(town_.Call(&Stub::GetMySeats, Resident(b), request), "NOT_FOUND");
  pb::ListEnrolmentsRequest list;
  list.set_session_id(session.id());
  EXPECT_REFUSED(town_.Call(&Stub::ListEnrolments, Leader(b), list), "NOT_FOUND");
  EXPECT_THAT(town_.Call(&Stub::ListEnrolments, Staff(), list)->enrolments(), SizeIs(1));
}

// ---- Attendance and courses ----

TEST_P(ActivitiesTest, AttendanceIsRecordedWithAReasonAndCorrectedWithinTheTime) {
  const pb::Session session = town_.Run(3);
  const pb::Enrolment enrolment = town_.Enrolled(session, SomePerson());
  EXPECT_REFUSED(town_.Record(enrolment, 0, true), "NOT_YET");
  town_.GoTo(FromProto(session.start_time()) + absl::Minutes(5));
  EXPECT_REFUSED(town_.Record(enrolment, 0, false), "REASON_REQUIRED");
  EXPECT_REFUSED(town_.Record(enrolment, 0, true, "A"), "REASON_REQUIRED");
  EXPECT_REFUSED(town_.Record(enrolment, 1, true), "NOT_FOUND") << "no such module";
  const auto recorded = town_.Record(enrolment, 0, false, "A");
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  EXPECT_REFUSED(town_.Record(enrolment, 0, true), "ALREADY_RECORDED");
  EXPECT_EQ(town_.Stored<pb::Enrolment>(enrolment.id()).state(), pb::ENROLMENT_STATE_ABSENT);

  pb::CorrectAttendanceRequest correct;
  correct.set_attendance_id(recorded->attendances(0).id());
  correct.set_present(true);
  EXPECT_DONE(town_.Call(&Stub::CorrectAttendance, Staff(), correct));
  EXPECT_EQ(town_.Stored<pb::Enrolment>(enrolment.id()).state(), pb::ENROLMENT_STATE_ATTENDED);
  EXPECT_REFUSED(town_.Call(&Stub::CorrectAttendance, Staff(), correct), "WRONG_STATE") << "superseded";
  pb::ListAttendanceRequest list;
  list.set_person_ref(enrolment.person_ref());
  EXPECT_THAT(town_.Call(&Stub::ListAttendance, Resident(enrolment.person_ref()), list)->attendances(), SizeIs(2));
  EXPECT_REFUSED(town_.Call(&Stub::ListAttendance, Resident(SomePerson()), list), "NOT_FOUND");
  correct.set_attendance_id(town_.EventsOf<pb::AttendanceRecorded>().back().attendance_id());
  town_.GoDays(8);
  EXPECT_REFUSED(town_.Call(&Stub::CorrectAttendance, Staff(), correct), "CORRECTION_CLOSED");
}

TEST_P(ActivitiesTest, ACourseForBothAudiencesHasModulesAndIsCompleted) {
  const pb::Activity course = town_.Activity(pb::ACTIVITY_MODE_COURSE, pb::AUDIENCE_MIXED, 2);
  pb::ScheduleSessionsRequest plan = town_.Plan(course, 7, 1);
  plan.set_recurrence("FREQ=WEEKLY;COUNT=3");
  pb::Quota* professionals = plan.add_quotas();
  professionals->set_audience(pb::AUDIENCE_PROFESSIONAL);
  professionals->set_seats(2);
  const std::vector<pb::Session> sessions = town_.Scheduled(plan);
  ASSERT_THAT(sessions, SizeIs(1)) << "a course is joined as a whole";
  const pb::Session& session = sessions.front();
  ASSERT_EQ(session.modules_size(), 3);
  const pb::Enrolment user = town_.Enrolled(session, SomePerson());
  EXPECT_DONE(town_.Enrol(session, Staff(), SomePerson(), pb::AUDIENCE_PROFESSIONAL));

  pb::RecordObstacleRequest obstacle;
  obstacle.set_session_id(session.id());
  obstacle.set_person_ref(user.person_ref());
  obstacle.set_kind_code("A");
  const auto recorded = town_.Call(&Stub::RecordObstacle, Resident(user.person_ref()), obstacle);
  ASSERT_TRUE(recorded.ok()) << recorded.status();
  pb::ListObstaclesRequest open;
  open.set_session_id(session.id());
  open.set_state(pb::OBSTACLE_STATE_OPEN);
  EXPECT_THAT(town_.Call(&Stub::ListObstacles, Staff(), open)->obstacles(), SizeIs(1));
  EXPECT_THAT(town_.Call(&Stub::ListObstacles, Resident(SomePerson()), open)->obstacles(), IsEmpty());
  pb::ClearObstacleRequest clear;
  clear.set_obstacle_id(recorded->obstacle().id());
  EXPECT_DONE(town_.Call(&Stub::ClearObstacle, Staff(), clear));
  EXPECT_REFUSED(town_.Call(&Stub::ClearObstacle, Staff(), clear), "WRONG_STATE");
  obstacle.set_person_ref(SomePerson());
  EXPECT_REFUSED(town_.Call(&Stub::RecordObstacle, Staff(), obstacle), "NOT_ENROLLED");

  town_.GoTo(FromProto(session.modules(0).start_time()));
  EXPECT_DONE(town_.Record(user, 1, true));
  EXPECT_REFUSED(town_.Record(user, 2, true), "NOT_YET");
  pb::MoveSessionRequest move;
  move.set_session_id(session.id());
  move.set_module(3);
  move.set_date(PlusDays(town_.Today(), 16));
  move.set_time_of_day("10:00");
  EXPECT_DONE(town_.Call(&Stub::MoveSession, Staff(), move)) << "a later module of a course that has begun";
  town_.GoTo(FromProto(session.modules(1).start_time()));
  EXPECT_THAT(town_.EventsOf<pb::CourseCompleted>(), IsEmpty());
  EXPECT_DONE(town_.Record(user, 2, true));
  EXPECT_THAT(town_.EventsOf<pb::CourseCompleted>(), SizeIs(1));
  EXPECT_TRUE(town_.Stored<pb::Enrolment>(user.id()).completed());

  // Who counts the completed by their events is right after each correction.
  const auto correct = [&](bool present) {
    pb::CorrectAttendanceRequest request;
    request.set_attendance_id(town_.EventsOf<pb::AttendanceRecorded>().back().attendance_id());
    request.set_present(present);
    if (!present) request.set_reason_code("A");
    return town_.Call(&Stub::CorrectAttendance, Staff(), request);
  };
  EXPECT_DONE(correct(false));
  EXPECT_FALSE(town_.Stored<pb::Enrolment>(user.id()).completed());
  const auto withdrawn = town_.EventsOf<pb::CourseCompletionWithdrawn>();
  ASSERT_THAT(withdrawn, SizeIs(1));
  EXPECT_EQ(withdrawn[0].enrolment_id(), user.id());
  EXPECT_EQ(withdrawn[0].person_ref(), user.person_ref());
  EXPECT_DONE(correct(true));
  EXPECT_THAT(town_.EventsOf<pb::CourseCompleted>(), SizeIs(2));
  EXPECT_THAT(town_.EventsOf<pb::CourseCompletionWithdrawn>(), SizeIs(1));
}

TEST_P(ActivitiesTest, ACalendarHoldsSoManyEntriesAlsoOfLongCourses) {
  const pb::Activity course = town_.Activity(pb::ACTIVITY_MODE_COURSE);
  pb::ScheduleSessionsRequest plan = town_.Plan(course, 7, 1);
  plan.set_recurrence("FREQ=DAILY;COUNT=200");
  const auto entries = [&](bool truncated) {
    const auto answer = town_.Call(&Stub::GetCalendar, Resident(SomePerson()), pb::GetCalendarRequest());
    EXPECT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->truncated(), truncated);
    return std::vector<std::string>(absl::StrSplit(answer->calendar(), "BEGIN:VEVENT")).size() - 1;
  };
  for (int i = 0; i < 10; ++i) town_.Scheduled(plan);
  EXPECT_EQ(entries(false), 2000u);
  town_.Scheduled(plan);
  EXPECT_EQ(entries(true), 2000u);
}

// ---- From participant to leader ----

TEST_P(ActivitiesTest, AStepNeedsTheOwnWishItsRequirementsAndTheGuidesConsent) {
  const std::string person = SomePerson();
  pb::WishLeaderStepRequest skipping;
  skipping.set_step(pb::LEADER_STEP_HELPER);
  EXPECT_REFUSED(town_.Call(&Stub::WishLeaderStep, Resident(person), skipping), "STEP_SKIPPED");
  pb::LeaderPath path = town_.Wished(person, pb::LEADER_STEP_REGULAR);
  EXPECT_REFUSED(Confirm(path, pb::LEADER_STEP_REGULAR), "NO_GUIDE");
  pb::AssignGuideRequest guide;
  guide.set_leader_path_id(path.id());
  guide.set_guide_id("kari");
  EXPECT_DONE(town_.Call(&Stub::AssignGuide, Staff(), guide));
  EXPECT_REFUSED(Confirm(path, pb::LEADER_STEP_REGULAR), "NOT_THE_GUIDE");
  guide.set_guide_id("test-caller");
  EXPECT_DONE(town_.Call(&Stub::AssignGuide, Staff(), guide));
  const Who self{Staff().roles, person, ""};
  EXPECT_REFUSED(Confirm(path, pb::LEADER_STEP_REGULAR, self), "OWN_GUIDE");
  EXPECT_REFUSED(town_.Call(&Stub::AssignGuide, self, guide), "OWN_GUIDE");
  EXPECT_REFUSED(Confirm(path, pb::LEADER_STEP_HELPER), "STEP_SKIPPED");
  EXPECT_DONE(Confirm(path, pb::LEADER_STEP_REGULAR));
  EXPECT_REFUSED(Confirm(path, pb::LEADER_STEP_HELPER), "NOT_WISHED");
  for (pb::LeaderStep step : {pb::LEADER_STEP_HELPER, pb::LEADER_STEP_TRAINEE_LEADER}) {
    town_.Wished(person, step);
    EXPECT_DONE(Confirm(path, step));
  }
  town_.Wished(person, pb::LEADER_STEP_LEADER);
  EXPECT_REFUSED(Confirm(path, pb::LEADER_STEP_LEADER), "REQUIREMENT_MISSING");
  pb::RecordRequirementRequest requirement;
  requirement.set_leader_path_id(path.id());
  requirement.set_requirement_code("A");
  EXPECT_DONE(town_.Call(&Stub::RecordRequirement, Staff(), requirement));
  EXPECT_REFUSED(town_.Call(&Stub::RecordRequirement, Staff(), requirement), "ALREADY_EXISTS");
  EXPECT_DONE(Confirm(path, pb::LEADER_STEP_LEADER));
  ASSERT_THAT(town_.EventsOf<pb::LeaderAppointed>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::LeaderAppointed>()[0].person_ref(), person);
  pb::GetLeaderPathRequest get;
  get.set_person_ref(person);
  const pb::GetLeaderPathResponse read = Must(town_.Call(&Stub::GetLeaderPath, Resident(person), get));
  EXPECT_THAT(read.met_requirements(), SizeIs(1));
  EXPECT_EQ(read.as_of(), town_.Events().back().cursor());
  EXPECT_REFUSED(town_.Call(&Stub::GetLeaderPath, Resident(SomePerson()), get), "NOT_FOUND");
}

TEST_P(ActivitiesTest, SteppingBackIsAlwaysOpenAndOnlyOnesOwn) {
  const std::string person = SomePerson();
  const pb::LeaderPath path = town_.LeaderOf(person);
  const pb::Session session = town_.Run(3);
  EXPECT_DONE(Lead(session, person));
  pb::StepBackRequest request;
  request.set_leader_path_id(path.id());
  EXPECT_REFUSED(town_.Call(&Stub::StepBack, Resident(SomePerson()), request), "NOT_FOUND");
  EXPECT_DONE(Back(path, pb::LEADER_STEP_HELPER));
  EXPECT_EQ(town_.Session(session.id()).leaders(), 1) << "only kari of the staff is left";
  EXPECT_REFUSED(Back(path, pb::LEADER_STEP_LEADER), "STEP_SKIPPED");
  EXPECT_DONE(Back(path, pb::LEADER_STEP_UNSPECIFIED));
  EXPECT_EQ(town_.Stored<pb::LeaderPath>(path.id()).state(), pb::LEADER_STATE_STEPPED_DOWN);
  EXPECT_REFUSED(Back(path, pb::LEADER_STEP_UNSPECIFIED), "WRONG_STATE") << "once is enough";
  EXPECT_EQ(town_.Wished(person, pb::LEADER_STEP_REGULAR).state(), pb::LEADER_STATE_ACTIVE) << "and begins anew";
  pb::ListLeaderPathsRequest wishing;
  wishing.set_wishing(true);
  EXPECT_THAT(town_.Call(&Stub::ListLeaderPaths, Staff(), wishing)->leader_paths(), SizeIs(1));
}

TEST_P(ActivitiesTest, ALeaderWithoutAGuideIsPausedAndLeadsNothing) {
  const std::string person = SomePerson();
  const pb::Session session = town_.Run(3);
  EXPECT_REFUSED(Lead(session, person), "NOT_A_LEADER");
  const pb::LeaderPath path = town_.LeaderOf(person);
  EXPECT_DONE(Lead(session, person));
  EXPECT_REFUSED(Lead(session, person), "ALREADY_ASSIGNED");
  pb::ListEnrolmentsRequest list;
  list.set_session_id(session.id());
  EXPECT_DONE(town_.Call(&Stub::ListEnrolments, Leader(person), list));
  pb::RemoveGuideRequest remove;
  remove.set_leader_path_id(path.id());
  EXPECT_DONE(town_.Call(&Stub::RemoveGuide, Staff(), remove));
  EXPECT_EQ(town_.Stored<pb::LeaderPath>(path.id()).state(), pb::LEADER_STATE_PAUSED);
  EXPECT_REFUSED(Lead(session, person), "NOT_A_LEADER");
  EXPECT_REFUSED(town_.Call(&Stub::ListEnrolments, Leader(person), list), "NOT_FOUND");
  pb::PauseLeaderRequest pause;
  pause.set_leader_path_id(path.id());
  EXPECT_DONE(town_.Call(&Stub::PauseLeader, Leader(person), pause));
  pb::AssignGuideRequest guide;
  guide.set_leader_path_id(path.id());
  guide.set_guide_id("test-caller");
  EXPECT_DONE(town_.Call(&Stub::AssignGuide, Staff(), guide));
  EXPECT_EQ(town_.Stored<pb::LeaderPath>(path.id()).state(), pb::LEADER_STATE_PAUSED) << "by own choice";
  const auto changes = town_.EventsOf<pb::LeaderPauseChanged>();
  ASSERT_THAT(changes, SizeIs(2)) << "a second cause came, and the first ended";
  EXPECT_EQ(changes[0].leader_path_id(), path.id());
  EXPECT_EQ(changes[0].person_ref(), person);
  EXPECT_THAT(changes[0].causes(), ElementsAre(pb::PAUSE_CAUSE_NO_GUIDE, pb::PAUSE_CAUSE_CHOICE));
  EXPECT_THAT(changes[1].causes(), ElementsAre(pb::PAUSE_CAUSE_CHOICE));
  EXPECT_EQ(town_.Events().back().subject(), path.id());
  EXPECT_EQ(town_.Events().back().subject_version(), town_.Stored<pb::LeaderPath>(path.id()).version());
  pb::ResumeLeaderRequest resume;
  resume.set_leader_path_id(path.id());
  EXPECT_DONE(town_.Call(&Stub::ResumeLeader, Leader(person), resume));
  EXPECT_DONE(Lead(session, person));
}

// ---- Fund and grants ----

TEST_P(ActivitiesTest, AGrantIsReservedPaidAndReversedAndTheLedgerKeepsEverything) {
  const pb::Fund fund = town_.FundWith(100'000, 30'000);
  const pb::Grant grant = town_.Requested(fund, 80'000);
  EXPECT_EQ(town_.Statement(fund).forecast_ore(), 20'000);
  EXPECT_REFUSED(OnGrant(&Stub::PayGrant, grant), "WRONG_STATE") << "PAID requires APPROVED";
  EXPECT_DONE(town_.Decide(grant));
  EXPECT_REFUSED(town_.Decide(grant), "WRONG_STATE");
  EXPECT_EQ(town_.Statement(fund).reserved_ore(), 80'000);
  EXPECT_THAT(town_.EventsOf<pb::FundRanLow>(), SizeIs(1));
  const auto too_much = town_.Decide(town_.Requested(fund, 20'001));
  EXPECT_REFUSED(too_much, "FUND_EXHAUSTED");
  EXPECT_EQ(MetadataOf(too_much.status()).at("available_ore"), "20000");
  EXPECT_DONE(OnGrant(&Stub::PayGrant, grant));
  EXPECT_REFUSED(OnGrant(&Stub::ReleaseGrant, grant), "WRONG_STATE");
  const std::string paid_on = town_.Today();
  town_.GoDays(3);
  EXPECT_DONE(OnGrant(&Stub::ReverseGrant, grant));
  EXPECT_EQ(town_.Statement(fund).available_ore(), 100'000);
  EXPECT_EQ(town_.Statement(fund, paid_on).available_ore(), 20'000) << "as it stood that day";
  EXPECT_EQ(town_.Statement(fund, PlusDays(paid_on, -1)).posted_ore(), 0) << "before it was";
  pb::GetFundRequest ahead;
  ahead.set_fund_id(fund.id());
  ahead.set_date(PlusDays(town_.Today(), 1));
  EXPECT_REFUSED(town_.Call(&Stub::GetFund, Board(), ahead), "NOT_YET");
  pb::ListLedgerEntriesRequest list;
  list.set_fund_id(fund.id());
  list.set_page_size(3);
  std::vector<pb::LedgerKind> kinds;
  do {
    const auto page = Must(town_.Call(&Stub::ListLedgerEntries, Board(), list));
    for (const pb::LedgerEntry& entry : page.ledger_entries()) {
      kinds.push_back(entry.kind());
      EXPECT_EQ(entry.version(), 1) << "never changed";
    }
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_THAT(kinds, ElementsAre(pb::LEDGER_KIND_DONATION, pb::LEDGER_KIND_RESERVATION, pb::LEDGER_KIND_PAYMENT,
                                 pb::LEDGER_KIND_REVERSAL));
}

TEST_P(ActivitiesTest, FundsAreListedPageByPageEachAsItStands) {
  std::vector<std::string> expected, got;
  for (int i = 1; i <= 3; ++i) expected.push_back(town_.FundWith(i * 100'000).id());
  pb::GetFundRequest get;
  get.set_fund_id(expected[1]);
  EXPECT_DONE(town_.Decide(town_.Requested(Must(town_.Call(&Stub::GetFund, Board(), get)).fund(), 80'000)));
  town_.Requested(Must(town_.Call(&Stub::GetFund, Board(), get)).fund(), 130'000);
  pb::ListFundsRequest request;
  request.set_page_size(2);
  do {
    const pb::ListFundsResponse page = Must(town_.Call(&Stub::ListFunds, Staff(), request));
    EXPECT_NE(page.as_of(), "");
    for (const pb::Fund& fund : page.funds()) {
      got.push_back(fund.id());
      if (fund.id() != expected[1]) continue;
      EXPECT_EQ(fund.posted_ore(), 200'000);
      EXPECT_EQ(fund.reserved_ore(), 80'000);
      EXPECT_EQ(fund.available_ore(), 120'000);
      EXPECT_EQ(fund.forecast_ore(), -10'000);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(got, UnorderedElementsAreArray(expected));
}

TEST_P(ActivitiesTest, AGrantNeedsACurrentStatementAndNobodyDecidesTheirOwn) {
  const pb::Fund fund = town_.FundWith(100'000);
  const std::string person = SomePerson();
  const auto asked = Ask(fund, person, pb::GRANT_KIND_EQUIPMENT, 1000);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_REFUSED(town_.Decide(asked->grant()), "ELIGIBILITY_REQUIRED");
  pb::RecordEligibilityRequest eligibility;
  eligibility.set_person_ref(person);
  EXPECT_DONE(town_.Call(&Stub::RecordEligibility, AsPeer(SomePerson()), eligibility));
  EXPECT_REFUSED(town_.Decide(asked->grant()), "ELIGIBILITY_REQUIRED") << "the answer was no";
  eligibility.set_works_actively(true);
  EXPECT_REFUSED(town_.Call(&Stub::RecordEligibility, {AsPeer(SomePerson()).roles, person, ""}, eligibility),
                 "OWN_GRANT");
  town_.service().clock().Advance(absl::Seconds(1));
  EXPECT_DONE(town_.Call(&Stub::RecordEligibility, AsPeer(SomePerson()), eligibility));
  pb::DecideGrantRequest own;
  own.set_grant_id(asked->grant().id());
  own.set_approve(true);
  EXPECT_REFUSED(town_.Call(&Stub::DecideGrant, {Board().roles, person, ""}, own), "OWN_GRANT");
  town_.GoDays(181);
  EXPECT_REFUSED(town_.Decide(asked->grant()), "ELIGIBILITY_REQUIRED") << "it has run out";
  EXPECT_DONE(town_.Decide(asked->grant(), false));
  pb::ListGrantsRequest list;
  EXPECT_THAT(town_.Call(&Stub::ListGrants, Resident(person), list)->grants(), SizeIs(1));
  EXPECT_THAT(town_.Call(&Stub::ListGrants, Resident(SomePerson()), list)->grants(), IsEmpty());
}

TEST_P(ActivitiesTest, AFundBearsItsShareOfACampAndNeverFoodAndTravel) {
  const pb::Session camp = town_.Camp();
  ASSERT_THAT(town_.EventsOf<pb::CostSharesSet>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::CostSharesSet>()[0].own_share_ore(), 150'000);
  const pb::Fund fund = town_.FundWith(1'000'000);
  const std::string person = SomePerson();
  EXPECT_REFUSED(Ask(fund, person, pb::GRANT_KIND_TRIP, 1000), "SESSION_REQUIRED");
  EXPECT_REFUSED(Ask(fund, person, pb::GRANT_KIND_TRIP, 1000, camp.id()), "NOT_ENROLLED");
  town_.Enrolled(camp, person);
  const auto too_much = Ask(fund, person, pb::GRANT_KIND_TRIP, 400'001, camp.id());
  EXPECT_REFUSED(too_much, "SHARE_EXCEEDED");
  EXPECT_EQ(MetadataOf(too_much.status()).at("share_ore"), "400000") << "travel is the own share, whoever is named";
  EXPECT_REFUSED(Ask(fund, person, pb::GRANT_KIND_ENTRY_FEE, 1, camp.id()), "NO_COST_SHARES");
  EXPECT_DONE(Ask(fund, person, pb::GRANT_KIND_TRIP, 400'000, camp.id()));
  EXPECT_REFUSED(Ask(fund, person, pb::GRANT_KIND_TRIP, 1, camp.id()), "GRANT_EXISTS");
  pb::SetCostSharesRequest shares;
  shares.set_session_id(town_.Run(1).id());
  *shares.add_cost_items() = camp.cost_items(0);
  EXPECT_REFUSED(town_.Call(&Stub::SetCostShares, Staff(), shares), "NO_COST_SHARES");
}

TEST_P(ActivitiesTest, NobodyAsksForATripThatHasBegunAndADropInHasNoSeats) {
  const pb::Session camp = town_.Camp();
  const std::string person = SomePerson();
  town_.Enrolled(camp, person);
  town_.GoTo(FromProto(camp.start_time()));
  EXPECT_REFUSED(Ask(town_.FundWith(1'000'000), person, pb::GRANT_KIND_TRIP, 1000, camp.id()), "WRONG_STATE");
  const pb::Activity drop_in = town_.Activity(pb::ACTIVITY_MODE_OPEN_DROP_IN);
  EXPECT_REFUSED(town_.SetSeats(town_.Scheduled(town_.Plan(drop_in, 7, 0)).front(), 3), "QUOTA_MISSING");
}

TEST_P(ActivitiesTest, AShareThatIsLoweredAfterTheRequestIsWhatTheFundBears) {
  const pb::Session camp = town_.Camp();
  const pb::Fund fund = town_.FundWith(1'000'000);
  const std::string person = SomePerson();
  town_.Requested(fund, 1, person);  // for the statement of eligibility
  town_.Enrolled(camp, person);
  const pb::Grant grant = Must(Ask(fund, person, pb::GRANT_KIND_TRIP, 400'000, camp.id())).grant();
  pb::SetCostSharesRequest shares;
  shares.set_session_id(camp.id());
  *shares.add_cost_items() = camp.cost_items(0);
  shares.mutable_cost_items(0)->set_amount_ore(300'000);
  EXPECT_DONE(town_.Call(&Stub::SetCostShares, Staff(), shares));
  const auto decided = town_.Decide(grant);
  EXPECT_REFUSED(decided, "SHARE_EXCEEDED");
  EXPECT_EQ(MetadataOf(decided.status()).at("share_ore"), "300000");
  EXPECT_EQ(town_.Statement(fund).reserved_ore(), 0);
  shares.mutable_cost_items(0)->set_payer(pb::PAYER_OWN);
  EXPECT_DONE(town_.Call(&Stub::SetCostShares, Staff(), shares));
  EXPECT_REFUSED(town_.Decide(grant), "NO_COST_SHARES");
  EXPECT_DONE(town_.Decide(grant, false));
}

TEST_P(ActivitiesTest, ACancelledCampGivesWhatWasReservedBack) {
  const pb::Session camp = town_.Camp();
  const pb::Fund fund = town_.FundWith(500'000);
  const std::string a = SomePerson(), b = SomePerson();
  for (const std::string& person : {a, b}) {
    town_.Enrolled(camp, person);
    town_.Requested(fund, 1, person);  // for the statement of eligibility
    EXPECT_DONE(Ask(fund, person, pb::GRANT_KIND_TRIP, 400'000, camp.id()));
  }
  pb::ListGrantsRequest list;
  list.set_person_ref(a);
  const pb::ListGrantsResponse grants = Must(town_.Call(&Stub::ListGrants, Board(), list));
  for (const pb::Grant& grant : grants.grants()) {
    if (grant.kind() == pb::GRANT_KIND_TRIP) {
      EXPECT_DONE(town_.Decide(grant));
    }
  }
  EXPECT_EQ(town_.Statement(fund).available_ore(), 100'000);
  pb::CancelSessionRequest cancel;
  cancel.set_session_id(camp.id());
  cancel.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::CancelSession, Staff(), cancel));
  EXPECT_EQ(town_.Statement(fund).available_ore(), 500'000);
  EXPECT_THAT(town_.EventTypes(), IsSupersetOf({"GrantReleased", "GrantDecided"}));
}

TEST_P(ActivitiesTest, WhoGivesASeatBackOrLosesItLeavesNoGrantBehind) {
  const pb::Session camp = town_.Camp(), other = town_.Camp();
  const pb::Fund fund = town_.FundWith(900'000);
  const std::string withdraws = SomePerson(), is_removed = SomePerson(), stays = SomePerson();
  std::map<std::string, pb::Enrolment> seats;
  std::map<std::string, pb::Grant> grants;
  for (const std::string& person : {withdraws, is_removed, stays}) {
    town_.Requested(fund, 1, person);  // for the statement of eligibility
    seats[person] = town_.Enrolled(camp, person);
    grants[person] = Must(Ask(fund, person, pb::GRANT_KIND_TRIP, 200'000, camp.id())).grant();
  }
  EXPECT_DONE(town_.Decide(grants[withdraws]));
  EXPECT_DONE(town_.Decide(grants[stays]));
  town_.Enrolled(other, withdraws);
  const pb::Grant of_other = Must(Ask(fund, withdraws, pb::GRANT_KIND_TRIP, 100'000, other.id())).grant();
  EXPECT_EQ(town_.Statement(fund).available_ore(), 500'000);

  town_.Withdrawn(seats[withdraws]);
  EXPECT_EQ(town_.Statement(fund).available_ore(), 700'000) << "what was reserved is there for others";
  const pb::Grant released = town_.Stored<pb::Grant>(grants[withdraws].id());
  EXPECT_EQ(released.state(), pb::GRANT_STATE_RELEASED);
  EXPECT_EQ(released.reason_code(), kSeatEnded.code);
  EXPECT_REFUSED(OnGrant(&Stub::PayGrant, released), "WRONG_STATE");
  ASSERT_THAT(town_.EventsOf<pb::GrantReleased>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::GrantReleased>()[0].grant_id(), released.id());
  EXPECT_EQ(town_.Stored<pb::Grant>(of_other.id()).state(), pb::GRANT_STATE_REQUESTED) << "it has its seat";

  pb::RemoveEnrolmentRequest remove;
  remove.set_enrolment_id(seats[is_removed].id());
  remove.set_reason_code("A");
  EXPECT_DONE(town_.Call(&Stub::RemoveEnrolment, Staff(), remove));
  const pb::Grant refused = town_.Stored<pb::Grant>(grants[is_removed].id());
  EXPECT_EQ(refused.state(), pb::GRANT_STATE_REFUSED);
  EXPECT_EQ(refused.reason_code(), kSeatEnded.code);
  EXPECT_EQ(town_.EventsOf<pb::GrantDecided>().back().grant_id(), refused.id());
  EXPECT_EQ(town_.EventsOf<pb::GrantDecided>().back().state(), pb::GRANT_STATE_REFUSED);
  EXPECT_REFUSED(town_.Decide(refused), "WRONG_STATE");
  EXPECT_EQ(town_.Stored<pb::Grant>(grants[stays].id()).state(), pb::GRANT_STATE_APPROVED);

  town_.Enrolled(camp, withdraws);
  EXPECT_DONE(Ask(fund, withdraws, pb::GRANT_KIND_TRIP, 200'000, camp.id())) << "who comes back asks anew";
}

// ---- Own share ----

TEST_P(ActivitiesTest, AnOwnShareIsRecordedAsPaidOnce) {
  const std::string person = SomePerson();
  const pb::Enrolment seat = town_.Enrolled(town_.Camp(), person);
  EXPECT_REFUSED(town_.Paid(town_.Enrolled(town_.Run(1), person)), "NO_OWN_SHARE");
  town_.GoDays(2);
  pb::RecordOwnSharePaidRequest stale;
  stale.set_enrolment_id(seat.id());
  stale.set_expected_version(seat.version() + 1);
  EXPECT_REFUSED(town_.Call(&Stub::RecordOwnSharePaid, Staff(), stale), "STALE_VERSION");
  const pb::Enrolment paid = Must(town_.Paid(seat)).enrolment();
  EXPECT_EQ(paid.own_share_paid_date(), town_.Today());
  EXPECT_EQ(paid.version(), seat.version() + 1);
  EXPECT_REFUSED(town_.Paid(seat), "ALREADY_PAID");
  const auto told = town_.EventsOf<pb::OwnSharePaid>();
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].enrolment_id(), seat.id());
  EXPECT_EQ(told[0].person_ref(), person);
  const std::string other = SomePerson();
  const pb::Enrolment given_back = town_.Enrolled(town_.Session(seat.session_id()), other);
  town_.Withdrawn(given_back);
  EXPECT_REFUSED(town_.Paid(given_back), "WRONG_STATE");
}

TEST_P(ActivitiesTest, WhoLeadsACampSeesWhoHasASeatAndNotWhoOwes) {
  const pb::Session camp = town_.Camp();
  const std::string leader = SomePerson();
  town_.LeaderOf(leader);
  EXPECT_DONE(Lead(camp, leader));
  EXPECT_DONE(town_.Paid(town_.Enrolled(camp, SomePerson())));
  town_.Enrolled(camp, SomePerson());
  town_.GoDays(20);
  pb::ListEnrolmentsRequest list;
  list.set_session_id(camp.id());
  const auto money = [&](const Who& who) {
    std::string shown;
    const pb::ListEnrolmentsResponse response = Must(town_.Call(&Stub::ListEnrolments, who, list));
    EXPECT_THAT(response.enrolments(), SizeIs(2));
    for (const pb::Enrolment& enrolment : response.enrolments()) {
      shown += enrolment.own_share_paid_date() + enrolment.own_share_overdue_date();
    }
    return shown;
  };
  EXPECT_NE(money(Staff()), "");
  EXPECT_EQ(money(Leader(leader)), "");
}

// ---- Policy and codes ----

TEST_P(ActivitiesTest, EachCodeThatTheServiceSetsHasANameInEveryVersionOfItsList) {
  ExpectListsNameOwnCodes<pb::SetCodeListRequest, pb::GetCodeListRequest>(town_, kOwnCodes);
}

TEST_P(ActivitiesTest, PolicyAndCodesAreVersionedData) {
  town_.SetPolicy([](pb::ActivityPolicy& policy) { policy.set_offer_hours(48); });
  const auto policy = town_.Call(&Stub::GetPolicy, NextOfKin(SomePerson()), pb::GetPolicyRequest());
  ASSERT_TRUE(policy.ok()) << policy.status();
  EXPECT_EQ(policy->policy().offer_hours(), 48);
  EXPECT_EQ(policy->policy().policy_version(), 2);
  pb::GetCodeListRequest list;
  list.set_kind(pb::CODE_LIST_KIND_OBSTACLE);
  EXPECT_THAT(town_.Call(&Stub::GetCodeList, Staff(), list)->code_list().entries(), SizeIs(2));
  // X3: what was in force is read by its version.
  pb::GetPolicyRequest earlier;
  earlier.set_policy_version(1);
  EXPECT_EQ(Must(town_.Call(&Stub::GetPolicy, Staff(), earlier)).policy().offer_hours(), 24);
  earlier.set_policy_version(2);
  EXPECT_EQ(Must(town_.Call(&Stub::GetPolicy, Staff(), earlier)).policy().offer_hours(), 48);
  earlier.set_policy_version(3);
  EXPECT_REFUSED(town_.Call(&Stub::GetPolicy, Staff(), earlier), "NOT_FOUND");
  pb::ListActivitiesRequest activities;
  const pb::Activity activity = town_.Activity(pb::ACTIVITY_MODE_RACE);
  EXPECT_EQ(town_.Call(&Stub::ListActivities, Staff(), activities)->activities(0).id(), activity.id());
  pb::GetActivityRequest get;
  get.set_activity_id(activity.id());
  EXPECT_THAT(town_.Call(&Stub::GetActivity, AsPeer(SomePerson()), get)->activity().recovery_tags(),
              ElementsAre(pb::RECOVERY_TAG_IDENTITY));
}

}  // namespace
}  // namespace mestring::activities
