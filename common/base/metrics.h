// The metrics of a service in Prometheus' form, with prometheus-cpp (Debian's prometheus-cpp-dev).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace mestring {

// Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  // grpc_server_handled_total and grpc_server_handling_seconds.
  void RpcHandled(std::string_view service, std::string_view method, std::string_view code, absl::Duration took);
  // A counter (only grows) or gauge that is read when it is scraped. The function must be cheap and
  // must stay callable as long as this object lives.
  void Counter(std::string name, std::string help, std::function<double()> read);
  void Gauge(std::string name, std::string help, std::function<double()> read);
  // The text exposition format.
  std::string Text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mestring
