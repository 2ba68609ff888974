// The failure matrix of the bus, row by row: each test makes one of them happen while the owner is
// written to, and then everything must be as if it had not. What must be seen of it (a rebuild, a fork,
// staleness) is looked for too.
#include "common/events/stream_check.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/faults/world.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

using events::v1::SubscriptionStatus;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// How long the stream is there.
int Entries(RedisServer& redis) { return std::stoi(redis.Do({"XLEN", TestKey()})); }

class RedisFaults : public World {};
// What Redis does does not depend on the owner's engine; what does is further down.
INSTANTIATE_TEST_SUITE_P(Engines, RedisFaults, testing::Values("sqlite"),
                         EngineName<testing::TestParamInfo<const char*>>);

TEST_P(RedisFaults, KilledAndStartedAgain) {
  StartWriting();
  for (int i = 0; i < 3; ++i) {
    AfterWrites(100);
    redis_.Restart();
  }
  AfterWrites(100);
  EndsWell();
}

TEST_P(RedisFaults, TheTailOfItsFileIsLost) {
  StartWriting();
  for (int i = 0; i < 3; ++i) {
    AfterWrites(200);
    redis_.RestartWithoutTail(10'000);
  }
  AfterWrites(100);
  EndsWell();
}

TEST_P(RedisFaults, ItComesBackFromAnOlderCopy) {
  StartWriting();
  AfterWrites(100);
  EXPECT_TRUE(WaitUntil([&] { return !WholeStream(redis_.options()).empty(); }));
  redis_.SaveCopy();
  AfterWrites(300);
  redis_.RestartFromCopy();
  AfterWrites(100);
  EndsWell();
  EXPECT_GE(relay_->Status().rebuilds(), 1);
}

TEST_P(RedisFaults, FlushedAgainAndAgainNoGroupReaderMissesAnything) {
  GroupReader stranger(redis_);
  StartWriting();
  for (int i = 0; i < 5; ++i) {
    AfterWrites(100);
    redis_.FlushAll();
  }
  AfterWrites(100);
  EndsWell();
  EXPECT_GE(relay_->Status().rebuilds(), 1);
  EXPECT_TRUE(WaitUntil([&] {
    const std::set<std::string> seen = stranger.Seen();
    for (const events::v1::Event& event : WholeLog(*owner_)) {
      if (seen.count(event.id()) == 0) return false;
    }
    return true;
  }));
}

TEST_P(RedisFaults, TheScriptIsForgotten) {
  StartWriting();
  for (int i = 0; i < 5; ++i) {
    AfterWrites(50);
    EXPECT_TRUE(WaitUntil([&] { return redis_.Info("number_of_cached_scripts") > 0; }));
    EXPECT_EQ(redis_.Do({"SCRIPT", "FLUSH"}), "OK");
  }
  AfterWrites(50);
  EndsWell();
}

TEST_P(RedisFaults, TheKeyIsDeleted) {
  StartWriting();
  for (int i = 0; i < 3; ++i) {
    AfterWrites(100);
    EXPECT_TRUE(WaitUntil([&] { return redis_.Do({"DEL", TestKey()}) == "1"; }));
  }
  AfterWrites(100);
  EndsWell();
}

TEST_P(RedisFaults, AStrangerAddsEntries) {
  GroupReader stranger(redis_);
  StartWriting();
  for (int i = 0; i < 5; ++i) {
    AfterWrites(50);
    EXPECT_THAT(redis_.Do({"XADD", TestKey(), "*", "field", "value"}), Not(StartsWith("(error)")));
  }
  AfterWrites(50);
  EndsWell();
  EXPECT_TRUE(WaitUntil([&] { return stranger.Seen().size() >= WholeLog(*owner_).size(); }));
  EXPECT_GE(relay_->Status().orphans_removed(), 1);
}

TEST_P(RedisFaults, PausedLongerThanAnyTimeout) {
  StartWriting();
  AfterWrites(100);
  redis_.Pause();
  EXPECT_TRUE(WaitUntil([&] { return !relay_->Status().error().empty(); }));
  AfterWrites(100);
  redis_.Continue();
  EndsWell();
}

TEST_P(RedisFaults, ItsMemoryIsFull) {
  StartWriting();
  AfterWrites(100);
  redis_.Do({"CONFIG", "SET", "maxmemory", "1mb"});
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().error().find("OOM") != std::string::npos; }));
  AfterWrites(100);
  redis_.Do({"CONFIG", "SET", "maxmemory", "0"});
  EndsWell();
}

