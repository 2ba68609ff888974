// README.md says what the code says: its table of variables, its lists of RPCs and events, the commands and the
// files it names. The generated parts are written by tests/run update.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/config.h"
#include "common/limits.h"
#include "common/reasons.h"
#include "common/records.h"
#include "common/watch.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/util/json_util.h"
#include "mestring/common/v1/field_rule.pb.h"
#include "mestring/events/v1/events.pb.h"
#include "services/ctl/commands.h"
#include "services/ctl/failure.h"
#include "services/housing/housing.h"
#include "tests/support/contract_files.h"
#include "tests/support/golden.h"

namespace mestring {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;

constexpr char kFile[] = "README.md";
// What people wrote; longer, and nobody reads it. What is about one file belongs into that file.
constexpr int kLinesMax = 350;

std::vector<std::string> Lines() { return absl::StrSplit(ReadSource(kFile), '\n'); }

TEST(Readme, IsShortEnoughToBeRead) {
  int written = 0;
  bool generated = false;
  for (const std::string& line : Lines()) {
    if (absl::StartsWith(line, "<!-- begin generated")) generated = true;
    if (!generated) ++written;
    if (absl::StartsWith(line, "<!-- end generated")) generated = false;
  }
  EXPECT_LE(written, kLinesMax);
}

TEST(Readme, ItsTableOfVariablesIsTheOneThatHelpPrints) {
  const ServiceDefinition housing = HousingDefinition();
  ExpectGoldenRegion(kFile, "configuration", Config::Help(housing.name, housing.port, /*markdown=*/true));
}

std::string KiB(int64_t bytes) { return absl::StrCat(bytes >> 10, " KiB"); }
std::string Seconds(absl::Duration duration) { return absl::StrCat(absl::ToInt64Seconds(duration), " s"); }

// S11: the limits that a caller meets, and what lies beyond each.
TEST(Readme, ItsTableOfLimitsIsWhatTheServicesKeep) {
  const auto& events = *events::v1::ListRequest::descriptor()->FindFieldByName("page_size");
  const Config config = Config::Defaults("housing", 7101);
  const std::string_view again = "RESOURCE_EXHAUSTED with `RetryInfo`: repeat";
  std::string text = "| What | Limit | Beyond it |\n|---|---|---|\n";
  const auto row = [&text](const std::string& what, const std::string& limit, const std::string& beyond) {
    absl::StrAppend(&text, "| ", what, " | ", limit, " | ", beyond, " |\n");
  };
  const auto core = [](int64_t bytes) {
    return absl::StrCat("; above ", KiB(bytes), " gRPC's core answers before us: RESOURCE_EXHAUSTED without details");
  };
  row("A request", KiB(kRequestBytesMax), "INVALID_ARGUMENT `REQUEST_TOO_LARGE`" + core(kTransportRequestBytesMax));
  row("The metadata of a call, 32 bytes more for each entry", KiB(kMetadataBytesMax),
      "INVALID_ARGUMENT `METADATA_TOO_LARGE`" + core(kTransportMetadataBytesMax));
  row("A token", KiB(TokenVerifier::kTokenBytesMax), "UNAUTHENTICATED");
  row("A deadline", Seconds(kDeadlineMax),
      "it is cut to this: what has not begun by then is answered DEADLINE_EXCEEDED, and not done");
  row("Unary calls at work", absl::StrCat(config.threads, " (`MESTRING_THREADS`)"),
      absl::StrCat(again, "; `TOO_MANY_CALLS`"));
  row("Writes that wait", absl::StrCat(Database::kWriteQueueMax), absl::StrCat(again, "; `WRITE_QUEUE_FULL`"));
  row("Watches", absl::StrCat(Watch::Options().watchers_max), absl::StrCat(again, "; `TOO_MANY_WATCHERS`"));
  row("Calls and watches on one connection", absl::StrCat(kStreamsPerConnectionMax),
      "a client's library keeps them until one ends");
  row("The age of a connection", absl::StrCat(Seconds(kConnectionAge), ", then ", Seconds(kConnectionGrace)),
      "your library connects anew; a watch ends after the second time: watch again from your last cursor");
  row("A ping", absl::StrCat("one in ", Seconds(kPingIntervalMin)), "the connection is closed (too_many_pings)");
  row("`page_size` of a list", absl::StrCat(kPageSizeMax, ", by default ", kPageSizeDefault),
      "INVALID_ARGUMENT `INVALID_FIELD`");
  row("`page_size` of `EventService.List`", absl::StrCat(events.options().GetExtension(common::v1::rule).max()),
      "INVALID_ARGUMENT `INVALID_FIELD`");
  row("A `request_id` and its first answer", absl::StrCat(absl::ToInt64Hours(Edge::kRequestRetention), " h"),
      "the same id is a new request");
  ExpectGoldenRegion(kFile, "limits", text);
}

TEST(Readme, ItsTableOfReasonsIsTheOneOfTheKernel) {
  std::string text = "| Code | Reason | Meaning |\n|---|---|---|\n";
  for (const Reason& reason : kReasons) {
    absl::StrAppend(&text, "| ", reason.code, " | `", reason.name, "` | ", reason.meaning, " |\n");
  }
  ExpectGoldenRegion(kFile, "reasons", text);
}

// "peer_support" -> "Peer support"
std::string TitleOf(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  name[0] = absl::ascii_toupper(name[0]);
  return name;
}

void AppendHeadings(std::string_view what, const std::vector<Heading>& headings, std::string* text) {
  absl::StrAppend(text, "\n", what, ":\n\n");
  for (const Heading& heading : headings) {
    absl::StrAppend(text, "- ", heading.title, ": ", absl::StrJoin(heading.names, ", "), "\n");
  }
}

TEST(Readme, ListsTheRpcsAndEventsOfEveryService) {
  const ContractFiles contracts;
  std::string text;
  for (const ServiceContract& service : ServiceContracts(contracts)) {
    const std::string folder = absl::StrCat("protos/mestring/", service.name, "/v1/");
    absl::StrAppend(&text, "### ", TitleOf(service.name), "\n\n", service.purpose, " Contract: `", folder, service.name,
                    ".proto`, events: `", folder, service.name, "_events.proto`, rules: `services/", service.name, "/",
                    service.name, "_rules.h`.\n");
    AppendHeadings("RPCs", service.rpcs, &text);
    AppendHeadings("Events", service.events, &text);
    absl::StrAppend(&text, "\n");
  }
  ExpectGoldenRegion(kFile, "services", text);
}

// The words of a command line up to a pipe or a redirection; '…' and "…" hold words together.
std::vector<std::string> ShellWords(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  char quote = 0;
  bool begun = false;
  for (char c : absl::StrCat(line, " ")) {
    if (quote == 0 && (c == '>' || c == '|')) break;
    if (quote != 0 ? c == quote : c == '\'' || c == '"') {
      quote = quote == 0 ? c : 0;
      begun = true;
    } else if (quote == 0 && c == ' ') {
      if (begun) words.push_back(word);
      word.clear();
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  return words;
}

// The commands that README.md shows, without "mestringctl".
std::vector<std::vector<std::string>> Commands() {
  std::vector<std::vector<std::string>> commands;
  for (const std::string& line : Lines()) {
    const size_t at = line.find("$ mestringctl ");
    if (at == 0) commands.push_back(ShellWords(line.substr(strlen("$ mestringctl "))));
  }
  return commands;
}

TEST(Readme, EveryCommandThatItShowsIsUnderstood) {
  const auto commands = Commands();
  EXPECT_GE(commands.size(), 8u);
  for (std::vector<std::string> words : commands) {
    const std::string shown = absl::StrJoin(words, " ");
    words.push_back("--help");  // read to its end, options included, and not done
    EXPECT_EQ(ctl::RunCommandLine(words, [](const std::string&) { return std::string(); }), ctl::kDone) << shown;
  }
}

// The client is where the main job builds it.
TEST(Readme, FindsTheClientThatTheMainJobBuilds) {
  const std::string run = ReadSource("deploy/local/run");
  std::smatch built;
  ASSERT_TRUE(std::regex_search(run, built, std::regex("\nbuilt=(\\S+)")));
  EXPECT_TRUE(absl::StrContains(ReadSource(kFile), absl::StrCat("PATH=$PWD/", built[1].str(), "/services/ctl:$PATH")))
      << built[1];
}

// "housing.EndStay", "housing.EventService.List": of the service's own contract, or of those that all have.
const MethodDescriptor* MethodNamed(const ContractFiles& contracts, const std::string& name) {
  const std::vector<std::string> parts = absl::StrSplit(name, '.');
  for (const FileDescriptor* file : contracts.files()) {
    const bool own = absl::StartsWith(file->package(), absl::StrCat("mestring.", parts.front(), "."));
    const bool common = file->package() == "mestring.events.v1" || file->package() == "mestring.access.v1";
    for (int i = 0; (own || common) && i < file->service_count(); ++i) {
      if (parts.size() == 3 && parts[1] != file->service(i)->name()) continue;
      if (const auto* method = file->service(i)->FindMethodByName(parts.back()); method != nullptr) return method;
    }
  }
  return nullptr;
}

TEST(Readme, EveryCallThatItShowsIsOneOfTheContracts) {
  const ContractFiles contracts;
  google::protobuf::DynamicMessageFactory factory;
  int calls = 0;
  for (const std::vector<std::string>& words : Commands()) {
    if (words[0] != "call" && words[0] != "describe") continue;
    const MethodDescriptor* method = MethodNamed(contracts, words[1]);
    ASSERT_NE(method, nullptr) << words[1];
    ++calls;
    if (words.size() < 3 || absl::StartsWith(words[2], "--")) continue;
    const std::unique_ptr<google::protobuf::Message> request(factory.GetPrototype(method->input_type())->New());
    const auto status = google::protobuf::util::JsonStringToMessage(words[2], request.get());
    EXPECT_TRUE(status.ok()) << words[1] << ": " << status.ToString();
  }
  EXPECT_GE(calls, 4);
}

// `common/server.cc` and the like. What holds a placeholder (<x>, *, …) names no one file.
TEST(Readme, EveryFileThatItNamesExists) {
  const std::string readme = ReadSource(kFile);
  const std::regex named("`((?:common|services|protos|tests|deploy)/[^` ]*)`");
  int files = 0;
  for (std::sregex_iterator each(readme.begin(), readme.end(), named), end; each != end; ++each) {
    const std::string path = (*each)[1];
    if (path.find_first_of("<*") != std::string::npos) continue;
    EXPECT_TRUE(std::filesystem::exists(SourcePath(path))) << path;
    ++files;
  }
  EXPECT_GE(files, 30);
}

}  // namespace
}  // namespace mestring
