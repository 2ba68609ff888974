// A service as a process: configuration, database, relay, timers, subscriptions, gRPC, health, metrics, and a stop that
// loses nothing. The main() of a service calls RunService (run_service.h).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "common/events/subscription.h"
#include "common/process/config.h"
#include "common/rpc/pipeline.h"
#include "common/store/database.h"
#include "common/store/timers.h"
#include "grpcpp/impl/service_type.h"

namespace mestring {

// What the kernel gives to a service. It outlives the service.
struct Kernel {
  Database& db;
  Timers& timers;
  RpcPipeline& edge;
  const Config& config;
  // Subscribes to another service's stream: Subscribe("peer_support").On<pb::ApprovalExpired>(…). The subscription
  // starts after the service is made. The start fails unless MESTRING_OWNERS has the address of that service.
  std::function<Subscription&(std::string_view service)> Subscribe;
  // Whether that service is part of this installation: a municipality may run only some of the services.
  bool Knows(std::string_view service) const { return !config.OwnerOf(service).empty(); }
};

// A service: its use cases behind generated gRPC classes. Its constructor registers timers and
// subscriptions with the kernel.
class Service {
 public:
  virtual ~Service() = default;
  virtual std::vector<grpc::Service*> GrpcServices() = 0;
};

struct ServiceDefinition {
  std::string_view name;  // "housing"; also the package: mestring.housing.v1
  Ports ports;            // where it listens by default
  absl::Span<const Migration> schema;
  absl::Span<const Migration> shared_schema = {};  // of code that several services link
  decltype(RpcPipeline::Options::check_write) check_write = nullptr;
  std::function<std::unique_ptr<Service>(Kernel&)> make;
};

class Server {
 public:
  // Starts everything; when it returns, the service answers. An error is one sentence for the operator.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServiceDefinition& definition, Config config);
  ~Server();

  int port() const;
  int metrics_port() const;
  int health_port() const;
  Kernel& kernel();
  // Reports "not serving", waits the drain delay, ends watches with UNAVAILABLE, lets RPCs finish up to a deadline,
  // stops timers, subscriptions and the relay after their current batch, and closes. Idempotent.
  void Stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mestring
