#include "common/base/clock.h"

#include <gtest/gtest.h>

#include <fstream>

#include "google/protobuf/timestamp.pb.h"
#include "tests/support/process.h"

namespace mestring {
namespace {

absl::TimeZone Oslo() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Oslo", &zone));
  return zone;
}

TEST(ClockTest, ADateIsThatOfTheMunicipality) {
  const absl::Time late = absl::FromCivil(absl::CivilMinute(2026, 7, 1, 22, 30), absl::UTCTimeZone());
  EXPECT_EQ(DateIn(Oslo(), late), absl::CivilDay(2026, 7, 2));
  EXPECT_EQ(DateIn(absl::UTCTimeZone(), late), absl::CivilDay(2026, 7, 1));
}

TEST(ClockTest, ADayBeginsAtItsFirstInstantAlsoWhenItHas23Or25Hours) {
  const auto hours = [](absl::CivilDay day) {
    return absl::ToInt64Hours(StartOfDay(Oslo(), day + 1) - StartOfDay(Oslo(), day));
  };
  EXPECT_EQ(hours(absl::CivilDay(2026, 3, 28)), 24);
  EXPECT_EQ(hours(absl::CivilDay(2026, 3, 29)), 23);
  EXPECT_EQ(hours(absl::CivilDay(2026, 10, 25)), 25);
  EXPECT_EQ(DateIn(Oslo(), StartOfDay(Oslo(), absl::CivilDay(2026, 3, 29))), absl::CivilDay(2026, 3, 29));
}

TEST(ClockTest, OnlyARealDateInItsOneFormIsADate) {
  const auto day = ParseDate("2026-02-28");
  ASSERT_TRUE(day.ok());
  EXPECT_EQ(FormatDate(*day), "2026-02-28");
  EXPECT_TRUE(ParseDate("2028-02-29").ok());
  for (const char* text : {"", "2026-02-29", "2026-2-28", "2026-13-01", "2026-00-10", " 2026-02-28", "2026-02-28 ",
                           "2026/02/28", "20260228", "2026-02-28T00:00", "-026-02-28", "yesterday"}) {
    EXPECT_FALSE(ParseDate(text).ok()) << text;
  }
}

TEST(ClockTest, ATimestampComesBackExactly) {
  for (absl::Time time : {absl::FromUnixNanos(1), absl::FromUnixNanos(-1), absl::FromUnixSeconds(1795417200),
                          absl::UnixEpoch() - absl::Milliseconds(1500)}) {
    const auto proto = ToProto(time);
    EXPECT_GE(proto.nanos(), 0);
    EXPECT_EQ(FromProto(proto), time);
  }
}

TEST(ClockTest, ARehearsalMovesItsOwnTime) {
  TempFolder folder;
  const std::string file = folder.path() + "/offset";
  EXPECT_LT(SystemClock(file).Now() - absl::Now(), absl::Minutes(1));
  std::ofstream(file) << 86400;
  const absl::Duration ahead = SystemClock(file).Now() - absl::Now();
  EXPECT_GT(ahead, absl::Hours(23));
  EXPECT_LT(ahead, absl::Hours(25));
}

}  // namespace
}  // namespace mestring
