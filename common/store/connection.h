// One connection to a database, of either engine; it turns the errors of SOCI into statuses. Only the kernel uses it;
// other code reads and writes through a Tx.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/base/ids.h"
#include "common/store/value.h"

// SOCI's configuration header asks for Boost, which nothing here needs.
#define SOCICONFIG_H_INCLUDED
#define SOCI_HAVE_CXX11
#include <soci/soci.h>

struct pg_conn;

namespace mestring {

enum class Engine { kSqlite, kPostgresql };

struct Target {
  Engine engine = Engine::kSqlite;
  std::string connect;  // a path, or what libpq takes
};
// Of "sqlite:<path>" or "postgresql:…".
absl::StatusOr<Target> ParseUrl(std::string_view url);

// The database cannot be reached.
absl::Status DatabaseGone();
// Records in `healthy` whether an attempt reached the database, and returns its status.
inline absl::Status Noted(absl::Status status, std::atomic<bool>& healthy) {
  healthy = !absl::IsUnavailable(status);
  return status;
}
// The error of a statement that failed unexpectedly: INTERNAL, with the text of the statement and never a bound value.
absl::Status Failed(std::string_view message, std::string_view sql);

// Not thread-safe.
class Connection {
 public:
  enum class Use { kWrite, kRead };

  // `why` receives the library's own words if the database cannot be reached: for the operator at the start, not for
  // callers, because they name hosts and users.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Target& target, Use use, std::string* why = nullptr);

  Engine engine() const { return engine_; }
  // Whether the server is gone, or may no longer be used: close the connection.
  bool lost() const { return lost_; }

  // Runs one prepared statement; see Tx::Run.
  absl::StatusOr<int64_t> Run(std::string_view sql, const std::vector<Value>& parameters, size_t columns = 0,
                              std::vector<std::vector<Cell>>* rows = nullptr);
  // Runs statements without parameters, on PostgreSQL in one round trip. `rows` are those of the last.
  absl::Status Together(absl::Span<const std::string_view> statements, size_t columns = 0,
                        std::vector<std::vector<Cell>>* rows = nullptr);
  // Runs one text that is not worth keeping prepared.
  absl::Status Once(std::string_view sql, size_t columns = 0, std::vector<std::vector<Cell>>* rows = nullptr);

  // Begins a transaction with `statements`, the last of which selects epoch and position; `head` is the end of the
  // log as it sees it.
  absl::Status Begin(absl::Span<const std::string_view> statements, Cursor* head);
  // Ends whatever transaction is open. On an error the connection counts as lost.
  void Rollback();
  // SQLite ends the whole transaction by itself after some errors (disk full, I/O).
  bool InTransaction();

 private:
  explicit Connection(Engine engine) : engine_(engine) {}

  pg_conn* Server();
  absl::Status Connect(const Target& target, std::string* why);
  absl::Status SetUp(Use use);
  absl::Status SetUpSqlite(Use use);
  absl::Status CheckDurability();
  soci::statement* Prepared(std::string_view sql);
  void Release(std::string_view sql);
  int64_t Execute(soci::statement& statement, const std::vector<Value>& parameters, size_t columns,
                  std::vector<std::vector<Cell>>* rows);
  template <class F>
  absl::StatusOr<int64_t> Guarded(std::string_view sql, F run);

  const Engine engine_;
  soci::session session_;  // before the statements: it is destroyed after them
  absl::flat_hash_map<std::string, std::unique_ptr<soci::statement>> statements_;
  std::vector<std::unique_ptr<soci::statement>> released_;
  bool lost_ = false;
};

}  // namespace mestring
