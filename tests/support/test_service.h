// The service of tests/support/mestring/test/v1/test.proto.
#pragma once

#include "common/process/server.h"

namespace mestring {

// EmptyService and NoteService.
ServiceDefinition TestServiceDefinition();
// One more, whose contract forgets to say who may call.
ServiceDefinition UnguardedServiceDefinition();

// Lets every call of Hold go, now and from now on (true), or makes them wait again (false).
void ReleaseHold(bool release);
// How many calls of Hold wait.
int Held();

}  // namespace mestring
