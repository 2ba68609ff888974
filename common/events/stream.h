// One Redis stream, as the relay writes it and a subscriber reads it: the only place that speaks
// hiredis. Each method answers UNAVAILABLE if Redis is gone or refuses (READONLY, LOADING, MISCONF,
// OOM …) and drops the connection; the next call connects again. Not thread-safe, except Interrupt:
// one per thread. What the user of a relay and of a subscriber must be allowed is in deploy/local/redis-users.
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
  // Longer than kBlock, or a waiting read looks like a dead server.
  absl::Duration command_timeout = absl::Seconds(8);
};

// INVALID_ARGUMENT unless it is such an address.
absl::Status CheckRedisUrl(std::string_view url);

// "mestring:{1108}:housing"
std::string StreamKey(std::string_view municipality, std::string_view service);

// The form of an event on a stream. The views of EntryOf are into the event and into `texts`, to which it adds what the
// event does not hold as text. ParseEntry is the inverse; of an entry that is not ours (a
// field is missing or malformed) it returns only the cursor text. Fields that we do not know are passed over.
using EntryFields = std::vector<std::pair<std::string_view, std::string_view>>;
EntryFields EntryOf(const events::v1::Event& event, std::deque<std::string>& texts);
events::v1::Event ParseEntry(std::string_view id, const EntryFields& fields);

class RedisConnection;

class Stream {
 public:
  // Rows in one append script: larger ones stall other clients of Redis.
  static constexpr int kAppendRowsMax = 128;
  static constexpr int kAppendBytesMax = 256 << 10;
  // Appends sent and not answered yet: enough that Redis never waits for the next one.
  static constexpr int kInFlightMax = 4;
  // How long one read waits in Redis for something new.
  static constexpr absl::Duration kBlock = absl::Seconds(2);
  static constexpr absl::Duration kHeartbeatExpiry = absl::Seconds(10);
  // Entries that one trim removes at most, by whole nodes: Redis serves nobody else meanwhile.
  static constexpr int kTrimMax = 10'000;

  Stream(RedisOptions options, std::string key);
  ~Stream();

  const std::string& key() const { return key_; }

  struct Entry {
    std::string id;
    std::string event_id;  // "" for a foreign entry
  };
  // What Redis knows of the stream without reading it; nothing of all this if it does not exist.
  struct State {
    // The last generated ID. One beyond int64, which only a stranger can have written, reads as the largest.
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
  // Appends all rows or nothing, if the stream's last ID is `expected_last`. Returns the stream's last
  // ID: the last row's if it did, another one if it was not the expected (nothing happened then).
  absl::StatusOr<Cursor> Append(Cursor expected_last, absl::Span<const events::v1::Event> rows, const Repair& repair);
  absl::StatusOr<Cursor> Append(Cursor expected_last, absl::Span<const events::v1::Event> rows) {
    return Append(expected_last, rows, Repair());
  }
  // The same in two halves, so that the next rows are read from the log while Redis works: at most
  // kInFlightMax may be sent before the first answer is taken. If one does not match, those behind it
  // do not either. Nothing else may be called between the two.
  absl::Status SendAppend(Cursor expected_last, absl::Span<const events::v1::Event> rows);
  absl::StatusOr<Cursor> TakeAppended();

  // The newest entries at or below `max` ("+": all; "(<id>": below it), newest first.
  absl::StatusOr<std::vector<Entry>> NewestFirst(std::string_view max, int limit);

  // Entries after `after`, waiting up to `block` for the first. An entry that is not ours (wrong
  // fields) has only its cursor text set.
  absl::StatusOr<std::vector<events::v1::Event>> Read(Cursor after, int limit, absl::Duration block);

  // The owner's sign of life: "<epoch>-<position>", nullopt if it has expired.
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
