// What the services offer, in words: the commands "list" and "describe".
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "services/ctl/arguments.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

// Who may call a method, without ROLE_.
std::vector<std::string> RolesOf(const google::protobuf::MethodDescriptor& method);

absl::StatusOr<int> ListCommand(const Arguments& arguments, const Settings& settings);
absl::StatusOr<int> DescribeCommand(const Arguments& arguments, const Settings& settings);

}  // namespace mestring::ctl
