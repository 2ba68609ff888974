// Fault points that do what FAULT_POINT says.
#include "common/base/fault.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <string>

namespace mestring {

void PassFaultPoint(const char* name) {
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

bool MistakesFail() { return true; }

}  // namespace mestring
