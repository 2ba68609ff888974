// An owner and a subscriber on the event bus, as small as they can be, and the checker that says
// whether the bus kept its promises. The event is google.protobuf.Int64Value: a number. What a
// subscriber does with it is to write down that it came (table `effects`).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/events/relay.h"
#include "common/events/stream.h"
#include "common/events/subscription.h"
#include "common/store/database.h"
#include "mestring/events/v1/events.pb.h"
#include "tests/support/redis.h"

namespace mestring {

// "mestring:{1108}:test"
std::string TestKey();

// Opens a database with the table `effects`. Throws if it cannot, which fails the test.
std::unique_ptr<Database> OpenBusDatabase(const std::string& url, const Clock* clock = nullptr);

// A relay that beats fast.
Relay::Options TestRelayOptions(RedisOptions redis, std::string holder = "test");
// A subscription that loses patience fast, with a handler that records each number.
Subscription::Options TestSubscriptionOptions(RedisOptions redis, Subscription::Owner owner);
void RecordEffects(Subscription& subscription);
absl::Status RecordEffect(Tx& tx, const events::v1::Event& event);

// EventService.List, in process.
Subscription::Owner OwnerOf(Database& db);

// One write that publishes one number.
absl::Status PublishNumber(Database& db, int64_t number, std::string_view subject = "subject", int64_t version = 1);

std::vector<events::v1::Event> WholeLog(Database& db);
std::vector<events::v1::Event> WholeStream(const RedisOptions& redis, const std::string& key = TestKey());
Cursor HeadOf(Database& db);
// Where the subscription of this database stands.
Cursor PlaceOf(Database& subscriber, const std::string& key = TestKey());

// --- The checker: each returns what is wrong, for people; empty if nothing is. -------------------------

// Positions without a gap, epochs that begin where the one before ended, ids that occur once.
std::string CheckLog(const std::vector<events::v1::Event>& log);
// The stream is a contiguous part of the log that reaches its end: the same ids under the same cursors.
// What was erased may be missing.
std::string CheckStream(const std::vector<events::v1::Event>& log, const std::vector<events::v1::Event>& stream);
std::string CheckStream(Database& owner, const RedisOptions& redis);
// The subscriber's effects are exactly the events of the log up to its cursor, each once, in order.
// `parked` of them may be missing.
struct Effect {
  std::string id;
  int64_t number = 0;
};
std::vector<Effect> EffectsOf(Database& subscriber);
std::string CheckEffects(const std::vector<events::v1::Event>& log, const std::vector<Effect>& effects, Cursor cursor);
std::string CheckEffects(Database& owner, Database& subscriber);
// Each answered write is in the log once, in the order of the answers.
std::string CheckJournal(const std::vector<events::v1::Event>& log, const std::vector<int64_t>& answered);

// True as soon as the stream has caught up with the log and the checker has nothing to say; else what is
// wrong is printed.
bool StreamBecomesTheLog(Database& owner, const RedisOptions& redis, double seconds = 30);
// The same for the subscriber.
bool SubscriberCatchesUp(Database& owner, Database& subscriber, double seconds = 30);

}  // namespace mestring
