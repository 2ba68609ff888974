// What the contract lets a role do: which RPCs it may call, and which events it sees.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/token.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "mestring/access/v1/access.pb.h"

namespace mestring {

// The roles that the contract of a method allows. FAILED_PRECONDITION if it does not state any:
// a service with such an RPC refuses to start.
absl::StatusOr<std::vector<Role>> AllowedRoles(const google::protobuf::MethodDescriptor& method);
std::vector<Role> RolesOf(const access::v1::Allow& allow);

// What the contracts must say before a service starts: each of the roles how much it sees of events (breadth), each
// RPC of the named services who may call it; and an RPC that is anonymous is about nobody. FAILED_PRECONDITION with
// what is missing. gRPC's own services are left out.
absl::Status CheckContracts(const std::vector<std::string>& services, const google::protobuf::EnumDescriptor& roles);

// Who may see an event, worked out once so that it can be asked for a thousand watchers.
struct Audience {
  bool everybody = false;                           // the stream's own entries
  bool names_nobody = false;                        // its type has no field for a person or an organisation
  std::vector<Role> roles;                          // option visible_to on the event's message, see access.proto
  std::vector<std::string> persons, organisations;  // that it names
};
// `event` is the parsed message; null for the stream's own entries, which all may see.
Audience AudienceOf(const google::protobuf::Message* event);
// By the widest of the caller's roles (option breadth on the role's value).
bool MaySee(const Caller& caller, const Audience& audience);
// Whether this caller sees every event, whatever its audience.
bool SeesWholeStream(const Caller& caller);

}  // namespace mestring
