// The yardstick: an empty RPC behind the gate and the edge, in the form that all services have. And two that stand
// beside it for orientation: the bare callback, and the synchronous form of gRPC.
#include "absl/time/clock.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "mestring/test/v1/test.grpc.pb.h"
#include "tests/benchmark/benchmark.h"

namespace mestring {
namespace {

using test::v1::EmptyRequest;
using test::v1::EmptyResponse;
using test::v1::EmptyService;

class Callback : public EmptyService::CallbackService {
  grpc::ServerUnaryReactor* Empty(grpc::CallbackServerContext* context, const EmptyRequest*, EmptyResponse*) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class Synchronous : public EmptyService::Service {
  grpc::Status Empty(grpc::ServerContext*, const EmptyRequest*, EmptyResponse*) override { return grpc::Status::OK; }
};

// Verifies the token and the role, counts the call and logs its line, and reaches no database.
class Gated : public Service, public EmptyService::CallbackService {
 public:
  explicit Gated(RpcPipeline& edge) : edge_(edge) {}
  std::vector<grpc::Service*> GrpcServices() override { return {this}; }

  MESTRING_ASKS(test::v1, Empty);
  grpc::ServerUnaryReactor* Empty(grpc::CallbackServerContext* context, const EmptyRequest* request,
                                  EmptyResponse*) override {
    const absl::Time start = absl::Now();
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    const auto caller = edge_.CallerOf(*context, *EmptyRequest::descriptor(), request->ByteSizeLong());
    reactor->Finish(edge_.Ended(*context, *EmptyRequest::descriptor(), caller.ok() ? caller->get() : nullptr,
                                caller.status(), absl::Now() - start));
    return reactor;
  }

 private:
  RpcPipeline& edge_;
};

}  // namespace

ServiceDefinition GatedEmptyDefinition() {
  return {.name = "gated_empty", .ports = {}, .schema = {}, .make = [](Kernel& kernel) {
            return std::make_unique<Gated>(kernel.edge);
          }};
}

int RunBareServer(std::string_view name) {
  Callback callback;
  Synchronous synchronous;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  if (name == kBareCallback) {
    builder.RegisterService(&callback);
  } else {
    // With more threads than calls, and none that ends between two calls.
    builder.RegisterService(&synchronous);
    builder.SetResourceQuota(grpc::ResourceQuota("empty").SetMaxThreads(144));
    builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 64);
  }
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  fprintf(stderr, "{\"event\":\"service.started\",\"port\":%d}\n", port);
  server->Wait();
  return 0;
}

}  // namespace mestring
