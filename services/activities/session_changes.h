// What becomes of a session: its timers, and that it is cancelled.
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

// The session will not be: seats, waiting, offers and reserved grants end with it.
absl::Status CancelNow(Tx& tx, std::string_view reason_code, pb::Session* session);
// Its timers but that of the own share, set anew.
absl::Status ScheduleClocks(Tx& tx, const pb::ActivityPolicy& policy, const pb::Session& session);

}  // namespace mestring::activities
