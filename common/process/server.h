// A service as a process: configuration, database, relay, timers, subscriptions, gRPC, health,
// metrics, and a stop that loses nothing. A service's main() is one call of RunService (run_service.h).
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

// What the kernel hands to a service. Outlives it.
struct Kernel {
  Database& db;
  Timers& timers;
  RpcPipeline& edge;
  const Config& config;
  // Subscribes to another service's stream: Subscribe("peer_support").On<pb::ApprovalExpired>(…).
  // Started after the service is made. The start fails unless MESTRING_OWNERS says where that service answers.
  std::function<Subscription&(std::string_view service)> Subscribe;
  // Whether that service is part of this installation. For what a service can do without: a municipality
  // may run some of the services only.
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
  absl::Span<const Migration> shared_schema = {};  // of what this service links and others link too
  decltype(RpcPipeline::Options::check_write) check_write = nullptr;
  std::function<std::unique_ptr<Service>(Kernel&)> make;
};

class Server {
 public:
  // Starts everything; when it returns, the service answers. Errors carry one sentence for the operator.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServiceDefinition& definition, Config config);
  ~Server();

  int port() const;
  int metrics_port() const;
  int health_port() const;
  Kernel& kernel();
  // Not serving → drain delay → watches ended with UNAVAILABLE → RPCs finished up to a deadline →
  // relay, timers and subscriptions stopped after their current batch → closed. Idempotent.
  void Stop();

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace mestring
