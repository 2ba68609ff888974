// Servers of benchmarks. They are this program started again, so that one build has all of them, and
// processes of their own, because a server that shares a process with its client shares locks, memory and
// gRPC's threads with it.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/benchmark/benchmark.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

constexpr char kThisProgram[] = "/proc/self/exe";
constexpr char kPeer[] = "peer";

std::string ThisProgram() {
  char path[4096];
  const ssize_t size = readlink(kThisProgram, path, sizeof path);
  return std::string(path, size > 0 ? size : 0);
}

std::string TasksOf(const Process& process) { return absl::StrCat("/proc/", process.pid(), "/task"); }

// What libpq's programs take.
std::string ConnectionOf(const TestDatabase& database) {
  return std::string(absl::StripPrefix(database.url(), "postgresql:"));
}

// The number after `"name":`, or 0.
int NumberIn(std::string_view line, std::string_view name) {
  const size_t at = line.find(absl::StrCat("\"", name, "\":"));
  int number = 0;
  if (at == line.npos) return 0;
  line.remove_prefix(at + name.size() + 3);
  return absl::SimpleAtoi(line.substr(0, line.find_first_not_of("0123456789")), &number) ? number : 0;
}

}  // namespace

ServerProcess::ServerProcess(const ServiceDefinition& definition, std::string_view engine, const RedisServer* redis)
    : service_(definition.name),
      engine_(engine),
      redis_url_(redis == nullptr ? "" : redis->url()),
      schema_(definition.schema),
      shared_schema_(definition.shared_schema),
      database_(std::make_unique<TestDatabase>(engine)) {
  ReplaceFile(folder_.path() + "/jwks.json", TestKeySet());
}

ServerProcess::~ServerProcess() { Stop(); }

std::unique_ptr<ServerProcess> ServerProcess::Bare(std::string_view form) {
  auto bare = std::unique_ptr<ServerProcess>(new ServerProcess(form));
  bare->Start();
  return bare;
}

std::unique_ptr<ServerProcess> ServerProcess::Peer(std::string folder, const RedisServer& redis) {
  auto peer = std::unique_ptr<ServerProcess>(new ServerProcess(kPeer));
  peer->peer_ = std::move(folder);
  peer->redis_url_ = redis.url();
  ReplaceFile(peer->folder_.path() + "/jwks.json", TestKeySet());
  peer->Start();
  return peer;
}

std::string ServerProcess::name() const {
  return engine_.empty() ? service_ : absl::StrCat(service_, ", ", EngineTitle(engine_));
}

void ServerProcess::Fill(absl::FunctionRef<absl::Status(Database&)> fill) {
  static const SystemClock clock;
  Database::Options options;
  options.url = database_->url();
  options.clock = &clock;
  options.zone = absl::UTCTimeZone();
  options.event_source = "/municipalities/1108/" + service_;
  const absl::StatusOr<std::unique_ptr<Database>> db = Database::Open(std::move(options), schema_, shared_schema_);
  absl::Status filled = db.ok() ? fill(**db) : db.status();
  if (!filled.ok()) Bench::Die(filled);
  Analyze();
}

void ServerProcess::Analyze() {
  if (engine_ != "postgresql") return;
  Process psql;
  const std::vector<std::string> command = {"psql",      "--quiet", "--dbname", ConnectionOf(*database_),
                                            "--command", "ANALYZE"};
  if (!psql.Start(command) || psql.Wait() != 0) {
    Bench::Die(absl::InternalError("psql cannot run ANALYZE"));
  }
}

