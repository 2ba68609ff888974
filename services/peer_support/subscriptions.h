// What peer support learns from the events of other services.
#pragma once

#include "common/process/server.h"

namespace mestring::peer_support {

// Subscribes to activities, if the installation has it.
void Subscribe(Kernel& kernel);

}  // namespace mestring::peer_support
