#include "common/access.h"
