#include "tests/support/fake_clock.h"

namespace mestring {

absl::Time FakeClock::Start() { return absl::FromUnixSeconds(1795417200); }

}  // namespace mestring
