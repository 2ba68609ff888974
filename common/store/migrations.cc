#include "common/store/migrations.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/digest.h"
#include "common/base/errors.h"
#include "common/store/connection.h"

namespace mestring {
namespace {

// The limits of migrations: they may take long, and wait for another replica that migrates.
constexpr std::string_view kMigrationLimits = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10min'";
// One migration at a time, over all replicas. The number is arbitrary, and ours.
constexpr std::string_view kMigrationLock = "SELECT pg_advisory_xact_lock(1108711)";

// The statements of a migration, without comments: split where a ";" ends a line.
std::vector<std::string> StatementsOf(std::string_view sql) {
  std::string bare;
  for (std::string_view line : absl::StrSplit(sql, '\n')) {
    bool quoted = false;
    size_t end = 0;
    while (end < line.size() && (quoted || line.substr(end, 2) != "--")) quoted ^= line[end++] == '\'';
    absl::StrAppend(&bare, absl::StripTrailingAsciiWhitespace(line.substr(0, end)), "\n");
  }
  std::vector<std::string> statements;
  for (std::string_view statement : absl::StrSplit(bare, ";\n")) {
    statement = absl::StripAsciiWhitespace(statement);
    if (!statement.empty()) statements.emplace_back(statement);
  }
  return statements;
}

// The stored name of a migration with a digest of its statements: a comment may change later, a statement may not.
std::string IdentityOf(const Migration& migration) {
  return absl::StrCat(migration.name, " ", Sha256Hex(absl::StrJoin(StatementsOf(migration.sql), ";")).substr(0, 16));
}

absl::Status BeginMigration(Connection& connection) {
  if (connection.engine() == Engine::kSqlite) return connection.Together({"BEGIN IMMEDIATE"});
  return connection.Together({"BEGIN", kMigrationLimits, kMigrationLock});
}

// Within BeginMigration.
absl::Status RunMigration(Connection& connection, std::string_view area, const Migration& migration, absl::Time now) {
  for (const std::string& statement : StatementsOf(migration.sql)) TRY(connection.Once(statement));
  return connection
      .Run("INSERT INTO schema_migrations (area, number, name, applied_at) VALUES (:area, :number, :name, :time)",
           {std::string(area), int64_t{migration.number}, IdentityOf(migration), absl::ToUnixMicros(now)})
      .status();
}

// How many of the migrations the database has run. If it has run other or more ones, another program made it; it is not
// changed, because this program does not know its meaning.
absl::StatusOr<size_t> CountRun(Connection& connection, std::string_view area, absl::Span<const Migration> migrations) {
  std::vector<std::vector<Cell>> rows;
  TRY(connection
          .Run("SELECT name FROM schema_migrations WHERE area = :area ORDER BY number", {std::string(area)}, 1, &rows)
          .status());
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string name = rows[i][0].value_or("");
    if (i >= migrations.size()) {
      return absl::FailedPreconditionError(
          absl::StrCat("the database's schema (", name, ") is newer than this program; start the newer program"));
    }
    if (name != IdentityOf(migrations[i])) {
      return absl::FailedPreconditionError(
          absl::StrCat("the database's schema (", name, ") is another than this program's (", IdentityOf(migrations[i]),
                       "), and nothing is carried over: give the service an empty database"));
    }
  }
  return rows.size();
}

// Runs `step` in a migration's transaction.
template <class F>
absl::Status InMigration(Connection& connection, F step) {
  TRY(BeginMigration(connection));
  absl::Status status = step();
  if (status.ok()) status = connection.Together({"COMMIT"});
  if (!status.ok()) connection.Rollback();
  return status;
}

}  // namespace

absl::Status Migrate(Connection& connection, std::string_view area, absl::Span<const Migration> migrations,
                     absl::Time now) {
  TRY(InMigration(connection, [&] {
    return connection.Once(
        "CREATE TABLE IF NOT EXISTS schema_migrations (area TEXT NOT NULL, number BIGINT NOT NULL,"
        " name TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (area, number))");
  }));
  for (bool done = false; !done;) {
    std::string_view name;
    absl::Status status = InMigration(connection, [&]() -> absl::Status {
      ASSIGN(const size_t run, CountRun(connection, area, migrations));
      done = run == migrations.size();
      if (done) return absl::OkStatus();
      name = migrations[run].name;
      return RunMigration(connection, area, migrations[run], now);
    });
    if (!status.ok() && name.empty()) return status;
    if (!status.ok()) {
      return absl::Status(
          status.code() == absl::StatusCode::kUnavailable ? status.code() : absl::StatusCode::kFailedPrecondition,
          absl::StrCat("migration ", name, " failed: ", status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace mestring
