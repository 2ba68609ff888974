#include "common/rpc/token.h"

// Checks a token.
//
// A token is refused unless everything in it is as expected; what is not understood is not ignored. The order is: form
// and size, header (`kid` and `alg` must be those of one key: the key set pins an algorithm to each key), signature
// (libcjose), and only then the claims. The library checks only the signature: it accepts any algorithm that
// the type of the key can do, and reads no claim. JSON with repeated names is refused, because a check can be passed by
// if two readers take different ones of two `sub`.
//
// The keys are one immutable set, which is replaced whole when the file changes, together with all remembered tokens.
// So a key that is removed from the file stops working within kKeysLookEvery.
//
// A verified token is remembered by its SHA-256, for at most `remember` and never beyond its end. A signature costs
// some 30 to 100 microseconds, a hash one; a caller makes many calls with one token.

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "cjose/cjose.h"
#include "common/base/digest.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "nlohmann/json.hpp"

namespace mestring {
namespace {

using nlohmann::json;

// How often the key file is checked (one stat): a withdrawn key works no longer than this.
constexpr absl::Duration kKeysLookEvery = absl::Seconds(1);
// Tokens remembered at once: more than there are people at work in a municipality, and some 10 MB.
constexpr size_t kRememberedMax = 20000;
// A key set is a few kilobytes; a file beyond this is not one.
constexpr size_t kKeysBytesMax = 1 << 20;
// Below this RSA is breakable (NIST SP 800-131A).
constexpr size_t kRsaBitsMin = 2048;
// The length of one claim: claims are stored in the access log and in tables.
constexpr size_t kClaimLengthMax = 200;
// The prefix of roles in the contract, which a claim leaves out.
constexpr std::string_view kRolePrefix = "ROLE_";

struct FreeKey {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
struct FreeSignature {
  void operator()(cjose_jws_t* signature) const { cjose_jws_release(signature); }
};

struct Key {
  std::unique_ptr<cjose_jwk_t, FreeKey> key;
  std::string material;
};
// By kid and then by algorithm: a provider may list one key for two algorithms, or two keys under one kid.
using Keys = std::map<std::string, std::map<std::string, Key>>;

// A JSON object, or nothing if it is anything else, malformed, or repeats a name anywhere.
std::optional<json> ParseObject(std::string_view text) {
  bool repeated = false;
  std::vector<std::set<std::string>> names;
  auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) names.emplace_back();
    if (event == json::parse_event_t::object_end) names.pop_back();
    if (event == json::parse_event_t::key && !names.back().insert(value.get<std::string>()).second) repeated = true;
    return true;
  };
  json parsed = json::parse(text.begin(), text.end(), watch, /*allow_exceptions=*/false);
  if (repeated || !parsed.is_object()) return std::nullopt;
  return parsed;
}

// Base64url without padding, as RFC 7515 requires; absl's own decoder accepts more.
std::optional<std::string> DecodePart(std::string_view part) {
  const bool clean =
      std::all_of(part.begin(), part.end(), [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
  std::string bytes;
  if (!clean || part.empty() || !absl::WebSafeBase64Unescape(part, &bytes)) return std::nullopt;
  return bytes;
}

// A string claim that is absent ("") or within its bounds; nothing if it is of another type.
std::optional<std::string> StringIn(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return "";
  if (!found->is_string()) return std::nullopt;
  std::string text = found->get<std::string>();
  const bool clean = std::none_of(text.begin(), text.end(), [](char c) { return absl::ascii_iscntrl(c); });
  if (!clean || text.size() > kClaimLengthMax) return std::nullopt;
  return text;
}

// A NumericDate: seconds since 1970, perhaps with a fraction. Absent is `otherwise`.
std::optional<absl::Time> TimeIn(const json& object, const char* name, absl::Time otherwise) {
  const auto found = object.find(name);
  if (found == object.end()) return otherwise;
  if (!found->is_number()) return std::nullopt;
  const double seconds = found->get<double>();
  // The year 9999: a later time is nonsense, and arithmetic with it is not safe.
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 253402300799.0) return std::nullopt;
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

// The algorithm to which a key of the set is pinned, or "" if we do not use the key: it is for another use, symmetric,
// too short, or on another curve.
std::string AlgorithmOf(const json& jwk, const cjose_jwk_t* key) {
  if (jwk.value("use", json("sig")) != json("sig")) return "";
  const auto operations = jwk.find("key_ops");
  if (operations != jwk.end() && (!operations->is_array() || std::find(operations->begin(), operations->end(),
                                                                       json("verify")) == operations->end())) {
    return "";
  }
  const json stated = jwk.value("alg", json(nullptr));
  cjose_err error;
  if (jwk.value("kty", json(nullptr)) == json("RSA")) {
    if (cjose_jwk_get_keysize(key, &error) < kRsaBitsMin) return "";
    if (stated.is_null() || stated == json("RS256")) return CJOSE_HDR_ALG_RS256;
    return stated == json("PS256") ? CJOSE_HDR_ALG_PS256 : "";
  }
  if (jwk.value("kty", json(nullptr)) == json("EC") && jwk.value("crv", json(nullptr)) == json("P-256")) {
    return stated.is_null() || stated == json("ES256") ? CJOSE_HDR_ALG_ES256 : "";
  }
  return "";
}

// The key itself, without the other members of its object.
std::string MaterialOf(const json& jwk) {
  json material;
  for (const char* part : {"kty", "n", "e", "crv", "x", "y"}) material[part] = jwk.value(part, json(nullptr));
  return material.dump(-1, ' ', false, json::error_handler_t::replace);
}

// Adds one key, if we use it. A kid of two keys of one algorithm is doubtful, because nobody could say which of them
// signs.
void AddKey(const json& jwk, Keys& keys, std::set<std::pair<std::string, std::string>>& doubtful) {
  if (!jwk.is_object() || !jwk.contains("kid") || !jwk["kid"].is_string()) return;
  const std::string one = jwk.dump(-1, ' ', false, json::error_handler_t::replace);
  cjose_err error;
  const std::string material = MaterialOf(jwk);
  Key key{std::unique_ptr<cjose_jwk_t, FreeKey>(cjose_jwk_import(one.data(), one.size(), &error)), material};
  if (key.key == nullptr) return;
  const std::string kid = jwk["kid"].get<std::string>(), algorithm = AlgorithmOf(jwk, key.key.get());
  if (algorithm.empty()) return;
  const auto [found, added] = keys[kid].try_emplace(algorithm, std::move(key));
  if (added) return;
  const bool same = found->second.material == material;
  if (!same) doubtful.emplace(kid, algorithm);
  Log(Severity::kWarning, "access.key_skipped",
      {{"kid", kid}, {"alg", algorithm}, {"problem", same ? "it is listed twice" : "another key has its kid"}});
}

// The document comes from others: keys that cannot be used are left out, and the rest works.
absl::StatusOr<Keys> ParseKeys(const std::string& text) {
  const std::optional<json> set = ParseObject(text);
  if (!set || !set->contains("keys") || !(*set)["keys"].is_array()) {
    return absl::FailedPreconditionError("it is not a JSON Web Key Set");
  }
  Keys keys;
  std::set<std::pair<std::string, std::string>> doubtful;
  for (const json& jwk : (*set)["keys"]) AddKey(jwk, keys, doubtful);
  for (const auto& [kid, algorithm] : doubtful) keys[kid].erase(algorithm);
  std::erase_if(keys, [](const auto& of_kid) { return of_kid.second.empty(); });
  if (keys.empty()) {
    return absl::FailedPreconditionError(
        "it holds no key with a kid of its own for RS256, PS256 (2048 bits or more) or ES256");
  }
  return keys;
}

// Changes when the file is another one; follows symbolic links, by which Kubernetes replaces a secret.
struct FileMark {
  ino_t inode = 0;
  off_t size = 0;
  int64_t changed_ns = 0;
  bool operator==(const FileMark&) const = default;
};

FileMark MarkOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_ino, info.st_size, info.st_mtim.tv_sec * int64_t{1000000000} + info.st_mtim.tv_nsec};
}

absl::StatusOr<Keys> ReadKeys(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::FailedPreconditionError(absl::StrCat("the key file ", path, " cannot be read"));
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.size() > kKeysBytesMax) {
    return absl::FailedPreconditionError(absl::StrCat("the key file ", path, " is too large to be one"));
  }
  absl::StatusOr<Keys> keys = ParseKeys(text);
  if (keys.ok()) return keys;
  return absl::FailedPreconditionError(
      absl::StrCat("the key file ", path, " cannot be used: ", keys.status().message()));
}

