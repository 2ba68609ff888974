// The command line: what is understood, what is refused and how, and the exit codes.
#include <algorithm>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/ctl/arguments.h"
#include "services/ctl/client.h"
#include "services/ctl/commands.h"
#include "services/ctl/event_text.h"
#include "services/ctl/failure.h"
#include "services/ctl/settings.h"
#include "services/ctl/status.h"
#include "services/ctl/table.h"
#include "services/ports.h"
#include "tests/support/process.h"

namespace mestring::ctl {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::vector<Option>& TwoOptions() {
  static const std::vector<Option>& options = *new std::vector<Option>{{"--after", "CURSOR", ""}, {"--owner", "", ""}};
  return options;
}

int RunWords(const std::vector<std::string>& words) {
  return RunCommandLine(words, [](const std::string&) { return std::string(); });
}

TEST(ArgumentsTest, OptionsMayStandAnywhereInBothForms) {
  absl::StatusOr<Arguments> arguments = ParseArguments({"housing", "--after=1-2", "--owner", "-"}, TwoOptions(), 1, 2);
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->positional(), (std::vector<std::string>{"housing", "-"}));
  EXPECT_EQ(arguments->Get("--after"), "1-2");
  EXPECT_TRUE(arguments->Has("--owner"));
}

TEST(ArgumentsTest, AnUnknownOptionSuggestsTheNearest) {
  const absl::Status status = ParseArguments({"--aftr", "1-2"}, TwoOptions(), 0, 1).status();
  EXPECT_EQ(ExitCodeOf(status), kUsage);
  EXPECT_THAT(std::string(status.message()), HasSubstr("--after"));
}

TEST(ArgumentsTest, AMissingValueASurplusValueAndASurplusWordAreUsageErrors) {
  EXPECT_EQ(ExitCodeOf(ParseArguments({"--after"}, TwoOptions(), 0, 1).status()), kUsage);
  EXPECT_EQ(ExitCodeOf(ParseArguments({"--owner=yes"}, TwoOptions(), 0, 1).status()), kUsage);
  EXPECT_EQ(ExitCodeOf(ParseArguments({"a", "b"}, TwoOptions(), 0, 1).status()), kUsage);
  EXPECT_EQ(ExitCodeOf(ParseArguments({}, TwoOptions(), 1, 1).status()), kUsage);
}

TEST(ArgumentsTest, WordsAfterTwoDashesAreNoOptions) {
  absl::StatusOr<Arguments> arguments = ParseArguments({"--", "--owner"}, TwoOptions(), 1, 1);
  ASSERT_TRUE(arguments.ok());
  EXPECT_EQ(arguments->At(0), "--owner");
}

TEST(CommandLineTest, UsageErrorsHaveExitCodeTwo) {
  EXPECT_EQ(RunWords({}), kUsage);
  EXPECT_EQ(RunWords({"cal", "housing.EndStay"}), kUsage);
  EXPECT_EQ(RunWords({"events"}), kUsage);
  EXPECT_EQ(RunWords({"call"}), kUsage);
  EXPECT_EQ(RunWords({"call", "EndStay"}), kUsage);
  EXPECT_EQ(RunWords({"call", "housing.EndStay", "{not json"}), kUsage);
  EXPECT_EQ(RunWords({"call", "housing.EndStay", "--as", "MAYOR"}), kUsage);
  EXPECT_EQ(RunWords({"call", "housing.EndStay", "--deadline", "soon"}), kUsage);
  EXPECT_EQ(RunWords({"status", "--output", "xml"}), kUsage);
  EXPECT_EQ(RunWords({"events", "tail", "housing", "--owner", "--no-follow"}), kUsage);
  EXPECT_EQ(RunWords({"events", "tail", "housing", "--journal", "/nowhere/journal", "--no-follow"}), kUsage);
}

TEST(CommandLineTest, AServiceThatIsNotThereIsUnavailable) {
  EXPECT_EQ(RunWords({"call", "housing.EndStay", "--services", "housing=127.0.0.1:1", "--deadline", "2s"}),
            kRpc + static_cast<int>(absl::StatusCode::kUnavailable));
  EXPECT_EQ(RunWords({"status", "--services", "housing=127.0.0.1:1", "--deadline", "2s", "--output", "json"}), kNo);
}

