// The relay on real Redis and on both engines, one rule after the other; how it fares when things break
// under load is in tests/faults.
#include "common/events/relay.h"

#include "absl/strings/match.h"
#include "common/events/outbox.h"
#include "common/events/stream_check.h"
#include "gmock/gmock.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "tests/support/bus.h"
#include "tests/support/databases.h"
#include "tests/support/fake_clock.h"
#include "tests/support/proxy.h"
#include "tests/support/running_service.h"
#include "tests/support/test_service.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

using events::v1::Event;
using events::v1::RelayStatus;
using testing::HasSubstr;

class RelayTest : public testing::TestWithParam<const char*> {
 protected:
  static RedisServer& redis() { return *server_; }
  static void SetUpTestSuite() { server_ = std::make_unique<RedisServer>(); }
  static void TearDownTestSuite() { server_.reset(); }
  void SetUp() override {
    redis().Do({"FLUSHALL"});
    Open();
  }
  void Open(const Clock* clock = nullptr) {
    relay_.reset();
    db_.reset();
    db_ = OpenBusDatabase(files_.url(), clock);
  }
  void StartRelay(Relay::Options options = TestRelayOptions(redis().options())) {
    relay_ = std::make_unique<Relay>(*db_, std::move(options));
    ASSERT_TRUE(relay_->Start().ok());
  }
  void Publish(int first, int last) {
    for (int number = first; number <= last; ++number) ASSERT_TRUE(PublishNumber(*db_, number).ok());
  }
  // The same in few writes.
  void PublishMany(int count) {
    for (int published = 0; published < count; published += 100) {
      const absl::Status status = db_->Write([](Tx& tx) -> absl::Status {
        for (int i = 0; i < 100; ++i) TRY(tx.Publish(google::protobuf::Int64Value(), "subject", 1));
        return absl::OkStatus();
      });
      ASSERT_TRUE(status.ok()) << status;
    }
  }
  void Erase(int64_t position) {
    for (const Event& entry : WholeLog(*db_)) {
      const Cursor cursor = *ParseCursor(entry.cursor());
      if (cursor.position == position) last_erased_ = cursor;
    }
    ASSERT_TRUE(db_->Write([&](Tx& tx) { return EraseEntry(tx, last_erased_); }).ok());
  }
  // Takes the entries of these positions off the stream, as no relay would.
  void TakeAway(int64_t first, int64_t last) {
    std::vector<std::string> command = {"XDEL", TestKey()};
    for (int64_t position = first; position <= last; ++position) {
      command.push_back(Cursor{Epoch(), position}.ToString());
    }
    EXPECT_EQ(redis().Do(command), absl::StrCat(last - first + 1));
  }
  // A relay that looks at the middle with each heartbeat.
  static Relay::Options LooksAllTheTime() {
    Relay::Options options = TestRelayOptions(redis().options());
    options.check = absl::ZeroDuration();
    return options;
  }
  // Waits until such a relay has looked at the whole stream once more. Each look is two XINFO, the heartbeat's and its
  // own; the fourth from now on ends one that began after now.
  static void AfterALook() {
    const int64_t goal = Looks() + 4;
    EXPECT_TRUE(WaitUntil([&] { return Looks() >= goal; }));
  }
  static int64_t Looks() {
    const std::string stats = redis().Do({"INFO", "commandstats"}), name = "cmdstat_xinfo|stream:calls=";
    const size_t at = stats.find(name);
    return at == std::string::npos ? 0 : std::stoll(stats.substr(at + name.size()));
  }
  bool Published() { return StreamBecomesTheLog(*db_, redis().options()); }
  int64_t Epoch() { return HeadOf(*db_).epoch; }
  // The cursor of the oldest entry on the stream, "" while it has none.
  static std::string FirstOnStream() {
    const std::vector<Event> stream = WholeStream(redis().options());
    return stream.empty() ? "" : stream[0].cursor();
  }

  static inline std::unique_ptr<RedisServer> server_;
  TestDatabase files_{GetParam()};
  FakeClock clock_;  // outlives what asks it
  Cursor last_erased_;
  std::unique_ptr<Database> db_;
  std::unique_ptr<Relay> relay_;
};
INSTANTIATE_TEST_SUITE_P(Engines, RelayTest, testing::ValuesIn(kEngines),
                         EngineName<testing::TestParamInfo<const char*>>);

