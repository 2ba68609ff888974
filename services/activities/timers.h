#pragma once

#include "common/store/timers.h"

namespace mestring::activities {

// Registers the handlers of the timers of activities.
void RegisterTimers(Timers& timers);

}  // namespace mestring::activities
