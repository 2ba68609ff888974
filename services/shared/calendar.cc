#include "services/shared/calendar.h"

// Hides libical: its C structs, its memory, its error mode.
//
// A rule is expanded on local times without a zone, and abseil places each result in the municipality's zone. So a
// group at 18:00 is at 18:00 all year, as people mean it, and libical needs no zone data. Expanding in UTC would move
// every session by an hour in March. An UNTIL, in each of the forms of the RFC, is converted to the last local second
// that it includes.
//
// The calendar has single events in UTC and no RRULE: sessions are moved and cancelled one by one, and programs read a
// rule with exceptions differently.

#include <algorithm>
#include <iterator>
#include <utility>

extern "C" {
#include <libical/ical.h>
}

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"

namespace mestring {
namespace {

absl::Status Invalid(std::string_view sentence) { return Refused("RECURRENCE_INVALID", sentence); }

absl::Time InZone(const icaltimetype& local, absl::TimeZone zone) {
  return absl::FromCivil(absl::CivilSecond(local.year, local.month, local.day, local.hour, local.minute, local.second),
                         zone);
}

icaltimetype ToIcal(absl::CivilSecond civil, bool is_utc) {
  icaltimetype time = icaltime_null_time();
  time.year = static_cast<int>(civil.year());
  time.month = civil.month();
  time.day = civil.day();
  time.hour = civil.hour();
  time.minute = civil.minute();
  time.second = civil.second();
  if (is_utc) time.zone = icaltimezone_get_utc_timezone();
  return time;
}

icaltimetype Utc(absl::Time time) { return ToIcal(absl::ToCivilSecond(time, absl::UTCTimeZone()), true); }

// Whether any day can match a rule, up to its `until`. libical follows a monthly or yearly rule that no day matches (30
// February) through six centuries; a daily rule it follows only to `until`. So this checks every day against the same
// conditions.
bool AnyDay(const struct icalrecurrencetype& rule, const icaltimetype& start) {
  struct icalrecurrencetype daily;
  icalrecurrencetype_clear(&daily);
  daily.freq = ICAL_DAILY_RECURRENCE;
  daily.until = rule.until;
  std::copy(std::begin(rule.by_month), std::end(rule.by_month), std::begin(daily.by_month));
  std::copy(std::begin(rule.by_month_day), std::end(rule.by_month_day), std::begin(daily.by_month_day));
  icalrecur_iterator* iterator = icalrecur_iterator_new(daily, start);
  if (iterator == nullptr) return false;
  const bool any = !icaltime_is_null_time(icalrecur_iterator_next(iterator));
  icalrecur_iterator_free(iterator);
  return any;
}

// The last local second that an UNTIL includes. libical reads a date as its midnight, which leaves out its evening.
icaltimetype LastSecond(const icaltimetype& until, absl::TimeZone zone) {
  if (until.is_date) {
    const absl::CivilDay day(until.year, until.month, until.day);
    return ToIcal(absl::CivilSecond(day + 1) - 1, false);
  }
  if (!icaltime_is_utc(until)) return until;
  return ToIcal(absl::ToCivilSecond(InZone(until, absl::UTCTimeZone()), zone), false);
}

// libical ignores the part of a value that it does not understand: it reads "COUNT=3\nEXDATE:20280703" as three times.
bool IsReadToItsEnd(std::string_view rule_text) {
  for (const absl::string_view part : absl::StrSplit(rule_text, ';')) {
    const std::pair<absl::string_view, absl::string_view> named = absl::StrSplit(part, absl::MaxSplits('=', 1));
    const auto& [name, value] = named;
    const bool is_number = absl::EqualsIgnoreCase(name, "COUNT") || absl::EqualsIgnoreCase(name, "INTERVAL");
    const bool fits = std::all_of(value.begin(), value.end(), [&](char c) {
      return absl::ascii_isdigit(c) || (!is_number && (absl::ascii_isalpha(c) || c == ',' || c == '+' || c == '-'));
    });
    if (!fits) return false;
  }
  return true;
}

bool Names(const short* list) { return list[0] != ICAL_RECURRENCE_ARRAY_MAX; }

void Add(icalcomponent* component, icalproperty* property) { icalcomponent_add_property(component, property); }

}  // namespace

absl::StatusOr<std::vector<absl::Time>> Occurrences(std::string_view rule_text, absl::CivilMinute first,
                                                    absl::TimeZone zone) {
  const icaltimetype start = ToIcal(absl::CivilSecond(first), false);
  if (rule_text.empty()) return std::vector<absl::Time>{InZone(start, zone)};
  icalerror_set_errors_are_fatal(0);
  struct icalrecurrencetype rule = icalrecurrencetype_from_string(std::string(rule_text).c_str());
  if (rule.freq == ICAL_NO_RECURRENCE || !IsReadToItsEnd(rule_text))
    return Invalid("recurrence must be a recurrence rule of RFC 5545");
  if (rule.freq == ICAL_SECONDLY_RECURRENCE || rule.freq == ICAL_MINUTELY_RECURRENCE ||
      rule.freq == ICAL_HOURLY_RECURRENCE) {
    return Invalid("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY");
  }
  if (Names(rule.by_hour) || Names(rule.by_minute) || Names(rule.by_second)) {
    return Invalid("leave out BYHOUR, BYMINUTE and BYSECOND: the time of day has its own field");
  }
  const bool has_until = !icaltime_is_null_time(rule.until);
  if (rule.count <= 0 && !has_until) return Invalid("give COUNT or UNTIL");
  if (has_until) rule.until = LastSecond(rule.until, zone);
  icaltimetype horizon = start;
  horizon.year += kOccurrenceYearsMax;
  const bool too_far = has_until && icaltime_compare(rule.until, horizon) > 0;
  if (!has_until || too_far) rule.until = horizon;
  if (!AnyDay(rule, start)) return Invalid("no day matches this rule");
  icalrecur_iterator* iterator = icalrecur_iterator_new(rule, start);
  if (iterator == nullptr) return Invalid("no day matches this rule");
  std::vector<absl::Time> starts;
  bool too_many = false;
  for (icaltimetype next = icalrecur_iterator_next(iterator); !icaltime_is_null_time(next);
       next = icalrecur_iterator_next(iterator)) {
    if (static_cast<int>(starts.size()) == kOccurrencesMax) {
      too_many = true;
      break;
    }
    starts.push_back(InZone(next, zone));
  }
  icalrecur_iterator_free(iterator);
  if (too_many) return Invalid("the rule gives too many sessions; lower COUNT or UNTIL");
  if (starts.empty()) return Invalid("no day matches this rule before UNTIL");
  if (too_far || static_cast<int>(starts.size()) < rule.count)
    return Invalid(absl::StrCat("lower COUNT or UNTIL: the rule reaches further than ", kOccurrenceYearsMax, " years"));
  return starts;
}

std::string CalendarText(std::string_view service, const std::vector<CalendarEntry>& entries) {
  icalcomponent* calendar = icalcomponent_new(ICAL_VCALENDAR_COMPONENT);
  Add(calendar, icalproperty_new_version("2.0"));
  Add(calendar, icalproperty_new_prodid(absl::StrCat("-//mestring//", service, "//NO").c_str()));
  for (const CalendarEntry& entry : entries) {
    icalcomponent* event = icalcomponent_new(ICAL_VEVENT_COMPONENT);
    Add(event, icalproperty_new_uid(entry.uid.c_str()));
    Add(event, icalproperty_new_dtstamp(Utc(entry.changed)));
    Add(event, icalproperty_new_sequence(static_cast<int>(entry.sequence)));
    Add(event, icalproperty_new_dtstart(Utc(entry.start)));
    if (entry.end > entry.start) Add(event, icalproperty_new_dtend(Utc(entry.end)));
    Add(event, icalproperty_new_summary(entry.name.c_str()));
    if (!entry.place.empty()) Add(event, icalproperty_new_location(entry.place.c_str()));
    Add(event, icalproperty_new_status(entry.cancelled ? ICAL_STATUS_CANCELLED : ICAL_STATUS_CONFIRMED));
    icalcomponent_add_component(calendar, event);
  }
  char* text = icalcomponent_as_ical_string_r(calendar);
  std::string result(text == nullptr ? "" : text);
  icalmemory_free_buffer(text);
  icalcomponent_free(calendar);
  return result;
}

}  // namespace mestring
