// Tokens for tests, right ones and forged ones, signed here with OpenSSL: the checks of the kernel are
// not tested against the library they use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "mestring/access/v1/access.pb.h"

namespace mestring {

inline constexpr char kTestIssuer[] = "test-issuer";
inline constexpr char kTestAudience[] = "test-audience";

// One key of each kind, made at first use. The kid is the algorithm in lower case: "rs256", "ps256",
// "es256"; the foreign one is a second RSA key, in no set.
std::string TestKeySet();
// The same with one key only.
std::string TestKeySetOf(std::string_view kid);
// The RSA key "rs256" as a PEM public key: what an HS256 forger takes as the secret.
std::string TestPublicKeyPem();

struct Claims {
  std::vector<access::v1::Role> roles;
  std::string person_ref, organisation_id;
  std::string subject = "test-caller";
  std::string issuer = kTestIssuer;
  std::string audience = kTestAudience;
  absl::Time expires;  // default: an hour from now
};

// The claims as JSON.
std::string ToJson(const Claims& claims);
// A right token, signed by "es256".
std::string Token(const Claims& claims);
std::string Token(const std::vector<access::v1::Role>& roles, std::string person_ref = "",
                  std::string organisation_id = "", std::string subject = "test-caller");

// Raw tools. `algorithm` is how it is really signed: RS256, PS256, ES256, or HS256 with `secret`;
// `signer` which key: a kid of the set, or "foreign".
std::string Base64Url(std::string_view bytes);
std::string SignRaw(std::string_view algorithm, std::string_view signer, std::string_view header,
                    std::string_view payload, std::string_view secret = "");
// {"alg":…,"kid":…,"typ":"JWT"}
std::string HeaderJson(std::string_view algorithm, std::string_view kid);

// Writes `text` to a new file in place of `path`, at once (rename).
void ReplaceFile(const std::string& path, std::string_view text);

}  // namespace mestring
