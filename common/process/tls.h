// TLS as the configuration says: of the port, and of our own calls to the owners of streams. Certificate files are
// read again when they change.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/process/config.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/server_credentials.h"

namespace mestring {

// TLS, mutual if there is a client CA; else plain text, which only a loopback address may speak. FAILED_PRECONDITION
// with a sentence for the operator.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsFor(const Config& config);
// How we speak to the owners of streams: as they speak to us.
std::shared_ptr<grpc::ChannelCredentials> ClientCredentialsFor(const Config& config);

}  // namespace mestring
