#pragma once

#include "common/store/timers.h"

namespace mestring::council {

// Registers the handlers of the council's timers.
void RegisterTimers(Timers& timers);

}  // namespace mestring::council
