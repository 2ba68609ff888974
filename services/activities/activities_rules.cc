#include "services/activities/activities_rules.h"

// The rules in the order in which people meet them: who may, activities, sessions. Each function says its rule first,
// with its source, and then does it in the same order.
//
// What a rule needs to know is a parameter, so that a test can put any case before it. Questions to many rows
// (who is next, do periods overlap) are asked in SQL by the use cases, which hand in the fact: what follows from
// it stands here. A state machine table would be shorter and would not say why.

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/dates.h"
#include "common/base/errors.h"
#include "services/activities/seat_rules.h"

namespace mestring::activities {
namespace {

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
      return InvalidArgument("policy.step_requirements", "must not name PARTICIPANT: everybody may take part");
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

}  // namespace mestring::activities
