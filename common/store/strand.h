// A piece of work on a stack of its own, which can stop in the middle and go on later, on the same thread. For reads
// that wait for the database together (strand_reads.h).
//
// The stacks are switched by Boost.Context, the library of Debian that does only that.
#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>

#include "absl/functional/function_ref.h"

namespace mestring {

// Used by one thread only. It can be used again when its work has ended.
class Strand {
 public:
  // Enough for a use case with what it calls, libraries included; a page that cannot be used lies below it, so that
  // more ends the process and destroys nothing.
  static constexpr size_t kStackBytes = 256 << 10;

  Strand();
  // The work must have ended.
  ~Strand();
  Strand(const Strand&) = delete;

  // Begins the work. True if it has ended, false if it has called Suspend. The work must not throw, and what it refers
  // to must live until it has ended.
  bool Start(absl::FunctionRef<void()> work);
  // Goes on after Suspend; returns as Start.
  bool Resume();

  // For the work: stops it, and returns when somebody resumes it. Not within a catch: the C++ runtime keeps the open
  // handlers of a thread in one list.
  void Suspend();

 private:
  boost::context::fiber Loop(boost::context::fiber caller);
  bool Enter();

  boost::context::fiber inside_, outside_;  // where to go on; one of them is empty
  const absl::FunctionRef<void()>* work_ = nullptr;
  bool ended_ = true, stopping_ = false;
  // What the sanitizers are told of the stacks.
  const void* stack_bottom_ = nullptr;
  size_t stack_bytes_ = 0;
  const void* outside_bottom_ = nullptr;
  size_t outside_bytes_ = 0;
  void* inside_fake_ = nullptr;
  void* inside_tsan_ = nullptr;
  void* outside_tsan_ = nullptr;
};

}  // namespace mestring
