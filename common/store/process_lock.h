// A process owns its SQLite file: the head, the relay and the timers rely on being alone.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace mestring {

// Held until it is destroyed.
class ProcessLock {
 public:
  ProcessLock() = default;
  ProcessLock(const ProcessLock&) = delete;
  ~ProcessLock();

  // FAILED_PRECONDITION, with a sentence for the operator, if another process has the database.
  absl::Status Take(const std::string& database);

 private:
  int file_ = -1;
};

}  // namespace mestring
