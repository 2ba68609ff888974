// The only file that knows how SOCI and the engines fail.
//
// Each connection keeps its prepared statements by their text, because preparing one costs more than running most of
// them. This file turns exceptions of SOCI into statuses and lets none out. The owner of a lost connection replaces it,
// because only the owner knows whether a statement had run on it.
#include "common/store/connection.h"

#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"

namespace mestring {
namespace {

// The most prepared statements of a connection. A service has some hundred texts, and lists with filters make more.
// Beyond this all are dropped and prepared again when needed.
constexpr size_t kStatementsMax = 400;
// Statements dropped after an error and not yet released, see Connection::Release.
constexpr size_t kReleasedMax = 16;
// SQLite: how long to wait for a person at the sqlite3 prompt who holds the lock.
constexpr std::string_view kSqliteBusyTimeout = "PRAGMA busy_timeout = 5000";
// PostgreSQL: gives up a server that does not answer after this time, so that callers get the error before their
// deadlines; TCP_USER_TIMEOUT does the same for an open connection.
constexpr std::string_view kConnectLimits[] = {"connect_timeout=5", "tcp_user_timeout=10000"};
// PostgreSQL: no statement runs longer than a call may. The server cuts off a replica that stopped within a transaction
// before others give up waiting for its lock.
constexpr std::string_view kServerLimits =
    "SET statement_timeout = '30s'; SET lock_timeout = '15s'; SET idle_in_transaction_session_timeout = '10s';"
    " SET client_min_messages = 'error'";
constexpr absl::Duration kRetryWhenDiskFull = absl::Seconds(10);
// How much of a statement an error shows.
constexpr size_t kSqlShownMax = 200;

absl::Status DiskFull() {
  return Overloaded("DATABASE_FULL", "the database has no room left; ask an operator to make room", kRetryWhenDiskFull);
}

// "UNIQUE constraint failed: stays.place_id" of SQLite, after what SOCI puts before it; of PostgreSQL
// 'duplicate key value violates unique constraint "stays_live_place"'.
std::string WhichConstraint(std::string_view message) {
  const size_t last = message.rfind('"');
  if (last != std::string_view::npos && last > 0) {
    const size_t first = message.rfind('"', last - 1);
    if (first != std::string_view::npos) return std::string(message.substr(first + 1, last - first - 1));
  }
  return std::string(message.substr(message.rfind(": ") == std::string_view::npos ? 0 : message.rfind(": ") + 2));
}

absl::Status ExplainSqlite(const soci::sqlite3_soci_error& error, std::string_view sql) {
  switch (error.result() & 0xff) {
    case SQLITE_CONSTRAINT:
      return ConstraintBroken(WhichConstraint(error.get_error_message()));
    case SQLITE_FULL:
      return DiskFull();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable("DATABASE_BUSY", "another program keeps the database locked; try again");
    default:
      return Failed(error.get_error_message(), sql);
  }
}

absl::Status ExplainPostgresql(const soci::postgresql_soci_error& error, std::string_view sql) {
  const std::string state = error.sqlstate();
  if (absl::StartsWith(state, "23")) return ConstraintBroken(WhichConstraint(error.get_error_message()));
  if (state == "53100") return DiskFull();
  if (state == "55P03" || state == "57014" || state == "40P01" || state == "40001") {
    return Unavailable("DATABASE_BUSY", "the database was too busy to finish this; try again");
  }
  if (absl::StartsWith(state, "22")) return Failed(absl::StrCat("malformed data, SQLSTATE ", state), sql);
  return Failed(error.get_error_message(), sql);
}

// States in which the server has ended this connection, is ending it, or has become a standby.
bool MeansLost(const std::string& state) {
  return absl::StartsWith(state, "08") || absl::StartsWith(state, "57P") || state == "25006" || state == "53300" ||
         state == "25P03";
}

}  // namespace

absl::StatusOr<Target> ParseUrl(std::string_view url) {
  absl::string_view rest = url;
  if (absl::ConsumePrefix(&rest, "sqlite:")) {
    // SOCI would take a path with "=" for a list of settings; each connection to ":memory:" is a database of its own.
    if (rest.empty() || rest == ":memory:" || absl::StrContains(rest, '=')) {
      return absl::FailedPreconditionError("the database is sqlite:<path>, and the path may not hold \"=\"");
    }
    return Target{Engine::kSqlite, std::string(rest)};
  }
  const bool uri = absl::StartsWith(url, "postgresql://") || absl::StartsWith(url, "postgres://");
  if (!uri && (!absl::ConsumePrefix(&rest, "postgresql:") || rest.empty())) {
    return absl::FailedPreconditionError("the database is sqlite:<path> or postgresql://user@host:port/name");
  }
  Target target{Engine::kPostgresql, std::string(rest)};
  for (std::string_view limit : kConnectLimits) {
    if (absl::StrContains(rest, limit.substr(0, limit.find('=') + 1))) continue;
    const char separator = !uri ? ' ' : absl::StrContains(target.connect, '?') ? '&' : '?';
    absl::StrAppend(&target.connect, std::string(1, separator), limit);
  }
  return target;
}

absl::Status DatabaseGone() { return Unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached; try again"); }

// Only the engine's own sentence and the statement's text, never a bound value: SOCI's what() holds
// them, and so does PostgreSQL's DETAIL (switched off at connect) and its class 22, malformed data.
absl::Status Failed(std::string_view message, std::string_view sql) {
  return absl::InternalError(absl::StrCat("database: ", message, " in: ", sql.substr(0, kSqlShownMax)));
}

// Calls `run` and turns what SOCI throws into a status. No exception leaves this class.
template <class F>
absl::StatusOr<int64_t> Connection::Guarded(std::string_view sql, F run) {
  try {
    return run();
  } catch (const soci::sqlite3_soci_error& error) {
    return ExplainSqlite(error, sql);
  } catch (const soci::postgresql_soci_error& error) {
    if (MeansLost(error.sqlstate()) || PQstatus(Server()) != CONNECTION_OK) {
      lost_ = true;
      return DatabaseGone();
    }
    return ExplainPostgresql(error, sql);
  } catch (const soci::soci_error& error) {
    return Failed(error.get_error_message(), sql);
  } catch (const std::exception& error) {
    return Failed("out of memory, or a fault of the library", sql);
  }
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Target& target, Use use, std::string* why) {
  auto connection = std::unique_ptr<Connection>(new Connection(target.engine));
  TRY(connection->Connect(target, why));
  TRY(connection->SetUp(use));
  return connection;
}

absl::StatusOr<int64_t> Connection::Run(std::string_view sql, const std::vector<Value>& parameters, size_t columns,
                                        std::vector<std::vector<Cell>>* rows) {
  soci::statement* statement = nullptr;
  absl::StatusOr<int64_t> changed = Guarded(sql, [&] {
    statement = Prepared(sql);
    return Execute(*statement, parameters, columns, rows);
  });
  if (!changed.ok() && statement != nullptr) Release(sql);
  return changed;
}

absl::Status Connection::Together(absl::Span<const std::string_view> statements, size_t columns,
                                  std::vector<std::vector<Cell>>* rows) {
  if (engine_ == Engine::kPostgresql) return Once(absl::StrJoin(statements, "; "), columns, rows);
  for (std::string_view sql : statements.first(statements.size() - 1)) TRY(Run(sql, {}).status());
  return Run(statements.back(), {}, columns, rows).status();
}

absl::Status Connection::Once(std::string_view sql, size_t columns, std::vector<std::vector<Cell>>* rows) {
  return Guarded(sql,
                 [&] {
                   soci::statement statement(session_);
                   statement.alloc();
                   statement.prepare(std::string(sql), soci::details::st_one_time_query);
                   return Execute(statement, {}, columns, rows);
                 })
      .status();
}

absl::Status Connection::Begin(absl::Span<const std::string_view> statements, Cursor* head) {
  released_.clear();
  std::vector<std::vector<Cell>> rows;
  TRY(Together(statements, 2, &rows));
  if (rows.size() != 1 || !absl::SimpleAtoi(rows[0][0].value_or(""), &head->epoch) ||
      !absl::SimpleAtoi(rows[0][1].value_or(""), &head->position)) {
    return Failed("stream_head has not exactly one row", statements.back());
  }
  return absl::OkStatus();
}

void Connection::Rollback() {
  if (lost_ || !InTransaction()) return;
  if (!Together({"ROLLBACK"}).ok()) lost_ = true;
}

bool Connection::InTransaction() {
  if (engine_ == Engine::kSqlite) {
    auto* backend = static_cast<soci::sqlite3_session_backend*>(session_.get_backend());
    return sqlite_api::sqlite3_get_autocommit(backend->conn_) == 0;
  }
  return PQtransactionStatus(Server()) != PQTRANS_IDLE;
}

pg_conn* Connection::Server() { return static_cast<soci::postgresql_session_backend*>(session_.get_backend())->conn_; }

absl::Status Connection::Connect(const Target& target, std::string* why) {
  try {
    if (engine_ == Engine::kSqlite) {
      session_.open(soci::sqlite3, target.connect);
    } else {
      session_.open(soci::postgresql, target.connect);
      PQsetErrorVerbosity(Server(), PQERRORS_TERSE);
    }
  } catch (const std::exception& error) {
    if (why != nullptr) *why = error.what();
    return DatabaseGone();
  }
  return absl::OkStatus();
}

absl::Status Connection::SetUp(Use use) {
  if (engine_ == Engine::kSqlite) return SetUpSqlite(use);
  TRY(Once(kServerLimits));
  return use == Use::kWrite ? CheckDurability() : absl::OkStatus();
}

absl::Status Connection::SetUpSqlite(Use use) {
  std::vector<std::vector<Cell>> mode;
  TRY(Once(kSqliteBusyTimeout));
  TRY(Once("PRAGMA journal_mode = WAL", 1, &mode));
  if (mode.size() != 1 || mode[0][0] != "wal") {
    return absl::FailedPreconditionError("SQLite cannot keep its write-ahead log beside the database here");
  }
  TRY(Once("PRAGMA synchronous = FULL"));
  TRY(Once("PRAGMA foreign_keys = ON"));
  TRY(Once("PRAGMA temp_store = MEMORY"));
  // 16 MiB of pages per connection: indexes of a million rows stay in memory.
  TRY(Once("PRAGMA cache_size = -16384"));
  // The log is cut back after a burst, so that it does not keep its largest size for ever.
  TRY(Once("PRAGMA journal_size_limit = 67108864"));
  return use == Use::kRead ? Once("PRAGMA query_only = ON") : absl::OkStatus();
}

// If a published position were lost with the power, another event would get it.
absl::Status Connection::CheckDurability() {
  std::vector<std::vector<Cell>> rows;
  TRY(Once("SELECT current_setting('fsync'), current_setting('synchronous_commit')", 2, &rows));
  if (rows.size() != 1) return Failed("no settings", "current_setting");
  if (rows[0][0] == "off") {
    return absl::FailedPreconditionError("PostgreSQL runs with fsync=off: what it answers can be lost");
  }
  if (rows[0][1] == "off" || rows[0][1] == "local") return Once("SET synchronous_commit = on");
  return absl::OkStatus();
}

soci::statement* Connection::Prepared(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found != statements_.end()) return found->second.get();
  if (statements_.size() >= kStatementsMax) statements_.clear();
  auto statement = std::make_unique<soci::statement>(session_);
  statement->alloc();
  statement->prepare(std::string(sql), soci::details::st_repeatable_query);
  return statements_.emplace(sql, std::move(statement)).first->second.get();
}

// After an error the state of a statement is unknown, so it is prepared again when needed. It is destroyed only after
// the transaction, because PostgreSQL refuses DEALLOCATE in a failed one and would keep the statement as long as the
// connection lives.
void Connection::Release(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) return;
  if (engine_ == Engine::kPostgresql && released_.size() < kReleasedMax) {
    released_.push_back(std::move(found->second));
  }
  statements_.erase(found);
}

