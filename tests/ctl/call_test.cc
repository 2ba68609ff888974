// Calls over reflection, against a server of the test's own that knows nothing of this client.
#include "services/ctl/call.h"

#include <sqlite3.h>

#include <memory>
#include <thread>

#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/rpc/reflection.h"
#include "gmock/gmock.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "mestring/events/v1/operations.grpc.pb.h"
#include "services/ctl/commands.h"
#include "services/ctl/event_text.h"
#include "services/ctl/failure.h"
#include "services/ctl/journal.h"
#include "services/ctl/live_stage.h"
#include "tests/support/process.h"
#include "tests/support/redis.h"
#include "tests/support/wait.h"

namespace mestring::ctl {
namespace {

using testing::HasSubstr;

class Operations : public events::v1::OperationsService::Service {
 public:
  grpc::Status GetStatus(grpc::ServerContext*, const events::v1::GetStatusRequest*,
                         events::v1::GetStatusResponse* response) override {
    response->set_service(service);
    response->mutable_relay()->set_leading(true);
    response->mutable_relay()->set_redis_up(redis_up);
    return grpc::Status::OK;
  }
  grpc::Status RetryParkedEvents(grpc::ServerContext*, const events::v1::RetryParkedEventsRequest* request,
                                 events::v1::RetryParkedEventsResponse*) override {
    return ToWire(Refused("NOT_PARKED", absl::StrCat("Nothing of ", request->stream(), " is parked.")),
                  "mestring.housing", "e");
  }
  bool redis_up = true;
  std::string service = "housing";
};

class Events : public events::v1::EventService::Service {
 public:
  grpc::Status Watch(grpc::ServerContext*, const events::v1::WatchRequest*,
                     grpc::ServerWriter<events::v1::WatchResponse>* writer) override {
    for (int i = 1; i <= 3; ++i) {
      events::v1::WatchResponse response;
      response.set_cursor(absl::StrCat("1-", i));
      writer->Write(response);
    }
    return grpc::Status::OK;
  }
  grpc::Status List(grpc::ServerContext*, const events::v1::ListRequest* request,
                    events::v1::ListResponse* response) override {
    bool after = request->after().empty();
    for (const events::v1::Event& event : log) {
      if (after) *response->add_events() = event;
      after = after || event.cursor() == request->after();
    }
    response->set_as_of(log.empty() ? "" : log.back().cursor());
    response->set_head(response->as_of());
    return grpc::Status::OK;
  }
  std::vector<events::v1::Event> log;
};

// Of housing in the town 1108, as a subscriber writes it.
class WrittenJournal {
 public:
  explicit WrittenJournal(const std::string& path) {
    sqlite3_open(path.c_str(), &database_);
    sqlite3_busy_timeout(database_, 2000);
    Do("CREATE TABLE journal (stream TEXT NOT NULL, event TEXT NOT NULL)");
  }
  ~WrittenJournal() { sqlite3_close(database_); }
  void Add(const events::v1::Event& event) {
    Do(absl::StrCat("INSERT INTO journal VALUES ('", StreamKey("1108", "housing"), "', '", EventJson(event).dump(),
                    "')"));
  }

 private:
  void Do(const std::string& sql) {
    ASSERT_EQ(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sql;
  }
  sqlite3* database_ = nullptr;
};

class CallTest : public testing::Test {
 protected:
  CallTest() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&operations_);
    builder.RegisterService(&events_);
    for (const auto& reflection : reflection_) builder.RegisterService(reflection.get());
    server_ = builder.BuildAndStart();
    server_->GetHealthCheckService()->SetServingStatus("readiness", true);
    address_ = absl::StrCat("127.0.0.1:", port);
    settings_.services = {{"housing", address_}};
    settings_.deadline = absl::Seconds(10);
    settings_.quiet = true;
  }
  ~CallTest() override { server_->Shutdown(); }

  absl::StatusOr<Json> Call(const std::string& method, Json request) {
    Caller caller(settings_);
    return caller.Call(method, request, Identity());
  }

