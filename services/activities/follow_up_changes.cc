#include "services/activities/follow_up_changes.h"

// The absences in a row are counted from the records each time: a counter would have to be right after every correction
// and every late record. A drop-in has no records (A6).

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "services/activities/activities_rules.h"
#include "services/activities/attendance_rules.h"
#include "services/activities/events.h"
#include "services/activities/reads.h"

namespace mestring::activities {
namespace {

// All records of a person in an activity, superseded ones too, with the start of each.
absl::StatusOr<std::vector<Mark>> MarksOf(Tx& tx, std::string_view activity_id, std::string_view person_ref) {
  // Select by the person and not by the activity, which may have had thousands of sessions.
  ASSIGN(std::vector<pb::Session> attended,
         Select<pb::Session>(tx, "WHERE id IN (SELECT session_id FROM attendances WHERE person_ref = :person)",
                             person_ref));
  std::map<std::string, pb::Session> sessions;
  for (pb::Session& session : attended) {
    if (session.activity_id() == activity_id) sessions.emplace(session.id(), std::move(session));
  }
  ASSIGN(const std::vector<pb::Attendance> attendances,
         Select<pb::Attendance>(tx, "WHERE person_ref = :person ORDER BY id", person_ref));
  std::vector<Mark> marks;
  for (const pb::Attendance& attendance : attendances) {
    const auto session = sessions.find(attendance.session_id());
    if (session == sessions.end()) continue;
    ASSIGN(const Span span, SpanOf(session->second, attendance.module()));
    marks.push_back({attendance, span.start});
  }
  return marks;
}

absl::StatusOr<pb::Participation> ParticipationOf(Tx& tx, std::string_view activity_id, std::string_view person_ref) {
  ASSIGN(auto known, Find<pb::Participation>(tx, "WHERE person_ref = :person AND activity_id = :activity", person_ref,
                                             activity_id));
  return known ? *std::move(known) : NewParticipation(NewId(tx.now()), activity_id, person_ref);
}

absl::Status PublishCounted(Tx& tx, pb::ParticipationState before, const pb::Participation& participation) {
  if (participation.state() == before) {
    return tx.Publish(About<pb::ParticipationCounted>(participation), participation);
  }
  if (participation.state() == pb::PARTICIPATION_STATE_LAPSED) {
    auto event = About<pb::ParticipationLapsed>(participation);
    event.set_absences(participation.absences());
    return tx.Publish(event, participation);
  }
  return tx.Publish(About<pb::ParticipationResumed>(participation), participation);
}

}  // namespace

absl::StatusOr<std::optional<pb::FollowUp>> FollowUpOf(Tx& tx, std::string_view person_ref) {
  return Find<pb::FollowUp>(tx, "WHERE person_ref = :person", person_ref);
}

absl::Status FollowAttendance(Tx& tx, std::string_view activity_id, std::string_view person_ref) {
  ASSIGN(const auto wish, FollowUpOf(tx, person_ref));
  if (!wish || wish->state() != pb::FOLLOW_UP_STATE_WANTED) return absl::OkStatus();
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  ASSIGN(const std::vector<Mark> marks, MarksOf(tx, activity_id, person_ref));
  const Streak streak = StreakOf(marks, FromProto(wish->wanted_from_time()));
  if (!streak.any) return absl::OkStatus();
  ASSIGN(pb::Participation participation, ParticipationOf(tx, activity_id, person_ref));
  const pb::ParticipationState before = participation.state();
  ApplyStreak(streak, policy, tx.zone(), &participation);
  TRY(participation.version() == 0 ? Insert(tx, participation) : Save(tx, participation));
  return PublishCounted(tx, before, participation);
}

}  // namespace mestring::activities
