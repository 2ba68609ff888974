// The programs that README.md shows, exactly as they stand there, against a real housing service and a real Redis:
// a reader who copies them gets what the text promises.
//
// Hides: a folder that looks to the programs like the root of the repository after ./deploy/local/run (protos/, and
// .local/ with the addresses and a token). Nothing of the text is replaced: what the local run leaves behind is what
// the test puts there.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/ids.h"
#include "grpcpp/grpcpp.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "mestring/housing/v1/housing.grpc.pb.h"
#include "services/housing/housing.h"
#include "tests/support/golden.h"
#include "tests/support/process.h"
#include "tests/support/redis.h"
#include "tests/support/running_service.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

namespace pb = housing::v1;

// Debian's own, whatever else is on the path: README.md names its packages.
constexpr char kPython[] = "/usr/bin/python3";
constexpr char kKey[] = "mestring:{1108}:housing";

// The fenced block that comes after the line "<!-- program: <name> … -->" of README.md.
std::string ProgramInReadme(std::string_view name) {
  const std::string readme = ReadSource("README.md");
  size_t begin = readme.find(absl::StrCat("<!-- program: ", name));
  if (begin != std::string::npos) begin = readme.find("\n```", begin);
  if (begin != std::string::npos) begin = readme.find('\n', begin + 1);
  const size_t end = begin == std::string::npos ? begin : readme.find("\n```", begin);
  return end == std::string::npos ? "" : readme.substr(begin + 1, end - begin);
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class ReadmeProgramsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy(SourcePath("protos"), Path("protos"), std::filesystem::copy_options::recursive);
    std::filesystem::create_directory(Path(".local"));
    const std::string address = housing_.address();
    std::ofstream(Path(".local/mestringctl.json"))
        << "{\"services\": {\"housing\": \"" << address << "\"}, \"municipality\": \"1108\", \"redis\": \""
        << redis_.url() << "\"}";
    ReplaceFile(Path(".local/service.token"), Token({access::v1::ROLE_SERVICE}));
    // The first command of the block; its others need the local run, and tests/readme/readme_commands has that.
    const std::string prepare = ProgramInReadme("prepare");
    ASSERT_TRUE(absl::StartsWith(prepare, "$ mkdir -p .local/python && protoc ")) << prepare;
    ASSERT_EQ(RunToEnd(prepare.substr(2, prepare.find('\n') - 2)), 0) << ReadAll(Path("log"));
    for (const char* name : {"subscriber.py", "call.py"}) {
      ASSERT_FALSE(ProgramInReadme(name).empty()) << name;
      std::ofstream(Path(name)) << ProgramInReadme(name);
    }
  }

  std::string Path(std::string_view name) const { return absl::StrCat(folder_.path(), "/", name); }
  std::vector<std::string> InFolder(std::string_view command) const {
    return {"/bin/sh", "-c", absl::StrCat("cd ", folder_.path(), " && exec env PYTHONPATH=.local/python ", command)};
  }
  int RunToEnd(const std::string& command) {
    Process process;
    EXPECT_TRUE(
        process.Start({"/bin/sh", "-c", absl::StrCat("cd ", folder_.path(), " && ", command)}, {}, Path("log")));
    const int status = process.Wait();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  void StartSubscriber(std::string_view arguments = "") {
    ASSERT_TRUE(subscriber_.Start(InFolder(absl::StrCat(kPython, " subscriber.py ", arguments)), {}, Path("printed")));
  }
  // What it printed: "<cursor> <event>" of each line; other lines are its complaints, of which there may be any.
  std::vector<std::string> Printed() const {
    std::vector<std::string> lines;
    std::ifstream file(Path("printed"));
    for (std::string line; std::getline(file, line);) {
      const std::vector<std::string> words = absl::StrSplit(line, ' ');
      if (words.size() > 1 && ParseCursor(words[0]).ok()) lines.push_back(absl::StrCat(words[0], " ", words[1]));
    }
    return lines;
  }
  // The events of the log, in the same form.
  std::vector<std::string> Published() {
    auto stub = events::v1::EventService::NewStub(housing_.channel());
    std::vector<std::string> lines;
    events::v1::ListRequest request;
    events::v1::ListResponse response;
    do {
      auto context = housing_.As({access::v1::ROLE_SERVICE});
      const grpc::Status status = stub->List(context.get(), request, &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const events::v1::Event& event : response.events()) {
        const std::string name = event.type().substr(event.type().rfind('.') + 1);
        if (name != "EpochStarted") lines.push_back(absl::StrCat(event.cursor(), " ", name));
      }
      request.set_after(response.as_of());
    } while (response.events_size() > 0);
    return lines;
  }
  bool PrintsAll() {
    return WaitUntil([this, all = Published()] { return Printed().size() >= all.size(); });
  }

  // Each publishes one event.
  void RegisterHousingSchemes(int count) {
    auto stub = pb::HousingService::NewStub(housing_.channel());
    for (int i = 0; i < count; ++i) {
      pb::RegisterHousingSchemeRequest request;
      request.set_request_id(NewId(absl::Now()));
      request.set_code(absl::StrCat("offer-", ++offers_));
      request.set_name("An offer");
      request.set_kind(pb::SCHEME_KIND_COLLECTIVE);
      pb::RegisterHousingSchemeResponse response;
      auto context = housing_.As({access::v1::ROLE_HOUSING_OFFICE});
      const grpc::Status status = stub->RegisterHousingScheme(context.get(), request, &response);
      ASSERT_TRUE(status.ok()) << status.error_message();
    }
  }

  RedisServer redis_;
  RunningService housing_{HousingDefinition(), "sqlite", [this](Config& config) { config.redis_url = redis_.url(); }};
  TempFolder folder_;
  Process subscriber_;
  int offers_ = 0;
};

