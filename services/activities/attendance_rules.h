// The rules of taking part: attendance, obstacles, and the follow-up of absences for people who wished it.
//
// The functions are pure; the tags are those of activities_rules.h.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mestring/activities/v1/activities.pb.h"
#include "services/activities/activities_rules.h"

namespace mestring::activities {

// ---- Attendance and obstacles ----------------------------------------------------------------------

absl::Status MayRecord(const pb::Session& session, int module, absl::Time now);
// `recorded`: this seat and module has a record in force.
absl::Status MayMark(bool recorded);
// Whether the reason is given if `needed`, and left out otherwise.
absl::Status CheckReason(bool needed, std::string_view reason_code);
absl::Status MayCorrect(const pb::Attendance& attendance, const pb::Session& session, const pb::ActivityPolicy& policy,
                        absl::Time now, absl::TimeZone zone);
bool IsCompleted(const pb::Activity& activity, const pb::Session& session, int modules_attended);
absl::Status MayHaveObstacle(const pb::Session& session, bool has_seat);
absl::Status MayClear(const pb::Obstacle& obstacle);

// ---- Asked after by wish ---------------------------------------------------------------------------

pb::FollowUp NewFollowUp(std::string id, std::string_view person_ref);
// False if that is so already.
bool ApplyFollowUp(bool wanted, absl::Time now, pb::FollowUp* follow_up);
// A record of attendance, and the start of its session or module.
struct Mark {
  pb::Attendance attendance;
  absl::Time start;
};
// The attendance of a person in an activity since their wish.
struct Streak {
  bool any = false;  // whether anything is recorded
  int absences = 0;
  absl::Time last_present = absl::InfinitePast();
};
Streak StreakOf(const std::vector<Mark>& marks, absl::Time wanted_from);
pb::Participation NewParticipation(std::string id, std::string_view activity_id, std::string_view person_ref);
void ApplyStreak(const Streak& streak, const pb::ActivityPolicy& policy, absl::TimeZone zone,
                 pb::Participation* participation);

}  // namespace mestring::activities
