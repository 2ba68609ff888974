// A service's subscription to another service's stream. The subscriber applies each event once, in the transaction of
// its own database that moves its cursor. Events of one subject are applied in order; one that fails for good is parked
// and holds back only its subject.
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
  // Applies one event, in a Write that also moves the cursor; after a lost connection it may run again. UNAVAILABLE and
  // RESOURCE_EXHAUSTED, and ABORTED, CANCELLED and DEADLINE_EXCEEDED without a reason, are transient and retried for
  // ever. Any other error, or a message that does not parse, is permanent.
  // The owner may be newer than this program: an enum then has a number without a name. A handler that decides by that
  // enum returns a permanent error, so that the event waits, parked, for the program that knows it.
  using Handler = std::function<absl::Status(Tx&, const events::v1::Event&)>;

  // Events in one transaction.
  static constexpr int kBatchMax = 256;
  // So many permanent failures in a row, of whatever kind, park the event.
  static constexpr int kAttemptsMax = 5;
  // Parked events applied in one call of RetryParked, so that the call ends within its deadline.
  static constexpr int kRetryMax = 250;

  struct Options {
    RedisOptions redis;
    std::string key;  // of the stream
    Owner owner;
    // A subscriber without a cursor begins with the oldest retained event, unless SetCursor has stored the as_of of a
    // snapshot before Start.
    absl::Duration retry_min = absl::Milliseconds(100);
    absl::Duration retry_max = absl::Seconds(10);
    // Without an entry or heartbeat from Redis for this long, the subscriber asks the owner directly.
    absl::Duration fallback = absl::Seconds(5);
    // Without an entry, heartbeat or answer of the owner for this long, the state is STALE.
    absl::Duration stale = Stream::kHeartbeatExpiry;
  };

  Subscription(Database& db, Options options);
  ~Subscription();

  // `type` is the event's full name. Types without a handler only move the cursor. Before Start.
  void On(std::string type, Handler handler);
  // A handler for every event; it runs after the one for the event's type.
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
  // Waits for the current batch.
  void Stop();

  events::v1::SubscriptionStatus Status() const;
  // See OperationsService. All three may be called while it runs.
  absl::StatusOr<events::v1::RetryParkedEventsResponse> RetryParked(std::string_view subject);
  absl::Status Rebase(Cursor cursor);
  // Sets where the subscription to `key` goes on, whatever its state; call it in the transaction that stores a
  // snapshot.
  static absl::Status SetCursor(Tx& tx, std::string_view key, Cursor cursor);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mestring
