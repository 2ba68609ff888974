// The connection to a server, and the reason why there is none.
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

// If no service answered a call to `service` at `address`: one sentence for a person that says what is in the way and
// what to do about it. "" if a service did answer: its own error says what is wrong.
std::string WhatIsInTheWay(const Settings& settings, std::string_view service, std::string_view address,
                           const grpc::Status& status);

}  // namespace mestring::ctl
