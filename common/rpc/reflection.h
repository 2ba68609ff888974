// Server reflection: a client asks the server itself for its contracts. Under both names by which clients ask, v1 and
// v1alpha; the library of gRPC 1.51 knows the second only, and lists services that it cannot describe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "grpcpp/impl/service_type.h"

namespace mestring {

// Is this the full name of one of the services below?
bool IsReflection(std::string_view service);
// Of gRPC's own services, those that a server may have beside ours: reflection, and health, which is the library's.
inline constexpr std::string_view kHealthService = "grpc.health.v1.Health";
inline bool IsOfGrpc(std::string_view service) { return service == kHealthService || IsReflection(service); }

// One service for each name. `served`: the full names of the services of their server, read when a client asks; those
// whose contract is not in this program are left out. It outlives them, and does not change any more.
std::vector<std::unique_ptr<grpc::Service>> NewReflectionServices(const std::vector<std::string>& served);

}  // namespace mestring
