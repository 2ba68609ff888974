// Civil dates as the contracts write them: ISO text, which compares as dates do. Pure.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"

namespace mestring {

// No plan reaches further; it keeps arithmetic with dates in its range.
inline constexpr int kPlanYearsMax = 20;

// The civil day of a date that was checked before.
absl::CivilDay Day(std::string_view date);
std::string PlusDays(std::string_view date, int days);
// The same day of a later month, or its last day if it has no such day.
std::string PlusMonths(std::string_view date, int months);

// INVALID_ARGUMENT for a date beyond all plans; an empty one is none.
absl::Status CheckPlannable(std::string_view field, std::string_view date, std::string_view today);

}  // namespace mestring
