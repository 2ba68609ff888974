// TLS as configured: for the port, and for our own calls to the owners of streams. Changed certificate files are read
// again.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/process/config.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"

namespace mestring {

// TLS, mutual if a client CA is configured; without a certificate plain text, on a loopback address only.
// FAILED_PRECONDITION, with a sentence for the operator, otherwise.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsFor(const Config& config);
// The credentials for calls to the owners of streams.
std::shared_ptr<grpc::ChannelCredentials> ClientCredentialsFor(const Config& config);

}  // namespace mestring
