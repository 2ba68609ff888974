// Closes an evaluation round, for a call or its timer.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/peer_support/v1/peer_support.pb.h"

namespace mestring::peer_support {

namespace pb = v1;

// The timer of a round, for its id.
inline constexpr std::string_view kEvaluationTimer = "evaluation_end";

// Closes a round on a day: publishes what may be published, and deletes every invitation and sum.
absl::Status CloseRound(Tx& tx, std::string_view day, pb::EvaluationRound* round);

}  // namespace mestring::peer_support
