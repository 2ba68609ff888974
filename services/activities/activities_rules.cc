#include "services/activities/activities_rules.h"

// The rules in the order in which people meet them: who may, sessions, seats, attendance, drop-in, the way to
// leader. Each function says its rule first, with its source, and then does it in the same order.
//
// What a rule needs to know is a parameter, so that a test can put any case before it. Questions to many rows
// (who is next, do periods overlap) are asked in SQL by the use cases, which hand in the fact: what follows from
// it stands here. A state machine table would be shorter and would not say why.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/dates.h"
#include "common/base/errors.h"
#include "common/base/field_rules.h"
#include "services/shared/figures.h"

namespace mestring::activities {
namespace {

using access::v1::ROLE_ACTIVITY_LEADER;
using access::v1::ROLE_NEXT_OF_KIN;
using access::v1::ROLE_PEER;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_SERVICE;
using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

}  // namespace

// ---- Who sees and does what ------------------------------------------------------------------------

bool WorksWithActivities(const Caller& caller) { return caller.IsAny({ROLE_STAFF, ROLE_UNIT_LEADER, ROLE_SERVICE}); }

absl::Status MaySee(const Caller& caller, std::string_view person_ref, std::string_view noun) {
  return WorksWithActivities(caller) || caller.IsSelf(person_ref) ? absl::OkStatus() : NotFound(noun);
}

absl::Status MayActFor(const Caller& caller, std::string_view person_ref) {
  const bool may = caller.IsAny({ROLE_STAFF, ROLE_UNIT_LEADER}) || caller.IsSelf(person_ref);
  return may ? absl::OkStatus() : NotFound("person");
}

absl::Status MayOnlyBeSelf(const Caller& caller, std::string_view person_ref) {
  return caller.IsSelf(person_ref) ? absl::OkStatus() : NotFound("person");
}

// ---- Shapes ----------------------------------------------------------------------------------------

absl::Status Check(const pb::SetPolicyRequest& request) {
  const pb::ActivityPolicy& policy = request.policy();
  const bool at_any_hour = policy.answer_from_hour() == 0 && policy.answer_until_hour() == 0;
  if (!at_any_hour && policy.answer_from_hour() >= policy.answer_until_hour()) {
    return InvalidArgument("policy.answer_from_hour", "must be before answer_until_hour, or both 0");
  }
  std::set<std::pair<int, std::string_view>> seen;
  for (const pb::StepRequirement& requirement : policy.step_requirements()) {
    if (requirement.step() == pb::LEADER_STEP_PARTICIPANT) {
      return InvalidArgument("policy.step_requirements", "nothing is asked of a participant");
    }
    if (!seen.emplace(requirement.step(), requirement.requirement_code()).second) {
      return InvalidArgument("policy.step_requirements", "must not name a requirement of a step twice");
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::CreateActivityRequest& request) {
  if (request.modules_required() > 0 && request.mode() != pb::ACTIVITY_MODE_COURSE) {
    return InvalidArgument("modules_required", "only a course has modules");
  }
  return absl::OkStatus();
}

// A drop-in has no seats (A6); everything else has. [A12, S3] A course for users and professionals keeps a
// quota for each: an audience has one quota or none.
absl::Status CheckQuotas(const pb::Activity& activity, const Quotas& quotas) {
  const bool has_seats = activity.mode() != pb::ACTIVITY_MODE_OPEN_DROP_IN;
  if (has_seats == quotas.empty()) {
    return Refused("QUOTA_MISSING", has_seats ? "this activity has seats: say how many" : "a drop-in has no seats");
  }
  std::set<pb::Audience> audiences;
  for (const pb::Quota& quota : quotas) {
    if (!audiences.insert(quota.audience()).second) {
      return InvalidArgument("quotas", "must not name an audience twice");
    }
    if (activity.audience() != pb::AUDIENCE_MIXED && quota.audience() != activity.audience()) {
      return InvalidArgument("quotas", "the activity is for another audience");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDateRange(std::string_view from_date, std::string_view to_date, int days_max) {
  if (from_date <= to_date && Day(to_date) - Day(from_date) < days_max) return absl::OkStatus();
  return Refused("DATE_OUT_OF_ORDER", absl::StrCat("a period of one to ", days_max, " days is needed"));
}

// ---- Activities ------------------------------------------------------------------------------------

absl::Status MayGoOn(const pb::Activity& activity) {
  return activity.state() == pb::ACTIVITY_STATE_ACTIVE ? absl::OkStatus()
                                                       : WrongState(activity.state(), "it has ended");
}

// What is not said stays. Mode, audience and modules are not among it: sessions, quotas and seats that exist
// were made by them.
void ApplyUpdate(const pb::UpdateActivityRequest& request, pb::Activity* activity) {
  if (!request.name().empty()) activity->set_name(request.name());
  if (request.has_description()) activity->set_description(request.description());
  if (request.has_drug_free()) activity->set_drug_free(request.drug_free());
  if (request.has_needs_referral()) activity->set_needs_referral(request.needs_referral());
  if (!request.recovery_tags().empty()) *activity->mutable_recovery_tags() = request.recovery_tags();
}

// Nobody loses a seat because an activity ends: its sessions are held or cancelled first, which tells those
// who have one.
absl::Status MayEnd(const pb::Activity& activity, int64_t sessions_not_over) {
  TRY(MayGoOn(activity));
  if (sessions_not_over == 0) return absl::OkStatus();
  return Refused("SESSIONS_AHEAD", "sessions of it lie ahead or go on", {{"count", absl::StrCat(sessions_not_over)}});
}

// ---- Sessions --------------------------------------------------------------------------------------

Span SpanFrom(absl::Time start, absl::Duration duration, absl::TimeZone zone) {
  const absl::Time end = OnTheWall(start, duration, zone);
  // A session that would end in the hour that spring leaves out would have no length.
  return {start, end > start ? end : start + duration};
}

pb::Session NewSession(std::string id, const pb::Activity& activity, const pb::ScheduleSessionsRequest& request,
                       const pb::ActivityPolicy& policy, const std::vector<Span>& spans, absl::Time now,
                       absl::TimeZone zone) {
  pb::Session session;
  session.set_id(std::move(id));
  session.set_activity_id(activity.id());
  session.set_mode(activity.mode());
  const absl::Time start = spans.front().start;
  *session.mutable_start_time() = ToProto(start);
  *session.mutable_end_time() = ToProto(spans.back().end);
  session.set_place(request.place());
  session.set_area_code(request.area_code());
  const absl::Time opens = PlusDays(start, -request.opens_days_before(), zone);
  *session.mutable_enrol_from_time() = ToProto(request.opens_days_before() > 0 ? std::max(opens, now) : now);
  *session.mutable_enrol_until_time() = ToProto(PlusDays(start, -request.closes_days_before(), zone));
  *session.mutable_quotas() = request.quotas();
  if (activity.mode() == pb::ACTIVITY_MODE_COURSE) {
    for (const Span& span : spans) {
      pb::Module* module = session.add_modules();
      module->set_number(session.modules_size());
      *module->mutable_start_time() = ToProto(span.start);
      *module->mutable_end_time() = ToProto(span.end);
    }
  }
  session.set_waiting_list_max(request.waiting_list_max() > 0 ? request.waiting_list_max() : policy.waiting_list_max());
  session.set_state(StateBySeats(session, {}, now));
  return session;
}

bool IsAhead(pb::SessionState state) {
  return state == pb::SESSION_STATE_PLANNED || state == pb::SESSION_STATE_OPEN || state == pb::SESSION_STATE_FULL;
}

bool IsNotOver(pb::SessionState state) { return IsAhead(state) || state == pb::SESSION_STATE_STARTED; }

absl::Status MayBegin(absl::Time start, absl::Time now) {
  return start > now ? absl::OkStatus() : Refused("START_IN_PAST", "a session cannot begin in the past");
}

absl::Status MayChange(const pb::Session& session) {
  return IsAhead(session.state()) ? absl::OkStatus() : WrongState(session.state(), "it has begun, or will not be");
}

absl::StatusOr<Span> SpanOf(const pb::Session& session, int module) {
  if (session.modules().empty() && module == 0) {
    return Span{FromProto(session.start_time()), FromProto(session.end_time())};
  }
  for (const pb::Module& found : session.modules()) {
    if (found.number() == module) return Span{FromProto(found.start_time()), FromProto(found.end_time())};
  }
  return NotFound("module");
}

// What has begun is not moved any more; a later module of a course that has begun can be.
absl::Status MayMove(const pb::Session& session, int module, const Span& to, absl::Time now) {
  ASSIGN(const Span from, SpanOf(session, module));
  const bool is_running_course = session.state() == pb::SESSION_STATE_STARTED && module > 0;
  if (!IsAhead(session.state()) && !is_running_course) return MayChange(session);
  if (from.start <= now) return WrongState(session.state(), "this module has begun");
  return MayBegin(to.start, now);
}

// Enrolment opens and closes as long before the start as it did, by the clock on the wall: the days of a plan are days
// before the session, and one that is moved to before its opening would else begin without ever having opened. What
// would have opened by now opens now; what has opened stays so.
void ApplyMove(int module, const Span& to, absl::Time now, absl::TimeZone zone, pb::Session* session) {
  Span whole = to;
  for (pb::Module& found : *session->mutable_modules()) {
    if (found.number() == module) {
      *found.mutable_start_time() = ToProto(to.start);
      *found.mutable_end_time() = ToProto(to.end);
    }
    whole.start = std::min(whole.start, FromProto(found.start_time()));
    whole.end = std::max(whole.end, FromProto(found.end_time()));
  }
  // A course that has begun keeps its start.
  if (IsAhead(session->state())) {
    const absl::Duration distance = BetweenOnTheWall(FromProto(session->start_time()), whole.start, zone);
    *session->mutable_start_time() = ToProto(whole.start);
    absl::Time until = OnTheWall(FromProto(session->enrol_until_time()), distance, zone);
    if (session->state() == pb::SESSION_STATE_PLANNED) {
      const absl::Time opens = OnTheWall(FromProto(session->enrol_from_time()), distance, zone);
      *session->mutable_enrol_from_time() = ToProto(std::max(opens, now));
      until = std::max(until, now);
    }
    *session->mutable_enrol_until_time() = ToProto(until);
  }
  *session->mutable_end_time() = ToProto(whole.end);
}

absl::Status MayCancel(const pb::Session& session) {
  return IsNotOver(session.state()) ? absl::OkStatus()
                                    : WrongState(session.state(), "it is over, or cancelled already");
}

bool RunsOn(pb::ActivityMode mode) { return mode == pb::ACTIVITY_MODE_COURSE || mode == pb::ACTIVITY_MODE_CAMP; }

// A course or camp that has begun has weeks or days ahead, which somebody who paused or stepped down does not lead.
// What is over the same day is finished by who began it: nobody else could come in time, and somebody must record who
// came.
absl::Status MayChangeLeaders(const pb::Session& session) {
  if (RunsOn(session.mode()) && session.state() == pb::SESSION_STATE_STARTED) return absl::OkStatus();
  return MayChange(session);
}

// [A8] Every session has a leader or a member of the staff at its start. Who can do something about it hears of one
// that has none in time; at the start it does not begin. One that has begun and loses its last leader goes on, and
// they hear of it too.
bool LacksLeader(const pb::Session& session) { return session.leaders() == 0 && MayChangeLeaders(session).ok(); }

bool LacksLeaderByNow(const pb::Session& session, const pb::ActivityPolicy& policy, absl::Time now) {
  return LacksLeader(session) && now >= FromProto(session.start_time()) - absl::Hours(policy.leader_notice_hours());
}

// PLANNED until enrolment opens; FULL when no quota has a free seat; else OPEN. A drop-in is never full.
pb::SessionState StateBySeats(const pb::Session& session, const SeatCounts& counts, absl::Time now) {
  if (now < FromProto(session.enrol_from_time())) return pb::SESSION_STATE_PLANNED;
  if (counts.empty()) return pb::SESSION_STATE_OPEN;
  const bool any = std::any_of(counts.begin(), counts.end(), [](const auto& count) { return FreeSeats(count) > 0; });
  return any ? pb::SESSION_STATE_OPEN : pb::SESSION_STATE_FULL;
}

// ---- Seats -----------------------------------------------------------------------------------------

// [A1] Confirmed and offered seats together never exceed the quota.
int FreeSeats(const pb::SeatCount& count) { return std::max(0, count.seats() - count.confirmed() - count.offered()); }

bool IsLive(pb::EnrolmentState state) {
  return state == pb::ENROLMENT_STATE_CONFIRMED || state == pb::ENROLMENT_STATE_ATTENDED ||
         state == pb::ENROLMENT_STATE_ABSENT;
}

bool IsLive(pb::WaitEntryState state) {
  return state == pb::WAIT_ENTRY_STATE_WAITING || state == pb::WAIT_ENTRY_STATE_OFFERED;
}

// What was cancelled stays, marked as such: a calendar program would else go on showing it.
bool IsInCalendar(pb::EnrolmentState state) { return IsLive(state) || state == pb::ENROLMENT_STATE_SESSION_CANCELLED; }

// [A12] An audience takes from its own quota and from no other; who has none takes from the mixed one.
absl::StatusOr<pb::Audience> QuotaFor(const pb::Session& session, pb::Audience audience) {
  bool mixed = false;
  for (const pb::Quota& quota : session.quotas()) {
    if (quota.audience() == audience) return audience;
    mixed = mixed || quota.audience() == pb::AUDIENCE_MIXED;
  }
  if (mixed) return pb::AUDIENCE_MIXED;
  return Refused("NO_QUOTA_FOR_AUDIENCE", "the session has no seats for this audience");
}

// One takes part as what one is; staff enrol anybody. [S1] Low-threshold offers need no referral; where one
// is needed, staff has it and enrols.
absl::Status MayTakePart(const Caller& caller, const pb::Activity& activity, std::string_view person_ref,
                         pb::Audience audience) {
  TRY(MayActFor(caller, person_ref));
  if (audience == pb::AUDIENCE_MIXED) return InvalidArgument("audience", "a person has one");
  if (activity.audience() != pb::AUDIENCE_MIXED && activity.audience() != audience) {
    return Refused("NO_QUOTA_FOR_AUDIENCE", "the activity is for another audience");
  }
  if (caller.IsAny({ROLE_STAFF, ROLE_UNIT_LEADER})) return absl::OkStatus();
  const bool is_that =
      (audience == pb::AUDIENCE_USER && caller.IsAny({ROLE_PERSON, ROLE_PEER, ROLE_ACTIVITY_LEADER})) ||
      (audience == pb::AUDIENCE_NEXT_OF_KIN && caller.Is(ROLE_NEXT_OF_KIN));
  if (!is_that) return Forbidden("one takes part as what one is");
  if (activity.needs_referral()) return Refused("REFERRAL_REQUIRED", "this activity needs a referral: staff enrol");
  return absl::OkStatus();
}

// Decidim PR #12934 (join of a past meeting): the clock decides, not the state, which a timer may not have
// moved yet.
absl::Status MayEnrolNow(const pb::Session& session, absl::Time now) {
  if (session.mode() == pb::ACTIVITY_MODE_OPEN_DROP_IN) return Refused("NO_ENROLMENT", "no need to enrol: just come");
  TRY(MayChange(session));
  if (now < FromProto(session.enrol_from_time())) return Refused("NOT_OPEN_YET", "enrolment has not opened");
  if (now >= FromProto(session.enrol_until_time())) return Refused("ENROLMENT_CLOSED", "enrolment is over");
  return absl::OkStatus();
}

// [A2] A person has one seat in a session or one place on its list, and never both.
absl::Status MayJoin(bool has_seat, bool is_on_list) {
  if (has_seat) return Refused("ALREADY_ENROLLED", "the person has a seat");
  if (is_on_list) return Refused("ALREADY_WAITING", "the person waits, or has an offer");
  return absl::OkStatus();
}

// [A1] Checked where the seat is taken (Rock#2510 checked at the start of a form and not at its end). Who
// waits comes first: nobody enrols past the list.
absl::Status MayTakeSeat(const pb::SeatCount& count) {
  if (FreeSeats(count) == 0) return Refused("QUOTA_FULL", "every seat is taken or offered");
  if (count.waiting() > 0) return Refused("WAITING_LIST_FIRST", "others wait for these seats");
  return absl::OkStatus();
}

// alf.io #201: the list can be capped.
absl::Status MayWait(const pb::Session& session, const pb::SeatCount& count, int waiting_in_all) {
  if (FreeSeats(count) > 0 && count.waiting() == 0) return Refused("SEAT_FREE", "there is a free seat: enrol");
  if (waiting_in_all >= session.waiting_list_max()) return Refused("WAITING_LIST_FULL", "no more can wait");
  return absl::OkStatus();
}

absl::Status MayEnd(const pb::Enrolment& enrolment, const pb::Session& session, absl::Time now) {
  if (enrolment.state() != pb::ENROLMENT_STATE_CONFIRMED) return WrongState(enrolment.state(), "this seat is not held");
  TRY(MayChange(session));
  if (now >= FromProto(session.start_time())) return WrongState(session.state(), "it has begun");
  return absl::OkStatus();
}

absl::Status MayLeave(const pb::WaitEntry& entry) {
  return IsLive(entry.state()) ? absl::OkStatus() : WrongState(entry.state(), "the person is not on the list");
}

// [A3] Offers stop at the start (pretix#1031), by the clock; alf.io #201: a list can be suspended.
bool MakesOffers(const pb::Session& session, absl::Time now) {
  return IsAhead(session.state()) && !session.waiting_list_suspended() && now < FromProto(session.start_time());
}

// alf.io shifts its offers to working time: one made late in the evening does not run out in the night. The
// hours are those of the clock on the wall, and what passes in them is real time: a day on which the clock
// changes has an hour more or less, also in the window if that is where it happens. So 24 hours of an open
// window are 24 hours.
absl::Time AfterAnswerHours(absl::Time from, int hours, const pb::ActivityPolicy& policy, absl::TimeZone zone) {
  absl::Duration left = absl::Hours(hours);
  if (policy.answer_until_hour() == 0) return from + left;
  for (absl::CivilHour day(DateIn(zone, from));; day += 24) {
    const absl::Time opens = absl::FromCivil(absl::CivilSecond(day + policy.answer_from_hour()), zone);
    const absl::Time closes = absl::FromCivil(absl::CivilSecond(day + policy.answer_until_hour()), zone);
    const absl::Time begins = std::max(from, opens);
    if (begins >= closes) continue;
    if (begins + left <= closes) return begins + left;
    left -= closes - begins;
  }
}

// [A3] An offer holds for the time of the policy, and never beyond the start.
absl::Time OfferExpireTime(const pb::Session& session, const pb::ActivityPolicy& policy, absl::Time now,
                           absl::TimeZone zone) {
  return std::min(AfterAnswerHours(now, policy.offer_hours(), policy, zone), FromProto(session.start_time()));
}

absl::Status MayAnswer(const pb::WaitEntry& entry, const pb::Session& session, absl::Time now) {
  if (entry.state() == pb::WAIT_ENTRY_STATE_EXPIRED)
    return Refused("OFFER_EXPIRED", "the time to take the seat is over");
  if (entry.state() != pb::WAIT_ENTRY_STATE_OFFERED) return WrongState(entry.state(), "no seat is held for the person");
  TRY(MayChange(session));
  if (now >= FromProto(entry.offer_expire_time())) return Refused("OFFER_EXPIRED", "the time to take the seat is over");
  return absl::OkStatus();
}

// [A5] Fewer seats than are taken is refused, and says where.
absl::Status MaySetQuotas(const SeatCounts& counts, const Quotas& quotas) {
  for (const pb::SeatCount& count : counts) {
    const auto kept = std::find_if(quotas.begin(), quotas.end(),
                                   [&](const pb::Quota& quota) { return quota.audience() == count.audience(); });
    const int seats = kept == quotas.end() ? 0 : kept->seats();
    // Who waits for seats of a quota would wait for ever if it went away.
    const bool goes_with_list = kept == quotas.end() && count.waiting() > 0;
    if (seats >= count.confirmed() + count.offered() && !goes_with_list) continue;
    return Refused("QUOTA_BELOW_TAKEN", "more seats are taken, or somebody waits for them",
                   {{"audience", pb::Audience_Name(count.audience())},
                    {"taken", absl::StrCat(count.confirmed() + count.offered())}});
  }
  return absl::OkStatus();
}

pb::Enrolment NewEnrolment(std::string id, const pb::Session& session, std::string_view person_ref,
                           pb::Audience audience, pb::Audience quota_audience) {
  pb::Enrolment enrolment;
  enrolment.set_id(std::move(id));
  enrolment.set_state(pb::ENROLMENT_STATE_CONFIRMED);
  enrolment.set_session_id(session.id());
  enrolment.set_activity_id(session.activity_id());
  enrolment.set_person_ref(std::string(person_ref));
  enrolment.set_audience(audience);
  enrolment.set_quota_audience(quota_audience);
  return enrolment;
}

// ---- Attendance and obstacles ----------------------------------------------------------------------

// Not before it has begun: hmpps-activities-management-api, attendance not for a date ahead.
absl::Status MayRecord(const pb::Session& session, int module, absl::Time now) {
  if (session.state() == pb::SESSION_STATE_CANCELLED) return WrongState(session.state(), "it was cancelled");
  ASSIGN(const Span span, SpanOf(session, module));
  if (now < span.start) return Refused("NOT_YET", "it has not begun");
  return absl::OkStatus();
}

// A record is never changed: a correction is another one.
absl::Status MayMark(bool recorded) {
  return recorded ? Refused("ALREADY_RECORDED", "attendance is recorded already: correct it") : absl::OkStatus();
}

absl::Status CheckReason(bool needed, std::string_view reason_code) {
  if (needed != reason_code.empty()) return absl::OkStatus();
  return Refused("REASON_REQUIRED", needed ? "a reason is needed" : "there is no reason to give");
}

absl::Status MayCorrect(const pb::Attendance& attendance, const pb::Session& session, const pb::ActivityPolicy& policy,
                        absl::Time now, absl::TimeZone zone) {
  if (attendance.state() != pb::ATTENDANCE_STATE_RECORDED) {
    return WrongState(attendance.state(), "it was corrected already");
  }
  ASSIGN(const Span span, SpanOf(session, attendance.module()));
  if (now > PlusDays(span.end, policy.correction_days(), zone)) {
    return Refused("CORRECTION_CLOSED", "the time for corrections is over");
  }
  return absl::OkStatus();
}

bool IsCompleted(const pb::Activity& activity, const pb::Session& session, int modules_attended) {
  if (session.modules().empty()) return false;
  return modules_attended >= (activity.modules_required() > 0 ? activity.modules_required() : session.modules_size());
}

// [S3] "Rydde muligheter": what stands in the way of somebody who takes part is cleared before the start.
absl::Status MayHaveObstacle(const pb::Session& session, bool has_seat) {
  TRY(MayChange(session));
  return has_seat ? absl::OkStatus() : Refused("NOT_ENROLLED", "the person has no seat in the session");
}

absl::Status MayClear(const pb::Obstacle& obstacle) {
  if (obstacle.state() == pb::OBSTACLE_STATE_OPEN) return absl::OkStatus();
  return WrongState(obstacle.state(), "it is out of the way already");
}

// ---- Asked after by wish ---------------------------------------------------------------------------

pb::FollowUp NewFollowUp(std::string id, std::string_view person_ref) {
  pb::FollowUp follow_up;
  follow_up.set_id(std::move(id));
  follow_up.set_state(pb::FOLLOW_UP_STATE_ENDED);
  follow_up.set_person_ref(std::string(person_ref));
  return follow_up;
}

bool ApplyFollowUp(bool wanted, absl::Time now, pb::FollowUp* follow_up) {
  const pb::FollowUpState state = wanted ? pb::FOLLOW_UP_STATE_WANTED : pb::FOLLOW_UP_STATE_ENDED;
  if (follow_up->state() == state) return false;
  follow_up->set_state(state);
  follow_up->clear_wanted_from_time();
  if (wanted) *follow_up->mutable_wanted_from_time() = ToProto(now);
  return true;
}

// Counts the absences of a person who wished to be asked after: from the newest session or module back to the last
// presence, by the records in force. What was recorded before the wish stays out, also when it is corrected afterwards:
// the person spoke of what comes.
Streak StreakOf(const std::vector<Mark>& marks, absl::Time wanted_from) {
  using Part = std::pair<std::string_view, int>;  // a seat, and a module of its course
  const auto part_of = [](const Mark& mark) { return Part(mark.attendance.enrolment_id(), mark.attendance.module()); };
  std::set<Part> recorded_before;
  for (const Mark& mark : marks) {
    if (FromProto(mark.attendance.create_time()) < wanted_from) recorded_before.insert(part_of(mark));
  }
  std::vector<const Mark*> newest_first;
  for (const Mark& mark : marks) {
    const bool stands = mark.attendance.state() == pb::ATTENDANCE_STATE_RECORDED;
    if (stands && !recorded_before.contains(part_of(mark))) newest_first.push_back(&mark);
  }
  std::sort(newest_first.begin(), newest_first.end(), [](const Mark* a, const Mark* b) {
    return std::pair(a->start, a->attendance.module()) > std::pair(b->start, b->attendance.module());
  });
  Streak streak{.any = !newest_first.empty()};
  for (const Mark* mark : newest_first) {
    if (mark->attendance.present()) {
      streak.last_present = mark->start;
      break;
    }
    ++streak.absences;
  }
  return streak;
}

pb::Participation NewParticipation(std::string id, std::string_view activity_id, std::string_view person_ref) {
  pb::Participation participation;
  participation.set_id(std::move(id));
  participation.set_state(pb::PARTICIPATION_STATE_ACTIVE);
  participation.set_activity_id(std::string(activity_id));
  participation.set_person_ref(std::string(person_ref));
  return participation;
}

// A streak lapses once. What has lapsed stays so until the streak is shorter, by presence or by a correction:
// a policy that asks for more absences now brings nobody back.
void ApplyStreak(const Streak& streak, const pb::ActivityPolicy& policy, absl::TimeZone zone,
                 pb::Participation* participation) {
  const bool long_enough = policy.lapse_absences() > 0 && streak.absences >= policy.lapse_absences();
  const bool has_lapsed = participation->state() == pb::PARTICIPATION_STATE_LAPSED;
  const bool goes_on = has_lapsed && streak.absences >= participation->absences();
  participation->set_state(long_enough || goes_on ? pb::PARTICIPATION_STATE_LAPSED : pb::PARTICIPATION_STATE_ACTIVE);
  participation->set_absences(streak.absences);
  const bool was_there = streak.last_present != absl::InfinitePast();
  participation->set_last_present_date(was_there ? FormatDate(DateIn(zone, streak.last_present)) : "");
}

// ---- Drop-in without a name ------------------------------------------------------------------------

// No longer than a year: more would tell of a person rather than of a place (A6). No day is in two periods, so each
// visit counts once.
absl::Status MayOpen(const pb::OpenPeriodRequest& request, bool overlaps, std::string_view today) {
  constexpr int kDaysMax = 366;
  TRY(CheckDateRange(request.from_date(), request.to_date(), kDaysMax));
  TRY(CheckPlannable("to_date", request.to_date(), today));
  return overlaps ? Refused("PERIOD_OVERLAPS", "there is a period with some of these days") : absl::OkStatus();
}

// [A7] From how many visits on somebody is a core user is the policy's to say, and stays as it was when the period
// opened; so does the smallest figure that is shown (A6).
pb::Period NewPeriod(std::string id, const pb::OpenPeriodRequest& request, const pb::ActivityPolicy& policy) {
  pb::Period period;
  period.set_id(std::move(id));
  period.set_state(pb::PERIOD_STATE_OPEN);
  period.set_from_date(request.from_date());
  period.set_to_date(request.to_date());
  period.set_core_visits(policy.core_visits());
  period.set_cell_min(policy.cell_min());
  return period;
}

// [A6] Only in an open period: what was made of the cards of a closed one is destroyed, and its figures stand.
absl::Status MayCount(const pb::Session& session, bool in_open_period, absl::Time now) {
  if (session.mode() != pb::ACTIVITY_MODE_OPEN_DROP_IN) return Refused("NOT_DROP_IN", "here attendance is recorded");
  if (session.state() == pb::SESSION_STATE_CANCELLED) return WrongState(session.state(), "it was cancelled");
  if (now < FromProto(session.start_time())) return Refused("NOT_YET", "it has not begun");
  if (!in_open_period) return Refused("NO_OPEN_PERIOD", "no open period has the day of the session");
  return absl::OkStatus();
}

// [A7] In no session fewer people than different cards: so a period never has more unique users than visits.
absl::Status CheckHeadcount(int64_t headcount, int64_t cards) {
  if (headcount >= cards) return absl::OkStatus();
  return Refused("HEADCOUNT_BELOW_CARDS", "more different cards were shown than people counted");
}

absl::Status MayClose(const pb::Period& period, std::string_view today) {
  if (period.state() != pb::PERIOD_STATE_OPEN) return WrongState(period.state(), "it is closed already");
  if (today <= period.to_date()) return Refused("NOT_YET", "the period is not over");
  return absl::OkStatus();
}

// [A6] Small numbers. [A7] Core users and the others are the parts of all, so the few who are not core users are not
// given away by the two figures together.
void ApplyClose(const PeriodCounts& counts, pb::Period* period) {
  const int minimum = period->cell_min();
  std::vector<SuppressedCount> core_and_others = {counts.core, counts.unique - counts.core};
  HideSmallParts(minimum, &core_and_others);
  *period->add_figures() = MakeFigure(kSessions, counts.sessions);
  *period->add_figures() = MakeFigure(kVisits, SuppressSmall(counts.visits, minimum));
  *period->add_figures() = MakeFigure(kUniqueUsers, SuppressSmall(counts.unique, minimum));
  *period->add_figures() = MakeFigure(kCoreUsers, core_and_others.front());
  period->set_state(pb::PERIOD_STATE_CLOSED);
}

// ---- From participant to leader --------------------------------------------------------------------

pb::LeaderPath NewLeaderPath(std::string id, std::string_view person_ref) {
  pb::LeaderPath path;
  path.set_id(std::move(id));
  path.set_state(pb::LEADER_STATE_ACTIVE);
  path.set_person_ref(std::string(person_ref));
  path.set_step(pb::LEADER_STEP_PARTICIPANT);
  return path;
}

// It holds through its last day.
Approval ApprovalOn(std::string_view today, bool holds, std::string_view valid_until) {
  return holds && valid_until >= today ? Approval::kHolds : Approval::kLost;
}

// A requirement is recorded once, and when it is met.
absl::Status MayRecordRequirement(std::string_view met_date, bool recorded, std::string_view today) {
  if (met_date > today) return Refused("NOT_YET", "a requirement is recorded when it is met");
  return recorded ? AlreadyExists("requirement of this person") : absl::OkStatus();
}

// [A9] No step is skipped.
absl::Status MayWish(const pb::LeaderPath& path, pb::LeaderStep step) {
  if (path.state() == pb::LEADER_STATE_PAUSED) return WrongState(path.state(), "a paused leader rests");
  if (step != path.step() + 1) return Refused("STEP_SKIPPED", "one step after the other");
  return absl::OkStatus();
}

void ApplyWish(pb::LeaderStep step, pb::LeaderPath* path) {
  path->set_state(pb::LEADER_STATE_ACTIVE);
  path->set_wished_step(step);
}

// [A8, S1] Staff and volunteers guide, and somebody of the staff may be on the way too: nobody is their own guide, nor
// chooses who it is.
absl::Status MayAssignGuide(const Caller& caller, const pb::LeaderPath& path) {
  return caller.IsSelf(path.person_ref()) ? Refused("OWN_GUIDE", "nobody guides themself") : absl::OkStatus();
}

// [A8] A user-leader always has an active guide: who loses theirs is paused in the same write.
absl::Status MayRemoveGuide(const pb::LeaderPath& path) {
  return path.guide_id().empty() ? Refused("NO_GUIDE", "the person has no guide") : absl::OkStatus();
}

// [A9, S1] A step needs the own wish, its requirements, and the guide's consent: all three, and never hours
// alone. The policy may ask a leader for a valid approval as a peer; whoever lost one does not become a leader
// before it is there again.
absl::Status MayConfirm(const Caller& caller, const pb::LeaderPath& path, pb::LeaderStep step,
                        const pb::ActivityPolicy& policy, const std::set<std::string>& requirements_met,
                        Approval approval) {
  if (path.state() != pb::LEADER_STATE_ACTIVE) return WrongState(path.state(), "the person is not on the way");
  TRY(MayAssignGuide(caller, path));
  if (path.guide_id().empty()) return Refused("NO_GUIDE", "the person has no guide");
  if (path.guide_id() != caller.subject) return Refused("NOT_THE_GUIDE", "only the guide of the person consents");
  if (step != path.step() + 1) return Refused("STEP_SKIPPED", "one step after the other");
  if (path.wished_step() != step) return Refused("NOT_WISHED", "the person has not said that they wish this step");
  for (const pb::StepRequirement& requirement : policy.step_requirements()) {
    if (requirement.step() == step && !requirements_met.contains(requirement.requirement_code())) {
      return Refused("REQUIREMENT_MISSING", "a requirement of the step is not met",
                     {{"requirement", requirement.requirement_code()}});
    }
  }
  const bool needs_approval = policy.leader_needs_approval() || approval == Approval::kLost;
  if (step == pb::LEADER_STEP_LEADER && needs_approval && approval != Approval::kHolds) {
    return Refused("APPROVAL_REQUIRED", "the person has no valid approval as a peer");
  }
  return absl::OkStatus();
}

void ApplyStep(pb::LeaderPath* path) {
  path->set_step(path->wished_step());
  path->clear_wished_step();
}

// [A9] Stepping back is always open and free of reason; only forwards is no way back.
absl::Status MayStepBack(const pb::LeaderPath& path, pb::LeaderStep step) {
  if (path.state() == pb::LEADER_STATE_STEPPED_DOWN) return WrongState(path.state(), "the person has stepped down");
  if (step > path.step()) return Refused("STEP_SKIPPED", "that is no step back");
  return absl::OkStatus();
}

void ApplyStepBack(pb::LeaderStep step, pb::LeaderPath* path) {
  const bool steps_down = step == pb::LEADER_STEP_UNSPECIFIED;
  if (steps_down || step != path->step()) path->clear_pause_causes();
  path->set_step(steps_down ? pb::LEADER_STEP_PARTICIPANT : step);
  path->clear_wished_step();
  path->set_state(steps_down                     ? pb::LEADER_STATE_STEPPED_DOWN
                  : path->pause_causes().empty() ? pb::LEADER_STATE_ACTIVE
                                                 : pb::LEADER_STATE_PAUSED);
}

bool IsPausedFor(const pb::LeaderPath& path, pb::PauseCause cause) {
  return std::find(path.pause_causes().begin(), path.pause_causes().end(), cause) != path.pause_causes().end();
}

absl::Status MayPause(const pb::LeaderPath& path) {
  if (path.step() == pb::LEADER_STEP_LEADER && !IsPausedFor(path, pb::PAUSE_CAUSE_CHOICE)) return absl::OkStatus();
  return WrongState(path.state(), "only a leader who leads can pause");
}

absl::Status MayResume(const pb::LeaderPath& path) {
  if (IsPausedFor(path, pb::PAUSE_CAUSE_CHOICE)) return absl::OkStatus();
  return WrongState(path.state(), "no pause was chosen");
}

// A leader may be paused for several causes at once, and leads again when the last one is gone.
bool ApplyPause(pb::PauseCause cause, pb::LeaderPath* path) {
  if (path->step() != pb::LEADER_STEP_LEADER || IsPausedFor(*path, cause)) return false;
  path->add_pause_causes(cause);
  const bool led = path->state() == pb::LEADER_STATE_ACTIVE;
  path->set_state(pb::LEADER_STATE_PAUSED);
  return led;
}

bool ApplyResume(pb::PauseCause cause, pb::LeaderPath* path) {
  auto* causes = path->mutable_pause_causes();
  causes->erase(std::remove(causes->begin(), causes->end(), cause), causes->end());
  if (path->state() != pb::LEADER_STATE_PAUSED || !causes->empty()) return false;
  path->set_state(pb::LEADER_STATE_ACTIVE);
  return true;
}

// [A8, S1] Staff and volunteers guide: a user leads only with an active guide.
absl::Status MayLead(const pb::LeaderPath& path) {
  const bool leads = path.state() == pb::LEADER_STATE_ACTIVE && path.step() == pb::LEADER_STEP_LEADER;
  if (leads && !path.guide_id().empty()) return absl::OkStatus();
  return Refused("NOT_A_LEADER", "the person is not an active activity leader with a guide");
}

// [A8] A session may have several leaders, and each of them once.
absl::Status MayAssignLeader(const pb::Session& session, const pb::LeaderPath* path, bool assigned) {
  TRY(MayChangeLeaders(session));
  if (path != nullptr) TRY(MayLead(*path));
  return assigned ? Refused("ALREADY_ASSIGNED", "this session is theirs already") : absl::OkStatus();
}

}  // namespace mestring::activities
