// The housing service as a program that is killed again and again, while officers call it and a gateway
// watches. What the bus promises (tests/faults) must be what a caller, a subscriber and a gateway see of
// the real service: an answered call is in the log and on the Redis stream exactly once; a call without an
// answer, repeated with its request_id, is done exactly once; a watch that goes on from its last cursor
// shows each change once and in order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/ids.h"
#include "common/base/mutex.h"
#include "mestring/events/v1/operations.grpc.pb.h"
#include "tests/housing/town.h"
#include "tests/support/bus.h"
#include "tests/support/redis.h"
#include "tests/support/service_process.h"
#include "tests/support/wait.h"

namespace mestring::housing {
namespace {

using events::v1::Event;
using events::v1::EventService;
using HousingProcess = ServiceProcess<pb::HousingService>;

// Where it is killed; "" is at any moment.
constexpr const char* kPoints[] = {"",
                                   "tx.before_commit",
                                   "tx.after_commit",
                                   "relay.term_committed",
                                   "relay.before_append",
                                   "relay.after_append",
                                   "watch.before_write"};
constexpr int kNthMax = 12;
constexpr double kLifeSecondsMax = 0.4;
constexpr int kOfficers = 3;
// How long an officer thinks: the program that starts needs a processor too.
constexpr double kPauseSeconds = 0.004;

bool IsReceived(const Event& event) { return event.type() == pb::RequisitionReceived::descriptor()->full_name(); }

// Submits requisitions, each until it is answered.
class Officer {
 public:
  struct Answered {
    pb::SubmitRequisitionRequest request;
    pb::SubmitRequisitionResponse response;
  };

  Officer(Town& town, HousingProcess& service) : town_(town), service_(service), thread_([this] { Work(); }) {}
  ~Officer() { Stop(); }
  void Stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
  }
  std::vector<Answered> answered() const {
    MutexLock lock(mutex_);
    return answered_;
  }

  // One call. False if it must be repeated.
  static bool Submit(Town& town, HousingProcess& service, Answered& call) {
    const auto context = town.Context(Nav());
    const absl::Status status = FromWire(service.stub().SubmitRequisition(context.get(), call.request, &call.response));
    EXPECT_TRUE(status.ok() || absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status)) << status;
    return status.ok();
  }

 private:
  void Work() {
    while (!stopping_) {
      Answered call;
      call.request = town_.RequisitionFor(SomePerson(), town_.akutten);
      call.request.set_request_id(NewId(absl::Now()));
      while (!Submit(town_, service_, call)) WaitUntil([] { return false; }, kPauseSeconds);
      {
        MutexLock lock(mutex_);
        answered_.push_back(std::move(call));
      }
      WaitUntil([] { return false; }, kPauseSeconds);
    }
  }

  Town& town_;
  HousingProcess& service_;
  mutable Mutex mutex_;
  std::vector<Answered> answered_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// What a gateway does: it lists, watches from the list's as_of, and after each end of the watch begins
// another one where the last one stopped.
class Gateway {
 public:
  Gateway(Town& town, HousingProcess& service) : town_(town), stub_(EventService::NewStub(service.channel())) {
    pb::ListRequisitionsResponse list;
    const auto context = town_.Context(Staff());
    const absl::Status listed = FromWire(service.stub().ListRequisitions(context.get(), {}, &list));
    EXPECT_TRUE(listed.ok()) << listed;
    as_of_ = *ParseCursor(list.as_of());
    cursor_ = list.as_of();
    thread_ = std::thread([this] { Run(); });
  }
  ~Gateway() { Stop(); }
  void Stop() {
    stopping_ = true;
    {
      MutexLock lock(mutex_);
      if (context_ != nullptr) context_->TryCancel();
    }
    if (thread_.joinable()) thread_.join();
  }
  Cursor as_of() const { return as_of_; }
  std::vector<Event> seen() const {
    MutexLock lock(mutex_);
    return seen_;
  }
  int watches() const { return watches_; }

 private:
  void Run() {
    while (!stopping_) {
      const auto context = town_.Context(Staff());
      events::v1::WatchRequest request;
      request.set_after(cursor_);
      {
        MutexLock lock(mutex_);
        context_ = context.get();
        if (stopping_) context_->TryCancel();
      }
      const auto reader = stub_->Watch(context.get(), request);
      ++watches_;
      events::v1::WatchResponse response;
      while (reader->Read(&response)) {
        cursor_ = response.cursor();
        MutexLock lock(mutex_);
        if (response.has_event()) seen_.push_back(response.event());
      }
      const absl::Status end = FromWire(reader->Finish());
      EXPECT_TRUE(stopping_ || absl::IsUnavailable(end) || absl::IsDeadlineExceeded(end)) << end;
      MutexLock lock(mutex_);
      context_ = nullptr;
    }
  }