absl::Status CheckAudience(const json& claims, const std::string& audience) {
  const json aud = claims.value("aud", json(nullptr));
  const bool fits = aud.is_string()  ? aud == json(audience)
                    : aud.is_array() ? std::find(aud.begin(), aud.end(), json(audience)) != aud.end()
                                     : false;
  return fits ? absl::OkStatus() : Unauthenticated("the token is for another audience");
}

// RFC 7515 section 4.1.9: a media type, whose case does not matter, with or without "application/".
bool IsTypeOfToken(const json& typ) {
  if (!typ.is_string()) return false;
  const std::string type = absl::AsciiStrToLower(typ.get<std::string>());
  const absl::string_view short_type = absl::StripPrefix(type, "application/");
  return short_type == "jwt" || short_type == "at+jwt";  // RFC 7519, RFC 9068
}

absl::StatusOr<Caller> CallerIn(const json& claims) {
  Caller caller;
  const std::optional<std::string> subject = StringIn(claims, "sub");
  if (!subject || subject->empty()) return Unauthenticated("the token names no caller (sub)");
  if (HoldsNationalId(*subject)) return Unauthenticated("the token's sub holds a national identity number");
  caller.subject = *subject;

  const json roles = claims.value("roles", json::array());
  if (!roles.is_array()) return Unauthenticated("the token's roles are not a list");
  for (const json& role : roles) {
    if (!role.is_string()) return Unauthenticated("the token's roles are not a list of names");
    const Role known = RoleNamed(role.get<std::string>());
    if (known != access::v1::ROLE_UNSPECIFIED && !caller.Is(known)) caller.roles.push_back(known);
  }

  const std::optional<std::string> person = StringIn(claims, "person_ref");
  if (!person || (!person->empty() && !IsUuid(*person))) return Unauthenticated("the token's person_ref is not a UUID");
  caller.person_ref = *person;

  const std::optional<std::string> organisation = StringIn(claims, "organisation_id");
  if (!organisation || HoldsNationalId(*organisation)) {
    return Unauthenticated("the token's organisation_id is not a code");
  }
  caller.organisation_id = *organisation;
  return caller;
}

}  // namespace

