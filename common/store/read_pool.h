// Reads of one database: in parallel to writes, on consistent snapshots, each thread with a connection of its own. For
// Database.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/base/ids.h"
#include "common/base/job_queue.h"
#include "common/store/connection.h"
#include "common/store/tx.h"
#include "common/store/tx_job.h"

namespace mestring {

class ReadPool {
 public:
  // More waiting reads are refused with Overloaded (as WriteQueue::kLengthMax).
  static constexpr int kLengthMax = 1024;

  // Connects at the first reads. Records in `healthy` whether the last attempt reached the database. Settings and flag
  // outlive the pool.
  ReadPool(Target target, const TxSettings& settings, int connections, std::atomic<bool>& healthy);

  // See Database::Read.
  absl::Status Read(absl::FunctionRef<absl::Status(Tx&)> fn);
  // See Database::PostRead.
  absl::Status Post(TxJob& job) { return queue_.Post(job); }
  void EndExpired() { queue_.EndExpired(); }
  int length() const { return queue_.length(); }

 private:
  void Run(std::unique_ptr<Connection>& connection, absl::Span<Job* const> share);
  absl::Status RunOne(Connection& connection, TxGroup& snapshot, TxJob& job, bool* usable);
  absl::Status BeginRead(std::unique_ptr<Connection>& connection, Cursor* head);

  const Target target_;
  const TxSettings& settings_;
  std::atomic<bool>& healthy_;
  std::vector<std::unique_ptr<Connection>> connections_;  // of each thread; null: not connected
  JobQueue queue_;                                        // the last: its threads use all of the above
};

}  // namespace mestring
