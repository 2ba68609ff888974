// The log as a reader meets it: the successor rule, what is pruned, and histories that parted.
#include "google/protobuf/wrappers.pb.h"
#include "tests/conformance/fixture.h"

namespace mestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class OutboxTest : public EachEngine {
 protected:
  void Publish(int count) {
    for (int i = 0; i < count; ++i) {
      const absl::Status status = db_->Write([](Tx& tx) { return PublishChange(tx, 1); });
      ASSERT_TRUE(status.ok()) << status;
    }
  }

  // A term whose number the test chooses: the clock stands at the epoch before it.
  void StartEpoch(int64_t epoch) {
    const auto started = db_->StartEpoch(epoch - 1, "start");
    ASSERT_TRUE(started.ok()) << started.status();
    ASSERT_EQ(started->epoch, epoch);
  }

  absl::Status Read(Cursor after, std::vector<std::string>* cursors = nullptr, int limit = 100) {
    return db_->Read([&](Tx& tx) -> absl::Status {
      ASSIGN(const auto entries, ReadLog(tx, after, limit));
      if (cursors != nullptr) cursors->clear();
      for (const auto& entry : entries) {
        if (cursors != nullptr) cursors->push_back(entry.cursor());
      }
      return absl::OkStatus();
    });
  }
  std::vector<std::string> After(Cursor after, int limit = 100) {
    std::vector<std::string> cursors;
    const absl::Status status = Read(after, &cursors, limit);
    EXPECT_TRUE(status.ok()) << after.ToString() << ": " << status;
    return cursors;
  }
  // "CURSOR_PRUNED", or "CURSOR_FORKED <the last common cursor>", or "".
  std::string Refusal(Cursor after) {
    const absl::Status status = Read(after);
    EXPECT_TRUE(status.ok() || absl::IsOutOfRange(status)) << status;
    const auto metadata = MetadataOf(status);
    return ReasonOf(status) + (metadata.contains("common") ? " " + metadata.at("common") : "");
  }

  absl::StatusOr<int64_t> Prune(absl::Time before, int limit) {
    int64_t removed = 0;
    TRY(db_->Write([&](Tx& tx) -> absl::Status {
      ASSIGN(removed, PruneLog(tx, before, limit));
      return absl::OkStatus();
    }));
    return removed;
  }

