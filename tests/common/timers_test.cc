// What must happen later happens once, in order, whatever else fails.
#include "common/store/timers.h"

#include "common/base/mutex.h"
#include "mestring/test/v1/test.pb.h"
#include "tests/conformance/fixture.h"

namespace mestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TimersTest : public EachEngine {
 protected:
  void SetUp() override {
    EachEngine::SetUp();
    timers_ = std::make_unique<Timers>(*db_);
    timers_->On("note", [this](Tx& tx, std::string_view subject, absl::Time due) -> absl::Status {
      fired_.push_back(absl::StrCat(subject, "@", absl::ToInt64Hours(due - FakeClock::Start())));
      return InsertThing(tx, absl::StrCat(fired_.size(), subject));
    });
  }

  void Schedule(std::string_view kind, std::string_view subject, int hours) {
    const absl::Status status =
        db_->Write([&](Tx& tx) { return tx.Schedule(kind, subject, FakeClock::Start() + absl::Hours(hours)); });
    ASSERT_TRUE(status.ok()) << status;
  }

  int FireDue() {
    const auto fired = timers_->FireDue();
    EXPECT_TRUE(fired.ok()) << fired.status();
    return fired.value_or(-1);
  }

  std::vector<std::string> fired_;
  std::unique_ptr<Timers> timers_;
};
INSTANTIATE_TEST_SUITE_P(Engines, TimersTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(TimersTest, NothingFiresBeforeItIsDueAndNothingTwice) {
  Schedule("note", "a", 2);
  EXPECT_EQ(FireDue(), 0);
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(FireDue(), 1);
  EXPECT_EQ(FireDue(), 0);
  EXPECT_THAT(fired_, ElementsAre("a@2"));
}

TEST_P(TimersTest, ThreeDaysAtOnceFireInTheirOrder) {
  Schedule("note", "c", 60);
  Schedule("note", "a", 1);
  Schedule("note", "b", 30);
  Schedule("note", "never", 100);
  clock_.Advance(absl::Hours(72));
  EXPECT_EQ(FireDue(), 3);
  EXPECT_THAT(fired_, ElementsAre("a@1", "b@30", "c@60"));
}

TEST_P(TimersTest, WhoIsToStopDoesNotFireAllThatIsDue) {
  for (int hour = 1; hour <= 5; ++hour) Schedule("note", std::string(1, static_cast<char>('a' + hour)), hour);
  clock_.Advance(absl::Hours(5));
  EXPECT_EQ(*timers_->FireDue([this] { return fired_.size() < 2; }), 2);
  EXPECT_EQ(FireDue(), 3);
}

TEST_P(TimersTest, WhatAHandlerSchedulesInThePastTakesItsPlace) {
  timers_->On("chain", [&](Tx& tx, std::string_view subject, absl::Time due) -> absl::Status {
    fired_.push_back(absl::StrCat("chain ", subject));
    return tx.Schedule("note", subject, due + absl::Hours(1));
  });
  Schedule("chain", "a", 1);
  Schedule("note", "b", 3);
  clock_.Advance(absl::Hours(10));
  EXPECT_EQ(FireDue(), 3);
  EXPECT_THAT(fired_, ElementsAre("chain a", "a@2", "b@3"));
}

TEST_P(TimersTest, SchedulingAgainMovesATimerAndCancellingRemovesIt) {
  Schedule("note", "a", 1);
  Schedule("note", "a", 5);
  Schedule("note", "b", 1);
  ASSERT_TRUE(db_->Write([](Tx& tx) { return tx.CancelTimer("note", "b"); }).ok());
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(FireDue(), 0);
  clock_.Advance(absl::Hours(4));
  EXPECT_EQ(FireDue(), 1);
  EXPECT_THAT(fired_, ElementsAre("a@5"));
}

// S10
TEST_P(TimersTest, AHandlerThatMovesAResourceInSilenceFailsAndBlocksNobody) {
  timers_->On("silent", [](Tx& tx, std::string_view, absl::Time) -> absl::Status {
    TRY(InsertThing(tx, "silent"));
    test::v1::Note note;
    note.set_id("one");
    note.set_version(2);
    tx.moves().Saved(note, /*is_new=*/false);
    return PublishChange(tx, 1);
  });
  Schedule("silent", "a", 1);
  Schedule("note", "b", 2);
  clock_.Advance(absl::Hours(3));
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  EXPECT_EQ(FireDue(), 1);
  const std::string lines = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, testing::ContainsRegex("timer.failed.*test.v1.Note one version 2 and no event names it"));
  EXPECT_THAT(Things(), ElementsAre("1b"));
  EXPECT_THAT(Log(), IsEmpty());
}

