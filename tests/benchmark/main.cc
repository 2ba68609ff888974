// The benchmarks, and the servers that they start (`serve NAME`). See tests/benchmark/run.
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <string_view>

#include "common/process/run_service.h"
#include "services/activities/activities.h"
#include "services/council/council.h"
#include "services/housing/housing.h"
#include "services/peer_support/peer_support.h"
#include "tests/benchmark/benchmark.h"
#include "tests/support/test_service.h"

namespace mestring {
namespace {

constexpr Benchmark kBenchmarks[] = {
    {"rpc", "write and read RPCs beside the empty gated one", MeasureRpcs},
    {"peer", "a durable write and a logged read beside a peer in Node.js", MeasurePeer},
    {"memory", "memory and threads, idle and with 2,000 calls at once", MeasureMemory},
    {"housing", "RPCs of housing beside the empty gated one, and as its data grows", MeasureHousing},
    {"activities", "RPCs of activities beside the empty gated one, and as its sessions grow", MeasureActivities},
    {"peer_support", "RPCs of peer support beside the empty gated one", MeasurePeerSupport},
    {"council", "RPCs of the council beside the empty gated one", MeasureCouncil},
    {"delivery", "from the commit to a subscriber", MeasureDelivery},
    {"relay", "from the log to the stream, and a flushed stream filled again", MeasureRelay},
    {"watchers", "a thousand watchers", MeasureWatchers},
    {"growth", "the same RPCs on little and on much data", MeasureGrowth},
};
constexpr MakeDefinition kServices[] = {GatedDefinition,      TestServiceDefinition, HousingDefinition,
                                        ActivitiesDefinition, PeerSupportDefinition, CouncilDefinition};
constexpr int kPooledRuns = 5;

int Serve(std::string_view name, char* program) {
  if (name == kBareCallback || name == kBareSynchronous) return RunBareServer(name);
  for (const MakeDefinition make : kServices) {
    const ServiceDefinition definition = make();
    if (definition.name == name) return RunService(1, &program, definition);
  }
  return 2;
}

int Usage() {
  fprintf(stderr,
          "usage: tests/benchmark/run [--quick] [--pooled] [NAME…]\n\nMeasures all, or those that are named:\n");
  for (const Benchmark& each : kBenchmarks) {
    fprintf(stderr, "  %-12s %s\n", std::string(each.name).c_str(), std::string(each.what).c_str());
  }
  return 2;
}

// In what the figures were taken.
void PrintSurroundings(bool quick) {
  double load[1] = {0};
  getloadavg(load, 1);
  char date[32];
  const time_t now = time(nullptr);
  strftime(date, sizeof date, "%Y-%m-%d %H:%M", localtime(&now));
  printf("%s, %ld cores, load %.1f at the start, %s run. Compare ratios, and those within one run only.\n\n", date,
         sysconf(_SC_NPROCESSORS_ONLN), load[0], quick ? "quick" : "full");
}

int Run(int argc, char** argv) {
  bool quick = false;
  int runs = 1;
  std::vector<std::string_view> names;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const bool known = std::any_of(std::begin(kBenchmarks), std::end(kBenchmarks),
                                   [&](const Benchmark& each) { return each.name == argument; });
    if (argument == "--quick") {
      quick = true;
    } else if (argument == "--pooled") {
      runs = kPooledRuns;
    } else if (known) {
      names.push_back(argument);
    } else {
      return Usage();
    }
  }
  PrintSurroundings(quick);
  Bench bench(quick, runs);
  for (int run = 1; run <= runs; ++run) {
    if (runs > 1) printf("\nRun %d of %d\n", run, runs);
    for (const Benchmark& each : kBenchmarks) {
      if (names.empty() || std::count(names.begin(), names.end(), each.name) > 0) each.run(bench);
    }
  }
  return bench.Finish();
}

}  // namespace
}  // namespace mestring

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "serve") return mestring::Serve(argv[2], argv[0]);
  return mestring::Run(argc, argv);
}
