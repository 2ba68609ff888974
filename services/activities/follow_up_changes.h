// What attendance means for those who wish to be asked after.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// The wish of a person, if they ever said one.
absl::StatusOr<std::optional<pb::FollowUp>> FollowUpOf(Tx& tx, std::string_view person_ref);
// Attendance of a person in an activity was recorded or corrected: if they wish to be asked after, their
// participation follows.
absl::Status FollowAttendance(Tx& tx, std::string_view activity_id, std::string_view person_ref);

}  // namespace mestring::activities
