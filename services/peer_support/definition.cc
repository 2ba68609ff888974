// The peer support service as gRPC and the kernel see it.
#include <memory>
#include <vector>

#include "common/process/server.h"
#include "common/rpc/pipeline.h"
#include "mestring/peer_support/v1/peer_support.grpc.pb.h"
#include "services/peer_support/peer_support.h"
#include "services/peer_support/subscriptions.h"
#include "services/peer_support/timers.h"
#include "services/ports.h"
#include "services/shared/assigned_actions.h"

namespace mestring {

extern const absl::Span<const Migration> kPeerSupportSchema;

namespace peer_support {
namespace {

// Thread-safe: holds no state of its own.
class PeerSupportService final : public mestring::Service, public pb::PeerSupportService::CallbackService {
 public:
  explicit PeerSupportService(Kernel& kernel) : edge_(kernel.edge), assigned_actions_(kernel) {
    RegisterTimers(kernel.timers);
    Subscribe(kernel);
  }
  std::vector<grpc::Service*> GrpcServices() override { return {this, &assigned_actions_}; }

  using UseCases = PeerSupport;
#include "services/peer_support/handlers.inc"

 private:
  RpcPipeline& edge_;
  AssignedActions assigned_actions_;
};

}  // namespace
}  // namespace peer_support

ServiceDefinition PeerSupportDefinition() {
  return {.name = "peer_support",
          .ports = PortsOf("peer_support"),
          .schema = kPeerSupportSchema,
          .shared_schema = kAssignedActionsSchema,
          .make = [](Kernel& kernel) { return std::make_unique<peer_support::PeerSupportService>(kernel); }};
}

}  // namespace mestring
