#include "common/store/write_queue.h"

// Invariants:
// - The transaction of a writer locks the row of stream_head first, so the writes of a service run one at a time, also
//   over several replicas. Its events get the positions after the head; the rows of the log and the new head are
//   written last, in the same transaction. So positions have no gap, are in commit order, and are durable before
//   anybody sees them.
// - Writes queue up for one thread. It runs those that wait, at most kGroupMax, commits once, and only then ends them.
// - If one of them fails, what it did is rolled back, and nothing of the others. Nearly always none fails after it has
//   changed something. So a group first runs without savepoints, and inserts what may wait (InsertLater, the log) in a
//   few statements for all. If one fails, everything is rolled back and the group runs carefully: each write in a
//   savepoint, each statement at once.
// - On PostgreSQL such a group waits twice, besides the functions' own queries: for the lock with the head, and for all
//   that is deferred (Tx::ExecLater, what was inserted) with the COMMIT. This pays for a single write, too.
// - A transaction with a failed statement is never committed.
//
// A sequence for the positions was rejected: its numbers become visible out of order, and a reader of "everything after
// n" loses those that commit late.

#include <algorithm>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/fault.h"

namespace mestring {
namespace {

constexpr absl::Duration kRetryWhenFull = absl::Milliseconds(200);
// The statements that begin a write. SQLite locks the whole file, so the head is only read: a write that changes
// nothing then costs no fsync.
constexpr std::string_view kBeginWriteSqlite[] = {"BEGIN IMMEDIATE", "SELECT epoch, position FROM stream_head"};
constexpr std::string_view kBeginWritePostgresql[] = {
    "BEGIN ISOLATION LEVEL READ COMMITTED", "UPDATE stream_head SET position = position RETURNING epoch, position"};
// The queue whose function this thread runs, to refuse a Write within a Write instead of waiting for ever.
thread_local const void* running_write = nullptr;

}  // namespace

WriteQueue::WriteQueue(Target target, const TxSettings& settings, std::unique_ptr<Connection> connection,
                       std::atomic<bool>& healthy)
    : target_(std::move(target)),
      settings_(settings),
      healthy_(healthy),
      writer_(std::move(connection)),
      queue_({.threads = 1,
              .length_max = kLengthMax,
              .share_max = kGroupMax,
              .full = [] { return Overloaded("WRITE_QUEUE_FULL", "too many writes wait; try again", kRetryWhenFull); }},
             [this](size_t, absl::Span<Job* const> share) { Run(share); }) {}

absl::Status WriteQueue::Write(absl::FunctionRef<absl::Status(Tx&)> fn) {
  if (running_write == this) return absl::InternalError("Write was called from inside a Write");
  WaitingJob job(fn);
  TRY(queue_.Post(job));
  return job.Wait();
}

void WriteQueue::Run(absl::Span<Job* const> share) {
  std::vector<TxJob*> group;
  for (Job* job : share) group.push_back(static_cast<TxJob*>(job));
  RunGroup(group);
  std::vector<JobQueue::Ending> endings;
  for (TxJob* job : group) endings.push_back({job, std::move(job->result)});
  JobQueue::End(absl::MakeSpan(endings));
}

// Runs the group, a second time if the connection was lost before the commit was sent, and gives every writer its
// result.
void WriteQueue::RunGroup(absl::Span<TxJob* const> group) {
  absl::Status status;
  for (bool again = true;; again = false) {
    const bool was_connected = writer_ != nullptr;
    bool commit_sent = false;
    status = Noted(TryGroup(group, &commit_sent), healthy_);
    if (status.ok()) return;
    const bool lost = writer_ == nullptr || writer_->lost();
    if (writer_ != nullptr) writer_->Rollback();
    if (writer_ != nullptr && writer_->lost()) writer_ = nullptr;
    if (lost && target_.engine == Engine::kPostgresql) doubtful_ = true;
    if (!(again && lost && was_connected && !commit_sent)) break;
  }
  // Refusals get this error too: they may depend on writes of the same group that are now rolled back.
  for (TxJob* member : group) member->result = status;
}

// One attempt. OK: every writer has its result, and what succeeded is durable. Error: the commit is not known to have
// happened.
absl::Status WriteQueue::TryGroup(absl::Span<TxJob* const> writers, bool* commit_sent) {
  if (writer_ == nullptr) {
    ASSIGN(writer_, Connection::Open(target_, Connection::Use::kWrite));
  }
  const bool together = writers.size() > 1 || target_.engine == Engine::kPostgresql;
  bool done = false;
  const int64_t waited = writer_->waits();
  const absl::Cleanup count = [&] { waits_ += writer_->waits() - waited; };
  if (together) TRY(TryGroupOnce(writers, /*careful=*/false, commit_sent, &done));
  return done ? absl::OkStatus() : TryGroupOnce(writers, /*careful=*/true, commit_sent, &done);
}

// Leaves `done` false if the group must run again, carefully; everything is rolled back then.
absl::Status WriteQueue::TryGroupOnce(absl::Span<TxJob* const> writers, bool careful, bool* commit_sent, bool* done) {
  TxGroup group{.writes = true, .careful = careful};
  const bool sqlite = target_.engine == Engine::kSqlite;
  TRY(writer_->Begin(sqlite ? absl::MakeConstSpan(kBeginWriteSqlite) : absl::MakeConstSpan(kBeginWritePostgresql),
                     &group.head));
  const Cursor before = group.head;
  // The server that answers now may be a standby without our last commits, or a restored copy: positions may be given a
  // second time, so a new epoch must begin first. (The relay begins a term when it notices, which may be after the next
  // write.)
  if (doubtful_) {
    TRY(Tx(*writer_, group, settings_, settings_.clock->Now()).BeginEpoch(0, "reconnect"));
  }
  int succeeded = 0;
  bool spoiled = false;
  TRY(careful ? RunCarefully(writers, group, &succeeded) : RunTogether(writers, group, &succeeded, &spoiled));
  if (!spoiled && succeeded > 0) {
    const absl::Status committed = Commit(group, before, commit_sent);
    // An error on a connection that is not lost: nothing was committed.
    spoiled = !careful && !committed.ok() && !writer_->lost();
    if (!spoiled) TRY(committed);
  }
  *done = !spoiled;
  if (spoiled || succeeded == 0) {
    writer_->Rollback();
    return absl::OkStatus();
  }
  PassFaultPoint("tx.after_commit");
  doubtful_ = false;
  ++commits_;
  writes_ += succeeded;
  events_ += static_cast<int64_t>(group.log.rows.size());
  if (group.head != before) {
    for (const auto& listener : listeners_) listener(group.head);
  }
  return absl::OkStatus();
}

// Runs a group without savepoints. A write that fails before it has changed anything leaves nothing to undo; any other
// failure spoils the group.
absl::Status WriteQueue::RunTogether(absl::Span<TxJob* const> writers, TxGroup& group, int* succeeded, bool* spoiled) {
  const absl::Time now = settings_.clock->Now();
  for (TxJob* each : writers) {
    bool changed = false;
    const absl::Status status = RunWriter(*each, group, now, &changed);
    if (writer_->lost()) return DatabaseGone();
    if (!writer_->InTransaction()) return status.ok() ? DatabaseGone() : status;
    if (status.ok()) ++*succeeded;
    *spoiled = !status.ok() && changed && (writers.size() > 1 || !DeferredRan(group));
    if (*spoiled) return writer_->lost() ? DatabaseGone() : absl::OkStatus();
  }
  return absl::OkStatus();
}

// Whether all that the only write of a group deferred has run, so that its error is its own. Ends the transaction in
// the same round trip. The SELECT fails if a statement has failed before.
bool WriteQueue::DeferredRan(TxGroup& group) {
  if (!group.deferred) return true;
  return group.InsertAll(*writer_).ok() && writer_->Together({"SELECT 1", "ROLLBACK"}).ok();
}

// Runs each write in its savepoint; positions and log rows of one that fails are given back. A single write needs no
// savepoint: if it fails nothing is committed.
absl::Status WriteQueue::RunCarefully(absl::Span<TxJob* const> writers, TxGroup& group, int* succeeded) {
  const absl::Time now = settings_.clock->Now();
  const bool alone = writers.size() == 1;
  if (!alone) TRY(writer_->Together({"SAVEPOINT one_write"}));
  for (size_t i = 0; i < writers.size(); ++i) {
    const Cursor head = group.head;
    const size_t rows = group.log.rows.size(), inserted = group.log.inserted;
    bool changed = false;
    const absl::Status status = RunWriter(*writers[i], group, now, &changed);
    if (writer_->lost()) return DatabaseGone();
    if (!writer_->InTransaction()) return status.ok() ? DatabaseGone() : status;
    if (status.ok()) {
      ++*succeeded;
      if (i + 1 < writers.size()) TRY(writer_->Together({"RELEASE SAVEPOINT one_write", "SAVEPOINT one_write"}));
    } else {
      group.head = head;
      group.log.rows.resize(rows);
      group.log.inserted = inserted;
      // The savepoint stays, for the next write.
      if (!alone) TRY(writer_->Together({"ROLLBACK TO SAVEPOINT one_write"}));
    }
  }
  return absl::OkStatus();
}

absl::Status WriteQueue::RunWriter(TxJob& member, TxGroup& group, absl::Time now, bool* changed) {
  Tx tx(*writer_, group, settings_, now);
  running_write = this;
  member.result = tx.Do([&member](Tx& transaction) { return member.Run(transaction); });
  running_write = nullptr;
  // After a failed statement the transaction of PostgreSQL is lost, whatever the statement was.
  *changed = tx.changed_ || !tx.failed_.ok();
  return member.result;
}

absl::Status WriteQueue::Commit(TxGroup& group, Cursor before, bool* commit_sent) {
  TRY(group.InsertAll(*writer_));
  if (group.head != before) {
    TRY(writer_->Later("UPDATE stream_head SET epoch = :epoch, position = :position",
                       {group.head.epoch, group.head.position}));
  }
  PassFaultPoint("tx.before_commit");
  const absl::Status status = writer_->Together({"COMMIT"});
  *commit_sent = status.ok() || writer_->in_doubt();
  return status;
}

}  // namespace mestring
