// S8: a Redis with the users of the local run is stopped and killed under load, and comes back each time with every
// entry that it had. Its default user once had no rights; Redis loads its file as this user, and refused each script
// that had appended several events.
#include <atomic>
#include <thread>

#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"
#include "tests/support/bus.h"
#include "tests/support/databases.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

using events::v1::Event;

constexpr int kRestarts = 10;
// Up to so many events in a write, so that the relay appends sometimes one and sometimes several at once.
constexpr int kEventsMax = 5;
constexpr int kWritesBetweenRestarts = 40;

absl::Status PublishSome(Database& db, int count) {
  return db.Write([&](Tx& tx) -> absl::Status {
    for (int i = 0; i < count; ++i) TRY(tx.Publish(google::protobuf::Int64Value(), "subject", 1));
    return absl::OkStatus();
  });
}

// Empty if the stream has the whole log, from the first entry to the last.
std::string Missing(Database& owner, const RedisServer& redis) {
  const std::vector<Event> log = WholeLog(owner), stream = WholeStream(redis.options());
  if (stream.size() != log.size()) return absl::StrCat(stream.size(), " entries of ", log.size());
  return CheckStream(log, stream);
}

TEST(RestartTest, ARedisWithTheUsersOfTheLocalRunComesBackWithEveryEntry) {
  const BusUsers users({"test"});
  RedisServer redis({users.setting()}, BusUsers::LoginOf("subscriber"));
  TestDatabase files("sqlite");
  const std::unique_ptr<Database> db = OpenBusDatabase(files.url());
  Relay relay(*db, TestRelayOptions(RedisServer::OptionsFor(redis.UrlOf(BusUsers::LoginOf("test")))));
  ASSERT_TRUE(relay.Start().ok());

  std::atomic<bool> writing{true};
  std::atomic<int> writes{0};
  std::thread writer([&] {
    while (writing) {
      EXPECT_TRUE(PublishSome(*db, 1 + writes % kEventsMax).ok());
      ++writes;
    }
  });
  for (int restart = 0; restart < kRestarts; ++restart) {
    const int goal = writes + kWritesBetweenRestarts;
    EXPECT_TRUE(WaitUntil([&] { return writes > goal && relay.Status().lag_events() < kWritesBetweenRestarts; }));
    if (restart % 2 == 0) {
      redis.Stop();
    } else {
      redis.Kill();
    }
    redis.Start();
  }
  writing = false;
  writer.join();
  EXPECT_TRUE(WaitUntil([&] { return Missing(*db, redis).empty(); })) << Missing(*db, redis);
  EXPECT_EQ(relay.Status().holes(), 0) << "Redis lost entries, and the relay filled them in again";

  // Once more, with no relay that could fill anything in.
  relay.Stop();
  redis.Stop();
  redis.Start();
  EXPECT_EQ(Missing(*db, redis), "");
}

}  // namespace
}  // namespace mestring
