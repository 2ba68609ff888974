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
  MutexLock lock(mutex_);
  if (line_.empty()) {
    idle_.push_back(std::move(connection));
    return;
  }
  Reader* const next = line_.front();
  line_.pop_front();
  next->connection = std::move(connection);
  next->turn.Tell(Turn::kLead);
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
  const auto finish = [](Reader& reader, absl::Status status) {
    reader.result = std::move(status);
    reader.turn.Tell(Turn::kDone);
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
    absl::Status status = tx.Do(reader->fn);
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

absl::StatusOr<Turn> ReadPool::WaitInLine(Reader& me) {
  if (const std::optional<Turn> turn = me.turn.WaitUntil(DeadlineAfter(kWaitMax))) return *turn;
  {
    MutexLock lock(mutex_);
    const auto waiting = std::find(line_.begin(), line_.end(), &me);
    if (waiting != line_.end()) {
      line_.erase(waiting);
      return Overloaded("READ_QUEUE_FULL", "no database connection became free in time; try again", kRetryWhenFull);
    }
  }
  return me.turn.Wait();  // somebody has it already
}

absl::Status ReadPool::Read(absl::FunctionRef<absl::Status(Tx&)> fn) {
  Reader me{.fn = fn, .result = absl::OkStatus(), .connection = nullptr, .turn = {}};
  std::vector<Reader*> group = {&me};
  bool waits = false;
  {
    MutexLock lock(mutex_);
    waits = idle_.empty();
    if (!waits) {
      me.connection = std::move(idle_.back());
      idle_.pop_back();
    } else if (line_.size() >= kQueueMax) {
      return Overloaded("READ_QUEUE_FULL", "too many reads wait; try again", kRetryWhenFull);
    } else {
      line_.push_back(&me);
    }
  }
  if (waits) {
    ASSIGN(const Turn turn, WaitInLine(me));
    if (turn == Turn::kDone) return me.result;
    MutexLock lock(mutex_);
    while (group.size() < kGroupMax && !line_.empty()) {
      group.push_back(line_.front());
      line_.pop_front();
    }
  }
  RunReads(me.connection, group);
  ReturnReader(std::move(me.connection));
  return me.result;
}

}  // namespace mestring
