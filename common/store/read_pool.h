// Reads of one database: in parallel to writes, on consistent snapshots, with a bounded number of connections. For
// Database.
#pragma once

#include <atomic>
#include <deque>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/base/job_queue.h"
#include "common/base/mutex.h"
#include "common/store/connection.h"
#include "common/store/reader.h"
#include "common/store/tx.h"
#include "common/store/tx_job.h"

namespace mestring {

// Reads that nobody waits for: a queue, and a thread for each reader.
class ReadPool {
 public:
  // More waiting reads are refused with Overloaded (as WriteQueue::kLengthMax).
  static constexpr int kLengthMax = 1024;

  // Target, settings and flag outlive the pool (as in Reader).
  ReadPool(const Target& target, const TxSettings& settings, int readers, std::atomic<bool>& healthy);

  // See Database::PostRead.
  absl::Status Post(TxJob& job) { return queue_.Post(job); }
  void EndExpired() { queue_.EndExpired(); }
  int length() const { return queue_.length(); }

 private:
  static void Run(Reader& reader, absl::Span<Job* const> share);

  std::deque<Reader> readers_;  // one for each thread
  JobQueue queue_;              // the last: its threads use the readers
};

// Reads on the thread of a caller that waits: readers that are lent to one caller after the other.
class ReadersToLend {
 public:
  ReadersToLend(const Target& target, const TxSettings& settings, int readers, std::atomic<bool>& healthy);

  // See Database::Read. Thread-safe.
  absl::Status Read(absl::FunctionRef<absl::Status(Tx&)> fn);

 private:
  Reader* Borrow();  // null if none became free in time
  void Return(Reader* reader);

  std::deque<Reader> readers_;
  Mutex mutex_;
  CondVar returned_;
  std::vector<Reader*> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mestring
