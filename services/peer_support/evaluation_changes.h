// An evaluation round closes, by a call or by its timer.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/peer_support/v1/peer_support.pb.h"

namespace mestring::peer_support {

namespace pb = v1;

// The timer of a round, for its id.
inline constexpr std::string_view kEvaluationTimer = "evaluation_end";

// The round closes on a day: what may be published is, and every invitation and sum is destroyed.
absl::Status CloseRound(Tx& tx, std::string_view day, pb::EvaluationRound* round);

}  // namespace mestring::peer_support