TEST_P(RelayTest, WhatIsCommittedComesToTheStreamInOrder) {
  StartRelay();
  EXPECT_TRUE(relay_->leading());
  Publish(1, 300);
  EXPECT_TRUE(Published());
  const std::vector<Event> stream = WholeStream(redis().options());
  ASSERT_EQ(stream.size(), 301);
  EXPECT_EQ(stream[0].type(), "mestring.events.v1.EpochStarted");
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().lag_events() == 0; }));
  const RelayStatus status = relay_->Status();
  EXPECT_EQ(status.stream(), TestKey());
  EXPECT_EQ(status.head(), status.published());
  EXPECT_TRUE(status.redis_up());
  EXPECT_EQ(status.error(), "");
  EXPECT_EQ(status.rebuilds(), 0);
}

TEST_P(RelayTest, ATermBeginsBeforeAnyEvent) {
  Publish(1, 0);
  const int64_t clock = absl::ToUnixSeconds(absl::Now());
  StartRelay();
  EXPECT_GE(Epoch(), clock - 1);
  const std::vector<Event> log = WholeLog(*db_);
  ASSERT_EQ(log.size(), 1);
  EXPECT_EQ(log[0].type(), "mestring.events.v1.EpochStarted");
}

TEST_P(RelayTest, EachStartIsANewEpochAtTheSamePosition) {
  StartRelay();
  Publish(1, 3);
  const int64_t before = Epoch();
  Open();
  StartRelay();
  EXPECT_GT(Epoch(), before);
  Publish(4, 5);
  EXPECT_EQ(HeadOf(*db_).position, 5);
  EXPECT_TRUE(Published());
}

TEST_P(RelayTest, TheEpochIsNeverLowerThanThatOnTheStream) {
  StartRelay();
  Publish(1, 2);
  EXPECT_TRUE(Published());
  relay_.reset();
  // As if another had published, whose clock is an hour ahead.
  const Cursor ahead{Epoch() + 3600, 2};
  Event row = WholeLog(*db_)[0];
  row.set_cursor(ahead.ToString());
  Stream stream(redis().options(), TestKey());
  ASSERT_EQ(*stream.Append(*stream.LastId(), {row}), ahead);
  StartRelay();
  EXPECT_GT(Epoch(), ahead.epoch);
  EXPECT_TRUE(Published());
  EXPECT_EQ(relay_->Status().orphans_removed(), 1);
}

TEST_P(RelayTest, ATermBeginsWithoutRedisAndWritesGoOn) {
  const std::string nobody = "redis://127.0.0.1:" + std::to_string(FreePort());
  StartRelay(TestRelayOptions(RedisServer::OptionsFor(nobody)));
  Publish(1, 5);
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().lag_events() == 5; }));
  EXPECT_TRUE(WaitUntil([&] { return !relay_->Status().error().empty(); }));
  const RelayStatus status = relay_->Status();
  EXPECT_THAT(status.error(), HasSubstr("Redis does not answer"));
  EXPECT_FALSE(status.redis_up());
  EXPECT_TRUE(status.leading());
  EXPECT_GT(status.lag_seconds(), 0);
}

TEST_P(RelayTest, WithoutARedisAddressLeaseAndEpochAreKept) {
  StartRelay(TestRelayOptions(RedisOptions()));
  EXPECT_TRUE(relay_->leading());
  EXPECT_GT(Epoch(), 0);
  Publish(1, 2);
  EXPECT_EQ(relay_->Status().lag_events(), 0);
  EXPECT_EQ(relay_->Status().error(), "");
}

TEST_P(RelayTest, AnEmptyRedisIsFilledAgain) {
  StartRelay();
  Publish(1, 1000);
  EXPECT_TRUE(Published());
  redis().FlushAll();
  EXPECT_TRUE(Published());
  EXPECT_GE(relay_->Status().rebuilds(), 1);
  Publish(1001, 1002);
  EXPECT_TRUE(Published());
}

TEST_P(RelayTest, AfterAFlushOnlyTheWindowIsFilled) {
  clock_.Set(absl::Now());
  Open(&clock_);
  StartRelay();
  Publish(1, 10);
  EXPECT_TRUE(Published());
  relay_.reset();
  clock_.Advance(absl::Hours(24 * 6));
  Publish(11, 15);
  clock_.Advance(absl::Hours(24 * 2));
  redis().FlushAll();
  StartRelay();
  EXPECT_TRUE(Published());
  EXPECT_TRUE(FirstOnStream().ends_with("-11"));
}

