// Reads of one database: in parallel to writes, on consistent snapshots, with a bounded number of connections. For
// Database.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/base/ids.h"
#include "common/store/connection.h"
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
  // One caller of Read; it waits, and lies on the caller's own stack.
  struct Reader {
    absl::FunctionRef<absl::Status(Tx&)> fn;
    absl::Status result;
    bool done = false;
    bool leads = false;  // has `connection`, and reads for others too
    std::unique_ptr<Connection> connection;
    std::condition_variable wake;
  };

  void RunReads(std::unique_ptr<Connection>& connection, absl::Span<Reader* const> group);
  void ReturnReader(std::unique_ptr<Connection> connection);
  absl::Status BeginRead(std::unique_ptr<Connection>& connection, Cursor* head);

  const Target target_;
  const TxSettings& settings_;
  std::atomic<bool>& healthy_;
  std::mutex mutex_;
  std::deque<Reader*> readers_;                    // those who wait; empty as long as a connection is idle
  std::vector<std::unique_ptr<Connection>> idle_;  // null: not connected
};

}  // namespace mestring
