// A job of a database: something to do in a transaction.
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/base/job_queue.h"
#include "common/base/mutex.h"
#include "common/store/tx.h"

namespace mestring {

class TxJob : public Job {
 public:
  // What the function of Database::Write or Read does. May run again, and must have no effect outside of `tx` that a
  // second run does not replace.
  virtual absl::Status Run(Tx& tx) = 0;

  // How Run went; of the queue, until Done.
  absl::Status result;

 protected:
  ~TxJob() = default;
};

// A caller that waits until its function has run. Lives on the stack of that caller.
class WaitingJob final : public TxJob {
 public:
  explicit WaitingJob(absl::FunctionRef<absl::Status(Tx&)> fn) : fn_(fn) {}

  absl::Status Run(Tx& tx) override { return fn_(tx); }
  bool Done(absl::Status status) override {
    result = std::move(status);
    return true;
  }
  void Answer() override {
    MutexLock lock(mutex_);
    answered_ = true;
    changed_.NotifyOne();
  }
  absl::Status Wait() {
    MutexLock lock(mutex_);
    while (!answered_) changed_.Wait(mutex_);
    return result;
  }

 private:
  const absl::FunctionRef<absl::Status(Tx&)> fn_;
  Mutex mutex_;
  CondVar changed_;
  bool answered_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace mestring
