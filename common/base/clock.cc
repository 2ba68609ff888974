// Time: the machine's, or that of a rehearsal; and the civil dates of the municipality.
//
// A domain date ("moves in on 1 March") is a civil date in the municipality's zone and never an instant; only this file
// converts between the two. With the offset file people rehearse a month in an hour with the real program; it is read
// at most once a second because every call asks Now(). An RPC that sets the clock was rejected: one forgotten
// permission, and it moves real deadlines.
#include "common/base/clock.h"

#include <fstream>
#include <utility>

#include "absl/strings/str_format.h"
#include "common/base/errors.h"
#include "google/protobuf/timestamp.pb.h"

namespace mestring {
namespace {

// How old the offset may be.
constexpr int64_t kReadEveryNs = 1'000'000'000;
constexpr size_t kDateLength = 10;  // "2026-11-23"

}  // namespace

SystemClock::SystemClock(std::string offset_file) : offset_file_(std::move(offset_file)) {}

absl::Time SystemClock::Now() const {
  const absl::Time now = absl::Now();
  if (offset_file_.empty()) return now;
  const int64_t now_ns = absl::ToUnixNanos(now);
  int64_t due = next_read_ns_.load();
  // One thread reads; the others go on with the last value.
  if (now_ns >= due && next_read_ns_.compare_exchange_strong(due, now_ns + kReadEveryNs)) {
    std::ifstream file(offset_file_);
    int64_t seconds = 0;
    if (!(file >> seconds)) seconds = 0;  // no file, no offset
    offset_seconds_ = seconds;
  }
  return now + absl::Seconds(offset_seconds_.load());
}

absl::CivilDay DateIn(absl::TimeZone zone, absl::Time time) { return absl::ToCivilDay(time, zone); }

absl::Time StartOfDay(absl::TimeZone zone, absl::CivilDay day) {
  // Where midnight does not exist (a zone that moves its clocks then), the day begins at the transition.
  const absl::TimeZone::TimeInfo info = zone.At(absl::CivilSecond(day));
  return info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre;
}

std::string FormatDate(absl::CivilDay day) {
  return absl::StrFormat("%04d-%02d-%02d", day.year(), day.month(), day.day());
}

absl::StatusOr<absl::CivilDay> ParseDate(std::string_view text) {
  absl::CivilDay day;
  // Formatting it again rejects what abseil forgives: spaces, missing zeros, 30 February.
  if (text.size() != kDateLength || !absl::ParseCivilTime(text, &day) || day.year() < 1 || FormatDate(day) != text) {
    return InvalidArgument("date", "must be a date like 2026-11-23");
  }
  return day;
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  const int64_t seconds = absl::ToUnixSeconds(time);
  proto.set_seconds(seconds);
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return proto;
}

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

}  // namespace mestring
