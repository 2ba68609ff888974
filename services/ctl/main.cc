// mestringctl: one client for people and scripts.
#include <cstdlib>
#include <string>
#include <vector>

#include "services/ctl/commands.h"

int main(int argc, char** argv) {
  // This program prints its own errors; gRPC's log lines beside them would only confuse.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const std::vector<std::string> words(argv + 1, argv + argc);
  return mestring::ctl::RunCommandLine(words, [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return std::string(value == nullptr ? "" : value);
  });
}
