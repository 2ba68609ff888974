#include "common/watch.h"
