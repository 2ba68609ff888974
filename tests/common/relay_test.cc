// The relay on real Redis and on both engines, one rule after the other; how it fares when things break
// under load is in tests/faults.
#include "common/relay.h"

#include "common/outbox.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/bus.h"
#include "tests/support/databases.h"
#include "tests/support/fake_clock.h"
#include "tests/support/proxy.h"
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
    redis().FlushAll();
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
