// The checker knows nothing of relay and subscription: it reads the two databases and Redis and compares.
// Its core is pure, so that a test can show that it does see a hole or a duplicate.
#include "tests/support/bus.h"

#include <iostream>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/events/outbox.h"
#include "google/protobuf/wrappers.pb.h"
#include "tests/support/expect.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

using events::v1::Event;
using google::protobuf::Int64Value;

constexpr Migration kEffects[] = {{1, "0001_effects",
                                   "CREATE TABLE effects (seq BIGINT PRIMARY KEY, epoch BIGINT NOT NULL,"
                                   " position BIGINT NOT NULL, id TEXT NOT NULL, number BIGINT NOT NULL);\n"}};
constexpr int kPage = 1000;

bool IsEpoch(const Event& event) { return event.type() == events::v1::EpochStarted::descriptor()->full_name(); }
bool IsErased(const Event& event) { return event.type() == events::v1::Erased::descriptor()->full_name(); }
Cursor CursorOf(const Event& event) { return ParseCursor(event.cursor()).value_or(Cursor{-1, -1}); }

int64_t NumberOf(const Event& event) {
  Int64Value value;
  return value.ParseFromString(event.data()) ? value.value() : -1;
}

bool Becomes(const std::function<std::string()>& check, double seconds) {
  std::string wrong;
  if (WaitUntil([&] { return (wrong = check()).empty(); }, seconds)) return true;
  std::cerr << wrong << std::endl;
  return false;
}

}  // namespace

std::string TestKey() { return StreamKey("1108", "test"); }

std::unique_ptr<Database> OpenBusDatabase(const std::string& url, const Clock* clock) {
  static const SystemClock* const machine = new SystemClock();
  Database::Options options;
  options.url = url;
  options.clock = clock == nullptr ? machine : clock;
  options.zone = absl::UTCTimeZone();
  options.event_source = "/municipalities/1108/test";
  auto db = Database::Open(std::move(options), kEffects);
  return Must(std::move(db));
}

Relay::Options TestRelayOptions(RedisOptions redis, std::string holder) {
  Relay::Options options;
  options.redis = std::move(redis);
  options.command_timeout = absl::Milliseconds(500);
  options.key = TestKey();
  options.holder = std::move(holder);
  options.lease = absl::Seconds(1);
  options.heartbeat = absl::Milliseconds(50);
  return options;
}

Subscription::Options TestSubscriptionOptions(RedisOptions redis, Subscription::Owner owner) {
  Subscription::Options options;
  options.redis = std::move(redis);
  options.key = TestKey();
  options.owner = std::move(owner);
  options.retry_min = absl::Milliseconds(5);
  options.retry_max = absl::Milliseconds(100);
  options.fallback = absl::Milliseconds(300);
  options.stale = absl::Seconds(1);
  return options;
}

absl::Status RecordEffect(Tx& tx, const Event& event) {
  const Cursor cursor = CursorOf(event);
  return tx
      .Exec(
          "INSERT INTO effects (seq, epoch, position, id, number)"
          " SELECT COALESCE(MAX(seq), 0) + 1, :epoch, :position, :id, :number FROM effects",
          cursor.epoch, cursor.position, event.id(), NumberOf(event))
      .status();
}

void RecordEffects(Subscription& subscription) {
  subscription.On(std::string(Int64Value::descriptor()->full_name()), RecordEffect);
}

Subscription::Owner OwnerOf(Database& db) {
  return [&db](Cursor after, int page_size) -> absl::StatusOr<events::v1::ListResponse> {
    events::v1::ListResponse response;
    TRY(db.Read([&](Tx& tx) -> absl::Status {
      ASSIGN(std::vector<Event> events, ReadLog(tx, after, page_size));
      ASSIGN(const Cursor head, tx.Head());
      response.set_head(head.ToString());
      response.set_as_of(events.empty() ? after.ToString() : events.back().cursor());
      for (Event& event : events) response.add_events()->Swap(&event);
      return absl::OkStatus();
    }));
    return response;
  };
}

absl::Status PublishNumber(Database& db, int64_t number, std::string_view subject, int64_t version) {
  Int64Value value;
  value.set_value(number);
  return db.Write([&](Tx& tx) { return tx.Publish(value, subject, version); });
}

std::vector<Event> WholeLog(Database& db) {
  std::vector<Event> log;
  const absl::Status read = db.Read([&](Tx& tx) -> absl::Status {
    Cursor after;
    while (true) {
      ASSIGN(std::vector<Event> page, ReadLog(tx, after, kPage));
      if (page.empty()) return absl::OkStatus();
      after = CursorOf(page.back());
      std::move(page.begin(), page.end(), std::back_inserter(log));
    }
  });
  Must(read);
  return log;
}

std::vector<Event> WholeStream(const RedisOptions& redis, const std::string& key) {
  Stream stream(redis, key);
  std::vector<Event> entries;
  Cursor after;
  while (true) {
    auto page = stream.Read(after, kPage, absl::ZeroDuration());
    if (!page.ok() || page->empty()) return entries;
    after = CursorOf(page->back());
    std::move(page->begin(), page->end(), std::back_inserter(entries));
  }
}

Cursor HeadOf(Database& db) {
  Cursor head;
  const absl::Status read = db.Read([&](Tx& tx) -> absl::Status {
    ASSIGN(head, tx.Head());
    return absl::OkStatus();
  });
  Must(read);
  return head;
}

