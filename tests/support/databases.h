// Databases for tests: a fresh, empty one for each test, on each engine.
//
// SQLite lives in a temporary folder. PostgreSQL is a real server: the one named by the environment
// variable TEST_POSTGRES_URL if it is set, else a private one of the test program, started at first use
// from Debian's package, in a temporary folder, on a Unix socket, as an unprivileged user, with fsync on,
// and ended with the process.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "tests/support/process.h"

namespace mestring {

// For INSTANTIATE_TEST_SUITE_P(…, testing::ValuesIn(kEngines), [](const auto& info) { return EngineName(info); }).
#ifdef MESTRING_UNIT_ONLY
inline constexpr const char* kEngines[] = {"sqlite"};  // the sanitizers' build starts no other program
#else
inline constexpr const char* kEngines[] = {"sqlite", "postgresql"};
#endif
inline std::string EngineName(const auto& info) { return info.param; }

// A private PostgreSQL server. Throws if there is none to start, which fails the test.
class PostgresServer {
 public:
  PostgresServer();
  ~PostgresServer();

  // The one that tests of this process share.
  static PostgresServer& Shared();

  // The URL of one of its databases, as Database::Options takes it.
  std::string Url(std::string_view database) const;
  // Runs a statement in the database "postgres"; false if it fails. Returns its first value in `value`.
  bool Execute(const std::string& sql, std::string* value = nullptr) const;

  // SIGKILL to the server, as if the machine had died, and up again. Private servers only.
  void Restart();
  void Kill();
  void Start();

 private:
  explicit PostgresServer(const char* foreign_url);

  std::unique_ptr<TempFolder> folder_;  // null: somebody else's server
  std::string base_;                    // libpq's key=value form, without dbname
  Process process_;
};

// A fresh, empty database; removed at the end.
class TestDatabase {
 public:
  // `engine`: "sqlite" or "postgresql"; `server`: another one than the shared.
  explicit TestDatabase(std::string_view engine, PostgresServer* server = nullptr);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;

  const std::string& url() const { return url_; }
  std::string_view engine() const { return engine_; }
  // SQLite: the file.
  std::string path() const { return folder_.path() + "/test.db"; }
  // PostgreSQL: its name and server.
  const std::string& name() const { return name_; }
  PostgresServer& server() const { return *server_; }

 private:
  const std::string engine_;
  TempFolder folder_;
  PostgresServer* server_ = nullptr;
  std::string name_, url_;
};

}  // namespace mestring
