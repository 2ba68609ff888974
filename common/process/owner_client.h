// Our calls to the service that owns a stream.
#pragma once

#include <string>

#include "common/events/subscription.h"
#include "common/process/config.h"

namespace mestring {

// Asks the owner of a stream, at an address, for what comes after a cursor. The token is read anew each time: whoever
// renews it writes the file.
Subscription::Owner OwnerAt(const std::string& address, const Config& config);

}  // namespace mestring