  Town& town_;
  const std::unique_ptr<EventService::Stub> stub_;
  Cursor as_of_;
  std::string cursor_;
  std::atomic<int> watches_{0};
  mutable Mutex mutex_;
  grpc::ClientContext* context_ ABSL_GUARDED_BY(mutex_) = nullptr;
  std::vector<Event> seen_ ABSL_GUARDED_BY(mutex_);
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

class HousingCrashTest : public testing::TestWithParam<const char*> {
 protected:
  HousingCrashTest() {
    town_.service().Stop();
    service_.Start();
    std::cerr << "seed " << seed_ << std::endl;
  }
  int UpTo(int most) { return std::uniform_int_distribution<int>(1, most)(random_); }

  bool DiedAtItsFaultPoint() { return absl::StrContains(service_.Said(), "fault "); }
  // A life and its end.
  void DieSomewhere() {
    const std::string point = kPoints[UpTo(std::size(kPoints)) - 1];
    service_.Start(point.empty() ? "" : absl::StrCat(point, ":", UpTo(kNthMax), ":kill"));
    WaitUntil([&] { return !service_.Running(); }, std::uniform_real_distribution<double>(0, kLifeSecondsMax)(random_));
    EXPECT_TRUE(service_.Kill() || DiedAtItsFaultPoint()) << service_.Said();
  }

  bool RelayLeads() {
    auto operations = events::v1::OperationsService::NewStub(service_.channel());
    events::v1::GetStatusResponse status;
    const auto context = town_.service().As({access::v1::ROLE_OPERATOR});
    return operations->GetStatus(context.get(), {}, &status).ok() && status.relay().leading();
  }

  // Every answered call in the log once, the stream the log, the repeats the first answers.
  void EndsWell(const std::vector<Officer::Answered>& answered) {
    // The last term of the relay begins, and is in the log, when the lease of one that was killed is over.
    ASSERT_TRUE(WaitUntil([&] { return RelayLeads(); }));
    std::vector<Event> log;
    std::string wrong;
    EXPECT_TRUE(WaitUntil([&] {
      log = AllEvents(service_.channel(), town_.service());
      return (wrong = CheckStream(log, WholeStream(redis_.options(), StreamKey("1108", "housing")))).empty();
    })) << wrong;
    EXPECT_EQ(CheckLog(log), "");
    std::map<std::string, int> events;
    for (const Event& event : log) events[event.subject()] += IsReceived(event) ? 1 : 0;
    size_t received = 0;
    for (const auto& [subject, count] : events) received += count;
    EXPECT_EQ(received, answered.size());
    std::set<std::string> ids;
    for (const Officer::Answered& call : answered) {
      const std::string& id = call.response.requisition().id();
      EXPECT_TRUE(ids.insert(id).second) << id;
      EXPECT_EQ(events[id], 1) << id;
    }

    for (size_t i = 0; i < answered.size(); i += 1 + answered.size() / 50) {
      Officer::Answered again{answered[i].request, {}};
      ASSERT_TRUE(Officer::Submit(town_, service_, again));
      EXPECT_EQ(again.response.SerializeAsString(), answered[i].response.SerializeAsString());
    }
    EXPECT_EQ(AllEvents(service_.channel(), town_.service()).size(), log.size());
  }

  RedisServer redis_;
  Town town_{GetParam()};
  HousingProcess service_{town_, redis_.url()};
  const uint32_t seed_ = std::random_device()();
  std::mt19937 random_{seed_};
};

INSTANTIATE_TEST_SUITE_P(Engines, HousingCrashTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(HousingCrashTest, AnAnsweredCallIsOnTheStreamOnceAndAGatewaySeesItOnce) {
  Gateway gateway(town_, service_);
  std::vector<std::unique_ptr<Officer>> officers;
  for (int i = 0; i < kOfficers; ++i) officers.push_back(std::make_unique<Officer>(town_, service_));
  for (int nth = 1; nth <= 3; ++nth) {
    // Only somebody who watches makes it pass there.
    service_.Start(absl::StrCat("watch.before_write:", nth, ":kill"));
    EXPECT_TRUE(WaitUntil([&] { return !service_.Running(); }) && DiedAtItsFaultPoint()) << service_.Said();
  }
  const int rounds = std::string_view(GetParam()) == "sqlite" ? 40 : 15;
  for (int round = 0; round < rounds; ++round) DieSomewhere();
  service_.Start();
  std::vector<Officer::Answered> answered;
  for (const auto& officer : officers) {
    EXPECT_TRUE(WaitUntil([&] { return officer->answered().size() > 20; }));
    officer->Stop();
    for (Officer::Answered& call : officer->answered()) answered.push_back(std::move(call));
  }
  EndsWell(answered);

  // Requisitions received and terms begun: all that happened since is for staff to see.
  std::vector<std::string> expected, seen;
  for (const Event& event : AllEvents(service_.channel(), town_.service())) {
    if (*ParseCursor(event.cursor()) > gateway.as_of()) expected.push_back(event.cursor());
  }
  EXPECT_TRUE(WaitUntil([&] { return gateway.seen().size() >= expected.size(); }));
  for (const Event& event : gateway.seen()) seen.push_back(event.cursor());
  EXPECT_EQ(seen, expected);
  EXPECT_GE(gateway.watches(), rounds / 2);
}

}  // namespace
}  // namespace mestring::housing
