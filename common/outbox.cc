#include "common/outbox.h"