  Operations operations_;
  Events events_;
  const std::vector<std::string> served_ = {events::v1::OperationsService::service_full_name(),
                                            events::v1::EventService::service_full_name()};
  const std::vector<std::unique_ptr<grpc::Service>> reflection_ = NewReflectionServices(served_);
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  Settings settings_;
};

TEST_F(CallTest, AMethodIsFoundByItsShortName) {
  absl::StatusOr<Json> response = Call("housing.GetStatus", Json::object());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ((*response)["service"], "housing");
  response = Call("mestring.events.v1.OperationsService/GetStatus", Json::object());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ((*response)["watchers"], "0");
}

TEST_F(CallTest, AnUnknownMethodSuggestsTheNearest) {
  const absl::Status status = Call("housing.GetStaus", Json::object()).status();
  EXPECT_EQ(ExitCodeOf(status), kUsage);
  EXPECT_THAT(std::string(status.message()), HasSubstr("GetStatus"));
}

TEST_F(CallTest, AFieldThatDoesNotExistIsAUsageError) {
  const absl::Status status = Call("housing.RetryParkedEvents", {{"strem", "x"}}).status();
  EXPECT_EQ(ExitCodeOf(status), kUsage);
  EXPECT_THAT(std::string(status.message()), HasSubstr("strem"));
}

TEST_F(CallTest, ARefusalKeepsItsReason) {
  const absl::Status status = Call("housing.RetryParkedEvents", {{"stream", "s"}}).status();
  EXPECT_EQ(ExitCodeOf(status), kRpc + 9);
  EXPECT_EQ(ReasonOf(status), "NOT_PARKED");
}

TEST_F(CallTest, AStreamHandsOverEachResponse) {
  Caller caller(settings_);
  Json request = Json::object();
  std::vector<std::string> cursors;
  const auto method = caller.Find("housing.Watch");
  ASSERT_TRUE(method.ok()) << method.status();
  ASSERT_TRUE(caller
                  .Call(*method, request, Identity(),
                        [&cursors](Json response) {
                          cursors.push_back(Text(response, "cursor"));
                          return absl::OkStatus();
                        })
                  .ok());
  EXPECT_EQ(cursors, (std::vector<std::string>{"1-1", "1-2", "1-3"}));
}

TEST_F(CallTest, ATextOfTheResponseIsPrintedAsItIsOrAsAPage) {
  operations_.service = "# Minutes\n\n- Bo met for Anna <script>x</script>\n";
  const auto no_environment = [](const std::string&) { return std::string(); };
  const auto printed = [&](const std::string& option, const std::string& field, int exit_code) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(RunCommandLine({"call", "housing.GetStatus", option, field, "--services", "housing=" + address_},
                             no_environment),
              exit_code);
    return testing::internal::GetCapturedStdout();
  };
  EXPECT_EQ(printed("--text", "service", kDone), operations_.service);
  const std::string page = printed("--html", "service", kDone);
  EXPECT_THAT(page, HasSubstr("<h1>Minutes</h1>"));
  EXPECT_THAT(page, HasSubstr("Bo met for Anna"));
  EXPECT_THAT(page, testing::Not(HasSubstr("<script>")));
  EXPECT_EQ(printed("--html", "watchers.nothing", kUsage), "");
}

TEST_F(CallTest, OnlyTheServiceThatIsNamedIsAskedForADescription) {
  const auto no_environment = [](const std::string&) { return std::string(); };
  const std::string services = absl::StrCat("activities=127.0.0.1:1,events=", address_, ",housing=", address_);
  const auto described = [&](const std::string& what) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(RunCommandLine({"describe", what, "--services", services, "--deadline", "2s"}, no_environment), kDone);
    return testing::internal::GetCapturedStdout();
  };
  EXPECT_THAT(described("housing.RetryParkedEvents"), HasSubstr("OperationsService/RetryParkedEvents"));
  EXPECT_THAT(described("mestring.events.v1.ParkedEvent"), HasSubstr("message ParkedEvent"));
}