TEST_P(RelayTest, WhatIsOlderThanTheWindowIsTrimmedAndThanTheRetentionPruned) {
  clock_.Set(absl::Now());
  Open(&clock_);
  StartRelay();
  Publish(1, 10);
  clock_.Advance(absl::Hours(24 * 8));
  Publish(11, 15);
  EXPECT_TRUE(WaitUntil([&] { return FirstOnStream().ends_with("-11"); }));
  EXPECT_EQ(WholeLog(*db_).size(), 16);
  clock_.Advance(absl::Hours(24 * 83));
  EXPECT_TRUE(WaitUntil([&] { return WholeLog(*db_).size() < 16; }));
  EXPECT_TRUE(Published());
  // A stream that ended before what is retained is begun anew behind the gap.
  relay_.reset();
  Publish(16, 20);
  ASSERT_TRUE(db_->Write([](Tx& tx) { return tx.Exec("DELETE FROM outbox WHERE position < 18").status(); }).ok());
  StartRelay();
  EXPECT_TRUE(Published());
  EXPECT_TRUE(FirstOnStream().ends_with("-18"));
  EXPECT_EQ(relay_->Status().rebuilds(), 1);
}

TEST_P(RelayTest, AStrangersEntryIsRemoved) {
  StartRelay();
  Publish(1, 5);
  EXPECT_TRUE(Published());
  redis().Do({"XADD", TestKey(), "*", "field", "value"});
  Publish(6, 6);
  EXPECT_TRUE(Published());
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().orphans_removed() == 1; }));
  // A stranger's ID is no epoch: the term goes on.
  EXPECT_LT(Epoch(), 1'000'000'000'000);
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().error().empty(); }));
}

TEST_P(RelayTest, AnErasedEventLeavesTheStreamAndIsNotAHole) {
  StartRelay();
  Publish(1, 5);
  EXPECT_TRUE(Published());
  const Cursor third{Epoch(), 3}, last{Epoch(), 5};
  for (const Cursor erased : {third, last}) {
    ASSERT_TRUE(db_->Write([&](Tx& tx) { return EraseEntry(tx, erased); }).ok());
  }
  EXPECT_TRUE(WaitUntil([&] {
    for (const Event& entry : WholeStream(redis().options())) {
      if (entry.cursor() == third.ToString() || entry.cursor() == last.ToString()) return false;
    }
    return true;
  }));
  EXPECT_EQ(WholeStream(redis().options()).size(), 6) << "the term, three events, and that two were erased";
  EXPECT_TRUE(Published());
  redis().Do({"CLIENT", "KILL", "TYPE", "normal"});
  Publish(6, 6);
  EXPECT_TRUE(Published());
  EXPECT_EQ(relay_->Status().rebuilds(), 0);
}

TEST_P(RelayTest, TheHeartbeatSaysWhereTheLogEnds) {
  StartRelay();
  Publish(1, 5);
  Stream stream(redis().options(), TestKey());
  const std::optional<Cursor> head = HeadOf(*db_);
  EXPECT_TRUE(WaitUntil([&] { return stream.Heartbeat().value_or(std::nullopt) == head; }));
}

