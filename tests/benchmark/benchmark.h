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

// What a figure must reach.
struct Target {
  enum class Kind { kAtLeast, kAtMost } kind;
  double limit;
  std::string unit;  // of the figure beside it
};
inline Target AtLeast(double limit, std::string unit = "") { return {Target::Kind::kAtLeast, limit, std::move(unit)}; }
inline Target AtLeastOn(std::string_view engine, double sqlite, double postgresql) {
  return AtLeast(engine == "sqlite" ? sqlite : postgresql);
}
inline Target AtMost(double limit, std::string unit = "") { return {Target::Kind::kAtMost, limit, std::move(unit)}; }

// The answers of one server in a comparison.
struct Figures {
  double per_second = 0;                 // the median of the slices
  double ratio = 1;                      // to the first in the comparison: the median of the rounds,
  double ratio_low = 1, ratio_high = 1;  // the lowest and the highest
  absl::Duration p50, p99;
  absl::Duration cpu;   // of the server's process, for a call; not that of PostgreSQL's
  double switches = 0;  // of its threads, for a call
};

// One empty RPC, in the form of all services.
ServiceDefinition GatedEmptyDefinition();
// One empty RPC that nothing stands before, in gRPC's two forms. Returns when the process is told to end.
inline constexpr std::string_view kBareCallback = "bare_callback", kBareSynchronous = "bare_synchronous";
int RunBareServer(std::string_view name);

// A server as a process: this program, started again with `serve NAME`.
class ServerProcess {
 public:
  // A server with one empty RPC, without gate, edge or database: kBareCallback or kBareSynchronous.
  explicit ServerProcess(std::string_view bare);
  // A service on a fresh database of an engine ("sqlite", "postgresql"), and a stream if there is a Redis.
  ServerProcess(const ServiceDefinition& definition, std::string_view engine, const RedisServer* redis = nullptr);
  ~ServerProcess();

  // Puts rows into the database before the service starts; the schema is there.
  void Fill(absl::FunctionRef<absl::Status(Database&)> fill);
  // Until it answers. Aborts if it does not.
  void Start();
  void Stop();

  const std::string& address() const { return address_; }
  Client& client() { return *client_; }
  // Of memory that is its own and in use, in bytes.
  int64_t memory() const;
  // Processor time it has used.
  absl::Duration cpu() const;
  // How often its threads have been switched, and how many they are.
  int64_t switches() const;
  int threads() const;
  // "test, PostgreSQL"
  std::string name() const;

 private:
  std::string Log() const;

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
  // `pooled`: each comparison has five times the rounds, for figures that repeat on a machine that is shared.
  Bench(bool quick, bool pooled);

  const bool quick, pooled;
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
  // RPCs beside the empty one behind the gate, 64 in flight, each with its row: against its target, or for orientation
  // only.
  void CompareWithEmpty(const std::vector<Contender>& contenders, Callers callers = Callers::kMany);
  // The same calls on a service with little data and on one with much, with a row for each.
  struct Growing {
    std::string what;
    RpcCall little, much;
  };
  void CompareGrowth(ServerProcess& little, ServerProcess& much, const std::vector<Growing>& calls);
  // In turns; the first is what the others are compared with.
  std::vector<Figures> InTurns(const std::vector<Contender>& contenders, Callers callers = Callers::kMany);

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
  std::unique_ptr<ServerProcess> empty_, bare_callback_, bare_synchronous_;
  bool failed_ = false;
  int met_ = 0, missed_ = 0;
};

// "sqlite" as "SQLite".
std::string_view EngineTitle(std::string_view engine);
// "12,345"
std::string Grouped(double number);
std::string Millis(absl::Duration duration);
double Median(std::vector<double> values);

// Calls in flight against a server.
inline constexpr int kInFlight = 64;

struct Benchmark {
  std::string_view name, what;
  void (*run)(Bench&);
};
// The services that benchmarks start as processes.
using MakeDefinition = ServiceDefinition (*)();

void MeasureRpcs(Bench& bench);
void MeasureDelivery(Bench& bench);
void MeasureRelay(Bench& bench);
void MeasureWatchers(Bench& bench);
void MeasureGrowth(Bench& bench);
void MeasureHousing(Bench& bench);
void MeasureActivities(Bench& bench);
void MeasurePeerSupport(Bench& bench);
void MeasureCouncil(Bench& bench);

}  // namespace mestring
