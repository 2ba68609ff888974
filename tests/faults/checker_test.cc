// The negative control: a checker that finds nothing wrong proves nothing, unless it does find what is.
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "tests/support/bus.h"
#include "tests/support/expect.h"

namespace mestring {
namespace {

using events::v1::Event;

Event Row(Cursor cursor, int64_t number) {
  google::protobuf::Int64Value value;
  value.set_value(number);
  Event event;
  event.set_cursor(cursor.ToString());
  event.set_id("id-" + cursor.ToString());
  event.set_type("google.protobuf.Int64Value");
  event.set_data(value.SerializeAsString());
  return event;
}

Event Epoch(Cursor cursor) {
  Event event = Row(cursor, 0);
  event.set_type("mestring.events.v1.EpochStarted");
  return event;
}

class CheckerTest : public testing::Test {
 protected:
  const std::vector<Event> log_ = {Epoch({5, 0}), Row({5, 1}, 10), Row({5, 2}, 20), Epoch({7, 2}), Row({7, 3}, 30)};
  const std::vector<Effect> effects_ = {{"id-5-1", 10}, {"id-5-2", 20}, {"id-7-3", 30}};
};

TEST_F(CheckerTest, NothingIsWrongWithWhatIsRight) {
  EXPECT_EQ(CheckLog(log_), "");
  EXPECT_EQ(CheckStream(log_, log_), "");
  EXPECT_EQ(CheckStream(log_, {log_.begin() + 2, log_.end()}), "");
  EXPECT_EQ(CheckEffects(log_, effects_, {7, 3}), "");
  EXPECT_EQ(CheckEffects(log_, {effects_.begin(), effects_.begin() + 2}, {7, 2}), "");
  EXPECT_EQ(CheckJournal(log_, {10, 30}), "");
}

// Of the steps on the way GoogleTest is told by an exception.
TEST_F(CheckerTest, AStepThatFailsIsThrownWithItsPlaceAndError) {
  EXPECT_EQ(Must(absl::StatusOr<int>(3)), 3);
  const auto says = testing::AllOf(testing::HasSubstr("checker_test.cc:"), testing::HasSubstr("no such bed"));
  EXPECT_THAT([] { Must(absl::StatusOr<int>(NotFound("bed"))); }, testing::ThrowsMessage<std::runtime_error>(says));
  EXPECT_THAT([] { Must(NotFound("bed")); }, testing::ThrowsMessage<std::runtime_error>(says));
}

TEST_F(CheckerTest, AHoleIsFound) {
  for (size_t missing = 1; missing + 1 < log_.size(); ++missing) {
    std::vector<Event> holed = log_;
    holed.erase(holed.begin() + static_cast<int64_t>(missing));
    EXPECT_NE(CheckStream(log_, holed), "") << missing;
    EXPECT_NE(CheckLog(holed), "") << missing;
  }
}

TEST_F(CheckerTest, ADuplicateIsFound) {
  for (size_t twice = 0; twice < log_.size(); ++twice) {
    std::vector<Event> doubled = log_;
    doubled.insert(doubled.begin() + static_cast<int64_t>(twice), log_[twice]);
    EXPECT_NE(CheckStream(log_, doubled), "") << twice;
    EXPECT_NE(CheckLog(doubled), "") << twice;
  }
}

TEST_F(CheckerTest, AMissingTailAnOrphanAndAnotherContentAreFound) {
  std::vector<Event> stream = log_;
  stream.pop_back();
  EXPECT_NE(CheckStream(log_, stream), "");
  stream = log_;
  stream.push_back(Row({7, 4}, 40));
  EXPECT_NE(CheckStream(log_, stream), "");
  stream = log_;
  stream[2].set_id("another");
  EXPECT_NE(CheckStream(log_, stream), "");
  EXPECT_NE(CheckStream(log_, {}), "");
}

TEST_F(CheckerTest, AnEffectTooManyTooFewOrOutOfOrderIsFound) {
  EXPECT_NE(CheckEffects(log_, {effects_[0], effects_[2]}, {7, 3}), "");
  EXPECT_NE(CheckEffects(log_, {effects_[0], effects_[1]}, {7, 3}), "");
  EXPECT_NE(CheckEffects(log_, {effects_[0], effects_[1], effects_[1], effects_[2]}, {7, 3}), "");
  EXPECT_NE(CheckEffects(log_, {effects_[1], effects_[0], effects_[2]}, {7, 3}), "");
  EXPECT_NE(CheckEffects(log_, effects_, {5, 2}), "");
}

TEST_F(CheckerTest, AnAnsweredWriteThatIsLostDoubledOrOutOfOrderIsFound) {
  EXPECT_NE(CheckJournal(log_, {10, 15, 20}), "");
  EXPECT_NE(CheckJournal(log_, {20, 10}), "");
  std::vector<Event> doubled = log_;
  doubled.push_back(Row({7, 4}, 10));
  EXPECT_NE(CheckJournal(doubled, {10}), "");
}

// Not only in theory: explicit IDs without the comparison leave a hole on a real Redis, and it is seen.
TEST_F(CheckerTest, TheSimpleIdeaFailsOnARealRedis) {
  RedisServer redis;
  Stream stream(redis.options(), TestKey());
  ASSERT_TRUE(stream.Append({0, 0}, absl::MakeSpan(log_).subspan(0, 2)).ok());
  redis.FlushAll();
  // A relay that does not look appends the next one, and the ones before can never be added again.
  redis.Do({"XADD", TestKey(), "5-2", "specversion", "1.0", "id", log_[2].id(), "source", "s", "type", log_[2].type(),
            "subjectversion", "0", "time", "1970-01-01T00:00:00Z", "datacontenttype", "application/protobuf", "data",
            log_[2].data()});
  EXPECT_EQ(redis.Do({"XADD", TestKey(), "5-1", "a", "b"}).substr(0, 7), "(error)");
  redis.Do({"XADD", TestKey(), "7-3", "specversion", "1.0", "id", log_[4].id(), "source", "s", "type", log_[4].type(),
            "subjectversion", "0", "time", "1970-01-01T00:00:00Z", "datacontenttype", "application/protobuf", "data",
            log_[4].data()});
  EXPECT_NE(CheckStream(log_, WholeStream(redis.options())), "");
}

}  // namespace
}  // namespace mestring