TEST(CommandLineTest, EveryCommandHasHelp) {
  for (const Command& command : Commands()) {
    std::vector<std::string> words;
    std::string name(command.name);
    std::replace(name.begin(), name.end(), ' ', '\n');
    std::stringstream lines(name);
    for (std::string word; std::getline(lines, word);) words.push_back(word);
    words.push_back("--help");
    EXPECT_EQ(RunWords(words), kDone) << command.name;
    EXPECT_FALSE(command.summary.empty()) << command.name;
  }
}

TEST(FailureTest, AnRpcFailureKeepsReasonFieldsAndRetry) {
  const absl::Status bad =
      FromRpc(ToWire(InvalidArgument("need.level", "must be at most 5"), "mestring.housing", "e1"));
  EXPECT_EQ(ExitCodeOf(bad), 13);
  const Json json = FailureJson(bad);
  EXPECT_EQ(json["code"], "INVALID_ARGUMENT");
  EXPECT_EQ(json["fields"][0]["field"], "need.level");
  EXPECT_EQ(FailureText(bad), "INVALID_ARGUMENT INVALID_FIELD: need.level: must be at most 5");
  const absl::Status worse = FromRpc(ToWire(
      InvalidArgument({{"need.level", "must be at most 5"}, {"code", "must be set"}}), "mestring.housing", "e1"));
  EXPECT_THAT(FailureText(worse), testing::EndsWith("\n  code: must be set"));
  EXPECT_EQ(FailureText(FromRpc(ToWire(NotFound("stay"), "mestring.housing", "e1"))),
            "NOT_FOUND: there is no such stay");

  const absl::Status refused =
      FromRpc(ToWire(Refused("PLACE_TAKEN", "No such place is free.", {{"place_id", "p1"}}), "mestring.housing", "e2"));
  EXPECT_EQ(ExitCodeOf(refused), 19);
  EXPECT_EQ(ReasonOf(refused), "PLACE_TAKEN");
  EXPECT_EQ(FailureJson(refused)["metadata"]["place_id"], "p1");

  const absl::Status busy =
      FromRpc(ToWire(Overloaded("BUSY", "Too many calls.", absl::Seconds(2)), "mestring.housing", "e3"));
  EXPECT_EQ(ExitCodeOf(busy), 18);
  EXPECT_EQ(FailureJson(busy)["retry_after_seconds"], 2.0);
}

TEST(FailureTest, WhatAServerSendsCannotRepaintTheTerminal) {
  const absl::Status status = FromRpc(grpc::Status(grpc::StatusCode::INTERNAL, "\x1b[2Jgone"));
  EXPECT_THAT(FailureText(status), Not(HasSubstr("\x1b")));
}

class SettingsTest : public testing::Test {
 protected:
  absl::StatusOr<Settings> Load(const std::vector<std::string>& words,
                                const std::map<std::string, std::string>& environment) {
    ASSIGN(const Arguments arguments, ParseArguments(words, CommonOptions(), 0, 0));
    return LoadSettings(arguments, [&environment](const std::string& name) {
      auto found = environment.find(name);
      return found == environment.end() ? "" : found->second;
    });
  }
};

TEST_F(SettingsTest, AnOptionBeatsTheEnvironmentWhichBeatsTheFile) {
  const TempFolder folder;
  const std::string path = folder.path() + "/mestringctl.json";
  std::ofstream(path) << R"({"services": {"housing": "file:1", "council": "file:2"}, "keys": "file-keys"})";

  const std::map<std::string, std::string> environment = {{"MESTRINGCTL_CONFIG", path},
                                                          {"MESTRINGCTL_SERVICES", "housing=environment:1"},
                                                          {"MESTRINGCTL_KEYS", "environment-keys"}};
  absl::StatusOr<Settings> settings = Load({"--keys", "option-keys"}, environment);
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->keys, "option-keys");
  EXPECT_EQ(settings->services["housing"], "environment:1");
  EXPECT_EQ(settings->services["council"], "file:2");
}

TEST_F(SettingsTest, WithNothingSaidEachServiceIsAtItsPort) {
  const TempFolder folder;
  const std::string path = folder.path() + "/mestringctl.json";
  std::ofstream(path) << "{}";
  const absl::StatusOr<Settings> settings = Load({"--config", path}, {});
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_THAT(settings->services, SizeIs(std::size(kServicePorts)));
  EXPECT_EQ(settings->services.at("housing"), absl::StrCat("127.0.0.1:", PortsOf("housing").grpc));
  EXPECT_EQ(settings->services.at("council"), absl::StrCat("127.0.0.1:", PortsOf("council").grpc));
  EXPECT_EQ(Load({"--config", path, "--services", "housing=h:1"}, {})->services,
            (std::map<std::string, std::string>{{"housing", "h:1"}}));
}

