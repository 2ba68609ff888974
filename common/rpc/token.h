// Who calls: a verified token. audience.h has what the contract permits its roles.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
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
  // When the token stops being accepted (claim `exp` plus the leeway), in real time: a Watch ends then.
  absl::Time until = absl::InfiniteFuture();

  bool Is(Role role) const;
  bool IsAny(absl::Span<const Role> any) const;
  // Whether the caller is this person of the register; "" is nobody.
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

  // UNAUTHENTICATED with one sentence that says what is wrong and never contains the token. `now` is real time: the
  // moved clock of a rehearsal must not make an old token valid.
  absl::StatusOr<std::shared_ptr<const Caller>> Verify(std::string_view token, absl::Time now);

 private:
  struct Impl;
  explicit TokenVerifier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The role of a claim such as "HOUSING_OFFICE"; ROLE_UNSPECIFIED if there is none of that name.
Role RoleNamed(std::string_view name);
// The inverse: the name of a role in a claim.
std::string RoleName(Role role);
// The names of several roles: "HOUSING_OFFICE,AUDITOR".
std::string RoleNames(const std::vector<Role>& roles);
// The unique name of a caller: issuer and subject, one line each.
std::string NameOf(const Caller& caller);

}  // namespace mestring