std::string ServerProcess::Log() const {
  std::ifstream file(log_file_);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void ServerProcess::Start() {
  // Its log goes to a file, as in life: a line for each RPC. A new one for each start, to find the port in.
  log_file_ = absl::StrCat(folder_.path(), "/log-", ++starts_);
  peer_.empty() ? StartService() : StartPeer();
  client_ = std::make_unique<Client>(address_);
}

void ServerProcess::StartService() {
  std::vector<std::string> environment;
  if (database_ != nullptr) {
    environment = {
        "MESTRING_DATABASE=" + database_->url(), "MESTRING_REDIS_URL=" + redis_url_, "MESTRING_LISTEN=127.0.0.1:0",
        "MESTRING_METRICS_LISTEN=127.0.0.1:0", "MESTRING_HEALTH_LISTEN=127.0.0.1:0",
        // Nobody answers there: what a service hears from others is not measured.
        "MESTRING_OWNERS=activities=127.0.0.1:1,peer_support=127.0.0.1:1",
        absl::StrCat("MESTRING_JWKS_FILE=", folder_.path(), "/jwks.json"),
        absl::StrCat("MESTRING_TOKEN_ISSUER=", kTestIssuer), absl::StrCat("MESTRING_TOKEN_AUDIENCE=", kTestAudience)};
  }
  StartAndWait({ThisProgram(), "serve", service_}, environment, [](std::string_view log) {
    const size_t started = log.find("\"event\":\"service.started\"");
    return started == log.npos ? 0 : NumberIn(log.substr(started), "port");
  });
}

void ServerProcess::StartPeer() {
  const int port = FreePort();
  const std::string protos = absl::StrCat(MESTRING_SOURCE_DIR, "/protos");
  StartAndWait({"node", peer_ + "/peer.mjs", "--port", absl::StrCat(port), "--db", folder_.path() + "/peer.db",
                "--redis", redis_url_, "--jwks", folder_.path() + "/jwks.json", "--protos",
                absl::StrCat(MESTRING_SOURCE_DIR, "/tests/support"), "--protos", protos, "--issuer", kTestIssuer,
                "--audience", kTestAudience},
               {}, [port](std::string_view log) { return absl::StartsWith(log, "ready") ? port : 0; });
}

void ServerProcess::StartAndWait(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                                 absl::FunctionRef<int(std::string_view log)> port_in) {
  if (!process_.Start(command, environment, log_file_)) {
    Bench::Die(absl::InternalError(name() + " cannot be started"));
  }
  int port = 0;
  const bool up = WaitUntil([&] {
    port = port_in(Log());
    return port != 0 || !process_.Running();
  });
  if (!up || port == 0) Bench::Die(absl::InternalError(absl::StrCat(name(), " does not come up: ", Log())));
  address_ = absl::StrCat("127.0.0.1:", port);
}

void ServerProcess::Stop() {
  client_.reset();
  if (process_.Running()) process_.Stop();
}

int64_t ServerProcess::memory() const {
  std::ifstream status(absl::StrCat("/proc/", process_.pid(), "/smaps_rollup"));
  int64_t kilobytes = 0;
  for (std::string line; std::getline(status, line);) {
    int64_t number = 0;
    if (absl::StartsWith(line, "Private_") &&
        absl::SimpleAtoi(line.substr(line.find(':') + 1, line.rfind(" kB") - line.find(':') - 1), &number)) {
      kilobytes += number;
    }
  }
  return kilobytes << 10;
}

absl::Duration ServerProcess::cpu() const {
  std::ifstream file(absl::StrCat("/proc/", process_.pid(), "/stat"));
  const std::string stat(std::istreambuf_iterator<char>(file), {});
  // After the name in parentheses, which may hold anything: fields 3 and on; utime and stime are 14 and 15.
  std::vector<std::string> fields = absl::StrSplit(stat.substr(stat.rfind(')') + 2), ' ');
  int64_t user = 0, system = 0;
  if (fields.size() < 13 || !absl::SimpleAtoi(fields[11], &user) || !absl::SimpleAtoi(fields[12], &system)) return {};
  return absl::Seconds(static_cast<double>(user + system) / sysconf(_SC_CLK_TCK));
}

// The number of threads does not change during a measurement, so none takes its count away with it.
int64_t ServerProcess::switches() const {
  int64_t sum = 0;
  for (const auto& task : std::filesystem::directory_iterator(TasksOf(process_))) {
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      int64_t number = 0;
      if (absl::StrContains(line, "ctxt_switches:") && absl::SimpleAtoi(line.substr(line.find(':') + 1), &number)) {
        sum += number;
      }
    }
  }
  return sum;
}

int ServerProcess::threads() const {
  const std::filesystem::directory_iterator tasks(TasksOf(process_));
  return static_cast<int>(std::distance(begin(tasks), end(tasks)));
}

}  // namespace mestring