TEST_F(SettingsTest, DurationsKnowDays) {
  EXPECT_EQ(*ParseDuration("60d"), absl::Hours(24 * 60));
  EXPECT_EQ(*ParseDuration("500ms"), absl::Milliseconds(500));
  EXPECT_FALSE(ParseDuration("-1s").ok());
  EXPECT_FALSE(ParseDuration("soon").ok());
}

TEST_F(SettingsTest, AMethodNameSaysWhoAnswersIt) {
  absl::StatusOr<Settings> settings = Load({"--services", "housing=h:1,council=c:1", "--config", "/dev/null"}, {});
  ASSERT_FALSE(settings.ok());  // an empty file is not a JSON object
  settings = Load({"--services", "housing=h:1,council=c:1"}, {});
  ASSERT_TRUE(settings.ok());

  absl::StatusOr<MethodName> name = ParseMethodName(*settings, "housing.EndStay");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->target + "|" + name->service + "|" + name->method, "housing||EndStay");
  name = ParseMethodName(*settings, "council.EventService.List");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->target + "|" + name->service + "|" + name->method, "council|EventService|List");
  name = ParseMethodName(*settings, "mestring.housing.v1.HousingService/EndStay");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(name->target + "|" + name->service + "|" + name->method,
            "housing|mestring.housing.v1.HousingService|EndStay");
  EXPECT_EQ(ExitCodeOf(ParseMethodName(*settings, "mestring.events.v1.EventService/List").status()), kUsage);
  EXPECT_THAT(std::string(ParseMethodName(*settings, "housng.EndStay").status().message()),
              HasSubstr("There is no service housng; there is council, housing."));
}

TEST(StatusTest, AServiceIsWellOnlyIfAllOfItIs) {
  events::v1::GetStatusResponse status;
  EXPECT_THAT(Ailments(status, true), IsEmpty()) << "who does not lead does not ask Redis";
  status.mutable_relay()->set_leading(true);
  status.mutable_relay()->set_redis_up(true);
  EXPECT_THAT(Ailments(status, true), IsEmpty());
  EXPECT_THAT(Ailments(status, false), testing::SizeIs(1));
  status.set_timers_overdue(2);
  status.mutable_relay()->set_redis_up(false);
  auto* subscription = status.add_subscriptions();
  subscription->set_stream("mestring:{1108}:council");
  subscription->set_state(events::v1::SubscriptionStatus::STATE_FORKED);
  subscription->set_parked_events(3);
  EXPECT_THAT(Ailments(status, true), testing::SizeIs(4));
}

TEST(EventTextTest, AnEventIsDecodedByItsType) {
  events::v1::EpochStarted started;
  started.set_epoch(7);
  started.set_reason("start");
  events::v1::Event event;
  event.set_cursor("7-12");
  event.set_type("mestring.events.v1.EpochStarted");
  event.set_data(started.SerializeAsString());
  EXPECT_EQ(EventJson(event)["data"]["reason"], "start");
  EXPECT_EQ(EventJson(event)["data"]["base"], "0") << "S6";
  event.set_source("/municipalities/1108/housing");
  *event.mutable_time() = ToProto(absl::FromUnixSeconds(1'796'000'000));
  const LineStyle style{.colour = false, .stream = true, .time = true, .zone = absl::UTCTimeZone()};
  EXPECT_EQ(EventLine(EventJson(event), style),
            "2026-11-30 00:53:20  housing      7-12  EpochStarted                epoch=7 base=0 reason=start");

  event.set_type("mestring.future.v1.NotYetKnown");
  EXPECT_EQ(EventJson(event).count("data"), 0u);
  EXPECT_THAT(Text(EventJson(event), "data_base64"), Not(IsEmpty()));
}

TEST(TableTest, ColumnsAreAlignedByCharacters) {
  const Json response = {{"schemes", {{{"code", "småhus"}, {"places", 18}}, {{"code", "akutten"}, {"places", 6}}}}};
  EXPECT_EQ(TableOf(response, "schemes:code,places,missing"),
            "CODE     PLACES  MISSING\nsmåhus   18      -\nakutten  6       -\n");
  EXPECT_EQ(TableOf({{"entries", {{{"kinds", {"A", "B"}}}, {{"kinds", Json::array()}}}}}, "entries:kinds"),
            "KINDS\nA B\n-\n");
}

}  // namespace
}  // namespace mestring::ctl
