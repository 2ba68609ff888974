// A thread that takes one step after another until it is stopped: all that goes on in the background is done by such.
//
//   Worker worker([this]() -> absl::StatusOr<absl::Duration> { … }, {.first = absl::Seconds(1), .most =
//   absl::Minutes(1)}); worker.Start();
//
// A step does a piece of work and says how long the thread rests after it: zero to go on at once,
// absl::InfiniteDuration() until somebody wakes it. After a step that fails the thread backs off (BackoffAfter), longer
// with each failure; a step that succeeds ends that.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mestring {

class Worker {
 public:
  // Runs on the thread only. May ask stopping(), and may wake its own worker: then there is no rest after this step.
  using Step = std::function<absl::StatusOr<absl::Duration>()>;
  struct Backoff {
    absl::Duration first = absl::Milliseconds(100), most = absl::Seconds(10);
  };

  explicit Worker(Step step) : Worker(std::move(step), Backoff()) {}
  Worker(Step step, Backoff backoff);
  // Stops it.
  ~Worker();

  // Takes the first step at once. May be called again after Stop.
  void Start();

  // There is something to do: ends the rest, or the next one if the thread is at work. A thread that backs off goes on
  // doing so, or a busy caller would make it try a thousand times what cannot work. Cheap, from any thread.
  void Wake();
  // What made steps fail may be over: ends a rest, and also a backing off. From any thread.
  void Retry();
  // Wake, for whoever may still call it when the worker is gone.
  std::function<void()> Waker() const;

  // Asks the thread to end after the step under way, and does not wait. From any thread.
  void BeginStop();
  // Waits, and says whether the thread has ended by then. For a step that waits for somebody else: who stops it may
  // have to interrupt that.
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
