// The housing service as gRPC and the kernel see it.
#include <memory>
#include <vector>

#include "common/process/server.h"
#include "common/rpc/pipeline.h"
#include "mestring/housing/v1/housing.grpc.pb.h"
#include "services/housing/housing.h"
#include "services/housing/tables.h"
#include "services/ports.h"
#include "services/shared/assigned_actions.h"
#include "services/shared/code_lists.h"

namespace mestring {

extern const absl::Span<const Migration> kHousingSchema;

namespace housing {
namespace {

// Thread-safe: holds no state of its own.
class HousingService final : public mestring::Service, public pb::HousingService::CallbackService {
 public:
  explicit HousingService(Kernel& kernel) : edge_(kernel.edge), assigned_actions_(kernel) {
    RegisterTimers(kernel.timers);
  }
  std::vector<grpc::Service*> GrpcServices() override { return {this, &assigned_actions_}; }

  using UseCases = Housing;
#include "services/housing/handlers.inc"

 private:
  RpcPipeline& edge_;
  AssignedActions assigned_actions_;
};

}  // namespace
}  // namespace housing

ServiceDefinition HousingDefinition() {
  return {.name = "housing",
          .ports = PortsOf("housing"),
          .schema = kHousingSchema,
          .shared_schema = kAssignedActionsSchema,
          .check_write = CheckCodes<housing::pb::CodeList>,
          .make = [](Kernel& kernel) { return std::make_unique<housing::HousingService>(kernel); }};
}

}  // namespace mestring
