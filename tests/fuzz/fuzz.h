// What each fuzz target needs beside its own input.
#pragma once

#include <cstdlib>

#include "google/protobuf/stubs/logging.h"

// Ends the process, which the fuzzer reports with the input, unless that holds.
inline void Require(bool holds) {
  if (!holds) abort();
}

// Many inputs have broken UTF-8 or JSON somewhere, of which protobuf would say a line each.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}
