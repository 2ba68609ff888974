// A connection that reads, and the snapshot it reads from. For Database.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/store/connection.h"
#include "common/store/tx.h"
#include "common/store/tx_group.h"
#include "common/store/tx_job.h"

namespace mestring {

// Used by one thread at a time.
class Reader {
 public:
  // Connects at the first read. Records in `healthy` whether the last attempt reached the database. Target, settings
  // and flag outlive the reader.
  Reader(const Target& target, const TxSettings& settings, std::atomic<bool>& healthy);
  ~Reader();

  // Runs one read: on the snapshot of those before it, or on a new one if there was none since EndSnapshot, or if the
  // last read has spoiled it.
  absl::Status Run(absl::FunctionRef<absl::Status(Tx&)> fn);
  void EndSnapshot();

  // Runs several on one snapshot, and calls `ended` for each as soon as it has its result. On PostgreSQL their
  // statements go to the server together: each read has a stack of its own and stops when it asks, until all have
  // asked.
  void RunAll(absl::Span<TxJob* const> jobs, absl::FunctionRef<void(TxJob&)> ended);

  // Whether this thread is in a function of Run, where another Read could wait for ever.
  static bool ThisThreadReads();

 private:
  struct Asker;
  absl::Status Begin();
  void RunOneByOne(absl::Span<TxJob* const> jobs, absl::FunctionRef<void(TxJob&)> ended);
  void RunTogether(absl::Span<TxJob* const> jobs, absl::FunctionRef<void(TxJob&)> ended);

  const Target& target_;
  const TxSettings& settings_;
  std::atomic<bool>& healthy_;
  std::unique_ptr<Connection> connection_;  // null: not connected
  bool begun_ = false;                      // there is a snapshot
  Cursor head_;                             // the end of the log in it
  std::vector<std::unique_ptr<Asker>> askers_;
};

}  // namespace mestring
