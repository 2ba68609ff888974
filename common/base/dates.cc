#include "common/base/dates.h"

// Rules and SQL compare dates as text; only arithmetic needs the civil day. A date class would have to be converted
// from text and back at the contract and at the database.

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/errors.h"

namespace mestring {

absl::CivilDay Day(std::string_view date) { return ParseDate(date).value(); }

std::string PlusDays(std::string_view date, int days) { return FormatDate(Day(date) + days); }

std::string PlusMonths(std::string_view date, int months) {
  const absl::CivilDay day = Day(date);
  const absl::CivilMonth month = absl::CivilMonth(day) + months;
  const absl::CivilDay last = absl::CivilDay(month + 1) - 1;
  return FormatDate(std::min(absl::CivilDay(month) + (day.day() - 1), last));
}

absl::Time OnTheWall(absl::Time from, absl::Duration by, absl::TimeZone zone) {
  if (by == absl::ZeroDuration()) return from;  // also in the second of two equal hours
  const absl::TimeZone::CivilInfo shown = zone.At(from);
  return absl::FromCivil(shown.cs + absl::ToInt64Seconds(by), zone) + shown.subsecond;
}

absl::Time PlusDays(absl::Time from, int days, absl::TimeZone zone) {
  return OnTheWall(from, absl::Hours(24) * days, zone);
}

absl::Duration BetweenOnTheWall(absl::Time from, absl::Time to, absl::TimeZone zone) {
  return absl::Seconds(absl::ToCivilSecond(to, zone) - absl::ToCivilSecond(from, zone));
}

absl::StatusOr<int> ParseTimeOfDay(std::string_view field, std::string_view text) {
  int hours = 0, minutes = 0;
  const bool right = text.size() == 5 && text[2] == ':' && text.find_first_not_of("0123456789:") == text.npos &&
                     absl::SimpleAtoi(text.substr(0, 2), &hours) && absl::SimpleAtoi(text.substr(3), &minutes) &&
                     hours < 24 && minutes < 60;
  if (!right) return InvalidArgument(field, "must be a time of day such as 18:00");
  return hours * 60 + minutes;
}

absl::Status CheckPlannable(std::string_view field, std::string_view date, std::string_view today) {
  if (date.empty() || date < PlusMonths(today, 12 * kPlanYearsMax)) return absl::OkStatus();
  return InvalidArgument(field, absl::StrCat("must be within ", kPlanYearsMax, " years"));
}

absl::Status CheckPeriod(std::string_view from_date, std::string_view to_date) {
  if (to_date < from_date) return InvalidArgument("to_date", "must not be before from_date");
  if (Day(to_date) - Day(from_date) > kStatisticsDaysMax) {
    return InvalidArgument("to_date", "must be within three years of from_date");
  }
  return absl::OkStatus();
}

}  // namespace mestring
