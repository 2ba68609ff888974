// Civil dates as the contracts write them: ISO text, which compares as dates do. Pure.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"

namespace mestring {

// No plan reaches further; it keeps arithmetic with dates in its range.
inline constexpr int kPlanYearsMax = 20;
// Statistics are read over a period of at most this, which bounds what one call reads.
inline constexpr int kStatisticsDaysMax = 3 * 366;

// The civil day of a date that was checked before.
absl::CivilDay Day(std::string_view date);
std::string PlusDays(std::string_view date, int days);
// The same day of a later month, or its last day if it has no such day.
std::string PlusMonths(std::string_view date, int months);

// Minutes after midnight of a time of day such as "18:00". INVALID_ARGUMENT of the field for anything else.
absl::StatusOr<int> ParseTimeOfDay(std::string_view field, std::string_view text);

// INVALID_ARGUMENT for a date beyond all plans; an empty one is none.
absl::Status CheckPlannable(std::string_view field, std::string_view date, std::string_view today);

// INVALID_ARGUMENT unless "from_date" and "to_date" are a period of statistics.
absl::Status CheckPeriod(std::string_view from_date, std::string_view to_date);

}  // namespace mestring