TEST_F(CallTest, AJournalIsTheWholeLogAndNoMore) {
  const TempFolder folder;
  const std::string path = folder.path() + "/journal.db";
  WrittenJournal journal(path);
  settings_.municipality = "1108";
  // Reads as a service: with a token.
  const auto no_environment = [](const std::string&) { return std::string(); };
  settings_.keys = folder.path() + "/keys";
  ASSERT_EQ(RunCommandLine({"token", "--init", settings_.keys}, no_environment), kDone);
  std::vector<events::v1::Event> events(3);
  for (size_t i = 0; i < events.size(); ++i) {
    events[i].set_id(absl::StrCat("event-", i + 1));
    events[i].set_cursor(absl::StrCat("1-", i + 1));
  }
  events_.log = {events[0], events[1]};
  journal.Add(events[0]);
  const auto stage = LiveStage::Open(settings_, path);
  ASSERT_TRUE(stage.ok()) << stage.status();

  // It comes while the two are compared.
  std::thread late([&] { journal.Add(events[1]); });
  absl::StatusOr<int> count = (*stage)->CompareWithLog("housing");
  late.join();
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(*count, 2);

  journal.Add(events[2]);
  EXPECT_EQ((*stage)->CompareWithLog("housing").status().code(), absl::StatusCode::kDataLoss) << "one too many";
  events_.log.push_back(events[2]);
  EXPECT_EQ(*(*stage)->CompareWithLog("housing"), 3);
  events_.log[1] = events[2];
  EXPECT_EQ((*stage)->CompareWithLog("housing").status().code(), absl::StatusCode::kDataLoss) << "another one";
}

// A subscriber deletes what it keeps of an erased event (EventErased); what is left is what the log has.
TEST_F(CallTest, AJournalForgetsAnErasedEvent) {
  RedisServer redis;
  const TempFolder folder;
  const std::string path = folder.path() + "/journal.db";
  settings_.municipality = "1108";
  settings_.redis = redis.url();
  const auto no_environment = [](const std::string&) { return std::string(); };
  settings_.keys = folder.path() + "/keys";
  ASSERT_EQ(RunCommandLine({"token", "--init", settings_.keys}, no_environment), kDone);
  std::vector<events::v1::Event>& events = events_.log;
  const auto add = [&](std::string_view cursor, const google::protobuf::Message& data, std::string_view subject) {
    events::v1::Event& event = events.emplace_back();
    event.set_cursor(std::string(cursor));
    event.set_id(absl::StrCat("id-", cursor));
    event.set_source("/municipalities/1108/housing");
    event.set_type(data.GetDescriptor()->full_name());
    event.set_subject(std::string(subject));
    event.set_subject_version(1);
    *event.mutable_time() = ToProto(absl::FromUnixSeconds(1'796'000'000));
    event.set_data(data.SerializeAsString());
  };
  add("1-0", events::v1::EpochStarted(), "");
  events::v1::ParkedEvent said;
  said.set_error("Ola Nordmann");
  add("1-1", said, "a-stay");
  events::v1::EventErased erased;
  erased.set_cursor("1-1");
  erased.set_event_id("id-1-1");
  add("1-2", erased, "id-1-1");

  const auto journal = Journal::Start(settings_, {"housing"}, path);
  ASSERT_TRUE(journal.ok()) << journal.status();
  const auto reader = JournalReader::Open(path);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(WaitUntil([&] { return (*reader)->Last().value_or(0) == 3; }));
  events[1].set_type(events::v1::Erased::descriptor()->full_name());
  events[1].clear_subject();
  events[1].clear_subject_version();
  events[1].clear_data();
  EXPECT_EQ((*reader)->After(0, 9)->at(1).event, EventJson(events[1]));
  EXPECT_EQ((*reader)->After(0, 9)->at(2).event, EventJson(events[2]));
}

TEST_F(CallTest, StatusIsOneWhenSomethingIsNotWell) {
  const TempFolder folder;
  const std::string keys = folder.path() + "/keys";
  const auto no_environment = [](const std::string&) { return std::string(); };
  ASSERT_EQ(RunCommandLine({"token", "--init", keys}, no_environment), kDone);
  const std::vector<std::string> words = {"status", "--keys", keys, "--services", "housing=" + address_};
  EXPECT_EQ(RunCommandLine(words, no_environment), kDone);
  operations_.redis_up = false;
  EXPECT_EQ(RunCommandLine(words, no_environment), kNo);
  operations_.redis_up = true;
  server_->GetHealthCheckService()->SetServingStatus("readiness", false);
  EXPECT_EQ(RunCommandLine(words, no_environment), kNo);
}

}  // namespace
}  // namespace mestring::ctl
