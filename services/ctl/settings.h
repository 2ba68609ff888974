// Where the services are, who calls, and how to print: from options, the environment, the file that the local run
// leaves behind, and built-in defaults, in this order.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/ctl/arguments.h"
#include "services/ctl/token.h"

namespace mestring::ctl {

// The identity of the caller. Empty: without a token.
struct Identity {
  std::vector<std::string> roles;  // signed on the fly with the local key
  std::string person_ref;
  std::string organisation_id;
  std::string token_file;  // instead: a token from elsewhere

  bool given() const { return !roles.empty() || !token_file.empty(); }
};

struct Settings {
  std::string config_file;                      // which was read; "" if there was none
  std::map<std::string, std::string> services;  // "housing" -> "127.0.0.1:50051"
  std::string keys;                             // folder of the local key
  std::string redis;                            // of the subscriber, read-only
  std::string municipality;
  absl::TimeZone zone;  // of the municipality, for dates and times that are shown
  std::string issuer, audience;
  std::string ca_file;     // TLS; empty: plain text
  std::string clock_file;  // of a rehearsal; empty: time cannot be moved
  Identity identity;
  absl::Duration deadline;
  bool deadline_given = false;
  bool wait = false;
  bool json = false;
  bool colour = false;
  bool quiet = false;  // no remarks on standard error: for calls that a story makes
};

// For an error whose cause may be a missing settings file: where this program looks for one, and what to do.
inline constexpr std::string_view kNoSettingsFile =
    "No settings file was found (.local/mestringctl.json from here upwards): if the local run was started with --data "
    "FOLDER, say export MESTRINGCTL_CONFIG=FOLDER/mestringctl.json.";

// Every command takes these.
const std::vector<Option>& CommonOptions();

// `variable` looks up the environment ("" if unset).
absl::StatusOr<Settings> LoadSettings(const Arguments& arguments,
                                      const std::function<std::string(const std::string&)>& variable);

// "500ms", "10s", "60d": like absl::ParseDuration, and days.
absl::StatusOr<absl::Duration> ParseDuration(std::string_view text);

// The local key of these settings.
absl::StatusOr<LocalKey> KeyOf(const Settings& settings);

// The content of a file; none if it cannot be read.
std::optional<std::string> ReadFile(const std::string& path);
// What a token of this identity says, if the local key signs it.
Claims ClaimsOf(const Settings& settings, const Identity& identity);
// The signed token of an identity, "" for none.
absl::StatusOr<std::string> TokenFor(const Settings& settings, const Identity& identity);

}  // namespace mestring::ctl
