// One connection to a database, of either engine; it turns the errors of sqlite3 and libpq into statuses. Only the
// kernel uses it; other code reads and writes through a Tx.
//
// Threads: only one thread at a time may use a connection. A call returns when the database has answered, except Later.
// Deferred statements: Later only queues a statement on PostgreSQL. The next call that waits sends all that is queued
// before its own statement, in one round trip, and returns the error of the first that fails: the server then skips
// the rest, also a COMMIT. So a later query sees deferred changes, and nothing is committed after an error.
// Lifetime: no text or parameter of a caller is used, and rows are copies, when a call returns. No
// statement stays open: SQLite would keep the snapshot of a reader for it, and its log could not be emptied.
// Errors, of each engine's own code for what went wrong:
//   ALREADY_EXISTS      CONSTRAINT            a constraint, with its name, or "table.column" where it has none
//   RESOURCE_EXHAUSTED  DATABASE_FULL         no room on the disk
//   UNAVAILABLE         DATABASE_BUSY         a lock or a time limit, a deadlock
//   UNAVAILABLE         DATABASE_UNAVAILABLE  the server is gone; the connection is lost()
//   INTERNAL            everything else, with the library's sentence and the statement's text, never a bound value
// A connection keeps its prepared statements by their text, because preparing one costs more than running most of
// them. Beyond kStatementsMax it drops all and prepares them again when needed.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/ids.h"
#include "common/store/value.h"

namespace mestring {

enum class Engine { kSqlite, kPostgresql };

struct Target {
  Engine engine = Engine::kSqlite;
  std::string connect;  // a path, or what libpq takes
};
// Of "sqlite:<path>" or "postgresql:…".
absl::StatusOr<Target> ParseUrl(std::string_view url);

class Connection {
 public:
  enum class Use { kWrite, kRead };
  using Rows = std::vector<std::vector<Cell>>;

  // A service has some hundred texts; lists with filters make more.
  static constexpr size_t kStatementsMax = 400;
  // PostgreSQL keeps the plan of a statement, made for the size that its tables had. After so many runs, and more often
  // at first, a connection has all plans made anew.
  static constexpr int kRunsOfPlanMax = 4096;

  // `why` receives the library's own words if the database cannot be reached: for the operator at the start, not
  // for callers, because they name hosts and users.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Target& target, Use use, std::string* why = nullptr);
  virtual ~Connection() = default;
  Connection(const Connection&) = delete;

  Engine engine() const { return engine_; }
  // Whether the server is gone, or may no longer be used: close the connection. Its owner replaces it, because only the
  // owner knows whether a statement had run on it.
  bool lost() const { return lost_; }
  // Of a lost connection: whether the last statement that was sent may have run. It has not if the server named the
  // error of an earlier one.
  bool in_doubt() const { return in_doubt_; }
  // How often a call has waited for the database.
  int64_t waits() const { return waits_; }

  // Runs one statement, prepared; see Tx::Run. Each placeholder (":name") stands once, and the parameters are in their
  // order. Returns how many rows an INSERT, UPDATE or DELETE changed. The first `columns` of each row are added to
  // `rows`.
  virtual absl::StatusOr<int64_t> Run(std::string_view sql, const std::vector<Value>& parameters, size_t columns = 0,
                                      Rows* rows = nullptr) = 0;
  // Runs a statement that need not run before the next call that waits. With `must_change`, changing another number of
  // rows is an error (INTERNAL): then the caller has to find out by Run whose mistake it is.
  virtual absl::Status Later(std::string_view sql, std::vector<Value> parameters,
                             std::optional<int64_t> must_change = std::nullopt) = 0;
  // Runs statements without parameters, on PostgreSQL in one round trip. `rows` are those of the last.
  virtual absl::Status Together(absl::Span<const std::string_view> statements, size_t columns = 0,
                                Rows* rows = nullptr) = 0;
  // One statement of several, and its answer.
  struct Question {
    std::string_view sql;
    const std::vector<Value>* parameters = nullptr;
    size_t columns = 0;
    Rows* rows = nullptr;
    absl::StatusOr<int64_t> answer = absl::UnknownError("not run");
  };
  // Runs statements as Run does, on PostgreSQL in one round trip: there, after one that fails the others are not run,
  // and have an error, too.
  virtual void RunAll(absl::Span<Question* const> questions);
  // Runs one text that is not worth keeping prepared.
  virtual absl::Status Once(std::string_view sql, size_t columns = 0, Rows* rows = nullptr) = 0;

  // Begins a transaction with `statements`, the last of which selects epoch and position; `head` is the end of the
  // log as it sees it.
  absl::Status Begin(absl::Span<const std::string_view> statements, Cursor* head);
  // Ends whatever transaction is open, and forgets what is queued. On an error the connection counts as lost.
  virtual void Rollback();
  // SQLite ends the whole transaction by itself after some errors (disk full, I/O).
  virtual bool InTransaction() = 0;

 protected:
  explicit Connection(Engine engine) : engine_(engine) {}

  bool lost_ = false, in_doubt_ = false;
  int64_t waits_ = 0;

 private:
  const Engine engine_;
};

// Open, of each engine.
absl::StatusOr<std::unique_ptr<Connection>> OpenSqlite(const std::string& path, Connection::Use use, std::string* why);
absl::StatusOr<std::unique_ptr<Connection>> OpenPostgresql(const std::string& connect, Connection::Use use,
                                                           std::string* why);

// The database cannot be reached.
absl::Status DatabaseGone();
// The disk has no room left.
absl::Status DatabaseFull();
// A statement did not do what it always does: INTERNAL, with the statement's text and never a bound value.
absl::Status Failed(std::string_view message, std::string_view sql);
inline constexpr std::string_view kOtherParameters = "another number of parameters than of placeholders";
inline constexpr std::string_view kTooFewColumns = "fewer columns than asked for";
inline constexpr std::string_view kOtherRows = "another number of rows changed than must change";
// Keeps `healthy` true to an attempt to reach the database, and returns how that went.
inline absl::Status Noted(absl::Status status, std::atomic<bool>& healthy) {
  healthy = !absl::IsUnavailable(status);
  return status;
}

}  // namespace mestring
