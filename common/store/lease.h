// The lease of a task that one process at a time should do (table `lease`). It saves work and guarantees nothing: two
// machines whose clocks differ may both hold it for a while.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/database.h"

namespace mestring {

class Lease {
 public:
  // `name`: the task. `holder`: the unique name of this process. `length`: how long the lease lasts unless it is taken
  // again.
  Lease(Database& db, std::string name, std::string holder, absl::Duration length)
      : db_(db), name_(std::move(name)), holder_(std::move(holder)), length_(length) {}

  // Takes or renews the lease; true if it is ours now. On SQLite it always is, because the process owns the file.
  absl::StatusOr<bool> Take();
  // Gives the lease back. If this fails the others wait until it expires.
  void GiveBack();

 private:
  Database& db_;
  const std::string name_, holder_;
  const absl::Duration length_;
};

}  // namespace mestring
