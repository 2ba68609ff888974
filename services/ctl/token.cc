// The local key and its tokens.
//
// Hides: libcjose, and the two files of a key.
// Invariants: the private key is written with mode 0600 and only ever once, both files whole or not at all (a
// temporary name, then a rename), so that a service never reads half a JWKS. The JWKS names algorithm and key id:
// a verifier pins both.
// Rejected: a shared secret (HS256). It would be simpler, but only here; the local run should use what an
// installation uses.
#include "services/ctl/token.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <filesystem>

extern "C" {
#include <cjose/cjose.h>
}

#include "absl/cleanup/cleanup.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/rpc/token.h"
#include "mestring/access/v1/access.pb.h"
#include "services/ctl/failure.h"
#include "services/ctl/json.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {
namespace {

absl::Status CryptoError(std::string_view what, const cjose_err& error) {
  return absl::InternalError(absl::StrCat(what, ": ", error.message == nullptr ? "unknown" : error.message));
}

absl::Status WriteWhole(const std::string& path, std::string_view content, mode_t mode) {
  const std::string temporary = absl::StrCat(path, ".new");
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return Usage(absl::StrCat("Cannot write ", path, ": ", strerror(errno), "."));
  const bool written = write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
                       fchmod(file, mode) == 0 && fsync(file) == 0;
  const bool closed = close(file) == 0;
  if (!written || !closed || rename(temporary.c_str(), path.c_str()) != 0) {
    return Usage(absl::StrCat("Cannot write ", path, ": ", strerror(errno), "."));
  }
  return absl::OkStatus();
}

std::string PublicKeys(const Json& private_key) {
  const Json key = {{"kty", "EC"},
                    {"crv", "P-256"},
                    {"kid", Text(private_key, "kid")},
                    {"alg", "ES256"},
                    {"use", "sig"},
                    {"x", Text(private_key, "x")},
                    {"y", Text(private_key, "y")}};
  return Json{{"keys", Json::array({key})}}.dump(2) + "\n";
}

absl::StatusOr<std::string> NewKey() {
  cjose_err error{};
  cjose_jwk_t* jwk = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &error);
  if (jwk == nullptr) return CryptoError("Cannot make a key", error);
  absl::Cleanup release = [jwk] { cjose_jwk_release(jwk); };
  const std::string id = absl::StrCat("local-", NewId(absl::Now()).substr(0, 13));
  if (!cjose_jwk_set_kid(jwk, id.data(), id.size(), &error)) return CryptoError("Cannot name the key", error);
  char* text = cjose_jwk_to_json(jwk, /*priv=*/true, &error);
  if (text == nullptr) return CryptoError("Cannot write the key", error);
  std::string json = text;
  cjose_get_dealloc()(text);
  return json;
}

std::string ClaimsJson(const Claims& claims, absl::Time now) {
  const int64_t seconds = absl::ToUnixSeconds(now);
  const std::string role = claims.roles.empty() ? "nobody" : absl::AsciiStrToLower(claims.roles.front());
  Json json = {{"iss", claims.issuer},
               {"aud", claims.audience},
               {"sub", claims.subject.empty() ? absl::StrCat("local-", role) : claims.subject},
               {"iat", seconds},
               {"nbf", seconds},
               {"exp", seconds + absl::ToInt64Seconds(claims.lifetime)},
               {"roles", claims.roles}};
  if (!claims.person_ref.empty()) json["person_ref"] = claims.person_ref;
  if (!claims.organisation_id.empty()) json["organisation_id"] = claims.organisation_id;
  return json.dump();
}

}  // namespace

absl::Status LocalKey::Make(const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return Usage(absl::StrCat("Cannot make ", folder, ": ", failed.message(), "."));
  const std::string path = absl::StrCat(folder, "/key.json");
  std::string key;
  if (std::filesystem::exists(path, failed)) {
    ASSIGN(LocalKey existing, Open(folder));
    key = existing.jwk_;
  } else {
    ASSIGN(key, NewKey());
    TRY(WriteWhole(path, key, 0600));
  }
  return WriteWhole(absl::StrCat(folder, "/jwks.json"), PublicKeys(*ParseJson(key)), 0644);
}

