#include "common/rpc/audience.h"

// Compares roles with the options of the contract (access.proto). No role is named here.
//
// Audiences are looked up by name when a service starts, and at the first event of each type; each call and each event
// only compares roles.

#include <algorithm>
#include <array>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/errors.h"
#include "common/base/field_rules.h"
#include "common/base/mutex.h"
#include "common/base/options.h"
#include "common/rpc/reflection.h"

namespace mestring {
namespace {

using access::v1::Breadth;
using google::protobuf::Descriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;

// The audiences of a file: its own, and those of the contract whose events it holds.
std::vector<access::v1::Audience> AudiencesOf(const FileDescriptor& file) {
  std::vector<access::v1::Audience> audiences;
  const auto add = [&](const FileDescriptor& defines) {
    const auto options = Known(defines.options());
    for (const access::v1::Audience& audience : options.GetRepeatedExtension(access::v1::audience)) {
      audiences.push_back(audience);
    }
  };
  add(file);
  for (int i = 0; i < file.dependency_count(); ++i) {
    if (EventsFileOf(*file.dependency(i)) == file.name()) add(*file.dependency(i));
  }
  return audiences;
}

// The roles of the audience `name`, which the method or event `names` names; empty for "".
absl::StatusOr<std::vector<Role>> RolesOf(const FileDescriptor& file, const std::string& name, std::string_view names) {
  std::vector<Role> roles;
  if (name.empty()) return roles;
  for (const access::v1::Audience& audience : AudiencesOf(file)) {
    if (audience.name() != name) continue;
    for (const int role : audience.roles()) roles.push_back(static_cast<Role>(role));
    return roles;
  }
  return absl::FailedPreconditionError(absl::StrCat(
      names, " names the audience ", name, ", which its contract does not define (mestring.access.v1.audience)"));
}

// What the contract says about all events of a type.
struct OfType {
  bool names_nobody = false;
  std::vector<Role> roles;
};

// Stored for the life of the process, as the type is.
const OfType& OfTypeOf(const Descriptor& event) {
  static Mutex mutex;
  static auto* const known ABSL_PT_GUARDED_BY(mutex) =
      new absl::flat_hash_map<const Descriptor*, std::unique_ptr<OfType>>();
  MutexLock lock(mutex);
  std::unique_ptr<OfType>& found = (*known)[&event];
  if (found == nullptr) {
    // An event whose contract names no audience is only for roles that see the whole stream.
    found = std::make_unique<OfType>(OfType{!NamesSomebody(event), VisibleTo(event).value_or(std::vector<Role>())});
  }
  return *found;
}

bool Holds(const std::vector<std::string>& values, const std::string& value) {
  return !value.empty() && std::find(values.begin(), values.end(), value) != values.end();
}

Breadth BreadthOf(const google::protobuf::EnumValueDescriptor& role) {
  return role.options().GetExtension(access::v1::breadth);
}

// A table, because it is read for every event and watcher.
Breadth BreadthOf(Role role) {
  static const auto& kBreadths = *[] {
    auto* breadths = new std::array<Breadth, access::v1::Role_ARRAYSIZE>{};
    const auto& roles = *access::v1::Role_descriptor();
    for (int i = 0; i < roles.value_count(); ++i) (*breadths)[roles.value(i)->number()] = BreadthOf(*roles.value(i));
    return breadths;
  }();
  return access::v1::Role_IsValid(role) ? kBreadths[role] : access::v1::BREADTH_UNSPECIFIED;
}

bool RoleSees(Role role, const Caller& caller, const Audience& audience) {
  const Breadth breadth = BreadthOf(role);
  // A subscriber accepts only the exact successor of its cursor: a missing event would stop it.
  if (breadth == access::v1::BREADTH_WHOLE_STREAM) return true;
  if (std::find(audience.roles.begin(), audience.roles.end(), role) == audience.roles.end()) return false;
  switch (breadth) {
    case access::v1::BREADTH_IMPERSONAL:
      return audience.names_nobody;
    case access::v1::BREADTH_SELF:
      return audience.names_nobody || Holds(audience.persons, caller.person_ref);
    case access::v1::BREADTH_ORGANISATION:
      return audience.names_nobody || Holds(audience.organisations, caller.organisation_id);
    case access::v1::BREADTH_EVERYTHING:
      return true;
    default:
      return false;
  }
}

// Includes every service of the file, because a program may serve only some of them.
std::set<std::string> AudiencesNamedIn(const FileDescriptor& file, const FileDescriptor* events) {
  std::set<std::string> named;
  for (int s = 0; s < file.service_count(); ++s) {
    for (int i = 0; i < file.service(s)->method_count(); ++i) {
      const auto options = Known(file.service(s)->method(i)->options());
      named.insert({options.GetExtension(access::v1::allow), options.GetExtension(access::v1::oversight)});
    }
  }
  for (const FileDescriptor* holds : {&file, events}) {
    for (int i = 0; holds != nullptr && i < holds->message_type_count(); ++i) {
      named.insert(Known(holds->message_type(i)->options()).GetExtension(access::v1::visible_to));
    }
  }
  return named;
}

absl::Status CheckAnonymous(const MethodDescriptor& method) {
  if (!method.options().GetExtension(access::v1::anonymous)) return absl::OkStatus();
  // Its row in the access log would name the person and not who looked.
  if (NamesSomebody(*method.input_type()) || NamesSomebody(*method.output_type()) || method.server_streaming()) {
    return absl::FailedPreconditionError(
        absl::StrCat(method.full_name(), " is anonymous, and names a person or is a stream"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Role>> AllowedRoles(const MethodDescriptor& method) {
  const std::string name = Known(method.options()).GetExtension(access::v1::allow);
  if (name.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("the contract does not say who may call ", method.full_name()));
  }
  return RolesOf(*method.file(), name, method.full_name());
}

absl::StatusOr<std::vector<Role>> OversightRoles(const MethodDescriptor& method) {
  return RolesOf(*method.file(), Known(method.options()).GetExtension(access::v1::oversight), method.full_name());
}

absl::StatusOr<std::vector<Role>> VisibleTo(const Descriptor& event) {
  const std::string name = Known(event.options()).GetExtension(access::v1::visible_to);
  if (name.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("the contract does not say who sees ", event.full_name()));
  }
  return RolesOf(*event.file(), name, event.full_name());
}

std::string EventsFileOf(const FileDescriptor& contract) {
  return absl::StrCat(absl::StripSuffix(contract.name(), ".proto"), "_events.proto");
}

absl::Status CheckAudiences(const google::protobuf::ServiceDescriptor& service, const FileDescriptor* events) {
  for (int i = 0; i < service.method_count(); ++i) {
    TRY(AllowedRoles(*service.method(i)).status());
    TRY(OversightRoles(*service.method(i)).status());
  }
  const FileDescriptor& file = *service.file();
  for (int i = 0; events != nullptr && i < events->message_type_count(); ++i) {
    TRY(VisibleTo(*events->message_type(i)).status());
  }
  const std::set<std::string> named = AudiencesNamedIn(file, events);
  std::set<std::string> defined;
  for (const access::v1::Audience& audience : AudiencesOf(file)) {
    const char* problem = audience.name().empty()                   ? "has no name"
                          : !defined.insert(audience.name()).second ? "is defined twice"
                          : audience.roles().empty()                ? "has no role"
                          : audience.who().empty()                  ? "does not say who they are"
                          : !named.contains(audience.name())        ? "is named by no RPC and no event"
                                                                    : nullptr;
    if (problem == nullptr) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("the audience ", audience.name(), " of ", file.name(), " ", problem));
  }
  return absl::OkStatus();
}

absl::Status CheckContracts(const std::vector<std::string>& services, const google::protobuf::EnumDescriptor& roles) {
  for (int i = 0; i < roles.value_count(); ++i) {
    const google::protobuf::EnumValueDescriptor& role = *roles.value(i);
    if (role.number() == 0 || BreadthOf(role) != access::v1::BREADTH_UNSPECIFIED) continue;
    return absl::FailedPreconditionError(absl::StrCat("the contract does not say how much ", role.name(),
                                                      " sees of events (mestring.access.v1.breadth)"));
  }
  for (const std::string& name : services) {
    if (IsOfGrpc(name)) continue;
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) {
      return absl::FailedPreconditionError(absl::StrCat("the contract of ", name, " is not in this program"));
    }
    const FileDescriptor* events = service->file()->pool()->FindFileByName(EventsFileOf(*service->file()));
    TRY(CheckAudiences(*service, events));
    for (int i = 0; i < service->method_count(); ++i) {
      TRY(CheckAnonymous(*service->method(i)));
      TRY(CheckRules(*service->method(i)->input_type()));
    }
  }
  return absl::OkStatus();
}

Audience AudienceOf(const google::protobuf::Message* event) {
  Audience audience;
  if (event == nullptr) {
    audience.everybody = true;
    return audience;
  }
  const OfType& of_type = OfTypeOf(*event->GetDescriptor());
  audience.roles = of_type.roles;
  audience.names_nobody = of_type.names_nobody;
  audience.persons = PersonsIn(*event);
  audience.organisations = OrganisationsIn(*event);
  return audience;
}

bool MaySee(const Caller& caller, const Audience& audience) {
  return audience.everybody || std::any_of(caller.roles.begin(), caller.roles.end(),
                                           [&](Role role) { return RoleSees(role, caller, audience); });
}

bool SeesWholeStream(const Caller& caller) {
  return std::any_of(caller.roles.begin(), caller.roles.end(),
                     [](Role role) { return BreadthOf(role) == access::v1::BREADTH_WHOLE_STREAM; });
}

}  // namespace mestring
