// One Redis stream, which the relay writes and subscribers read. Only stream.cc calls hiredis. Each method returns
// UNAVAILABLE if Redis is gone or refuses (READONLY, LOADING, MISCONF, OOM …) and drops the connection; the next call
// connects again. Not thread-safe, except Interrupt: use one for each thread. deploy/local/redis-users lists the rights
// that the Redis user of a relay or subscriber needs.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/ids.h"
#include "mestring/events/v1/events.pb.h"

namespace mestring {

struct RedisOptions {
  // "redis://[user:password@]host:port" or "unix:/path". User and password may be percent-encoded.
  std::string url;
  absl::Duration connect_timeout = absl::Seconds(2);
  // Must be longer than kBlock, or a waiting read looks like a dead server.
  absl::Duration command_timeout = absl::Seconds(8);
};

// INVALID_ARGUMENT unless `url` has the form above.
absl::Status CheckRedisUrl(std::string_view url);

// "mestring:{1108}:housing"
std::string StreamKey(std::string_view municipality, std::string_view service);

// The form of an event on a stream. EntryOf returns views into the event and into `texts`, to which it adds values that
// the event does not hold as text. ParseEntry is the inverse; for a foreign entry (a field is missing or malformed) it
// sets only the cursor text. It ignores unknown fields.
using EntryFields = std::vector<std::pair<std::string_view, std::string_view>>;
EntryFields EntryOf(const events::v1::Event& event, std::deque<std::string>& texts);
events::v1::Event ParseEntry(std::string_view id, const EntryFields& fields);

class RedisConnection;

class Stream {
 public:
  // Rows in one append script; longer scripts stall other clients of Redis.
  static constexpr int kAppendRowsMax = 128;
  static constexpr int kAppendBytesMax = 256 << 10;
  // Appends sent and not answered yet: enough that Redis never waits for the next one.
  static constexpr int kInFlightMax = 4;
  // How long one read waits in Redis for something new.
  static constexpr absl::Duration kBlock = absl::Seconds(2);
  static constexpr absl::Duration kHeartbeatExpiry = absl::Seconds(10);
  // Entries that one trim removes at most: Redis serves nobody else meanwhile.
  static constexpr int kTrimMax = 10'000;

  Stream(RedisOptions options, std::string key);
  ~Stream();

  const std::string& key() const { return key_; }

  struct Entry {
    std::string id;
    std::string event_id;  // "" for a foreign entry
  };
  // What Redis says about the stream without reading entries; all empty if there is no stream.
  struct State {
    // The last generated ID. A foreign ID beyond int64 reads as the largest int64.
    Cursor last;
    int64_t length = 0;
    std::optional<Entry> first;  // the oldest entry
  };
  absl::StatusOr<State> Look();
  absl::StatusOr<Cursor> LastId();

  struct Repair {
    bool reset = false;                // trim everything first, then jump (R4)
    std::vector<std::string> orphans;  // entry IDs to remove first (R2)
    std::optional<Cursor> valid_last;  // then set the last ID, and groups that are beyond it, back to this
  };
  // Appends all rows, or, if the last ID of the stream is not `expected_last`, does nothing. Returns the last ID of the
  // stream: that of the last row, or the unexpected one.
  absl::StatusOr<Cursor> Append(Cursor expected_last, absl::Span<const events::v1::Event> rows, const Repair& repair);
  absl::StatusOr<Cursor> Append(Cursor expected_last, absl::Span<const events::v1::Event> rows) {
    return Append(expected_last, rows, Repair());
  }
  // Append in two halves, so that the caller reads the next rows while Redis works. At most kInFlightMax appends may be
  // sent before the first answer is taken. If one does not match, those sent after it do not either. Call nothing else
  // between the two.
  absl::Status SendAppend(Cursor expected_last, absl::Span<const events::v1::Event> rows);
  absl::StatusOr<Cursor> TakeAppended();

  // The newest entries at or below `max` ("+": all; "(<id>": below it), newest first.
  absl::StatusOr<std::vector<Entry>> NewestFirst(std::string_view max, int limit);

  // Entries after `after`; waits up to `block` for the first. A foreign entry has only its cursor text set.
  absl::StatusOr<std::vector<events::v1::Event>> Read(Cursor after, int limit, absl::Duration block);

  // The heartbeat of the owner: "<epoch>-<position>"; nullopt if it has expired.
  absl::StatusOr<std::optional<Cursor>> Heartbeat();
  absl::Status SetHeartbeat(Cursor head);

  // Removes entries below `min`, some at a time. Returns how many.
  absl::StatusOr<int64_t> Trim(Cursor min);
  absl::Status Delete(Cursor entry);
  // FAILED_PRECONDITION unless maxmemory-policy is noeviction (an evicted stream is a flushed one).
  // PERMISSION_DENIED if the ACL of our user does not let us look (+info).
  absl::Status CheckPolicy();
  void Disconnect();
  // Makes the call under way, and every later one, fail at once. From any thread.
  void Interrupt();

 private:
  const std::string key_;
  std::unique_ptr<RedisConnection> redis_;
};

}  // namespace mestring
