// A subscription between two databases and a real Redis, rule by rule, on both engines.
#include "common/events/subscription.h"

#include <atomic>

#include "common/events/outbox.h"
#include "common/events/parked.h"
#include "gmock/gmock.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "mestring/common/v1/assigned_actions_events.pb.h"
#include "mestring/test/v1/test.pb.h"
#include "tests/support/bus.h"
#include "tests/support/databases.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

using events::v1::Event;
using events::v1::SubscriptionStatus;
using google::protobuf::Int64Value;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SubscriptionTest : public testing::TestWithParam<const char*> {
 protected:
  static RedisServer& redis() { return *server_; }
  static void SetUpTestSuite() { server_ = std::make_unique<RedisServer>(); }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    redis().Do({"FLUSHALL"});
    owner_ = OpenBusDatabase(owner_files_.url());
    subscriber_ = OpenBusDatabase(files_.url());
    StartRelay();
  }
  void StartRelay() {
    relay_ = std::make_unique<Relay>(*owner_, TestRelayOptions(redis().options()));
    ASSERT_TRUE(relay_->Start().ok());
  }
  Subscription::Options Options() { return TestSubscriptionOptions(redis().options(), OwnerOf(*owner_)); }
  std::unique_ptr<Subscription> Started(Subscription::Options options) {
    auto subscription = std::make_unique<Subscription>(*subscriber_, std::move(options));
    RecordEffects(*subscription);
    EXPECT_TRUE(subscription->Start().ok());
    return subscription;
  }
  std::unique_ptr<Subscription> Started() { return Started(Options()); }
  // A handler that refuses the numbers in `bad_`.
  std::unique_ptr<Subscription> StartedWithPoison() {
    auto subscription = std::make_unique<Subscription>(*subscriber_, Options());
    subscription->On<Int64Value>([this](Tx& tx, const Event& event, const Int64Value& number) -> absl::Status {
      ++calls_;
      if (number.value() == bad_) return Refused("UNWANTED", "this number is not wanted");
      if (number.value() == busy_) return Unavailable("ELSEWHERE", "not now");
      return RecordEffect(tx, event);
    });
    EXPECT_TRUE(subscription->Start().ok());
    return subscription;
  }
  void Publish(int first, int last, std::string_view subject = "subject") {
    for (int number = first; number <= last; ++number) ASSERT_TRUE(PublishNumber(*owner_, number, subject).ok());
  }
  bool CatchesUp() { return SubscriberCatchesUp(*owner_, *subscriber_); }
  std::vector<int64_t> Numbers() {
    std::vector<int64_t> numbers;
    for (const Effect& effect : EffectsOf(*subscriber_)) numbers.push_back(effect.number);
    return numbers;
  }
  std::vector<events::v1::ParkedEvent> Parked() {
    std::vector<events::v1::ParkedEvent> parked;
    EXPECT_TRUE(subscriber_
                    ->Read([&](Tx& tx) -> absl::Status {
                      ASSIGN(parked, ListParked(tx, "", 100, "", Cursor()));
                      return absl::OkStatus();
                    })
                    .ok());
    return parked;
  }

  static inline std::unique_ptr<RedisServer> server_;
  TestDatabase owner_files_{GetParam()}, files_{GetParam()};
  std::unique_ptr<Database> owner_, subscriber_;
  std::unique_ptr<Relay> relay_;
  std::atomic<int64_t> bad_{-1}, busy_{-1};
  std::atomic<int> calls_{0};
};
INSTANTIATE_TEST_SUITE_P(Engines, SubscriptionTest, testing::ValuesIn(kEngines),
                         EngineName<testing::TestParamInfo<const char*>>);

TEST_P(SubscriptionTest, EachEventIsAppliedOnceInOrder) {
  Publish(1, 300);
  const auto subscription = Started();
  Publish(301, 400);
  EXPECT_TRUE(CatchesUp());
  EXPECT_TRUE(WaitUntil([&] { return subscription->Status().state() == SubscriptionStatus::STATE_RUNNING; }));
  // The row of the cursor is committed before the subscription's own thread hears of it.
  EXPECT_TRUE(WaitUntil([&] { return subscription->Status().cursor() == HeadOf(*owner_).ToString(); }));
  EXPECT_EQ(subscription->Status().stream(), TestKey());
  EXPECT_EQ(subscription->Status().error(), "");
  EXPECT_TRUE(WaitUntil([&] { return subscription->Status().lag_events() == 0; }));
}

