// Descriptions.
//
// Hides: where a declaration is found. The service says what it offers; the contracts of this program have what its
// reflection leaves out (such as the types of its events), and everything while the service does not run.
// Invariants: what is shown is written as in protos/, with its comments. With a method come all messages and enums
// of its request; with a message come the values of its enums.
#include "services/ctl/describe.h"

#include <algorithm>
#include <iostream>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/reasons.h"
#include "common/rpc/audience.h"
#include "common/rpc/token.h"
#include "mestring/access/v1/access.pb.h"
#include "services/ctl/call.h"
#include "services/ctl/failure.h"
#include "services/ctl/json.h"
#include "services/ctl/table.h"

namespace mestring::ctl {
namespace {

namespace pb = google::protobuf;

template <class Declared>
std::string Declaration(const Declared& declared) {
  pb::DebugStringOptions options;
  options.include_comments = true;
  // Names are written with a dot before them there, which "describe" and a person can do without.
  return absl::StrReplaceAll(declared.DebugStringWithOptions(options),
                             {{" .mestring.", " mestring."}, {" .google.", " google."}, {"(.mestring.", "(mestring."}});
}

// The messages and enums that a message is made of, in the order in which they are met; only its enums unless `deep`.
void Collect(const pb::Descriptor& message, bool deep, std::set<std::string>& seen, std::string& out) {
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    if (const pb::EnumDescriptor* values = field.enum_type()) {
      if (seen.insert(values->full_name()).second) absl::StrAppend(&out, "\n", Declaration(*values));
    }
    const pb::Descriptor* below = field.message_type();
    if (!deep || below == nullptr || !absl::StartsWith(below->full_name(), "mestring.")) continue;
    if (!seen.insert(below->full_name()).second) continue;
    absl::StrAppend(&out, "\n", Declaration(*below));
    Collect(*below, deep, seen, out);
  }
}

std::string Described(const Contract::Type& type) {
  if (const auto* values = std::get_if<const pb::EnumDescriptor*>(&type)) return Declaration(**values);
  const pb::Descriptor& message = *std::get<const pb::Descriptor*>(type);
  std::string out = Declaration(message);
  std::set<std::string> seen;
  Collect(message, /*deep=*/false, seen, out);
  return out;
}

std::string Described(const pb::MethodDescriptor& method) {
  std::string out;
  if (pb::SourceLocation location; method.GetSourceLocation(&location)) {
    for (const std::string_view line : absl::StrSplit(location.leading_comments, '\n', absl::SkipEmpty())) {
      absl::StrAppend(&out, "// ", absl::StripLeadingAsciiWhitespace(line), "\n");
    }
  }
  absl::StrAppend(&out, "/", method.service()->full_name(), "/", method.name(),
                  "\nroles: ", absl::StrJoin(RolesOf(method), ", "), "\n");
  const std::vector<std::string> reasons = ReasonsOf(method);
  if (!reasons.empty()) absl::StrAppend(&out, "reasons: ", absl::StrJoin(reasons, ", "), "\n");
  absl::StrAppend(&out, "\n", Declaration(*method.input_type()));
  std::set<std::string> seen;
  Collect(*method.input_type(), /*deep=*/true, seen, out);
  absl::StrAppend(&out, "\n", method.server_streaming() ? "stream of " : "", Declaration(*method.output_type()));
  Collect(*method.output_type(), /*deep=*/false, seen, out);
  return out;
}

// The contract of `target` by reflection; the built-in one if `target` does not answer.
absl::StatusOr<Contract> ContractOf(const std::string& target, const Settings& settings) {
  ASSIGN(const auto client, Client::Open(settings, target));
  const absl::StatusOr<const Contract*> contract = client->GetContract();
  if (!contract.ok()) {
    std::cerr << target << " does not answer; this is the contract that mestringctl was built with." << std::endl;
    return Contract::BuiltIn(target);
  }
  for (const std::string& file : (*contract)->other_files()) {
    std::cerr << file << " of " << target << " is another version than mestringctl's: it is shown without comments."
              << std::endl;
  }
  return **contract;
}

// The type of this name: of the service that the name says, of this program, or of any service.
absl::StatusOr<std::string> DescribedType(const std::string& name, const absl::StatusOr<Contract>& named,
                                          const Settings& settings) {
  if (named.ok()) {
    if (const auto type = named->FindType(name); type.ok()) return Described(*type);
  }
  const Contract built_in = Contract::BuiltIn("");
  const absl::StatusOr<Contract::Type> known = built_in.FindType(name);
  if (known.ok()) return Described(*known);
  if (!named.ok() && absl::StartsWith(name, "mestring.")) {
    for (const auto& [service, address] : settings.services) {
      ASSIGN(const Contract contract, ContractOf(service, settings));
      if (const auto type = contract.FindType(name); type.ok()) return Described(*type);
    }
  }
  return known.status();
}

}  // namespace

std::vector<std::string> RolesOf(const pb::MethodDescriptor& method) {
  std::vector<std::string> roles;
  for (const Role role : AllowedRoles(method).value_or(std::vector<Role>())) roles.push_back(RoleName(role));
  return roles;
}

absl::StatusOr<int> ListCommand(const Arguments& arguments, const Settings& settings) {
  const std::string& only = arguments.At(0);
  std::vector<std::string> targets;
  for (const auto& [name, address] : settings.services) {
    if (only.empty() || only == name) targets.push_back(name);
  }
  // An address, or a wrong name; the client says which.
  if (targets.empty()) targets.push_back(only);
  Json all = Json::array();
  for (const std::string& name : targets) {
    ASSIGN(auto client, Client::Open(settings, name));
    ASSIGN(const Contract* contract, client->GetContract());
    if (contract->built_in()) {
      std::cerr << name << " serves no reflection; these are the methods that this mestringctl was built with."
                << std::endl;
    }
    for (const auto* service : contract->services()) {
      if (!settings.json) std::cout << name << "  " << service->full_name() << "\n";
      for (int i = 0; i < service->method_count(); ++i) {
        const auto& method = *service->method(i);
        const std::string roles = absl::StrJoin(RolesOf(method), ", ");
        if (!settings.json) {
          std::string label = absl::StrCat(name, ".", method.name());
          label.resize(std::max<size_t>(label.size(), 36), ' ');
          std::cout << "  " << label << "  " << roles << "\n";
        }
        all.push_back({{"service", service->full_name()}, {"method", method.name()}, {"roles", roles}});
      }
    }
  }
  if (settings.json) std::cout << all.dump() << std::endl;
  return kDone;
}

absl::StatusOr<int> DescribeCommand(const Arguments& arguments, const Settings& settings) {
  const std::string& what = arguments.At(0);
  const absl::StatusOr<MethodName> name = ParseMethodName(settings, what);
  // A message that names no service ("access.Role", "mestring.common.v1.Figure") may be anywhere.
  const absl::StatusOr<Contract> contract = name.ok() ? ContractOf(name->target, settings) : name.status();
  const absl::StatusOr<std::string> type = DescribedType(what, contract, settings);
  if (type.ok()) {
    std::cout << *type;
    return kDone;
  }
  if (!name.ok()) return Usage(absl::StrCat(type.status().message(), " ", name.status().message()));
  const absl::StatusOr<const pb::MethodDescriptor*> method = contract->Find(name->service, name->method);
  if (!method.ok()) return Usage(absl::StrCat(type.status().message(), " ", method.status().message()));
  std::cout << Described(**method);
  return kDone;
}

}  // namespace mestring::ctl
