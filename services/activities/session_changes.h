// Changes of a session: its timers, and its cancellation.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// The timers of a session, each for its id.
inline constexpr std::string_view kOpenTimer = "session_open";
inline constexpr std::string_view kNoticeTimer = "session_leader_notice";
inline constexpr std::string_view kStartTimer = "session_start";
inline constexpr std::string_view kEndTimer = "session_end";
inline constexpr std::string_view kOwnShareTimer = "own_share_due";

// Cancels a session, and ends its seats, its waiting list, offers and reserved grants.
absl::Status CancelNow(Tx& tx, std::string_view reason_code, pb::Session* session);
// Schedules the timers of a session, except that of the own share.
absl::Status ScheduleTimers(Tx& tx, const pb::ActivityPolicy& policy, const pb::Session& session);

}  // namespace mestring::activities
