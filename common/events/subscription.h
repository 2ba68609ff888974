// A service's subscription to another service's stream: each event is applied exactly once, in
// order, in the subscriber's own database, in the transaction that moves its cursor.
// (BUS.md, C1 to C6)
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/events/stream.h"
#include "common/store/database.h"
#include "mestring/events/v1/events.pb.h"
#include "mestring/events/v1/operations.pb.h"

namespace mestring {

class Subscription {
 public:
  // The owner of the stream: EventService.List(after, page_size), by gRPC. Errors as that RPC's.
  using Owner = std::function<absl::StatusOr<events::v1::ListResponse>(Cursor after, int page_size)>;
  // Applies one event. Runs in a Write that also moves the cursor, possibly again after a lost
  // connection. UNAVAILABLE and RESOURCE_EXHAUSTED, and ABORTED, CANCELLED and DEADLINE_EXCEEDED without a reason, are
  // transient and retried for ever. Any other error, or a message that does not parse, is permanent.
  using Handler = std::function<absl::Status(Tx&, const events::v1::Event&)>;

  // Events in one transaction.
  static constexpr int kBatchMax = 256;
  // The same permanent failure this many times parks the event.
  static constexpr int kAttemptsMax = 5;
  // Parked events applied in one call of RetryParked, so that the call ends within its deadline.
  static constexpr int kRetryMax = 250;

  struct Options {
    RedisOptions redis;
    std::string key;  // of the stream
    Owner owner;
    // Where a subscriber without a cursor begins: the oldest retained event (the default), or what a
    // snapshot's as_of says, stored by SetCursor before Start.
    absl::Duration retry_min = absl::Milliseconds(100);
    absl::Duration retry_max = absl::Seconds(10);
    // Without an entry or heartbeat from Redis for this long, the owner is asked directly.
    absl::Duration fallback = absl::Seconds(5);
    // Without a sign of life from the owner for this long, what was learned from it is stale.
    absl::Duration stale = Stream::kHeartbeatExpiry;
  };

  Subscription(Database& db, Options options);
  ~Subscription();

  // `type` is the event's full name. Types without a handler only move the cursor. Before Start.
  void On(std::string type, Handler handler);
  // Every event, also those with a handler of their own (after it).
  void OnAny(Handler handler);
  // On<pb::StayReserved>([](Tx& tx, const Event& header, const pb::StayReserved& event) { … });
  template <class E>
  void On(std::function<absl::Status(Tx&, const events::v1::Event&, const E&)> handler) {
    On(std::string(E::descriptor()->full_name()), [handler](Tx& tx, const events::v1::Event& header) -> absl::Status {
      E event;
      if (!event.ParseFromString(header.data())) return Refused("EVENT_UNREADABLE", "the event's data does not parse");
      return handler(tx, header, event);
    });
  }

  absl::Status Start();
  // After the batch under way.
  void Stop();

  events::v1::SubscriptionStatus Status() const;
  // See OperationsService. All three may be called while it runs.
  absl::StatusOr<events::v1::RetryParkedEventsResponse> RetryParked(std::string_view subject);
  absl::Status Rebase(Cursor cursor);
  // Where the subscription of `key` goes on, whatever its state was: after a snapshot, in its transaction.
  static absl::Status SetCursor(Tx& tx, std::string_view key, Cursor cursor);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mestring
