// A thousand watchers on one service: does each event reach all of them, how soon, and what does the
// service hold for one. On few connections, as behind gateways, and on a connection each.
#include <algorithm>
#include <atomic>
#include <deque>

#include "absl/strings/str_format.h"
#include "common/base/mutex.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"
#include "tests/support/test_service.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

constexpr int kWatchers = 1000;
constexpr int kGateways = 10;
constexpr double kWritesPerSecond = 20;

// All watchers, and what they got.
class Audience {
 public:
  Audience(const std::string& address, int connections) : channels_(Connect(address, connections)) {
    const std::string token = Token({access::v1::ROLE_STAFF});
    for (int i = 0; i < kWatchers; ++i) {
      watchers_.emplace_back(*this, token);
      watchers_.back().Start(channels_[i % connections]);
    }
  }
  ~Audience() {
    for (Watcher& watcher : watchers_) watcher.Cancel();
    WaitUntil([this] { return ended_ == kWatchers; });
  }

  // Watchers whose first message, a bookmark, has come.
  int watching() const { return watching_; }
  int ended() const { return ended_; }
  int64_t events() const { return events_; }
  // How long after its transaction each event was at a watcher, sorted.
  std::vector<absl::Duration> Delays() {
    MutexLock lock(mutex_);
    std::sort(delays_.begin(), delays_.end());
    return delays_;
  }

 private:
  class Watcher : public grpc::ClientReadReactor<events::v1::WatchResponse> {
   public:
    Watcher(Audience& audience, const std::string& token) : audience_(audience) {
      context_.AddMetadata("authorization", "Bearer " + token);
      context_.set_wait_for_ready(true);
    }
    void Start(const std::shared_ptr<grpc::Channel>& channel) {
      stub_ = events::v1::EventService::NewStub(channel);
      stub_->async()->Watch(&context_, &request_, this);
      StartRead(&response_);
      StartCall();
    }
    void Cancel() { context_.TryCancel(); }

   private:
    void OnReadDone(bool ok) override {
      if (!ok) return;
      if (response_.has_event()) {
        audience_.Got(absl::Now() - FromProto(response_.event().time()));
      } else if (!std::exchange(watching_, true)) {
        ++audience_.watching_;
      }
      StartRead(&response_);
    }
    void OnDone(const grpc::Status&) override { ++audience_.ended_; }

    Audience& audience_;
    grpc::ClientContext context_;
    events::v1::WatchRequest request_;
    events::v1::WatchResponse response_;
    std::unique_ptr<events::v1::EventService::Stub> stub_;
    bool watching_ = false;
  };

  void Got(absl::Duration delay) {
    MutexLock lock(mutex_);
    ++events_;
    delays_.push_back(delay);
  }

  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::atomic<int> watching_{0}, ended_{0};
  std::atomic<int64_t> events_{0};
  Mutex mutex_;
  std::vector<absl::Duration> delays_ ABSL_GUARDED_BY(mutex_);
  std::deque<Watcher> watchers_;  // last: they refer to the rest
};

void MeasureWith(Bench& bench, int connections, std::string_view how) {
  ServerProcess service(TestServiceDefinition(), "sqlite");
  service.Start();
  // Threads and caches that have nothing to do with watchers.
  service.client().RunClosed(WriteNote(), kInFlight, absl::Milliseconds(300));
  const int64_t before = service.memory();
  Audience audience(service.address(), connections);
  if (!WaitUntil([&] { return audience.watching() == kWatchers; })) bench.Fail("not every watcher was let in");

  const LoadResult writes =
      service.client().RunAtRate(WriteNote(), kWritesPerSecond, bench.Choose(absl::Seconds(10), absl::Seconds(3)));
  const int64_t expected = static_cast<int64_t>(writes.latencies.size()) * kWatchers;
  WaitUntil([&] { return audience.events() >= expected; });
  const double each = static_cast<double>(service.memory() - before) / kWatchers / 1024;
  const double share = static_cast<double>(audience.events()) / expected;
  if (audience.ended() > 0) bench.Fail(absl::StrCat(audience.ended(), " watches ended"));
  const std::vector<absl::Duration> delays = audience.Delays();
  const auto percentile = [&](double p) {
    return delays.empty() ? 0.0 : absl::ToDoubleMilliseconds(delays[p * (delays.size() - 1)]);
  };
  bench.Row(absl::StrCat("events at their watchers, ", how), Grouped(audience.events()) + " deliveries", share,
            absl::StrFormat("%.4f of them", share), AtLeast(1));
  bench.Row("  after their transaction", absl::StrFormat("p50 %.1f ms  p99 %.1f ms  last %.1f ms", percentile(0.5),
                                                         percentile(0.99), percentile(1)));
  bench.Row(absl::StrCat("memory per watcher, ", how), "", each, absl::StrFormat("%.1f KiB", each), AtMost(64, " KiB"));
}

}  // namespace

void MeasureWatchers(Bench& bench) {
  bench.Heading(absl::StrCat(Grouped(kWatchers), " watchers, ", kWritesPerSecond, " events/s"));
  MeasureWith(bench, kGateways, absl::StrCat(kGateways, " connections"));
  MeasureWith(bench, kWatchers, "a connection each");
}

}  // namespace mestring
