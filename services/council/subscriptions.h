// What the council learns from the events of other services.
#pragma once

#include "common/process/server.h"

namespace mestring::council {

// Subscribes to the services of this installation whose figures and actions the council follows.
void Subscribe(Kernel& kernel);

}  // namespace mestring::council
