// The commands "token" and "token show".
//
// Invariants: showing a token checks no signature and needs no key. It prints what a service will read in it, and
// names three flaws: no key, no caller, expired or without an end.
#include "services/ctl/token_command.h"

#include <unistd.h>

#include <iostream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "services/ctl/failure.h"
#include "services/ctl/table.h"
#include "services/ctl/token.h"

namespace mestring::ctl {
namespace {

// A service takes tokens up to 8 KiB; this only bounds what is read from a pipe.
constexpr size_t kInputBytesMax = 64 << 10;

absl::StatusOr<std::string> Sign(const Arguments& arguments, const Settings& settings) {
  Claims claims = ClaimsOf(settings, settings.identity);
  claims.subject = arguments.Get("--subject");
  if (arguments.Has("--lifetime")) {
    ASSIGN(claims.lifetime, ParseDuration(arguments.Get("--lifetime")));
  }
  ASSIGN(const LocalKey key, KeyOf(settings));
  return key.Sign(claims, absl::Now());
}

// For --as, this makes the token that "token" would make.
absl::StatusOr<std::string> TokenToShow(const Arguments& arguments, const Settings& settings) {
  const std::string& file = arguments.At(0);
  if (file.empty() && !settings.identity.roles.empty()) return Sign(arguments, settings);
  if (!file.empty() && file != "-") {
    Identity identity;
    identity.token_file = file;
    return TokenFor(settings, identity);
  }
  if (file.empty() && settings.identity.given()) return TokenFor(settings, settings.identity);
  if (isatty(STDIN_FILENO) == 1) return Usage("Say which token: FILE, --as ROLE, or on standard input.");
  std::string text(std::istreambuf_iterator<char>(std::cin), {});
  if (text.size() > kInputBytesMax) return Usage("This is longer than a token can be.");
  return std::string(absl::StripAsciiWhitespace(text));
}

std::string Meaning(const std::string& name) {
  static const std::map<std::string, std::string>& meanings = *new std::map<std::string, std::string>{
      {"alg", "how it is signed: RS256, PS256 or ES256, as the key set says of the key"},
      {"kid", "the key of the key set that signed it"},
      {"typ", "JWT, or at+jwt (an access token)"},
      {"iss", "who issued it: MESTRING_TOKEN_ISSUER of the service"},
      {"aud", "for whom: MESTRING_TOKEN_AUDIENCE of the service, alone or in a list"},
      {"sub", "the caller, unique at this issuer"},
      {"roles", "what the caller may do: names of access.Role without ROLE_"},
      {"person_ref", "the caller as a person of the register"},
      {"organisation_id", "for whom the caller acts"},
      {"iat", "issued"},
      {"nbf", "not valid before"},
      {"exp", "not valid from here on"},
  };
  const auto found = meanings.find(name);
  return found == meanings.end() ? "(no service reads it)" : found->second;
}

std::string Shown(const std::string& name, const Json& value, const Settings& settings) {
  const bool time = name == "iat" || name == "nbf" || name == "exp";
  if (time && value.is_number_integer()) {
    return absl::FormatTime("%Y-%m-%d %H:%M:%S %Ez", absl::FromUnixSeconds(value.get<int64_t>()), settings.zone);
  }
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  return absl::StrJoin(value, ", ", [](std::string* out, const Json& element) {
    absl::StrAppend(out, element.is_string() ? element.get<std::string>() : element.dump());
  });
}

// Why no service accepts the token, as far as its text shows; "" if it may be valid.
std::string Flaw(const DecodedToken& token, absl::Time now) {
  if (Text(token.header, "kid").empty()) return "It names no key (kid).";
  if (Text(token.claims, "sub").empty()) return "It names no caller (sub).";
  const auto exp = token.claims.find("exp");
  if (exp == token.claims.end() || !exp->is_number()) return "It does not say when it expires (exp).";
  const absl::Duration left = absl::FromUnixSeconds(exp->get<int64_t>()) - now;
  if (left > absl::ZeroDuration()) return "";
  return absl::StrCat("It expired ", absl::FormatDuration(absl::Trunc(-left, absl::Seconds(1))), " ago.");
}

void PrintText(const DecodedToken& token, const std::string& flaw, const Settings& settings) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [part, object] : {std::pair("header", token.header), std::pair("claims", token.claims)}) {
    for (const auto& [name, value] : object.items()) {
      rows.push_back({part, name, Shown(name, value, settings), Meaning(name)});
    }
  }
  std::cout << AlignedTable(rows);
  std::cout << (flaw.empty() ? "Its signature is not checked here." : "No service takes it: " + flaw) << std::endl;
}

}  // namespace

absl::StatusOr<int> TokenCommand(const Arguments& arguments, const Settings& settings) {
  if (arguments.Has("--init")) {
    TRY(LocalKey::Make(arguments.Get("--init")));
    return kDone;
  }
  if (settings.identity.roles.empty()) return Usage("A token needs roles: --as ROLE[,ROLE].");
  ASSIGN(const std::string token, Sign(arguments, settings));
  std::cout << token << std::endl;
  return kDone;
}

absl::StatusOr<int> TokenShowCommand(const Arguments& arguments, const Settings& settings) {
  ASSIGN(const std::string text, TokenToShow(arguments, settings));
  ASSIGN(const DecodedToken token, DecodeToken(text));
  const std::string flaw = Flaw(token, absl::Now());
  if (settings.json) {
    std::cout << Json({{"header", token.header}, {"claims", token.claims}}).dump() << std::endl;
  } else {
    PrintText(token, flaw, settings);
  }
  return flaw.empty() ? kDone : kNo;
}

}  // namespace mestring::ctl
