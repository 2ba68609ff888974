// The database of one service. (A connection, and what differs between the libraries, is connection.cc.)
//
// Invariants:
// - A physical transaction of a writer locks the stream_head row first, so that the writes of a
//   service run one at a time, also over several replicas. What it publishes gets the positions after
//   the head; the rows of the log and the new head are written last, in the same transaction. So
//   positions are gap-free, in commit order, and durable before anybody hears of them.
// - Callers of Write queue up; the first in line leads: it runs all that wait, commits once, and only then
//   does any of them return. One fsync serves up to kGroupMax callers.
// - What one of them did before it failed is undone, and nothing of the others. Nearly always none fails
//   after it has changed something, so a group runs without savepoints first, and with what may wait
//   (InsertLater, the log) in a few statements for all; if that does not work out, all of it is rolled back
//   and the group runs carefully: each in a savepoint, each statement at once.
// - Reads that had to wait for a connection share the snapshot of whoever gets it: it begins after all of them were
//   called, so each sees what was committed before. On PostgreSQL a read then costs little more than its own
//   statements, where beginning and ending a transaction for each would cost two round trips more.
// - A transaction in which a statement failed is never committed. PostgreSQL answers the COMMIT of
//   such a transaction with a cheerful ROLLBACK; SQLite would keep half of it. Both are one error here.
//
// A thread of its own for the writer was rejected: it costs two more context switches per write than
// letting the first caller lead. So was a sequence for the positions: its numbers become visible out
// of order, and a reader of "all after n" loses those that commit late.
#include "common/database.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "common/connection.h"
#include "common/fault.h"
#include "common/field_rules.h"
#include "common/migrations.h"
#include "google/protobuf/message.h"
#include "mestring/events/v1/events.pb.h"

namespace mestring {

// Made by kernel's mestring_schema().
extern const absl::Span<const Migration> kKernelSchema;

namespace {

// --- Bounds ---------------------------------------------------------------------------------------

// Rows per INSERT of what is put in before the commit, largest first: fewer round trips, and few distinct texts.
constexpr size_t kInsertRows[] = {32, 8, 1};
// Callers that wait for a read connection. As kWriteQueueMax: the most that may wait in line.
constexpr int kReadQueueMax = 1024;
// Reads in one snapshot: enough to share the round trips of its begin and end, few enough that the first one, which
// runs them all, is not kept for long.
constexpr size_t kReadGroupMax = 8;
// How long a caller waits for a read connection: half of what a server allows for the whole call.
constexpr absl::Duration kReadWaitMax = absl::Seconds(15);
constexpr absl::Duration kRetryWhenFull = absl::Milliseconds(200);

// --- What differs between the engines -------------------------------------------------------------

// A write begins. SQLite's lock is of the whole file, so the head is only read: a write that changes
// nothing then costs no fsync.
constexpr std::string_view kBeginWriteSqlite[] = {"BEGIN IMMEDIATE", "SELECT epoch, position FROM stream_head"};
constexpr std::string_view kBeginWritePostgresql[] = {
    "BEGIN ISOLATION LEVEL READ COMMITTED", "UPDATE stream_head SET position = position RETURNING epoch, position"};
// A read begins: its first SELECT fixes the snapshot on both.
constexpr std::string_view kBeginReadSqlite[] = {"BEGIN", "SELECT epoch, position FROM stream_head"};
constexpr std::string_view kBeginReadPostgresql[] = {"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                                                     "SELECT epoch, position FROM stream_head"};

// A process owns its SQLite file: the head, the relay and the timers rely on being alone. The lock is
// on a file beside it, because closing any descriptor of the database itself would drop SQLite's own locks.
class ProcessLock {
 public:
  ProcessLock() = default;
  ProcessLock(const ProcessLock&) = delete;
  ~ProcessLock() {
    if (file_ >= 0) close(file_);
  }

  absl::Status Take(const std::string& database) {
    const std::string path = database + ".lock";
    file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) {
      return absl::FailedPreconditionError(absl::StrCat("cannot write ", path, ": ", strerror(errno)));
    }
    if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("the database ", database, " is in use by another process; SQLite serves one at a time"));
    }
    return absl::OkStatus();
  }

 private:
  int file_ = -1;
};

