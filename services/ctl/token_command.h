// The commands "token", which signs with the local key, and "token show", which reads any token.
#pragma once

#include "absl/status/statusor.h"
#include "services/ctl/arguments.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

absl::StatusOr<int> TokenCommand(const Arguments& arguments, const Settings& settings);
absl::StatusOr<int> TokenShowCommand(const Arguments& arguments, const Settings& settings);

}  // namespace mestring::ctl
