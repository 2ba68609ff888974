// A service as its operator meets it: a program with an environment, signals and an exit code.
#include "tests/support/process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "grpcpp/grpcpp.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "mestring/test/v1/test.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class ProcessTest : public testing::Test {
 protected:
  ProcessTest() { ReplaceFile(folder_.path() + "/jwks.json", TestKeySet()); }

  std::vector<std::string> Environment() const {
    return {absl::StrCat("MESTRING_DATABASE=sqlite:", folder_.path(), "/test.db"),
            "MESTRING_REDIS_URL=",
            absl::StrCat("MESTRING_LISTEN=127.0.0.1:", port_),
            "MESTRING_METRICS_LISTEN=127.0.0.1:0",
            "MESTRING_HEALTH_LISTEN=127.0.0.1:0",
            absl::StrCat("MESTRING_JWKS_FILE=", folder_.path(), "/jwks.json"),
            absl::StrCat("MESTRING_TOKEN_ISSUER=", kTestIssuer),
            absl::StrCat("MESTRING_TOKEN_AUDIENCE=", kTestAudience)};
  }
  // Runs the program to its end; its exit code, and in `said` what it wrote.
  int Run(const std::vector<std::string>& arguments, const std::vector<std::string>& more, std::string* said) {
    std::vector<std::string> command = {TEST_SERVICE};
    command.insert(command.end(), arguments.begin(), arguments.end());
    std::vector<std::string> environment = Environment();
    environment.insert(environment.end(), more.begin(), more.end());
    // A file of its own: a log is appended to.
    const std::string log = absl::StrCat(folder_.path(), "/said-", ++runs_);
    Process process;
    EXPECT_TRUE(process.Start(command, environment, log));
    const int status = process.Wait();
    *said = ReadAll(log);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  void Start(Process* process, const std::vector<std::string>& more = {}) {
    std::vector<std::string> environment = Environment();
    environment.insert(environment.end(), more.begin(), more.end());
    ASSERT_TRUE(process->Start({TEST_SERVICE}, environment, folder_.path() + "/log"));
    ASSERT_TRUE(WaitUntil([&] { return absl::StrContains(ReadAll(folder_.path() + "/log"), "service.started"); }));
  }
  std::shared_ptr<grpc::Channel> Channel() const {
    return grpc::CreateChannel(absl::StrCat("127.0.0.1:", port_), grpc::InsecureChannelCredentials());
  }
  static std::unique_ptr<grpc::ClientContext> AsStaff() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    context->AddMetadata("authorization", "Bearer " + Token({access::v1::ROLE_STAFF}));
    return context;
  }

  TempFolder folder_;
  const int port_ = FreePort();
  int runs_ = 0;
};

TEST_F(ProcessTest, HelpPrintsTheTableAndEndsWell) {
  std::string said;
  EXPECT_EQ(Run({"--help"}, {}, &said), 0);
  EXPECT_TRUE(absl::StrContains(said, "MESTRING_DATABASE")) << said;
  EXPECT_EQ(Run({"--help=markdown"}, {}, &said), 0);
  EXPECT_TRUE(absl::StartsWith(said, "| Variable | Default | Meaning |")) << said;
}

TEST_F(ProcessTest, BadConfigurationEndsWithTwoAndNamesIt) {
  std::string said;
  EXPECT_EQ(Run({}, {"MESTRING_LISTN=x"}, &said), 2);
  EXPECT_EQ(said, "mestring-test: MESTRING_LISTN is not a variable of this program; see --help\n");
  EXPECT_EQ(Run({}, {"MESTRING_CALLS_MAX=many"}, &said), 2);
  EXPECT_TRUE(absl::StrContains(said, "MESTRING_CALLS_MAX")) << said;
  EXPECT_EQ(Run({"--verbose"}, {}, &said), 2);
  EXPECT_TRUE(absl::StrContains(said, "--verbose")) << said;
}

