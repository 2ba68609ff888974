// From the log to the stream. A log full of events is copied to an empty stream beside redis-benchmark,
// which adds entries of the same fields and sizes to the same Redis with as many in its pipeline as the
// relay has under way; and the stream is flushed and filled again.
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "common/events/stream.h"
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"
#include "tests/support/bus.h"
#include "tests/support/test_service.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

constexpr int kInPipeline = Stream::kAppendRowsMax * Stream::kInFlightMax;
constexpr int kFillRounds = 5, kFillRoundsQuick = 3;

// Publishes events until the log has so many.
absl::Status FillLog(Database& db, int64_t events) {
  test::v1::NoteWritten event;
  event.set_note_id(NewId(absl::Now()));
  event.set_person_ref(NewId(absl::Now()));
  constexpr int64_t kAtOnce = 2000;
  for (int64_t done = 0; done < events; done += kAtOnce) {
    TRY(db.Write([&](Tx& tx) -> absl::Status {
      for (int64_t i = done; i < std::min(events, done + kAtOnce); ++i) TRY(tx.Publish(event, event.note_id(), i + 1));
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

int64_t Length(RedisServer& redis, const std::string& key) {
  int64_t length = 0;
  return absl::SimpleAtoi(redis.Do({"XLEN", key}), &length) ? length : 0;
}

struct Filling {
  absl::Duration noticed;  // until the first entry was there
  double per_second = 0;   // from then on
};

// Waits until the stream, which is empty, has all of the log.
Filling WaitForStream(Bench& bench, RedisServer& redis, int64_t events) {
  Filling filling;
  const absl::Time begin = absl::Now();
  int64_t first = 0;
  if (!WaitUntil([&] { return (first = Length(redis, TestKey())) > 0; })) bench.Fail("the stream stays empty");
  const absl::Time started = absl::Now();
  filling.noticed = started - begin;
  int64_t last = 0;
  if (!WaitUntil([&] { return (last = Length(redis, TestKey())) >= events; }, 120)) {
    bench.Fail("the stream was not filled");
  }
  filling.per_second = (last - first) / absl::ToDoubleSeconds(absl::Now() - started);
  return filling;
}

// XADD of an entry like ours by redis-benchmark, entries a second.
double AddByRedisBenchmark(Bench& bench, RedisServer& redis, int64_t entries) {
  const auto newest = WholeStream(redis.options()).back();
  std::vector<std::string> command = {"redis-benchmark",
                                      "-p",
                                      absl::StrCat(redis.port()),
                                      "-c",
                                      "1",
                                      "-P",
                                      absl::StrCat(kInPipeline),
                                      "-n",
                                      absl::StrCat(entries),
                                      "--csv",
                                      "XADD",
                                      "benchmark",
                                      "*"};
  for (const auto& [name, value] : std::initializer_list<std::pair<std::string, std::string>>{
           {"specversion", "1.0"},
           {"id", newest.id()},
           {"source", newest.source()},
           {"type", newest.type()},
           {"subject", newest.subject()},
           {"subjectversion", absl::StrCat(newest.subject_version())},
           {"time", "2026-11-25T08:00:00.000000Z"},
           {"datacontenttype", "application/protobuf"},
           {"data", std::string(newest.data().size(), 'x')}}) {
    command.push_back(name);
    command.push_back(value);
  }
  Process benchmark;
  double rate = 0;
  if (benchmark.Start(command)) {
    // "XADD …","150376.00",…: the last line's second field. The first line is a heading.
    for (std::string line; benchmark.ReadLine(&line);) {
      const size_t at = line.rfind("\",\"", line.find("\",\"", line.find("data")));
      if (at == line.npos || !line.starts_with("\"XADD")) continue;
      if (!absl::SimpleAtod(line.substr(at + 3, line.find('"', at + 3) - at - 3), &rate)) rate = 0;
    }
    benchmark.Wait();
  }
  if (rate == 0) bench.Fail("redis-benchmark gave no figure");
  redis.Do({"DEL", "benchmark"});
  return rate;
}

void MeasureOn(Bench& bench, std::string_view engine) {
  const int64_t events = bench.Choose(500'000, 100'000);
  RedisServer redis;
  ServerProcess service(TestServiceDefinition(), engine, &redis);
  service.Fill([&](Database& db) { return FillLog(db, events); });
  service.Start();
  std::vector<double> rates, ratios, noticed;
  WaitForStream(bench, redis, events);
  for (int round = 0; round < bench.Choose(kFillRounds, kFillRoundsQuick); ++round) {
    const double xadd = AddByRedisBenchmark(bench, redis, events);
    redis.FlushAll();
    const Filling filling = WaitForStream(bench, redis, events);
    rates.push_back(filling.per_second);
    ratios.push_back(filling.per_second / xadd);
    noticed.push_back(absl::ToDoubleSeconds(filling.noticed));
  }
  const std::string on = absl::StrCat(", ", EngineTitle(engine));
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  bench.Row("copying the log to the stream" + on, Grouped(Median(rates)) + " events/s", Median(ratios),
            absl::StrFormat("%.2f (%.2f-%.2f) of XADD", Median(ratios), *low, *high), AtLeast(0.6));
  bench.Row("filling a flushed stream again" + on, absl::StrFormat("noticed after %.1f s", Median(noticed)),
            Median(rates), Grouped(Median(rates)) + "/s", AtLeast(50'000, "/s"));
}

}  // namespace

void MeasureRelay(Bench& bench) {
  bench.Heading(absl::StrCat("The relay, beside redis-benchmark XADD with the same ", kInPipeline, " in the pipeline"));
  for (const char* engine : kEngines) MeasureOn(bench, engine);
}

}  // namespace mestring
