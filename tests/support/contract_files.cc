// Hides: how .proto files are found and read, and where a comment of one is kept.
// Invariants: an event is a top-level message of a file whose name ends in _events.proto; a heading is a comment
// that begins with "----". Both are the house's way to write contracts, and nothing else is taken from comments
// but their words.
// Rejected: the descriptors that are compiled into the program. They have no comments, and only what was linked.
#include "tests/support/contract_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/rpc/audience.h"
#include "common/rpc/token.h"
#include "tests/support/golden.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;
using google::protobuf::SourceLocation;

// Contracts of no service of their own.
constexpr char kShared[] = "common";

// The words of a comment on one line.
std::string OneLine(const std::string& comment) {
  return absl::StrJoin(absl::StrSplit(comment, absl::ByAnyChar(" \n"), absl::SkipWhitespace()), " ");
}

// The title in "---- Stays ------", or "".
std::string TitleIn(const std::string& comment) {
  std::string line = OneLine(comment);
  if (!absl::StartsWith(line, "----")) return "";
  line.erase(0, line.find_first_not_of("- "));
  line.erase(line.find_last_not_of("- ") + 1);
  return line;
}

// Begins a new heading if one stands before what is declared here.
void TakeTitle(const std::vector<std::string>& comments, std::vector<Heading>& headings) {
  for (const std::string& comment : comments) {
    if (std::string title = TitleIn(comment); !title.empty()) headings.push_back({std::move(title), {}});
  }
}

template <class Declared>
void Take(const Declared& declared, std::vector<Heading>& headings) {
  SourceLocation location;
  if (declared.GetSourceLocation(&location)) TakeTitle(location.leading_detached_comments, headings);
  if (headings.empty()) headings.push_back({"", {}});
  headings.back().names.push_back(declared.name());
}

void TakeRpcs(const ServiceDescriptor& service, std::vector<Heading>& headings) {
  SourceLocation location;
  // The first heading stands directly after the service's brace, and so belongs to the service.
  if (service.GetSourceLocation(&location)) TakeTitle({location.trailing_comments}, headings);
  for (int i = 0; i < service.method_count(); ++i) Take(*service.method(i), headings);
}

// The first paragraph of the comment before `package`.
std::string PurposeOf(const FileDescriptor& file) {
  SourceLocation location;
  if (!file.GetSourceLocation({google::protobuf::FileDescriptorProto::kPackageFieldNumber}, &location)) return "";
  const std::vector<std::string> paragraphs = absl::StrSplit(location.leading_comments, "\n\n");
  return OneLine(paragraphs.front());
}

// "mestring.peer_support.v1" -> "peer_support"
std::string ServiceOf(const FileDescriptor& file) {
  const std::vector<std::string> parts = absl::StrSplit(file.package(), '.');
  return parts.size() == 3 ? parts[1] : "";
}

}  // namespace

ContractFiles::ContractFiles() : importer_(&tree_, this) {
  const std::string folder = SourcePath("protos");
  tree_.MapPath("", folder);
  tree_.MapPath("", "/usr/include");  // google/protobuf
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".proto") names.push_back(entry.path().lexically_relative(folder));
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (const FileDescriptor* file = importer_.Import(name); file != nullptr) files_.push_back(file);
  }
  EXPECT_FALSE(files_.empty()) << folder;
}

void ContractFiles::AddError(const std::string& file, int line, int, const std::string& message) {
  ADD_FAILURE() << file << ":" << line + 1 << ": " << message;
}

std::vector<std::string> RoleNames(const absl::StatusOr<std::vector<Role>>& roles) {
  EXPECT_TRUE(roles.ok()) << roles.status();
  std::vector<std::string> names;
  for (const Role role : roles.value_or(std::vector<Role>())) names.push_back(RoleName(role));
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<const Descriptor*> SharedEvents(const ContractFiles& contracts) {
  std::vector<const Descriptor*> events;
  for (const FileDescriptor* file : contracts.files()) {
    if (!absl::EndsWith(file->name(), "_events.proto") || ServiceOf(*file) != kShared) continue;
    for (int i = 0; i < file->message_type_count(); ++i) events.push_back(file->message_type(i));
  }
  return events;
}

std::vector<ServiceContract> ServiceContracts(const ContractFiles& contracts) {
  std::map<std::string, ServiceContract> services;
  for (const FileDescriptor* file : contracts.files()) {
    if (!absl::EndsWith(file->name(), "_events.proto") || ServiceOf(*file) == kShared) continue;
    ServiceContract& service = services[ServiceOf(*file)];
    for (int i = 0; i < file->message_type_count(); ++i) {
      Take(*file->message_type(i), service.events);
      service.event_messages.push_back(file->message_type(i));
    }
  }
  for (const FileDescriptor* file : contracts.files()) {
    const auto found = services.find(ServiceOf(*file));
    if (found == services.end() || file->service_count() == 0) continue;
    ServiceContract& service = found->second;
    if (service.purpose.empty()) service.purpose = PurposeOf(*file);
    for (int i = 0; i < file->service_count(); ++i) TakeRpcs(*file->service(i), service.rpcs);
  }
  std::vector<ServiceContract> out;
  for (auto& [name, service] : services) {
    service.name = name;
    out.push_back(std::move(service));
  }
  return out;
}

template <class Declared>
std::string LeadingComment(const Declared& declared) {
  SourceLocation location;
  return declared.GetSourceLocation(&location) ? OneLine(location.leading_comments) : "";
}

std::string CommentOf(const Descriptor& message) { return LeadingComment(message); }
std::string CommentOf(const google::protobuf::FieldDescriptor& field) { return LeadingComment(field); }

}  // namespace mestring
