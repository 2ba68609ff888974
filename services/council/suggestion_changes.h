// Changes of a suggestion that follow from its actions.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"

namespace mestring::council {

// The timers of an action and of a suggestion, each for its id.
inline constexpr std::string_view kActionTimer = "action_due";
inline constexpr std::string_view kStaleTimer = "loop_stale";

// Sets the state of a suggestion that follows from its actions, and publishes it if it changed.
absl::Status FollowActions(Tx& tx, std::string_view suggestion_id);

}  // namespace mestring::council
