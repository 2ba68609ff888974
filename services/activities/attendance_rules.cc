#include "services/activities/attendance_rules.h"

#include <algorithm>
#include <set>
#include <utility>

#include "common/base/clock.h"
#include "common/base/dates.h"
#include "common/base/errors.h"

namespace mestring::activities {

// ---- Attendance and obstacles ----------------------------------------------------------------------

// Not before the start (hmpps-activities-management-api recorded attendance for dates ahead).
absl::Status MayRecord(const pb::Session& session, int module, absl::Time now) {
  if (session.state() == pb::SESSION_STATE_CANCELLED) return WrongState(session.state(), "the session was cancelled");
  ASSIGN(const Span span, SpanOf(session, module));
  if (now < span.start) return Refused("NOT_YET", "record attendance after the start");
  return absl::OkStatus();
}

// A record never changes: a correction is a new one.
absl::Status MayMark(bool recorded) {
  return recorded ? Refused("ALREADY_RECORDED", "attendance is recorded already; correct it instead")
                  : absl::OkStatus();
}

absl::Status CheckReason(bool needed, std::string_view reason_code) {
  if (needed != reason_code.empty()) return absl::OkStatus();
  return Refused("REASON_REQUIRED", needed ? "give a reason_code" : "leave out reason_code: it is not needed here");
}

absl::Status MayCorrect(const pb::Attendance& attendance, const pb::Session& session, const pb::ActivityPolicy& policy,
                        absl::Time now, absl::TimeZone zone) {
  if (attendance.state() != pb::ATTENDANCE_STATE_RECORDED) {
    return WrongState(attendance.state(), "the record was corrected already; correct the newest one");
  }
  ASSIGN(const Span span, SpanOf(session, attendance.module()));
  if (now > PlusDays(span.end, policy.correction_days(), zone)) {
    return Refused("CORRECTION_CLOSED", "the policy's correction_days have passed");
  }
  return absl::OkStatus();
}

bool IsCompleted(const pb::Activity& activity, const pb::Session& session, int modules_attended) {
  if (session.modules().empty()) return false;
  return modules_attended >= (activity.modules_required() > 0 ? activity.modules_required() : session.modules_size());
}

// [S3] "Rydde muligheter": obstacles for somebody who takes part are cleared before the start.
absl::Status MayHaveObstacle(const pb::Session& session, bool has_seat) {
  TRY(MayChange(session));
  return has_seat ? absl::OkStatus()
                  : Refused("NOT_ENROLLED", "the person has no seat in the session; enrol them first");
}

absl::Status MayClear(const pb::Obstacle& obstacle) {
  if (obstacle.state() == pb::OBSTACLE_STATE_OPEN) return absl::OkStatus();
  return WrongState(obstacle.state(), "the obstacle was cleared already");
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

// Counts the absences of a person who wished a follow-up: from the newest session or module back to the last presence,
// by the records in force. Sessions that were recorded before the wish do not count, even if they are corrected later:
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

// A participation lapses once. It stays LAPSED until the streak is shorter, by presence or by a correction; a policy
// that asks for more absences does not undo it.
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

}  // namespace mestring::activities