int64_t Connection::Execute(soci::statement& statement, const std::vector<Value>& parameters, size_t columns,
                            std::vector<std::vector<Cell>>* rows) {
  // All of these are referred to until bind_clean_up.
  static const std::string kNothing;
  soci::indicator null = soci::i_null;
  std::vector<std::string> cells(columns);
  std::vector<soci::indicator> indicators(columns, soci::i_ok);
  for (const Value& value : parameters) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      statement.exchange(soci::use(*text));
    } else if (const auto* number = std::get_if<int64_t>(&value)) {
      statement.exchange(soci::use(*number));
    } else {
      statement.exchange(soci::use(kNothing, null));
    }
  }
  for (size_t i = 0; i < columns; ++i) statement.exchange(soci::into(cells[i], indicators[i]));
  statement.define_and_bind();
  // Fetch to the end: an unfinished RETURNING keeps its savepoint from being released.
  for (bool got = statement.execute(true); got && columns > 0; got = statement.fetch()) {
    std::vector<Cell>& row = rows->emplace_back(columns);
    for (size_t i = 0; i < columns; ++i) {
      if (indicators[i] == soci::i_ok) row[i] = cells[i];
    }
  }
  const int64_t changed = statement.get_affected_rows();
  statement.bind_clean_up();
  return changed;
}

}  // namespace mestring
