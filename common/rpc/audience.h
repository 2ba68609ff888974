// What the contract permits a role: which RPCs it may call, and which events it sees.
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

// The roles of the audience that an RPC names: those that may call it (allow), and those that get answers about anybody
// (oversight; empty if the RPC names none). Descriptors may come from this program or from another pool.
absl::StatusOr<std::vector<Role>> AllowedRoles(const google::protobuf::MethodDescriptor& method);
absl::StatusOr<std::vector<Role>> OversightRoles(const google::protobuf::MethodDescriptor& method);
// The roles that see an event (visible_to). All three return FAILED_PRECONDITION if the contract names an audience that
// it does not define, or does not name one where it must.
absl::StatusOr<std::vector<Role>> VisibleTo(const google::protobuf::Descriptor& event);

// The name of the file with the events of a contract: <its file>_events.proto. A contract may have none.
std::string EventsFileOf(const google::protobuf::FileDescriptor& contract);
// Checks the audiences of a contract before the service starts: each RPC, and each event of its events file (null if it
// has none), names one; each audience that is named is defined; each that is defined is named, has a unique name, a
// role, and a text that says who they are. FAILED_PRECONDITION says what is missing.
absl::Status CheckAudiences(const google::protobuf::ServiceDescriptor& service,
                            const google::protobuf::FileDescriptor* events);
// Runs CheckAudiences for each of the named services except gRPC's own, and CheckRules for its requests. Also checks
// that each role says how much it sees of events (breadth), and that an anonymous RPC names no person.
absl::Status CheckContracts(const std::vector<std::string>& services, const google::protobuf::EnumDescriptor& roles);

// Who may see an event, computed once for all watchers.
struct Audience {
  bool everybody = false;                           // for the stream's own entries
  bool names_nobody = false;                        // its type has no field for a person or an organisation
  std::vector<Role> roles;                          // VisibleTo
  std::vector<std::string> persons, organisations;  // that the event names
};
// `event`: the parsed message; null for the stream's own entries, which everybody may see.
Audience AudienceOf(const google::protobuf::Message* event);
// Judges by the widest of the caller's roles (option breadth on the role's value).
bool MaySee(const Caller& caller, const Audience& audience);
// Whether this caller sees every event, whatever its audience.
bool SeesWholeStream(const Caller& caller);

}  // namespace mestring
