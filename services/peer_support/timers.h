// What time does in peer support.
#pragma once

#include "common/store/timers.h"

namespace mestring::peer_support {

// Registers what happens when time passes with the kernel's timers.
void RegisterTimers(Timers& timers);

}  // namespace mestring::peer_support
