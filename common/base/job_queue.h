// A bounded line of jobs and the threads that do them. Who posts a job does not wait.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/mutex.h"

namespace mestring {

// Something to do, and somebody to answer. It belongs to its queue from Post until Done.
class Job {
 public:
  Job() = default;
  Job(const Job&) = delete;

  // Says how it went, once for each Post, on a thread of the queue: so it must not block. True: the job is finished,
  // and Answer follows when the log lines of all jobs of its share are written. False: the job was posted to another
  // queue, which may be done with it already.
  virtual bool Done(absl::Status status) = 0;
  // Answers the caller; must not block. The job may delete itself.
  virtual void Answer() = 0;

  // If the job has not begun by then, it is done with DeadlinePassed(). Set before Post.
  absl::Time deadline = absl::InfiniteFuture();

 protected:
  ~Job() = default;
};

// Thread-safe.
class JobQueue {
 public:
  struct Options {
    size_t threads = 1;
    size_t length_max = 1024;            // jobs that wait; more are refused
    size_t share_max = 1;                // jobs that a thread takes at once; less if others could do them meanwhile
    std::function<absl::Status()> full;  // how they are refused
  };
  // Does the jobs of a share on thread number `thread` (0, 1, …), and ends each by End.
  using Work = std::function<void(size_t thread, absl::Span<Job* const> share)>;

  JobQueue(Options options, Work work);
  // Does what waits, and ends the threads. Nobody may post any more.
  ~JobQueue();

  // Puts the job in line. After an error (Options::full) the job still belongs to the caller, and is not Done.
  absl::Status Post(Job& job);
  // Ends the jobs that have waited longer than they may, when no thread is free to do so. Call it now and then.
  void EndExpired();
  // How many wait.
  int length() const;

  // Ends jobs with their results: Done of all, their log lines in few writes, Answer of all.
  struct Ending {
    Job* job;
    absl::Status status;
  };
  static void End(absl::Span<Ending> endings);

 private:
  void Run(size_t thread);
  std::vector<Job*> Take();

  const Options options_;
  const Work work_;
  mutable Mutex mutex_;
  CondVar posted_;
  std::deque<Job*> line_ ABSL_GUARDED_BY(mutex_);
  size_t idle_ ABSL_GUARDED_BY(mutex_) = 0;  // threads that wait for a job
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace mestring
