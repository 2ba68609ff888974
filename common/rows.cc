#include "common/rows.h"
