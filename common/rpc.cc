#include "common/rpc.h"
