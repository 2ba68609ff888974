// kill -9 at every step between a write and its effect at a subscriber, and at any other moment: the two
// ends of the bus run as programs (bus_process.cc) and are killed and started again, round after round.
// Then what was answered must be on the stream exactly once, in order, and applied exactly once.
//
// The test itself touches no database while the programs run; it opens them when all are dead, lets a
// relay and a subscription of its own finish what was left, and asks the checker. Nothing of what a kill
// could spoil mends itself meanwhile: the log is immutable, and an effect too many stays.
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <random>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/faults/bus_process.h"
#include "tests/support/bus.h"
#include "tests/support/databases.h"
#include "tests/support/redis.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

// Each passage of these kills (common/base/fault.h has the list; watch.before_write is in housing_crash_test.cc).
constexpr const char* kOwnerPoints[] = {"tx.before_commit",    "tx.after_commit",    "relay.term_committed",
                                        "relay.before_append", "relay.after_append", "relay.before_trim"};
constexpr const char* kSubscriberPoints[] = {"sub.read", "sub.effects_done", "sub.after_commit", "tx.before_commit",
                                             "tx.after_commit"};
constexpr int kNthMax = 3;
// Rounds at random times: with those at fault points more than 200 in all.
constexpr std::pair<const char*, int> kRandomRounds[] = {{"sqlite", 120}, {"postgresql", 30}};
// Longer than a program needs from its start to its first event, so that kills fall into all of its life.
constexpr double kLifeSecondsMax = 0.25;
// Numbers of one incarnation of an owner, and incarnations; more than it can ever write and have.
constexpr int64_t kNumbersPerLife = int64_t{kWriters} * 10'000'000, kLivesMax = 1000;

// Printed, and taken from CRASH_SEED to see the same again (as far as the machine's own timing allows).
uint32_t Seed() {
  static const uint32_t seed = [] {
    uint32_t chosen = 0;
    const char* given = getenv("CRASH_SEED");
    if (given == nullptr || !absl::SimpleAtoi(given, &chosen)) chosen = std::random_device()();
    std::cerr << "CRASH_SEED=" << chosen << std::endl;
    return chosen;
  }();
  return seed;
}

// The last lines of a program's log.
std::string EndOf(const std::string& log) {
  std::ifstream file(log);
  std::string text((std::istreambuf_iterator<char>(file)), {});
  return text.substr(text.size() - std::min(text.size(), size_t{2000}));
}

// An owner program, its incarnations and what it answered.
class Owner {
 public:
  // No two owners of one database have the same `number`.
  Owner(int number, std::string database, std::string redis)
      : number_(number), database_(std::move(database)), redis_(std::move(redis)) {}

  // `fault` as FAULT_POINT; empty: none.
  void Start(const std::string& fault, bool writes = true) {
    ++lives_;
    const int64_t first = writes ? (number_ * kLivesMax + lives_) * kNumbersPerLife : 0;
    EXPECT_TRUE(process.Start({BUS_PROCESS, "owner", database_, redis_, socket(),
                               absl::StrCat("owner-", number_, "-", lives_), absl::StrCat(first)},
                              {"FAULT_POINT=" + fault}, log()));
  }
  std::string socket() const { return absl::StrCat("unix:", folder_.path(), "/socket"); }
  std::string log() const { return absl::StrCat(folder_.path(), "/log"); }

  // What each of its writers was answered, in order.
  std::map<int64_t, std::vector<int64_t>> Journals() const {
    std::map<int64_t, std::vector<int64_t>> journals;
    std::ifstream file(log());
    for (std::string line; std::getline(file, line);) {
      int64_t number = 0;
      if (!absl::StartsWith(line, kAnswered) || !absl::SimpleAtoi(line.substr(sizeof kAnswered - 1), &number)) continue;
      journals[number % kWriters].push_back(number);
    }
    return journals;
  }
  size_t Answered() const {
    size_t count = 0;
    for (const auto& [writer, numbers] : Journals()) count += numbers.size();
    return count;
  }
  void AwaitAnswers(size_t more) const {
    const size_t goal = Answered() + more;
    EXPECT_TRUE(WaitUntil([&] { return Answered() >= goal; })) << LastLines();
  }
  // For a message when something is wrong.
  std::string LastLines() const { return EndOf(log()); }

  Process process;

 private:
  const int number_;
  const std::string database_, redis_;
  TempFolder folder_;
  int64_t lives_ = 0;
};

