// The table, and comparisons in turns.
#include "tests/benchmark/benchmark.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "mestring/test/v1/test.pb.h"
#include "tests/support/tokens.h"

namespace mestring {
namespace {

// A slice is long enough for some thousand calls and short enough that its neighbours see the same machine.
constexpr absl::Duration kSlice = absl::Seconds(1), kSliceQuick = absl::Milliseconds(400);
constexpr int kRounds = 7, kRoundsQuick = 3;
// Connections, prepared statements and tokens are made in it; not counted.
constexpr absl::Duration kWarmUp = absl::Milliseconds(400);

constexpr int kWidths[] = {56, 50, 30, 12};

void PrintLine(std::string_view what, std::string_view figures, std::string_view shown, std::string_view target,
               std::string_view verdict) {
  const std::string_view cells[] = {what, figures, shown, target};
  std::string line;
  for (int i = 0; i < 4; ++i) {
    absl::StrAppend(&line, cells[i]);
    // Not by bytes: "≥" has three.
    size_t columns = std::count_if(cells[i].begin(), cells[i].end(), [](char c) { return (c & 0xC0) != 0x80; });
    do line.push_back(' ');
    while (++columns < static_cast<size_t>(kWidths[i]));
  }
  absl::StrAppend(&line, verdict);
  line.erase(line.find_last_not_of(' ') + 1);
  printf("%s\n", line.c_str());
  fflush(stdout);
}

std::string Rate(const Figures& figures) {
  return absl::StrCat(Grouped(figures.per_second), "/s  ", Millis(figures.p50), "  ", Millis(figures.p99), "  ",
                      absl::ToInt64Microseconds(figures.cpu), " µs  ", absl::StrFormat("%.1f", figures.switches));
}

bool Met(const Target& target, double value) {
  return target.kind == Target::Kind::kAtLeast ? value >= target.limit : value <= target.limit;
}

// "≥ 0.5"
std::string Shown(const Target& target) {
  return absl::StrCat(target.kind == Target::Kind::kAtLeast ? "≥ " : "≤ ",
                      target.limit >= 1000 ? Grouped(target.limit) : absl::StrCat(target.limit), target.unit);
}

// "0.62 (0.58-0.70)": the median and the range of the rounds.
std::string Ratio(double ratio, double low, double high) {
  return absl::StrFormat("%.2f (%.2f-%.2f)", ratio, low, high);
}

}  // namespace

RpcCall EmptyCall() {
  return CallOf<test::v1::EmptyRequest>(Token({access::v1::ROLE_STAFF}),
                                        [](int64_t) { return test::v1::EmptyRequest(); });
}

std::string_view EngineTitle(std::string_view engine) { return engine == "sqlite" ? "SQLite" : "PostgreSQL"; }

std::string Grouped(double number) {
  std::string digits = absl::StrCat(std::llround(number));
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(at, 1, ',');
  return digits;
}

std::string Millis(absl::Duration duration) { return absl::StrFormat("%.2f ms", absl::ToDoubleMilliseconds(duration)); }

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Bench::Bench(bool quick_run, int runs_in_all) : quick(quick_run), runs(runs_in_all) {
  PrintLine("", "per second, p50, p99, server's CPU, switches", "compared", "target", "");
}

void Bench::Heading(std::string_view title) {
  heading_ = title;
  printf("\n%s\n", heading_.c_str());
}

void Bench::Row(std::string_view what, std::string_view figures, std::string_view shown) {
  PrintLine(absl::StrCat("  ", what), figures, shown, "", "");
}

void Bench::Row(std::string_view what, std::string_view figures, double value, std::string_view shown,
                const Target& target) {
  PrintLine(absl::StrCat("  ", what), figures, shown, Shown(target), Met(target, value) ? "met" : "MISSED");
  auto same = std::find_if(judged_.begin(), judged_.end(),
                           [&](const Judged& each) { return each.heading == heading_ && each.what == what; });
  if (same == judged_.end()) same = judged_.insert(same, {heading_, std::string(what), target, {}});
  same->values.push_back(value);
}

void Bench::Fail(std::string_view why) {
  failed_ = true;
  printf("  FAILED: %s\n", std::string(why).c_str());
}

int Bench::Finish() {
  if (runs > 1) printf("\nAll runs: the median of each figure, and its lowest and highest\n");
  int met = 0, missed = 0;
  std::string_view heading;
  for (const Judged& each : judged_) {
    const double median = Median(each.values);
    const bool reached = Met(each.target, median);
    ++(reached ? met : missed);
    if (runs == 1) continue;
    if (each.heading != heading) printf("\n%s\n", each.heading.c_str());
    heading = each.heading;
    const auto [low, high] = std::minmax_element(each.values.begin(), each.values.end());
    PrintLine(absl::StrCat("  ", each.what), "", Ratio(median, *low, *high), Shown(each.target),
              reached ? "met" : "MISSED");
  }
  printf("\n%d targets met, %d missed%s\n", met, missed, failed_ ? "; something did not work, see above" : "");
  return failed_ ? 1 : 0;
}

void Bench::Die(const absl::Status& status) {
  fprintf(stderr, "the benchmark cannot go on: %s\n", status.ToString().c_str());
  abort();
}

std::vector<Figures> Bench::InTurns(const std::vector<Contender>& contenders, Callers callers, int in_flight) {
  const size_t count = contenders.size();
  std::set<ServerProcess*> servers;
  for (const Contender& each : contenders) {
    each.server->client().RunClosed(each.call, in_flight, kWarmUp, callers);
    servers.insert(each.server);
  }
  // PostgreSQL plans a prepared statement by the statistics of its tables. The warm-up met them empty or nearly so, and
  // such a plan reads the whole table. In life autovacuum notices within a minute; a slice is shorter than that.
  for (ServerProcess* server : servers) server->Analyze();
  std::vector<std::vector<double>> rates(count), ratios(count), p50(count), p99(count), cpu(count), switches(count);
  for (int round = 0; round < Choose(kRounds, kRoundsQuick); ++round) {
    for (size_t i = 0; i < count; ++i) {
      ServerProcess& server = *contenders[i].server;
      const absl::Duration used = server.cpu();
      const int64_t switched = server.switches();
      const LoadResult result =
          server.client().RunClosed(contenders[i].call, in_flight, Choose(kSlice, kSliceQuick), callers);
      const double calls = std::max<double>(1, result.latencies.size());
      cpu[i].push_back(absl::ToDoubleSeconds(server.cpu() - used) / calls);
      switches[i].push_back((server.switches() - switched) / calls);
      if (result.failed > 0) {
        Fail(absl::StrCat(contenders[i].what, ": ", result.failed, " calls failed, the first with ", result.error));
      }
      rates[i].push_back(result.per_second);
      ratios[i].push_back(result.per_second / rates[0].back());
      p50[i].push_back(absl::ToDoubleSeconds(result.Percentile(0.5)));
      p99[i].push_back(absl::ToDoubleSeconds(result.Percentile(0.99)));
    }
  }
  std::vector<Figures> figures(count);
  for (size_t i = 0; i < count; ++i) {
    const auto [low, high] = std::minmax_element(ratios[i].begin(), ratios[i].end());
    figures[i] = {.per_second = Median(rates[i]),
                  .ratio = Median(ratios[i]),
                  .ratio_low = *low,
                  .ratio_high = *high,
                  .p50 = absl::Seconds(Median(p50[i])),
                  .p99 = absl::Seconds(Median(p99[i])),
                  .cpu = absl::Seconds(Median(cpu[i])),
                  .switches = Median(switches[i])};
  }
  return figures;
}

void Bench::Compare(const std::vector<Contender>& contenders, std::string_view of, Callers callers, int in_flight) {
  const std::vector<Figures> figures = InTurns(contenders, callers, in_flight);
  Row(contenders[0].what, Rate(figures[0]));
  for (size_t i = 1; i < contenders.size(); ++i) {
    const Figures& each = figures[i];
    const std::string shown = absl::StrCat(Ratio(each.ratio, each.ratio_low, each.ratio_high), " ", of);
    if (contenders[i].target) {
      Row(contenders[i].what, Rate(each), each.ratio, shown, *contenders[i].target);
    } else {
      Row(contenders[i].what, Rate(each), shown);
    }
  }
}

void Bench::CompareWithGated(std::vector<Contender> contenders, Callers callers) {
  if (gated_ == nullptr) {
    gated_ = std::make_unique<ServerProcess>(GatedDefinition(), "sqlite");
    gated_->Start();
  }
  contenders.insert(contenders.begin(), {"empty gated RPC", gated_.get(), EmptyCall(), std::nullopt});
  Compare(contenders, "of gated", callers);
}

void Bench::CompareGrowth(ServerProcess& little, ServerProcess& much, const std::vector<Growing>& calls) {
  for (const Growing& each : calls) {
    const std::vector<Figures> figures =
        InTurns({{each.what, &little, each.little, std::nullopt}, {each.what, &much, each.much, std::nullopt}},
                Callers::kMany, kInFlight);
    const double cost = 1 / figures[1].ratio;
    Row(each.what, absl::StrCat(Grouped(figures[0].per_second), "/s, then ", Grouped(figures[1].per_second), "/s"),
        cost, absl::StrCat(Ratio(cost, 1 / figures[1].ratio_high, 1 / figures[1].ratio_low), " cost"), AtMost(1.2));
  }
}

}  // namespace mestring
