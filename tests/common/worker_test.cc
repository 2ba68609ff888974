// A worker's steps hand numbers to the test and wait for nobody, so a test waits for a step and never for a time. Rests
// that must not be over by themselves last for hours.
#include "common/base/worker.h"

#include <atomic>
#include <latch>

#include "common/base/mutex.h"
#include "gtest/gtest.h"

namespace mestring {
namespace {

constexpr absl::Duration kHours = absl::Hours(5);

// How many steps have begun.
class Steps {
 public:
  int Begin() {
    MutexLock lock(mutex_);
    changed_.NotifyAll();
    return ++count_;
  }
  void WaitFor(int count) {
    MutexLock lock(mutex_);
    while (count_ < count) changed_.Wait(mutex_);
  }
  int count() {
    MutexLock lock(mutex_);
    return count_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Counts, and always ends in the same way.
Worker::Step StepThat(absl::StatusOr<absl::Duration> ends, Steps& steps) {
  return [ends, &steps] {
    steps.Begin();
    return ends;
  };
}

TEST(Worker, StepsAtOnceAndThenAsTheStepSays) {
  Steps steps;
  Worker worker([&]() -> absl::StatusOr<absl::Duration> {
    return steps.Begin() < 100 ? absl::ZeroDuration() : absl::InfiniteDuration();
  });
  worker.Start();
  steps.WaitFor(100);
  worker.Stop();
  EXPECT_EQ(steps.count(), 100);
}

TEST(Worker, WakingEndsARest) {
  for (const absl::Duration rest : {kHours, absl::InfiniteDuration()}) {
    Steps steps;
    Worker worker(StepThat(rest, steps));
    worker.Start();
    for (int step = 1; step <= 100; ++step) {
      steps.WaitFor(step);
      worker.Wake();
    }
    steps.WaitFor(101);
    worker.Stop();
    EXPECT_EQ(steps.count(), 101);
  }
}

// Whoever wakes it while it works may have come too late for the step under way.
TEST(Worker, WakingDuringAStepIsNotLost) {
  Steps steps;
  std::latch woken(1);
  Worker worker([&]() -> absl::StatusOr<absl::Duration> {
    if (steps.Begin() == 1) woken.wait();
    return absl::InfiniteDuration();
  });
  worker.Start();
  steps.WaitFor(1);
  worker.Wake();
  woken.count_down();
  steps.WaitFor(2);
}

TEST(Worker, ManyWakesAreOne) {
  Steps steps;
  std::latch woken(1);
  Worker worker([&]() -> absl::StatusOr<absl::Duration> {
    if (steps.Begin() == 1) woken.wait();
    return steps.count() == 3 ? absl::ZeroDuration() : absl::InfiniteDuration();
  });
  worker.Start();
  steps.WaitFor(1);
  for (int i = 0; i < 1000; ++i) worker.Wake();
  woken.count_down();
  steps.WaitFor(2);
  worker.Stop();
  EXPECT_EQ(steps.count(), 2);
}

TEST(Worker, StopsWhileItRests) {
  for (const absl::Duration rest : {kHours, absl::InfiniteDuration()}) {
    Steps steps;
    Worker worker(StepThat(rest, steps));
    worker.Start();
    steps.WaitFor(1);
    worker.Stop();
    EXPECT_EQ(steps.count(), 1);
    EXPECT_TRUE(worker.EndedWithin(absl::ZeroDuration()));
    worker.Stop();
  }
}

TEST(Worker, StopsWhileItBacksOff) {
  Steps steps;
  Worker worker(StepThat(absl::UnavailableError("no"), steps), {.first = kHours, .most = kHours});
  worker.Start();
  steps.WaitFor(1);
  worker.Stop();
  EXPECT_EQ(steps.count(), 1);
}

TEST(Worker, TheStepUnderWayEndsFirst) {
  Steps steps;
  std::latch go_on(1);
  Worker worker([&]() -> absl::StatusOr<absl::Duration> {
    steps.Begin();
    go_on.wait();
    return absl::ZeroDuration();
  });
  worker.Start();
  steps.WaitFor(1);
  EXPECT_FALSE(worker.stopping());
  worker.BeginStop();
  EXPECT_TRUE(worker.stopping());
  EXPECT_FALSE(worker.EndedWithin(absl::ZeroDuration()));
  go_on.count_down();
  EXPECT_TRUE(worker.EndedWithin(absl::InfiniteDuration()));
  EXPECT_EQ(steps.count(), 1);
}

// A step that fails is taken again, each time after a wait; one that succeeds is followed by the rest it asks for.
TEST(Worker, BacksOffUntilAStepSucceeds) {
  Steps steps;
  Worker worker(
      [&]() -> absl::StatusOr<absl::Duration> {
        if (steps.Begin() < 5) return absl::UnavailableError("not yet");
        return absl::InfiniteDuration();
      },
      {.first = absl::Microseconds(1), .most = absl::Microseconds(4)});
  worker.Start();
  steps.WaitFor(5);
  worker.Wake();
  steps.WaitFor(6);
  worker.Stop();
  EXPECT_EQ(steps.count(), 6);
}

TEST(Worker, ASuccessBeginsTheBackoffAnew) {
  Steps steps;
  Worker worker(
      [&]() -> absl::StatusOr<absl::Duration> {
        if (steps.Begin() % 2 == 0) return absl::ZeroDuration();
        return absl::UnavailableError("every other time");
      },
      {.first = absl::Milliseconds(1), .most = kHours});
  worker.Start();
  // Without the new beginning the wait would have doubled to more than a minute.
  steps.WaitFor(120);
}

TEST(Worker, WakingEndsNoBackoffAndRetryDoes) {
  constexpr int kRounds = 200;
  Steps steps;
  Worker worker(StepThat(absl::UnavailableError("no"), steps), {.first = kHours, .most = kHours});
  worker.Start();
  for (int round = 1; round <= kRounds; ++round) {
    steps.WaitFor(round);
    worker.Wake();
    std::this_thread::yield();
    worker.Retry();
  }
  steps.WaitFor(kRounds + 1);
  worker.Stop();
  // One for each Retry: a Wake that ends a backing off would have added some.
  EXPECT_EQ(steps.count(), kRounds + 1);
}

TEST(Worker, StartsAgainAfterAStop) {
  Steps steps;
  Worker worker(StepThat(absl::InfiniteDuration(), steps));
  worker.Start();
  steps.WaitFor(1);
  worker.Stop();
  worker.Start();
  steps.WaitFor(2);
  EXPECT_FALSE(worker.EndedWithin(absl::ZeroDuration()));
}

TEST(Worker, MayBeWokenWhenItIsGone) {
  std::function<void()> wake;
  {
    Worker worker([]() -> absl::StatusOr<absl::Duration> { return absl::InfiniteDuration(); });
    wake = worker.Waker();
    worker.Start();
  }
  wake();
}

TEST(Worker, NeedNotBeStarted) {
  Worker worker([]() -> absl::StatusOr<absl::Duration> { return absl::ZeroDuration(); });
  EXPECT_TRUE(worker.EndedWithin(absl::ZeroDuration()));
  worker.Stop();
}

}  // namespace
}  // namespace mestring