class CrashTest : public testing::TestWithParam<const char*> {
 protected:
  void StartSubscriber(const std::string& fault) {
    EXPECT_TRUE(subscriber_.Start({BUS_PROCESS, "subscriber", subscriber_files_.url(), redis_.url(), owner_.socket()},
                                  {"FAULT_POINT=" + fault}, log()));
  }
  std::string log() const { return folder_.path() + "/log"; }
  void StartWhoIsDead() {
    if (owner_.process.pid() < 0) owner_.Start("");
    if (subscriber_.pid() < 0) StartSubscriber("");
  }

  // Starts one of the two anew with that fate, the other, unless it runs, without, and waits for the end.
  void DieAt(bool owner, const std::string& point, int nth) {
    SCOPED_TRACE(absl::StrCat(owner ? "owner " : "subscriber ", point, ":", nth));
    const std::string fault = absl::StrCat(point, ":", nth, ":kill");
    owner ? owner_.Start(fault) : StartSubscriber(fault);
    StartWhoIsDead();
    Process& process = owner ? owner_.process : subscriber_;
    EXPECT_TRUE(WaitUntil([&] {
      // A process begins its first term by itself; for another one the stream must seem to be ahead of it.
      if (process.Running() && point == "relay.term_committed" && nth > 1) AddEntryOfALaterEpoch();
      return !process.Running();
    })) << owner_.LastLines();
    const int status = process.Wait();
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status << "\n" << owner_.LastLines();
    EXPECT_TRUE(absl::StrContains(EndOf(owner ? owner_.log() : log()), absl::StrCat("fault ", fault, "\n")));
  }
  void AddEntryOfALaterEpoch() {
    later_epoch_ += 10;
    redis_.Do({"XADD", TestKey(), absl::StrCat(later_epoch_, "-1"), "specversion", "1.0", "id",
               absl::StrCat("stray-", later_epoch_), "source", "/stray", "type", "test.Stray", "subjectversion", "1",
               "time", "2026-11-23T07:00:00Z", "datacontenttype", "application/protobuf", "data", ""});
  }

  // All programs are dead; `owners` are those that wrote. What they left is finished here, and then all must be as if
  // none had died.
  void EndsWell(const std::vector<const Owner*>& owners) {
    const std::unique_ptr<Database> owner = OpenBusDatabase(owner_files_.url());
    const std::unique_ptr<Database> subscriber = OpenBusDatabase(subscriber_files_.url());
    Relay relay(*owner, TestRelayOptions(redis_.options()));
    ASSERT_TRUE(relay.Start().ok());
    // The dead owner's lease may still hold: until the relay has taken over, its term is not in the log.
    ASSERT_TRUE(WaitUntil([&] { return relay.leading(); }));
    Subscription subscription(*subscriber, TestSubscriptionOptions(redis_.options(), OwnerOf(*owner)));
    RecordEffects(subscription);
    ASSERT_TRUE(subscription.Start().ok());
    EXPECT_TRUE(StreamBecomesTheLog(*owner, redis_.options()));
    EXPECT_TRUE(SubscriberCatchesUp(*owner, *subscriber));
    const std::vector<events::v1::Event> log = WholeLog(*owner);
    for (const Owner* each : owners) {
      EXPECT_GT(each->Answered(), 0u) << each->LastLines();
      for (const auto& [writer, answered] : each->Journals()) EXPECT_EQ(CheckJournal(log, answered), "") << writer;
    }
    // Never lost, never forked: only positions of the one history.
    EXPECT_EQ(relay.Status().rebuilds(), 0);
    // Stale until it has seen the owner's next heartbeat.
    EXPECT_TRUE(
        WaitUntil([&] { return subscription.Status().state() == events::v1::SubscriptionStatus::STATE_RUNNING; }));
    EXPECT_EQ(log.size(), WholeStream(redis_.options()).size());
  }

  RedisServer redis_;
  TempFolder folder_;
  TestDatabase owner_files_{GetParam()}, subscriber_files_{GetParam()};
  Owner owner_{1, owner_files_.url(), redis_.url()};
  Process subscriber_;
  std::mt19937 random_{Seed()};
  int64_t later_epoch_ = absl::ToUnixSeconds(absl::Now()) + 1'000'000;
};

INSTANTIATE_TEST_SUITE_P(Engines, CrashTest, testing::ValuesIn(kEngines),
                         EngineName<testing::TestParamInfo<const char*>>);

