// What activities hears of other services.
#pragma once

#include "common/process/server.h"

namespace mestring::activities {

// Subscribes to what peer support tells, if the installation has it.
void Subscribe(Kernel& kernel);

}  // namespace mestring::activities
