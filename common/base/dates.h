// Civil dates as the contracts write them: ISO text, which sorts as dates do; and civil arithmetic on instants, which
// counts what the clock on the wall shows. Pure.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace mestring {

// How far ahead a plan may be; it keeps arithmetic with dates in its range.
inline constexpr int kPlanYearsMax = 20;
// The longest period of statistics; it limits what one call reads.
inline constexpr int kStatisticsDaysMax = 3 * 366;

// The civil day of a date that was checked before.
absl::CivilDay Day(std::string_view date);
std::string PlusDays(std::string_view date, int days);
// The same day of a later month, or its last day if it has no such day.
std::string PlusMonths(std::string_view date, int months);

// The instant at which the clock on the wall shows `by` more than at `from`; across a change of daylight saving, an
// hour more or less of time passes. A time that does not exist in a spring night becomes the moment of the change; of a
// time that exists twice in an autumn night, the first counts.
absl::Time OnTheWall(absl::Time from, absl::Duration by, absl::TimeZone zone);
// The same time of day so many days later, or earlier.
absl::Time PlusDays(absl::Time from, int days, absl::TimeZone zone);
// The difference that the clock on the wall shows between `from` and `to`.
absl::Duration BetweenOnTheWall(absl::Time from, absl::Time to, absl::TimeZone zone);

// Minutes after midnight of a time of day such as "18:00". INVALID_ARGUMENT of the field for anything else.
absl::StatusOr<int> ParseTimeOfDay(std::string_view field, std::string_view text);

// INVALID_ARGUMENT for a date too far ahead for any plan; an empty date is fine.
absl::Status CheckPlannable(std::string_view field, std::string_view date, std::string_view today);

// INVALID_ARGUMENT unless "from_date" and "to_date" are a period of statistics.
absl::Status CheckPeriod(std::string_view from_date, std::string_view to_date);

}  // namespace mestring
