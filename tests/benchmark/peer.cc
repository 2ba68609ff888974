// The test service beside a peer: the same two RPCs with the same promises as a competent team would write them with
// Node.js (grpc-js, better-sqlite3, jose, ioredis). The peer is not part of this project: BENCHMARK_PEER names
// its folder (see tests/benchmark/run). Both have SQLite and a Redis of their own, and get the same calls from the same
// client. The peer's read is of a person's data, so it is compared with our logged read.
//
// The peer makes a commit, and so waits for the disk, for each call; we make one for a group. So on a slow disk the
// ratios with many callers say how many calls share a commit, and little about the cost of a call. The table shows how
// many syncs a second the disk gives. A run with TMPDIR=/dev/shm, where a sync costs nothing, compares the rest.
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "absl/time/clock.h"
#include "mestring/test/v1/test.pb.h"
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"
#include "tests/support/test_service.h"

namespace mestring {
namespace {

RpcCall GetWrittenNote(ServerProcess& server) {
  return GetNote(Bench::Must<test::v1::WriteNoteResponse>(server.client().Once(WriteNote())).note().id());
}

// How often a second a page can be written to the folder of the databases and be durable.
double SyncsPerSecond() {
  const TempFolder folder;
  const std::string page(4096, 'x');
  const int file = open((folder.path() + "/pages").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) Bench::Die(absl::InternalError("the folder of the databases cannot be written to"));
  int syncs = 0;
  const absl::Time begin = absl::Now(), end = begin + absl::Seconds(1);
  for (; absl::Now() < end; ++syncs) {
    if (write(file, page.data(), page.size()) < 0 || fdatasync(file) != 0) {
      Bench::Die(absl::InternalError("the folder of the databases cannot be written to"));
    }
  }
  close(file);
  return syncs / absl::ToDoubleSeconds(absl::Now() - begin);
}

}  // namespace

void MeasurePeer(Bench& bench) {
  bench.Heading("Beside a peer in Node.js, SQLite");
  const char* const folder = getenv("BENCHMARK_PEER");
  if (folder == nullptr) {
    bench.Row("left out: BENCHMARK_PEER is not set", "");
    return;
  }
  bench.Row("the disk, a file that grows", Grouped(SyncsPerSecond()) + " syncs/s");
  const RedisServer peers_redis, our_redis;
  const std::unique_ptr<ServerProcess> peer = ServerProcess::Peer(folder, peers_redis);
  ServerProcess ours(TestServiceDefinition(), "sqlite", &our_redis);
  ours.Start();
  const RpcCall peers_read = GetWrittenNote(*peer), our_read = GetWrittenNote(ours);
  constexpr char kOfPeer[] = "of the peer";
  for (const int callers : {kInFlight, 1}) {
    const std::string by = callers == 1 ? ", one caller" : absl::StrCat(", ", callers, " callers");
    bench.Compare({{"the peer's durable write" + by, peer.get(), WriteNote(), std::nullopt},
                   {"durable write" + by, &ours, WriteNote(), AtLeast(callers == 1 ? 1.2 : 4)}},
                  kOfPeer, Callers::kMany, callers);
    bench.Compare({{"the peer's logged read" + by, peer.get(), peers_read, std::nullopt},
                   {"logged read" + by, &ours, our_read, AtLeast(callers == 1 ? 1.2 : 3)}},
                  kOfPeer, Callers::kMany, callers);
  }
}

}  // namespace mestring
