// The commands "events …": they follow the streams of the services, list the events in their owners' logs, and show
// and retry the events that a subscriber could not apply.
#pragma once

#include "absl/status/statusor.h"
#include "services/ctl/arguments.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

absl::StatusOr<int> EventsTailCommand(const Arguments& arguments, const Settings& settings);
absl::StatusOr<int> EventsListCommand(const Arguments& arguments, const Settings& settings);
absl::StatusOr<int> EventsParkedCommand(const Arguments& arguments, const Settings& settings);
absl::StatusOr<int> EventsRetryCommand(const Arguments& arguments, const Settings& settings);
absl::StatusOr<int> EventsRebaseCommand(const Arguments& arguments, const Settings& settings);
absl::StatusOr<int> EventsEraseCommand(const Arguments& arguments, const Settings& settings);

}  // namespace mestring::ctl