TEST_P(SubscriptionTest, ANewOneBeginsWithTheOldestThatTheOwnerKeeps) {
  Publish(1, 20);
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis().options()));
  redis().Do({"XTRIM", TestKey(), "MAXLEN", "3"});
  const auto subscription = Started();
  EXPECT_TRUE(CatchesUp());
  EXPECT_EQ(Numbers().size(), 20);
}

TEST_P(SubscriptionTest, OneThatTookASnapshotBeginsAfterIt) {
  Publish(1, 5);
  const Cursor as_of = HeadOf(*owner_);
  ASSERT_TRUE(subscriber_->Write([&](Tx& tx) { return Subscription::SetCursor(tx, TestKey(), as_of); }).ok());
  const auto subscription = Started();
  Publish(6, 8);
  EXPECT_TRUE(WaitUntil([&] { return Numbers().size() == 3; }));
  EXPECT_THAT(Numbers(), ElementsAre(6, 7, 8));
}

TEST_P(SubscriptionTest, ARestartGoesOnWhereItStopped) {
  Publish(1, 50);
  Started().reset();
  Publish(51, 100);
  StartRelay();  // a new epoch on the way
  Publish(101, 120);
  const auto subscription = Started();
  EXPECT_TRUE(CatchesUp());
}

TEST_P(SubscriptionTest, WhatTheStreamNoLongerHoldsComesFromTheOwner) {
  const auto subscription = Started();
  Publish(1, 10);
  EXPECT_TRUE(CatchesUp());
  subscription->Stop();
  Publish(11, 600);
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis().options()));
  redis().Do({"XTRIM", TestKey(), "MAXLEN", "5"});
  const auto again = Started();
  EXPECT_TRUE(CatchesUp());
}

TEST_P(SubscriptionTest, WithoutRedisTheOwnerIsAsked) {
  Subscription::Options options = Options();
  options.redis.url = "redis://127.0.0.1:" + std::to_string(FreePort());
  const auto subscription = Started(options);
  Publish(1, 10);
  EXPECT_TRUE(CatchesUp());
  Publish(11, 20);
  EXPECT_TRUE(CatchesUp());
  EXPECT_THAT(subscription->Status().error(), HasSubstr("Redis does not answer"));
}

TEST_P(SubscriptionTest, AStreamThatIsBehindItsOwnHeartbeatIsNotWaitedFor) {
  const auto subscription = Started();
  Publish(1, 10);
  EXPECT_TRUE(CatchesUp());
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis().options()));
  relay_->Stop();
  Publish(11, 12);
  redis().Do({"SET", TestKey() + ":head", HeadOf(*owner_).ToString()});
  EXPECT_TRUE(CatchesUp());
}

TEST_P(SubscriptionTest, AStrangersEntryIsNotApplied) {
  const auto subscription = Started();
  Publish(1, 10);
  EXPECT_TRUE(CatchesUp());
  redis().Do({"XADD", TestKey(), "*", "field", "value"});
  // Also one that looks like ours in all but its place.
  redis().Do({"XADD",
              TestKey(),
              "*",
              "specversion",
              "1.0",
              "id",
              "x",
              "source",
              "s",
              "type",
              "google.protobuf.Int64Value",
              "subject",
              "s",
              "subjectversion",
              "1",
              "time",
              "2026-11-23T07:00:00Z",
              "datacontenttype",
              "application/protobuf",
              "data",
              ""});
  Publish(11, 20);
  EXPECT_TRUE(CatchesUp());
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis().options()));
}

TEST_P(SubscriptionTest, ASilentOwnerMakesItStale) {
  std::atomic<bool> reachable{true};
  Subscription::Options options = Options();
  options.owner = [&, owner = OwnerOf(*owner_)](Cursor after, int size) -> absl::StatusOr<events::v1::ListResponse> {
    if (!reachable) return Unavailable("DRAINING", "gone");
    return owner(after, size);
  };
  const auto subscription = Started(options);
  Publish(1, 5);
  EXPECT_TRUE(CatchesUp());
  EXPECT_TRUE(WaitUntil([&] { return subscription->Status().state() == SubscriptionStatus::STATE_RUNNING; }));
  relay_->Stop();
  reachable = false;
  redis().Do({"DEL", TestKey() + ":head"});
  EXPECT_TRUE(WaitUntil([&] { return subscription->Status().state() == SubscriptionStatus::STATE_STALE; }));
  reachable = true;
  EXPECT_TRUE(WaitUntil([&] { return subscription->Status().state() == SubscriptionStatus::STATE_RUNNING; }));
}

