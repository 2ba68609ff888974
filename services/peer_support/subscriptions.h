// What peer support hears of other services.
#pragma once

#include "common/process/server.h"

namespace mestring::peer_support {

// Registers what is heard of other services.
void Subscribe(Kernel& kernel);

}  // namespace mestring::peer_support
