// Settings of the client.
//
// Hides: where a setting comes from. The local run writes .local/mestringctl.json (addresses, the key's folder, the
// subscriber's Redis address); it is found from any folder below, as git finds its own, so that commands work
// without options. The file holds a password of the local Redis: the run sets its mode.
// Invariants: variables are called MESTRINGCTL_…, never MESTRING_…, because a service started from the same shell
// refuses variables that it does not know.
#include "services/ctl/settings.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "services/ctl/failure.h"
#include "services/ctl/json.h"
#include "services/ctl/token.h"
#include "services/ports.h"

namespace mestring::ctl {
namespace {

constexpr std::string_view kFileName = ".local/mestringctl.json";
// A service answers within its own limit of 30 s; a person at a terminal wants to know sooner.
constexpr absl::Duration kDeadline = absl::Seconds(10);

// The nearest .local/mestringctl.json from here upwards; "" if there is none.
std::string FindFile() {
  std::error_code failed;
  for (std::filesystem::path folder = std::filesystem::current_path(failed); !failed && !folder.empty();
       folder = folder.parent_path()) {
    const std::filesystem::path file = folder / kFileName;
    if (std::filesystem::exists(file, failed)) return file.string();
    if (folder == folder.root_path()) break;
  }
  return "";
}

absl::StatusOr<Json> LoadFile(const std::string& path) {
  if (path.empty()) return Json::object();
  const std::optional<std::string> content = ReadFile(path);
  if (!content) {
    return Usage(absl::StrCat("The settings file ", path, " (--config or MESTRINGCTL_CONFIG) cannot be read."));
  }
  std::optional<Json> json = ParseJson(*content);
  if (!json || !json->is_object()) return Usage(absl::StrCat("The settings file ", path, " is not a JSON object."));
  return *std::move(json);
}

// The default addresses on this machine.
std::map<std::string, std::string> DefaultServices() {
  std::map<std::string, std::string> services;
  for (const NamedPorts& service : kServicePorts) {
    services.emplace(service.name, absl::StrCat("127.0.0.1:", service.ports.grpc));
  }
  return services;
}

absl::Status ParseServices(std::string_view text, std::map<std::string, std::string>& services) {
  for (std::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
    if (pair.first.empty() || pair.second.empty()) {
      return Usage("Services are written \"NAME=HOST:PORT,…\".");
    }
    services[std::string(absl::StripAsciiWhitespace(pair.first))] = absl::StripAsciiWhitespace(pair.second);
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> WantsJson(const std::string& output) {
  if (output == "json") return true;
  if (output.empty() || output == "text") return false;
  return Usage("--output is json or text.");
}

}  // namespace

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

const std::vector<Option>& CommonOptions() {
  static const std::vector<Option>& options = *new std::vector<Option>{
      {"--as", "ROLE[,ROLE]", "call under these roles, signed with the local key"},
      {"--person", "REF", "… as this person of the register"},
      {"--organisation", "ID", "… for this organisation, such as nav-sandnes"},
      {"--token-file", "FILE", "call with the token in this file instead (MESTRINGCTL_TOKEN_FILE)"},
      {"--services", "NAME=HOST:PORT,…", "where services answer (MESTRINGCTL_SERVICES)"},
      {"--keys", "FOLDER", "of the local key (MESTRINGCTL_KEYS)"},
      {"--redis", "URL", "the bus, for a reader (MESTRINGCTL_REDIS)"},
      {"--ca", "FILE", "speak TLS and trust this authority (MESTRINGCTL_CA)"},
      {"--config", "FILE", "settings; found as .local/mestringctl.json from here upwards (MESTRINGCTL_CONFIG)"},
      {"--deadline", "TIME", "give up after, such as 500ms or 10s (the default)"},
      {"--wait", "", "wait for a service that does not answer yet, up to the deadline"},
      {"--output", "json|text", "how results are printed (MESTRINGCTL_OUTPUT)"},
      {"--help", "", "this text"},
  };
  return options;
}

absl::StatusOr<absl::Duration> ParseDuration(std::string_view text) {
  int64_t days = 0;
  absl::Duration duration;
  if (absl::EndsWith(text, "d") && absl::SimpleAtoi(text.substr(0, text.size() - 1), &days) && days >= 0) {
    return absl::Hours(24) * days;
  }
  if (absl::ParseDuration(text, &duration) && duration >= absl::ZeroDuration()) return duration;
  return Usage(absl::StrCat("\"", text, "\" is not a length of time, such as 500ms, 10s, 2h or 60d."));
}

absl::StatusOr<Settings> LoadSettings(const Arguments& arguments,
                                      const std::function<std::string(const std::string&)>& variable) {
  Settings settings;
  settings.config_file = arguments.Get("--config", variable("MESTRINGCTL_CONFIG"));
  if (settings.config_file.empty()) settings.config_file = FindFile();
  ASSIGN(const Json file, LoadFile(settings.config_file));
  const auto setting = [&](std::string_view option, const char* name, const char* member, std::string_view fallback) {
    if (arguments.Has(option)) return arguments.Get(option);
    if (std::string value = *name != '\0' ? variable(name) : ""; !value.empty()) return value;
    std::string value = Text(file, member);
    return value.empty() ? std::string(fallback) : value;
  };
  settings.keys = setting("--keys", "MESTRINGCTL_KEYS", "keys", ".local/keys");
  settings.redis = setting("--redis", "MESTRINGCTL_REDIS", "redis", "redis://127.0.0.1:7379");
  settings.ca_file = setting("--ca", "MESTRINGCTL_CA", "ca", "");
  settings.municipality = setting("", "MESTRINGCTL_MUNICIPALITY", "municipality", "1108");
  settings.clock_file = setting("--clock-file", "MESTRINGCTL_CLOCK_FILE", "clock_file", "");
  settings.issuer = setting("--issuer", "MESTRINGCTL_ISSUER", "issuer", Claims().issuer);
  settings.audience = setting("--audience", "MESTRINGCTL_AUDIENCE", "audience", Claims().audience);

  const std::string zone = setting("--zone", "MESTRINGCTL_TIME_ZONE", "time_zone", "Europe/Oslo");
  if (!absl::LoadTimeZone(zone, &settings.zone)) return Usage(absl::StrCat("There is no time zone ", zone, "."));

  if (auto services = file.find("services"); services != file.end() && services->is_object()) {
    for (const auto& [name, address] : services->items()) {
      if (address.is_string()) settings.services[name] = address.get<std::string>();
    }
  }
  TRY(ParseServices(variable("MESTRINGCTL_SERVICES"), settings.services));
  TRY(ParseServices(arguments.Get("--services"), settings.services));
  if (settings.services.empty()) settings.services = DefaultServices();

  if (arguments.Has("--as")) {
    ASSIGN(settings.identity.roles, ParseRoles(arguments.Get("--as")));
  } else {
    settings.identity.token_file = arguments.Get("--token-file", variable("MESTRINGCTL_TOKEN_FILE"));
  }
  settings.identity.person_ref = arguments.Get("--person");
  settings.identity.organisation_id = arguments.Get("--organisation");
  ASSIGN(settings.deadline, ParseDuration(arguments.Get("--deadline", absl::FormatDuration(kDeadline))));
  settings.deadline_given = arguments.Has("--deadline");
  settings.wait = arguments.Has("--wait");
  ASSIGN(settings.json, WantsJson(arguments.Get("--output", variable("MESTRINGCTL_OUTPUT"))));
  settings.colour = !settings.json && isatty(STDOUT_FILENO) == 1 && variable("NO_COLOR").empty();
  return settings;
}

absl::StatusOr<LocalKey> KeyOf(const Settings& settings) {
  absl::StatusOr<LocalKey> key = LocalKey::Open(settings.keys);
  if (key.ok() || !settings.config_file.empty()) return key;
  return Usage(absl::StrCat(key.status().message(), " ", kNoSettingsFile));
}

Claims ClaimsOf(const Settings& settings, const Identity& identity) {
  Claims claims;
  claims.roles = identity.roles;
  claims.person_ref = identity.person_ref;
  claims.organisation_id = identity.organisation_id;
  claims.issuer = settings.issuer;
  claims.audience = settings.audience;
  return claims;
}

absl::StatusOr<std::string> TokenFor(const Settings& settings, const Identity& identity) {
  if (!identity.given()) return "";
  if (identity.roles.empty()) {
    const std::optional<std::string> content = ReadFile(identity.token_file);
    if (!content) {
      return Usage(absl::StrCat("The token's file ", identity.token_file,
                                " (--token-file or MESTRINGCTL_TOKEN_FILE) cannot be read."));
    }
    const std::string token(absl::StripAsciiWhitespace(*content));
    if (!DecodeToken(token).ok()) {
      return Usage(
          absl::StrCat("The file ", identity.token_file,
                       " (--token-file or MESTRINGCTL_TOKEN_FILE) holds no token: one word, a JWT in compact form."));
    }
    return token;
  }
  ASSIGN(const LocalKey key, KeyOf(settings));
  return key.Sign(ClaimsOf(settings, identity), absl::Now());
}

}  // namespace mestring::ctl
