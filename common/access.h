// Who calls: a verified token, and what the contract lets its roles do.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "mestring/access/v1/access.pb.h"

namespace mestring {

using access::v1::Role;

// The verified caller of an RPC.
struct Caller {
  std::string subject;          // claim `sub`
  std::vector<Role> roles;      // claim `roles`, such as ["HOUSING_OFFICE"]; unknown ones are dropped
  std::string person_ref;       // claim, if the caller is a person of the register
  std::string organisation_id;  // claim, such as "nav-sandnes"

  bool Is(Role role) const;
  bool IsAny(std::initializer_list<Role> any) const;
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

// The roles that the contract of a method allows. FAILED_PRECONDITION if it does not state any:
// a service with such an RPC refuses to start.
absl::StatusOr<std::vector<Role>> AllowedRoles(const google::protobuf::MethodDescriptor& method);

// Who may see an event, worked out once so that it can be asked for a thousand watchers.
struct Audience {
  bool everybody = false;                           // the stream's own entries
  bool names_nobody = false;                        // its type has no field for a person or an organisation
  std::vector<Role> roles;                          // option visible_to on the event's message, see access.proto
  std::vector<std::string> persons, organisations;  // that it names
};
// `event` is the parsed message; null for the stream's own entries, which all may see.
Audience AudienceOf(const google::protobuf::Message* event);
// By the widest of the caller's roles. A SERVICE sees all: a subscriber accepts no gap.
bool MaySee(const Caller& caller, const Audience& audience);

}  // namespace mestring
