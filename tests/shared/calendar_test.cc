// RFC 5545 as we use it: recurrence across daylight saving, and a calendar that a parser which we did not write
// reads as it was meant (python3-icalendar).

#include "services/shared/calendar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <ctime>
#include <fstream>

#include "tests/support/expect.h"
#include "tests/support/process.h"

namespace mestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

absl::TimeZone Oslo() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Oslo", &zone));
  return zone;
}

std::vector<std::string> Utc(std::string_view rule, absl::CivilMinute first) {
  const auto starts = Occurrences(rule, first, Oslo());
  EXPECT_DONE(starts);
  std::vector<std::string> text;
  for (absl::Time start : *starts) text.push_back(absl::FormatTime("%d.%m.%Y %H:%M", start, absl::UTCTimeZone()));
  return text;
}

constexpr absl::CivilMinute Evening(int month, int day) { return absl::CivilMinute(2026, month, day, 18, 0); }

TEST(OccurrencesTest, NoRuleIsOnce) { EXPECT_THAT(Utc("", Evening(11, 24)), ElementsAre("24.11.2026 17:00")); }

TEST(OccurrencesTest, TheSameTimeOfDayAcrossTheChangeInSpringAndAutumn) {
  EXPECT_THAT(Utc("FREQ=WEEKLY;COUNT=2", Evening(3, 24)), ElementsAre("24.03.2026 17:00", "31.03.2026 16:00"));
  EXPECT_THAT(Utc("FREQ=WEEKLY;COUNT=2", Evening(10, 20)), ElementsAre("20.10.2026 16:00", "27.10.2026 17:00"));
}

TEST(OccurrencesTest, TwoDaysAWeekAndTheFirstMondayOfAMonth) {
  EXPECT_THAT(Utc("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", Evening(1, 6)),
              ElementsAre("06.01.2026 17:00", "08.01.2026 17:00", "13.01.2026 17:00"));
  EXPECT_THAT(Utc("FREQ=MONTHLY;BYDAY=1MO;COUNT=2", Evening(2, 2)),
              ElementsAre("02.02.2026 17:00", "02.03.2026 17:00"));
}

// S1
TEST(OccurrencesTest, ADateIncludesItsEvening) {
  const absl::CivilMinute first(2028, 7, 1, 18, 0);
  EXPECT_THAT(Utc("FREQ=DAILY;UNTIL=20280703", first),
              ElementsAre("01.07.2028 16:00", "02.07.2028 16:00", "03.07.2028 16:00"));
  EXPECT_THAT(Utc("FREQ=DAILY;UNTIL=20280703", absl::CivilMinute(2028, 7, 1, 0, 0)), SizeIs(3)) << "and its midnight";
  EXPECT_THAT(Utc("FREQ=DAILY;UNTIL=20280703", absl::CivilMinute(2028, 7, 1, 23, 59)), SizeIs(3));
  EXPECT_THAT(Utc("FREQ=WEEKLY;UNTIL=20280701", first), SizeIs(1)) << "the last day may be the first";
  EXPECT_THAT(Utc("FREQ=MONTHLY;BYMONTHDAY=31;UNTIL=20281231", absl::CivilMinute(2028, 10, 31, 18, 0)), SizeIs(2));
  EXPECT_REFUSED(Occurrences("FREQ=DAILY;UNTIL=20280630", first, Oslo()), "RECURRENCE_INVALID") << "over before";
}

// S1
TEST(OccurrencesTest, ADateIsALocalOneAcrossDaylightSaving) {
  // At 00:30 in summer it is still the day before in UTC.
  EXPECT_THAT(Utc("FREQ=DAILY;UNTIL=20260329", absl::CivilMinute(2026, 3, 28, 23, 30)), SizeIs(2));
  EXPECT_THAT(Utc("FREQ=DAILY;UNTIL=20260329", absl::CivilMinute(2026, 3, 29, 0, 30)), SizeIs(1));
  EXPECT_THAT(Utc("FREQ=DAILY;UNTIL=20261025", absl::CivilMinute(2026, 10, 24, 23, 30)), SizeIs(2));
}

