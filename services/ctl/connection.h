// How a server is reached, and what it means when it is not.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/status.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

// TLS with the authority of the settings, else plain text. A usage error if the authority's file holds none.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const Settings& settings);

// One sentence for a person about a call to `service` at `address` that no service answered: what is in the way, and
// what to do about it. "" if a service did answer, which then has said itself what is wrong.
std::string WhatIsInTheWay(const Settings& settings, std::string_view service, std::string_view address,
                           const grpc::Status& status);

}  // namespace mestring::ctl
