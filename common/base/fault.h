// Fault points: named places where a test makes the process fail. They exist only in test builds
// (CMake option MESTRING_FAULTS); elsewhere the macro is nothing.
//
//   FAULT("tx.before_commit");
//
// The variable FAULT_POINT=<name>:<nth>:<kill|stop>, if it is not empty, makes the nth passage through that point
// send SIGKILL or SIGSTOP to the process itself, after a line "fault <name>:<nth>:<kill|stop>" on standard error.
//
// All of them, in the order in which an event passes (tests/faults kills at each):
//   tx.before_commit        a group of writes, its log rows inserted, not committed
//   tx.after_commit         durable, nobody answered yet
//   relay.term_committed    the new epoch is in the database, not on the stream
//   relay.before_append     rows read from the log, not sent
//   relay.after_append      on the stream, the relay does not count on it yet
//   relay.before_trim       up to where the stream is trimmed is in the database, it is not done
//   sub.read                read from the stream, nothing done
//   sub.effects_done        handlers have run, the cursor not moved (then the two of tx, in the subscriber)
//   sub.after_commit        effects and cursor durable, the subscription does not know it yet
//   watch.before_write      an event is about to go to a watcher
#pragma once

namespace mestring {

// A mistake of the program that it could live with, and would only log, fails the call in a test build.
#ifdef MESTRING_FAULTS
constexpr bool kTestBuild = true;
#else
constexpr bool kTestBuild = false;
#endif

}  // namespace mestring

#ifdef MESTRING_FAULTS

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <string>

namespace mestring {

inline void PassFaultPoint(const std::string& name) {
  static const char* const plan = getenv("FAULT_POINT");
  if (plan == nullptr || *plan == '\0') return;
  static const std::string text = plan;
  static const size_t first = text.find(':'), second = text.find(':', first + 1);
  static const int nth = atoi(text.c_str() + first + 1);
  static std::atomic<int> passed{0};
  if (name != text.substr(0, first) || ++passed != nth) return;
  dprintf(STDERR_FILENO, "fault %s\n", text.c_str());
  kill(getpid(), text.substr(second + 1) == "stop" ? SIGSTOP : SIGKILL);
}

}  // namespace mestring

#define FAULT(name) ::mestring::PassFaultPoint(name)

#else
#define FAULT(name) \
  do {              \
  } while (0)
#endif
