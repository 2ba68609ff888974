#include "common/rpc/refusals.h"

// These classes only find the calls; the edge makes the answers. An interceptor sees each status just before it is
// sent. A status UNIMPLEMENTED without details comes from the library, because ours always have details; where a method
// has a handler, it means that the library could not read the bytes.

namespace mestring {
namespace {

class UnknownCalls : public grpc::CallbackGenericService {
 public:
  explicit UnknownCalls(RpcPipeline& edge) : edge_(edge) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    return new Refusal(edge_.Unknown(context->method()));
  }

 private:
  class Refusal : public grpc::ServerGenericBidiReactor {
   public:
    explicit Refusal(const grpc::Status& status) { Finish(status); }
    void OnDone() override { delete this; }
  };

  RpcPipeline& edge_;
};

class UnreadableRequests : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit UnreadableRequests(RpcPipeline& edge) : edge_(edge) {}
  // One for each call; the library deletes it.
  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* call) override {
    return new OfCall(edge_, *call);
  }

 private:
  class OfCall : public grpc::experimental::Interceptor {
   public:
    OfCall(RpcPipeline& edge, grpc::experimental::ServerRpcInfo& call) : edge_(edge), call_(call) {}
    void Intercept(grpc::experimental::InterceptorBatchMethods* batch) override {
      if (batch->QueryInterceptionHookPoint(grpc::experimental::InterceptionHookPoints::PRE_SEND_STATUS)) {
        const grpc::Status status = batch->GetSendStatus();
        if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED && status.error_details().empty() &&
            edge_.Handles(call_.method())) {
          batch->ModifySendStatus(edge_.Unreadable(call_.method(), *call_.server_context()));
        }
      }
      batch->Proceed();
    }

   private:
    RpcPipeline& edge_;
    grpc::experimental::ServerRpcInfo& call_;
  };

  RpcPipeline& edge_;
};

}  // namespace

std::unique_ptr<grpc::CallbackGenericService> NewUnknownCalls(RpcPipeline& edge) {
  return std::make_unique<UnknownCalls>(edge);
}

std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> NewUnreadableRequests(RpcPipeline& edge) {
  return std::make_unique<UnreadableRequests>(edge);
}

}  // namespace mestring
