// The council service as gRPC and the kernel see it.
#include <memory>
#include <vector>

#include "common/process/server.h"
#include "common/rpc/pipeline.h"
#include "mestring/council/v1/council.grpc.pb.h"
#include "services/council/council.h"
#include "services/council/subscriptions.h"
#include "services/council/tables.h"
#include "services/council/timers.h"
#include "services/ports.h"
#include "services/shared/code_lists.h"

namespace mestring {

extern const absl::Span<const Migration> kCouncilSchema;

namespace council {
namespace {

// Thread-safe: holds no state of its own.
class CouncilService final : public mestring::Service, public pb::CouncilService::CallbackService {
 public:
  explicit CouncilService(Kernel& kernel) : edge_(kernel.edge) {
    RegisterTimers(kernel.timers);
    Subscribe(kernel);
  }
  std::vector<grpc::Service*> GrpcServices() override { return {this}; }

  using UseCases = Council;
#include "services/council/handlers.inc"

 private:
  RpcPipeline& edge_;
};

}  // namespace
}  // namespace council

ServiceDefinition CouncilDefinition() {
  return {.name = "council",
          .ports = PortsOf("council"),
          .schema = kCouncilSchema,
          .check_write = CheckCodes<council::pb::CodeList, WithoutList::kAny>,
          .make = [](Kernel& kernel) { return std::make_unique<council::CouncilService>(kernel); }};
}

}  // namespace mestring
