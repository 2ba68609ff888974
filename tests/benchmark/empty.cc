// The empty RPC in three forms. Each server is this program started again.
//
// The gated one is the yardstick: a service like every other (the same server, gate, edge, log and metrics), whose RPC
// needs no database. It verifies the token, checks the role, writes one log line, counts the call, and answers on the
// transport's thread. The two bare ones show what is below it: gRPC's callback form, and its synchronous form.
#include <cstdio>

#include "absl/time/clock.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "mestring/test/v1/test.grpc.pb.h"
#include "tests/benchmark/benchmark.h"

namespace mestring {
namespace {

namespace pb = test::v1;

class Gated : public pb::EmptyService::CallbackService {
 public:
  explicit Gated(RpcPipeline& edge) : edge_(edge) {}

  MESTRING_ASKS(pb, Empty);
  grpc::ServerUnaryReactor* Empty(grpc::CallbackServerContext* context, const pb::EmptyRequest* request,
                                  pb::EmptyResponse*) override {
    const absl::Time begin = absl::Now();
    const auto caller = edge_.CallerOf(*context, *pb::EmptyRequest::descriptor(), request->ByteSizeLong());
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(edge_.Ended(*context, *pb::EmptyRequest::descriptor(), caller.ok() ? caller->get() : nullptr,
                                caller.status(), absl::Now() - begin));
    return reactor;
  }

 private:
  RpcPipeline& edge_;
};

class GatedService : public Service {
 public:
  explicit GatedService(Kernel& kernel) : gated_(kernel.edge) {}
  std::vector<grpc::Service*> GrpcServices() override { return {&gated_}; }

 private:
  Gated gated_;
};

class BareCallback : public pb::EmptyService::CallbackService {
  grpc::ServerUnaryReactor* Empty(grpc::CallbackServerContext* context, const pb::EmptyRequest*,
                                  pb::EmptyResponse*) override {
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

class BareSynchronous : public pb::EmptyService::Service {
  grpc::Status Empty(grpc::ServerContext*, const pb::EmptyRequest*, pb::EmptyResponse*) override {
    return grpc::Status::OK;
  }
};

int RunBare(grpc::Service& service) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  // For the synchronous form: as many threads as there are calls.
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, kInFlight);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) return 1;
  // The line by which ServerProcess finds the port.
  fprintf(stderr, "{\"event\":\"service.started\",\"port\":%d}\n", port);
  server->Wait();
  return 0;
}

}  // namespace

ServiceDefinition GatedDefinition() {
  return {.name = "gated", .ports = {}, .schema = {}, .make = [](Kernel& kernel) {
            return std::make_unique<GatedService>(kernel);
          }};
}

int RunBareServer(std::string_view name) {
  if (name == kBareCallback) {
    BareCallback service;
    return RunBare(service);
  }
  BareSynchronous service;
  return RunBare(service);
}

}  // namespace mestring
