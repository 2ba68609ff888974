// A durable write and a read beside the empty gated RPC: what the database costs. The service is the one of the
// tests (notes about persons), whose use cases are as small as they can be; those of real services have
// files of their own.
//
// Three kinds: a write (checked, authorised, a row, an event, its answer for repeats and its access-log
// row, with fsync); a read of what concerns nobody; and a read of a person's data, which is answered only
// when its access-log row is durable, and so is a write.
#include "common/base/ids.h"
#include "mestring/test/v1/test.pb.h"
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"
#include "tests/support/test_service.h"

namespace mestring {

void MeasureRpcs(Bench& bench) {
  bench.Heading("RPCs of the kernel (notes), 64 callers");
  std::vector<std::unique_ptr<ServerProcess>> services;
  const std::unique_ptr<ServerProcess> callback = ServerProcess::Bare(kBareCallback);
  const std::unique_ptr<ServerProcess> synchronous = ServerProcess::Bare(kBareSynchronous);
  std::vector<Bench::Contender> contenders = {
      {"empty RPC without a gate, callback", callback.get(), EmptyCall(), std::nullopt},
      {"empty RPC without a gate, synchronous", synchronous.get(), EmptyCall(), std::nullopt}};
  for (const char* engine : kEngines) {
    ServerProcess& service = *services.emplace_back(std::make_unique<ServerProcess>(TestServiceDefinition(), engine));
    service.Fill([](Database& db) { return AddNotes(db, 1000); });
    service.Start();
    const std::string on = absl::StrCat(", ", EngineTitle(engine));
    contenders.push_back({"durable write" + on, &service, WriteNote(), AtLeast(ByEngine(engine, 0.5, 0.35))});
    contenders.push_back({"read" + on, &service, GetNote(1000), AtLeast(ByEngine(engine, 0.8, 0.55))});
    const auto note = Bench::Must<test::v1::WriteNoteResponse>(service.client().Once(WriteNote()));
    contenders.push_back({"read of a person's data, logged" + on, &service, GetNote(note.note().id()),
                          AtLeast(ByEngine(engine, 0.55, 0.4))});
  }
  bench.CompareWithGated(contenders);
  bench.Heading("The same from one caller with 64 calls in flight, for orientation");
  for (Bench::Contender& each : contenders) each.target.reset();
  bench.CompareWithGated(contenders, Callers::kOne);
}

}  // namespace mestring
