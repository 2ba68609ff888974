// Changes of a peer's approval, and the timers of approval and guidance.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/peer_support/v1/peer_support.pb.h"

namespace mestring::peer_support {

namespace pb = v1;

// The timers of a peer, each for its id.
inline constexpr std::string_view kExpiringTimer = "approval_expiring";
inline constexpr std::string_view kApprovalTimer = "approval_end";
inline constexpr std::string_view kGraceTimer = "grace_end";
inline constexpr std::string_view kGuidanceTimer = "guidance";

// Saves a new approval, publishes it and schedules its timers; matches that were on hold because the last one expired
// go on.
absl::Status SaveApproval(Tx& tx, const pb::PeerRules& rules, pb::Approval* approval, pb::Peer* peer);
// Schedules the timer of guidance for the peer's due date; cancels it if they need no guidance.
absl::Status ScheduleGuidance(Tx& tx, const pb::Peer& peer);
// Cancels the timers of approval and guidance.
absl::Status CancelTimers(Tx& tx, const pb::Peer& peer);

}  // namespace mestring::peer_support
