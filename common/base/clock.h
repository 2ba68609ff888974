// Time comes from a clock, so that a test can let three months pass in a microsecond.
#pragma once

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace google::protobuf {
class Timestamp;
}

namespace mestring {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's clock. With an offset file, its content (seconds) is added: a rehearsal or training
// environment moves its own time by writing that file (re-read at most once a second).
class SystemClock : public Clock {
 public:
  explicit SystemClock(std::string offset_file = "");
  absl::Time Now() const override;

 private:
  const std::string offset_file_;
  mutable std::atomic<int64_t> next_read_ns_{0};
  mutable std::atomic<int64_t> offset_seconds_{0};
};

// Civil dates of the domain are dates in the municipality's time zone.
absl::CivilDay DateIn(absl::TimeZone zone, absl::Time time);
// The first instant of a civil date there.
absl::Time StartOfDay(absl::TimeZone zone, absl::CivilDay day);

// "2026-11-23". ParseDate fails for anything else, also for a day that does not exist.
std::string FormatDate(absl::CivilDay day);
absl::StatusOr<absl::CivilDay> ParseDate(std::string_view text);

google::protobuf::Timestamp ToProto(absl::Time time);
absl::Time FromProto(const google::protobuf::Timestamp& time);

}  // namespace mestring
