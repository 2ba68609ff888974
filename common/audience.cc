#include "common/audience.h"

// Roles against the options of the contract (access.proto). Nothing here names a role.

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "common/errors.h"
#include "common/field_rules.h"
#include "common/reflection.h"

namespace mestring {
namespace {

using access::v1::Breadth;

bool Holds(const std::vector<std::string>& values, const std::string& value) {
  return !value.empty() && std::find(values.begin(), values.end(), value) != values.end();
}

Breadth BreadthOf(const google::protobuf::EnumValueDescriptor& role) {
  return role.options().GetExtension(access::v1::breadth);
}

// Asked for every event and watcher, so worked out once.
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
  // A subscriber accepts only the exact successor: leaving one out would stop it.
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

absl::Status CheckMethod(const google::protobuf::MethodDescriptor& method) {
  TRY(AllowedRoles(method).status());
  if (!method.options().GetExtension(access::v1::anonymous)) return absl::OkStatus();
  // A row of the access log about that person would stand there without the one who looked.
  if (NamesSomebody(*method.input_type()) || NamesSomebody(*method.output_type()) || method.server_streaming()) {
    return absl::FailedPreconditionError(
        absl::StrCat(method.full_name(), " is anonymous, and names a person or is a stream"));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<Role> RolesOf(const access::v1::Allow& allow) {
  std::vector<Role> roles;
  for (const int role : allow.roles()) roles.push_back(static_cast<Role>(role));
  return roles;
}

absl::StatusOr<std::vector<Role>> AllowedRoles(const google::protobuf::MethodDescriptor& method) {
  std::vector<Role> roles = RolesOf(method.options().GetExtension(access::v1::allow));
  if (roles.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("the contract does not say who may call ", method.full_name()));
  }
  return roles;
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
    for (int i = 0; i < service->method_count(); ++i) TRY(CheckMethod(*service->method(i)));
  }
  return absl::OkStatus();
}

Audience AudienceOf(const google::protobuf::Message* event) {
  Audience audience;
  if (event == nullptr) {
    audience.everybody = true;
    return audience;
  }
  audience.roles = RolesOf(event->GetDescriptor()->options().GetExtension(access::v1::visible_to));
  audience.names_nobody = !NamesSomebody(*event->GetDescriptor());
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
