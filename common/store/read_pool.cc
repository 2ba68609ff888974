#include "common/store/read_pool.h"

// Reads that waited for a connection share one snapshot, which begins after all of them were called, so each sees what
// was committed before. On PostgreSQL a read then costs little more than its own statements; a transaction for each
// would cost two round trips more.

#include <algorithm>

#include "common/base/errors.h"
#include "common/store/tx_group.h"

namespace mestring {
namespace {

// The most callers that may wait for a connection (as WriteQueue::kLengthMax).
constexpr int kQueueMax = 1024;
// Reads in one snapshot: enough to share the round trips of its begin and end, and few enough that the first caller,
// who runs them all, gets its answer soon.
constexpr size_t kGroupMax = 8;
// How long a caller waits for a connection: half of the time that a service allows for a call.
constexpr absl::Duration kWaitMax = absl::Seconds(15);
constexpr absl::Duration kRetryWhenFull = absl::Milliseconds(200);

// The statements that begin a read; the SELECT fixes the snapshot on both engines.
constexpr std::string_view kBeginReadSqlite[] = {"BEGIN", "SELECT epoch, position FROM stream_head"};
constexpr std::string_view kBeginReadPostgresql[] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                                     "SELECT epoch, position FROM stream_head"};

}  // namespace

// Gives the connection to the first reader that waits, if any.
void ReadPool::ReturnReader(std::unique_ptr<Connection> connection) {
  std::lock_guard lock(mutex_);
  if (readers_.empty()) {
    idle_.push_back(std::move(connection));
    return;
  }
  Reader* const next = readers_.front();
  readers_.pop_front();
  next->connection = std::move(connection);
  next->leads = true;
  next->wake.notify_one();
}

// Connects if necessary. Replaces a connection that is lost once: nothing has run on it yet.
absl::Status ReadPool::BeginRead(std::unique_ptr<Connection>& connection, Cursor* head) {
  for (bool again = connection != nullptr;; again = false) {
    if (connection == nullptr) {
      ASSIGN(connection, Connection::Open(target_, Connection::Use::kRead));
    }
    const absl::Status status =
        connection->Begin(target_.engine == Engine::kSqlite ? absl::MakeConstSpan(kBeginReadSqlite)
                                                            : absl::MakeConstSpan(kBeginReadPostgresql),
                          head);
    if (status.ok() || !connection->lost() || !again) return status;
    connection = nullptr;
  }
}

// Each reader gets its result as soon as there is one.
void ReadPool::RunReads(std::unique_ptr<Connection>& connection, absl::Span<Reader* const> group) {
  const auto finish = [this](Reader& reader, absl::Status status) {
    std::lock_guard lock(mutex_);  // a reader that sees `done` leaves, and its condition variable goes with it
    reader.result = std::move(status);
    reader.done = true;
    reader.wake.notify_one();
  };
  bool begun = false;
  TxGroup snapshot{.writes = false};
  for (Reader* reader : group) {
    if (!begun) {
      const absl::Status status = Noted(BeginRead(connection, &snapshot.head), healthy_);
      begun = status.ok();
      if (!begun) {
        finish(*reader, status);
        continue;
      }
    }
    Tx tx(*connection, snapshot, settings_, settings_.clock->Now());
    absl::Status status = reader->fn(tx);
    if (status.ok()) status = tx.failed_;
    if (connection->lost()) status = Noted(DatabaseGone(), healthy_);
    // After a failed statement the next reader needs a new snapshot.
    begun = tx.failed_.ok() && !connection->lost();
    if (!begun) connection->Rollback();
    if (connection->lost()) connection = nullptr;
    finish(*reader, std::move(status));
  }
  if (connection != nullptr) connection->Rollback();
  if (connection != nullptr && connection->lost()) connection = nullptr;
}

absl::Status ReadPool::Read(absl::FunctionRef<absl::Status(Tx&)> fn) {
  Reader me{.fn = fn, .result = absl::OkStatus(), .connection = nullptr, .wake = {}};
  std::vector<Reader*> group = {&me};
  std::unique_lock lock(mutex_);
  if (!idle_.empty()) {
    me.connection = std::move(idle_.back());
    idle_.pop_back();
  } else {
    if (readers_.size() >= kQueueMax) {
      return Overloaded("READ_QUEUE_FULL", "too many reads wait; try again", kRetryWhenFull);
    }
    readers_.push_back(&me);
    me.wake.wait_for(lock, absl::ToChronoMilliseconds(kWaitMax), [&] { return me.done || me.leads; });
    if (!me.done && !me.leads) {
      const auto waiting = std::find(readers_.begin(), readers_.end(), &me);
      if (waiting != readers_.end()) {
        readers_.erase(waiting);
        return Overloaded("READ_QUEUE_FULL", "no database connection became free in time; try again", kRetryWhenFull);
      }
      me.wake.wait(lock, [&] { return me.done; });  // somebody is reading for it
    }
    if (me.done) return me.result;
    while (group.size() < kGroupMax && !readers_.empty()) {
      group.push_back(readers_.front());
      readers_.pop_front();
    }
  }
  lock.unlock();
  RunReads(me.connection, group);
  ReturnReader(std::move(me.connection));
  return me.result;
}

}  // namespace mestring