TEST_F(ProcessTest, ABadStartEndsWithOneAndOneSentence) {
  std::string said;
  EXPECT_EQ(Run({}, {"MESTRING_JWKS_FILE=/nowhere/jwks.json"}, &said), 1);
  EXPECT_EQ(said, "mestring-test: the key file /nowhere/jwks.json cannot be read\n");
  EXPECT_EQ(Run({}, {"MESTRING_DATABASE=sqlite:/nowhere/test.db"}, &said), 1);
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  Process other;
  Start(&other);
  EXPECT_EQ(Run({}, {absl::StrCat("MESTRING_DATABASE=sqlite:", folder_.path(), "/second.db")}, &said), 1);
  EXPECT_TRUE(absl::StrContains(said, absl::StrCat("cannot listen on 127.0.0.1:", port_))) << said;
  other.Stop();
}

TEST_F(ProcessTest, SigtermEndsAWatchAndTheProcessWell) {
  Process process;
  Start(&process);
  auto stub = events::v1::EventService::NewStub(Channel());
  auto context = AsStaff();
  auto reader = stub->Watch(context.get(), {});
  events::v1::WatchResponse response;
  ASSERT_TRUE(reader->Read(&response));
  process.Signal(SIGTERM);
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(ReasonOf(FromWire(reader->Finish())), "DRAINING");
  const int status = process.Wait();
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(absl::StrContains(ReadAll(folder_.path() + "/log"), "service.stopped"));
}

TEST_F(ProcessTest, ASecondSignalDoesNotWaitForTheDrainDelay) {
  Process process;
  Start(&process, {"MESTRING_DRAIN_DELAY=1m"});
  process.Signal(SIGINT);
  EXPECT_TRUE(WaitUntil([&] { return absl::StrContains(ReadAll(folder_.path() + "/log"), "service.stopping"); }));
  process.Signal(SIGINT);
  const int status = process.Wait();
  EXPECT_TRUE(WIFSIGNALED(status));
}

TEST_F(ProcessTest, TheLogHoldsALineForEachRpcAndNothingOfItsContent) {
  Process process;
  Start(&process);
  test::v1::WriteNoteRequest request;
  request.set_request_id("01890a5d-ac96-774b-bcce-b302099a8057");
  request.set_person_ref("01890a5d-ac96-774b-bcce-b302099a8058");
  request.set_text("words of a person");
  test::v1::WriteNoteResponse response;
  auto stub = test::v1::NoteService::NewStub(Channel());
  auto context = AsStaff();
  context->AddMetadata("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  ASSERT_TRUE(stub->WriteNote(context.get(), request, &response).ok());
  request.set_text("15076500565");
  context = AsStaff();
  ASSERT_FALSE(stub->WriteNote(context.get(), request, &response).ok());
  grpc::ClientContext nobody;
  nobody.AddMetadata("authorization", "Bearer rubbish-token");
  ASSERT_FALSE(stub->WriteNote(&nobody, request, &response).ok());
  process.Stop();

  const std::string log = ReadAll(folder_.path() + "/log");
  for (const char* secret :
       {"words", "15076500565", "01890a5d-ac96-774b-bcce-b302099a8058", "test-caller", "rubbish"}) {
    EXPECT_FALSE(absl::StrContains(log, secret)) << secret;
  }
  std::vector<nlohmann::json> lines;
  std::ifstream file(folder_.path() + "/log");
  for (std::string line; std::getline(file, line);) {
    const auto object = nlohmann::json::parse(line, nullptr, false);
    ASSERT_FALSE(object.is_discarded()) << line;
    if (object["event"] == "rpc") lines.push_back(object);
  }
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0]["method"], "/mestring.test.v1.NoteService/WriteNote");
  EXPECT_EQ(lines[0]["code"], "OK");
  EXPECT_EQ(lines[0]["roles"], "STAFF");
  EXPECT_EQ(lines[0]["request_id"], "01890a5d-ac96-774b-bcce-b302099a8057");
  EXPECT_EQ(lines[0]["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(lines[0]["caller"].get<std::string>().size(), 16u);
  EXPECT_TRUE(lines[0]["duration_ms"].is_number());
  EXPECT_EQ(lines[1]["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(lines[1]["caller"], lines[0]["caller"]);
  EXPECT_EQ(lines[2]["code"], "UNAUTHENTICATED");
}

}  // namespace
}  // namespace mestring