Cursor PlaceOf(Database& subscriber, const std::string& key) {
  Cursor place;
  const absl::Status read = subscriber.Read([&](Tx& tx) -> absl::Status {
    ASSIGN(const auto rows,
           (tx.Query<int64_t, int64_t>("SELECT epoch, position FROM subscription WHERE stream = :stream", key)));
    if (!rows.empty()) place = {std::get<0>(rows[0]), std::get<1>(rows[0])};
    return absl::OkStatus();
  });
  Must(read);
  return place;
}

std::vector<Effect> EffectsOf(Database& subscriber) {
  std::vector<Effect> effects;
  const absl::Status read = subscriber.Read([&](Tx& tx) -> absl::Status {
    ASSIGN(const auto rows, (tx.Query<std::string, int64_t>("SELECT id, number FROM effects ORDER BY seq")));
    for (const auto& [id, number] : rows) effects.push_back({id, number});
    return absl::OkStatus();
  });
  Must(read);
  return effects;
}

std::string CheckLog(const std::vector<Event>& log) {
  std::set<std::string> ids;
  for (size_t i = 0; i < log.size(); ++i) {
    if (!ids.insert(log[i].id()).second) return absl::StrCat("the log has the id of ", log[i].cursor(), " twice");
    if (i == 0) continue;
    const Cursor before = CursorOf(log[i - 1]), here = CursorOf(log[i]);
    const bool follows = IsEpoch(log[i]) ? here.epoch > before.epoch && here.position == before.position
                                         : here.epoch == before.epoch && here.position == before.position + 1;
    if (!follows) return absl::StrCat("in the log ", log[i].cursor(), " follows ", log[i - 1].cursor());
  }
  return "";
}

std::string CheckStream(const std::vector<Event>& log, const std::vector<Event>& stream) {
  if (log.empty()) return stream.empty() ? "" : "entries on the stream, none in the log";
  if (stream.empty()) return absl::StrCat("the stream is empty, the log ends at ", log.back().cursor());
  size_t row = 0;
  while (row < log.size() && log[row].cursor() != stream[0].cursor()) ++row;
  for (const Event& entry : stream) {
    while (row < log.size() && IsErased(log[row]) && log[row].cursor() != entry.cursor()) ++row;
    if (row == log.size()) return absl::StrCat("the stream has ", entry.cursor(), ", which is not in the log there");
    if (entry.cursor() != log[row].cursor()) {
      return absl::StrCat("the stream has ", entry.cursor(), " where the log has ", log[row].cursor());
    }
    if (entry.id() != log[row].id() || entry.data() != log[row].data()) {
      return absl::StrCat("at ", entry.cursor(), " stream and log have different events");
    }
    ++row;
  }
  while (row < log.size() && IsErased(log[row])) ++row;
  if (row < log.size()) {
    return absl::StrCat("the stream ends at ", stream.back().cursor(), ", the log at ", log.back().cursor());
  }
  return "";
}

std::string CheckStream(Database& owner, const RedisOptions& redis) {
  const std::vector<Event> log = WholeLog(owner);
  const std::string wrong = CheckLog(log);
  return wrong.empty() ? CheckStream(log, WholeStream(redis)) : wrong;
}

std::string CheckEffects(const std::vector<Event>& log, const std::vector<Effect>& effects, Cursor cursor) {
  size_t effect = 0;
  for (const Event& event : log) {
    if (IsEpoch(event) || IsErased(event) || CursorOf(event) > cursor) continue;
    if (effect == effects.size()) {
      return absl::StrCat("the cursor is ", cursor.ToString(), ", but ", event.cursor(), " was not applied");
    }
    if (effects[effect].id != event.id() || effects[effect].number != NumberOf(event)) {
      return absl::StrCat("effect ", effect, " is number ", effects[effect].number, ", but ", event.cursor(), " has ",
                          NumberOf(event));
    }
    ++effect;
  }
  if (effect < effects.size()) {
    return absl::StrCat(effects.size() - effect, " effects too many, the first of number ", effects[effect].number);
  }
  return "";
}

std::string CheckEffects(Database& owner, Database& subscriber) {
  // The cursor first: what is applied meanwhile is beyond it, and is looked at next time.
  const Cursor place = PlaceOf(subscriber);
  const std::vector<Event> log = WholeLog(owner);
  if (!log.empty() && place != CursorOf(log.back())) {
    return absl::StrCat("the subscriber is at ", place.ToString(), ", the log ends at ", log.back().cursor());
  }
  return CheckEffects(log, EffectsOf(subscriber), place);
}

std::string CheckJournal(const std::vector<Event>& log, const std::vector<int64_t>& answered) {
  std::vector<int64_t> numbers;
  std::set<int64_t> seen;
  for (const Event& event : log) {
    if (IsEpoch(event) || IsErased(event)) continue;
    numbers.push_back(NumberOf(event));
    if (!seen.insert(numbers.back()).second) return absl::StrCat("number ", numbers.back(), " is in the log twice");
  }
  // What was not answered may be there or not; what was must be, in order.
  size_t at = 0;
  for (const int64_t number : answered) {
    while (at < numbers.size() && numbers[at] != number) ++at;
    if (at == numbers.size()) return absl::StrCat("answered write ", number, " is not in the log in its place");
  }
  return "";
}

bool StreamBecomesTheLog(Database& owner, const RedisOptions& redis, double seconds) {
  return Becomes([&] { return CheckStream(owner, redis); }, seconds);
}

bool SubscriberCatchesUp(Database& owner, Database& subscriber, double seconds) {
  return Becomes([&] { return CheckEffects(owner, subscriber); }, seconds);
}

}  // namespace mestring
