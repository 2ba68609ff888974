// What time does in activities.
#pragma once

#include "common/store/timers.h"

namespace mestring::activities {

// Registers what happens when time passes with the kernel's timers.
void RegisterTimers(Timers& timers);

}  // namespace mestring::activities
