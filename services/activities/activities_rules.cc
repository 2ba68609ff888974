#include "services/activities/activities_rules.h"

// The rules in the order in which people meet them: who may, activities, sessions. A comment above a function gives its
// rule with the source, where the rule has one.
//
// What a rule needs to know is a parameter, so a test can give it any case. Use cases answer questions about many rows
// (who is next, do periods overlap) in SQL and pass the answer to the rule. A table of states would be shorter and
// would not say why.

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
      return InvalidArgument("policy.step_requirements", "must name each requirement of a step at most once");
    }
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::CreateActivityRequest& request) {
  if (request.modules_required() > 0 && request.mode() != pb::ACTIVITY_MODE_COURSE) {
    return InvalidArgument("modules_required", "must be 0 unless the activity is a course");
  }
  return absl::OkStatus();
}

// A drop-in has no seats (A6); everything else has. [A12, S3] A course for users and professionals has a quota for
// each. An audience has at most one quota.
absl::Status CheckQuotas(const pb::Activity& activity, const Quotas& quotas) {
  const bool has_seats = activity.mode() != pb::ACTIVITY_MODE_OPEN_DROP_IN;
  if (has_seats == quotas.empty()) {
    return Refused("QUOTA_MISSING", has_seats ? "give the quotas: this activity has seats"
                                              : "leave out the quotas: a drop-in has no seats");
  }
  std::set<pb::Audience> audiences;
  for (const pb::Quota& quota : quotas) {
    if (!audiences.insert(quota.audience()).second) {
      return InvalidArgument("quotas", "must name each audience at most once");
    }
    if (activity.audience() != pb::AUDIENCE_MIXED && quota.audience() != activity.audience()) {
      return InvalidArgument("quotas", "must be for the audience of the activity");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDateRange(std::string_view from_date, std::string_view to_date, int days_max) {
  if (from_date <= to_date && Day(to_date) - Day(from_date) < days_max) return absl::OkStatus();
  return Refused("DATE_OUT_OF_ORDER", absl::StrCat("give a period of one to ", days_max, " days"));
}

// ---- Activities ------------------------------------------------------------------------------------

absl::Status MayGoOn(const pb::Activity& activity) {
  return activity.state() == pb::ACTIVITY_STATE_ACTIVE
             ? absl::OkStatus()
             : WrongState(activity.state(), "the activity has ended; use an active one");
}

// Fields that are not set keep their value. Mode, audience and modules cannot change, because sessions, quotas and
// seats depend on them.
void ApplyUpdate(const pb::UpdateActivityRequest& request, pb::Activity* activity) {
  if (!request.name().empty()) activity->set_name(request.name());
  if (request.has_description()) activity->set_description(request.description());
  if (request.has_drug_free()) activity->set_drug_free(request.drug_free());
  if (request.has_needs_referral()) activity->set_needs_referral(request.needs_referral());
  if (!request.recovery_tags().empty()) *activity->mutable_recovery_tags() = request.recovery_tags();
}

// Ending an activity takes nobody's seat: its sessions are held or cancelled first, which tells the people who have
// one.
absl::Status MayEnd(const pb::Activity& activity, int64_t sessions_not_over) {
  TRY(MayGoOn(activity));
  if (sessions_not_over == 0) return absl::OkStatus();
  return Refused("SESSIONS_AHEAD", "hold or cancel its sessions first", {{"count", absl::StrCat(sessions_not_over)}});
}

// ---- Sessions --------------------------------------------------------------------------------------

Span SpanFrom(absl::Time start, absl::Duration duration, absl::TimeZone zone) {
  const absl::Time end = OnTheWall(start, duration, zone);
  // A session that would end in the hour that a spring night skips would have no length.
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
  return start > now ? absl::OkStatus() : Refused("START_IN_PAST", "the start must be later than now");
}

absl::Status MayChange(const pb::Session& session) {
  return IsAhead(session.state()) ? absl::OkStatus()
                                  : WrongState(session.state(), "the session has begun or was cancelled");
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

// A session or module that has begun is not moved; a later module of the same course can be.
absl::Status MayMove(const pb::Session& session, int module, const Span& to, absl::Time now) {
  ASSIGN(const Span from, SpanOf(session, module));
  const bool is_running_course = session.state() == pb::SESSION_STATE_STARTED && module > 0;
  if (!IsAhead(session.state()) && !is_running_course) return MayChange(session);
  if (from.start <= now) return WrongState(session.state(), "the session or module has begun already");
  return MayBegin(to.start, now);
}

// Enrolment keeps its distance to the start, by the clock on the wall, because a plan counts days before the session,
// and a session moved to before its opening would begin without ever having opened. If it should have opened already,
// it opens now; if it is open, it stays open.
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
                                    : WrongState(session.state(), "the session is over or was cancelled already");
}

bool RunsOn(pb::ActivityMode mode) { return mode == pb::ACTIVITY_MODE_COURSE || mode == pb::ACTIVITY_MODE_CAMP; }

// A course or camp under way has weeks or days ahead, which a leader who paused or stepped down does not lead. A
// session of one day is finished by the leader who began it: nobody else could come in time, and somebody must record
// attendance.
absl::Status MayChangeLeaders(const pb::Session& session) {
  if (RunsOn(session.mode()) && session.state() == pb::SESSION_STATE_STARTED) return absl::OkStatus();
  return MayChange(session);
}

// [A8] Every session has a leader or a member of staff at its start. If it has none, an event says so in time; without
// one it does not begin. A session under way that loses its last leader goes on, and an event says so.
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
