#include "common/base/worker.h"

#include <atomic>
#include <utility>

#include "common/base/mutex.h"
#include "common/base/random.h"

namespace mestring {

struct Worker::State {
  Mutex mutex;
  CondVar changed;
  std::atomic<bool> woken{false}, stopping{false};
  bool retry ABSL_GUARDED_BY(mutex) = false;
  bool ended ABSL_GUARDED_BY(mutex) = true;

  void Wake() {
    // If the worker is woken already, there is no need for the lock.
    if (woken.exchange(true)) return;
    MutexLock lock(mutex);
    changed.NotifyAll();
  }

  void Rest(absl::Duration duration, bool backs_off) {
    const Deadline end = DeadlineAfter(duration);
    MutexLock lock(mutex);
    bool in_time = true;
    while (in_time && !stopping && !retry && (!woken || backs_off)) in_time = changed.WaitUntil(mutex, end);
    woken = retry = false;
  }
};

Worker::Worker(Step step, Backoff backoff)
    : step_(std::move(step)), backoff_(backoff), state_(std::make_shared<State>()) {}
Worker::~Worker() { Stop(); }

void Worker::Start() {
  {
    MutexLock lock(state_->mutex);
    state_->stopping = state_->ended = false;
  }
  thread_ = std::thread([this] { Run(); });
}

void Worker::Run() {
  int failures = 0;
  while (!state_->stopping) {
    const absl::StatusOr<absl::Duration> rest = step_();
    if (rest.ok()) {
      failures = 0;
      state_->Rest(*rest, /*backs_off=*/false);
    } else {
      state_->Rest(BackoffAfter(failures++, backoff_.first, backoff_.most), /*backs_off=*/true);
    }
  }
  MutexLock lock(state_->mutex);
  state_->ended = true;
  state_->changed.NotifyAll();
}

void Worker::Wake() { state_->Wake(); }
void Worker::Retry() {
  MutexLock lock(state_->mutex);
  state_->retry = true;
  state_->changed.NotifyAll();
}
std::function<void()> Worker::Waker() const {
  return [state = state_] { state->Wake(); };
}

void Worker::BeginStop() {
  MutexLock lock(state_->mutex);
  state_->stopping = true;
  state_->changed.NotifyAll();
}

bool Worker::EndedWithin(absl::Duration duration) {
  const Deadline end = DeadlineAfter(duration);
  MutexLock lock(state_->mutex);
  while (!state_->ended && state_->changed.WaitUntil(state_->mutex, end)) {
  }
  return state_->ended;
}

void Worker::Stop() {
  BeginStop();
  if (thread_.joinable()) thread_.join();
}

bool Worker::stopping() const { return state_->stopping; }

}  // namespace mestring
