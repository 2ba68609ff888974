#include "services/housing/housing.h"
