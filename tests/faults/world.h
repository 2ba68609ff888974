// A small world in which things break: an owner that is written to all the time, its relay, a Redis, a
// subscriber, and a stranger who reads as a consumer group. When a test has broken and mended what it
// wanted, EndsWell() stops the writing and asks the checker.
#pragma once

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/mutex.h"
#include "gtest/gtest.h"
#include "tests/support/bus.h"
#include "tests/support/databases.h"
#include "tests/support/proxy.h"
#include "tests/support/redis.h"

namespace mestring {

// What another team's programme does: it reads as a consumer group, and when its group is gone it makes
// it anew at its own last ID. At least once, so repeats are fine and gaps are not.
class GroupReader {
 public:
  explicit GroupReader(RedisServer& redis);
  ~GroupReader();
  // The ids seen so far.
  std::set<std::string> Seen() const;

 private:
  void Run();
  void ReadOnce();

  RedisServer& redis_;
  std::string last_ = "0-0";
  mutable Mutex mutex_;
  std::set<std::string> seen_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

class World : public testing::TestWithParam<const char*> {
 protected:
  World();
  ~World() override;

  // Opens the owner's database and starts its relay, writes nothing yet.
  void OpenOwner() { OpenOwnerAt(owner_files_.url()); }
  void OpenOwnerAt(const std::string& url);
  void CloseOwner();
  void OpenSubscriber();
  void CloseSubscriber();
  // SQLite: keeps a copy of a closed database's files, and puts it back.
  static void CopyFiles(const TestDatabase& files, const std::string& folder);
  static void PutBack(const TestDatabase& files, const std::string& folder);

  // Writes number after number until StopWriting; each answered one goes into the journal.
  void StartWriting();
  void StopWriting();
  // Waits until `count` more writes were answered.
  void AfterWrites(int count);
  size_t Answered() const;

  // Stops writing; then stream and subscriber must become the log, and the journal must be in it.
  void EndsWell();
  events::v1::SubscriptionStatus::State SubscriberState() const { return subscription_->Status().state(); }

  RedisServer redis_;
  Proxy wire_{redis_.port()};  // between the owner and Redis
  Proxy subscriber_wire_{redis_.port()};
  TestDatabase owner_files_{GetParam()}, subscriber_files_{"sqlite"};
  std::unique_ptr<Database> owner_, subscriber_;
  std::unique_ptr<Relay> relay_;
  std::unique_ptr<Subscription> subscription_;

 private:
  void Write();

  Mutex asked_mutex_;
  Database* asked_ ABSL_GUARDED_BY(asked_mutex_) = nullptr;  // the owner, for the subscriber's own thread
  mutable Mutex mutex_;
  std::vector<int64_t> journal_ ABSL_GUARDED_BY(mutex_);
  int64_t next_number_ = 1;
  std::atomic<bool> writing_{false};
  std::thread writer_;
};

}  // namespace mestring