// Rows that are put into a table before the commit, by as few statements as possible.
struct LateRows {
  std::string into;  // "outbox (epoch, position, …)"
  std::vector<std::vector<Value>> rows;
  size_t inserted = 0;  // of them are in the table already

  std::string_view table() const { return std::string_view(into).substr(0, into.find(' ')); }
};

constexpr std::string_view kLog =
    "outbox (epoch, position, kind, id, type, subject, subject_version, time, data, traceparent)";

// INSERT of that many rows; each placeholder has a name of its own.
std::string InsertSql(std::string_view into, size_t rows, size_t columns) {
  std::string sql = absl::StrCat("INSERT INTO ", into, " VALUES ");
  for (size_t i = 0; i < rows * columns; ++i) {
    const bool first = i % columns == 0, last = (i + 1) % columns == 0;
    absl::StrAppend(&sql, !first ? ", " : i == 0 ? "(" : ", (", ":v", i, last ? ")" : "");
  }
  return sql;
}

}  // namespace

// --- One transaction ------------------------------------------------------------------------------

struct Tx::Group {
  const bool writes;
  // One alone, or all once more because one failed: nothing is put off, so that a failure is that of its writer.
  const bool careful = false;
  Cursor head = {};  // after all that was appended so far
  LateRows log = {.into = std::string(kLog), .rows = {}};
  std::vector<LateRows> late = {};  // other tables, in the order of their first row

  LateRows& Late(std::string_view into) {
    for (LateRows& table : late) {
      if (table.into == into) return table;
    }
    return late.emplace_back(LateRows{.into = std::string(into), .rows = {}});
  }

  // Puts into the tables that `sql` names what is meant for them: it is about to look.
  absl::Status InsertNamed(Connection& connection, std::string_view sql) {
    TRY(InsertNamed(connection, log, sql));
    for (LateRows& table : late) TRY(InsertNamed(connection, table, sql));
    return absl::OkStatus();
  }
  absl::Status InsertAll(Connection& connection) {
    TRY(Insert(connection, log));
    for (LateRows& table : late) TRY(Insert(connection, table));
    return absl::OkStatus();
  }

 private:
  static absl::Status InsertNamed(Connection& connection, LateRows& table, std::string_view sql) {
    const bool looks = table.inserted < table.rows.size() && absl::StrContains(sql, table.table());
    return looks ? Insert(connection, table) : absl::OkStatus();
  }
  static absl::Status Insert(Connection& connection, LateRows& table) {
    while (table.inserted < table.rows.size()) {
      const size_t left = table.rows.size() - table.inserted;
      const size_t count =
          *std::find_if(std::begin(kInsertRows), std::end(kInsertRows), [left](size_t size) { return size <= left; });
      const size_t columns = table.rows[table.inserted].size();
      std::vector<Value> values;
      values.reserve(count * columns);
      for (size_t i = table.inserted; i < table.inserted + count; ++i) {
        std::copy(table.rows[i].begin(), table.rows[i].end(), std::back_inserter(values));
      }
      TRY(connection.Run(InsertSql(table.into, count, columns), values).status());
      table.inserted += count;
    }
    return absl::OkStatus();
  }
};

