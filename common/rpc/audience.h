// What the contract lets a role do: which RPCs it may call, and which events it sees.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/token.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "mestring/access/v1/access.pb.h"

namespace mestring {

// The roles of the audience that an RPC names: who may call it (allow), and who is answered about anybody (oversight;
// none if it names none). Descriptors may be of this program or of a pool of their own.
absl::StatusOr<std::vector<Role>> AllowedRoles(const google::protobuf::MethodDescriptor& method);
absl::StatusOr<std::vector<Role>> OversightRoles(const google::protobuf::MethodDescriptor& method);
// The roles that see an event (visible_to). All three: FAILED_PRECONDITION if the contract names an audience that it
// does not define; and if it names none, for what must name one.
absl::StatusOr<std::vector<Role>> VisibleTo(const google::protobuf::Descriptor& event);

// The name of the file with the events of a contract: <its file>_events.proto. A contract may have none.
std::string EventsFileOf(const google::protobuf::FileDescriptor& contract);
// What the contract of a service must say of its audiences before the service starts: each RPC, and each event of its
// events file (null if it has none), names one; each that is named is defined, and each that is defined is named, once,
// has a role, and says who they are. FAILED_PRECONDITION with what is missing.
absl::Status CheckAudiences(const google::protobuf::ServiceDescriptor& service,
                            const google::protobuf::FileDescriptor* events);
// CheckAudiences of each of the named services, gRPC's own left out, and CheckRules of its requests; each of the roles
// says how much it sees of events (breadth), and an RPC that is anonymous is about nobody.
absl::Status CheckContracts(const std::vector<std::string>& services, const google::protobuf::EnumDescriptor& roles);

// Who may see an event, worked out once so that it can be asked for a thousand watchers.
struct Audience {
  bool everybody = false;                           // the stream's own entries
  bool names_nobody = false;                        // its type has no field for a person or an organisation
  std::vector<Role> roles;                          // VisibleTo
  std::vector<std::string> persons, organisations;  // that it names
};
// `event` is the parsed message; null for the stream's own entries, which all may see.
Audience AudienceOf(const google::protobuf::Message* event);
// By the widest of the caller's roles (option breadth on the role's value).
bool MaySee(const Caller& caller, const Audience& audience);
// Whether this caller sees every event, whatever its audience.
bool SeesWholeStream(const Caller& caller);

}  // namespace mestring
