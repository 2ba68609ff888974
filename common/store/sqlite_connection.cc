// A connection to SQLite, by its own library.
//
// Used by one thread at a time, so the library's mutex is left out. Statements are reset when they have run: one that
// stands on a row would keep its transaction open.
#include <sqlite3.h>

#include "absl/cleanup/cleanup.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/store/connection.h"

namespace mestring {
namespace {

// How long to wait for somebody at the sqlite3 prompt who holds the lock.
constexpr int kBusyMilliseconds = 5000;

// "things.id" of "UNIQUE constraint failed: things.id".
std::string_view WhichConstraint(std::string_view message) {
  constexpr std::string_view kBefore = "constraint failed: ";
  const size_t at = message.find(kBefore);
  return at == std::string_view::npos ? message : message.substr(at + kBefore.size());
}

absl::Status Explain(sqlite3* database, int code, std::string_view sql) {
  const std::string_view message = sqlite3_errmsg(database);
  switch (code & 0xff) {  // without what an extended code adds
    case SQLITE_CONSTRAINT:
      return ConstraintBroken(WhichConstraint(message));
    case SQLITE_FULL:
      return DatabaseFull();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable("DATABASE_BUSY", "another program keeps the database locked; try again");
    default:
      return Failed(absl::StrCat(message, " (code ", code, ")"), sql);
  }
}

// The library copies no text: it reads it while the statement runs.
void BindTo(sqlite3_stmt* statement, const std::vector<Value>& parameters) {
  int at = 0;
  for (const Value& value : parameters) {
    ++at;
    if (const auto* text = std::get_if<std::string>(&value)) {
      sqlite3_bind_text64(statement, at, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
    } else if (const auto* number = std::get_if<int64_t>(&value)) {
      sqlite3_bind_int64(statement, at, *number);
    }  // what is not bound is NULL
  }
}

void AddRow(sqlite3_stmt* statement, size_t columns, Connection::Rows* rows) {
  std::vector<Cell>& row = rows->emplace_back(columns);
  for (size_t i = 0; i < columns; ++i) {
    const int column = static_cast<int>(i);
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    if (text != nullptr) row[i].emplace(text, static_cast<size_t>(sqlite3_column_bytes(statement, column)));
  }
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
struct Close {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

class SqliteConnection final : public Connection {
 public:
  SqliteConnection() : Connection(Engine::kSqlite) {}

  absl::Status Connect(const std::string& path, std::string* why) {
    sqlite3* database = nullptr;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    const int code = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
    database_.reset(database);
    if (code == SQLITE_OK) return absl::OkStatus();
    if (why != nullptr) *why = absl::StrCat(path, ": ", sqlite3_errmsg(database));
    return DatabaseGone();
  }

  absl::Status SetUp(Use use) {
    sqlite3_busy_timeout(database_.get(), kBusyMilliseconds);
    Rows mode;
    TRY(Once("PRAGMA journal_mode = WAL", 1, &mode));
    if (mode.size() != 1 || mode[0][0] != "wal") {
      return absl::FailedPreconditionError("SQLite cannot keep its write-ahead log beside the database here");
    }
    for (std::string_view pragma :
         {"PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON", "PRAGMA temp_store = MEMORY",
          // 16 MiB of pages per connection: indexes of a million rows stay in memory.
          "PRAGMA cache_size = -16384",
          // The log is cut back after a burst, so that it does not keep its largest size for ever.
          "PRAGMA journal_size_limit = 67108864"}) {
      TRY(Once(pragma, 0, nullptr));
    }
    return use == Use::kRead ? Once("PRAGMA query_only = ON", 0, nullptr) : absl::OkStatus();
  }

  absl::StatusOr<int64_t> Run(std::string_view sql, const std::vector<Value>& parameters, size_t columns,
                              Rows* rows) override {
    auto found = statements_.find(sql);
    if (found == statements_.end()) {
      ASSIGN(Statement statement, Prepare(sql, SQLITE_PREPARE_PERSISTENT));
      if (statements_.size() >= kStatementsMax) statements_.clear();
      found = statements_.emplace(sql, std::move(statement)).first;
    }
    return Execute(found->second.get(), sql, parameters, columns, rows);
  }

  absl::Status Later(std::string_view sql, std::vector<Value> parameters, std::optional<int64_t> must_change) override {
    ASSIGN(const int64_t changed, Run(sql, parameters, 0, nullptr));
    return changed == must_change.value_or(changed) ? absl::OkStatus() : Failed(kOtherRows, sql);
  }

  absl::Status Together(absl::Span<const std::string_view> statements, size_t columns, Rows* rows) override {
    for (std::string_view sql : statements.first(statements.size() - 1)) TRY(Run(sql, {}, 0, nullptr).status());
    return Run(statements.back(), {}, columns, rows).status();
  }

  absl::Status Once(std::string_view sql, size_t columns, Rows* rows) override {
    ASSIGN(const Statement statement, Prepare(sql, 0));
    return Execute(statement.get(), sql, {}, columns, rows).status();
  }

  bool InTransaction() override { return sqlite3_get_autocommit(database_.get()) == 0; }

 private:
  absl::StatusOr<Statement> Prepare(std::string_view sql, unsigned flags) {
    sqlite3_stmt* statement = nullptr;
    const int code =
        sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()), flags, &statement, nullptr);
    if (code != SQLITE_OK) return Explain(database_.get(), code, sql);
    return Statement(statement);
  }

  absl::StatusOr<int64_t> Execute(sqlite3_stmt* statement, std::string_view sql, const std::vector<Value>& parameters,
                                  size_t columns, Rows* rows) {
    if (static_cast<size_t>(sqlite3_bind_parameter_count(statement)) != parameters.size()) {
      return Failed(kOtherParameters, sql);
    }
    if (static_cast<size_t>(sqlite3_column_count(statement)) < columns) return Failed(kTooFewColumns, sql);
    const absl::Cleanup release = [statement] {
      sqlite3_reset(statement);
      sqlite3_clear_bindings(statement);
    };
    ++waits_;
    BindTo(statement, parameters);
    // To the end: an unfinished RETURNING keeps its savepoint from being released.
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
      if (columns > 0) AddRow(statement, columns, rows);
    }
    if (code != SQLITE_DONE) return Explain(database_.get(), code, sql);
    return sqlite3_changes64(database_.get());
  }

  std::unique_ptr<sqlite3, Close> database_;  // before the statements: it is closed after them
  absl::flat_hash_map<std::string, Statement> statements_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> OpenSqlite(const std::string& path, Connection::Use use, std::string* why) {
  auto connection = std::make_unique<SqliteConnection>();
  TRY(connection->Connect(path, why));
  TRY(connection->SetUp(use));
  return connection;
}

}  // namespace mestring
