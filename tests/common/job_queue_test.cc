#include "common/base/job_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>

#include "absl/time/clock.h"
#include "common/base/errors.h"

namespace mestring {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Le;

// Tells what became of it.
struct TestJob final : Job {
  bool Done(absl::Status status) override {
    result = std::move(status);
    return next == nullptr || !next->Post(*this).ok();
  }
  void Answer() override { answered.count_down(); }

  JobQueue* next = nullptr;  // where it goes on
  absl::Status result = absl::UnknownError("not done");
  std::latch answered{1};
};

void EndAll(absl::Span<Job* const> share) {
  std::vector<JobQueue::Ending> endings;
  for (Job* job : share) endings.push_back({job, absl::OkStatus()});
  JobQueue::End(absl::MakeSpan(endings));
}

absl::Status Full() { return Overloaded("FULL", "full", absl::Seconds(1)); }

// A queue whose first thread is busy with a job until it is released.
class BusyQueue {
 public:
  explicit BusyQueue(JobQueue::Options options)
      : queue_(options, [this](size_t, absl::Span<Job* const> share) {
          if (share.front() == &blocker_) {
            begun_.count_down();
            release_.wait();
          } else {
            MutexLock lock(mutex_);
            shares_.push_back(share.size());
          }
          EndAll(share);
        }) {
    EXPECT_TRUE(queue_.Post(blocker_).ok());
    begun_.wait();
  }
  ~BusyQueue() { Release(); }
  void Release() {
    if (!released_.exchange(true)) release_.count_down();
    blocker_.answered.wait();
  }
  JobQueue& queue() { return queue_; }
  std::vector<size_t> shares() {
    MutexLock lock(mutex_);
    return shares_;
  }

 private:
  TestJob blocker_;
  std::latch begun_{1}, release_{1};
  std::atomic<bool> released_{false};
  Mutex mutex_;
  std::vector<size_t> shares_ ABSL_GUARDED_BY(mutex_);
  JobQueue queue_;
};

TEST(JobQueueTest, AJobIsDoneAndAnswered) {
  TestJob job;
  JobQueue queue({.full = Full}, [](size_t, absl::Span<Job* const> share) { EndAll(share); });
  ASSERT_TRUE(queue.Post(job).ok());
  job.answered.wait();
  EXPECT_EQ(job.result, absl::OkStatus());
  EXPECT_EQ(queue.length(), 0);
}

TEST(JobQueueTest, OneTooManyIsRefusedAndNotTouched) {
  std::vector<TestJob> waiting(3);
  TestJob one_too_many;
  BusyQueue busy({.length_max = 3, .full = Full});
  for (TestJob& job : waiting) EXPECT_TRUE(busy.queue().Post(job).ok());
  EXPECT_EQ(busy.queue().length(), 3);
  EXPECT_EQ(ReasonOf(busy.queue().Post(one_too_many)), "FULL");
  busy.Release();
  for (TestJob& job : waiting) job.answered.wait();
  EXPECT_EQ(one_too_many.result, absl::UnknownError("not done"));
  EXPECT_TRUE(busy.queue().Post(one_too_many).ok());
  one_too_many.answered.wait();
}

TEST(JobQueueTest, AThreadTakesNoMoreThanAShare) {
  std::vector<TestJob> waiting(10);
  BusyQueue busy({.share_max = 4, .full = Full});
  for (TestJob& job : waiting) ASSERT_TRUE(busy.queue().Post(job).ok());
  busy.Release();
  for (TestJob& job : waiting) job.answered.wait();
  EXPECT_THAT(busy.shares(), ElementsAre(4, 4, 2));
}

// One thread is held. Of what waits the other takes only half at a time, as if the first were free: it may be soon.
TEST(JobQueueTest, AThreadLeavesToOthersTheirShare) {
  std::vector<TestJob> waiting(8);
  BusyQueue busy({.threads = 2, .share_max = 8, .full = Full});
  for (TestJob& job : waiting) ASSERT_TRUE(busy.queue().Post(job).ok());
  for (TestJob& job : waiting) job.answered.wait();
  EXPECT_THAT(busy.shares(), Each(Le(4u)));
}

TEST(JobQueueTest, AJobThatWaitsTooLongIsEndedThoughEveryThreadIsBusy) {
  TestJob late, patient;
  BusyQueue busy({.full = Full});
  late.deadline = absl::Now() - absl::Seconds(1);
  ASSERT_TRUE(busy.queue().Post(late).ok());
  ASSERT_TRUE(busy.queue().Post(patient).ok());
  busy.queue().EndExpired();
  late.answered.wait();
  EXPECT_EQ(late.result, DeadlinePassed());
  EXPECT_EQ(busy.queue().length(), 1);
  busy.Release();
  patient.answered.wait();
  EXPECT_EQ(patient.result, absl::OkStatus());
}

TEST(JobQueueTest, AJobThatHasWaitedTooLongIsNotBegun) {
  TestJob late;
  BusyQueue busy({.full = Full});
  late.deadline = absl::Now() - absl::Seconds(1);
  ASSERT_TRUE(busy.queue().Post(late).ok());
  busy.Release();
  late.answered.wait();
  EXPECT_EQ(late.result, DeadlinePassed());
  EXPECT_THAT(busy.shares(), IsEmpty());
}

TEST(JobQueueTest, AJobMayGoOnInAnotherQueueWhichAnswersIt) {
  TestJob job;
  JobQueue second({.full = Full}, [](size_t, absl::Span<Job* const> share) {
    static_cast<TestJob*>(share.front())->next = nullptr;
    EndAll(share);
  });
  JobQueue first({.full = Full}, [](size_t, absl::Span<Job* const> share) { EndAll(share); });
  job.next = &second;
  ASSERT_TRUE(first.Post(job).ok());
  job.answered.wait();
  EXPECT_EQ(job.result, absl::OkStatus());
}

TEST(JobQueueTest, TheEndOfAQueueDoesWhatWaits) {
  std::vector<TestJob> waiting(100);
  {
    JobQueue queue({.threads = 2, .share_max = 8, .full = Full},
                   [](size_t, absl::Span<Job* const> share) { EndAll(share); });
    for (TestJob& job : waiting) ASSERT_TRUE(queue.Post(job).ok());
  }
  for (TestJob& job : waiting) job.answered.wait();
}

TEST(JobQueueTest, ManyCallersAndThreadsLoseNothing) {
  constexpr int kCallers = 4, kEach = 5000;
  std::vector<TestJob> jobs(kCallers * kEach);
  std::atomic<int> worked{0};
  JobQueue queue({.threads = 3, .length_max = jobs.size(), .share_max = 8, .full = Full},
                 [&](size_t, absl::Span<Job* const> share) {
                   worked += static_cast<int>(share.size());
                   EndAll(share);
                 });
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0; i < kEach; ++i) EXPECT_TRUE(queue.Post(jobs[caller * kEach + i]).ok());
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (TestJob& job : jobs) job.answered.wait();
  EXPECT_EQ(worked, kCallers * kEach);
}

}  // namespace
}  // namespace mestring