TEST_P(RelayTest, AnEvictingRedisIsReportedButServed) {
  redis().Do({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  StartRelay();
  Publish(1, 5);
  EXPECT_TRUE(Published());
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().error().find("noeviction") != std::string::npos; }));
  redis().Do({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
}

TEST_P(RelayTest, StoppingDoesNotWaitForARedisThatDoesNotAnswer) {
  Proxy wire(redis().port());
  Relay::Options options = TestRelayOptions(RedisServer::OptionsFor(absl::StrCat("redis://127.0.0.1:", wire.port())));
  options.command_timeout = absl::Hours(1);  // nothing but the stop ends a command
  StartRelay(options);
  Publish(1, 5);
  EXPECT_TRUE(Published());
  wire.Cut();
  EXPECT_TRUE(WaitUntil([&] { return wire.holds(); }));
  relay_.reset();
}

// S9: the last ID is right, and the middle is missing.
TEST_P(RelayTest, WhatIsMissingInTheMiddleIsFilledInAgain) {
  StartRelay(LooksAllTheTime());
  Publish(1, 300);
  EXPECT_TRUE(Published());
  redis().Do({"XGROUP", "CREATE", TestKey(), "group", "$"});
  TakeAway(100, 110);
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().holes() == 1; }));
  EXPECT_TRUE(Published());
  EXPECT_EQ(WholeStream(redis().options()).size(), 301);
  EXPECT_EQ(relay_->Status().rebuilds(), 1);
  // A group gets again what it may have missed.
  EXPECT_THAT(redis().Do({"XREADGROUP", "GROUP", "group", "me", "STREAMS", TestKey(), ">"}),
              HasSubstr(Cursor{Epoch(), 105}.ToString()));
  Publish(301, 302);
  EXPECT_TRUE(Published());
  AfterALook();
  EXPECT_EQ(relay_->Status().holes(), 1);
}

// S9, as a service tells it to those who watch over it.
TEST_P(RelayTest, AHoleIsFoundAtTheNextConnectAndCountedInTheMetric) {
  RunningService running(TestServiceDefinition(), GetParam(), [](Config& config) { config.redis_url = redis().url(); });
  const std::string key = StreamKey(running.config().municipality, running.config().service);
  const auto length = [&] { return redis().Do({"XLEN", key}); };
  for (int number = 1; number <= 5; ++number) ASSERT_TRUE(PublishNumber(running.db(), number).ok());
  EXPECT_TRUE(WaitUntil([&] { return length() == "6"; })) << length();
  EXPECT_EQ(redis().Do({"XDEL", key, Cursor{HeadOf(running.db()).epoch, 3}.ToString()}), "1");
  redis().Do({"CLIENT", "KILL", "TYPE", "normal"});
  EXPECT_TRUE(WaitUntil([&] { return length() == "6"; })) << length();
  EXPECT_TRUE(WaitUntil([&] {
    return absl::StrContains(HttpGet(running.server().metrics_port(), "/metrics"), "\nmestring_stream_holes_total 1");
  }));
}

TEST_P(RelayTest, ALostFrontAndALostWholeAreFilledInAgain) {
  StartRelay(LooksAllTheTime());
  Publish(1, 300);
  EXPECT_TRUE(Published());
  int holes = 0;
  for (const char* left : {"100", "1", "0"}) {
    redis().Do({"XTRIM", TestKey(), "MAXLEN", left});
    EXPECT_TRUE(WaitUntil([&] { return relay_->Status().holes() == holes + 1; })) << left;
    EXPECT_TRUE(Published());
    EXPECT_EQ(WholeStream(redis().options()).size(), 301) << left;
    AfterALook();
    EXPECT_EQ(relay_->Status().holes(), ++holes) << left;
  }
}

// All that may be missing on a stream, and the relay that looks all the time lets it be.
TEST_P(RelayTest, WhereNothingIsMissingNothingIsDone) {
  clock_.Set(absl::Now());
  Open(&clock_);
  StartRelay(LooksAllTheTime());
  const auto all_is_well = [&](int rebuilds) {
    EXPECT_TRUE(Published());
    AfterALook();
    EXPECT_EQ(relay_->Status().holes(), 0);
    EXPECT_EQ(relay_->Status().rebuilds(), rebuilds);
  };
  Publish(1, 20);
  all_is_well(0);
  clock_.Advance(absl::Hours(24 * 4));
  Publish(21, 40);
  // Erased: in the middle, at the front of what will be the window, and at the end.
  for (const int position : {5, 21, 22, 30, 40}) Erase(position);
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().lag_events() == 0; }));
  all_is_well(0);
  Open(&clock_);
  StartRelay(LooksAllTheTime());
  Publish(46, 50);
  all_is_well(0);
  // The first twenty leave the window.
  clock_.Advance(absl::Hours(24 * 4));
  EXPECT_TRUE(WaitUntil([&] { return FirstOnStream().ends_with("-23"); }));
  all_is_well(0);
  Open(&clock_);
  StartRelay(LooksAllTheTime());
  redis().FlushAll();
  all_is_well(1);
  // A clock that goes back wants entries that were trimmed; and one that is far ahead wants none.
  clock_.Advance(-absl::Hours(24 * 2));
  all_is_well(1);
  clock_.Advance(absl::Hours(24 * 30));
  EXPECT_TRUE(WaitUntil([&] { return WholeStream(redis().options()).size() == 1; }));
  all_is_well(1);
  Publish(51, 60);
  all_is_well(1);
  // It does look.
  TakeAway(55, 56);
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().holes() == 1; }));
}