// S1
TEST(OccurrencesTest, ALocalTimeIncludesTheStartAtThatSecond) {
  EXPECT_THAT(Utc("FREQ=DAILY;UNTIL=20260703T180000", Evening(7, 1)), SizeIs(3));
  EXPECT_THAT(Utc("FREQ=DAILY;UNTIL=20260703T175959", Evening(7, 1)), SizeIs(2));
}

// S1
TEST(OccurrencesTest, ExceptionsAndSingleDatesAreNoPartOfARule) {
  for (const char* rule : {"FREQ=DAILY;COUNT=3;EXDATE=20260702T180000", "FREQ=DAILY;COUNT=3;RDATE=20260710T180000",
                           "FREQ=DAILY;COUNT=3\nEXDATE:20260702T180000", "FREQ=DAILY;UNTIL=20260703\nEXDATE:20260702",
                           "FREQ=DAILY;COUNT=3 EXDATE", "FREQ=DAILY;COUNT=3X", "FREQ=DAILY;INTERVAL=2X;COUNT=3",
                           "FREQ=DAILY;COUNT=3;UNTIL=20260703"}) {
    EXPECT_REFUSED(Occurrences(rule, Evening(7, 1), Oslo()), "RECURRENCE_INVALID") << rule;
  }
}

TEST(OccurrencesTest, UntilIsMeantInLocalTimeAlsoWhenItIsWrittenInUtc) {
  // 18:00 in Oslo is 16:00 in UTC in summer: the last one is on the dot, and a minute less leaves it out.
  EXPECT_THAT(Utc("FREQ=DAILY;UNTIL=20260703T160000Z", Evening(7, 1)), SizeIs(3));
  EXPECT_THAT(Utc("FREQ=DAILY;UNTIL=20260703T155900Z", Evening(7, 1)), SizeIs(2));
}

TEST(OccurrencesTest, ATimeThatTheSpringNightLeavesOutExistsAllTheSame) {
  EXPECT_THAT(Utc("", absl::CivilMinute(2026, 3, 29, 2, 30)), ElementsAre("29.03.2026 01:00"));
  EXPECT_THAT(Utc("", absl::CivilMinute(2026, 10, 25, 2, 30)), ElementsAre("25.10.2026 00:30"));
}

TEST(OccurrencesTest, WhatIsNoRuleOrHasNoEndIsRefused) {
  for (const char* rule : {"every Tuesday", "FREQ=WEEKLY", "FREQ=HOURLY;COUNT=3", "COUNT=3", "FREQ=DAILY;COUNT=201",
                           "FREQ=DAILY;UNTIL=20360101", "FREQ=WEEKLY;COUNT=-1", "FREQ=SOMETIMES;COUNT=2"}) {
    EXPECT_REFUSED(Occurrences(rule, Evening(11, 24), Oslo()), "RECURRENCE_INVALID");
  }
  EXPECT_THAT(Utc("FREQ=DAILY;COUNT=200", Evening(11, 24)), SizeIs(200));
}

TEST(OccurrencesTest, ARuleThatReachesBeyondAllPlansIsRefused) {
  EXPECT_THAT(Utc("FREQ=YEARLY;COUNT=21", Evening(11, 24)), SizeIs(21));
  for (const char* rule : {"FREQ=YEARLY;COUNT=22", "FREQ=YEARLY;COUNT=200", "FREQ=YEARLY;INTERVAL=100;COUNT=2",
                           "FREQ=YEARLY;UNTIL=20601124", "FREQ=DAILY;INTERVAL=30000;COUNT=3"}) {
    EXPECT_REFUSED(Occurrences(rule, Evening(11, 24), Oslo()), "RECURRENCE_INVALID") << rule;
  }
}

