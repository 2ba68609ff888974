#include "common/base/job_queue.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/log.h"

namespace mestring {
namespace {

// Takes out of `jobs` those that have waited longer than they may.
template <class Jobs>
std::vector<JobQueue::Ending> TakeExpired(Jobs& jobs) {
  const absl::Time now = absl::Now();
  const auto expired = std::stable_partition(jobs.begin(), jobs.end(), [now](Job* job) { return job->deadline > now; });
  std::vector<JobQueue::Ending> endings;
  for (auto job = expired; job != jobs.end(); ++job) endings.push_back({*job, DeadlinePassed()});
  jobs.erase(expired, jobs.end());
  return endings;
}

}  // namespace

JobQueue::JobQueue(Options options, Work work) : options_(std::move(options)), work_(std::move(work)) {
  for (size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this, i] { Run(i); });
  }
}

JobQueue::~JobQueue() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    posted_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
}

absl::Status JobQueue::Post(Job& job) {
  {
    MutexLock lock(mutex_);
    if (line_.size() >= options_.length_max) return options_.full();
    line_.push_back(&job);
    if (idle_ == 0) return absl::OkStatus();
  }
  posted_.NotifyOne();
  return absl::OkStatus();
}

// A share of what waits that leaves the other threads as much; empty when the queue stops.
std::vector<Job*> JobQueue::Take() {
  MutexLock lock(mutex_);
  while (line_.empty() && !stopping_) {
    ++idle_;
    posted_.Wait(mutex_);
    --idle_;
  }
  const size_t share = std::clamp(line_.size() / options_.threads, size_t{1}, options_.share_max);
  const auto end = line_.begin() + static_cast<std::ptrdiff_t>(std::min(share, line_.size()));
  std::vector<Job*> taken(line_.begin(), end);
  line_.erase(line_.begin(), end);
  return taken;
}

void JobQueue::Run(size_t thread) {
  for (std::vector<Job*> share = Take(); !share.empty(); share = Take()) {
    std::vector<Ending> endings = TakeExpired(share);
    End(absl::MakeSpan(endings));
    if (!share.empty()) work_(thread, share);
  }
}

void JobQueue::EndExpired() {
  std::vector<Ending> endings;
  {
    MutexLock lock(mutex_);
    endings = TakeExpired(line_);
  }
  End(absl::MakeSpan(endings));
}

int JobQueue::length() const {
  MutexLock lock(mutex_);
  return static_cast<int>(line_.size());
}

void JobQueue::End(absl::Span<Ending> endings) {
  if (endings.empty()) return;
  LogBatch lines;
  size_t finished = 0;
  for (Ending& ending : endings) {
    Job* const job = ending.job;
    if (job->Done(std::move(ending.status))) endings[finished++].job = job;
  }
  lines.Flush();
  for (const Ending& ending : endings.first(finished)) ending.job->Answer();
}

}  // namespace mestring
