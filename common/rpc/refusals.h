// Two errors that gRPC would give by itself, with a code and a text only; we give them the details that every error
// has.
#pragma once

#include <memory>

#include "common/rpc/pipeline.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/support/server_interceptor.h"

namespace mestring {

// Answers the calls of paths that have no handler (RpcPipeline::Unknown).
std::unique_ptr<grpc::CallbackGenericService> NewUnknownCalls(RpcPipeline& edge);

// Bytes that are no message of the method's type (a torn field, broken UTF-8) reach no handler: the library answers
// UNIMPLEMENTED. The caller made the mistake, and gets an error like every other (RpcPipeline::Unreadable).
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> NewUnreadableRequests(RpcPipeline& edge);

}  // namespace mestring
