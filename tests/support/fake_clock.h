// A clock that stands still until it is told to move. As fine as a machine's: finer than a column of a database.
#pragma once

#include <atomic>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace mestring {

class FakeClock : public Clock {
 public:
  // A Monday, 08:00 in Oslo.
  static absl::Time Start();
  absl::Time Now() const override { return absl::FromUnixNanos(nanos_.load()); }
  void Advance(absl::Duration by) { nanos_ += absl::ToInt64Nanoseconds(by); }
  void Set(absl::Time time) { nanos_ = absl::ToUnixNanos(time); }

 private:
  std::atomic<int64_t> nanos_{absl::ToUnixNanos(Start())};
};

}  // namespace mestring
