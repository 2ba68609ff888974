// Server reflection: a client asks the server for its contracts, under either name of the service, v1 or v1alpha. The
// library of gRPC 1.51 knows only the second, and lists services that it cannot describe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grpcpp/impl/service_type.h"

namespace mestring {

// Whether this is the full name of one of the services below.
bool IsReflection(std::string_view service);
// The services of gRPC that a server may have beside ours: reflection, and health, which the library implements.
inline constexpr std::string_view kHealthService = "grpc.health.v1.Health";
inline bool IsOfGrpc(std::string_view service) { return service == kHealthService || IsReflection(service); }

// One service for each of the two names. `served`: the full names of the services of their server, read when a client
// asks; services whose contract is not in this program are left out. It outlives them, and does not change after the
// start.
std::vector<std::unique_ptr<grpc::Service>> NewReflectionServices(const std::vector<std::string>& served);

}  // namespace mestring