TEST_P(CrashTest, KilledAtEveryFaultPoint) {
  struct Death {
    bool owner;
    const char* point;
    int nth;
  };
  std::vector<Death> deaths;
  for (int nth = 1; nth <= kNthMax; ++nth) {
    for (const char* point : kOwnerPoints) deaths.push_back({true, point, nth});
    for (const char* point : kSubscriberPoints) deaths.push_back({false, point, nth});
  }
  std::shuffle(deaths.begin(), deaths.end(), random_);
  for (const Death& death : deaths) DieAt(death.owner, death.point, death.nth);
  StartWhoIsDead();
  owner_.AwaitAnswers(50);
  owner_.process.Kill();
  subscriber_.Kill();
  EndsWell({&owner_});
}

TEST_P(CrashTest, KilledAtAnyMoment) {
  int rounds = 0;
  for (const auto& [engine, count] : kRandomRounds) {
    if (std::string_view(engine) == GetParam()) rounds = count;
  }
  std::uniform_real_distribution<double> life(0, kLifeSecondsMax);
  std::uniform_int_distribution<int> who(1, 3);
  for (int round = 0; round < rounds; ++round) {
    StartWhoIsDead();
    const int victims = who(random_);
    EXPECT_FALSE(WaitUntil([&] { return !owner_.process.Running() || !subscriber_.Running(); }, life(random_)))
        << "one ended by itself in round " << round << "\n"
        << owner_.LastLines();
    EXPECT_TRUE((victims & 1) == 0 || owner_.process.Kill());
    EXPECT_TRUE((victims & 2) == 0 || subscriber_.Kill());
  }
  StartWhoIsDead();
  owner_.AwaitAnswers(50);
  owner_.process.Kill();
  subscriber_.Kill();
  EndsWell({&owner_});
}

// Two relays of one PostgreSQL database: the one that leads is stopped, the other takes over, the first
// wakes up in the middle of what it was doing.
class TwoRelaysTest : public CrashTest {
 protected:
  // The sleeper alone, until it leads or stands still.
  void SleeperLeads(const std::string& fault) {
    other_.process.Kill();
    sleeper_.process.Kill();
    const Cursor before = HeadOf(*db_);
    sleeper_.Start(fault, /*writes=*/false);
    EXPECT_TRUE(WaitUntil([&] { return HeadOf(*db_).epoch > before.epoch; })) << sleeper_.LastLines();
  }
  // The other one writes, and takes over when the sleeper stands still; then the sleeper wakes up.
  void TakenOver(const std::function<void()>& stop) {
    other_.Start("");
    stop();
    EXPECT_TRUE(WaitUntil([&] { return sleeper_.process.Stopped(); })) << sleeper_.LastLines();
    const int64_t before = HeadOf(*db_).epoch;
    EXPECT_TRUE(WaitUntil([&] {
      const auto last = Stream(redis_.options(), TestKey()).LastId();
      return last.ok() && last->epoch > before;
    })) << other_.LastLines();
    sleeper_.process.Signal(SIGCONT);
    other_.AwaitAnswers(20);
    EXPECT_TRUE(sleeper_.process.Running());
    EXPECT_TRUE(other_.process.Running());
  }

  Owner sleeper_{2, owner_files_.url(), redis_.url()}, other_{3, owner_files_.url(), redis_.url()};
  std::unique_ptr<Database> db_ = OpenBusDatabase(owner_files_.url());
};

INSTANTIATE_TEST_SUITE_P(Engines, TwoRelaysTest, testing::Values("postgresql"),
                         EngineName<testing::TestParamInfo<const char*>>);

TEST_P(TwoRelaysTest, TheOneThatWasStoppedWakesUpAndHarmsNothing) {
  owner_.Start("");  // only so that the subscriber has somebody to ask
  owner_.AwaitAnswers(10);
  owner_.process.Kill();
  StartSubscriber("");
  for (const char* point : {"relay.term_committed", "relay.before_append", "relay.after_append", "relay.before_trim"}) {
    SCOPED_TRACE(point);
    SleeperLeads(absl::StrCat(point, ":1:stop"));
    TakenOver([] {});
  }
  std::uniform_real_distribution<double> life(0, kLifeSecondsMax);
  for (int round = 0; round < 4; ++round) {
    SCOPED_TRACE(round);
    SleeperLeads("");
    TakenOver([&] {
      WaitUntil([] { return false; }, life(random_));
      sleeper_.process.Signal(SIGSTOP);
    });
  }
  for (Process* process : {&sleeper_.process, &other_.process, &subscriber_}) process->Kill();
  EndsWell({&owner_, &other_});
}

}  // namespace
}  // namespace mestring
