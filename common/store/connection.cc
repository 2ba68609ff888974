// What connections to both engines have in common.
#include "common/store/connection.h"

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"

namespace mestring {
namespace {

// PostgreSQL: gives up a server that does not answer after this time, so that callers get the error before their
// deadlines; TCP_USER_TIMEOUT does the same for an open connection.
constexpr std::string_view kConnectLimits[] = {"connect_timeout=5", "tcp_user_timeout=10000"};
constexpr absl::Duration kRetryWhenDiskFull = absl::Seconds(10);
// How much of a statement an error shows.
constexpr size_t kSqlShownMax = 200;

}  // namespace

absl::StatusOr<Target> ParseUrl(std::string_view url) {
  absl::string_view rest = url;
  if (absl::ConsumePrefix(&rest, "sqlite:")) {
    // Each connection to ":memory:" is a database of its own.
    if (rest.empty() || rest == ":memory:") {
      return absl::FailedPreconditionError("the database is sqlite:<path>, and the path names a file");
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

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Target& target, Use use, std::string* why) {
  return target.engine == Engine::kSqlite ? OpenSqlite(target.connect, use, why)
                                          : OpenPostgresql(target.connect, use, why);
}

absl::Status Connection::Begin(absl::Span<const std::string_view> statements, Cursor* head) {
  Rows rows;
  TRY(Together(statements, 2, &rows));
  if (rows.size() != 1 || !absl::SimpleAtoi(rows[0][0].value_or(""), &head->epoch) ||
      !absl::SimpleAtoi(rows[0][1].value_or(""), &head->position)) {
    return Failed("stream_head has not exactly one row", statements.back());
  }
  return absl::OkStatus();
}

void Connection::RunAll(absl::Span<Question* const> questions) {
  for (Question* each : questions) each->answer = Run(each->sql, *each->parameters, each->columns, each->rows);
}

void Connection::Rollback() {
  if (lost_ || !InTransaction()) return;
  if (!Together({"ROLLBACK"}).ok()) lost_ = true;
}

absl::Status DatabaseGone() { return Unavailable("DATABASE_UNAVAILABLE", "the database cannot be reached; try again"); }

absl::Status DatabaseFull() {
  return Overloaded("DATABASE_FULL", "the database has no room left; ask an operator to make room", kRetryWhenDiskFull);
}

absl::Status Failed(std::string_view message, std::string_view sql) {
  return absl::InternalError(absl::StrCat("database: ", message, " in: ", sql.substr(0, kSqlShownMax)));
}

}  // namespace mestring
