#include "common/base/metrics.h"

// The metrics of a service, with the registry and text form of prometheus-cpp.
//
// RPCs are counted when they end, under the usual names of gRPC, so that existing dashboards fit. All other metrics are
// read when they are scraped: gauges.cc passes functions that read the parts of the kernel, which do not know
// Prometheus. Label values are names of methods and codes, so the contract limits their number.

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/mutex.h"
#include "prometheus/counter.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace mestring {
namespace {

// From a read that hits the cache to the deadline of an RPC.
const prometheus::Histogram::BucketBoundaries& Seconds() {
  static const auto& seconds = *new prometheus::Histogram::BucketBoundaries{
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
  return seconds;
}

struct Read {
  std::string name, help;
  prometheus::MetricType type;
  std::function<double()> value;
};

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& handled =
      prometheus::BuildCounter().Name("grpc_server_handled_total").Help("RPCs that ended, by code.").Register(registry);
  prometheus::Family<prometheus::Histogram>& handling =
      prometheus::BuildHistogram().Name("grpc_server_handling_seconds").Help("How long RPCs took.").Register(registry);
  // The family's own lookup builds a map of labels for each call; this remembers where it led.
  Mutex mutex;
  absl::flat_hash_map<std::string, prometheus::Counter*> counters ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<std::string, prometheus::Histogram*> histograms ABSL_GUARDED_BY(mutex);
  std::vector<Read> reads ABSL_GUARDED_BY(mutex);
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::RpcHandled(std::string_view service, std::string_view method, std::string_view code,
                         absl::Duration took) {
  const std::string rpc = absl::StrCat(service, "/", method);
  const std::string outcome = absl::StrCat(rpc, "/", code);
  prometheus::Counter* counter = nullptr;
  prometheus::Histogram* histogram = nullptr;
  {
    MutexLock lock(impl_->mutex);
    if (auto found = impl_->counters.find(outcome); found != impl_->counters.end()) counter = found->second;
    if (auto found = impl_->histograms.find(rpc); found != impl_->histograms.end()) histogram = found->second;
  }
  if (counter == nullptr || histogram == nullptr) {
    prometheus::Labels labels = {{"grpc_service", std::string(service)}, {"grpc_method", std::string(method)}};
    MutexLock lock(impl_->mutex);
    histogram = impl_->histograms[rpc] = &impl_->handling.Add(labels, Seconds());
    labels["grpc_code"] = std::string(code);
    counter = impl_->counters[outcome] = &impl_->handled.Add(labels);
  }
  counter->Increment();
  histogram->Observe(absl::ToDoubleSeconds(took));
}

void Metrics::Counter(std::string name, std::string help, std::function<double()> read) {
  MutexLock lock(impl_->mutex);
  impl_->reads.push_back({std::move(name), std::move(help), prometheus::MetricType::Counter, std::move(read)});
}

void Metrics::Gauge(std::string name, std::string help, std::function<double()> read) {
  MutexLock lock(impl_->mutex);
  impl_->reads.push_back({std::move(name), std::move(help), prometheus::MetricType::Gauge, std::move(read)});
}

std::string Metrics::Text() const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  std::vector<Read> reads;
  {
    // The functions run without the lock: one that counts RPCs would wait for itself.
    MutexLock lock(impl_->mutex);
    reads = impl_->reads;
  }
  for (const Read& read : reads) {
    prometheus::ClientMetric metric;
    (read.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = read.value();
    prometheus::MetricFamily family;
    family.name = read.name;
    family.help = read.help;
    family.type = read.type;
    family.metric.push_back(std::move(metric));
    families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace mestring
