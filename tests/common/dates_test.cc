#include "common/base/dates.h"

#include <gtest/gtest.h>

#include "tests/support/expect.h"

namespace mestring {
namespace {

TEST(DatesTest, AMonthLaterIsTheSameDayOrTheLastOne) {
  EXPECT_EQ(PlusMonths("2026-03-02", 1), "2026-04-02");
  EXPECT_EQ(PlusMonths("2026-01-31", 1), "2026-02-28");
  EXPECT_EQ(PlusMonths("2024-02-29", 12), "2025-02-28");
  EXPECT_EQ(PlusMonths("2026-12-15", 1), "2027-01-15");
}

// S2
TEST(DatesTest, TheClockOnTheWallShowsTheSameTimeSomeDaysLater) {
  absl::TimeZone oslo;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Oslo", &oslo));
  const auto at = [&](int month, int day, int hour, int minute) {
    return absl::FromCivil(absl::CivilSecond(2029, month, day, hour, minute, 0), oslo);
  };
  const absl::Time spring = at(3, 26, 18, 0), autumn = at(10, 29, 18, 0);
  EXPECT_EQ(PlusDays(spring, -2, oslo), at(3, 24, 18, 0));
  EXPECT_EQ(spring - PlusDays(spring, -2, oslo), absl::Hours(47));
  EXPECT_EQ(autumn - PlusDays(autumn, -2, oslo), absl::Hours(49));
  EXPECT_EQ(BetweenOnTheWall(PlusDays(autumn, -2, oslo), autumn, oslo), absl::Hours(48));
  EXPECT_EQ(OnTheWall(spring + absl::Milliseconds(7), absl::Hours(-48), oslo),
            at(3, 24, 18, 0) + absl::Milliseconds(7));
  EXPECT_EQ(PlusDays(at(3, 24, 2, 30), 1, oslo), at(3, 25, 3, 0)) << "02:30 is left out";
  const absl::Time second_half_past_two = at(10, 28, 2, 30) + absl::Hours(1);
  EXPECT_EQ(PlusDays(second_half_past_two, 0, oslo), second_half_past_two);
}

TEST(DatesTest, ATimeOfDayHasOneForm) {
  EXPECT_EQ(*ParseTimeOfDay("start_time", "00:00"), 0);
  EXPECT_EQ(*ParseTimeOfDay("start_time", "18:05"), 18 * 60 + 5);
  EXPECT_EQ(*ParseTimeOfDay("start_time", "23:59"), 24 * 60 - 1);
  for (const char* wrong : {"24:00", "18:60", "1800", "6:00", "-1:00", "18:0x", "+8:00", "18:5 ", "1:800", ""}) {
    const auto violations = ViolationsOf(ParseTimeOfDay("start_time", wrong).status());
    ASSERT_EQ(violations.size(), 1) << wrong;
    EXPECT_EQ(violations[0].field, "start_time") << wrong;
  }
}

TEST(DatesTest, APeriodOfStatisticsIsInOrderAndNotTooLong) {
  EXPECT_TRUE(CheckPeriod("2026-01-01", "2026-01-01").ok());
  EXPECT_FALSE(CheckPeriod("2026-01-02", "2026-01-01").ok());
  EXPECT_TRUE(CheckPeriod("2026-01-01", PlusDays("2026-01-01", kStatisticsDaysMax)).ok());
  EXPECT_FALSE(CheckPeriod("2026-01-01", PlusDays("2026-01-01", kStatisticsDaysMax + 1)).ok());
}

}  // namespace
}  // namespace mestring