absl::StatusOr<LocalKey> LocalKey::Open(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/key.json");
  const std::optional<std::string> content = ReadFile(path);
  if (!content) {
    return Usage(absl::StrCat("There is no readable key at ", path,
                              ": start ./deploy/local/run, make one with \"mestringctl token --init ", folder,
                              "\", or pass --token-file."));
  }
  const std::optional<Json> json = ParseJson(*content);
  if (!json || Text(*json, "kid").empty()) {
    return Usage(absl::StrCat(path, " does not hold a key."));
  }
  return LocalKey(*content);
}

absl::StatusOr<std::string> LocalKey::Sign(const Claims& claims, absl::Time now) const {
  cjose_err error{};
  cjose_jwk_t* key = cjose_jwk_import(jwk_.data(), jwk_.size(), &error);
  if (key == nullptr) return CryptoError("Cannot read the key", error);
  absl::Cleanup release_key = [key] { cjose_jwk_release(key); };
  cjose_header_t* header = cjose_header_new(&error);
  if (header == nullptr) return CryptoError("Cannot sign", error);
  absl::Cleanup release_header = [header] { cjose_header_release(header); };
  if (!cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_ES256, &error) ||
      !cjose_header_set(header, CJOSE_HDR_KID, cjose_jwk_get_kid(key, &error), &error) ||
      !cjose_header_set(header, "typ", "JWT", &error)) {
    return CryptoError("Cannot sign", error);
  }
  const std::string payload = ClaimsJson(claims, now);
  cjose_jws_t* jws =
      cjose_jws_sign(key, header, reinterpret_cast<const uint8_t*>(payload.data()), payload.size(), &error);
  if (jws == nullptr) return CryptoError("Cannot sign", error);
  absl::Cleanup release_jws = [jws] { cjose_jws_release(jws); };
  const char* compact = nullptr;
  if (!cjose_jws_export(jws, &compact, &error)) return CryptoError("Cannot sign", error);
  return std::string(compact);
}

absl::StatusOr<DecodedToken> DecodeToken(std::string_view token) {
  const std::vector<std::string_view> parts = absl::StrSplit(token, '.');
  const auto object = [](std::string_view part) -> std::optional<Json> {
    std::string text;
    if (!absl::WebSafeBase64Unescape(part, &text)) return std::nullopt;
    std::optional<Json> json = ParseJson(text);
    return json && json->is_object() ? json : std::nullopt;
  };
  const std::optional<Json> header = parts.size() == 3 ? object(parts[0]) : std::nullopt;
  const std::optional<Json> claims = parts.size() == 3 ? object(parts[1]) : std::nullopt;
  if (!header || !claims) {
    return Usage(
        "This is no token: a JWT in compact form is three parts with dots between them, of which the first two are "
        "JSON in base64url.");
  }
  return DecodedToken{*header, *claims};
}

std::vector<std::string> RoleNames() {
  std::vector<std::string> names;
  const auto* roles = access::v1::Role_descriptor();
  for (int i = 0; i < roles->value_count(); ++i) {
    const Role role = static_cast<Role>(roles->value(i)->number());
    if (role != access::v1::ROLE_UNSPECIFIED) names.push_back(RoleName(role));
  }
  return names;
}

absl::StatusOr<std::vector<std::string>> ParseRoles(std::string_view text) {
  std::vector<std::string> roles;
  for (std::string_view word : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    std::string role = absl::AsciiStrToUpper(absl::StripAsciiWhitespace(word));
    if (role.starts_with("ROLE_")) role.erase(0, strlen("ROLE_"));
    if (RoleNamed(role) == access::v1::ROLE_UNSPECIFIED) {
      return Usage(absl::StrCat("There is no role ", role, "; the roles are ", absl::StrJoin(RoleNames(), ", "), "."));
    }
    roles.push_back(role);
  }
  if (roles.empty()) return Usage("At least one role is needed.");
  return roles;
}

}  // namespace mestring::ctl