  // High enough to be above the fake clock's seconds.
  static constexpr int64_t kFirst = 2'000'000'000, kSecond = 2'000'000'010, kThird = 2'000'000'020;
};
INSTANTIATE_TEST_SUITE_P(Engines, OutboxTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(OutboxTest, AnEmptyLogIsReadToItsEnd) {
  EXPECT_THAT(After({}), IsEmpty());
  EXPECT_EQ(Refusal({0, 1}), "CURSOR_FORKED 0-0");
  EXPECT_EQ(Refusal({7, 0}), "CURSOR_FORKED 0-0");
}

TEST_P(OutboxTest, EntriesComeInOrderWithEachEpochsStartBeforeItsEvents) {
  Publish(1);
  StartEpoch(kFirst);
  StartEpoch(kSecond);
  Publish(2);
  EXPECT_THAT(After({}), ElementsAre("0-1", "2000000000-1", "2000000010-1", "2000000010-2", "2000000010-3"));
  EXPECT_THAT(After({0, 1}, 1), ElementsAre("2000000000-1"));
  EXPECT_THAT(After({kFirst, 1}), ElementsAre("2000000010-1", "2000000010-2", "2000000010-3"));
  EXPECT_THAT(After({kSecond, 1}), ElementsAre("2000000010-2", "2000000010-3"));
  EXPECT_THAT(After({kSecond, 3}), IsEmpty());
}

TEST_P(OutboxTest, ACursorBeyondTheEndIsForkedAtTheEnd) {
  StartEpoch(kFirst);
  Publish(2);
  EXPECT_EQ(Refusal({kFirst, 3}), "CURSOR_FORKED 2000000000-2");
}

TEST_P(OutboxTest, ACursorBeyondWhereItsEpochEndedIsForkedThere) {
  StartEpoch(kFirst);
  Publish(2);
  StartEpoch(kSecond);
  Publish(5);
  // Another history went on to 4 in the first epoch; this one ended it at 2.
  EXPECT_EQ(Refusal({kFirst, 4}), "CURSOR_FORKED 2000000000-2");
  EXPECT_EQ(Refusal({kFirst, 2}), "");
}

TEST_P(OutboxTest, AnUnknownEpochIsForkedWhereTheLastCommonOneEnded) {
  StartEpoch(kFirst);
  Publish(3);
  StartEpoch(kThird);
  Publish(1);
  // Its owner had begun the second epoch in the history that was lost.
  EXPECT_EQ(Refusal({kSecond, 9}), "CURSOR_FORKED 2000000000-3");
  // It cannot have more in common than it has.
  EXPECT_EQ(Refusal({kSecond, 2}), "CURSOR_FORKED 2000000000-2");
  EXPECT_EQ(Refusal({kThird + 1, 4}), "CURSOR_FORKED 2000000020-4");
}

TEST_P(OutboxTest, ACursorBeforeItsEpochBeganIsForked) {
  Publish(3);
  StartEpoch(kFirst);
  EXPECT_EQ(Refusal({kFirst, 2}), "CURSOR_FORKED 2000000000-3");
}

TEST_P(OutboxTest, WhatWasPrunedIsSaidAndTheRestIsRead) {
  StartEpoch(kFirst);
  Publish(3);
  clock_.Advance(absl::Hours(48));
  Publish(2);
  EXPECT_EQ(*Prune(clock_.Now() - absl::Hours(24), 2), 2);
  EXPECT_EQ(*Prune(clock_.Now() - absl::Hours(24), 100), 2);
  EXPECT_EQ(*Prune(clock_.Now() - absl::Hours(24), 100), 0);
  EXPECT_THAT(After({}), ElementsAre("2000000000-4", "2000000000-5"));
  EXPECT_THAT(After({kFirst, 3}), ElementsAre("2000000000-4", "2000000000-5"));
  EXPECT_EQ(Refusal({kFirst, 2}), "CURSOR_PRUNED");
  EXPECT_EQ(Refusal({kFirst, 0}), "CURSOR_PRUNED");
  // Forked is said of what was pruned, too: the epochs are kept for ever.
  EXPECT_EQ(Refusal({kFirst - 1, 2}), "CURSOR_FORKED 0-0");
}

TEST_P(OutboxTest, AnEpochThatIsPrunedIsPassedOverWhenTheNextBeganAtTheSamePosition) {
  Publish(1);
  StartEpoch(kFirst);
  clock_.Advance(absl::Hours(48));
  StartEpoch(kSecond);
  Publish(1);
  EXPECT_EQ(*Prune(clock_.Now() - absl::Hours(24), 100), 2);
  EXPECT_THAT(After({0, 1}), ElementsAre("2000000010-1", "2000000010-2"));
  EXPECT_EQ(Refusal({0, 0}), "");
}

TEST_P(OutboxTest, TheNewestEntryIsNeverPruned) {
  Publish(3);
  clock_.Advance(absl::Hours(48));
  EXPECT_EQ(*Prune(clock_.Now(), 100), 2);
  EXPECT_THAT(After({}), ElementsAre("0-3"));
  EXPECT_THAT(After({0, 3}), IsEmpty());
  EXPECT_EQ(Refusal({0, 1}), "CURSOR_PRUNED");
}

TEST_P(OutboxTest, PruningLeavesNoHoleWhenTheClockOnceWentBack) {
  Publish(1);
  clock_.Advance(absl::Hours(48));
  Publish(1);
  clock_.Advance(-absl::Hours(48));
  Publish(2);
  EXPECT_EQ(*Prune(clock_.Now() + absl::Hours(1), 100), 1);
  EXPECT_THAT(After({}), ElementsAre("0-2", "0-3", "0-4"));
}

TEST_P(OutboxTest, TheWindowBeginsAtTheFirstEntrySinceATime) {
  const absl::Status status = db_->Read([&](Tx& tx) -> absl::Status {
    ASSIGN(const Cursor since, FirstEntrySince(tx, clock_.Now()));
    EXPECT_EQ(since, Cursor{});
    ASSIGN(const Cursor oldest, OldestEntry(tx));
    EXPECT_EQ(oldest, Cursor{});
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok());
  Publish(2);
  clock_.Advance(absl::Hours(1));
  const absl::Time later = clock_.Now();
  Publish(2);
  EXPECT_TRUE(db_->Read([&](Tx& tx) -> absl::Status {
                   ASSIGN(Cursor since, FirstEntrySince(tx, later));
                   EXPECT_EQ(since, (Cursor{0, 3}));
                   ASSIGN(since, FirstEntrySince(tx, later - absl::Minutes(1)));
                   EXPECT_EQ(since, (Cursor{0, 3}));
                   ASSIGN(since, FirstEntrySince(tx, later + absl::Minutes(1)));
                   EXPECT_EQ(since, (Cursor{0, 4}));
                   ASSIGN(const Cursor oldest, OldestEntry(tx));
                   EXPECT_EQ(oldest, (Cursor{0, 1}));
                   return absl::OkStatus();
                 })
                  .ok());
}

// S7: what tells its day only lies, by its time, before what came before it on that day.
TEST_P(OutboxTest, AnEntryThatForgotItsMomentTellsTheDayAndShortensNoWindow) {
  StartEpoch(kFirst);
  Publish(1);  // yesterday
  const absl::Time day = StartOfDay(db_->zone(), DateIn(db_->zone(), clock_.Now()) + 1);
  clock_.Set(day + absl::Hours(9));
  Publish(2);
  clock_.Advance(absl::Hours(2));
  ASSERT_TRUE(db_->Write([&](Tx& tx) {
                   tx.ForgetTheMoment();
                   EXPECT_EQ(tx.now(), day);
                   return PublishChange(tx, 1);
                 })
                  .ok());
  Publish(1);
  const auto log = Log();
  ASSERT_THAT(log, SizeIs(6));
  EXPECT_EQ(FromProto(log[4].time()), day);
  EXPECT_EQ(log[4].id()[14], '4') << "random";
  EXPECT_EQ(FromProto(log[5].time()), day + absl::Hours(11));
  EXPECT_EQ(log[5].id()[14], '7');
  const auto since = [&](absl::Time time) {
    Cursor first;
    EXPECT_TRUE(db_->Read([&](Tx& tx) -> absl::Status {
                     ASSIGN(first, FirstEntrySince(tx, time));
                     return absl::OkStatus();
                   })
                    .ok());
    return first;
  };
  EXPECT_EQ(since(day), (Cursor{kFirst, 2})) << "and not the one that forgot, with what came before it lost";
  EXPECT_EQ(since(day + absl::Minutes(1)), (Cursor{kFirst, 2}));
  EXPECT_EQ(since(day + absl::Hours(10)), (Cursor{kFirst, 5}));
  EXPECT_EQ(since(day - absl::Hours(1)), (Cursor{kFirst, 2}));
  const auto waits_since = [&](int64_t position) {
    std::optional<absl::Time> oldest;
    EXPECT_TRUE(db_->Read([&](Tx& tx) -> absl::Status {
                     ASSIGN(oldest, OldestTimeAfter(tx, {kFirst, position}));
                     return absl::OkStatus();
                   })
                    .ok());
    return oldest;
  };
  EXPECT_EQ(waits_since(1), day + absl::Hours(9));
  EXPECT_EQ(waits_since(3), day + absl::Hours(11)) << "not since the beginning of the day";
  EXPECT_EQ(waits_since(5), std::nullopt);
}

TEST_P(OutboxTest, AnErasedEntryKeepsItsIdAndPositionAndNothingElse) {
  StartEpoch(kFirst);
  Publish(3);
  const auto before = Log();
  for (int twice = 0; twice < 2; ++twice) {
    const absl::Status status = db_->Write([](Tx& tx) { return EraseEntry(tx, {kFirst, 2}); });
    ASSERT_TRUE(status.ok()) << status;
  }
  const auto after = Log();
  ASSERT_THAT(after, SizeIs(5));
  EXPECT_EQ(after[2].cursor(), before[2].cursor());
  EXPECT_EQ(after[2].id(), before[2].id());
  EXPECT_EQ(after[2].type(), events::v1::Erased::descriptor()->full_name());
  EXPECT_EQ(after[2].data(), "");
  EXPECT_EQ(after[2].subject(), "");
  EXPECT_EQ(after[3].SerializeAsString(), before[3].SerializeAsString());
  // Told once.
  events::v1::EventErased told;
  ASSERT_TRUE(told.ParseFromString(after[4].data()));
  EXPECT_EQ(after[4].type(), told.GetDescriptor()->full_name());
  EXPECT_EQ(told.cursor(), before[2].cursor());
  EXPECT_EQ(told.event_id(), before[2].id());
  EXPECT_TRUE(absl::IsNotFound(db_->Write([](Tx& tx) { return EraseEntry(tx, {kFirst, 9}); })));
  // An EpochStarted entry says nothing of anybody.
  EXPECT_TRUE(absl::IsNotFound(db_->Write([](Tx& tx) { return EraseEntry(tx, {kFirst, 0}); })));
}

TEST_P(OutboxTest, AnEventThatReadersWouldTakeForAStrangersIsNotWritten) {
  StartEpoch(kFirst);
  for (const char* subject : {"a\n", "\xff", "sm\xc3\xa5hus"}) {
    const absl::Status status =
        db_->Write([&](Tx& tx) { return tx.Publish(google::protobuf::Int64Value(), subject, 1); });
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << subject;
  }
  EXPECT_THAT(After({kFirst, 0}), IsEmpty());
}

}  // namespace
}  // namespace mestring
