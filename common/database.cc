#include "common/database.h"