bool Caller::Is(Role role) const { return std::find(roles.begin(), roles.end(), role) != roles.end(); }

bool Caller::IsAny(absl::Span<const Role> any) const {
  return std::any_of(any.begin(), any.end(), [this](Role role) { return Is(role); });
}

struct TokenVerifier::Impl {
  struct Remembered {
    std::shared_ptr<const Caller> caller;
    absl::Time until;
  };

  Options options;
  Mutex mutex;
  std::shared_ptr<const Keys> keys ABSL_GUARDED_BY(mutex);
  FileMark mark ABSL_GUARDED_BY(mutex);
  absl::flat_hash_map<Digest, Remembered> remembered ABSL_GUARDED_BY(mutex);
  std::atomic<int64_t> next_look_ns{0};
  // One signature at a time: cjose does not promise that two threads may use one key, and a flood of bad signatures
  // then takes only one core.
  Mutex one_signature;

  void LookAtKeys();
  // Returns the keys by which the signature is right.
  absl::StatusOr<std::shared_ptr<const Keys>> CheckSignature(std::string_view token, std::string_view header_part);
  // The caller, from the claims of a token whose signature is right.
  absl::StatusOr<Caller> CheckClaims(std::string_view payload_part, absl::Time now) const;
  void Remember(const Digest& hash, const std::shared_ptr<const Caller>& caller, const std::shared_ptr<const Keys>& by,
                absl::Time now);
};

