// The command "status": are the services well, and how far has each event come?
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mestring/events/v1/operations.pb.h"
#include "services/ctl/arguments.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

// What is not well, one sentence each; empty if all is.
std::vector<std::string> Ailments(const events::v1::GetStatusResponse& status, bool ready);

absl::StatusOr<int> StatusCommand(const Arguments& arguments, const Settings& settings);

}  // namespace mestring::ctl
