// The names of the services that a gRPC server really has: its own, and those that the library adds. Pass the option to
// the builder of a server; when the server is built, `services` has the full names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "grpcpp/impl/server_builder_option.h"

namespace mestring {

// Give it to the builder of a server. When the server is built its services' full names stand in `services`.
std::unique_ptr<grpc::ServerBuilderOption> NewListing(std::vector<std::string>* services);

}  // namespace mestring
