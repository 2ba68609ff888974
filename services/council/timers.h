// What time does in the council.
#pragma once

#include "common/store/timers.h"

namespace mestring::council {

// Registers what happens when time passes with the kernel's timers.
void RegisterTimers(Timers& timers);

}  // namespace mestring::council
