// Writes of one database: one at a time, in groups that are committed together. For Database.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/base/ids.h"
#include "common/base/mutex.h"
#include "common/store/connection.h"
#include "common/store/turn.h"
#include "common/store/tx.h"
#include "common/store/tx_group.h"

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
             std::atomic<bool>& healthy)
      : target_(std::move(target)), settings_(settings), healthy_(healthy), writer_(std::move(connection)) {}

  // See Database::Write.
  absl::Status Write(absl::FunctionRef<absl::Status(Tx&)> fn);
  // See Database::OnCommit.
  void OnCommit(std::function<void(Cursor head)> listener) { listeners_.push_back(std::move(listener)); }

  int length() const { return waiting_; }
  int64_t commits() const { return commits_; }
  int64_t writes() const { return writes_; }
  int64_t events() const { return events_; }

 private:
  // One caller of Write, on its own stack. The thread that leads uses it until it tells it that it is done.
  struct Writer {
    absl::FunctionRef<absl::Status(Tx&)> fn;
    absl::Status result;
    TurnBell turn;
  };

  void RunGroup(absl::Span<Writer* const> group);
  absl::Status TryGroup(absl::Span<Writer* const> writers, bool* commit_sent);
  absl::Status TryGroupOnce(absl::Span<Writer* const> writers, bool careful, bool* commit_sent, bool* done);
  absl::Status RunTogether(absl::Span<Writer* const> writers, TxGroup& group, int* succeeded, bool* spoiled);
  absl::Status RunCarefully(absl::Span<Writer* const> writers, TxGroup& group, int* succeeded);
  absl::Status RunWriter(Writer& writer, TxGroup& group, absl::Time now, bool* changed);
  absl::Status Commit(TxGroup& group, Cursor before);

  const Target target_;
  const TxSettings& settings_;
  std::atomic<bool>& healthy_;
  Mutex mutex_;
  std::deque<Writer*> line_ ABSL_GUARDED_BY(mutex_);  // the first one leads
  // Only the thread that leads uses these.
  std::unique_ptr<Connection> writer_;                  // null when lost
  bool doubtful_ = false;                               // the writer was lost, and nothing was committed since
  std::vector<std::function<void(Cursor)>> listeners_;  // set before the first write
  std::atomic<int> waiting_{0};
  std::atomic<int64_t> commits_{0}, writes_{0}, events_{0};
};

}  // namespace mestring