TEST_P(SubscriptionTest, AnEventThatFailsForGoodIsParkedWithItsSuccessorsOfTheSameSubject) {
  bad_ = 3;
  Publish(1, 2, "a");
  Publish(3, 3, "b");
  Publish(4, 4, "a");
  Publish(5, 5, "b");
  Publish(6, 6, "c");
  const auto subscription = StartedWithPoison();
  EXPECT_TRUE(WaitUntil([&] { return PlaceOf(*subscriber_) == HeadOf(*owner_); }));
  EXPECT_THAT(Numbers(), ElementsAre(1, 2, 4, 6));
  auto parked = Parked();
  ASSERT_EQ(parked.size(), 2);
  EXPECT_EQ(parked[0].subject(), "b");
  EXPECT_EQ(parked[0].attempts(), Subscription::kAttemptsMax);
  EXPECT_EQ(parked[0].error(), "UNWANTED: this number is not wanted");
  EXPECT_EQ(parked[0].type(), "google.protobuf.Int64Value");
  EXPECT_EQ(parked[0].stream(), TestKey());
  EXPECT_EQ(parked[1].attempts(), 0);
  EXPECT_EQ(subscription->Status().parked_events(), 2);
  // What comes later of that subject waits too, while it runs and after a restart.
  Publish(7, 7, "b");
  EXPECT_TRUE(WaitUntil([&] { return Parked().size() == 3; }));

  // Still bad: nothing changes but the count of tries.
  auto retried = subscription->RetryParked("b");
  EXPECT_EQ(retried->applied(), 0);
  EXPECT_EQ(retried->still_parked(), 3);
  EXPECT_EQ(Parked()[0].attempts(), Subscription::kAttemptsMax + 1);
  bad_ = -1;
  retried = subscription->RetryParked("");
  EXPECT_EQ(retried->applied(), 3);
  EXPECT_EQ(retried->still_parked(), 0);
  EXPECT_THAT(Numbers(), ElementsAre(1, 2, 4, 6, 3, 5, 7));
  EXPECT_EQ(subscription->RetryParked("")->applied(), 0);
  Publish(8, 8, "b");
  EXPECT_TRUE(WaitUntil([&] { return Numbers().back() == 8; }));
}

TEST_P(SubscriptionTest, OneRetryAppliesSoManyAndNoMore) {
  bad_ = 1;
  Publish(1, Subscription::kRetryMax + 2, "b");
  const auto subscription = StartedWithPoison();
  EXPECT_TRUE(WaitUntil([&] { return PlaceOf(*subscriber_) == HeadOf(*owner_); }));
  bad_ = -1;
  EXPECT_EQ(subscription->RetryParked("")->still_parked(), 2);
  EXPECT_EQ(subscription->RetryParked("")->applied(), 2);
  EXPECT_EQ(Numbers().back(), Subscription::kRetryMax + 2);
}

// S10
TEST_P(SubscriptionTest, AnEventThatMovesAResourceInSilenceIsParkedAndTheOthersAreApplied) {
  Publish(1, 1, "a");
  Publish(2, 2, "b");
  Publish(3, 3, "c");
  auto subscription = std::make_unique<Subscription>(*subscriber_, Options());
  subscription->On<Int64Value>([](Tx& tx, const Event& event, const Int64Value& number) -> absl::Status {
    if (number.value() == 2) {
      test::v1::Note note;
      note.set_id("one");
      note.set_version(2);
      tx.moves().Saved(note, /*is_new=*/false);
    }
    return RecordEffect(tx, event);
  });
  EXPECT_TRUE(subscription->Start().ok());
  EXPECT_TRUE(WaitUntil([&] { return PlaceOf(*subscriber_) == HeadOf(*owner_); }));
  EXPECT_THAT(Numbers(), ElementsAre(1, 3));
  ASSERT_EQ(Parked().size(), 1u);
  EXPECT_THAT(Parked()[0].error(), HasSubstr("Note one version 2 and no event names it"));
}

