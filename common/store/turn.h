// What somebody who waits in a line is told, once, by whoever is at work: for the queues of reads and writes.
#pragma once

#include <optional>

#include "common/base/mutex.h"

namespace mestring {

enum class Turn {
  kLead,  // do the work, your own and that of others who wait
  kDone,  // somebody did yours
};

// On the stack of the one who waits, who may leave as soon as the turn is told.
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
