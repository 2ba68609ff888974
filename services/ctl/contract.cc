// Contracts.
//
// Hides: protobuf's databases and pools, and that comments lie in a file that was embedded (contracts.S).
// Invariants: what a server's reflection says comes first; a comment is only shown beside a declaration that is letter
// for letter the one it was written for.
// Rejected: the descriptors in the generated code. They have no comments, and only hold what the linker kept.
#include "services/ctl/contract.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/dynamic_message.h"
#include "google/protobuf/util/json_util.h"
#include "services/ctl/arguments.h"
#include "services/ctl/failure.h"

extern "C" const char mestring_contracts[], mestring_contracts_end[];

namespace mestring::ctl {

namespace pb = google::protobuf;

struct Contract::Files {
  pb::SimpleDescriptorDatabase database;
  pb::DescriptorPool pool{&database};
  pb::DynamicMessageFactory factory{&pool};

  std::vector<const pb::FileDescriptor*> Ours() {
    std::vector<std::string> names;
    database.FindAllFileNames(&names);
    std::vector<const pb::FileDescriptor*> files;
    for (const std::string& name : names) {
      if (absl::StartsWith(name, "mestring/")) files.push_back(pool.FindFileByName(name));
    }
    return files;
  }
};

namespace {

std::string MethodNames(const std::vector<const pb::MethodDescriptor*>& methods) {
  return absl::StrJoin(methods, ", ", [](std::string* out, const pb::MethodDescriptor* method) {
    absl::StrAppend(out, method->service()->name(), ".", method->name());
  });
}

std::string PackageOf(std::string_view service) { return absl::StrCat("mestring.", service, ".v1"); }

// Is this declared alike in both, comments apart?
bool IsSame(const pb::FileDescriptorProto& told, const pb::FileDescriptor& built_in) {
  pb::FileDescriptorProto ours;
  built_in.CopyTo(&ours);
  return told.SerializeAsString() == ours.SerializeAsString();
}

// Names in JSON follow from those of the fields, and would stand beside each of them when it is shown.
void DropJsonNames(pb::DescriptorProto& message) {
  for (pb::FieldDescriptorProto& field : *message.mutable_field()) field.clear_json_name();
  for (pb::DescriptorProto& nested : *message.mutable_nested_type()) DropJsonNames(nested);
}

// Leaves out what only helps a reader of the whole file, such as headings between the declarations.
void Simplify(pb::FileDescriptorProto& file) {
  for (pb::FieldDescriptorProto& extension : *file.mutable_extension()) extension.clear_json_name();
  for (pb::DescriptorProto& message : *file.mutable_message_type()) DropJsonNames(message);
  for (auto& location : *file.mutable_source_code_info()->mutable_location()) {
    location.clear_leading_detached_comments();
    // Each line of a comment begins with the blank that stands after the slashes; printing it adds one.
    for (std::string* comment : {location.mutable_leading_comments(), location.mutable_trailing_comments()}) {
      absl::StrReplaceAll({{"\n ", "\n"}}, comment);
    }
  }
}

}  // namespace

std::string ShortName(std::string_view full_name) {
  const std::vector<std::string> parts = absl::StrSplit(full_name, '.');
  if (parts.size() < 4 || parts[0] != "mestring" || parts[2] != "v1") return std::string(full_name);
  return absl::StrCat(parts[1], ".", absl::StrJoin(parts.begin() + 3, parts.end(), "."));
}

std::string_view Contract::BuiltInBytes() {
  return {mestring_contracts, static_cast<size_t>(mestring_contracts_end - mestring_contracts)};
}

std::shared_ptr<Contract::Files> Contract::BuiltInFiles() {
  static const std::shared_ptr<Files>& files = *[] {
    auto* made = new std::shared_ptr<Files>(std::make_shared<Files>());
    pb::FileDescriptorSet set;
    set.ParseFromArray(BuiltInBytes().data(), static_cast<int>(BuiltInBytes().size()));
    for (pb::FileDescriptorProto& file : *set.mutable_file()) {
      Simplify(file);
      (*made)->database.Add(file);
    }
    return made;
  }();
  return files;
}

Contract Contract::BuiltIn(std::string_view service) {
  Contract contract;
  contract.built_in_ = true;
  contract.files_ = BuiltInFiles();
  const std::vector<const pb::FileDescriptor*> files = contract.files_->Ours();
  // A package with events in a file of the same name has a stream, so it is that of one service; the others are shared.
  std::set<std::string> owned;
  for (const pb::FileDescriptor* file : files) {
    const std::vector<std::string> folders = absl::StrSplit(file->name(), '/');
    if (folders.back() == absl::StrCat(folders[1], "_events.proto")) owned.insert(file->package());
  }
  const bool known = owned.contains(PackageOf(service));
  for (const pb::FileDescriptor* file : files) {
    if (known && owned.contains(file->package()) && file->package() != PackageOf(service)) continue;
    for (int i = 0; i < file->service_count(); ++i) contract.services_.push_back(file->service(i));
  }
  return contract;
}

absl::StatusOr<Contract> Contract::Of(const std::vector<std::string>& services,
                                      const std::vector<pb::FileDescriptorProto>& files) {
  Contract contract;
  contract.files_ = std::make_shared<Files>();
  std::set<std::string> known;
  for (const pb::FileDescriptorProto& file : files) {
    if (!known.insert(file.name()).second) continue;
    pb::FileDescriptorProto added = file;
    const pb::FileDescriptor* built_in = BuiltInFiles()->pool.FindFileByName(file.name());
    if (built_in != nullptr && IsSame(file, *built_in)) {
      built_in->CopySourceCodeInfoTo(&added);
    } else if (absl::StartsWith(file.name(), "mestring/")) {
      contract.other_files_.push_back(file.name());
    }
    contract.files_->database.Add(added);
  }
  for (const std::string& name : services) {
    const pb::ServiceDescriptor* service = contract.files_->pool.FindServiceByName(name);
    if (service == nullptr) return absl::InternalError(absl::StrCat("The contract of ", name, " is incomplete."));
    contract.services_.push_back(service);
  }
  return contract;
}

absl::StatusOr<const pb::MethodDescriptor*> Contract::Find(std::string_view service, std::string_view method) const {
  std::vector<const pb::MethodDescriptor*> found;
  std::vector<std::string> names;
  for (const pb::ServiceDescriptor* candidate : services_) {
    if (!service.empty() && candidate->name() != service && candidate->full_name() != service) continue;
    for (int i = 0; i < candidate->method_count(); ++i) {
      names.push_back(candidate->method(i)->name());
      if (candidate->method(i)->name() == method) found.push_back(candidate->method(i));
    }
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    return Usage(absl::StrCat(method, " is a method of several services: ", MethodNames(found), "; say which."));
  }
  const std::string nearest = NearestTo(method, names);
  const std::string hint =
      nearest.empty() ? "\"mestringctl list\" shows all" : absl::StrCat("did you mean ", nearest, "?");
  if (!built_in_) return Usage(absl::StrCat("There is no method ", method, "; ", hint, nearest.empty() ? "." : ""));
  return Usage(absl::StrCat("This mestringctl knows no method ", method,
                            ", and the service serves no reflection, which ",
                            "would show a newer one (MESTRING_REFLECTION=true); ", hint, nearest.empty() ? "." : ""));
}

absl::StatusOr<Contract::Type> Contract::FindType(std::string_view name) const {
  const std::pair<std::string, std::string> parts = absl::StrSplit(name, absl::MaxSplits('.', 1));
  for (const std::string& full : {std::string(name), absl::StrCat(PackageOf(parts.first), ".", parts.second)}) {
    if (const auto* message = files_->pool.FindMessageTypeByName(full)) return message;
    if (const auto* values = files_->pool.FindEnumTypeByName(full)) return values;
  }
  const std::vector<std::string> names = TypeNames();
  const std::string end = absl::StrCat(".", name);
  const auto ends_so = [&end](const std::string& known) { return absl::EndsWith(known, end); };
  if (std::count_if(names.begin(), names.end(), ends_so) == 1) {
    return FindType(*std::find_if(names.begin(), names.end(), ends_so));
  }
  const std::string nearest = NearestTo(ShortName(name), names);
  return absl::NotFoundError(absl::StrCat("There is no message or enum ", name,
                                          nearest.empty() ? "." : absl::StrCat("; did you mean ", nearest, "?")));
}

std::vector<std::string> Contract::TypeNames() const {
  std::vector<std::string> names;
  for (const pb::FileDescriptor* file : files_->Ours()) {
    for (int i = 0; i < file->message_type_count(); ++i) names.push_back(ShortName(file->message_type(i)->full_name()));
    for (int i = 0; i < file->enum_type_count(); ++i) names.push_back(ShortName(file->enum_type(i)->full_name()));
  }
  return names;
}

std::unique_ptr<pb::Message> Contract::New(const pb::Descriptor* type) const {
  return std::unique_ptr<pb::Message>(files_->factory.GetPrototype(type)->New());
}

absl::StatusOr<std::unique_ptr<pb::Message>> Contract::FromJson(const pb::Descriptor* type, const Json& json) const {
  std::unique_ptr<pb::Message> message = New(type);
  const pb::util::Status parsed = pb::util::JsonStringToMessage(json.dump(), message.get());
  if (!parsed.ok()) {
    std::string problem(parsed.message());
    while (!problem.empty() && problem.back() == '.') problem.pop_back();
    return Usage(absl::StrCat("The JSON does not fit ", type->full_name(), ": ", problem, "; \"mestringctl describe ",
                              type->full_name(), "\" shows its fields."));
  }
  return message;
}

absl::StatusOr<Json> Contract::ToJson(const pb::Message& message) const {
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  const pb::util::Status printed = pb::util::MessageToJsonString(message, &text, options);
  std::optional<Json> json = printed.ok() ? ParseJson(text) : std::nullopt;
  if (!json) return absl::InternalError(absl::StrCat("A ", message.GetTypeName(), " has no JSON form."));
  return *std::move(json);
}

}  // namespace mestring::ctl
