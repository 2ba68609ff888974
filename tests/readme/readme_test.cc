// README.md says what the code says: its table of variables, its lists of RPCs and events, and the files it names. The
// generated parts are written by tests/run update. Its commands are run by tests/readme/readme_commands.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/reasons.h"
#include "common/process/config.h"
#include "common/rpc/answers.h"
#include "common/rpc/limits.h"
#include "common/rpc/watch.h"
#include "common/store/read_pool.h"
#include "common/store/records.h"
#include "common/store/write_queue.h"
#include "mestring/common/v1/field_rule.pb.h"
#include "mestring/events/v1/events.pb.h"
#include "services/activities/activities.h"
#include "services/council/council.h"
#include "services/ctl/client.h"
#include "services/housing/housing.h"
#include "services/peer_support/peer_support.h"
#include "tests/support/contract_files.h"
#include "tests/support/golden.h"
#include "tests/support/running_service.h"

namespace mestring {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;

constexpr char kFile[] = "README.md";
// Prose, which somebody must read; longer, and nobody does. What is about one file belongs into that file.
constexpr int kLinesMax = 320;

std::vector<std::string> Lines() { return absl::StrSplit(ReadSource(kFile), '\n'); }

TEST(Readme, IsShortEnoughToBeRead) {
  int prose = 0;
  bool generated = false, program = false;  // programs and commands are run, not read
  for (const std::string& line : Lines()) {
    const bool fence = absl::StartsWith(line, "```");
    if (absl::StartsWith(line, "<!-- begin generated")) generated = true;
    if (fence) program = !program;
    if (!generated && !program && !fence) ++prose;
    if (absl::StartsWith(line, "<!-- end generated")) generated = false;
  }
  EXPECT_LE(prose, kLinesMax);
}

TEST(Readme, ItsTableOfVariablesIsTheOneThatHelpPrints) {
  const ServiceDefinition housing = HousingDefinition();
  ExpectGoldenRegion(kFile, "configuration", Config::Help(housing.name, housing.ports, /*markdown=*/true));
}

std::string KiB(int64_t bytes) { return absl::StrCat(bytes >> 10, " KiB"); }
std::string Seconds(absl::Duration duration) { return absl::StrCat(absl::ToInt64Seconds(duration), " s"); }

// S11: the limits that a caller meets, and what lies beyond each.
TEST(Readme, ItsTableOfLimitsIsWhatTheServicesKeep) {
  const auto& events = *events::v1::ListRequest::descriptor()->FindFieldByName("page_size");
  const Config config = Config::Defaults("housing", {});
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
  row("Unary calls that are at work or wait", absl::StrCat(config.calls_max, " (`MESTRING_CALLS_MAX`)"),
      absl::StrCat(again, "; `TOO_MANY_CALLS`"));
  row("Writes that wait", absl::StrCat(WriteQueue::kLengthMax), absl::StrCat(again, "; `WRITE_QUEUE_FULL`"));
  row("Reads that wait", absl::StrCat(ReadPool::kLengthMax), absl::StrCat(again, "; `READ_QUEUE_FULL`"));
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
  row("A `request_id` and its first answer", absl::StrCat(absl::ToInt64Hours(kRequestRetention), " h"),
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

// The full names of the gRPC services that a program serves, as it says itself.
std::vector<std::string> ServedBy(const ServiceDefinition& definition) {
  const RunningService program(definition, "sqlite", [](Config& config) { config.reflection = true; });
  ctl::Settings settings;
  settings.deadline = absl::Seconds(20);
  const auto client = ctl::Client::Open(settings, program.address());
  EXPECT_TRUE(client.ok()) << client.status();
  const auto contract = (*client)->GetContract();
  EXPECT_TRUE(contract.ok()) << contract.status();
  std::vector<std::string> names;
  for (const ServiceDescriptor* service : (*contract)->services()) names.push_back(service->full_name());
  return names;
}

// The contract of a gRPC service, with its comments.
const ServiceDescriptor* ContractOf(const ContractFiles& contracts, const std::string& full_name) {
  for (const FileDescriptor* file : contracts.files()) {
    for (int i = 0; i < file->service_count(); ++i) {
      if (file->service(i)->full_name() == full_name) return file->service(i);
    }
  }
  return nullptr;
}

// What a program serves that is neither its own nor in every program: another library's RPCs and events.
void AppendLinked(const ContractFiles& contracts, const ServiceDescriptor& service, std::string* text) {
  std::vector<std::string> rpcs, events;
  for (int i = 0; i < service.method_count(); ++i) rpcs.push_back(service.method(i)->name());
  const std::string stem = service.file()->name().substr(0, service.file()->name().rfind('.'));
  for (const google::protobuf::Descriptor* event : SharedEvents(contracts)) {
    if (event->file()->name() == absl::StrCat(stem, "_events.proto")) events.push_back(event->name());
  }
  absl::StrAppend(text, "\nAlso `", service.name(), "` (`protos/", service.file()->name(),
                  "`): ", absl::StrJoin(rpcs, ", "), "; events: ", absl::StrJoin(events, ", "), ".\n");
}

TEST(Readme, ListsTheRpcsAndEventsOfEveryService) {
  const ContractFiles contracts;
  std::map<std::string, std::vector<std::string>> served;  // by program
  std::map<std::string, size_t> programs;                  // by gRPC service: how many serve it
  for (const ServiceDefinition& definition :
       {ActivitiesDefinition(), CouncilDefinition(), HousingDefinition(), PeerSupportDefinition()}) {
    std::vector<std::string>& names = served[std::string(definition.name)];
    names = ServedBy(definition);
    for (const std::string& name : names) ++programs[name];
  }
  std::vector<std::string> everywhere;
  for (const auto& [name, count] : programs) {
    if (count == served.size()) everywhere.push_back(absl::StrCat("`", ContractOf(contracts, name)->name(), "`"));
  }
  std::string text = absl::StrCat("Each serves ", absl::StrJoin(everywhere, ", "), " beside its own.\n\n");
  for (const ServiceContract& service : ServiceContracts(contracts)) {
    ASSERT_EQ(served.count(service.name), 1u) << service.name;
    const std::string package = absl::StrCat("mestring.", service.name, ".v1");
    const std::string folder = absl::StrCat("protos/mestring/", service.name, "/v1/");
    absl::StrAppend(&text, "### ", TitleOf(service.name), "\n\n", service.purpose, " Contract: `", folder, service.name,
                    ".proto`, events: `", folder, service.name, "_events.proto`, rules: `services/", service.name, "/",
                    service.name, "_rules.h`.\n");
    AppendHeadings("RPCs", service.rpcs, &text);
    AppendHeadings("Events", service.events, &text);
    for (const std::string& name : served[service.name]) {
      const ServiceDescriptor* linked = ContractOf(contracts, name);
      ASSERT_NE(linked, nullptr) << name;
      if (linked->file()->package() != package && programs[name] < served.size()) {
        AppendLinked(contracts, *linked, &text);
      }
    }
    absl::StrAppend(&text, "\n");
  }
  ExpectGoldenRegion(kFile, "services", text);
}

// `common/process/server.cc` and the like. What holds a placeholder (<x>, *, …) names no one file.
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