// Some of them kept libical busy for half a second, the last one for minutes.
TEST(OccurrencesTest, ARuleThatNoDayFulfilsOrThatSaysHoursIsRefusedAtOnce) {
  std::string sixty = "0";
  for (int i = 1; i < 60; ++i) absl::StrAppend(&sixty, ",", i);
  const std::string every_second = absl::StrCat(
      "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1;BYHOUR=1,2,3,4,5,6;BYMINUTE=", sixty, ";BYSECOND=", sixty);
  for (const std::string& rule : {std::string("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=1"),
                                  std::string("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;COUNT=1"),
                                  std::string("FREQ=YEARLY;BYMONTH=2,4,6,9,11;BYMONTHDAY=31;BYDAY=MO;COUNT=1"),
                                  std::string("FREQ=DAILY;BYHOUR=8,18;COUNT=4"), every_second}) {
    const clock_t begin = clock();  // time at work, whatever else the machine does
    EXPECT_REFUSED(Occurrences(rule, Evening(11, 24), Oslo()), "RECURRENCE_INVALID") << rule;
    EXPECT_LT(clock() - begin, CLOCKS_PER_SEC / 4) << rule;
  }
  EXPECT_THAT(Utc("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2", Evening(11, 24)),
              ElementsAre("29.02.2028 17:00", "29.02.2032 17:00"));
}

CalendarEntry Entry() {
  const absl::Time start = absl::FromCivil(absl::CivilSecond(2027, 3, 30, 18, 0, 0), Oslo());
  return {.uid = "0190-1",
          .sequence = 3,
          .changed = start - absl::Hours(24),
          .start = start,
          .end = start + absl::Minutes(90),
          .name = "Løpegruppe, tirsdag; for alle\\ute\nog inne, med et navn som er så langt at linjen må brytes her",
          .place = "Sandnes stadion",
          .cancelled = false};
}

TEST(CalendarTest, LinesAreFoldedAndEscaped) {
  const std::string text = CalendarText("test", {Entry()});
  EXPECT_THAT(text, HasSubstr("BEGIN:VCALENDAR\r\n"));
  EXPECT_THAT(text, HasSubstr("VERSION:2.0\r\n"));
  EXPECT_THAT(text, HasSubstr("DTSTART:20270330T160000Z\r\n"));
  EXPECT_THAT(text, HasSubstr("L\xc3\xb8pegruppe\\, tirsdag\\; for alle\\\\ute\\nog"));
  size_t from = 0;
  for (size_t to; (to = text.find("\r\n", from)) != std::string::npos; from = to + 2) EXPECT_LE(to - from, 75);
}

TEST(CalendarTest, AParserThatWeDidNotWriteReadsWhatWasMeant) {
  CalendarEntry cancelled = Entry();
  cancelled.uid = "0190-2";
  cancelled.cancelled = true;
  TempFolder folder;
  const std::string file = folder.path() + "/calendar.ics", program = folder.path() + "/read.py";
  std::ofstream(file, std::ios::binary) << CalendarText("test", {Entry(), cancelled});
  std::ofstream(program) << "import sys, icalendar\n"
                            "for e in icalendar.Calendar.from_ical(open(sys.argv[1], 'rb').read()).walk('VEVENT'):\n"
                            "  print(e['UID'], e['SEQUENCE'], e['DTSTART'].dt.isoformat(), e['DTEND'].dt.isoformat(),\n"
                            "        e['STATUS'], repr(str(e['SUMMARY'])), e['LOCATION'], sep='|')\n";
  FILE* python = popen(("/usr/bin/python3 " + program + " " + file).c_str(), "r");
  ASSERT_NE(python, nullptr);
  std::string read;
  char buffer[4096];
  while (const size_t got = fread(buffer, 1, sizeof(buffer), python)) read.append(buffer, got);
  EXPECT_EQ(pclose(python), 0);
  const std::string rest =
      "'Løpegruppe, tirsdag; for alle\\\\ute\\nog inne, med et navn som er så langt at linjen må "
      "brytes her'|Sandnes stadion\n";
  const std::string times = "|3|2027-03-30T16:00:00+00:00|2027-03-30T17:30:00+00:00|";
  EXPECT_EQ(read, "0190-1" + times + "CONFIRMED|" + rest + "0190-2" + times + "CANCELLED|" + rest);
}

TEST(CalendarTest, AnEmptyCalendarIsACalendar) {
  EXPECT_THAT(CalendarText("test", {}), HasSubstr("END:VCALENDAR"));
  EXPECT_THAT(CalendarText("test", {}), Not(HasSubstr("VEVENT")));
}

}  // namespace
}  // namespace mestring