TEST_P(TimersTest, AHandlerThatFailsLeavesNoTraceWaitsLongerEachTimeAndBlocksNobody) {
  int tries = 0;
  timers_->On("broken", [&](Tx& tx, std::string_view, absl::Time) -> absl::Status {
    ++tries;
    TRY(InsertThing(tx, "half"));
    TRY(PublishChange(tx, 1));
    return tries < 4 ? Refused("TEST", "not yet") : absl::OkStatus();
  });
  Schedule("broken", "a", 1);
  Schedule("note", "b", 2);
  clock_.Advance(absl::Hours(3));
  EXPECT_EQ(FireDue(), 1);
  EXPECT_THAT(fired_, ElementsAre("b@2"));
  EXPECT_THAT(Things(), ElementsAre("1b"));
  EXPECT_THAT(Log(), IsEmpty());
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(FireDue(), 0);
  EXPECT_EQ(tries, 1);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(FireDue(), 0);
  EXPECT_EQ(tries, 2);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(FireDue(), 0);
  EXPECT_EQ(tries, 2);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(FireDue(), 0);
  EXPECT_EQ(tries, 3);
  clock_.Advance(absl::Minutes(10));
  EXPECT_EQ(FireDue(), 1);
  EXPECT_EQ(tries, 4);
  EXPECT_THAT(Things(), ElementsAre("1b", "half"));
}

TEST_P(TimersTest, AKindThatNobodyHandlesIsKept) {
  Schedule("unknown", "a", 1);
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(FireDue(), 0);
  const auto counts = timers_->Count();
  ASSERT_TRUE(counts.ok());
  EXPECT_EQ(counts->pending, 1);
  EXPECT_EQ(counts->overdue, 1);
}

TEST_P(TimersTest, SeveralWhoFireAtOnceFireEachTimerOnce) {
  constexpr int kTimers = 60, kThreads = 4;
  struct {
    Mutex mutex;
    std::vector<std::string> subjects ABSL_GUARDED_BY(mutex);
  } handled;
  timers_->On("note", [&](Tx& tx, std::string_view subject, absl::Time) -> absl::Status {
    TRY(InsertThing(tx, subject));
    MutexLock lock(handled.mutex);
    handled.subjects.emplace_back(subject);
    return absl::OkStatus();
  });
  for (int i = 0; i < kTimers; ++i) Schedule("note", absl::StrCat(1000 + i), i);
  clock_.Advance(absl::Hours(kTimers));
  std::vector<std::thread> threads;
  std::atomic<int> fired{0};
  for (int t = 0; t < kThreads; ++t) threads.emplace_back([&] { fired += FireDue(); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fired, kTimers);
  EXPECT_EQ(Things().size(), static_cast<size_t>(kTimers));
  MutexLock lock(handled.mutex);
  EXPECT_TRUE(std::is_sorted(handled.subjects.begin(), handled.subjects.end()));
}

TEST_P(TimersTest, TheThreadFiresOnlyWhileItLeads) {
  std::atomic<bool> leading{false};
  std::atomic<int> asked{0}, fired{0};
  timers_->On("count", [&](Tx&, std::string_view, absl::Time) {
    ++fired;
    return absl::OkStatus();
  });
  Schedule("count", "a", 0);
  timers_->Start([&] {
    ++asked;
    return leading.load();
  });
  EXPECT_TRUE(WaitUntil([&] { return asked >= 2; }));
  EXPECT_EQ(fired, 0);
  leading = true;
  EXPECT_TRUE(WaitUntil([&] { return fired == 1; }));
  timers_->Stop();
}

}  // namespace
}  // namespace mestring
