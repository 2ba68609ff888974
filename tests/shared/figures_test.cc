#include "services/shared/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace mestring {
namespace {

using ::testing::ElementsAre;

constexpr SuppressedCount kUntold = std::nullopt;

std::vector<SuppressedCount> Parts(std::vector<SuppressedCount> parts) {
  HideSmallParts(5, &parts);
  return parts;
}

TEST(Figures, OfFewPeopleAreNotToldAndZeroIs) {
  EXPECT_EQ(SuppressSmall(0, 5), 0);
  EXPECT_EQ(SuppressSmall(1, 5), kUntold);
  EXPECT_EQ(SuppressSmall(4, 5), kUntold);
  EXPECT_EQ(SuppressSmall(5, 5), 5);
}

TEST(Figures, PartsThatAreLargeOrEmptyAreTold) {
  EXPECT_THAT(Parts({5, 0, 9}), ElementsAre(5, 0, 9));
  EXPECT_THAT(Parts({}), ElementsAre());
}

TEST(Figures, ASinglePartThatIsSmallTakesTheNextSmallestWithIt) {
  EXPECT_THAT(Parts({3, 20, 8, 0}), ElementsAre(kUntold, 20, kUntold, 0)) << "it would follow from the sum";
  EXPECT_THAT(Parts({3, 2, 20, 8, 0}), ElementsAre(kUntold, kUntold, 20, 8, 0));
  EXPECT_THAT(Parts({3, 6, 6}), ElementsAre(kUntold, kUntold, 6)) << "one of equals is enough";
}

TEST(Figures, TwoOfOneEachWouldFollowFromTheSumToo) {
  EXPECT_THAT(Parts({1, 1, 20, 8}), ElementsAre(kUntold, kUntold, 20, kUntold));
}

TEST(Figures, PartsOfASmallSumAreNotToldAndMoreIsNotThere) {
  EXPECT_THAT(Parts({3, 0}), ElementsAre(kUntold, 0));
  EXPECT_THAT(Parts({1, 1}), ElementsAre(kUntold, kUntold));
}

TEST(Figures, WhatCameUntoldCountsAsHiddenButNotAsSafe) {
  EXPECT_THAT(Parts({kUntold, 20, 8}), ElementsAre(kUntold, 20, kUntold));
  EXPECT_THAT(Parts({kUntold, kUntold, 20, 8}), ElementsAre(kUntold, kUntold, 20, 8));
  EXPECT_THAT(Parts({kUntold, 3, 8}), ElementsAre(kUntold, kUntold, 8));
}

TEST(Figures, ThatAreNotToldCarryNoValue) {
  EXPECT_EQ(MakeFigure("A", 7).value(), 7);
  EXPECT_FALSE(MakeFigure("A", 0).suppressed());
  EXPECT_TRUE(MakeFigure("A", kUntold).suppressed());
  EXPECT_EQ(MakeFigure("A", kUntold).value(), 0);
}

}  // namespace
}  // namespace mestring
