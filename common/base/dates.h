// Civil dates as the contracts write them: ISO text, which compares as dates do; and civil arithmetic on instants,
// which counts what the clock on the wall shows. Pure.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

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

// The instant at which the clock on the wall shows `by` more than at `from`: across daylight saving an hour more or
// less of time passes. A time that a spring night leaves out is the moment of the change; of one that an autumn night
// has twice, it is the first.
absl::Time OnTheWall(absl::Time from, absl::Duration by, absl::TimeZone zone);
// The same time of day so many days later, or earlier.
absl::Time PlusDays(absl::Time from, int days, absl::TimeZone zone);
// How much more the clock on the wall shows at `to`.
absl::Duration BetweenOnTheWall(absl::Time from, absl::Time to, absl::TimeZone zone);

// Minutes after midnight of a time of day such as "18:00". INVALID_ARGUMENT of the field for anything else.
absl::StatusOr<int> ParseTimeOfDay(std::string_view field, std::string_view text);

// INVALID_ARGUMENT for a date beyond all plans; an empty one is none.
absl::Status CheckPlannable(std::string_view field, std::string_view date, std::string_view today);

// INVALID_ARGUMENT unless "from_date" and "to_date" are a period of statistics.
absl::Status CheckPeriod(std::string_view from_date, std::string_view to_date);

}  // namespace mestring
