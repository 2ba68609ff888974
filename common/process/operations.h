// OperationsService and AccessLogService, which every service has.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/events/relay.h"
#include "common/events/subscription.h"
#include "common/process/config.h"
#include "common/rpc/pipeline.h"
#include "common/rpc/watch.h"
#include "common/store/timers.h"
#include "grpcpp/impl/service_type.h"
#include "mestring/events/v1/operations.pb.h"

namespace mestring {

// The parts of a service; they outlive its gRPC services.
struct ServiceParts {
  RpcPipeline& edge;
  const Config& config;
  Relay& relay;
  Timers& timers;
  Watch& watch;
  const std::map<std::string, std::unique_ptr<Subscription>>& subscriptions;  // by the key of the stream
  absl::Time start;
};

// The state of the service, also for its status page.
absl::Status DescribeStatus(const ServiceParts& operated, events::v1::GetStatusResponse* response);

std::unique_ptr<grpc::Service> NewOperationsService(const ServiceParts& operated);
std::unique_ptr<grpc::Service> NewAccessLogService(RpcPipeline& edge);

}  // namespace mestring
