// What every benchmark is made of: servers as processes of their own, the table, and comparisons that
// are made in turns.
//
// A benchmark is a function; adding one is a file with that function and a line in main.cc. For the RPCs
// of a service it is a few lines, see housing.cc.
//
// The machine is never quiet, so nothing is compared across runs: what is compared takes turns, slice by
// slice, and a ratio is the median of the ratios of neighbouring slices.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/process/server.h"
#include "common/store/database.h"
#include "tests/benchmark/load.h"
#include "tests/support/databases.h"
#include "tests/support/process.h"
#include "tests/support/redis.h"

namespace mestring {

// Calls in flight against a server.
inline constexpr int kInFlight = 64;
// The two servers without a gate.
inline constexpr char kBareCallback[] = "bare_callback", kBareSynchronous[] = "bare_synchronous";

// What a figure must reach.
struct Target {
  enum class Kind { kAtLeast, kAtMost } kind;
  double limit;
  std::string unit;  // of the figure beside it
};
inline Target AtLeast(double limit, std::string unit = "") { return {Target::Kind::kAtLeast, limit, std::move(unit)}; }
inline Target AtMost(double limit, std::string unit = "") { return {Target::Kind::kAtMost, limit, std::move(unit)}; }
// A target that differs between the engines: the first limit is for "sqlite", the second for "postgresql".
inline double ByEngine(std::string_view engine, double sqlite, double postgresql) {
  return engine == "sqlite" ? sqlite : postgresql;
}

// The answers of one server in a comparison.
struct Figures {
  double per_second = 0;                 // the median of the slices
  double ratio = 1;                      // to the first in the comparison: the median of the rounds,
  double ratio_low = 1, ratio_high = 1;  // the lowest and the highest
  absl::Duration p50, p99;
  // For a call, of the server's process and not of PostgreSQL's.
  absl::Duration cpu;
  double switches = 0;  // of context
};

// A server as a process: this program, started again with `serve NAME`.
class ServerProcess {
 public:
  // A server with the empty RPC only, without gate, edge or database: kBareCallback or kBareSynchronous.
  static std::unique_ptr<ServerProcess> Bare(std::string_view form);
  // The peer in this folder (see peer.cc).
  static std::unique_ptr<ServerProcess> Peer(std::string folder, const RedisServer& redis);
  // A service on a fresh database of an engine ("sqlite", "postgresql"), and a stream if there is a Redis.
  ServerProcess(const ServiceDefinition& definition, std::string_view engine, const RedisServer* redis = nullptr);
  ~ServerProcess();

  // Puts rows into the database before the service starts; the schema is there.
  void Fill(absl::FunctionRef<absl::Status(Database&)> fill);
  // Gives PostgreSQL the statistics of the tables as they are now, also while the service runs.
  void Analyze();
  // Until it answers. Aborts if it does not.
  void Start();
  void Stop();

  const std::string& address() const { return address_; }
  Client& client() { return *client_; }
  // Of memory that is its own and in use, in bytes.
  int64_t memory() const;
  // Processor time it has used.
  absl::Duration cpu() const;
  // How often its threads were switched off a core, because they waited or because their time was over.
  int64_t switches() const;
  int threads() const;
  // "test, PostgreSQL"
  std::string name() const;

 private:
  explicit ServerProcess(std::string_view name) : service_(name) {}
  std::string Log() const;
  void StartService();
  void StartPeer();
  // `port_in` returns the port when the log shows that the server is up, and 0 until then.
  void StartAndWait(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                    absl::FunctionRef<int(std::string_view log)> port_in);

  std::string peer_;  // its folder
  std::string service_, engine_, redis_url_;
  absl::Span<const Migration> schema_, shared_schema_;
  TempFolder folder_;
  std::unique_ptr<TestDatabase> database_;
  Process process_;
  int starts_ = 0;
  std::string log_file_, address_;
  std::unique_ptr<Client> client_;
};

class Bench {
 public:
  // All is run so many times; the targets are for the medians of the runs.
  Bench(bool quick, int runs);

  const bool quick;
  const int runs;
  // `full` in a full run, `quick` in a quick one.
  template <class T>
  T Choose(T full_run, T quick_run) const {
    return quick ? quick_run : full_run;
  }

  // --- The table ---
  void Heading(std::string_view title);
  // A figure for orientation.
  void Row(std::string_view what, std::string_view figures, std::string_view shown = "");
  // A figure with a target: `value` is compared, `shown` is how it reads.
  void Row(std::string_view what, std::string_view figures, double value, std::string_view shown, const Target& target);
  // Something did not work; the run ends with 1.
  void Fail(std::string_view why);
  // Ends with 1 if a benchmark did not work. Targets that are missed are in the table.
  int Finish();

  // --- Comparisons ---
  struct Contender {
    std::string what;
    ServerProcess* server;
    RpcCall call;
    std::optional<Target> target;
  };
  // In turns, each with its row: against its target, or for orientation only. `of`: what the first one is called.
  void Compare(const std::vector<Contender>& contenders, std::string_view of, Callers callers = Callers::kMany,
               int in_flight = kInFlight);
  // The same beside the empty gated RPC.
  void CompareWithGated(std::vector<Contender> contenders, Callers callers = Callers::kMany);
  // The same calls on a service with little data and on one with much, with a row for each.
  struct Growing {
    std::string what;
    RpcCall little, much;
  };
  void CompareGrowth(ServerProcess& little, ServerProcess& much, const std::vector<Growing>& calls);
  // In turns; the first is what the others are compared with.
  std::vector<Figures> InTurns(const std::vector<Contender>& contenders, Callers callers, int in_flight);

  // Reads an answer of a set-up call; a failure ends the program: nothing after it would mean anything.
  template <class Response>
  static Response Must(absl::StatusOr<std::string> bytes) {
    Response response;
    if (!bytes.ok()) Die(bytes.status());
    response.ParseFromString(*bytes);
    return response;
  }
  [[noreturn]] static void Die(const absl::Status& status);

 private:
  // A row with a target, and its value in each run.
  struct Judged {
    std::string heading, what;
    Target target;
    std::vector<double> values;
  };

  std::string heading_;
  std::vector<Judged> judged_;
  std::unique_ptr<ServerProcess> gated_;
  bool failed_ = false;
};

// "sqlite" as "SQLite".
std::string_view EngineTitle(std::string_view engine);
// "12,345"
std::string Grouped(double number);
std::string Millis(absl::Duration duration);
double Median(std::vector<double> values);

struct Benchmark {
  std::string_view name, what;
  void (*run)(Bench&);
};
// The services that benchmarks start as processes.
using MakeDefinition = ServiceDefinition (*)();

void MeasureRpcs(Bench& bench);
void MeasurePeer(Bench& bench);
void MeasureMemory(Bench& bench);
void MeasureDelivery(Bench& bench);
void MeasureRelay(Bench& bench);
void MeasureWatchers(Bench& bench);
void MeasureGrowth(Bench& bench);
void MeasureHousing(Bench& bench);
void MeasureActivities(Bench& bench);
void MeasurePeerSupport(Bench& bench);
void MeasureCouncil(Bench& bench);

// The service of the empty gated RPC, the yardstick (empty.cc).
ServiceDefinition GatedDefinition();
// main() of a bare server: prints its port, and serves until it is stopped.
int RunBareServer(std::string_view form);
// Such calls as these servers answer; the bare ones do not look at the token.
RpcCall EmptyCall();

}  // namespace mestring
