#include "common/subscription.h"
