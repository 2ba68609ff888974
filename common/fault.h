// Fault points: named places where a test makes the process fail. They exist only in test builds
// (CMake option MESTRING_FAULTS); elsewhere the macro is nothing.
//
//   FAULT("tx.before_commit");
//
// The variable FAULT_POINT=<name>:<nth>:<kill|stop> makes the nth passage through that point
// send SIGKILL or SIGSTOP to the process itself.
#pragma once

#ifdef MESTRING_FAULTS

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <string>

namespace mestring {

inline void PassFaultPoint(const std::string& name) {
  static const char* const plan = getenv("FAULT_POINT");
  if (plan == nullptr) return;
  static const std::string text = plan;
  static const size_t first = text.find(':'), second = text.find(':', first + 1);
  static const int nth = atoi(text.c_str() + first + 1);
  static std::atomic<int> passed{0};
  if (name != text.substr(0, first) || ++passed != nth) return;
  kill(getpid(), text.substr(second + 1) == "stop" ? SIGSTOP : SIGKILL);
}

}  // namespace mestring

#define FAULT(name) ::mestring::PassFaultPoint(name)

#else
#define FAULT(name) \
  do {              \
  } while (0)
#endif