// Reads a changed key file. If it cannot be used (half written, say), the keys stay as they are, and it is read again
// later.
void TokenVerifier::Impl::LookAtKeys() {
  const int64_t now_ns = absl::GetCurrentTimeNanos();
  int64_t next = next_look_ns.load(std::memory_order_relaxed);
  // A clock that was set back must not stop these checks.
  const bool due = now_ns >= next || next - now_ns > absl::ToInt64Nanoseconds(kKeysLookEvery);
  if (!due || !next_look_ns.compare_exchange_strong(next, now_ns + absl::ToInt64Nanoseconds(kKeysLookEvery))) return;
  const FileMark seen = MarkOf(options.jwks_file);
  {
    MutexLock lock(mutex);
    if (seen == mark) return;
  }
  absl::StatusOr<Keys> read = ReadKeys(options.jwks_file);
  if (!read.ok()) {
    Log(Severity::kError, "access.keys_unusable", {{"error", read.status().message()}});
    return;
  }
  MutexLock lock(mutex);
  keys = std::make_shared<const Keys>(*std::move(read));
  mark = seen;
  remembered.clear();
  Log(Severity::kInfo, "access.keys_read", {{"keys", static_cast<int64_t>(keys->size())}});
}

absl::StatusOr<std::shared_ptr<const Keys>> TokenVerifier::Impl::CheckSignature(std::string_view token,
                                                                                std::string_view header_part) {
  const std::optional<std::string> header_text = DecodePart(header_part);
  const std::optional<json> header = header_text ? ParseObject(*header_text) : std::nullopt;
  if (!header) return Unauthenticated("the token's header is not JSON in base64url");
  if (header->contains("crit")) return Unauthenticated("the token demands an extension (crit)");
  if (!IsTypeOfToken(header->value("typ", json("JWT")))) {
    return Unauthenticated("the token is of an unknown type (typ)");
  }
  const json kid = header->value("kid", json(nullptr));
  if (!kid.is_string()) return Unauthenticated("the token names no key (kid)");

  std::shared_ptr<const Keys> set;
  {
    MutexLock lock(mutex);
    set = keys;
  }
  const auto of_kid = set->find(kid.get<std::string>());
  if (of_kid == set->end()) return Unauthenticated("the token is signed by an unknown key");
  const json algorithm = header->value("alg", json(nullptr));
  const auto key = algorithm.is_string() ? of_kid->second.find(algorithm.get<std::string>()) : of_kid->second.end();
  if (key == of_kid->second.end()) return Unauthenticated("the token's algorithm is not that of its key");
  MutexLock lock(one_signature);
  cjose_err error;
  std::unique_ptr<cjose_jws_t, FreeSignature> signature(cjose_jws_import(token.data(), token.size(), &error));
  if (signature == nullptr || !cjose_jws_verify(signature.get(), key->second.key.get(), &error)) {
    return Unauthenticated("the token's signature is wrong");
  }
  return set;
}

