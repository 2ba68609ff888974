// What a service holds when it has nothing to do, and while 2,000 calls are sent to it at once: memory of its own, and
// threads, whose number must not depend on the calls.
#include <algorithm>
#include <atomic>
#include <thread>

#include "absl/strings/str_format.h"
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"
#include "tests/support/test_service.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

constexpr int kAtOnce = 2000;
constexpr int kBursts = 5;

double Mebibytes(int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

// Looks at a process again and again, and keeps the most that it saw.
class Peak {
 public:
  explicit Peak(const ServerProcess& server)
      : watcher_([this, &server] {
          WaitUntil([&] {
            memory_ = std::max(memory_, server.memory());
            threads_ = std::max(threads_, server.threads());
            return done_.load();
          });
        }) {}
  ~Peak() { End(); }
  void End() {
    done_ = true;
    if (watcher_.joinable()) watcher_.join();
  }
  // After End.
  int64_t memory() const { return memory_; }
  int threads() const { return threads_; }

 private:
  std::atomic<bool> done_{false};
  int64_t memory_ = 0;
  int threads_ = 0;
  std::thread watcher_;  // last: it uses the rest
};

void MeasureOn(Bench& bench, std::string_view engine) {
  const RedisServer redis;
  ServerProcess service(TestServiceDefinition(), engine, &redis);
  service.Start();
  const std::string on = absl::StrCat(", ", EngineTitle(engine));
  const double idle = Mebibytes(service.memory());
  const int idle_threads = service.threads();
  bench.Row("memory of an idle service" + on, "", idle, absl::StrFormat("%.1f MiB", idle), AtMost(20, " MiB"));

  LoadResult all;
  Peak peak(service);
  for (int i = 0; i < kBursts; ++i) {
    // No time: each call is made once.
    const LoadResult burst = service.client().RunClosed(WriteNote(), kAtOnce, absl::ZeroDuration(), Callers::kOne);
    all.refused += burst.refused;
    all.failed += burst.failed;
    if (burst.failed > 0) all.error = burst.error;
  }
  peak.End();
  if (all.failed > 0) bench.Fail(absl::StrCat(all.failed, " calls failed, one with ", all.error));
  const double most = Mebibytes(peak.memory());
  bench.Row(absl::StrCat("the same, ", Grouped(kAtOnce), " calls at once") + on,
            absl::StrCat(Grouped(all.refused), " of ", Grouped(kAtOnce * kBursts), " refused at once"), most,
            absl::StrFormat("%.1f MiB", most), AtMost(200, " MiB"));
  bench.Row("threads that come with the calls" + on, "", peak.threads() - idle_threads,
            absl::StrCat(idle_threads, " idle, ", peak.threads(), " at most"), AtMost(0));
}

}  // namespace

void MeasureMemory(Bench& bench) {
  bench.Heading("Memory and threads of a service");
  for (const char* engine : kEngines) MeasureOn(bench, engine);
}

}  // namespace mestring
