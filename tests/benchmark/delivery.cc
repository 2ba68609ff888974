// From the commit to a subscriber's handler: 1,000 writes a second by RPC, a relay, a private Redis, and
// a real Subscription with its own database.
//
// The clock starts at the event's own time, which is that of the transaction: before the commit that makes
// it durable. So what is shown is more than what the target asks for, by one fsync.

#include "common/base/mutex.h"
#include "common/events/subscription.h"
#include "grpcpp/client_context.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"
#include "tests/support/bus.h"
#include "tests/support/test_service.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

constexpr double kWritesPerSecond = 1000;
constexpr absl::Duration kWarmUp = absl::Seconds(1);

// EventService.List of a service in another process.
Subscription::Owner OwnerAt(const std::string& address) {
  const std::shared_ptr<events::v1::EventService::Stub> stub =
      events::v1::EventService::NewStub(Connect(address, 1)[0]);
  return [stub](Cursor after, int page_size) -> absl::StatusOr<events::v1::ListResponse> {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + Token({access::v1::ROLE_SERVICE}));
    events::v1::ListRequest request;
    if (after != Cursor()) request.set_after(after.ToString());
    request.set_page_size(page_size);
    events::v1::ListResponse response;
    TRY(FromWire(stub->List(&context, request, &response)));
    return response;
  };
}

void MeasureOn(Bench& bench, std::string_view engine) {
  const RedisServer redis;
  ServerProcess service(TestServiceDefinition(), engine, &redis);
  service.Start();
  const TestDatabase subscriber_database(engine);
  const std::unique_ptr<Database> subscriber = OpenBusDatabase(subscriber_database.url());
  Subscription::Options options;
  options.redis = redis.options();
  options.key = TestKey();
  options.owner = OwnerAt(service.address());
  Subscription subscription(*subscriber, options);
  struct {
    Mutex mutex;
    bool counting ABSL_GUARDED_BY(mutex) = false;
    int64_t handed_over ABSL_GUARDED_BY(mutex) = 0;
    LoadResult delays ABSL_GUARDED_BY(mutex);
  } got;
  subscription.OnAny([&](Tx&, const events::v1::Event& event) {
    const absl::Duration delay = absl::Now() - FromProto(event.time());
    MutexLock lock(got.mutex);
    ++got.handed_over;
    if (got.counting) got.delays.latencies.push_back(delay);
    return absl::OkStatus();
  });
  if (const absl::Status started = subscription.Start(); !started.ok()) Bench::Die(started);

  const LoadResult warm_up = service.client().RunAtRate(WriteNote(), kWritesPerSecond, kWarmUp);
  {
    MutexLock lock(got.mutex);
    got.counting = true;
  }
  const LoadResult writes =
      service.client().RunAtRate(WriteNote(), kWritesPerSecond, bench.Choose(absl::Seconds(10), absl::Seconds(3)));
  const int64_t written = static_cast<int64_t>(warm_up.latencies.size() + writes.latencies.size());
  const bool all = WaitUntil([&] {
    MutexLock lock(got.mutex);
    return got.handed_over >= written;
  });
  subscription.Stop();
  if (!all) bench.Fail("the subscriber did not get every event");
  if (writes.failed + warm_up.failed > 0) bench.Fail("writes failed: " + writes.error + warm_up.error);
  MutexLock lock(got.mutex);
  LoadResult& delays = got.delays;
  std::sort(delays.latencies.begin(), delays.latencies.end());
  const std::string on = absl::StrCat(", ", EngineTitle(engine));
  const std::string rate = absl::StrCat(Grouped(writes.per_second), " writes/s",
                                        writes.refused > 0 ? absl::StrCat(", ", writes.refused, " refused") : "");
  const absl::Duration p50 = delays.Percentile(0.5), p99 = delays.Percentile(0.99);
  bench.Row("p50" + on, rate, absl::ToDoubleMilliseconds(p50), Millis(p50), AtMost(ByEngine(engine, 1, 3), " ms"));
  bench.Row("p99" + on, "", absl::ToDoubleMilliseconds(p99), Millis(p99), AtMost(ByEngine(engine, 10, 20), " ms"));
}

}  // namespace

void MeasureDelivery(Bench& bench) {
  bench.Heading("From the transaction to the subscriber's handler, at 1,000 writes/s");
  for (const char* engine : kEngines) MeasureOn(bench, engine);
}

}  // namespace mestring
