// The configuration of a service: environment variables, each declared once, with default and help.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mestring {

class Clock;

// On which ports a service listens.
struct Ports {
  int grpc = 0, metrics = 0, health = 0;
};

// Field = variable: `redis_url` is MESTRING_REDIS_URL. The table with defaults, units and help is in
// config.cc; `--help` prints it and the README's table is generated from it.
struct Config {
  std::string service;
  std::string database;   // "sqlite:housing.db", or "postgresql:…"
  std::string redis_url;  // empty: no bus; the log still fills
  std::string listen;     // "127.0.0.1:50051"
  std::string metrics_listen;
  std::string health_listen;
  std::string municipality = "1108";
  std::string event_source = "https://mestring.local";
  std::string time_zone = "Europe/Oslo";
  std::string jwks_file;
  std::string token_issuer;
  std::string token_audience;
  std::string token_file;  // our own token for calls to owners of streams; read for each call
  std::string tls_certificate_file, tls_key_file, tls_client_ca_file;  // empty: plain, loopback only
  std::string owners;  // "first=127.0.0.1:50051,second=…": where the owners of streams answer
  std::string log_hash_key;
  std::string clock_offset_file;
  bool reflection = false;
  int calls_max = 2048;  // unary RPCs that are at work or wait; beyond them RESOURCE_EXHAUSTED
  absl::Duration stream_window, log_retention, access_log_retention;
  absl::Duration drain_delay, drain_deadline;

  const Clock* clock = nullptr;  // of tests; null: the machine's clock

  // A configuration with every default, for a service's ports.
  static Config Defaults(std::string_view service, Ports ports);
  // From "NAME=value" strings (environ). Unknown MESTRING_ variables and bad values are errors that name them.
  static absl::StatusOr<Config> FromEnvironment(std::string_view service, Ports ports,
                                                const std::vector<std::string>& environment);
  // Where the owner of a service's stream answers, "" if `owners` does not say.
  std::string OwnerOf(std::string_view service) const;
  static std::string Help(std::string_view service, Ports ports, bool markdown);
};

}  // namespace mestring
