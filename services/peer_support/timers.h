#pragma once

#include "common/store/timers.h"

namespace mestring::peer_support {

// Registers the handlers of the timers of peer support.
void RegisterTimers(Timers& timers);

}  // namespace mestring::peer_support