TEST_P(RedisFaults, ItIsAwayFromTheBeginningForALongTime) {
  redis_.Kill();
  StartWriting();
  AfterWrites(500);
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().lag_events() >= 500; }));
  redis_.Start();
  EndsWell();
}

TEST_P(RedisFaults, ItIsDemotedToAReplicaForAWhile) {
  StartWriting();
  AfterWrites(100);
  redis_.Do({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_TRUE(WaitUntil([&] { return relay_->Status().error().find("READONLY") != std::string::npos; }));
  AfterWrites(100);
  redis_.Do({"REPLICAOF", "NO", "ONE"});
  EndsWell();
}

// The replica hears no more of the master, so what that acknowledges meanwhile is gone after the failover; the
// subscriber has read it, and must neither lose nor repeat it.
TEST_P(RedisFaults, AFailoverToALaggingReplica) {
  Proxy replication(redis_.port());
  RedisServer replica({"replicaof 127.0.0.1 " + std::to_string(replication.port())});
  StartWriting();
  AfterWrites(200);
  EXPECT_TRUE(WaitUntil([&] { return Entries(replica) > 0; }));
  replication.Cut();
  AfterWrites(300);
  EXPECT_TRUE(WaitUntil([&] { return Entries(redis_) > Entries(replica) + 200; }));
  redis_.Kill();
  EXPECT_EQ(replica.Do({"REPLICAOF", "NO", "ONE"}), "OK");
  wire_.SetTarget(replica.port());
  subscriber_wire_.SetTarget(replica.port());
  AfterWrites(100);
  StopWriting();
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, replica.options()));
  EXPECT_TRUE(SubscriberCatchesUp(*owner_, *subscriber_));
}