TEST_F(ReadmeProgramsTest, TheSubscriberPrintsEachEventOnceInOrderWhateverStops) {
  RegisterHousingSchemes(5);
  StartSubscriber();
  ASSERT_TRUE(PrintsAll());
  RegisterHousingSchemes(3);
  ASSERT_TRUE(PrintsAll());

  subscriber_.Stop();
  RegisterHousingSchemes(4);
  StartSubscriber();
  ASSERT_TRUE(PrintsAll());

  redis_.Restart();
  RegisterHousingSchemes(3);
  ASSERT_TRUE(PrintsAll());

  redis_.FlushAll();
  RegisterHousingSchemes(3);
  ASSERT_TRUE(PrintsAll());

  housing_.Restart();  // a new epoch
  RegisterHousingSchemes(2);
  ASSERT_TRUE(PrintsAll());
  subscriber_.Stop();
  EXPECT_EQ(Printed(), Published());
  EXPECT_EQ(Printed().size(), 20u);
}

// The stream was trimmed beyond its cursor.
TEST_F(ReadmeProgramsTest, TheSubscriberAsksTheOwnerWhatTheBusNoLongerHas) {
  RegisterHousingSchemes(2);
  StartSubscriber();
  ASSERT_TRUE(PrintsAll());
  subscriber_.Stop();
  RegisterHousingSchemes(6);
  ASSERT_TRUE(WaitUntil([this] { return redis_.Do({"XLEN", kKey}) == "9"; })) << redis_.Do({"XLEN", kKey});
  redis_.Do({"XTRIM", kKey, "MAXLEN", "1"});
  StartSubscriber();
  ASSERT_TRUE(PrintsAll());
  subscriber_.Stop();
  EXPECT_EQ(Printed(), Published());
}

// kill -9 while events come: what it keeps in its database is still each event once.
TEST_F(ReadmeProgramsTest, TheSubscriberAppliesEachEventOnceWhenItIsKilled) {
  constexpr int kKills = 6, kOffersEach = 40;
  RegisterHousingSchemes(1);
  StartSubscriber();
  ASSERT_TRUE(PrintsAll());
  for (int kill = 1; kill <= kKills; ++kill) {
    const size_t seen = Printed().size();
    std::thread writer([this] { RegisterHousingSchemes(kOffersEach); });
    EXPECT_TRUE(WaitUntil([&] { return Printed().size() > seen; }));
    EXPECT_TRUE(subscriber_.Kill());
    writer.join();
    StartSubscriber();
  }
  // What was committed when it was killed need not have been printed, or half of its line; the first of these may stand
  // behind such a half.
  RegisterHousingSchemes(2);
  const std::string last = Published().back();
  EXPECT_TRUE(WaitUntil([&] { return !Printed().empty() && Printed().back() == last; }));
  subscriber_.Stop();

  Process sqlite;
  ASSERT_TRUE(sqlite.Start({"sqlite3", Path(".local/subscriber.db"), "SELECT event_id FROM effect ORDER BY rowid"}));
  std::vector<std::string> effects;
  for (std::string line; sqlite.ReadLine(&line);) effects.push_back(line);
  std::vector<std::string> ids;
  auto stub = events::v1::EventService::NewStub(housing_.channel());
  events::v1::ListRequest request;
  request.set_page_size(1000);
  events::v1::ListResponse response;
  auto context = housing_.As({access::v1::ROLE_SERVICE});
  ASSERT_TRUE(stub->List(context.get(), request, &response).ok());
  for (const events::v1::Event& event : response.events()) {
    if (!absl::EndsWith(event.type(), ".EpochStarted")) ids.push_back(event.id());
  }
  EXPECT_EQ(effects, ids);
  EXPECT_EQ(ids.size(), size_t{3 + kKills * kOffersEach});
}

TEST_F(ReadmeProgramsTest, TheSubscriberStopsWhereTheHistoriesPart) {
  RegisterHousingSchemes(1);
  StartSubscriber("5-1");  // a cursor that this log never had
  const int status = subscriber_.Wait();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 0);
  EXPECT_TRUE(absl::StrContains(ReadAll(Path("printed")), "not part of the stream's history"));
  EXPECT_TRUE(Printed().empty());
}

TEST_F(ReadmeProgramsTest, TheCallAnswers) {
  RegisterHousingSchemes(1);
  EXPECT_EQ(RunToEnd(absl::StrCat("PYTHONPATH=.local/python ", kPython, " call.py")), 0) << ReadAll(Path("log"));
  EXPECT_TRUE(absl::StrContains(ReadAll(Path("log")), "offer-1")) << ReadAll(Path("log"));
}

}  // namespace
}  // namespace mestring