// The log cannot fill it: the stream is trimmed to where the log begins.
TEST_P(RelayTest, AHoleThatIsOlderThanTheLogIsTrimmedAndOneThatReachesIntoItFilled) {
  StartRelay();
  Publish(1, 50);
  EXPECT_TRUE(Published());
  const auto forget_and_connect = [&](int64_t first) {
    ASSERT_TRUE(
        db_->Write([&](Tx& tx) { return tx.Exec("DELETE FROM outbox WHERE position < :first", first).status(); }).ok());
    redis().Do({"CLIENT", "KILL", "TYPE", "normal"});
    EXPECT_TRUE(WaitUntil([&] { return FirstOnStream().ends_with(absl::StrCat("-", first)); })) << FirstOnStream();
    EXPECT_TRUE(Published());
  };
  TakeAway(10, 11);
  forget_and_connect(30);
  Publish(51, 51);
  EXPECT_TRUE(Published());
  EXPECT_EQ(relay_->Status().holes(), 0);
  EXPECT_EQ(relay_->Status().rebuilds(), 0);
  TakeAway(38, 41);
  forget_and_connect(40);
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().holes() == 1; }));
  EXPECT_EQ(relay_->Status().rebuilds(), 1);
}

// R6b: what does not fit in Redis keeps nothing from leaving it.
TEST_P(RelayTest, AFullRedisIsTrimmedFirstAndGoesOnByItself) {
  RedisServer small({"maxmemory 3mb"});
  clock_.Set(absl::Now());
  Open(&clock_);
  StartRelay(TestRelayOptions(small.options()));
  PublishMany(1000);
  EXPECT_TRUE(StreamBecomesTheLog(*db_, small.options()));
  const std::string oldest = WholeStream(small.options())[0].cursor();
  clock_.Advance(absl::Hours(24 * 4));
  const auto full = [&] { return absl::StrContains(relay_->Status().error(), "OOM"); };
  for (int batch = 0; batch < 200 && !full(); ++batch) {
    PublishMany(200);
    EXPECT_TRUE(WaitUntil([&] { return full() || relay_->Status().lag_events() == 0; }));
  }
  ASSERT_TRUE(full());
  Erase(500);
  const std::string erased = last_erased_.ToString();
  EXPECT_TRUE(WaitUntil([&] { return small.Do({"XRANGE", TestKey(), erased, erased}).empty(); }));
  EXPECT_TRUE(full());
  EXPECT_EQ(relay_->Status().holes(), 0);
  // Somebody takes away its end, which must be mended first.
  const std::string end = WholeStream(small.options()).back().cursor();
  EXPECT_EQ(small.Do({"XDEL", TestKey(), end}), "1");
  // The first thousand leave the window, which makes room.
  clock_.Advance(absl::Hours(24 * 4));
  EXPECT_TRUE(StreamBecomesTheLog(*db_, small.options()));
  EXPECT_NE(WholeStream(small.options())[0].cursor(), oldest);
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().error().empty(); })) << relay_->Status().error();
}

// R6b: pruning the log needs no Redis.
TEST_P(RelayTest, TheLogIsPrunedWhileRedisIsAway) {
  RedisServer server;
  clock_.Set(absl::Now());
  Open(&clock_);
  StartRelay(TestRelayOptions(server.options()));
  Publish(1, 10);
  EXPECT_TRUE(StreamBecomesTheLog(*db_, server.options()));
  server.Kill();
  clock_.Advance(absl::Hours(24 * 91));
  Publish(11, 12);
  EXPECT_TRUE(WaitUntil([&] { return WholeLog(*db_).size() == 2; }));
  server.Start();
  EXPECT_TRUE(StreamBecomesTheLog(*db_, server.options()));
}