namespace {

// PostgreSQL cannot hold a NUL byte, and SOCI would cut the text there without a word.
absl::Status CheckTexts(std::string_view sql, const std::vector<Value>& parameters) {
  for (const Value& value : parameters) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && text->find('\0') != std::string::npos) {
      return absl::InternalError(absl::StrCat("a bound text holds a NUL byte, in: ", sql));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void Tx::ForgetTheMoment() {
  now_ = StartOfDay(zone_, today());
  knows_moment_ = false;
}

absl::StatusOr<int64_t> Tx::Run(std::string_view sql, const std::vector<Value>& parameters, int columns,
                                std::vector<std::vector<Cell>>* rows) {
  TRY(failed_);
  failed_ = CheckTexts(sql, parameters);
  TRY(failed_);
  failed_ = group_->InsertNamed(connection_, sql);
  TRY(failed_);
  if (!absl::StartsWith(sql, "SELECT")) changed_ = true;
  absl::StatusOr<int64_t> changed = connection_.Run(sql, parameters, static_cast<size_t>(columns), rows);
  if (!changed.ok()) failed_ = changed.status();
  return changed;
}

absl::StatusOr<std::vector<std::vector<Cell>>> Tx::QueryCells(std::string_view sql,
                                                              const std::vector<Value>& parameters, int columns) {
  std::vector<std::vector<Cell>> rows;
  TRY(Run(sql, parameters, columns, &rows).status());
  return rows;
}

absl::Status Tx::AddLater(std::string_view into, std::vector<Value> values) {
  if (group_->careful || !group_->writes) return Run(InsertSql(into, 1, values.size()), values, 0, nullptr).status();
  TRY(failed_);
  failed_ = CheckTexts(into, values);
  TRY(failed_);
  changed_ = true;
  group_->Late(into).rows.push_back(std::move(values));
  return absl::OkStatus();
}

absl::Status Tx::Append(int64_t kind, const google::protobuf::Message& event, std::string_view subject,
                        int64_t version) {
  TRY(failed_);
  if (!group_->writes) return failed_ = absl::InternalError("a Read cannot publish");
  // The error of a rule is the caller's to see, but what follows must not be committed without its event.
  failed_ = CheckEvent(event);
  TRY(failed_);
  // What a reader of the stream would take for a stranger's entry may not get into the log.
  if (!IsAttribute(subject)) return failed_ = absl::InternalError("an event's subject must be printable ASCII");
  changed_ = true;
  const Cursor at = group_->head;
  const std::string id = knows_moment_ ? NewId(now_) : NewRandomId();
  group_->log.rows.push_back(Bind(at.epoch, at.position, kind, id, event.GetDescriptor()->full_name(), subject, version,
                                  now_, absl::Base64Escape(event.SerializeAsString()), traceparent_));
  return absl::OkStatus();
}

absl::Status Tx::Publish(const google::protobuf::Message& event, std::string_view subject, int64_t version) {
  ++group_->head.position;
  told_ = true;
  TRY(Append(1, event, subject, version));
  return failed_ = moves_.Told(event, subject, version);
}

absl::StatusOr<Cursor> Tx::Head() { return group_->head; }

// Not inline: g++ 12 warns of an overflow that is none when it sees through a constant reason.
[[gnu::noinline]] absl::Status Tx::BeginEpoch(int64_t seen, std::string_view reason) {
  Cursor& head = group_->head;
  // Never lower than the clock's seconds: an epoch of a database that was restored and a Redis that
  // was lost still sorts after every cursor that anybody holds.
  head.epoch = std::max({head.epoch, seen, absl::ToUnixSeconds(now_) - 1}) + 1;
  TRY(Exec("INSERT INTO epochs (epoch, base, started_at, reason) VALUES (:epoch, :base, :time, :reason)", head.epoch,
           head.position, now_, reason)
          .status());
  events::v1::EpochStarted event;
  event.set_epoch(head.epoch);
  event.set_base(head.position);
  event.set_reason(std::string(reason));
  return Append(0, event, "", 0);
}

absl::Status Tx::Schedule(std::string_view kind, std::string_view subject, absl::Time due) {
  return Run("INSERT INTO timers (kind, subject, due_time, attempts, next_try) VALUES (:kind, :subject, :due, 0, :due2)"
             " ON CONFLICT (kind, subject) DO UPDATE SET due_time = excluded.due_time, attempts = 0,"
             " next_try = excluded.next_try",
             Bind(kind, subject, due, due), 0, nullptr)
      .status();
}

absl::Status Tx::CancelTimer(std::string_view kind, std::string_view subject) {
  return Run("DELETE FROM timers WHERE kind = :kind AND subject = :subject", Bind(kind, subject), 0, nullptr).status();
}

// --- The database ---------------------------------------------------------------------------------

struct Database::Impl {
  // One caller of Write, on its own stack.
  struct Writer {
    absl::FunctionRef<absl::Status(Tx&)> fn;
    absl::Status result;
    bool done = false;
    std::condition_variable wake;
  };

  // One caller of Read who waits, on its own stack.
  struct Reader {
    absl::FunctionRef<absl::Status(Tx&)> fn;
    absl::Status result;
    bool done = false;
    bool leads = false;  // has `connection`, and reads for others too
    std::unique_ptr<Connection> connection;
    std::condition_variable wake;
  };

  Options options;
  Target target;
  ProcessLock process_lock;

  std::mutex write_mutex;
  std::deque<Writer*> line;            // the first one leads
  std::unique_ptr<Connection> writer;  // used by whoever leads; null when lost
  bool doubtful = false;               // the writer was lost, and nothing was committed since

  std::mutex read_mutex;
  std::deque<Reader*> readers;                    // those who wait; empty as long as a connection is idle
  std::vector<std::unique_ptr<Connection>> idle;  // null: not connected

  std::vector<std::function<void(Cursor)>> listeners;
  std::atomic<bool> healthy{true};
  std::atomic<int> waiting{0};
  std::atomic<int64_t> commits{0}, writes{0}, events{0};

  absl::Status Write(absl::FunctionRef<absl::Status(Tx&)> fn);
  absl::Status Read(absl::FunctionRef<absl::Status(Tx&)> fn);
  void RunGroup(absl::Span<Writer* const> group);
  absl::Status TryGroup(absl::Span<Writer* const> writers, bool* commit_sent);
  absl::Status TryGroupOnce(absl::Span<Writer* const> writers, bool careful, bool* commit_sent, bool* done);
  absl::Status RunTogether(absl::Span<Writer* const> writers, Tx::Group& group, int* succeeded, bool* spoiled);
  absl::Status RunCarefully(absl::Span<Writer* const> writers, Tx::Group& group, int* succeeded);
  absl::Status RunWriter(Writer& writer, Tx::Group& group, absl::Time now, bool* changed);
  absl::Status Commit(Tx::Group& group, Cursor before);
  void RunReads(std::unique_ptr<Connection>& connection, absl::Span<Reader* const> group);
  void ReturnReader(std::unique_ptr<Connection> connection);
  absl::Status BeginRead(std::unique_ptr<Connection>& connection, Cursor* head);
  absl::Status Noted(absl::Status status);
};

// Which database's function this thread is running, to refuse a Write within a Write instead of hanging.
thread_local const void* running_write = nullptr;

// Keeps `healthy` true to the last attempt to reach the database.
absl::Status Database::Impl::Noted(absl::Status status) {
  healthy = status.code() != absl::StatusCode::kUnavailable;
  return status;
}

absl::Status Database::Impl::Write(absl::FunctionRef<absl::Status(Tx&)> fn) {
  if (running_write == this) return absl::InternalError("Write was called from inside a Write");
  Writer me{.fn = fn, .result = absl::OkStatus(), .done = false, .wake = {}};
  std::unique_lock lock(write_mutex);
  if (line.size() >= static_cast<size_t>(kWriteQueueMax)) {
    return Overloaded("WRITE_QUEUE_FULL", "too many writes wait already", kRetryWhenFull);
  }
  line.push_back(&me);
  waiting = static_cast<int>(line.size());
  me.wake.wait(lock, [&] { return me.done || line.front() == &me; });
  if (me.done) return me.result;

  const size_t size = std::min(line.size(), static_cast<size_t>(kGroupMax));
  const std::vector<Writer*> group(line.begin(), line.begin() + static_cast<int64_t>(size));
  lock.unlock();
  RunGroup(group);
  lock.lock();
  line.erase(line.begin(), line.begin() + static_cast<int64_t>(size));
  waiting = static_cast<int>(line.size());
  // Under the lock: a writer that sees `done` leaves, and its condition variable goes with it.
  if (!line.empty()) line.front()->wake.notify_one();
  for (Writer* writer : group) {
    writer->done = true;
    if (writer != &me) writer->wake.notify_one();
  }
  return me.result;
}

// Runs the group, once more if the connection was lost before the commit was sent, and gives every
// writer its result.
void Database::Impl::RunGroup(absl::Span<Writer* const> group) {
  absl::Status status;
  for (bool again = true;; again = false) {
    const bool was_connected = writer != nullptr;
    bool commit_sent = false;
    status = Noted(TryGroup(group, &commit_sent));
    if (status.ok()) return;
    const bool lost = writer == nullptr || writer->lost();
    if (writer != nullptr) writer->Rollback();
    if (writer != nullptr && writer->lost()) writer = nullptr;
    if (lost && target.engine == Engine::kPostgresql) doubtful = true;
    if (!(again && lost && was_connected && !commit_sent)) break;
  }
  // Refusals too: they may rest on writes of the same group that are now undone.
  for (Writer* member : group) member->result = status;
}

// One attempt. OK: every writer has its result, and what succeeded is durable. Error: nothing is known
// to be committed.
absl::Status Database::Impl::TryGroup(absl::Span<Writer* const> writers, bool* commit_sent) {
  if (writer == nullptr) {
    ASSIGN(writer, Connection::Open(target, Connection::Use::kWrite));
  }
  bool done = false;
  if (writers.size() > 1) TRY(TryGroupOnce(writers, /*careful=*/false, commit_sent, &done));
  return done ? absl::OkStatus() : TryGroupOnce(writers, /*careful=*/true, commit_sent, &done);
}

// `done` stays false if it has to be done again, carefully; nothing of it remains then.
absl::Status Database::Impl::TryGroupOnce(absl::Span<Writer* const> writers, bool careful, bool* commit_sent,
                                          bool* done) {
  Tx::Group group{.writes = true, .careful = careful};
  const bool sqlite = target.engine == Engine::kSqlite;
  TRY(writer->Begin(sqlite ? absl::MakeConstSpan(kBeginWriteSqlite) : absl::MakeConstSpan(kBeginWritePostgresql),
                    &group.head));
  const Cursor before = group.head;
  // What answers may be a standby that lacks our last commits, or a copy put back: positions may come a
  // second time, so the epoch must be another before any of them is given out. (The relay begins a term
  // of its own when it notices; it may notice later than the next write.)
  if (doubtful) {
    TRY(Tx(*writer, group, options.clock->Now(), options.zone, options.event_source).BeginEpoch(0, "reconnect"));
  }
  int succeeded = 0;
  bool spoiled = false;
  TRY(careful ? RunCarefully(writers, group, &succeeded) : RunTogether(writers, group, &succeeded, &spoiled));
  if (!spoiled && succeeded > 0) {
    const absl::Status inserted = group.InsertAll(*writer);
    spoiled = !careful && !inserted.ok() && !writer->lost();
    if (!spoiled) TRY(inserted);
  }
  *done = !spoiled;
  if (spoiled || succeeded == 0) {
    writer->Rollback();
    return absl::OkStatus();
  }
  FAULT("tx.before_commit");
  *commit_sent = true;
  TRY(Commit(group, before));
  FAULT("tx.after_commit");
  doubtful = false;
  ++commits;
  writes += succeeded;
  events += static_cast<int64_t>(group.log.rows.size());
  if (group.head != before) {
    for (const auto& listener : listeners) listener(group.head);
  }
  return absl::OkStatus();
}

// Without savepoints. One that fails before it has changed anything leaves nothing to undo; any other
// failure spoils the whole.
absl::Status Database::Impl::RunTogether(absl::Span<Writer* const> writers, Tx::Group& group, int* succeeded,
                                         bool* spoiled) {
  const absl::Time now = options.clock->Now();
  for (Writer* each : writers) {
    bool changed = false;
    const absl::Status status = RunWriter(*each, group, now, &changed);
    if (writer->lost()) return DatabaseGone();
    if (!writer->InTransaction()) return status.ok() ? DatabaseGone() : status;
    if (status.ok()) ++*succeeded;
    *spoiled = !status.ok() && changed;
    if (*spoiled) return absl::OkStatus();
  }
  return absl::OkStatus();
}

// Each in its savepoint; the positions and log rows of one that fails are given back. One alone needs
// no savepoint: if it fails nothing is committed.
absl::Status Database::Impl::RunCarefully(absl::Span<Writer* const> writers, Tx::Group& group, int* succeeded) {
  const absl::Time now = options.clock->Now();
  const bool alone = writers.size() == 1;
  if (!alone) TRY(writer->Together({"SAVEPOINT one_write"}));
  for (size_t i = 0; i < writers.size(); ++i) {
    const Cursor head = group.head;
    const size_t rows = group.log.rows.size(), inserted = group.log.inserted;
    bool changed = false;
    const absl::Status status = RunWriter(*writers[i], group, now, &changed);
    if (writer->lost()) return DatabaseGone();
    if (!writer->InTransaction()) return status.ok() ? DatabaseGone() : status;
    if (status.ok()) {
      ++*succeeded;
      if (i + 1 < writers.size()) TRY(writer->Together({"RELEASE SAVEPOINT one_write", "SAVEPOINT one_write"}));
    } else {
      group.head = head;
      group.log.rows.resize(rows);
      group.log.inserted = inserted;
      // The savepoint itself stays, for the next.
      if (!alone) TRY(writer->Together({"ROLLBACK TO SAVEPOINT one_write"}));
    }
  }
  return absl::OkStatus();
}

absl::Status Database::Impl::RunWriter(Writer& member, Tx::Group& group, absl::Time now, bool* changed) {
  Tx tx(*writer, group, now, options.zone, options.event_source);
  running_write = this;
  member.result = member.fn(tx);
  running_write = nullptr;
  if (member.result.ok()) member.result = tx.failed_;
  // After a statement that failed PostgreSQL's transaction is of no use, whatever the statement was.
  *changed = tx.changed_ || !tx.failed_.ok();
  return member.result;
}

absl::Status Database::Impl::Commit(Tx::Group& group, Cursor before) {
  if (group.head == before) return writer->Together({"COMMIT"});
  if (target.engine == Engine::kPostgresql) {
    const std::string move =
        absl::StrCat("UPDATE stream_head SET epoch = ", group.head.epoch, ", position = ", group.head.position);
    return writer->Together({move, "COMMIT"});
  }
  TRY(writer
          ->Run("UPDATE stream_head SET epoch = :epoch, position = :position", {group.head.epoch, group.head.position})
          .status());
  return writer->Together({"COMMIT"});
}

// Hands the connection to the first who waits, if anybody does.
void Database::Impl::ReturnReader(std::unique_ptr<Connection> connection) {
  std::lock_guard lock(read_mutex);
  if (readers.empty()) {
    idle.push_back(std::move(connection));
    return;
  }
  Reader* const next = readers.front();
  readers.pop_front();
  next->connection = std::move(connection);
  next->leads = true;
  next->wake.notify_one();
}

// Connects if necessary. A connection that turns out to be lost is replaced once: nothing has run yet.
absl::Status Database::Impl::BeginRead(std::unique_ptr<Connection>& connection, Cursor* head) {
  for (bool again = connection != nullptr;; again = false) {
    if (connection == nullptr) {
      ASSIGN(connection, Connection::Open(target, Connection::Use::kRead));
    }
    const absl::Status status =
        connection->Begin(target.engine == Engine::kSqlite ? absl::MakeConstSpan(kBeginReadSqlite)
                                                           : absl::MakeConstSpan(kBeginReadPostgresql),
                          head);
    if (status.ok() || !connection->lost() || !again) return status;
    connection = nullptr;
  }
}

// Each gets its result as soon as it has one.
void Database::Impl::RunReads(std::unique_ptr<Connection>& connection, absl::Span<Reader* const> group) {
  const auto finish = [this](Reader& reader, absl::Status status) {
    std::lock_guard lock(read_mutex);  // a reader that sees `done` leaves, and its condition variable goes with it
    reader.result = std::move(status);
    reader.done = true;
    reader.wake.notify_one();
  };
  bool begun = false;
  Tx::Group snapshot{.writes = false};
  for (Reader* reader : group) {
    if (!begun) {
      const absl::Status status = Noted(BeginRead(connection, &snapshot.head));
      begun = status.ok();
      if (!begun) {
        finish(*reader, status);
        continue;
      }
    }
    Tx tx(*connection, snapshot, options.clock->Now(), options.zone, options.event_source);
    absl::Status status = reader->fn(tx);
    if (status.ok()) status = tx.failed_;
    if (connection->lost()) status = Noted(DatabaseGone());
    // After a statement that failed the snapshot is of no use to the next.
    begun = tx.failed_.ok() && !connection->lost();
    if (!begun) connection->Rollback();
    if (connection->lost()) connection = nullptr;
    finish(*reader, std::move(status));
  }
  if (connection != nullptr) connection->Rollback();
  if (connection != nullptr && connection->lost()) connection = nullptr;
}

absl::Status Database::Impl::Read(absl::FunctionRef<absl::Status(Tx&)> fn) {
  Reader me{.fn = fn, .result = absl::OkStatus(), .connection = nullptr, .wake = {}};
  std::vector<Reader*> group = {&me};
  std::unique_lock lock(read_mutex);
  if (!idle.empty()) {
    me.connection = std::move(idle.back());
    idle.pop_back();
  } else {
    if (readers.size() >= kReadQueueMax) {
      return Overloaded("READ_QUEUE_FULL", "too many reads wait already", kRetryWhenFull);
    }
    readers.push_back(&me);
    me.wake.wait_for(lock, absl::ToChronoMilliseconds(kReadWaitMax), [&] { return me.done || me.leads; });
    if (!me.done && !me.leads) {
      const auto waiting = std::find(readers.begin(), readers.end(), &me);
      if (waiting != readers.end()) {
        readers.erase(waiting);
        return Overloaded("READ_QUEUE_FULL", "no connection became free to read with", kRetryWhenFull);
      }
      me.wake.wait(lock, [&] { return me.done; });  // somebody is reading for it
    }
    if (me.done) return me.result;
    while (group.size() < kReadGroupMax && !readers.empty()) {
      group.push_back(readers.front());
      readers.pop_front();
    }
  }
  lock.unlock();
  RunReads(me.connection, group);
  ReturnReader(std::move(me.connection));
  return me.result;
}

Database::Database(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Database::~Database() = default;

absl::Status Database::CheckUrl(std::string_view url) { return ParseUrl(url).status(); }

absl::StatusOr<std::unique_ptr<Database>> Database::Open(Options options, absl::Span<const Migration> migrations,
                                                         absl::Span<const Migration> shared) {
  auto impl = std::make_unique<Impl>();
  ASSIGN(impl->target, ParseUrl(options.url));
  if (impl->target.engine == Engine::kSqlite) TRY(impl->process_lock.Take(impl->target.connect));
  impl->options = std::move(options);
  std::string why;
  absl::StatusOr<std::unique_ptr<Connection>> writer = Connection::Open(impl->target, Connection::Use::kWrite, &why);
  if (!why.empty()) return absl::UnavailableError(absl::StrCat("the database cannot be reached: ", why));
  ASSIGN(impl->writer, std::move(writer));
  const absl::Time now = impl->options.clock->Now();
  TRY(Migrate(*impl->writer, "kernel", kKernelSchema, now));
  TRY(Migrate(*impl->writer, "service", migrations, now));
  TRY(Migrate(*impl->writer, "shared", shared, now));
  impl->idle.resize(static_cast<size_t>(std::max(1, impl->options.read_connections)));
  return std::unique_ptr<Database>(new Database(std::move(impl)));
}

absl::Status Database::Write(absl::FunctionRef<absl::Status(Tx&)> fn) { return impl_->Write(fn); }
absl::Status Database::Read(absl::FunctionRef<absl::Status(Tx&)> fn) { return impl_->Read(fn); }

absl::StatusOr<Cursor> Database::StartEpoch(int64_t seen, std::string_view reason) {
  Cursor started;
  TRY(Write([&](Tx& tx) -> absl::Status {
    TRY(tx.BeginEpoch(seen, reason));
    started = tx.group_->head;
    return absl::OkStatus();
  }));
  return started;
}

void Database::OnCommit(std::function<void(Cursor head)> listener) { impl_->listeners.push_back(std::move(listener)); }

bool Database::healthy() const { return impl_->healthy; }

absl::Status Database::Ping() {
  const absl::Status status = Read([](Tx&) { return absl::OkStatus(); });
  // All connections being busy is not the database being gone.
  return absl::IsResourceExhausted(status) ? absl::OkStatus() : status;
}

std::string_view Database::engine() const { return impl_->target.engine == Engine::kSqlite ? "sqlite" : "postgresql"; }
const Clock& Database::clock() const { return *impl_->options.clock; }
absl::TimeZone Database::zone() const { return impl_->options.zone; }
int Database::queue_length() const { return impl_->waiting; }
Database::CommitCounts Database::counts() const {
  return {.commits = impl_->commits, .writes = impl_->writes, .events = impl_->events};
}

}  // namespace mestring