TEST_P(SubscriptionTest, WhatIsParkedOfAnErasedEventIsGone) {
  bad_ = 1;
  Publish(1, 2, "b");
  const auto subscription = StartedWithPoison();
  EXPECT_TRUE(WaitUntil([&] { return Parked().size() == 2; }));
  const Cursor bad = *ParseCursor(Parked()[0].cursor());
  ASSERT_TRUE(owner_->Write([&](Tx& tx) { return EraseEntry(tx, bad); }).ok());
  EXPECT_TRUE(WaitUntil([&] { return Parked().size() == 1; }));
  bad_ = -1;
  EXPECT_EQ(subscription->RetryParked("")->applied(), 1);
  EXPECT_THAT(Numbers(), ElementsAre(2));
}

TEST_P(SubscriptionTest, ParkedEventsAreListedInPages) {
  bad_ = 1;
  for (int i = 0; i < 5; ++i) Publish(1, 1, "subject-" + std::to_string(i));
  const auto subscription = StartedWithPoison();
  EXPECT_TRUE(WaitUntil([&] { return Parked().size() == 5; }));
  std::string stream;
  Cursor after;
  int found = 0;
  for (int page = 0; page < 3; ++page) {
    ASSERT_TRUE(subscriber_
                    ->Read([&](Tx& tx) -> absl::Status {
                      ASSIGN(const auto parked, ListParked(tx, TestKey(), 2, stream, after));
                      found += static_cast<int>(parked.size());
                      stream = parked.back().stream();
                      ASSIGN(after, ParseCursor(parked.back().cursor()));
                      EXPECT_EQ(ListParked(tx, "another", 2, "", Cursor())->size(), 0);
                      return absl::OkStatus();
                    })
                    .ok());
  }
  EXPECT_EQ(found, 5);
}

TEST_P(SubscriptionTest, AnEventThatCannotWorkNowIsTriedUntilItDoes) {
  busy_ = 3;
  Publish(1, 6);
  const auto subscription = StartedWithPoison();
  EXPECT_TRUE(WaitUntil([&] { return calls_ > 3 * Subscription::kAttemptsMax; }));
  EXPECT_THAT(Numbers(), IsEmpty());
  EXPECT_THAT(subscription->Status().error(), HasSubstr("not now"));
  busy_ = -1;
  EXPECT_TRUE(CatchesUp());
  EXPECT_THAT(Parked(), IsEmpty());
}

TEST_P(SubscriptionTest, AnEventThatDoesNotParseIsParkedAndOthersFlow) {
  const auto subscription = StartedWithPoison();
  Publish(1, 3, "a");
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis().options()));
  ASSERT_TRUE(
      owner_->Write([&](Tx& tx) { return tx.Exec("UPDATE outbox SET data = '/w==' WHERE position = 2").status(); })
          .ok());
  redis().FlushAll();
  subscriber_->Write([&](Tx& tx) { return tx.Exec("DELETE FROM effects").status(); }).IgnoreError();
  subscription->Stop();
  ASSERT_TRUE(subscriber_->Write([&](Tx& tx) { return Subscription::SetCursor(tx, TestKey(), Cursor()); }).ok());
  subscriber_->Write([&](Tx& tx) { return tx.Exec("DELETE FROM effects").status(); }).IgnoreError();
  const auto again = StartedWithPoison();
  Publish(4, 4, "b");
  EXPECT_TRUE(WaitUntil([&] { return Parked().size() == 2; }));
  EXPECT_THAT(Parked()[0].error(), HasSubstr("EVENT_UNREADABLE"));
  EXPECT_TRUE(WaitUntil([&] { return Numbers() == std::vector<int64_t>({1, 4}); }));
}

TEST_P(SubscriptionTest, AnEnumsNumberOfANewerOwnerReachesTheHandlerAsItIs) {
  using common::v1::ActionProgressed;  // any event with an enum
  constexpr int kNotNamed = 77;
  ActionProgressed newer;
  // By another way than the owner's, which publishes only what its own contract names.
  newer.GetReflection()->MutableUnknownFields(&newer)->AddVarint(ActionProgressed::kStateFieldNumber, kNotNamed);
  std::atomic<int> heard{0};
  Subscription subscription(*subscriber_, Options());
  subscription.On<ActionProgressed>([&](Tx&, const Event& header, const ActionProgressed& event) {
    EXPECT_EQ(header.data(), newer.SerializeAsString());
    heard = event.state();
    return absl::OkStatus();
  });
  ASSERT_TRUE(subscription.Start().ok());
  ASSERT_TRUE(owner_->Write([&](Tx& tx) { return tx.Publish(newer, "subject", 1); }).ok());
  EXPECT_TRUE(WaitUntil([&] { return heard == kNotNamed; })) << heard;
}

