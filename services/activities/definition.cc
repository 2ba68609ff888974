// The activities service as gRPC and the kernel see it.
#include <memory>
#include <vector>

#include "common/process/server.h"
#include "common/rpc/pipeline.h"
#include "mestring/activities/v1/activities.grpc.pb.h"
#include "services/activities/activities.h"
#include "services/activities/subscriptions.h"
#include "services/activities/tables.h"
#include "services/activities/timers.h"
#include "services/ports.h"
#include "services/shared/assigned_actions.h"
#include "services/shared/code_lists.h"

namespace mestring {

extern const absl::Span<const Migration> kActivitiesSchema;

namespace activities {
namespace {

// Thread-safe: holds no state of its own.
class ActivitiesService final : public mestring::Service, public pb::ActivityService::CallbackService {
 public:
  explicit ActivitiesService(Kernel& kernel) : edge_(kernel.edge), assigned_actions_(kernel) {
    RegisterTimers(kernel.timers);
    Subscribe(kernel);
  }
  std::vector<grpc::Service*> GrpcServices() override { return {this, &assigned_actions_}; }

  using UseCases = Activities;
#include "services/activities/handlers.inc"

 private:
  RpcPipeline& edge_;
  AssignedActions assigned_actions_;
};

}  // namespace
}  // namespace activities

ServiceDefinition ActivitiesDefinition() {
  return {.name = "activities",
          .ports = PortsOf("activities"),
          .schema = kActivitiesSchema,
          .shared_schema = kAssignedActionsSchema,
          .check_write = CheckCodes<activities::pb::CodeList>,
          .make = [](Kernel& kernel) { return std::make_unique<activities::ActivitiesService>(kernel); }};
}

}  // namespace mestring
