#include "common/store/read_pool.h"

// Reads that waited in the queue share one snapshot, which begins after all of them were posted, so each sees what was
// committed before. On PostgreSQL a read then costs little more than its own statements; a transaction for each would
// cost two round trips more.

#include "absl/time/clock.h"
#include "common/base/errors.h"

namespace mestring {
namespace {

// Reads in one snapshot: enough to share the round trips of its begin and end, and few enough that a slow one keeps few
// others waiting.
constexpr size_t kShareMax = 8;
// Reads that are done are answered together, but not later than after this time.
constexpr absl::Duration kAnswerAfter = absl::Milliseconds(1);
// How long a caller of Read waits for a reader: half of the time that a service allows for a call.
constexpr absl::Duration kWaitMax = absl::Seconds(15);
constexpr absl::Duration kRetryWhenFull = absl::Milliseconds(200);

absl::Status Full(std::string_view sentence) { return Overloaded("READ_QUEUE_FULL", sentence, kRetryWhenFull); }

}  // namespace

ReadPool::ReadPool(const Target& target, const TxSettings& settings, int readers, std::atomic<bool>& healthy)
    : queue_({.threads = static_cast<size_t>(readers),
              .length_max = kLengthMax,
              .share_max = kShareMax,
              .full = [] { return Full("too many reads wait; try again"); }},
             [this](size_t thread, absl::Span<Job* const> share) { Run(readers_[thread], share); }) {
  for (int i = 0; i < readers; ++i) readers_.emplace_back(target, settings, healthy);
}

void ReadPool::Run(Reader& reader, absl::Span<Job* const> share) {
  std::vector<TxJob*> jobs;
  for (Job* job : share) jobs.push_back(static_cast<TxJob*>(job));
  std::vector<JobQueue::Ending> endings;
  absl::Time answer_by = absl::Now() + kAnswerAfter;
  reader.RunAll(jobs, [&](TxJob& job) {
    endings.push_back({&job, std::move(job.result)});
    const absl::Time now = absl::Now();
    if (now < answer_by) return;
    JobQueue::End(absl::MakeSpan(endings));
    endings.clear();
    answer_by = now + kAnswerAfter;
  });
  reader.EndSnapshot();
  JobQueue::End(absl::MakeSpan(endings));
}

ReadersToLend::ReadersToLend(const Target& target, const TxSettings& settings, int readers,
                             std::atomic<bool>& healthy) {
  for (int i = 0; i < readers; ++i) idle_.push_back(&readers_.emplace_back(target, settings, healthy));
}

absl::Status ReadersToLend::Read(absl::FunctionRef<absl::Status(Tx&)> fn) {
  if (Reader::ThisThreadReads()) return absl::InternalError("Read was called from inside a Read");
  Reader* const reader = Borrow();
  if (reader == nullptr) return Full("no database connection became free in time; try again");
  const absl::Status status = reader->Run(fn);
  reader->EndSnapshot();
  Return(reader);
  return status;
}

Reader* ReadersToLend::Borrow() {
  const Deadline end = DeadlineAfter(kWaitMax);
  MutexLock lock(mutex_);
  while (idle_.empty() && returned_.WaitUntil(mutex_, end)) {
  }
  if (idle_.empty()) return nullptr;
  Reader* const reader = idle_.back();
  idle_.pop_back();
  return reader;
}

void ReadersToLend::Return(Reader* reader) {
  MutexLock lock(mutex_);
  idle_.push_back(reader);
  returned_.NotifyOne();
}

}  // namespace mestring
