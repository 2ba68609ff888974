// What activities learns from the events of other services.
#pragma once

#include "common/process/server.h"

namespace mestring::activities {

// Subscribes to peer support, if the installation has it.
void Subscribe(Kernel& kernel);

}  // namespace mestring::activities
