// The one kind of mutex of this tree: std::mutex, which clang's -Wthread-safety can follow (tests/thread_safety). Every
// member that it guards says so:
//
//   Mutex mutex_;
//   std::vector<int> seen_ ABSL_GUARDED_BY(mutex_);
//
// absl::Mutex would say the same to clang, but ThreadSanitizer does not see the locks of a library that was built
// without it, as Debian's is, and takes all that they guard for races.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace mestring {

class ABSL_LOCKABLE Mutex {
 private:
  friend class MutexLock;
  friend class CondVar;
  std::mutex mutex_;
};

// Holds the mutex as long as it lives.
class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : lock_(mutex.mutex_) {}
  ~MutexLock() ABSL_UNLOCK_FUNCTION() {}

 private:
  const std::lock_guard<std::mutex> lock_;
};

using Deadline = std::chrono::steady_clock::time_point;
// May be absl::InfiniteDuration().
inline Deadline DeadlineAfter(absl::Duration duration) {
  const absl::Duration most = absl::Hours(24 * 365);  // more than that could overflow
  return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(std::min(duration, most));
}

// Wakes threads that wait, with a mutex held, for a change. A wait may also end without one, so wait in a loop:
//
//   while (!done_) changed_.Wait(mutex_);
class CondVar {
 public:
  // Releases the mutex while it waits.
  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    changed_.wait(lock);
    lock.release();
  }
  // False if the deadline has passed.
  bool WaitUntil(Mutex& mutex, Deadline deadline) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const bool in_time = changed_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return in_time;
  }
  void NotifyOne() { changed_.notify_one(); }
  void NotifyAll() { changed_.notify_all(); }

 private:
  std::condition_variable changed_;
};

}  // namespace mestring
