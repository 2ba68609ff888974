// The main() of a service.
#pragma once

#include "common/process/server.h"

namespace mestring {

// Reads the environment (--help prints the table), starts, waits for SIGTERM or SIGINT, stops. Returns the exit code: 0
// after a clean stop, 1 if it could not start, 2 for bad configuration.
int RunService(int argc, char** argv, const ServiceDefinition& definition);

}  // namespace mestring
