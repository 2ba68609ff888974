// RFC 5545 through libical: the times of a recurrence rule, and a calendar as text. Pure. Services that invite people
// link it: activities for sessions, the council for meetings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace mestring {

// The most starts of one rule: daily for half a year, weekly for four years.
inline constexpr int kOccurrencesMax = 200;
// How far ahead a rule may reach, which limits the days to check.
inline constexpr int kOccurrenceYearsMax = 20;

// The starts that a recurrence rule ("FREQ=WEEKLY;COUNT=10") gives from a first local time on, that one
// included: each at the same local time, also across daylight saving. An empty rule gives the first only.
// A local time that a spring night leaves out is the moment of the change; of one that an autumn night has twice,
// it is the first.
// UNTIL includes what it names: a date (UNTIL=20280703) its whole day, whatever the time of day of the recurrence; a
// local time (UNTIL=20280703T180000) and an instant in UTC (UNTIL=20280703T160000Z) a start at that very second. The
// text is a rule and nothing else: EXDATE and RDATE are properties of their own, which are not taken.
// Errors: RECURRENCE_INVALID for what is no rule, has neither COUNT nor UNTIL, recurs within a day or says at which
// hours, gives more than kOccurrencesMax, or reaches further than kOccurrenceYearsMax.
absl::StatusOr<std::vector<absl::Time>> Occurrences(std::string_view rule, absl::CivilMinute first,
                                                    absl::TimeZone zone);

// An entry of a calendar: a session or a meeting. It has no field for a person.
struct CalendarEntry {
  std::string uid;
  int64_t sequence = 0;            // grows with each change
  absl::Time changed, start, end;  // `end` equals `start` if the length is not known
  std::string name, place;
  bool cancelled = false;
};

// One iCalendar object of a service ("activities"), with lines folded and escaped as the RFC requires, and instants in
// UTC.
std::string CalendarText(std::string_view service, const std::vector<CalendarEntry>& entries);

}  // namespace mestring
