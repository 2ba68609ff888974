// A period of drop-in closes, by a call or by its timer.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// The timer of a period, for its id.
inline constexpr std::string_view kPeriodTimer = "period_close";

// A period closes: its figures are stored, its key and all that was made of cards are destroyed.
absl::Status ClosePeriod(Tx& tx, pb::Period* period);

}  // namespace mestring::activities
