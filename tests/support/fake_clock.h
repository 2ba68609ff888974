// A clock that stands still until it is told to move.
#pragma once

#include <atomic>

#include "absl/time/time.h"
#include "common/clock.h"

namespace mestring {

class FakeClock : public Clock {
 public:
  // A Monday, 08:00 in Oslo.
  static absl::Time Start();
  absl::Time Now() const override { return absl::FromUnixMicros(micros_.load()); }
  void Advance(absl::Duration by) { micros_ += absl::ToInt64Microseconds(by); }
  void Set(absl::Time time) { micros_ = absl::ToUnixMicros(time); }

 private:
  std::atomic<int64_t> micros_{absl::ToUnixMicros(Start())};
};

}  // namespace mestring
