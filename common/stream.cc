#include "common/stream.h"
