// Writes of one database: one at a time, on one thread, in groups that are committed together. For Database.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/base/ids.h"
#include "common/base/job_queue.h"
#include "common/store/connection.h"
#include "common/store/tx.h"
#include "common/store/tx_group.h"
#include "common/store/tx_job.h"

namespace mestring {

class WriteQueue {
 public:
  // More waiting writes are refused with Overloaded: at some 10,000 writes a second this many are a tenth of a second
  // of work, the longest that a caller should wait.
  static constexpr int kLengthMax = 1024;
  // Writes in one physical transaction: enough to pay the fsync (measured: 64 gives 11 times the rate
  // of 1), few enough that the first does not wait long for the last.
  static constexpr int kGroupMax = 64;

  // Records in `healthy` whether the last attempt reached the database. Settings and flag outlive the queue.
  WriteQueue(Target target, const TxSettings& settings, std::unique_ptr<Connection> connection,
             std::atomic<bool>& healthy);

  // See Database::Write.
  absl::Status Write(absl::FunctionRef<absl::Status(Tx&)> fn);
  // See Database::PostWrite.
  absl::Status Post(TxJob& job) { return queue_.Post(job); }
  void EndExpired() { queue_.EndExpired(); }
  // See Database::OnCommit.
  void OnCommit(std::function<void(Cursor head)> listener) { listeners_.push_back(std::move(listener)); }

  int length() const { return queue_.length(); }
  int64_t commits() const { return commits_; }
  int64_t writes() const { return writes_; }
  int64_t events() const { return events_; }
  int64_t waits() const { return waits_; }

 private:
  void Run(absl::Span<Job* const> share);
  void RunGroup(absl::Span<TxJob* const> group);
  absl::Status TryGroup(absl::Span<TxJob* const> writers, bool* commit_sent);
  absl::Status TryGroupOnce(absl::Span<TxJob* const> writers, bool careful, bool* commit_sent, bool* done);
  absl::Status RunTogether(absl::Span<TxJob* const> writers, TxGroup& group, int* succeeded, bool* spoiled);
  bool DeferredRan(TxGroup& group);
  absl::Status RunCarefully(absl::Span<TxJob* const> writers, TxGroup& group, int* succeeded);
  absl::Status RunWriter(TxJob& writer, TxGroup& group, absl::Time now, bool* changed);
  absl::Status Commit(TxGroup& group, Cursor before, bool* commit_sent);

  const Target target_;
  const TxSettings& settings_;
  std::atomic<bool>& healthy_;
  // Only the thread of the queue uses these.
  std::unique_ptr<Connection> writer_;                  // null when lost
  bool doubtful_ = false;                               // the writer was lost, and nothing was committed since
  std::vector<std::function<void(Cursor)>> listeners_;  // set before the first write
  std::atomic<int64_t> commits_{0}, writes_{0}, events_{0}, waits_{0};
  JobQueue queue_;  // the last: its thread uses all of the above
};

}  // namespace mestring
