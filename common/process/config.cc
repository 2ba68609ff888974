#include "common/process/config.h"

// The configuration, as one table.
//
// Each variable is one line: its field, how its text is read, and what it means. Reading, errors, --help and the
// README's table all use that line, so they agree. The settings are environment variables and not a file, because a
// container, a unit file and a shell can all set them. An unknown variable that begins with MESTRING_ stops the start:
// a misspelt setting must not be ignored in silence.

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "common/events/stream.h"
#include "common/store/database.h"
#include "re2/re2.h"

namespace mestring {
namespace {

constexpr std::string_view kPrefix = "MESTRING_";

// Each call that waits has its request in memory, of some kilobytes.
constexpr int kCallsMost = 100000;

// The longest time for which a municipality could want to look back. The stream may hold as much as the log, so both
// have this limit; a rehearsal that moves its clock by years needs it.
constexpr absl::Duration kEventsKeptMax = absl::Hours(24 * 366 * 10);

// Every entry of the stream has it twice.
constexpr size_t kSourceLengthMax = 200;

// Reads the text of a variable into its field; the error says what the value must be.
using Read = std::function<absl::Status(Config*, const std::string&)>;

struct Variable {
  std::string_view name;  // without MESTRING_
  std::string_view help;
  std::string (*show)(const Config&);  // the field as text: the default, in the table
  Read read;
};

absl::Status MustBe(std::string_view what) { return absl::InvalidArgumentError(absl::StrCat("must be ", what)); }

Read Text(std::string Config::*field) {
  return [field](Config* config, const std::string& text) {
    config->*field = text;
    return absl::OkStatus();
  };
}

Read NonEmpty(std::string Config::*field, std::string_view what) {
  return [field, what](Config* config, const std::string& text) {
    if (text.empty()) return MustBe(what);
    config->*field = text;
    return absl::OkStatus();
  };
}

// "host:port"; the host may be an IPv6 address in brackets, the port 0 (any free one).
Read Address(std::string Config::*field) {
  return [field](Config* config, const std::string& text) {
    const size_t colon = text.rfind(':');
    int port = -1;
    if (colon == std::string::npos || colon == 0 || !absl::SimpleAtoi(text.substr(colon + 1), &port) || port < 0 ||
        port > 65535) {
      return MustBe("an address such as 127.0.0.1:50051");
    }
    config->*field = text;
    return absl::OkStatus();
  };
}

Read Database(std::string Config::*field) {
  return [field](Config* config, const std::string& text) {
    if (!mestring::Database::CheckUrl(text).ok())
      return MustBe("\"sqlite:<file>\", without \"=\" in it, or \"postgresql:<connection>\"");
    config->*field = text;
    return absl::OkStatus();
  };
}

Read Redis(std::string Config::*field) {
  return [field](Config* config, const std::string& text) {
    if (!text.empty() && !CheckRedisUrl(text).ok()) {
      return MustBe("\"redis://[user:password@]host:port\", \"unix:<path>\", or empty for no bus");
    }
    config->*field = text;
    return absl::OkStatus();
  };
}

Read Digits(std::string Config::*field, size_t count) {
  return [field, count](Config* config, const std::string& text) {
    if (text.size() != count || !std::all_of(text.begin(), text.end(), absl::ascii_isdigit)) {
      return MustBe(absl::StrCat(count, " digits"));
    }
    config->*field = text;
    return absl::OkStatus();
  };
}

// RFC 3986: a scheme and a text after it. No slash at the end, because the service appends a path.
Read AbsoluteUri(std::string Config::*field) {
  return [field](Config* config, const std::string& text) {
    static const RE2& kAbsolute = *new RE2(R"([a-z][a-z0-9+.-]*:[!-~]*[!-.0-~])");
    if (text.size() > kSourceLengthMax || !RE2::FullMatch(text, kAbsolute)) {
      return MustBe(absl::StrCat("an absolute URI of at most ", kSourceLengthMax,
                                 " characters without a slash at its end, such as https://recovery.example.org"));
    }
    config->*field = text;
    return absl::OkStatus();
  };
}

Read TimeZone(std::string Config::*field) {
  return [field](Config* config, const std::string& text) {
    absl::TimeZone zone;
    if (!absl::LoadTimeZone(text, &zone)) return MustBe("a time zone of this machine, such as Europe/Oslo");
    config->*field = text;
    return absl::OkStatus();
  };
}

// "first=127.0.0.1:50051,second=…"
Read Owners(std::string Config::*field) {
  return [field](Config* config, const std::string& text) {
    for (absl::string_view pair : absl::StrSplit(text, ',', absl::SkipEmpty())) {
      const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
      if (parts.first.empty() || !absl::StrContains(parts.second, ":")) {
        return MustBe("a list such as first=127.0.0.1:50051,second=127.0.0.1:50052");
      }
    }
    config->*field = text;
    return absl::OkStatus();
  };
}

Read Switch(bool Config::*field) {
  return [field](Config* config, const std::string& text) {
    if (text != "true" && text != "false") return MustBe("true or false");
    config->*field = text == "true";
    return absl::OkStatus();
  };
}

Read Count(int Config::*field, int min, int max) {
  return [field, min, max](Config* config, const std::string& text) {
    int number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < min || number > max) {
      return MustBe(absl::StrCat("a number from ", min, " to ", max));
    }
    config->*field = number;
    return absl::OkStatus();
  };
}

Read Duration(absl::Duration Config::*field, absl::Duration min, absl::Duration max) {
  return [field, min, max](Config* config, const std::string& text) {
    absl::Duration duration;
    if (!absl::ParseDuration(text, &duration) || duration < min || duration > max) {
      return MustBe(absl::StrCat("a time such as 90m or 168h, from ", absl::FormatDuration(min), " to ",
                                 absl::FormatDuration(max)));
    }
    config->*field = duration;
    return absl::OkStatus();
  };
}

template <auto Field>
std::string Show(const Config& config) {
  return config.*Field;
}
template <absl::Duration Config::*Field>
std::string ShowDuration(const Config& config) {
  return absl::FormatDuration(config.*Field);
}

// Addresses, files and credentials.
std::vector<Variable> Places() {
  return {
      {"DATABASE",
       "The service's own database: \"sqlite:<file>\", right for one replica, or \"postgresql:<connection>\".",
       Show<&Config::database>, Database(&Config::database)},
      {"REDIS_URL",
       "The event bus: \"redis://[user:password@]host:port\" or \"unix:<path>\". Empty: no bus; the log fills.",
       Show<&Config::redis_url>, Redis(&Config::redis_url)},
      {"LISTEN", "Address of the gRPC port. Without TLS only a loopback address.", Show<&Config::listen>,
       Address(&Config::listen)},
      {"METRICS_LISTEN", "Address of the HTTP port with /metrics, /healthz and /status.", Show<&Config::metrics_listen>,
       Address(&Config::metrics_listen)},
      {"HEALTH_LISTEN", "Address of the plain gRPC port that serves only grpc.health.v1, for probes.",
       Show<&Config::health_listen>, Address(&Config::health_listen)},
      {"MUNICIPALITY", "Number of the municipality; part of the stream's key.", Show<&Config::municipality>,
       Digits(&Config::municipality, 4)},
      {"EVENT_SOURCE",
       "Which installation events come from, as an absolute URI: the `source` of an event begins with it. Never change "
       "it.",
       Show<&Config::event_source>, AbsoluteUri(&Config::event_source)},
      {"TIME_ZONE", "The municipality's time zone, in which dates are meant.", Show<&Config::time_zone>,
       TimeZone(&Config::time_zone)},
      {"JWKS_FILE", "The keys that sign callers' tokens (JSON Web Key Set); re-read when it changes.",
       Show<&Config::jwks_file>, NonEmpty(&Config::jwks_file, "the path of a file")},
      {"TOKEN_ISSUER", "The `iss` that a token must have.", Show<&Config::token_issuer>,
       NonEmpty(&Config::token_issuer, "the name of an issuer")},
      {"TOKEN_AUDIENCE", "The `aud` that a token must have.", Show<&Config::token_audience>,
       NonEmpty(&Config::token_audience, "the name of an audience")},
      {"TOKEN_FILE", "Our own token, to ask the owners of streams; read anew for each call.", Show<&Config::token_file>,
       Text(&Config::token_file)},
      {"TLS_CERTIFICATE_FILE", "Certificate chain (PEM); re-read when it changes. Empty: plain text, on loopback only.",
       Show<&Config::tls_certificate_file>, Text(&Config::tls_certificate_file)},
      {"TLS_KEY_FILE", "Its private key (PEM).", Show<&Config::tls_key_file>, Text(&Config::tls_key_file)},
      {"TLS_CLIENT_CA_FILE",
       "Callers must show a certificate of this authority (mutual TLS); also checks the owners of streams.",
       Show<&Config::tls_client_ca_file>, Text(&Config::tls_client_ca_file)},
      {"OWNERS", "Where the owners of streams answer: \"<service>=<host>:<port>,…\".", Show<&Config::owners>,
       Owners(&Config::owners)},
      {"LOG_HASH_KEY", "Keys the hash under which a caller appears in log lines. Empty: a new one at each start.",
       Show<&Config::log_hash_key>, Text(&Config::log_hash_key)},
      {"CLOCK_OFFSET_FILE", "For rehearsals: a file with the seconds to add to the clock; re-read every second.",
       Show<&Config::clock_offset_file>, Text(&Config::clock_offset_file)},
  };
}

// Behaviour.
std::vector<Variable> Habits() {
  return {
      {"REFLECTION", "Serve gRPC reflection, which lists the RPCs to anybody who can connect.",
       [](const Config& config) { return std::string(config.reflection ? "true" : "false"); },
       Switch(&Config::reflection)},
      {"CALLS_MAX", "Unary RPCs that are at work or wait; beyond them RESOURCE_EXHAUSTED.",
       [](const Config& config) { return absl::StrCat(config.calls_max); }, Count(&Config::calls_max, 1, kCallsMost)},
      {"STREAM_WINDOW", "How long events stay on the Redis stream.", ShowDuration<&Config::stream_window>,
       Duration(&Config::stream_window, absl::Minutes(1), kEventsKeptMax)},
      {"LOG_RETENTION", "How long events stay in the service's log.", ShowDuration<&Config::log_retention>,
       Duration(&Config::log_retention, absl::Minutes(1), kEventsKeptMax)},
      {"ACCESS_LOG_RETENTION", "How long a person can see who looked at their data.",
       ShowDuration<&Config::access_log_retention>,
       Duration(&Config::access_log_retention, absl::Hours(24), absl::Hours(24 * 366 * 20))},
      {"DRAIN_DELAY", "At a stop: how long health says NOT_SERVING before anything is closed.",
       ShowDuration<&Config::drain_delay>, Duration(&Config::drain_delay, absl::ZeroDuration(), absl::Minutes(5))},
      {"DRAIN_DEADLINE", "At a stop: how long RPCs under way may take to end.", ShowDuration<&Config::drain_deadline>,
       Duration(&Config::drain_deadline, absl::ZeroDuration(), absl::Minutes(5))},
  };
}

const std::vector<Variable>& Table() {
  static const auto& table = *[] {
    auto* const all = new std::vector<Variable>(Places());
    for (Variable& variable : Habits()) all->push_back(std::move(variable));
    return all;
  }();
  return table;
}

// Checks that involve more than one variable.
absl::Status CheckWhole(const Config& config) {
  if (config.tls_certificate_file.empty() != config.tls_key_file.empty()) {
    return absl::InvalidArgumentError("set both MESTRING_TLS_CERTIFICATE_FILE and MESTRING_TLS_KEY_FILE, or neither");
  }
  if (!config.tls_client_ca_file.empty() && config.tls_certificate_file.empty()) {
    return absl::InvalidArgumentError("MESTRING_TLS_CLIENT_CA_FILE needs MESTRING_TLS_CERTIFICATE_FILE");
  }
  if (config.stream_window > config.log_retention) {
    return absl::InvalidArgumentError("MESTRING_STREAM_WINDOW must not be longer than MESTRING_LOG_RETENTION");
  }
  return absl::OkStatus();
}

}  // namespace

