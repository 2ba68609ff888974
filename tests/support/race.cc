#include "tests/support/race.h"

// The threads wait at one gate, so that the service meets them together and not in the order of their
// making.

#include <latch>
#include <thread>
#include <vector>

#include "common/base/errors.h"

namespace mestring {

std::map<std::string, int> AllAtOnce(int callers, const std::function<absl::Status(int)>& call) {
  std::vector<std::string> reasons(callers);
  std::latch ready(callers), go(1);
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) {
    threads.emplace_back([&, i] {
      ready.count_down();
      go.wait();
      absl::Status status = call(i);
      while (absl::IsResourceExhausted(status)) status = call(i);
      reasons[i] = status.ok() ? "" : ReasonOf(status);
    });
  }
  ready.wait();
  go.count_down();
  for (std::thread& thread : threads) thread.join();
  std::map<std::string, int> counts;
  for (const std::string& reason : reasons) ++counts[reason];
  return counts;
}

}  // namespace mestring
