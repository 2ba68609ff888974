#include "common/store/strand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace mestring {
namespace {

using testing::ElementsAre;

TEST(StrandTest, WorkStopsAndGoesOn) {
  Strand strand;
  std::vector<std::string> seen;
  const auto work = [&] {
    seen.push_back("begun");
    strand.Suspend();
    seen.push_back("resumed");
    strand.Suspend();
    seen.push_back("ends");
  };
  EXPECT_FALSE(strand.Start(work));
  seen.push_back("outside");
  EXPECT_FALSE(strand.Resume());
  EXPECT_TRUE(strand.Resume());
  EXPECT_THAT(seen, ElementsAre("begun", "outside", "resumed", "ends"));
}

TEST(StrandTest, AStrandIsUsedAgain) {
  Strand strand;
  int runs = 0;
  const auto at_once = [&] { ++runs; };
  const auto later = [&] {
    strand.Suspend();
    ++runs;
  };
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(strand.Start(at_once));
    EXPECT_FALSE(strand.Start(later));
    EXPECT_TRUE(strand.Resume());
  }
  EXPECT_EQ(runs, 200);
}

TEST(StrandTest, OneThatWasNeverUsedGoesAway) { Strand strand; }

// Each has its own locals, though they take turns.
TEST(StrandTest, ManyTakeTurns) {
  constexpr int kStrands = 8, kRounds = 50;
  std::deque<Strand> strands(kStrands);
  std::deque<std::function<void()>> works;
  std::vector<int> sums(kStrands);
  for (int i = 0; i < kStrands; ++i) {
    works.push_back([&, i] {
      int sum = 0;
      for (int round = 0; round < kRounds; ++round) {
        sum += i;
        strands[i].Suspend();
      }
      sums[i] = sum;
    });
    EXPECT_FALSE(strands[i].Start(works.back()));
  }
  for (int round = 0; round < kRounds; ++round) {
    for (Strand& strand : strands) EXPECT_EQ(strand.Resume(), round == kRounds - 1);
  }
  for (int i = 0; i < kStrands; ++i) EXPECT_EQ(sums[i], i * kRounds);
}

// Not more: the C++ runtime keeps the open handlers of a thread in one list, so a handler must not suspend.
TEST(StrandTest, AnExceptionIsCaughtWithinATurn) {
  Strand first, second;
  std::string caught;
  const auto throws_later = [&] {
    first.Suspend();
    try {
      throw std::runtime_error("first");
    } catch (const std::exception& error) {
      caught += error.what();
    }
  };
  const auto throws = [&] {
    try {
      throw std::out_of_range("second, ");
    } catch (const std::exception& error) {
      caught += error.what();
    }
  };
  EXPECT_FALSE(first.Start(throws_later));
  EXPECT_TRUE(second.Start(throws));
  EXPECT_TRUE(first.Resume());
  EXPECT_EQ(caught, "second, first");
}

[[gnu::noinline]] int Deep(int levels) {
  volatile char frame[1000] = {};
  frame[0] = static_cast<char>(levels);
  return levels == 0 ? 0 : Deep(levels - 1) + (frame[0] == static_cast<char>(levels) ? 1 : 0);
}

TEST(StrandTest, MuchOfTheStackCanBeUsed) {
  Strand strand;
  int depth = 0;
  const auto work = [&] { depth = Deep(150); };
  EXPECT_TRUE(strand.Start(work));
  EXPECT_EQ(depth, 150);
}

}  // namespace
}  // namespace mestring
