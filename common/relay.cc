#include "common/relay.h"
