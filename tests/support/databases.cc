// The server is reached over a Unix socket in its own folder, so that no port can be taken twice. It is
// started by process id and dies with the test process, also if that is killed (tests/support/process.h);
// PostgreSQL refuses to run as root, so root becomes the user that Debian's package made.
#include "tests/support/databases.h"

#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

constexpr char kPrograms[] = "/usr/lib/postgresql/15/bin/";

[[noreturn]] void Die(const std::string& why) { throw std::runtime_error("the tests need PostgreSQL: " + why); }

// What to put before a server program so that it does not run as root.
std::vector<std::string> Unprivileged() {
  if (geteuid() != 0) return {};
  return {"setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--pdeathsig", "KILL", "--"};
}

std::vector<std::string> Command(std::vector<std::string> arguments) {
  std::vector<std::string> command = Unprivileged();
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

// What `url` says, in the key=value form, but for the database's name.
std::string WithoutDatabase(const std::string& url) {
  char* error = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &error);
  if (options == nullptr) Die(absl::StrCat("TEST_POSTGRES_URL: ", error == nullptr ? "" : error));
  std::string text;
  for (PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val == nullptr || std::string_view(option->keyword) == "dbname") continue;
    absl::StrAppend(&text, option->keyword, "=", option->val, " ");
  }
  PQconninfoFree(options);
  return text;
}

}  // namespace

PostgresServer::PostgresServer() : folder_(std::make_unique<TempFolder>()) {
  if (geteuid() == 0) {
    const passwd* user = getpwnam("postgres");
    if (user == nullptr || chown(folder_->path().c_str(), user->pw_uid, user->pw_gid) != 0) {
      Die("there is no user postgres to run it as");
    }
  }
  Process initdb;
  if (!initdb.Start(Command({absl::StrCat(kPrograms, "initdb"), "--pgdata", folder_->path() + "/data", "--username",
                             "postgres", "--auth", "trust", "--no-locale", "--encoding", "UTF8", "--no-sync"}),
                    {}, folder_->path() + "/initdb.log") ||
      initdb.Wait() != 0) {
    Die("initdb failed");
  }
  base_ = absl::StrCat("host=", folder_->path(), " user=postgres ");
  Start();
}

PostgresServer::PostgresServer(const char* foreign_url) : base_(WithoutDatabase(foreign_url)) {}

PostgresServer::~PostgresServer() {
  if (folder_ == nullptr) return;
  // A fast shutdown: SIGINT. The data is thrown away, so nothing is lost if it takes too long.
  process_.Signal(SIGINT);
  WaitUntil([this] { return !process_.Running(); }, 10);
  process_.Kill();
}

PostgresServer& PostgresServer::Shared() {
  static PostgresServer& server = []() -> PostgresServer& {
    if (const char* url = getenv("TEST_POSTGRES_URL"); url != nullptr && *url != '\0') {
      static PostgresServer foreign{url};
      return foreign;
    }
    static PostgresServer own;
    return own;
  }();
  return server;
}

std::string PostgresServer::Url(std::string_view database) const {
  return absl::StrCat("postgresql:", base_, "dbname=", database);
}

bool PostgresServer::Execute(const std::string& sql, std::string* value) const {
  PGconn* connection = PQconnectdb(absl::StrCat(base_, "dbname=postgres connect_timeout=5").c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  if (value != nullptr && PQntuples(result) > 0) *value = PQgetvalue(result, 0, 0);
  PQclear(result);
  PQfinish(connection);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

void PostgresServer::Start() {
  if (folder_ == nullptr) Die("a server that others use is not to be restarted");
  if (!process_.Start(Command({absl::StrCat(kPrograms, "postgres"), "-D", folder_->path() + "/data", "-k",
                               folder_->path(), "-c", "listen_addresses=", "-c", "max_connections=200"}),
                      {}, folder_->path() + "/postgres.log") ||
      !WaitUntil([this] { return Execute("SELECT 1"); })) {
    Die("the server did not come up");
  }
}

void PostgresServer::Kill() {
  EXPECT_TRUE(process_.Running()) << "there was no server to kill";
  process_.Signal(SIGQUIT);  // an immediate end, without a checkpoint: as kill -9, but with all its processes
  WaitUntil([this] { return !process_.Running(); }, 10);
  process_.Kill();
}

void PostgresServer::Restart() {
  Kill();
  Start();
}

TestDatabase::TestDatabase(std::string_view engine, PostgresServer* server) : engine_(engine) {
  if (engine_ == "sqlite") {
    url_ = "sqlite:" + path();
    return;
  }
  server_ = server != nullptr ? server : &PostgresServer::Shared();
  static std::atomic<int> count{0};
  name_ = absl::StrCat("test_", getpid(), "_", ++count);
  if (!server_->Execute(absl::StrCat("CREATE DATABASE ", name_))) Die("cannot create a database");
  url_ = server_->Url(name_);
}

TestDatabase::~TestDatabase() {
  if (server_ != nullptr) server_->Execute(absl::StrCat("DROP DATABASE IF EXISTS ", name_, " WITH (FORCE)"));
}

}  // namespace mestring
