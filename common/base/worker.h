// A thread that runs one step after another until it is stopped. All background work uses it.
//
//   Worker worker([this]() -> absl::StatusOr<absl::Duration> { … }, {.first = absl::Seconds(1), .most =
//   absl::Minutes(1)}); worker.Start();
//
// A step does a piece of work and returns how long the thread rests after it: zero to go on at once,
// absl::InfiniteDuration() until somebody wakes it. After a step that fails the thread backs off (BackoffAfter), longer
// after each failure; a step that succeeds ends that.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mestring {

class Worker {
 public:
  // Runs on the thread only. It may call stopping(), and may wake its own worker; then the thread does not rest after
  // this step.
  using Step = std::function<absl::StatusOr<absl::Duration>()>;
  struct Backoff {
    absl::Duration first = absl::Milliseconds(100), most = absl::Seconds(10);
  };

  explicit Worker(Step step) : Worker(std::move(step), Backoff()) {}
  Worker(Step step, Backoff backoff);
  // Stops it.
  ~Worker();

  // Runs the first step at once. May be called again after Stop.
  void Start();

  // Ends the rest of the thread, or skips the next one if it is at work. It does not end backing off: a busy caller
  // would make the thread repeat a failing step all the time. Cheap, from any thread.
  void Wake();
  // Ends a rest or backing off, because the cause of the failures may be gone. From any thread.
  void Retry();
  // A function that does Wake, and may be called after the worker is gone.
  std::function<void()> Waker() const;

  // Asks the thread to end after the current step, and does not wait. From any thread.
  void BeginStop();
  // Waits for the end of the thread; false if it has not ended by then. The caller can then interrupt what the step
  // waits for.
  bool EndedWithin(absl::Duration duration);
  // BeginStop, and returns when the thread has ended. Not from a step.
  void Stop();
  bool stopping() const;

 private:
  struct State;
  void Run();

  const Step step_;
  const Backoff backoff_;
  const std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace mestring
