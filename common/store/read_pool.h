// Reads of one database: in parallel to writes, on consistent snapshots, with a bounded number of connections. For
// Database.
#pragma once

#include <atomic>
#include <deque>
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

namespace mestring {

class ReadPool {
 public:
  // Connects at the first reads. Records in `healthy` whether the last attempt reached the database. Settings and flag
  // outlive the pool.
  ReadPool(Target target, const TxSettings& settings, size_t connections, std::atomic<bool>& healthy)
      : target_(std::move(target)), settings_(settings), healthy_(healthy), idle_(connections) {}

  // See Database::Read.
  absl::Status Read(absl::FunctionRef<absl::Status(Tx&)> fn);

 private:
  // One caller of Read, on its own stack. The thread that takes it from the line uses it until it tells it its turn.
  struct Reader {
    absl::FunctionRef<absl::Status(Tx&)> fn;
    absl::Status result;
    std::unique_ptr<Connection> connection;  // of one who leads
    TurnBell turn;
  };

  absl::StatusOr<Turn> WaitInLine(Reader& me);
  void RunReads(std::unique_ptr<Connection>& connection, absl::Span<Reader* const> group);
  void ReturnReader(std::unique_ptr<Connection> connection);
  absl::Status BeginRead(std::unique_ptr<Connection>& connection, Cursor* head);

  const Target target_;
  const TxSettings& settings_;
  std::atomic<bool>& healthy_;
  Mutex mutex_;
  std::deque<Reader*> line_ ABSL_GUARDED_BY(mutex_);                       // empty as long as a connection is idle
  std::vector<std::unique_ptr<Connection>> idle_ ABSL_GUARDED_BY(mutex_);  // null: not connected
};

}  // namespace mestring
