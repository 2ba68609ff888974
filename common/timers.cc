#include "common/timers.h"
