// How the thread at work in a queue of reads or writes tells a caller that waits in line, once, what to do.
#pragma once

#include <optional>

#include "common/base/mutex.h"

namespace mestring {

enum class Turn {
  kLead,  // do the work: your own, and that of others who wait
  kDone,  // another caller has done yours
};

// Lives on the stack of the caller that waits, which may leave as soon as it is told its turn.
class TurnBell {
 public:
  void Tell(Turn turn) {
    MutexLock lock(mutex_);
    told_ = turn;
    rung_.NotifyOne();
  }
  Turn Wait() {
    MutexLock lock(mutex_);
    while (!told_) rung_.Wait(mutex_);
    return *told_;
  }
  // Nothing if the deadline passes first.
  std::optional<Turn> WaitUntil(Deadline deadline) {
    MutexLock lock(mutex_);
    while (!told_ && rung_.WaitUntil(mutex_, deadline)) {
    }
    return told_;
  }

 private:
  Mutex mutex_;
  CondVar rung_;
  std::optional<Turn> told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mestring
