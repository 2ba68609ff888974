#include "common/dates.h"

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
