// One Redis stream, as the relay writes it and a subscriber reads it: the only place that speaks
// hiredis. Each method answers UNAVAILABLE if Redis is gone or refuses (READONLY, LOADING, MISCONF,
// OOM …) and drops the connection; the next call connects again. Not thread-safe: one per thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/ids.h"
#include "mestring/events/v1/events.pb.h"

namespace mestring {

struct RedisOptions {
  // "redis://[user:password@]host:port" or "unix:/path".
  std::string url;
  absl::Duration connect_timeout = absl::Seconds(2);
  // Longer than kBlock, or a waiting read looks like a dead server.
  absl::Duration command_timeout = absl::Seconds(8);
};

// "mestring:{1108}:housing"
std::string StreamKey(std::string_view municipality, std::string_view service);

class RedisConnection;

class Stream {
 public:
  // Rows in one append script: larger ones stall other clients of Redis (bus.md section 11).
  static constexpr int kAppendRowsMax = 128;
  static constexpr int kAppendBytesMax = 256 << 10;
  // How long one read waits in Redis for something new.
  static constexpr absl::Duration kBlock = absl::Seconds(2);
  static constexpr absl::Duration kHeartbeatExpiry = absl::Seconds(10);

  Stream(RedisOptions options, std::string key);
  ~Stream();

  const std::string& key() const { return key_; }

  // The stream's last generated ID ({0,0} if it does not exist).
  absl::StatusOr<Cursor> LastId();

  struct Repair {
    bool reset = false;                 // trim everything first, then jump (R4)
    std::vector<std::string> orphans;   // entry IDs to remove first (R2), then
    Cursor valid_last;                  // the ID to set the stream and its groups back to
  };
  // Appends all rows or nothing, if the stream's last ID is `expected_last`. Returns the stream's last
  // ID: the last row's if it did, another one if it was not the expected (nothing happened then).
  absl::StatusOr<Cursor> Append(Cursor expected_last, absl::Span<const events::v1::Event> rows,
                                const Repair& repair);
  absl::StatusOr<Cursor> Append(Cursor expected_last, absl::Span<const events::v1::Event> rows) {
    return Append(expected_last, rows, Repair());
  }

  // The newest entries at or below `max`, newest first: ID and event id ("" for a foreign entry).
  struct Entry {
    std::string id;
    std::string event_id;
  };
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
  absl::Status CheckPolicy();
  void Disconnect();

 private:
  const std::string key_;
  std::unique_ptr<RedisConnection> redis_;
};

}  // namespace mestring
