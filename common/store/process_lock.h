// A process owns its SQLite file: the head of the log, the relay and the timers need that.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace mestring {

// The lock lasts until this object is destroyed.
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
