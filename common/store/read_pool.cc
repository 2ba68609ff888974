#include "common/store/read_pool.h"

// Reads that waited share one snapshot, which begins after all of them were called, so each sees what was committed
// before. On PostgreSQL a read then costs little more than its own statements; a transaction for each
// would cost two round trips more.

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/store/tx_group.h"

namespace mestring {
namespace {

// Reads in one snapshot: enough to share the round trips of its begin and end, and few enough that a slow one keeps few
// others waiting.
constexpr size_t kShareMax = 8;
// Reads that are done are answered together, but not later than after this time.
constexpr absl::Duration kAnswerAfter = absl::Milliseconds(1);
// How long a caller of Read waits for its turn: half of the time that a service allows for a call.
constexpr absl::Duration kWaitMax = absl::Seconds(15);
constexpr absl::Duration kRetryWhenFull = absl::Milliseconds(200);

// The statements that begin a read; the SELECT fixes the snapshot on both engines.
constexpr std::string_view kBeginReadSqlite[] = {"BEGIN", "SELECT epoch, position FROM stream_head"};
constexpr std::string_view kBeginReadPostgresql[] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                                     "SELECT epoch, position FROM stream_head"};
// The pool whose function this thread runs, to refuse a Read within a Read: if all threads did that, none would be
// left.
thread_local const void* running_read = nullptr;

}  // namespace

ReadPool::ReadPool(Target target, const TxSettings& settings, int connections, std::atomic<bool>& healthy)
    : target_(std::move(target)),
      settings_(settings),
      healthy_(healthy),
      connections_(static_cast<size_t>(connections)),
      queue_({.threads = connections_.size(),
              .length_max = kLengthMax,
              .share_max = kShareMax,
              .full = [] { return Overloaded("READ_QUEUE_FULL", "too many reads wait; try again", kRetryWhenFull); }},
             [this](size_t thread, absl::Span<Job* const> share) { Run(connections_[thread], share); }) {}

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

// Runs one read on a snapshot; `usable` becomes false if the next one needs another.
absl::Status ReadPool::RunOne(Connection& connection, TxGroup& snapshot, TxJob& job, bool* usable) {
  Tx tx(connection, snapshot, settings_, settings_.clock->Now());
  running_read = this;
  absl::Status status = tx.Do([&job](Tx& transaction) { return job.Run(transaction); });
  running_read = nullptr;
  *usable = tx.failed_.ok() && !connection.lost();
  return connection.lost() ? Noted(DatabaseGone(), healthy_) : status;
}

void ReadPool::Run(std::unique_ptr<Connection>& connection, absl::Span<Job* const> share) {
  TxGroup snapshot{.writes = false};
  bool begun = false;
  std::vector<JobQueue::Ending> endings;
  absl::Time answer_by = absl::Now() + kAnswerAfter;
  for (Job* job : share) {
    absl::Status status = begun ? absl::OkStatus() : Noted(BeginRead(connection, &snapshot.head), healthy_);
    if (status.ok()) {
      status = RunOne(*connection, snapshot, static_cast<TxJob&>(*job), &begun);
      if (!begun) connection->Rollback();
      if (connection->lost()) connection = nullptr;
    }
    endings.push_back({job, std::move(status)});
    if (const absl::Time now = absl::Now(); now > answer_by) {
      JobQueue::End(absl::MakeSpan(endings));
      endings.clear();
      answer_by = now + kAnswerAfter;
    }
  }
  if (connection != nullptr) connection->Rollback();
  if (connection != nullptr && connection->lost()) connection = nullptr;
  JobQueue::End(absl::MakeSpan(endings));
}

absl::Status ReadPool::Read(absl::FunctionRef<absl::Status(Tx&)> fn) {
  if (running_read == this) return absl::InternalError("Read was called from inside a Read");
  WaitingJob job(fn);
  job.deadline = absl::Now() + kWaitMax;
  TRY(queue_.Post(job));
  return job.Wait();
}

}  // namespace mestring
