// The database of one service: writes one at a time in groups, reads in parallel on snapshots.
//
// Its threads have a fixed number: one writes, and a few read for RPCs, each with a connection. What they have not
// begun waits in queues with a bound (job_queue.h).
//
// A write saves rows and publishes its events in the same transaction; each event gets the next
// position 1, 2, 3 … without a gap, in commit order. Two engines behind one SQL text: SQLite (a file,
// one process) and PostgreSQL (several replicas).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/store/migrations.h"
#include "common/store/tx.h"

namespace mestring {

class TxJob;

class Database {
 public:
  // Reads of RPCs at once on SQLite; on PostgreSQL Options says.
  static constexpr int kSqliteReaders = 2;
  // The kernel's own reads at once: those of the relay and of the watches, of which none should wait for the other.
  static constexpr int kOwnReaders = 2;

  struct Options {
    // "sqlite:<path>" or "postgresql://user@host:port/name" (libpq URI or key=value form after "postgresql:").
    std::string url;
    // PostgreSQL: connections for the reads of RPCs. Reads that wait share one and its round trips, so few of them
    // serve more: with 2 a read reached 0.65 of an empty RPC, with 4 it reached 0.46.
    int read_connections = 2;
    const Clock* clock = nullptr;  // required
    absl::TimeZone zone;           // of the municipality
    std::string event_source;      // "https://mestring.local/municipalities/1108/housing"
  };

  // FAILED_PRECONDITION unless Open understands this address.
  static absl::Status CheckUrl(std::string_view url);
  // Opens the database and brings the kernel's own schema, then `migrations`, up to date, under a lock.
  // Errors: FAILED_PRECONDITION with a sentence for the operator: in use by another process (SQLite),
  // schema newer than this program; UNAVAILABLE if it cannot be reached.
  // `shared` are the tables of code that several services link, numbered on their own.
  static absl::StatusOr<std::unique_ptr<Database>> Open(Options options, absl::Span<const Migration> migrations,
                                                        absl::Span<const Migration> shared = {});
  ~Database();

  // Runs `fn` in a transaction together with its events and returns when that is durable. If `fn` returns an error,
  // everything that it did is rolled back and Write returns the error; other writes of the same group are not affected.
  // If `fn` throws, Write returns INTERNAL in the same way.
  // `fn` may run again (after a lost connection, or because another write of its group failed), so it must have no
  // effect outside `tx`. Other errors: Overloaded (queue full), Unavailable (database gone; whether the write happened
  // is then unknown: repeat it with the same request_id). Thread-safe. Must not be called from inside `fn`.
  absl::Status Write(absl::FunctionRef<absl::Status(Tx&)> fn);

  // Runs `fn` on one consistent snapshot, in parallel to writes: one that is fixed no later than its first statement,
  // and not before Read was called. On the caller's thread, with one of kOwnReaders connections that RPCs do not use:
  // for the kernel's own work, which no RPC may delay. Other errors: Overloaded (none became free in time).
  // Thread-safe. Must not be called from inside `fn`.
  absl::Status Read(absl::FunctionRef<absl::Status(Tx&)> fn);

  // The same without a thread that waits, for RPCs: `job` runs on a thread of the database, and is done when its result
  // is durable. After an error (Overloaded) it is not run and stays the caller's.
  absl::Status PostWrite(TxJob& job);
  absl::Status PostRead(TxJob& job);

  // Begins a term: in one write, epoch = max(current, seen, unix seconds - 1) + 1, recorded in
  // `epochs` with an EpochStarted entry in the log. Returns the new cursor. (BUS.md, R1)
  absl::StatusOr<Cursor> StartEpoch(int64_t seen, std::string_view reason);

  // After each commit of this process that appended to the log, calls `listener` with the new end of the log, on the
  // committing thread: it must only wake somebody. Register before the first write.
  void OnCommit(std::function<void(Cursor head)> listener);

  // True while the last attempt to reach the database succeeded. Cheap.
  bool healthy() const;
  // Reads from the database now.
  absl::Status Ping();
  // "sqlite" or "postgresql".
  std::string_view engine() const;
  const Clock& clock() const;
  absl::TimeZone zone() const;

  // For metrics: how many writes and reads of RPCs wait, what the commits so far contained, and how often writes have
  // waited for the database (on PostgreSQL: round trips).
  int queue_length() const;
  int read_queue_length() const;
  struct CommitCounts {
    int64_t commits = 0, writes = 0, events = 0, waits = 0;
  };
  CommitCounts counts() const;

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mestring