TEST_P(RedisFaults, TheWholeStreamIsEvicted) {
  StartWriting();
  AfterWrites(100);
  redis_.Do({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  redis_.Do({"CONFIG", "SET", "maxmemory", "3mb"});
  const std::string block(100'000, 'x');
  int others = 0;
  EXPECT_TRUE(WaitUntil([&] {
    redis_.Do({"SET", "other-" + std::to_string(others++), block});
    return relay_->Status().rebuilds() > 0;
  }));
  redis_.Do({"CONFIG", "SET", "maxmemory", "0"});
  AfterWrites(50);
  EndsWell();
  EXPECT_THAT(relay_->Status().error(), HasSubstr("noeviction"));
}

TEST_P(RedisFaults, TheOwnersWireIsCut) {
  StartWriting();
  AfterWrites(100);
  wire_.Cut();
  EXPECT_TRUE(WaitUntil([&] { return !relay_->Status().redis_up(); }));
  AfterWrites(100);
  // The subscriber hears no more from Redis, and asks the owner itself.
  EXPECT_TRUE(WaitUntil([&] { return PlaceOf(*subscriber_).position > 150; }));
  wire_.Mend();
  wire_.Reset();
  AfterWrites(50);
  EndsWell();
}

TEST_P(RedisFaults, TheSubscribersWireIsCut) {
  StartWriting();
  AfterWrites(100);
  subscriber_wire_.Cut();
  AfterWrites(300);
  EXPECT_TRUE(WaitUntil([&] { return subscriber_wire_.holds(); }));
  EXPECT_TRUE(WaitUntil([&] { return PlaceOf(*subscriber_).position > 300; }));
  subscriber_wire_.Mend();
  AfterWrites(50);
  EndsWell();
}

TEST_P(RedisFaults, WiresThatBreakAllTheTime) {
  StartWriting();
  for (int i = 0; i < 20; ++i) {
    AfterWrites(20);
    Proxy& wire = i % 2 == 0 ? wire_ : subscriber_wire_;
    const int before = wire.broken();
    EXPECT_TRUE(WaitUntil([&] {
      wire.Reset();
      return wire.broken() > before;
    }));
  }
  AfterWrites(50);
  EndsWell();
}

TEST_P(RedisFaults, TrimmedPastASlowSubscriber) {
  StartWriting();
  AfterWrites(100);
  CloseSubscriber();
  AfterWrites(500);
  StopWriting();
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis_.options()));
  // As a process would whose clock is ahead.
  const std::vector<events::v1::Event> log = WholeLog(*owner_);
  const std::string kept = log[log.size() - 10].cursor();
  ASSERT_TRUE(owner_->Write([&](Tx& tx) { return RecordTrim(tx, *ParseCursor(kept)); }).ok());
  EXPECT_NE(redis_.Do({"XTRIM", TestKey(), "MINID", kept}), "0");
  OpenSubscriber();
  StartWriting();
  AfterWrites(50);
  EndsWell();
}

TEST_P(RedisFaults, TwoInstancesOfASubscriberAndAFlush) {
  Subscription second(*subscriber_, TestSubscriptionOptions(redis_.options(), OwnerOf(*owner_)));
  RecordEffects(second);
  ASSERT_TRUE(second.Start().ok());
  StartWriting();
  for (int i = 0; i < 3; ++i) {
    AfterWrites(200);
    redis_.FlushAll();
  }
  AfterWrites(100);
  EndsWell();
}

// --- the owner's PostgreSQL -----------------------------------------------------------------------------

class PostgresFaults : public World {};
INSTANTIATE_TEST_SUITE_P(Engines, PostgresFaults, testing::Values("postgresql"),
                         EngineName<testing::TestParamInfo<const char*>>);

TEST_P(PostgresFaults, RedisIsKilledFlushedAndPaused) {
  StartWriting();
  AfterWrites(100);
  redis_.Restart();
  AfterWrites(100);
  redis_.FlushAll();
  AfterWrites(100);
  redis_.Pause();
  EXPECT_TRUE(WaitUntil([&] { return !relay_->Status().error().empty(); }));
  redis_.Continue();
  AfterWrites(100);
  EndsWell();
}

TEST_P(PostgresFaults, TheServerIsKilledUnderLoad) {
  PostgresServer server;
  TestDatabase files("postgresql", &server);
  CloseOwner();
  OpenOwnerAt(files.url());
  StartWriting();
  for (int i = 0; i < 3; ++i) {
    AfterWrites(50);
    const int64_t epoch = HeadOf(*owner_).epoch;
    server.Restart();
    AfterWrites(50);
    // Nobody can know whether the server that came back is the one that went: a new term.
    EXPECT_TRUE(WaitUntil([&] { return HeadOf(*owner_).epoch > epoch; }));
  }
  EndsWell();
  CloseOwner();
}

// A standby that lacks the last commits is promoted behind the same address, and the very next write must
// not give out a position a second time. Here an operator's hand takes the commits away and cuts the
// connections, in one transaction.
TEST_P(PostgresFaults, AnOlderPastBehindTheSameAddressIsANewEpochFromTheFirstWriteOn) {
  const std::unique_ptr<Database> hand = OpenBusDatabase(owner_files_.url());
  StartWriting();
  AfterWrites(100);
  EXPECT_TRUE(WaitUntil([&] { return PlaceOf(*subscriber_).position > 80; }));
  const Cursor place = PlaceOf(*subscriber_);
  ASSERT_TRUE(hand->Write([](Tx& tx) -> absl::Status {
                    TRY(tx.Exec("DELETE FROM outbox WHERE position > 50").status());
                    TRY(tx.Exec("UPDATE stream_head SET position = 50").status());
                    return tx
                        .Query<std::string>(
                            "SELECT pg_terminate_backend(pid)::int::varchar FROM pg_stat_activity"
                            " WHERE datname = current_database() AND pid <> pg_backend_pid()")
                        .status();
                  })
                  .ok());
  AfterWrites(100);
  StopWriting();
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis_.options()));
  int before = 0, after = 0;
  for (const events::v1::Event& event : WholeLog(*owner_)) {
    const Cursor cursor = *ParseCursor(event.cursor());
    ++(cursor.position <= 50 ? before : after);
    EXPECT_TRUE(cursor.position <= 50 || cursor.epoch > place.epoch) << event.cursor();
  }
  EXPECT_GE(before, 50);
  EXPECT_GE(after, 100);
  EXPECT_TRUE(WaitUntil([&] { return SubscriberState() == SubscriptionStatus::STATE_FORKED; }));
}

