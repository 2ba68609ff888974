// Who calls: a verified token, and what the contract lets its roles do.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "mestring/access/v1/access.pb.h"

namespace mestring {

using access::v1::Role;

// The verified caller of an RPC.
struct Caller {
  std::string issuer;           // claim `iss`
  std::string subject;          // claim `sub`: unique below its issuer only
  std::vector<Role> roles;      // claim `roles`, such as ["HOUSING_OFFICE"]; unknown ones are dropped
  std::string person_ref;       // claim, if the caller is a person of the register
  std::string organisation_id;  // claim, such as "nav-sandnes"
  // When the token stops being accepted (claim `exp` and the leeway), in real time: what lasts ends then.
  absl::Time until = absl::InfiniteFuture();

  bool Is(Role role) const;
  bool IsAny(absl::Span<const Role> any) const;
  // Is this person of the register; nobody is "".
  bool IsSelf(std::string_view person) const { return !person.empty() && person == person_ref; }
};

// Verifies tokens against a JWKS file. Thread-safe.
class TokenVerifier {
 public:
  struct Options {
    std::string jwks_file;  // re-read when it changes
    std::string issuer;     // exact
    std::string audience;   // exact
    absl::Duration leeway = absl::Seconds(10);
    absl::Duration remember = absl::Seconds(60);  // a verified token, by its hash
  };
  static constexpr size_t kTokenBytesMax = 8 << 10;

  // Fails with a sentence for the operator if the file holds no usable key.
  static absl::StatusOr<std::unique_ptr<TokenVerifier>> Make(Options options);
  ~TokenVerifier();

  // UNAUTHENTICATED with one sentence that says what is wrong, never the token. `now` is real time:
  // a rehearsal's moved clock must not make an old token valid.
  absl::StatusOr<std::shared_ptr<const Caller>> Verify(std::string_view token, absl::Time now);

 private:
  struct Impl;
  explicit TokenVerifier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The role of a claim such as "HOUSING_OFFICE"; ROLE_UNSPECIFIED if there is none of that name.
Role RoleNamed(std::string_view name);
// And back: the name of a role in a claim.
std::string RoleName(Role role);

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
