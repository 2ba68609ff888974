// A local key and the tokens it signs, for the local run, tests and scripts on one machine. Elsewhere the
// municipality's identity provider signs, and this program is only handed a token.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/ctl/json.h"

namespace mestring::ctl {

struct Claims {
  std::string subject;             // empty: made of the first role
  std::vector<std::string> roles;  // "NAV", without ROLE_
  std::string person_ref;
  std::string organisation_id;
  std::string issuer = "mestring-local";
  std::string audience = "mestring";
  absl::Duration lifetime = absl::Hours(1);
};

// An ES256 key in a folder: `key.json`, which only its owner may read, and `jwks.json`, which the services read.
class LocalKey {
 public:
  // Makes the key if the folder has none yet.
  static absl::Status Make(const std::string& folder);
  static absl::StatusOr<LocalKey> Open(const std::string& folder);

  // A signed JWT in compact form.
  absl::StatusOr<std::string> Sign(const Claims& claims, absl::Time now) const;

 private:
  explicit LocalKey(std::string jwk) : jwk_(std::move(jwk)) {}
  std::string jwk_;
};

// The content of a token in compact form. Its signature is not checked, so anybody may have written this.
struct DecodedToken {
  Json header, claims;
};
absl::StatusOr<DecodedToken> DecodeToken(std::string_view token);

// "nav, HOUSING_OFFICE" to {"NAV", "HOUSING_OFFICE"}; a usage error names an unknown role and lists them all.
absl::StatusOr<std::vector<std::string>> ParseRoles(std::string_view text);
// All roles of the contract, without ROLE_.
std::vector<std::string> RoleNames();

}  // namespace mestring::ctl
