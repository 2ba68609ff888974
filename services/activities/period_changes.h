// Closes a period of drop-in, for a call or its timer.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// The timer of a period, for its id.
inline constexpr std::string_view kPeriodTimer = "period_close";

// Closes a period: stores its figures, and destroys its key and everything made from cards.
absl::Status ClosePeriod(Tx& tx, pb::Period* period);

}  // namespace mestring::activities
