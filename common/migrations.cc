#include "common/migrations.h"

#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace mestring {
namespace {

// Migrations may take longer, and wait for another replica that is migrating.
constexpr std::string_view kMigrationLimits = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10min'";
// One migration at a time, over all replicas. The number is arbitrary, and ours.
constexpr std::string_view kMigrationLock = "SELECT pg_advisory_xact_lock(1108711)";

// The statements of a migration: comments removed (SOCI would look for placeholders in them), split
// where a ";" ends a line.
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

absl::Status BeginMigration(Connection& connection) {
  if (connection.engine() == Engine::kSqlite) return connection.Together({"BEGIN IMMEDIATE"});
  return connection.Together({"BEGIN", kMigrationLimits, kMigrationLock});
}

// Within BeginMigration.
absl::Status RunMigration(Connection& connection, std::string_view area, const Migration& migration, absl::Time now) {
  std::vector<std::vector<Cell>> rows;
  TRY(connection
          .Run("SELECT 1 FROM schema_migrations WHERE area = :area AND number = :number",
               {std::string(area), int64_t{migration.number}}, 1, &rows)
          .status());
  if (!rows.empty()) return absl::OkStatus();
  for (const std::string& statement : StatementsOf(migration.sql)) TRY(connection.Once(statement));
  return connection
      .Run("INSERT INTO schema_migrations (area, number, name, applied_at) VALUES (:area, :number, :name, :time)",
           {std::string(area), int64_t{migration.number}, std::string(migration.name), absl::ToUnixMicros(now)})
      .status();
}

// A database that a newer program has migrated is not touched: this one does not know what it means.
absl::Status CheckNotNewer(Connection& connection, std::string_view area, absl::Span<const Migration> migrations) {
  const int known = migrations.empty() ? 0 : migrations.back().number;
  std::vector<std::vector<Cell>> rows;
  TRY(connection
          .Run("SELECT name FROM schema_migrations WHERE area = :area AND number > :known ORDER BY number",
               {std::string(area), int64_t{known}}, 1, &rows)
          .status());
  if (rows.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the database's schema (", rows.back()[0].value_or(""),
                                                    ") is newer than this program; start the newer program"));
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
  TRY(InMigration(connection, [&]() -> absl::Status {
    TRY(
        connection.Once("CREATE TABLE IF NOT EXISTS schema_migrations (area TEXT NOT NULL, number BIGINT NOT NULL,"
                        " name TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY (area, number))"));
    return CheckNotNewer(connection, area, migrations);
  }));
  for (const Migration& migration : migrations) {
    absl::Status status = InMigration(connection, [&] { return RunMigration(connection, area, migration, now); });
    if (!status.ok()) {
      return absl::Status(
          status.code() == absl::StatusCode::kUnavailable ? status.code() : absl::StatusCode::kFailedPrecondition,
          absl::StrCat("migration ", migration.name, " failed: ", status.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace mestring