// --- databases that go back in time: SQLite's, as files ------------------------------------------------

class RestoredDatabase : public World {
 protected:
  // The owner's database is what it was when it was copied; its process starts again.
  void RestoreOwner() {
    StopWriting();
    const Cursor lost = HeadOf(*owner_);
    CloseOwner();
    // Epochs are seconds of the clock: that a database put back does not repeat one rests on the second
    // being over.
    EXPECT_TRUE(WaitUntil([&] { return absl::ToUnixSeconds(absl::Now()) > lost.epoch; }));
    PutBack(owner_files_, copy_.path());
    OpenOwner();
    EXPECT_LT(HeadOf(*owner_).position, lost.position) << "the copy is no older";
  }
  // Returns where the copy ends; writing goes on.
  Cursor CopyOwner() {
    StopWriting();
    CloseOwner();
    CopyFiles(owner_files_, copy_.path());
    OpenOwner();
    const Cursor end = HeadOf(*owner_);
    StartWriting();
    return end;
  }
  TempFolder copy_;
};
INSTANTIATE_TEST_SUITE_P(Engines, RestoredDatabase, testing::Values("sqlite"),
                         EngineName<testing::TestParamInfo<const char*>>);

TEST_P(RestoredDatabase, TheOwnersOlderCopyForksWhoeverWentFurther) {
  StartWriting();
  AfterWrites(100);
  const Cursor copied = CopyOwner();
  AfterWrites(200);
  StopWriting();
  EXPECT_TRUE(SubscriberCatchesUp(*owner_, *subscriber_));
  const Cursor further = PlaceOf(*subscriber_);
  const std::vector<Effect> before = EffectsOf(*subscriber_);

  RestoreOwner();
  EXPECT_GT(HeadOf(*owner_).epoch, further.epoch);
  EXPECT_LT(HeadOf(*owner_).position, further.position);
  ASSERT_TRUE(PublishNumber(*owner_, 1'000'000).ok());
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis_.options()));
  EXPECT_GE(relay_->Status().orphans_removed(), further.position - HeadOf(*owner_).position);
  EXPECT_TRUE(WaitUntil([&] { return SubscriberState() == SubscriptionStatus::STATE_FORKED; }));
  EXPECT_THAT(subscription_->Status().error(), HasSubstr(further.ToString()));
  // It did not diverge: nothing more was applied, and its cursor says what it has.
  EXPECT_EQ(EffectsOf(*subscriber_).size(), before.size());
  EXPECT_EQ(PlaceOf(*subscriber_), further);

  // A person takes back what was learned from the lost events, and goes on from the last common one.
  const std::string range = subscription_->Status().error();
  const size_t from = range.find("after ") + 6;
  const auto last_common = ParseCursor(range.substr(from, range.find(' ', from) - from));
  ASSERT_TRUE(last_common.ok()) << range;
  EXPECT_EQ(last_common->position, copied.position);
  ASSERT_TRUE(subscriber_
                  ->Write([&](Tx& tx) {
                    return tx.Exec("DELETE FROM effects WHERE position > :position", last_common->position).status();
                  })
                  .ok());
  ASSERT_TRUE(subscription_->Rebase(*last_common).ok());
  EXPECT_TRUE(SubscriberCatchesUp(*owner_, *subscriber_));
}