absl::StatusOr<Caller> TokenVerifier::Impl::CheckClaims(std::string_view payload_part, absl::Time now) const {
  const std::optional<std::string> text = DecodePart(payload_part);
  const std::optional<json> claims = text ? ParseObject(*text) : std::nullopt;
  if (!claims) return Unauthenticated("the token's claims are not JSON");
  if (claims->value("iss", json(nullptr)) != json(options.issuer)) {
    return Unauthenticated("the token is from another issuer");
  }
  TRY(CheckAudience(*claims, options.audience));
  const std::optional<absl::Time> expires = TimeIn(*claims, "exp", absl::InfinitePast());
  if (!expires || *expires == absl::InfinitePast()) return Unauthenticated("the token does not say when it expires");
  const absl::Time until = *expires + options.leeway;
  if (now >= until) return Unauthenticated("the token has expired");
  const std::optional<absl::Time> not_before = TimeIn(*claims, "nbf", absl::InfinitePast());
  if (!not_before) return Unauthenticated("the token's nbf is not a time");
  if (now < *not_before - options.leeway) return Unauthenticated("the token is not valid yet");
  ASSIGN(Caller caller, CallerIn(*claims));
  caller.issuer = options.issuer;
  caller.until = until;
  return caller;
}

void TokenVerifier::Impl::Remember(const Digest& hash, const std::shared_ptr<const Caller>& caller,
                                   const std::shared_ptr<const Keys>& by, absl::Time now) {
  const absl::Time until = std::min(now + options.remember, caller->until);
  MutexLock lock(mutex);
  if (by != keys) return;  // The keys changed while we looked.
  if (remembered.size() >= kRememberedMax) {
    absl::erase_if(remembered, [now](const auto& entry) { return entry.second.until <= now; });
    if (remembered.size() >= kRememberedMax) remembered.clear();
  }
  remembered[hash] = {caller, until};
}

TokenVerifier::TokenVerifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TokenVerifier::~TokenVerifier() = default;

absl::StatusOr<std::unique_ptr<TokenVerifier>> TokenVerifier::Make(Options options) {
  auto impl = std::make_unique<Impl>();
  const FileMark mark = MarkOf(options.jwks_file);
  ASSIGN(Keys keys, ReadKeys(options.jwks_file));
  impl->options = std::move(options);
  {
    MutexLock lock(impl->mutex);
    impl->mark = mark;
    impl->keys = std::make_shared<const Keys>(std::move(keys));
  }
  return std::unique_ptr<TokenVerifier>(new TokenVerifier(std::move(impl)));
}

absl::StatusOr<std::shared_ptr<const Caller>> TokenVerifier::Verify(std::string_view token, absl::Time now) {
  if (token.empty()) return Unauthenticated("send a token in the metadata: authorization: Bearer <token>");
  if (token.size() > kTokenBytesMax) return Unauthenticated("the token is too large");
  impl_->LookAtKeys();
  const Digest hash = Sha256(token);
  {
    MutexLock lock(impl_->mutex);
    const auto found = impl_->remembered.find(hash);
    if (found != impl_->remembered.end() && now < found->second.until) return found->second.caller;
  }
  const std::vector<std::string_view> parts = absl::StrSplit(token, '.');
  if (parts.size() != 3 || !DecodePart(parts[2])) return Unauthenticated("the token is not a signed JWT");
  ASSIGN(const std::shared_ptr<const Keys> keys, impl_->CheckSignature(token, parts[0]));
  ASSIGN(Caller claimed, impl_->CheckClaims(parts[1], now));
  auto caller = std::make_shared<const Caller>(std::move(claimed));
  impl_->Remember(hash, caller, keys, now);
  return caller;
}

Role RoleNamed(std::string_view name) {
  Role role = access::v1::ROLE_UNSPECIFIED;
  access::v1::Role_Parse(absl::StrCat(kRolePrefix, name), &role);
  return role;
}

std::string RoleName(Role role) { return access::v1::Role_Name(role).substr(kRolePrefix.size()); }

std::string RoleNames(const std::vector<Role>& roles) {
  return absl::StrJoin(roles, ",", [](std::string* out, Role role) { out->append(RoleName(role)); });
}

// Claims hold no control characters (StringIn).
std::string NameOf(const Caller& caller) { return absl::StrCat(caller.issuer, "\n", caller.subject); }

}  // namespace mestring
