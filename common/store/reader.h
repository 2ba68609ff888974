// A connection that reads, and the snapshot it reads from. For Database.
#pragma once

#include <atomic>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/store/connection.h"
#include "common/store/tx.h"
#include "common/store/tx_group.h"

namespace mestring {

// Used by one thread at a time.
class Reader {
 public:
  // Connects at the first read. Records in `healthy` whether the last attempt reached the database. Target, settings
  // and flag outlive the reader.
  Reader(const Target& target, const TxSettings& settings, std::atomic<bool>& healthy)
      : target_(target), settings_(settings), healthy_(healthy) {}

  // Runs one read: on the snapshot of those before it, or on a new one if there was none since EndSnapshot, or if the
  // last read has spoiled it.
  absl::Status Run(absl::FunctionRef<absl::Status(Tx&)> fn);
  void EndSnapshot();

  // Whether this thread is in a function of Run, where another Read could wait for ever.
  static bool ThisThreadReads();

 private:
  absl::Status Begin();

  const Target& target_;
  const TxSettings& settings_;
  std::atomic<bool>& healthy_;
  std::unique_ptr<Connection> connection_;  // null: not connected
  bool begun_ = false;                      // there is a snapshot
  Cursor head_;                             // the end of the log in it
};

}  // namespace mestring