TEST_P(RestoredDatabase, ASubscriberThatWasNotFurtherNeverNotices) {
  StartWriting();
  AfterWrites(100);
  CopyOwner();
  StopWriting();
  EXPECT_TRUE(SubscriberCatchesUp(*owner_, *subscriber_));
  CloseSubscriber();
  StartWriting();
  AfterWrites(200);
  RestoreOwner();
  OpenSubscriber();
  ASSERT_TRUE(PublishNumber(*owner_, 1'000'000).ok());
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis_.options()));
  // Its cursor stands in an epoch that the copy does not know, unless it stopped before; both are right,
  // applying anything else is not.
  EXPECT_TRUE(WaitUntil([&] {
    return SubscriberState() == SubscriptionStatus::STATE_FORKED || CheckEffects(*owner_, *subscriber_).empty();
  }));
}

TEST_P(RestoredDatabase, TheOwnersOlderCopyAndAnEmptyRedis) {
  StartWriting();
  AfterWrites(100);
  CopyOwner();
  AfterWrites(200);
  StopWriting();
  EXPECT_TRUE(SubscriberCatchesUp(*owner_, *subscriber_));
  const Cursor further = PlaceOf(*subscriber_);
  redis_.FlushAll();
  RestoreOwner();
  // Past the place where the subscriber waits: positions come a second time, cursors do not.
  for (int number = 0; number < 300; ++number) ASSERT_TRUE(PublishNumber(*owner_, 1'000'000 + number).ok());
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis_.options()));
  EXPECT_TRUE(WaitUntil([&] { return SubscriberState() == SubscriptionStatus::STATE_FORKED; }));
  EXPECT_EQ(PlaceOf(*subscriber_), further);
}

TEST_P(RestoredDatabase, TheSubscribersOlderCopyCatchesUpExactly) {
  StartWriting();
  AfterWrites(100);
  EXPECT_TRUE(WaitUntil([&] { return PlaceOf(*subscriber_).position > 50; }));
  CloseSubscriber();
  CopyFiles(subscriber_files_, copy_.path());
  OpenSubscriber();
  AfterWrites(200);
  EXPECT_TRUE(WaitUntil([&] { return PlaceOf(*subscriber_).position > 250; }));
  CloseSubscriber();
  PutBack(subscriber_files_, copy_.path());
  EXPECT_LT(PlaceOf(*OpenBusDatabase(subscriber_files_.url())).position, 250) << "the copy is no older";
  OpenSubscriber();
  AfterWrites(50);
  EndsWell();
}

TEST_P(RestoredDatabase, PastTheLogsRetentionASnapshotIsNeeded) {
  StartWriting();
  AfterWrites(100);
  EXPECT_TRUE(WaitUntil([&] { return PlaceOf(*subscriber_).position > 50; }));
  CloseSubscriber();
  AfterWrites(200);
  StopWriting();
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis_.options()));
  const Cursor head = HeadOf(*owner_);
  ASSERT_TRUE(owner_
                  ->Write([&](Tx& tx) {
                    return tx.Exec("DELETE FROM outbox WHERE position < :position", head.position - 20).status();
                  })
                  .ok());
  redis_.FlushAll();
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis_.options()));
  OpenSubscriber();
  EXPECT_TRUE(WaitUntil([&] { return SubscriberState() == SubscriptionStatus::STATE_PRUNED; }));
  EXPECT_TRUE(subscription_->Rebase(head).ok());
  ASSERT_TRUE(PublishNumber(*owner_, 1'000'000).ok());
  EXPECT_TRUE(WaitUntil([&] { return EffectsOf(*subscriber_).back().number == 1'000'000; }));
}

}  // namespace
}  // namespace mestring