// The database takes no note of a trim, for instance because its disk is full: copying goes on.
TEST_P(RelayTest, ATrimThatCannotBeRecordedHoldsNothingUp) {
  const auto rename = [&](const char* statement) {
    EXPECT_TRUE(db_->Write([&](Tx& tx) { return tx.Exec(statement).status(); }).ok());
  };
  StartRelay();
  Publish(1, 5);
  EXPECT_TRUE(Published());
  rename("ALTER TABLE stream_trimmed RENAME TO elsewhere");
  EXPECT_TRUE(WaitUntil([&] { return !relay_->Status().error().empty(); }));
  Publish(6, 10);
  EXPECT_TRUE(Published());
  rename("ALTER TABLE elsewhere RENAME TO stream_trimmed");
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().error().empty(); }));
}

class SharedDatabaseTest : public RelayTest {};
INSTANTIATE_TEST_SUITE_P(Engines, SharedDatabaseTest, testing::Values("postgresql"),
                         EngineName<testing::TestParamInfo<const char*>>);

TEST_P(SharedDatabaseTest, OfTwoRelaysOneLeadsAndTheOtherTakesOver) {
  StartRelay();
  const std::unique_ptr<Database> other_db = OpenBusDatabase(files_.url());
  Relay other(*other_db, TestRelayOptions(redis().options(), "other"));
  ASSERT_TRUE(other.Start().ok());
  EXPECT_TRUE(relay_->leading());
  EXPECT_FALSE(other.leading());
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().redis_up(); }));
  EXPECT_FALSE(other.Status().redis_up()) << "it does not ask";
  // Commits of the replica that does not lead reach the stream too.
  ASSERT_TRUE(PublishNumber(*other_db, 1).ok());
  EXPECT_TRUE(Published());
  relay_->Stop();
  EXPECT_TRUE(WaitUntil([&] { return other.leading(); }));
  ASSERT_TRUE(PublishNumber(*db_, 2).ok());
  EXPECT_TRUE(Published());
}

TEST_P(SharedDatabaseTest, ARelayThatFindsAnothersEpochBeginsItsOwn) {
  StartRelay();
  Publish(1, 3);
  const auto foreign = db_->StartEpoch(0, "takeover");
  ASSERT_TRUE(foreign.ok());
  Publish(4, 5);
  EXPECT_TRUE(WaitUntil([&] { return Epoch() > foreign->epoch; }));
  EXPECT_TRUE(Published());
}

// Reading all of a long stream takes a while, in which another may have taken over.
TEST_P(SharedDatabaseTest, WhoHasLostTheLeaseMendsNothing) {
  Relay::Options options = LooksAllTheTime();
  options.lease = absl::Seconds(12);  // taken again every four seconds, so that the relay does not notice by itself
  StartRelay(options);
  Publish(1, 20);
  EXPECT_TRUE(Published());
  ASSERT_TRUE(
      db_->Write([](Tx& tx) {
           return tx.Exec("UPDATE lease SET holder = 'another', expires = :never", absl::InfiniteFuture()).status();
         })
          .ok());
  TakeAway(10, 11);
  EXPECT_TRUE(WaitUntil([&] { return !relay_->leading(); }));
  EXPECT_EQ(WholeStream(redis().options()).size(), 19);
  EXPECT_EQ(relay_->Status().holes(), 0);
  ASSERT_TRUE(db_->Write([](Tx& tx) { return tx.Exec("DELETE FROM lease").status(); }).ok());
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().holes() == 1; }));
  EXPECT_TRUE(Published());
}

TEST_P(SharedDatabaseTest, ADatabaseThatWentAwayBeginsANewTermWhenItIsBack) {
  PostgresServer server;
  TestDatabase files("postgresql", &server);
  const std::unique_ptr<Database> db = OpenBusDatabase(files.url());
  Relay relay(*db, TestRelayOptions(redis().options()));
  ASSERT_TRUE(relay.Start().ok());
  ASSERT_TRUE(PublishNumber(*db, 1).ok());
  const int64_t before = HeadOf(*db).epoch;
  server.Kill();
  EXPECT_TRUE(WaitUntil([&] { return !relay.Status().error().empty(); }));
  server.Start();
  EXPECT_TRUE(WaitUntil([&] { return PublishNumber(*db, 2).ok(); }));
  EXPECT_TRUE(WaitUntil([&] { return relay.leading() && HeadOf(*db).epoch > before; }));
  EXPECT_TRUE(StreamBecomesTheLog(*db, redis().options()));
}

}  // namespace
}  // namespace mestring
