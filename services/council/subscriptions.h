// What the council hears of other services.
#pragma once

#include "common/process/server.h"

namespace mestring::council {

// Subscribes to the services of this installation whose figures and actions concern the council.
void Subscribe(Kernel& kernel);

}  // namespace mestring::council
