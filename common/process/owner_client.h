// Our calls to the service that owns a stream.
#pragma once

#include <string>

#include "common/events/subscription.h"
#include "common/process/config.h"

namespace mestring {

// Asks the owner of a stream, at an address, for the events after a cursor. It reads the token file at each call, so
// the token can be renewed.
Subscription::Owner OwnerAt(const std::string& address, const Config& config);

}  // namespace mestring
