// The rules of activities, each as a sentence. Pure: no service is started.

#include "services/activities/activities_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/dates.h"
#include "common/store/records.h"
#include "google/protobuf/util/time_util.h"
#include "services/activities/attendance_rules.h"
#include "services/activities/fund_rules.h"
#include "services/activities/leader_rules.h"
#include "services/activities/period_rules.h"
#include "services/activities/seat_rules.h"
#include "tests/support/expect.h"

namespace mestring::activities {
namespace {

using access::v1::ROLE_FUND_BOARD;
using access::v1::ROLE_NEXT_OF_KIN;
using access::v1::ROLE_PEER;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_SERVICE;
using access::v1::ROLE_STAFF;
using testing::ElementsAre;

constexpr char kKari[] = "11111111-1111-4111-8111-111111111111";
constexpr char kOla[] = "22222222-2222-4222-8222-222222222222";
constexpr char kToday[] = "2026-03-02";
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const absl::Time kStart = kNow + absl::Hours(48);

absl::TimeZone Oslo() {
  absl::TimeZone oslo;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Oslo", &oslo));
  return oslo;
}

absl::Time InOslo(std::string_view local) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", local, Oslo(), &time, &error)) << error;
  return time;
}

Caller As(Role role, std::string person_ref = "", std::string subject = "caller") {
  Caller caller;
  caller.subject = std::move(subject);
  caller.roles = {role};
  caller.person_ref = std::move(person_ref);
  return caller;
}

pb::Activity Group(pb::ActivityMode mode = pb::ACTIVITY_MODE_REGISTERED, pb::Audience audience = pb::AUDIENCE_USER) {
  pb::Activity activity;
  activity.set_id("activity");
  activity.set_state(pb::ACTIVITY_STATE_ACTIVE);
  activity.set_mode(mode);
  activity.set_audience(audience);
  return activity;
}

Quotas QuotasOf(std::initializer_list<std::pair<pb::Audience, int>> seats) {
  Quotas quotas;
  for (const auto& [audience, number] : seats) {
    pb::Quota* quota = quotas.Add();
    quota->set_audience(audience);
    quota->set_seats(number);
  }
  return quotas;
}

pb::SeatCount Count(int seats, int confirmed, int offered, int waiting, pb::Audience audience = pb::AUDIENCE_USER) {
  pb::SeatCount count;
  count.set_audience(audience);
  count.set_seats(seats);
  count.set_confirmed(confirmed);
  count.set_offered(offered);
  count.set_waiting(waiting);
  return count;
}

SeatCounts Counts(std::initializer_list<pb::SeatCount> counts) {
  SeatCounts all;
  for (const pb::SeatCount& count : counts) *all.Add() = count;
  return all;
}

pb::ActivityPolicy Policy() {
  pb::ActivityPolicy policy;
  policy.set_offer_hours(24);
  policy.set_waiting_list_max(20);
  policy.set_correction_days(7);
  return policy;
}

pb::Session Session(pb::SessionState state = pb::SESSION_STATE_OPEN) {
  pb::Session session;
  session.set_id("session");
  session.set_state(state);
  session.set_mode(pb::ACTIVITY_MODE_REGISTERED);
  *session.mutable_start_time() = ToProto(kStart);
  *session.mutable_end_time() = ToProto(kStart + absl::Hours(1));
  *session.mutable_enrol_from_time() = ToProto(kNow - absl::Hours(1));
  *session.mutable_enrol_until_time() = ToProto(kStart);
  *session.mutable_quotas() = QuotasOf({{pb::AUDIENCE_USER, 10}});
  session.set_waiting_list_max(20);
  return session;
}

pb::Session Course() {
  pb::Session session = Session();
  for (int i = 1; i <= 3; ++i) {
    pb::Module* module = session.add_modules();
    module->set_number(i);
    *module->mutable_start_time() = ToProto(kStart + absl::Hours(24 * (i - 1)));
    *module->mutable_end_time() = ToProto(kStart + absl::Hours(24 * (i - 1) + 1));
  }
  *session.mutable_end_time() = session.modules(2).end_time();
  return session;
}

pb::WaitEntry Offer(absl::Time expires = kNow + absl::Hours(1)) {
  pb::WaitEntry entry;
  entry.set_state(pb::WAIT_ENTRY_STATE_OFFERED);
  *entry.mutable_offer_expire_time() = ToProto(expires);
  return entry;
}

pb::LeaderPath Path(pb::LeaderStep step, pb::LeaderStep wished = pb::LEADER_STEP_UNSPECIFIED) {
  pb::LeaderPath path = NewLeaderPath("path", kKari);
  path.set_step(step);
  path.set_wished_step(wished);
  path.set_guide_id("caller");
  return path;
}

pb::Fund Fund(int64_t posted, int64_t reserved) {
  pb::Fund fund;
  fund.set_posted_ore(posted);
  fund.set_reserved_ore(reserved);
  return fund;
}

pb::CostItem Item(pb::CostKind kind, int64_t amount, pb::Payer payer) {
  pb::CostItem item;
  item.set_kind(kind);
  item.set_amount_ore(amount);
  item.set_payer(payer);
  return item;
}

// ---- Who ----

TEST(WhoTest, WhatIsAboutAPersonIsSeenByThemAndThoseWhoWorkWithIt) {
  EXPECT_DONE(MaySee(As(ROLE_PERSON, kKari), kKari, "seat"));
  EXPECT_DONE(MaySee(As(ROLE_STAFF), kKari, "seat"));
  EXPECT_DONE(MaySee(As(ROLE_SERVICE), kKari, "seat"));
  EXPECT_REFUSED(MaySee(As(ROLE_PERSON, kOla), kKari, "seat"), "NOT_FOUND");
  EXPECT_REFUSED(MaySee(As(ROLE_PERSON), "", "seat"), "NOT_FOUND") << "nobody is not oneself";
}

TEST(WhoTest, WhoMayNotActForAPersonDoesNotLearnOfThem) {
  EXPECT_DONE(MayActFor(As(ROLE_PERSON, kKari), kKari));
  EXPECT_DONE(MayActFor(As(ROLE_STAFF), kKari));
  EXPECT_REFUSED(MayActFor(As(ROLE_PERSON, kOla), kKari), "NOT_FOUND");
  EXPECT_REFUSED(MayActFor(As(ROLE_SERVICE), kKari), "NOT_FOUND") << "a subscriber does nothing for anybody";
  EXPECT_DONE(MayOnlyBeSelf(As(ROLE_PERSON, kKari), kKari));
  EXPECT_REFUSED(MayOnlyBeSelf(As(ROLE_STAFF), kKari), "NOT_FOUND");
  EXPECT_REFUSED(MayOnlyBeSelf(As(ROLE_PERSON), ""), "NOT_FOUND") << "a token that names nobody";
}

// ---- Activities ----

TEST(ActivityTest, WhatIsNotSaidInAnUpdateStays) {
  pb::Activity activity = Group();
  activity.set_name("Løpegruppa");
  activity.set_description("Alle tempo");
  activity.set_drug_free(true);
  activity.add_recovery_tags(pb::RECOVERY_TAG_HOPE);
  const std::string before = activity.SerializeAsString();
  pb::UpdateActivityRequest update;
  ApplyUpdate(update, &activity);
  EXPECT_EQ(activity.SerializeAsString(), before);
  update.set_description("");
  update.set_drug_free(false);
  update.set_needs_referral(true);
  update.add_recovery_tags(pb::RECOVERY_TAG_IDENTITY);
  update.set_name("Turgruppa");
  ApplyUpdate(update, &activity);
  EXPECT_EQ(activity.name(), "Turgruppa");
  EXPECT_EQ(activity.description(), "");
  EXPECT_FALSE(activity.drug_free());
  EXPECT_TRUE(activity.needs_referral());
  EXPECT_THAT(activity.recovery_tags(), ElementsAre(pb::RECOVERY_TAG_IDENTITY));
}

TEST(ActivityTest, ItEndsOnceAndWhenNothingOfItIsLeft) {
  EXPECT_REFUSED(MayEnd(Group(), 1), "SESSIONS_AHEAD");
  EXPECT_EQ(MetadataOf(MayEnd(Group(), 3)).at("count"), "3");
  EXPECT_DONE(MayEnd(Group(), 0));
  pb::Activity ended = Group();
  ended.set_state(pb::ACTIVITY_STATE_ENDED);
  EXPECT_REFUSED(MayEnd(ended, 0), "WRONG_STATE");
  EXPECT_REFUSED(MayGoOn(ended), "WRONG_STATE");
}

// ---- Sessions ----

TEST(SessionTest, ADropInHasNoSeatsAndEverythingElseHas) {
  EXPECT_REFUSED(CheckQuotas(Group(), {}), "QUOTA_MISSING");
  EXPECT_REFUSED(CheckQuotas(Group(pb::ACTIVITY_MODE_OPEN_DROP_IN), QuotasOf({{pb::AUDIENCE_USER, 1}})),
                 "QUOTA_MISSING");
  EXPECT_DONE(CheckQuotas(Group(pb::ACTIVITY_MODE_OPEN_DROP_IN), {}));
  EXPECT_REFUSED(CheckQuotas(Group(), QuotasOf({{pb::AUDIENCE_PROFESSIONAL, 1}})), "INVALID_FIELD");
  const Quotas twice = QuotasOf({{pb::AUDIENCE_USER, 1}, {pb::AUDIENCE_USER, 2}});
  EXPECT_REFUSED(CheckQuotas(Group(pb::ACTIVITY_MODE_COURSE, pb::AUDIENCE_MIXED), twice), "INVALID_FIELD");
}

TEST(SessionTest, ItIsPlannedUntilEnrolmentOpensAndFullWhenNoQuotaHasASeat) {
  pb::Session session = Session();
  EXPECT_EQ(StateBySeats(session, Counts({Count(2, 1, 1, 3)}), kNow), pb::SESSION_STATE_FULL);
  EXPECT_EQ(StateBySeats(session, Counts({Count(2, 2, 0, 0), Count(1, 0, 0, 0)}), kNow), pb::SESSION_STATE_OPEN);
  EXPECT_EQ(StateBySeats(session, {}, kNow), pb::SESSION_STATE_OPEN) << "a drop-in is never full";
  *session.mutable_enrol_from_time() = ToProto(kNow + absl::Seconds(1));
  EXPECT_EQ(StateBySeats(session, Counts({Count(2, 2, 0, 0)}), kNow), pb::SESSION_STATE_PLANNED);
}

TEST(SessionTest, WhatHasBegunIsNotMovedButALaterModuleOfACourseIs) {
  const Span later{kStart + absl::Hours(100), kStart + absl::Hours(101)};
  EXPECT_DONE(MayMove(Session(), 0, later, kNow));
  EXPECT_REFUSED(MayMove(Session(), 0, {kNow, later.end}, kNow), "START_IN_PAST");
  EXPECT_REFUSED(MayMove(Session(pb::SESSION_STATE_STARTED), 0, later, kNow), "WRONG_STATE");
  EXPECT_REFUSED(MayMove(Session(), 1, later, kNow), "NOT_FOUND");
  pb::Session course = Course();
  course.set_state(pb::SESSION_STATE_STARTED);
  EXPECT_DONE(MayMove(course, 3, later, kStart + absl::Hours(1)));
  EXPECT_REFUSED(MayMove(course, 1, later, kStart + absl::Hours(1)), "WRONG_STATE");
}

TEST(SessionTest, NoneBeginsInThePast) {
  EXPECT_DONE(MayBegin(kNow + absl::Microseconds(1), kNow));
  EXPECT_REFUSED(MayBegin(kNow, kNow), "START_IN_PAST");
}

TEST(SessionTest, WhatIsNotOverCanBeCancelled) {
  for (pb::SessionState state : {pb::SESSION_STATE_PLANNED, pb::SESSION_STATE_FULL, pb::SESSION_STATE_STARTED}) {
    EXPECT_DONE(MayCancel(Session(state)));
  }
  EXPECT_REFUSED(MayCancel(Session(pb::SESSION_STATE_DONE)), "WRONG_STATE");
  EXPECT_REFUSED(MayCancel(Session(pb::SESSION_STATE_CANCELLED)), "WRONG_STATE");
}

// What the partial indexes of the schema say, word for word: an index with other words is not used.
TEST(StatesTest, TheRulesSayInSqlWhatTheIndexesSay) {
  EXPECT_EQ(InStates<pb::EnrolmentState>(IsLive),
            "state IN ('ENROLMENT_STATE_CONFIRMED', 'ENROLMENT_STATE_ATTENDED', 'ENROLMENT_STATE_ABSENT')");
  EXPECT_EQ(InStates<pb::WaitEntryState>(IsLive), "state IN ('WAIT_ENTRY_STATE_WAITING', 'WAIT_ENTRY_STATE_OFFERED')");
  EXPECT_EQ(InStates<pb::GrantState>(IsLive),
            "state IN ('GRANT_STATE_REQUESTED', 'GRANT_STATE_APPROVED', 'GRANT_STATE_PAID')");
  EXPECT_EQ(InStates(IsNotOver),
            "state IN ('SESSION_STATE_PLANNED', 'SESSION_STATE_OPEN', 'SESSION_STATE_FULL', 'SESSION_STATE_STARTED')");
}

TEST(StatesTest, ModesAndSingleStatesAreSaidAsTheIndexesSayThem) {
  EXPECT_EQ(In("mode", RunsOn), "mode IN ('ACTIVITY_MODE_COURSE', 'ACTIVITY_MODE_CAMP')");
  EXPECT_EQ(InState(pb::SESSION_STATE_OPEN), "state = 'SESSION_STATE_OPEN'");
  EXPECT_EQ(NotInState(pb::SESSION_STATE_OPEN), "state <> 'SESSION_STATE_OPEN'");
}

TEST(StatesTest, WhatNoIndexSaysIsAsPeopleMeanIt) {
  EXPECT_EQ(InStates(IsAhead), "state IN ('SESSION_STATE_PLANNED', 'SESSION_STATE_OPEN', 'SESSION_STATE_FULL')");
  EXPECT_EQ(InStates(IsOpen), "state IN ('GRANT_STATE_REQUESTED', 'GRANT_STATE_APPROVED')");
  EXPECT_TRUE(IsInCalendar(pb::ENROLMENT_STATE_SESSION_CANCELLED)) << "marked as such";
  EXPECT_TRUE(IsInCalendar(pb::ENROLMENT_STATE_ABSENT));
  EXPECT_FALSE(IsInCalendar(pb::ENROLMENT_STATE_WITHDRAWN));
  EXPECT_FALSE(IsInCalendar(pb::ENROLMENT_STATE_REMOVED));
}

TEST(SessionTest, ACourseLastsFromItsFirstToItsLastModule) {
  pb::Session course = Course();
  ApplyMove(1, {kStart - absl::Hours(5), kStart - absl::Hours(4)}, kNow, Oslo(), &course);
  EXPECT_EQ(FromProto(course.start_time()), kStart - absl::Hours(5));
  EXPECT_EQ(FromProto(course.enrol_until_time()), kStart - absl::Hours(5)) << "enrolment closes as long before as ever";
  ApplyMove(3, {kStart + absl::Hours(90), kStart + absl::Hours(91)}, kNow, Oslo(), &course);
  EXPECT_EQ(FromProto(course.end_time()), kStart + absl::Hours(91));
}

// S2: days before a session are days of the calendar, also across daylight saving.
TEST(SessionTest, EnrolmentOpensAndClosesAtTheTimeOfDayOfTheStart) {
  pb::ScheduleSessionsRequest request;
  request.set_opens_days_before(10);
  request.set_closes_days_before(2);
  for (const auto& [start, opens, closes] :
       {std::tuple("2029-03-26 18:00", "2029-03-16T17:00:00Z", "2029-03-24T17:00:00Z"),
        std::tuple("2029-10-29 18:00", "2029-10-19T16:00:00Z", "2029-10-27T16:00:00Z")}) {
    const Span evening = SpanFrom(InOslo(start), absl::Minutes(90), Oslo());
    const pb::Session session =
        NewSession("id", Group(), request, Policy(), {evening}, InOslo("2029-01-01 12:00"), Oslo());
    EXPECT_EQ(google::protobuf::util::TimeUtil::ToString(session.enrol_from_time()), opens);
    EXPECT_EQ(google::protobuf::util::TimeUtil::ToString(session.enrol_until_time()), closes);
  }
}

// S2
TEST(SessionTest, ASessionLastsByTheClockOnTheWall) {
  const auto end = [](std::string_view start, int hours) {
    return absl::FormatTime("%Y-%m-%d %H:%M", SpanFrom(InOslo(start), absl::Hours(hours), Oslo()).end, Oslo());
  };
  EXPECT_EQ(end("2029-03-23 15:00", 48), "2029-03-25 15:00") << "a camp over the change in spring";
  EXPECT_EQ(end("2029-10-26 15:00", 48), "2029-10-28 15:00") << "and in autumn";
  EXPECT_EQ(end("2029-03-24 18:00", 21), "2029-03-25 15:00") << "a night in a cabin";
  EXPECT_EQ(end("2029-06-04 18:00", 2), "2029-06-04 20:00");
  const Span in_the_gap = SpanFrom(InOslo("2029-03-25 02:10"), absl::Minutes(20), Oslo());
  EXPECT_EQ(in_the_gap.end - in_the_gap.start, absl::Minutes(20)) << "in an hour that there is not";
}

// S2
TEST(SessionTest, EnrolmentKeepsItsTimeOfDayWhenASessionMovesAcrossDaylightSaving) {
  for (const auto& [from, to, opens, closes] :
       {std::tuple("2029-03-22 18:00", "2029-03-27 18:00", "2029-03-17 18:00", "2029-03-25 18:00"),
        std::tuple("2029-03-27 18:00", "2029-03-22 18:00", "2029-03-12 18:00", "2029-03-20 18:00"),
        std::tuple("2029-10-25 18:00", "2029-10-30 18:00", "2029-10-20 18:00", "2029-10-28 18:00")}) {
    pb::Session session = Session(pb::SESSION_STATE_PLANNED);
    *session.mutable_start_time() = ToProto(InOslo(from));
    *session.mutable_enrol_from_time() = ToProto(PlusDays(InOslo(from), -10, Oslo()));
    *session.mutable_enrol_until_time() = ToProto(PlusDays(InOslo(from), -2, Oslo()));
    ApplyMove(0, SpanFrom(InOslo(to), absl::Hours(1), Oslo()), InOslo("2029-01-01 12:00"), Oslo(), &session);
    EXPECT_EQ(FromProto(session.enrol_from_time()), InOslo(opens)) << from;
    EXPECT_EQ(FromProto(session.enrol_until_time()), InOslo(closes)) << from;
  }
}

TEST(SessionTest, EnrolmentMovesWithASessionThatHasNotOpened) {
  const auto moved = [](pb::SessionState state, absl::Duration by) {
    pb::Session session = Session(state);
    *session.mutable_enrol_from_time() = ToProto(kNow + absl::Hours(24));
    *session.mutable_enrol_until_time() = ToProto(kStart - absl::Hours(2));
    ApplyMove(0, {kStart + by, kStart + by + absl::Hours(1)}, kNow, Oslo(), &session);
    return std::pair(FromProto(session.enrol_from_time()), FromProto(session.enrol_until_time()));
  };
  const absl::Duration later = absl::Hours(72), earlier = absl::Hours(-30);
  EXPECT_EQ(moved(pb::SESSION_STATE_PLANNED, later),
            std::pair(kNow + absl::Hours(24) + later, kStart - absl::Hours(2) + later));
  EXPECT_EQ(moved(pb::SESSION_STATE_PLANNED, earlier), std::pair(kNow, kStart - absl::Hours(2) + earlier))
      << "it would have opened already: it does now";
  EXPECT_EQ(moved(pb::SESSION_STATE_PLANNED, kNow + absl::Hours(1) - kStart), std::pair(kNow, kNow))
      << "too late to enrol, and never closed before it opens";
  EXPECT_EQ(moved(pb::SESSION_STATE_OPEN, later).first, kNow + absl::Hours(24)) << "what has opened stays open";
  EXPECT_EQ(moved(pb::SESSION_STATE_OPEN, later).second, kStart - absl::Hours(2) + later);
}

TEST(SessionTest, ARangeOfDatesIsNeitherBackwardsNorTooLong) {
  EXPECT_DONE(CheckDateRange(kToday, kToday, 1));
  EXPECT_REFUSED(CheckDateRange(kToday, "2026-03-01", 31), "DATE_OUT_OF_ORDER");
  EXPECT_DONE(CheckDateRange(kToday, "2026-04-01", 31));
  EXPECT_REFUSED(CheckDateRange(kToday, "2026-04-02", 31), "DATE_OUT_OF_ORDER");
}

// ---- Seats ----

TEST(SeatTest, A1ConfirmedAndOfferedTogetherNeverExceedTheQuota) {
  EXPECT_EQ(FreeSeats(Count(3, 1, 1, 0)), 1);
  EXPECT_REFUSED(MayTakeSeat(Count(2, 1, 1, 0)), "QUOTA_FULL");
  EXPECT_DONE(MayTakeSeat(Count(3, 1, 1, 0)));
}

TEST(SeatTest, NobodyEnrolsPastThoseWhoWait) {
  EXPECT_REFUSED(MayTakeSeat(Count(3, 1, 0, 1)), "WAITING_LIST_FIRST");
  EXPECT_DONE(MayWait(Session(), Count(3, 1, 0, 1), 1));
  EXPECT_REFUSED(MayWait(Session(), Count(3, 1, 0, 0), 0), "SEAT_FREE");
  EXPECT_REFUSED(MayWait(Session(), Count(3, 3, 0, 20), 20), "WAITING_LIST_FULL");
}

TEST(SeatTest, A2APersonHasOneSeatOrOnePlaceOnTheListOfASession) {
  EXPECT_DONE(MayJoin(false, false));
  EXPECT_REFUSED(MayJoin(true, false), "ALREADY_ENROLLED");
  EXPECT_REFUSED(MayJoin(false, true), "ALREADY_WAITING");
  EXPECT_REFUSED(MayJoin(true, true), "ALREADY_ENROLLED") << "a seat says more than a place on the list";
}

TEST(SeatTest, A12AnAudienceTakesFromItsOwnQuotaAndElseFromTheMixedOne) {
  pb::Session session = Session();
  EXPECT_EQ(*QuotaFor(session, pb::AUDIENCE_USER), pb::AUDIENCE_USER);
  EXPECT_REFUSED(QuotaFor(session, pb::AUDIENCE_PROFESSIONAL), "NO_QUOTA_FOR_AUDIENCE");
  *session.mutable_quotas() = QuotasOf({{pb::AUDIENCE_USER, 1}, {pb::AUDIENCE_MIXED, 1}});
  EXPECT_EQ(*QuotaFor(session, pb::AUDIENCE_USER), pb::AUDIENCE_USER);
  EXPECT_EQ(*QuotaFor(session, pb::AUDIENCE_PROFESSIONAL), pb::AUDIENCE_MIXED);
}

TEST(SeatTest, OneTakesPartAsWhatOneIsAndStaffEnrolAnybody) {
  const pb::Activity mixed = Group(pb::ACTIVITY_MODE_COURSE, pb::AUDIENCE_MIXED);
  EXPECT_DONE(MayTakePart(As(ROLE_PERSON, kKari), mixed, kKari, pb::AUDIENCE_USER));
  EXPECT_DONE(MayTakePart(As(ROLE_PEER, kKari), mixed, kKari, pb::AUDIENCE_USER));
  EXPECT_DONE(MayTakePart(As(ROLE_NEXT_OF_KIN, kKari), mixed, kKari, pb::AUDIENCE_NEXT_OF_KIN));
  EXPECT_REFUSED(MayTakePart(As(ROLE_PERSON, kKari), mixed, kKari, pb::AUDIENCE_PROFESSIONAL), "FORBIDDEN");
  EXPECT_REFUSED(MayTakePart(As(ROLE_PERSON, kKari), mixed, kOla, pb::AUDIENCE_USER), "NOT_FOUND");
  EXPECT_DONE(MayTakePart(As(ROLE_STAFF), mixed, kOla, pb::AUDIENCE_PROFESSIONAL));
  EXPECT_REFUSED(MayTakePart(As(ROLE_STAFF), mixed, kOla, pb::AUDIENCE_MIXED), "INVALID_FIELD");
  EXPECT_REFUSED(MayTakePart(As(ROLE_STAFF), Group(), kOla, pb::AUDIENCE_NEXT_OF_KIN), "NO_QUOTA_FOR_AUDIENCE");
}

TEST(SeatTest, S1OnlyWhereAReferralIsNeededStaffMustEnrol) {
  pb::Activity activity = Group();
  activity.set_needs_referral(true);
  EXPECT_REFUSED(MayTakePart(As(ROLE_PERSON, kKari), activity, kKari, pb::AUDIENCE_USER), "REFERRAL_REQUIRED");
  EXPECT_DONE(MayTakePart(As(ROLE_STAFF), activity, kKari, pb::AUDIENCE_USER));
}

TEST(SeatTest, EnrolmentIsOpenBetweenItsTimesByTheClock) {
  EXPECT_DONE(MayEnrolNow(Session(), kNow));
  EXPECT_REFUSED(MayEnrolNow(Session(), kNow - absl::Hours(2)), "NOT_OPEN_YET");
  EXPECT_REFUSED(MayEnrolNow(Session(), kStart), "ENROLMENT_CLOSED");
  EXPECT_REFUSED(MayEnrolNow(Session(pb::SESSION_STATE_CANCELLED), kNow), "WRONG_STATE");
  pb::Session drop_in = Session();
  drop_in.set_mode(pb::ACTIVITY_MODE_OPEN_DROP_IN);
  EXPECT_REFUSED(MayEnrolNow(drop_in, kNow), "NO_ENROLMENT");
}

TEST(SeatTest, A3OffersStopAtTheStartAndNeverOutliveIt) {
  EXPECT_TRUE(MakesOffers(Session(), kStart - absl::Seconds(1)));
  EXPECT_FALSE(MakesOffers(Session(), kStart));
  EXPECT_FALSE(MakesOffers(Session(pb::SESSION_STATE_STARTED), kNow));
  pb::Session suspended = Session();
  suspended.set_waiting_list_suspended(true);
  EXPECT_FALSE(MakesOffers(suspended, kNow));
  const absl::TimeZone utc = absl::UTCTimeZone();
  EXPECT_EQ(OfferExpireTime(Session(), Policy(), kNow, utc), kNow + absl::Hours(24));
  EXPECT_EQ(OfferExpireTime(Session(), Policy(), kStart - absl::Hours(2), utc), kStart);
  pb::ActivityPolicy policy = Policy();
  policy.set_answer_from_hour(8);
  policy.set_answer_until_hour(9);
  EXPECT_EQ(OfferExpireTime(Session(), policy, kNow, utc), kStart) << "24 such hours are 24 days";
}

// What the clock in Oslo shows so many answering hours after it showed that.
std::string AfterHours(std::string_view local, int hours, int from_hour, int until_hour) {
  pb::ActivityPolicy policy;
  policy.set_answer_from_hour(from_hour);
  policy.set_answer_until_hour(until_hour);
  absl::Time from;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%d %H:%M", local, Oslo(), &from, &error)) << error;
  return absl::FormatTime("%Y-%m-%d %H:%M", AfterAnswerHours(from, hours, policy, Oslo()), Oslo());
}

TEST(SeatTest, AlfioTheTimeToAnswerRunsOnlyInTheHoursInWhichPeopleAnswer) {
  EXPECT_EQ(AfterHours("2026-11-23 10:00", 6, 8, 20), "2026-11-23 16:00");
  EXPECT_EQ(AfterHours("2026-11-23 23:00", 4, 8, 20), "2026-11-24 12:00") << "not in the night";
  EXPECT_EQ(AfterHours("2026-11-23 05:00", 4, 8, 20), "2026-11-23 12:00") << "nor before the day";
  EXPECT_EQ(AfterHours("2026-11-23 18:00", 4, 8, 20), "2026-11-24 10:00") << "it goes on in the morning";
  EXPECT_EQ(AfterHours("2026-11-23 18:00", 2, 8, 20), "2026-11-23 20:00");
  EXPECT_EQ(AfterHours("2026-11-23 20:00", 24, 8, 20), "2026-11-25 20:00");
  EXPECT_EQ(AfterHours("2026-12-31 23:59", 720, 9, 10), "2028-12-20 10:00") << "the longest there is, over a leap year";
  EXPECT_EQ(AfterHours("2026-11-23 22:30", 2, 22, 24), "2026-11-24 22:30") << "until midnight";
  EXPECT_EQ(AfterHours("2026-11-23 23:00", 24, 0, 0), "2026-11-24 23:00") << "at any hour";
  EXPECT_EQ(AfterHours("2026-11-23 23:00", 24, 0, 24), "2026-11-24 23:00") << "which is the same";
}

TEST(SeatTest, AlfioTheTimeToAnswerIsRightWhenTheClockChanges) {
  EXPECT_EQ(AfterHours("2027-03-27 23:00", 1, 8, 20), "2027-03-28 09:00") << "forwards in the night between";
  EXPECT_EQ(AfterHours("2027-03-27 12:00", 24, 0, 24), "2027-03-28 13:00") << "24 real hours";
  EXPECT_EQ(AfterHours("2027-03-28 00:00", 3, 1, 5), "2027-03-28 05:00") << "an hour less in the window";
  EXPECT_EQ(AfterHours("2027-03-27 04:00", 1, 2, 3), "2027-03-29 03:00") << "a window that is not there that day";
  EXPECT_EQ(AfterHours("2027-10-30 23:00", 1, 8, 20), "2027-10-31 09:00") << "backwards";
  EXPECT_EQ(AfterHours("2027-10-30 12:00", 24, 0, 24), "2027-10-31 11:00");
  EXPECT_EQ(AfterHours("2027-10-31 00:00", 5, 1, 5), "2027-10-31 05:00") << "an hour more";
}

TEST(SeatTest, AnswersAreAskedForFromAnHourUntilALaterOne) {
  const auto checked = [](int from_hour, int until_hour) {
    pb::SetPolicyRequest request;
    request.mutable_policy()->set_answer_from_hour(from_hour);
    request.mutable_policy()->set_answer_until_hour(until_hour);
    return Check(request);
  };
  EXPECT_DONE(checked(0, 0));
  EXPECT_DONE(checked(0, 24));
  EXPECT_DONE(checked(8, 20));
  EXPECT_EQ(checked(20, 8).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(checked(8, 8).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(checked(8, 0).code(), absl::StatusCode::kInvalidArgument);
}

TEST(SeatTest, AnOfferIsTakenInTimeOrNotAtAll) {
  EXPECT_DONE(MayAnswer(Offer(), Session(), kNow));
  EXPECT_REFUSED(MayAnswer(Offer(kNow), Session(), kNow), "OFFER_EXPIRED") << "also before its timer fires";
  pb::WaitEntry waiting = Offer();
  waiting.set_state(pb::WAIT_ENTRY_STATE_WAITING);
  EXPECT_REFUSED(MayAnswer(waiting, Session(), kNow), "WRONG_STATE");
  EXPECT_REFUSED(MayAnswer(Offer(), Session(pb::SESSION_STATE_STARTED), kNow), "WRONG_STATE");
}

TEST(SeatTest, A5AQuotaIsNotLoweredBelowWhatIsTakenNorTakenFromThoseWhoWait) {
  const SeatCounts counts = Counts({Count(5, 2, 1, 0), Count(3, 0, 0, 1, pb::AUDIENCE_PROFESSIONAL)});
  EXPECT_DONE(MaySetQuotas(counts, QuotasOf({{pb::AUDIENCE_USER, 3}, {pb::AUDIENCE_PROFESSIONAL, 1}})));
  EXPECT_REFUSED(MaySetQuotas(counts, QuotasOf({{pb::AUDIENCE_USER, 2}, {pb::AUDIENCE_PROFESSIONAL, 1}})),
                 "QUOTA_BELOW_TAKEN");
  EXPECT_REFUSED(MaySetQuotas(counts, QuotasOf({{pb::AUDIENCE_USER, 3}})), "QUOTA_BELOW_TAKEN");
}

TEST(SeatTest, ASeatIsGivenBackBeforeTheStart) {
  const pb::Enrolment enrolment = NewEnrolment("id", Session(), kKari, pb::AUDIENCE_USER, pb::AUDIENCE_USER);
  EXPECT_DONE(MayEnd(enrolment, Session(), kNow));
  EXPECT_REFUSED(MayEnd(enrolment, Session(), kStart), "WRONG_STATE");
  pb::Enrolment ended = enrolment;
  ended.set_state(pb::ENROLMENT_STATE_WITHDRAWN);
  EXPECT_REFUSED(MayEnd(ended, Session(), kNow), "WRONG_STATE");
}

// ---- Attendance ----

TEST(AttendanceTest, AnAbsenceHasAReasonAndAPresenceHasNone) {
  EXPECT_DONE(CheckReason(true, "ILL"));
  EXPECT_DONE(CheckReason(false, ""));
  EXPECT_REFUSED(CheckReason(true, ""), "REASON_REQUIRED");
  EXPECT_REFUSED(CheckReason(false, "ILL"), "REASON_REQUIRED");
}

TEST(AttendanceTest, ItIsRecordedAfterTheBeginningAndCorrectedForAWhile) {
  EXPECT_REFUSED(MayRecord(Session(), 0, kStart - absl::Seconds(1)), "NOT_YET");
  EXPECT_DONE(MayRecord(Session(), 0, kStart));
  EXPECT_REFUSED(MayRecord(Course(), 2, kStart), "NOT_YET") << "each module for itself";
  pb::Attendance attendance;
  attendance.set_state(pb::ATTENDANCE_STATE_RECORDED);
  const absl::Time last = kStart + absl::Hours(1) + absl::Hours(24 * 7);
  EXPECT_DONE(MayCorrect(attendance, Session(), Policy(), last, Oslo()));
  EXPECT_REFUSED(MayCorrect(attendance, Session(), Policy(), last + absl::Seconds(1), Oslo()), "CORRECTION_CLOSED");
  attendance.set_state(pb::ATTENDANCE_STATE_SUPERSEDED);
  EXPECT_REFUSED(MayCorrect(attendance, Session(), Policy(), kStart, Oslo()), "WRONG_STATE");
}

// S2: the last moment is the time of day at which it ended, so many days later.
TEST(AttendanceTest, TheDaysForCorrectionsAreDaysAcrossDaylightSaving) {
  pb::Attendance attendance;
  attendance.set_state(pb::ATTENDANCE_STATE_RECORDED);
  for (const auto& [end, last] :
       {std::pair("2029-03-22 19:30", "2029-03-29 19:30"), std::pair("2029-10-25 19:30", "2029-11-01 19:30")}) {
    pb::Session session = Session();
    *session.mutable_end_time() = ToProto(InOslo(end));
    EXPECT_DONE(MayCorrect(attendance, session, Policy(), InOslo(last), Oslo()));
    EXPECT_REFUSED(MayCorrect(attendance, session, Policy(), InOslo(last) + absl::Seconds(1), Oslo()),
                   "CORRECTION_CLOSED");
  }
}

TEST(AttendanceTest, WhatIsRecordedIsCorrectedAndNotRecordedAgain) {
  EXPECT_DONE(MayMark(false));
  EXPECT_REFUSED(MayMark(true), "ALREADY_RECORDED");
}

TEST(AttendanceTest, AnObstacleIsOfSomebodyWhoTakesPartAndIsClearedOnce) {
  EXPECT_DONE(MayHaveObstacle(Session(), true));
  EXPECT_REFUSED(MayHaveObstacle(Session(), false), "NOT_ENROLLED");
  EXPECT_REFUSED(MayHaveObstacle(Session(pb::SESSION_STATE_STARTED), true), "WRONG_STATE") << "too late to clear it";
  pb::Obstacle obstacle;
  obstacle.set_state(pb::OBSTACLE_STATE_OPEN);
  EXPECT_DONE(MayClear(obstacle));
  obstacle.set_state(pb::OBSTACLE_STATE_CLEARED);
  EXPECT_REFUSED(MayClear(obstacle), "WRONG_STATE");
  EXPECT_EQ(MetadataOf(MayClear(obstacle)).at("state"), "OBSTACLE_STATE_CLEARED");
}

TEST(AttendanceTest, ACourseIsCompletedByAsManyModulesAsItAsks) {
  pb::Activity activity = Group(pb::ACTIVITY_MODE_COURSE);
  EXPECT_FALSE(IsCompleted(activity, Course(), 2));
  EXPECT_TRUE(IsCompleted(activity, Course(), 3)) << "all, if it does not say";
  activity.set_modules_required(2);
  EXPECT_TRUE(IsCompleted(activity, Course(), 2));
  EXPECT_FALSE(IsCompleted(activity, Session(), 5)) << "an evening is no course";
}

// ---- Asked after ----

Mark Recorded(int day, bool present, absl::Time recorded = kNow,
              pb::AttendanceState state = pb::ATTENDANCE_STATE_RECORDED) {
  Mark mark;
  mark.attendance.set_enrolment_id(absl::StrCat("seat", day));
  mark.attendance.set_present(present);
  mark.attendance.set_state(state);
  *mark.attendance.mutable_create_time() = ToProto(recorded);
  mark.start = kNow + absl::Hours(24 * day);
  return mark;
}

int AbsencesOf(const std::vector<Mark>& marks) { return StreakOf(marks, kNow).absences; }

TEST(FollowUpTest, AWishIsSetOnceAndSaysSinceWhen) {
  pb::FollowUp follow_up = NewFollowUp("wish", kKari);
  EXPECT_FALSE(ApplyFollowUp(false, kNow, &follow_up)) << "there is none";
  EXPECT_TRUE(ApplyFollowUp(true, kNow, &follow_up));
  EXPECT_EQ(FromProto(follow_up.wanted_from_time()), kNow);
  EXPECT_FALSE(ApplyFollowUp(true, kNow + absl::Hours(1), &follow_up));
  EXPECT_EQ(FromProto(follow_up.wanted_from_time()), kNow);
  EXPECT_TRUE(ApplyFollowUp(false, kNow, &follow_up));
  EXPECT_FALSE(follow_up.has_wanted_from_time());
}

TEST(FollowUpTest, AStreakRunsFromTheNewestSessionBackToTheLastPresence) {
  EXPECT_FALSE(StreakOf({}, kNow).any);
  EXPECT_EQ(AbsencesOf({Recorded(1, false), Recorded(2, true), Recorded(3, false), Recorded(4, false)}), 2);
  EXPECT_EQ(AbsencesOf({Recorded(4, false), Recorded(1, false), Recorded(3, false), Recorded(2, true)}), 2)
      << "whenever it was recorded";
  EXPECT_EQ(AbsencesOf({Recorded(1, false), Recorded(2, true)}), 0);
  EXPECT_EQ(StreakOf({Recorded(1, true), Recorded(2, false)}, kNow).last_present, kNow + absl::Hours(24));
}

TEST(FollowUpTest, ModulesThatBeginTogetherAreInTheOrderOfTheirNumbers) {
  Mark first = Recorded(1, false), second = Recorded(1, true);
  first.attendance.set_module(1);
  second.attendance.set_module(2);
  EXPECT_EQ(AbsencesOf({first, second}), 0);
  std::swap(first.start, second.start);
  first.attendance.set_module(3);
  EXPECT_EQ(AbsencesOf({first, second}), 1);
}

TEST(FollowUpTest, OnlyRecordsThatStandAndAreSinceTheWishCount) {
  const absl::Time earlier = kNow - absl::Microseconds(1), later = kNow + absl::Hours(1);
  EXPECT_EQ(AbsencesOf({Recorded(1, false, kNow, pb::ATTENDANCE_STATE_SUPERSEDED), Recorded(1, true, later)}), 0);
  EXPECT_FALSE(StreakOf({Recorded(1, false, earlier)}, kNow).any);
  EXPECT_EQ(AbsencesOf({Recorded(1, false, earlier), Recorded(2, false, later)}), 1);
  EXPECT_EQ(AbsencesOf({Recorded(1, true, earlier, pb::ATTENDANCE_STATE_SUPERSEDED), Recorded(1, false, later)}), 0)
      << "a correction does not make an old record a new one";
}

TEST(FollowUpTest, AParticipationLapsesAtTheFigureAndUntilTheStreakIsShorter) {
  pb::ActivityPolicy policy = Policy();
  policy.set_lapse_absences(3);
  pb::Participation participation = NewParticipation("participation", "activity", kKari);
  const auto state_at = [&](int absences) {
    ApplyStreak({.any = true, .absences = absences}, policy, absl::UTCTimeZone(), &participation);
    return participation.state();
  };
  EXPECT_EQ(state_at(2), pb::PARTICIPATION_STATE_ACTIVE);
  EXPECT_EQ(state_at(3), pb::PARTICIPATION_STATE_LAPSED);
  EXPECT_EQ(state_at(4), pb::PARTICIPATION_STATE_LAPSED);
  EXPECT_EQ(state_at(3), pb::PARTICIPATION_STATE_LAPSED) << "shorter, and long enough";
  policy.set_lapse_absences(10);
  EXPECT_EQ(state_at(4), pb::PARTICIPATION_STATE_LAPSED) << "a new policy brings nobody back";
  EXPECT_EQ(state_at(3), pb::PARTICIPATION_STATE_ACTIVE) << "a correction does";
  policy.set_lapse_absences(1);
  EXPECT_EQ(state_at(1), pb::PARTICIPATION_STATE_LAPSED);
  policy.set_lapse_absences(0);
  EXPECT_EQ(state_at(0), pb::PARTICIPATION_STATE_ACTIVE);
  EXPECT_EQ(state_at(50), pb::PARTICIPATION_STATE_ACTIVE) << "nobody is asked after";
}

TEST(FollowUpTest, TheLastPresenceIsADayWhereThePersonLives) {
  pb::Participation participation = NewParticipation("participation", "activity", kKari);
  const absl::Time late = absl::FromCivil(absl::CivilSecond(2026, 11, 23, 23, 30, 0), absl::UTCTimeZone());
  ApplyStreak({.any = true, .last_present = late}, Policy(), Oslo(), &participation);
  EXPECT_EQ(participation.last_present_date(), "2026-11-24");
  ApplyStreak({.any = true, .absences = 1}, Policy(), Oslo(), &participation);
  EXPECT_EQ(participation.last_present_date(), "") << "that record was corrected";
}

// ---- Drop-in ----

TEST(DropInTest, A6SmallFiguresAreSuppressedAndZeroIsNone) {
  const auto figures = [](PeriodCounts counts) {
    pb::Period period;
    period.set_cell_min(5);
    ApplyClose(counts, &period);
    std::vector<std::string> text;
    for (const auto& figure : period.figures()) {
      text.push_back(figure.suppressed() ? "few" : std::to_string(figure.value()));
    }
    return text;
  };
  EXPECT_THAT(figures({12, 250, 60, 45}), ElementsAre("12", "250", "60", "45"));
  EXPECT_THAT(figures({3, 4, 4, 0}), ElementsAre("3", "few", "few", "0"));
  EXPECT_THAT(figures({3, 90, 48, 45}), ElementsAre("3", "90", "48", "few")) << "three who are no core users";
  EXPECT_THAT(figures({3, 90, 45, 45}), ElementsAre("3", "90", "45", "45"));
  EXPECT_THAT(figures({0, 0, 0, 0}), ElementsAre("0", "0", "0", "0"));
}

TEST(DropInTest, A6VisitsAreCountedAtADropInThatHasBegunInAnOpenPeriod) {
  pb::Session drop_in = Session();
  drop_in.set_mode(pb::ACTIVITY_MODE_OPEN_DROP_IN);
  EXPECT_DONE(MayCount(drop_in, true, kStart));
  EXPECT_REFUSED(MayCount(drop_in, true, kStart - absl::Seconds(1)), "NOT_YET");
  EXPECT_REFUSED(MayCount(drop_in, false, kStart), "NO_OPEN_PERIOD");
  EXPECT_REFUSED(MayCount(Session(), true, kStart), "NOT_DROP_IN");
  drop_in.set_state(pb::SESSION_STATE_CANCELLED);
  EXPECT_REFUSED(MayCount(drop_in, true, kStart), "WRONG_STATE");
}

TEST(DropInTest, A7FewerPeopleThanDifferentCardsAreNeverCounted) {
  EXPECT_DONE(CheckHeadcount(0, 0));
  EXPECT_DONE(CheckHeadcount(3, 3));
  EXPECT_REFUSED(CheckHeadcount(2, 3), "HEADCOUNT_BELOW_CARDS");
}

TEST(DropInTest, ADayIsInOnePeriodWhichIsNoLongerThanAYear) {
  pb::OpenPeriodRequest request;
  request.set_from_date("2026-01-01");
  request.set_to_date("2027-01-01");
  EXPECT_DONE(MayOpen(request, false, kToday)) << "366 days";
  EXPECT_REFUSED(MayOpen(request, true, kToday), "PERIOD_OVERLAPS");
  request.set_to_date("2027-01-02");
  EXPECT_REFUSED(MayOpen(request, false, kToday), "DATE_OUT_OF_ORDER");
  request.set_from_date("2060-01-01");
  request.set_to_date("2060-12-31");
  EXPECT_REFUSED(MayOpen(request, false, kToday), "INVALID_FIELD") << "beyond all plans";
}

TEST(DropInTest, A7WhoIsACoreUserIsSaidWhenThePeriodOpens) {
  pb::ActivityPolicy policy = Policy();
  policy.set_core_visits(8);
  policy.set_cell_min(5);
  pb::OpenPeriodRequest request;
  request.set_from_date("2026-01-01");
  request.set_to_date("2026-06-30");
  const pb::Period period = NewPeriod("period", request, policy);
  EXPECT_EQ(period.state(), pb::PERIOD_STATE_OPEN);
  EXPECT_EQ(period.from_date(), "2026-01-01");
  EXPECT_EQ(period.to_date(), "2026-06-30");
  EXPECT_EQ(period.core_visits(), 8);
  EXPECT_EQ(period.cell_min(), 5);
}

TEST(DropInTest, APeriodIsClosedWhenItIsOver) {
  pb::Period period;
  period.set_state(pb::PERIOD_STATE_OPEN);
  period.set_to_date("2026-03-01");
  EXPECT_DONE(MayClose(period, kToday));
  period.set_to_date(kToday);
  EXPECT_REFUSED(MayClose(period, kToday), "NOT_YET");
  period.set_state(pb::PERIOD_STATE_CLOSED);
  EXPECT_REFUSED(MayClose(period, kToday), "WRONG_STATE");
}

// ---- From participant to leader ----

TEST(LeaderTest, A9NoStepIsSkipped) {
  EXPECT_DONE(MayWish(Path(pb::LEADER_STEP_PARTICIPANT), pb::LEADER_STEP_REGULAR));
  EXPECT_REFUSED(MayWish(Path(pb::LEADER_STEP_PARTICIPANT), pb::LEADER_STEP_HELPER), "STEP_SKIPPED");
  EXPECT_REFUSED(MayWish(Path(pb::LEADER_STEP_HELPER), pb::LEADER_STEP_REGULAR), "STEP_SKIPPED");
}

TEST(LeaderTest, AStepNeedsWishRequirementsAndTheGuide) {
  pb::ActivityPolicy policy = Policy();
  pb::StepRequirement* requirement = policy.add_step_requirements();
  requirement->set_step(pb::LEADER_STEP_LEADER);
  requirement->set_requirement_code("FIRST_AID");
  const pb::LeaderStep leader = pb::LEADER_STEP_LEADER;
  const pb::LeaderPath path = Path(pb::LEADER_STEP_TRAINEE_LEADER, leader);
  const Caller guide = As(ROLE_STAFF);
  EXPECT_DONE(MayConfirm(guide, path, leader, policy, {"FIRST_AID"}, Approval::kNone));
  EXPECT_REFUSED(MayConfirm(guide, path, leader, policy, {}, Approval::kNone), "REQUIREMENT_MISSING");
  EXPECT_REFUSED(MayConfirm(As(ROLE_STAFF, "", "another"), path, leader, policy, {"FIRST_AID"}, Approval::kNone),
                 "NOT_THE_GUIDE");
  EXPECT_REFUSED(
      MayConfirm(guide, Path(pb::LEADER_STEP_TRAINEE_LEADER), leader, policy, {"FIRST_AID"}, Approval::kNone),
      "NOT_WISHED");
  EXPECT_REFUSED(MayConfirm(guide, path, leader, policy, {"FIRST_AID"}, Approval::kLost), "APPROVAL_REQUIRED")
      << "who lost it does not lead before it is there again";
  policy.set_leader_needs_approval(true);
  EXPECT_REFUSED(MayConfirm(guide, path, leader, policy, {"FIRST_AID"}, Approval::kNone), "APPROVAL_REQUIRED");
  EXPECT_DONE(MayConfirm(guide, path, leader, policy, {"FIRST_AID"}, Approval::kHolds));
}

TEST(LeaderTest, AnApprovalHoldsThroughItsLastDay) {
  EXPECT_EQ(ApprovalOn(kToday, true, kToday), Approval::kHolds);
  EXPECT_EQ(ApprovalOn(kToday, true, "2026-03-01"), Approval::kLost);
  EXPECT_EQ(ApprovalOn(kToday, false, "2027-03-01"), Approval::kLost) << "paused or stopped";
}

TEST(LeaderTest, ARequirementIsRecordedOnceAndWhenItIsMet) {
  EXPECT_DONE(MayRecordRequirement(kToday, false, kToday));
  EXPECT_DONE(MayRecordRequirement("", false, kToday)) << "today";
  EXPECT_REFUSED(MayRecordRequirement("2026-03-03", false, kToday), "NOT_YET");
  EXPECT_REFUSED(MayRecordRequirement(kToday, true, kToday), "ALREADY_EXISTS");
}

TEST(LeaderTest, NobodyIsTheirOwnGuide) {
  const pb::LeaderPath path = Path(pb::LEADER_STEP_PARTICIPANT, pb::LEADER_STEP_REGULAR);
  Caller guide = As(ROLE_STAFF);
  EXPECT_DONE(MayAssignGuide(guide, path));
  EXPECT_DONE(MayConfirm(guide, path, pb::LEADER_STEP_REGULAR, Policy(), {}, Approval::kNone));
  guide.person_ref = path.person_ref();
  EXPECT_REFUSED(MayAssignGuide(guide, path), "OWN_GUIDE");
  EXPECT_REFUSED(MayConfirm(guide, path, pb::LEADER_STEP_REGULAR, Policy(), {}, Approval::kNone), "OWN_GUIDE");
}

TEST(LeaderTest, SteppingBackIsAlwaysOpen) {
  for (pb::LeaderStep step : {pb::LEADER_STEP_UNSPECIFIED, pb::LEADER_STEP_PARTICIPANT, pb::LEADER_STEP_LEADER}) {
    EXPECT_DONE(MayStepBack(Path(pb::LEADER_STEP_LEADER), step));
  }
  EXPECT_REFUSED(MayStepBack(Path(pb::LEADER_STEP_HELPER), pb::LEADER_STEP_LEADER), "STEP_SKIPPED");
  pb::LeaderPath path = Path(pb::LEADER_STEP_LEADER);
  ApplyPause(pb::PAUSE_CAUSE_NO_GUIDE, &path);
  EXPECT_DONE(MayStepBack(path, pb::LEADER_STEP_HELPER)) << "also while paused";
  ApplyStepBack(pb::LEADER_STEP_HELPER, &path);
  EXPECT_EQ(path.state(), pb::LEADER_STATE_ACTIVE);
}

TEST(LeaderTest, ALeaderLeadsAgainWhenTheLastCauseOfAPauseIsGone) {
  pb::LeaderPath path = Path(pb::LEADER_STEP_LEADER);
  EXPECT_TRUE(ApplyPause(pb::PAUSE_CAUSE_APPROVAL, &path));
  EXPECT_FALSE(ApplyPause(pb::PAUSE_CAUSE_NO_GUIDE, &path)) << "led nothing already";
  EXPECT_FALSE(ApplyResume(pb::PAUSE_CAUSE_APPROVAL, &path));
  EXPECT_REFUSED(MayLead(path), "NOT_A_LEADER");
  EXPECT_TRUE(ApplyResume(pb::PAUSE_CAUSE_NO_GUIDE, &path));
  EXPECT_DONE(MayLead(path));
}

TEST(LeaderTest, A8AUserLeaderAlwaysHasAGuide) {
  pb::LeaderPath path = Path(pb::LEADER_STEP_LEADER);
  path.clear_guide_id();
  EXPECT_REFUSED(MayLead(path), "NOT_A_LEADER");
  EXPECT_REFUSED(MayLead(Path(pb::LEADER_STEP_TRAINEE_LEADER)), "NOT_A_LEADER");
  EXPECT_REFUSED(MayRemoveGuide(path), "NO_GUIDE");
  EXPECT_DONE(MayRemoveGuide(Path(pb::LEADER_STEP_LEADER)));
}

TEST(LeaderTest, A8ASessionThatLiesAheadLacksALeaderUntilItHasOne) {
  pb::Session session = Session(pb::SESSION_STATE_FULL);
  EXPECT_TRUE(LacksLeader(session));
  session.set_leaders(1);
  EXPECT_FALSE(LacksLeader(session));
  EXPECT_FALSE(LacksLeader(Session(pb::SESSION_STATE_STARTED))) << "nothing can be done about it any more";
  EXPECT_FALSE(LacksLeader(Session(pb::SESSION_STATE_CANCELLED)));
}

// Weeks of a course, or days of a camp, are still ahead when it has begun; an evening is finished by who began it.
TEST(LeaderTest, A8WhoLeadsACourseOrCampCanChangeUntilItIsOver) {
  const pb::LeaderPath leader = Path(pb::LEADER_STEP_LEADER);
  for (const auto mode : {pb::ACTIVITY_MODE_COURSE, pb::ACTIVITY_MODE_CAMP}) {
    pb::Session session = Session(pb::SESSION_STATE_STARTED);
    session.set_mode(mode);
    EXPECT_DONE(MayChangeLeaders(session));
    EXPECT_DONE(MayAssignLeader(session, &leader, false));
    EXPECT_TRUE(LacksLeader(session));
    session.set_state(pb::SESSION_STATE_DONE);
    EXPECT_REFUSED(MayChangeLeaders(session), "WRONG_STATE");
    EXPECT_FALSE(LacksLeader(session));
  }
  for (const auto mode : {pb::ACTIVITY_MODE_REGISTERED, pb::ACTIVITY_MODE_OPEN_DROP_IN, pb::ACTIVITY_MODE_RACE}) {
    pb::Session session = Session(pb::SESSION_STATE_STARTED);
    session.set_mode(mode);
    EXPECT_REFUSED(MayChangeLeaders(session), "WRONG_STATE");
    EXPECT_FALSE(LacksLeader(session));
    session.set_state(pb::SESSION_STATE_FULL);
    EXPECT_DONE(MayChangeLeaders(session));
  }
}

TEST(LeaderTest, ASessionIsLedOnceByEachOfItsLeaders) {
  const pb::LeaderPath leader = Path(pb::LEADER_STEP_LEADER), nobody;
  EXPECT_DONE(MayAssignLeader(Session(), &leader, false));
  EXPECT_DONE(MayAssignLeader(Session(), nullptr, false)) << "staff";
  EXPECT_REFUSED(MayAssignLeader(Session(), &nobody, false), "NOT_A_LEADER");
  EXPECT_REFUSED(MayAssignLeader(Session(), &leader, true), "ALREADY_ASSIGNED");
  EXPECT_REFUSED(MayAssignLeader(Session(), nullptr, true), "ALREADY_ASSIGNED");
  EXPECT_REFUSED(MayAssignLeader(Session(pb::SESSION_STATE_STARTED), nullptr, false), "WRONG_STATE");
}

// ---- Fund ----

TEST(FundTest, A10AvailableIsPostedLessReservedThroughTheWholeLifeOfAGrant) {
  pb::Fund fund = Fund(0, 0);
  ApplyEntry(pb::LEDGER_KIND_DONATION, 1000, &fund);
  ApplyEntry(pb::LEDGER_KIND_RESERVATION, 600, &fund);
  EXPECT_EQ(Available(fund), 400);
  ApplyEntry(pb::LEDGER_KIND_PAYMENT, 600, &fund);
  EXPECT_EQ(Available(fund), 400) << "what was reserved is what is paid";
  EXPECT_EQ(fund.posted_ore(), 400);
  ApplyEntry(pb::LEDGER_KIND_RESERVATION, 400, &fund);
  const pb::LedgerEntry release = ApplyEntry(pb::LEDGER_KIND_RELEASE, 400, &fund);
  EXPECT_EQ(release.reserved_after_ore(), 0);
  const pb::LedgerEntry reversal = ApplyEntry(pb::LEDGER_KIND_REVERSAL, 600, &fund);
  EXPECT_EQ(reversal.posted_after_ore(), 1000);
}

TEST(FundTest, OpenCollective688NothingIsApprovedBeyondWhatIsAvailable) {
  pb::Grant grant;
  grant.set_state(pb::GRANT_STATE_REQUESTED);
  grant.set_person_ref(kKari);
  grant.set_amount_ore(500);
  pb::DecideGrantRequest approve;
  approve.set_approve(true);
  pb::Eligibility eligibility;
  eligibility.set_works_actively(true);
  eligibility.set_valid_until(kToday);
  const Caller board = As(ROLE_FUND_BOARD);
  const auto decide = [&](const Caller& caller, const pb::Fund& fund, const pb::Eligibility* statement,
                          std::string_view today) {
    return MayDecide(caller, grant, approve, fund, nullptr, statement, today);
  };
  EXPECT_DONE(decide(board, Fund(1000, 500), &eligibility, kToday));
  EXPECT_REFUSED(decide(board, Fund(1000, 501), &eligibility, kToday), "FUND_EXHAUSTED");
  EXPECT_REFUSED(decide(board, Fund(1000, 0), nullptr, kToday), "ELIGIBILITY_REQUIRED");
  EXPECT_REFUSED(decide(board, Fund(1000, 0), &eligibility, "2026-03-03"), "ELIGIBILITY_REQUIRED");
  EXPECT_REFUSED(decide(As(ROLE_FUND_BOARD, kKari), Fund(1000, 0), &eligibility, kToday), "OWN_GRANT");
  pb::DecideGrantRequest refuse;
  EXPECT_REFUSED(MayDecide(board, grant, refuse, Fund(0, 0), nullptr, nullptr, kToday), "REASON_REQUIRED");
}

TEST(FundTest, A10AGrantIsDecidedByTheCostSharesAsTheyAreAndNotAsTheyWere) {
  pb::Session camp = Session(pb::SESSION_STATE_STARTED);
  camp.set_mode(pb::ACTIVITY_MODE_CAMP);
  *camp.add_cost_items() = Item(pb::COST_KIND_LODGING, 400, pb::PAYER_FUND);
  pb::Grant grant;
  grant.set_state(pb::GRANT_STATE_REQUESTED);
  grant.set_kind(pb::GRANT_KIND_TRIP);
  grant.set_person_ref(kKari);
  grant.set_amount_ore(400);
  pb::DecideGrantRequest approve, refuse;
  approve.set_approve(true);
  refuse.set_reason_code("A");
  pb::Eligibility eligibility;
  eligibility.set_works_actively(true);
  eligibility.set_valid_until(kToday);
  const auto decide = [&](const pb::DecideGrantRequest& request) {
    return MayDecide(As(ROLE_FUND_BOARD), grant, request, Fund(1000, 0), &camp, &eligibility, kToday);
  };
  EXPECT_DONE(decide(approve)) << "also when it has begun: it was asked for in time";
  camp.mutable_cost_items(0)->set_amount_ore(399);
  EXPECT_REFUSED(decide(approve), "SHARE_EXCEEDED");
  EXPECT_EQ(MetadataOf(decide(approve))["share_ore"], "399");
  camp.mutable_cost_items(0)->set_payer(pb::PAYER_MUNICIPALITY);
  EXPECT_REFUSED(decide(approve), "NO_COST_SHARES");
  EXPECT_DONE(decide(refuse)) << "a no is always possible";
}

TEST(FundTest, A11NobodySaysOfThemselfThatTheyWorkActivelyToGetFree) {
  EXPECT_DONE(MayStateEligibility(As(ROLE_PEER, kOla), kKari));
  EXPECT_DONE(MayStateEligibility(As(ROLE_STAFF), kKari));
  EXPECT_REFUSED(MayStateEligibility(As(ROLE_PEER, kKari), kKari), "OWN_GRANT");
  EXPECT_REFUSED(MayStateEligibility(As(ROLE_STAFF, kKari), kKari), "OWN_GRANT") << "nor as one of the staff";
}

TEST(FundTest, AGrantIsAskedForOnceByWhoTakesPartAndForNoMoreThanTheFundBears) {
  pb::Session camp = Session();
  camp.set_mode(pb::ACTIVITY_MODE_CAMP);
  *camp.add_cost_items() = Item(pb::COST_KIND_LODGING, 400, pb::PAYER_FUND);
  pb::RequestGrantRequest trip;
  trip.set_kind(pb::GRANT_KIND_TRIP);
  trip.set_amount_ore(400);
  EXPECT_DONE(MayRequest(trip, Fund(0, 0), &camp, {.seat = true}));
  EXPECT_REFUSED(MayRequest(trip, Fund(0, 0), &camp, {}), "NOT_ENROLLED");
  EXPECT_REFUSED(MayRequest(trip, Fund(0, 0), &camp, {.seat = true, .grant = true}), "GRANT_EXISTS");
  EXPECT_REFUSED(MayRequest(trip, Fund(0, 0), nullptr, {}), "SESSION_REQUIRED");
  const pb::Session evening = Session();
  EXPECT_REFUSED(MayRequest(trip, Fund(0, 0), &evening, {.seat = true}), "NO_COST_SHARES");
  trip.set_amount_ore(401);
  EXPECT_REFUSED(MayRequest(trip, Fund(0, 0), &camp, {.seat = true}), "SHARE_EXCEEDED");
  pb::RequestGrantRequest equipment;
  equipment.set_kind(pb::GRANT_KIND_EQUIPMENT);
  EXPECT_DONE(MayRequest(equipment, Fund(0, 0), nullptr, {})) << "of no session, and as often as it is needed";
  EXPECT_REFUSED(MayRequest(equipment, Fund(0, 0), &camp, {.seat = true}), "SESSION_REQUIRED");
}

TEST(FundTest, AStatementIsOfADayThatHasCome) {
  EXPECT_DONE(MayStateFund("2026-03-01", kToday));
  EXPECT_DONE(MayStateFund(kToday, kToday));
  EXPECT_REFUSED(MayStateFund("2026-03-03", kToday), "NOT_YET");
}

TEST(FundTest, A10TheOwnShareIsNeverTheFundsUnlessItsRuleSaysSo) {
  pb::Session camp = Session();
  camp.set_mode(pb::ACTIVITY_MODE_CAMP);
  *camp.add_cost_items() = Item(pb::COST_KIND_FOOD, 100, pb::PAYER_OWN);
  *camp.add_cost_items() = Item(pb::COST_KIND_TRAVEL, 200, pb::PAYER_FUND);
  *camp.add_cost_items() = Item(pb::COST_KIND_LODGING, 400, pb::PAYER_FUND);
  *camp.add_cost_items() = Item(pb::COST_KIND_PROGRAMME, 800, pb::PAYER_MUNICIPALITY);
  *camp.add_cost_items() = Item(pb::COST_KIND_ENTRY_FEE, 1600, pb::PAYER_FUND);
  pb::Fund fund;
  EXPECT_EQ(FundShare(camp, pb::GRANT_KIND_TRIP, fund), 400);
  EXPECT_EQ(FundShare(camp, pb::GRANT_KIND_ENTRY_FEE, fund), 1600);
  fund.set_covers_own_share(true);
  EXPECT_EQ(FundShare(camp, pb::GRANT_KIND_TRIP, fund), 700);
  EXPECT_EQ(OwnShare(camp), 100);
}

TEST(OwnShareTest, ItIsPaidOnceBySomebodyWhoHoldsASeatThatCostsSomething) {
  pb::Session camp = Session();
  *camp.add_cost_items() = Item(pb::COST_KIND_LODGING, 100, pb::PAYER_FUND);
  pb::Enrolment seat;
  seat.set_state(pb::ENROLMENT_STATE_CONFIRMED);
  EXPECT_REFUSED(MayPayOwnShare(camp, seat), "NO_OWN_SHARE");
  *camp.add_cost_items() = Item(pb::COST_KIND_FOOD, 100, pb::PAYER_OWN);
  EXPECT_DONE(MayPayOwnShare(camp, seat));
  seat.set_state(pb::ENROLMENT_STATE_ATTENDED);
  EXPECT_DONE(MayPayOwnShare(camp, seat)) << "late, and welcome";
  seat.set_own_share_paid_date(kToday);
  EXPECT_REFUSED(MayPayOwnShare(camp, seat), "ALREADY_PAID");
  seat.clear_own_share_paid_date();
  seat.set_state(pb::ENROLMENT_STATE_WITHDRAWN);
  EXPECT_REFUSED(MayPayOwnShare(camp, seat), "WRONG_STATE");
}

TEST(OwnShareTest, WhoHoldsASeatAndHasNotPaidIsLateOnceForEachDayToPayBy) {
  pb::Session camp = Session();
  *camp.add_cost_items() = Item(pb::COST_KIND_FOOD, 100, pb::PAYER_OWN);
  camp.set_pay_by_date(kToday);
  pb::Enrolment seat;
  seat.set_state(pb::ENROLMENT_STATE_CONFIRMED);
  EXPECT_TRUE(IsOverdue(camp, seat));
  pb::Enrolment paid = seat, told = seat, removed = seat;
  paid.set_own_share_paid_date(kToday);
  EXPECT_FALSE(IsOverdue(camp, paid));
  removed.set_state(pb::ENROLMENT_STATE_REMOVED);
  EXPECT_FALSE(IsOverdue(camp, removed));
  told.set_own_share_overdue_date(kToday);
  EXPECT_FALSE(IsOverdue(camp, told));
  camp.set_pay_by_date("2026-03-09");
  EXPECT_TRUE(IsOverdue(camp, told)) << "another day was set, and went by";
  camp.clear_pay_by_date();
  EXPECT_FALSE(IsOverdue(camp, seat));
  camp.set_pay_by_date(kToday);
  camp.mutable_cost_items(0)->set_payer(pb::PAYER_MUNICIPALITY);
  EXPECT_FALSE(IsOverdue(camp, seat));
}

TEST(FundTest, PaidNeedsApprovedAndReversedNeedsPaid) {
  pb::Grant grant;
  grant.set_state(pb::GRANT_STATE_REQUESTED);
  EXPECT_REFUSED(MayPay(grant), "WRONG_STATE");
  EXPECT_REFUSED(MayReverse(grant), "WRONG_STATE");
  grant.set_state(pb::GRANT_STATE_APPROVED);
  EXPECT_DONE(MayPay(grant));
  EXPECT_DONE(MayRelease(grant));
  grant.set_state(pb::GRANT_STATE_PAID);
  EXPECT_DONE(MayReverse(grant));
  EXPECT_REFUSED(MayRelease(grant), "WRONG_STATE");
}

}  // namespace
}  // namespace mestring::activities