TEST_P(SubscriptionTest, AForkStopsItUntilAPersonDecides) {
  Publish(1, 10);
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis().options()));
  const Cursor common = {HeadOf(*owner_).epoch, 7};
  auto subscription = Started();
  EXPECT_TRUE(CatchesUp());
  EXPECT_EQ(ReasonOf(subscription->Rebase(common)), "NOT_FORKED");
  // The owner's past changes: as if the database of the time of event 7 had been put back.
  relay_.reset();
  ASSERT_TRUE(owner_
                  ->Write([](Tx& tx) -> absl::Status {
                    TRY(tx.Exec("DELETE FROM outbox WHERE position > 7").status());
                    return tx.Exec("UPDATE stream_head SET position = 7").status();
                  })
                  .ok());
  // Written outside of the relay's knowledge: the process that comes up finds it so.
  owner_ = nullptr;
  owner_ = OpenBusDatabase(owner_files_.url());
  ASSERT_EQ(HeadOf(*owner_).position, 7);
  subscription.reset();
  StartRelay();
  subscription = Started();
  Publish(108, 120);
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis().options()));
  EXPECT_TRUE(WaitUntil([&] { return subscription->Status().state() == SubscriptionStatus::STATE_FORKED; }));
  EXPECT_THAT(subscription->Status().error(), HasSubstr(common.ToString()));
  EXPECT_EQ(Numbers().size(), 10);
  // It remembers.
  subscription.reset();
  subscription = Started();
  EXPECT_EQ(subscription->Status().state(), SubscriptionStatus::STATE_FORKED);
  EXPECT_THAT(subscription->Status().error(), HasSubstr(common.ToString()));
  // The cursor to go on from must be one of the owner's.
  EXPECT_EQ(ReasonOf(subscription->Rebase({common.epoch, 9})), "CURSOR_FORKED");
  ASSERT_TRUE(
      subscriber_->Write([](Tx& tx) { return tx.Exec("DELETE FROM effects WHERE position > 7").status(); }).ok());
  EXPECT_TRUE(subscription->Rebase(common).ok());
  EXPECT_TRUE(CatchesUp());
  EXPECT_TRUE(WaitUntil([&] { return subscription->Status().state() == SubscriptionStatus::STATE_RUNNING; }));
}

TEST_P(SubscriptionTest, ACursorOlderThanTheOwnersLogIsSaid) {
  auto subscription = Started();
  Publish(1, 5);
  EXPECT_TRUE(CatchesUp());
  subscription.reset();
  Publish(6, 20);
  EXPECT_TRUE(StreamBecomesTheLog(*owner_, redis().options()));
  ASSERT_TRUE(owner_->Write([](Tx& tx) { return tx.Exec("DELETE FROM outbox WHERE position < 15").status(); }).ok());
  redis().Do({"XTRIM", TestKey(), "MAXLEN", "2"});
  subscription = Started();
  EXPECT_TRUE(WaitUntil([&] { return subscription->Status().state() == SubscriptionStatus::STATE_PRUNED; }));
  EXPECT_EQ(Numbers().size(), 5);
  // A snapshot was taken, and is rebased upon.
  EXPECT_TRUE(subscription->Rebase(HeadOf(*owner_)).ok());
  Publish(21, 21);
  EXPECT_TRUE(WaitUntil([&] { return Numbers().back() == 21; }));
}

TEST_P(SubscriptionTest, OfTwoInstancesEachEventIsAppliedByOne) {
  const auto first = Started();
  const auto second = Started();
  Publish(1, 200);
  EXPECT_TRUE(CatchesUp());
  EXPECT_EQ(Numbers().size(), 200);
}

TEST_P(SubscriptionTest, TypesWithoutAHandlerMoveTheCursorAndOnAnySeesAll) {
  std::atomic<int> seen{0};
  Subscription subscription(*subscriber_, Options());
  ASSERT_TRUE(subscription.Start().ok());
  Publish(1, 10);
  EXPECT_TRUE(WaitUntil([&] { return PlaceOf(*subscriber_) == HeadOf(*owner_); }));
  EXPECT_THAT(Numbers(), IsEmpty());
  subscription.Stop();
  Subscription all(*subscriber_, Options());
  all.OnAny([&](Tx&, const Event&) {
    ++seen;
    return absl::OkStatus();
  });
  ASSERT_TRUE(all.Start().ok());
  Publish(11, 15);
  EXPECT_TRUE(WaitUntil([&] { return seen == 5; }));
}

}  // namespace
}  // namespace mestring
