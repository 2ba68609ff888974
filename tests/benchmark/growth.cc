// The same RPCs on a thousand resources and on a million: the cost must not grow with the data.
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"
#include "tests/support/test_service.h"

namespace mestring {

void MeasureGrowth(Bench& bench) {
  const int64_t little = 1000, much = bench.Choose(1'000'000, 200'000);
  bench.Heading(absl::StrCat("Notes at ", Grouped(little), " and at ", Grouped(much), " stored"));
  for (const char* engine : kEngines) {
    ServerProcess small(TestServiceDefinition(), engine), large(TestServiceDefinition(), engine);
    small.Fill([&](Database& db) { return AddNotes(db, little); });
    large.Fill([&](Database& db) { return AddNotes(db, much); });
    small.Start();
    large.Start();
    const std::string on = absl::StrCat(", ", EngineTitle(engine));
    bench.CompareGrowth(
        small, large,
        {{"durable write" + on, WriteNote(), WriteNote()}, {"read" + on, GetNote(little), GetNote(much)}});
  }
}

}  // namespace mestring
