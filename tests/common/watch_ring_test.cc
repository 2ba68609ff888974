// The ring alone: where a reader stands, and what it is told when that is no longer a place.
#include "common/rpc/watch_ring.h"

#include <functional>
#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace mestring {
namespace {

using Found = WatchRing::Found;

constexpr int kSize = 4;
constexpr int64_t kEpoch = 7;

// Reads as a watcher does.
class Reader {
 public:
  Reader(const WatchRing& ring, int64_t after) : ring_(ring), cursor_{kEpoch, after} {}

  // The position that was found, or how it ended.
  std::string Next(const std::function<bool(const WatchEntry&)>& wanted = [](const WatchEntry&) { return true; }) {
    WatchEntryPtr entry;
    switch (ring_.Look(place_, cursor_, wanted, &entry)) {
      case Found::kEntry:
        return std::to_string(entry->cursor.position);
      case Found::kEnd:
        return "end";
      case Found::kMore:
        return "more";
      case Found::kBehind:
        return "behind";
      case Found::kOverrun:
        return "overrun";
    }
    return "";
  }
  bool AtEnd() const { return ring_.AtEnd(place_); }
  int64_t position() const { return cursor_.position; }

 private:
  const WatchRing& ring_;
  WatchRing::Place place_;
  Cursor cursor_;
};

class WatchRingTest : public testing::Test {
 protected:
  WatchRingTest() { ring_.Restart({kEpoch, 10}); }

  void Add(int64_t from, int64_t to) {
    for (int64_t position = from; position <= to; ++position) {
      auto entry = std::make_shared<WatchEntry>();
      entry->cursor = {kEpoch, position};
      ring_.Add(entry);
    }
  }

  WatchRing ring_{kSize};
};

TEST_F(WatchRingTest, AReaderIsPlacedByItsCursorAndReadsInOrder) {
  Add(11, 13);
  Reader all(ring_, 10), some(ring_, 12);
  EXPECT_EQ(all.Next(), "11");
  EXPECT_EQ(some.Next(), "13");
  EXPECT_EQ(all.Next(), "12");
  EXPECT_EQ(all.Next(), "13");
  EXPECT_EQ(all.Next(), "end");
  EXPECT_TRUE(all.AtEnd());
}

TEST_F(WatchRingTest, WhatIsAddedIsFoundFromTheSamePlace) {
  Reader reader(ring_, 10);
  EXPECT_EQ(reader.Next(), "end");
  EXPECT_TRUE(reader.AtEnd());
  Add(11, 11);
  EXPECT_FALSE(reader.AtEnd());
  EXPECT_EQ(reader.Next(), "11");
}

TEST_F(WatchRingTest, WhatIsNotWantedIsPassedAndCountsAsLookedAt) {
  Add(11, 13);
  Reader reader(ring_, 10);
  EXPECT_EQ(reader.Next([](const WatchEntry& entry) { return entry.cursor.position == 13; }), "13");
  EXPECT_EQ(reader.position(), 13);
  EXPECT_EQ(reader.Next(), "end");
}

TEST_F(WatchRingTest, BeforeTheRingOnlyTheLogKnows) {
  Add(11, 12);
  Reader before(ring_, 9);
  EXPECT_EQ(before.Next(), "behind");
  // The oldest that it had makes room.
  Add(13, 15);
  Reader first(ring_, 10), second(ring_, 11);
  EXPECT_EQ(first.Next(), "behind");
  EXPECT_EQ(second.Next(), "12");
}

TEST_F(WatchRingTest, WhoIsTooSlowIsOverrun) {
  Add(11, 11);
  Reader reader(ring_, 10);
  EXPECT_EQ(reader.Next(), "11");
  Add(12, 15);
  EXPECT_EQ(reader.Next(), "12");
  Add(16, 17);
  EXPECT_EQ(reader.Next(), "overrun");
}

TEST_F(WatchRingTest, AfterARestartAReaderIsPlacedAnew) {
  Add(11, 13);
  Reader slow(ring_, 10), quick(ring_, 10);
  EXPECT_EQ(slow.Next(), "11");
  for (int i = 0; i < 3; ++i) quick.Next();
  EXPECT_TRUE(quick.AtEnd());
  ring_.Restart({kEpoch, 13});
  EXPECT_FALSE(quick.AtEnd());
  EXPECT_EQ(slow.Next(), "behind");
  EXPECT_EQ(quick.Next(), "end");
  Add(14, 14);
  EXPECT_EQ(quick.Next(), "14");
}

// A reader that has read pages of the log may be further than the ring.
TEST_F(WatchRingTest, NothingIsFoundTwice) {
  Reader ahead(ring_, 12);
  EXPECT_EQ(ahead.Next(), "end");
  Add(11, 13);
  EXPECT_EQ(ahead.Next(), "13");
}

TEST_F(WatchRingTest, ALookEndsBeforeItTakesLong) {
  WatchRing large(10'000);
  large.Restart({kEpoch, 0});
  for (int64_t position = 1; position <= 1000; ++position) {
    auto entry = std::make_shared<WatchEntry>();
    entry->cursor = {kEpoch, position};
    large.Add(entry);
  }
  Reader reader(large, 0);
  const auto none = [](const WatchEntry&) { return false; };
  EXPECT_EQ(reader.Next(none), "more");
  const int64_t looked = reader.position();
  EXPECT_GT(looked, 0);
  EXPECT_LT(looked, 1000);
  EXPECT_EQ(reader.Next(), std::to_string(looked + 1));
}

}  // namespace
}  // namespace mestring
