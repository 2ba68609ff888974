#include "common/process/gauges.h"

#include <algorithm>

namespace mestring {
namespace {

void RegisterSubscriptionGauges(Metrics& metrics, const Health& health) {
  using Status = events::v1::SubscriptionStatus;
  const auto sum = [&health](auto field) {
    return [&health, field] {
      double total = 0;
      for (const Status& subscription : health.seen().subscriptions) total += field(subscription);
      return total;
    };
  };
  metrics.Gauge("mestring_subscription_lag_events", "Events of other services not applied yet.",
                sum([](const Status& s) { return double(std::max<int64_t>(0, s.lag_events())); }));
  metrics.Gauge("mestring_parked_events", "Events that could not be applied.",
                sum([](const Status& s) { return double(s.parked_events()); }));
  metrics.Gauge("mestring_subscriptions_forked", "Subscriptions stopped because the owner's past changed.",
                sum([](const Status& s) { return s.state() == Status::STATE_FORKED ? 1.0 : 0.0; }));
  metrics.Gauge("mestring_subscriptions_pruned",
                "Subscriptions stopped because the owner's log no longer reaches back.",
                sum([](const Status& s) { return s.state() == Status::STATE_PRUNED ? 1.0 : 0.0; }));
  metrics.Gauge("mestring_subscriptions_stale", "Subscriptions whose owner shows no sign of life.",
                sum([](const Status& s) { return s.state() == Status::STATE_STALE ? 1.0 : 0.0; }));
}

}  // namespace

void RegisterGauges(Metrics& metrics, const ServiceParts& parts, const Health& health) {
  Database& db = parts.edge.db();
  const auto relay_status = [&](auto field) { return [&health, field] { return double(field(health.seen().relay)); }; };
  using RelayStatus = events::v1::RelayStatus;
  metrics.Gauge("mestring_redis_up", "1 if Redis answered last time; of the replica that leads.",
                relay_status([](const RelayStatus& s) { return s.redis_up(); }));
  metrics.Gauge("mestring_relay_leading", "1 if this process holds the relay's lease.",
                relay_status([](const RelayStatus& s) { return s.leading(); }));
  metrics.Gauge("mestring_relay_lag_events", "Events in the log that are not on the stream.",
                relay_status([](const RelayStatus& s) { return s.lag_events(); }));
  metrics.Gauge("mestring_relay_lag_seconds", "Age of the oldest event that is not on the stream.",
                relay_status([](const RelayStatus& s) { return s.lag_seconds(); }));
  metrics.Counter("mestring_stream_rebuilds_total", "How often the stream was filled again from the log.",
                  relay_status([](const RelayStatus& s) { return s.rebuilds(); }));
  metrics.Counter("mestring_stream_orphans_removed_total",
                  "Entries removed from the stream that the log does not know.",
                  relay_status([](const RelayStatus& s) { return s.orphans_removed(); }));
  metrics.Counter("mestring_stream_holes_total",
                  "How often entries were missing in the middle or at the front of the stream.",
                  relay_status([](const RelayStatus& s) { return s.holes(); }));
  metrics.Gauge("mestring_epoch", "The current epoch of the log; it grows with each term of the relay.",
                relay_status([](const RelayStatus& s) { return ParseCursor(s.head()).value_or(Cursor()).epoch; }));
  metrics.Counter("mestring_commits_total", "Commits of the database.", [&db] { return double(db.counts().commits); });
  metrics.Counter("mestring_writes_total", "Writes in them; writes per commit is the size of a group.",
                  [&db] { return double(db.counts().writes); });
  metrics.Counter("mestring_events_total", "Events published.", [&db] { return double(db.counts().events); });
  metrics.Gauge("mestring_write_queue_length", "Writes that wait.", [&db] { return double(db.queue_length()); });
  metrics.Gauge("mestring_read_queue_length", "Reads of RPCs that wait.",
                [&db] { return double(db.read_queue_length()); });
  metrics.Gauge("mestring_database_up", "1 if the database answered last time.",
                [&db] { return db.healthy() ? 1.0 : 0.0; });
  metrics.Gauge("mestring_timers_overdue", "Timers due for more than 5 seconds.",
                [&health] { return double(health.seen().timers_overdue); });
  metrics.Gauge("mestring_watchers", "Open watches.", [&parts] { return double(parts.watch.watchers()); });
  metrics.Gauge("mestring_calls", "Unary RPCs that are at work or wait.",
                [&parts] { return double(parts.edge.calls()); });
  metrics.Gauge("mestring_ready", "1 if the service is ready.", [&health] { return health.ready() ? 1.0 : 0.0; });
  RegisterSubscriptionGauges(metrics, health);
}

}  // namespace mestring
