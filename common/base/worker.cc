#include "common/base/worker.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "common/base/random.h"

namespace mestring {

struct Worker::State {
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> woken{false}, stopping{false};
  bool retry = false, ended = true;  // guarded by mutex

  void Wake() {
    // If the worker is woken already, there is no need for the lock.
    if (woken.exchange(true)) return;
    const std::lock_guard lock(mutex);
    changed.notify_all();
  }

  void Set(std::function<void()> change) {
    const std::lock_guard lock(mutex);
    change();
    changed.notify_all();
  }

  bool Wait(std::unique_lock<std::mutex>& lock, absl::Duration duration, const std::function<bool()>& over) {
    if (duration < absl::Hours(24)) return changed.wait_for(lock, absl::ToChronoNanoseconds(duration), over);
    // The library adds the duration to now, which must not overflow.
    changed.wait(lock, over);
    return true;
  }

  void Rest(absl::Duration duration, bool backs_off) {
    std::unique_lock lock(mutex);
    Wait(lock, duration, [&] { return stopping || retry || (woken && !backs_off); });
    woken = retry = false;
  }
};

Worker::Worker(Step step, Backoff backoff)
    : step_(std::move(step)), backoff_(backoff), state_(std::make_shared<State>()) {}
Worker::~Worker() { Stop(); }

void Worker::Start() {
  state_->Set([this] { state_->stopping = state_->ended = false; });
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
  state_->Set([this] { state_->ended = true; });
}

void Worker::Wake() { state_->Wake(); }
void Worker::Retry() {
  state_->Set([this] { state_->retry = true; });
}
std::function<void()> Worker::Waker() const {
  return [state = state_] { state->Wake(); };
}

void Worker::BeginStop() {
  state_->Set([this] { state_->stopping = true; });
}

bool Worker::EndedWithin(absl::Duration duration) {
  std::unique_lock lock(state_->mutex);
  return state_->Wait(lock, duration, [this] { return state_->ended; });
}

void Worker::Stop() {
  BeginStop();
  if (thread_.joinable()) thread_.join();
}

bool Worker::stopping() const { return state_->stopping; }

}  // namespace mestring
