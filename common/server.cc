#include "common/server.h"
