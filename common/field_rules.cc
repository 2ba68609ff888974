#include "common/field_rules.h"
