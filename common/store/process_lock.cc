#include "common/store/process_lock.h"

// The lock is on a file beside the database, because closing any descriptor of the database itself would drop SQLite's
// own locks.

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace mestring {

ProcessLock::~ProcessLock() {
  if (file_ >= 0) close(file_);
}

absl::Status ProcessLock::Take(const std::string& database) {
  const std::string path = database + ".lock";
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) {
    return absl::FailedPreconditionError(absl::StrCat("cannot write ", path, ": ", strerror(errno)));
  }
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the database ", database, " is in use by another process; SQLite serves one at a time"));
  }
  return absl::OkStatus();
}

}  // namespace mestring
