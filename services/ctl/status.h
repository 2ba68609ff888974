// The command "status": whether the services work, and how far each has published and read events.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mestring/events/v1/operations.pb.h"
#include "services/ctl/arguments.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

// The faults, one sentence each; empty if there is none.
std::vector<std::string> Ailments(const events::v1::GetStatusResponse& status, bool ready);

absl::StatusOr<int> StatusCommand(const Arguments& arguments, const Settings& settings);

}  // namespace mestring::ctl