Config Config::Defaults(std::string_view service, Ports ports) {
  Config config;
  config.service = std::string(service);
  config.database = absl::StrCat("sqlite:", service, ".db");
  config.redis_url = "redis://127.0.0.1:7379";
  config.listen = absl::StrCat("127.0.0.1:", ports.grpc);
  config.metrics_listen = absl::StrCat("127.0.0.1:", ports.metrics);
  config.health_listen = absl::StrCat("127.0.0.1:", ports.health);
  config.jwks_file = "jwks.json";
  config.token_issuer = "mestring-local";
  config.token_audience = "mestring";
  config.stream_window = absl::Hours(24 * 7);
  config.log_retention = absl::Hours(24 * 90);
  // Usage logs of health services are kept for five years (Normen).
  config.access_log_retention = absl::Hours(24 * 365 * 5);
  config.drain_delay = absl::ZeroDuration();
  config.drain_deadline = absl::Seconds(20);
  return config;
}

absl::StatusOr<Config> Config::FromEnvironment(std::string_view service, Ports ports,
                                               const std::vector<std::string>& environment) {
  Config config = Defaults(service, ports);
  for (const std::string& entry : environment) {
    if (!absl::StartsWith(entry, kPrefix)) continue;
    const std::pair<std::string, std::string> pair = absl::StrSplit(entry, absl::MaxSplits('=', 1));
    const auto& table = Table();
    const auto variable = std::find_if(table.begin(), table.end(), [&pair](const Variable& candidate) {
      return pair.first == absl::StrCat(kPrefix, candidate.name);
    });
    if (variable == table.end()) {
      return absl::InvalidArgumentError(absl::StrCat(pair.first, " is not a variable of this program; see --help"));
    }
    // The error does not repeat the value, which may hold a password.
    const absl::Status read = variable->read(&config, pair.second);
    if (!read.ok()) return absl::InvalidArgumentError(absl::StrCat(pair.first, " ", read.message()));
  }
  const absl::Status whole = CheckWhole(config);
  if (!whole.ok()) return whole;
  return config;
}

std::string Config::Help(std::string_view service, Ports ports, bool markdown) {
  const Config defaults = Defaults(service, ports);
  std::string text;
  if (markdown) {
    text = "| Variable | Default | Meaning |\n|---|---|---|\n";
  } else {
    text = absl::StrCat("mestring-", service, ": configured by environment variables\n\n");
  }
  for (const Variable& variable : Table()) {
    const std::string value = variable.show(defaults);
    if (markdown) {
      absl::StrAppend(&text, "| `", kPrefix, variable.name, "` | ", value.empty() ? "" : absl::StrCat("`", value, "`"),
                      " | ", absl::StrReplaceAll(variable.help, {{"<", "\\<"}}), " |\n");  // "<file>" is no tag
    } else {
      absl::StrAppend(&text, "  ", kPrefix, variable.name, value.empty() ? "" : absl::StrCat("  [", value, "]"),
                      "\n      ", variable.help, "\n");
    }
  }
  return text;
}

std::string Config::OwnerOf(std::string_view service) const {
  for (absl::string_view pair : absl::StrSplit(owners, ',', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (parts.first == absl::string_view(service)) return std::string(parts.second);
  }
  return "";
}

}  // namespace mestring
