// Changes of participations that follow from attendance, for people who wished a follow-up.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// The wish of a person, if they ever had one.
absl::StatusOr<std::optional<pb::FollowUp>> FollowUpOf(Tx& tx, std::string_view person_ref);
// Updates the participation of a person in an activity after their attendance was recorded or corrected, if they wished
// a follow-up.
absl::Status FollowAttendance(Tx& tx, std::string_view activity_id, std::string_view person_ref);

}  // namespace mestring::activities
