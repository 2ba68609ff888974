#include "common/process/config.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"

namespace mestring {
namespace {

constexpr Ports kPorts = {.grpc = 5001, .metrics = 5002, .health = 5003};

absl::StatusOr<Config> Read(const std::vector<std::string>& environment) {
  return Config::FromEnvironment("housing", kPorts, environment);
}

TEST(ConfigTest, WithoutVariablesEverythingHasItsDefault) {
  const auto config = Read({"PATH=/bin", "HOME=/root"});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->service, "housing");
  EXPECT_EQ(config->database, "sqlite:housing.db");
  EXPECT_EQ(config->listen, "127.0.0.1:5001");
  EXPECT_EQ(config->metrics_listen, "127.0.0.1:5002");
  EXPECT_EQ(config->health_listen, "127.0.0.1:5003");
  EXPECT_EQ(config->redis_url, "redis://127.0.0.1:7379");
  EXPECT_EQ(config->stream_window, absl::Hours(7 * 24));
  EXPECT_EQ(config->log_retention, absl::Hours(90 * 24));
  EXPECT_FALSE(config->reflection);
}

TEST(ConfigTest, EachVariableSetsItsField) {
  const auto config =
      Read({"MESTRING_DATABASE=postgresql://u@h/db", "MESTRING_REDIS_URL=", "MESTRING_LISTEN=[::1]:8000",
            "MESTRING_MUNICIPALITY=0301", "MESTRING_EVENT_SOURCE=https://recovery.oslo.example",
            "MESTRING_TIME_ZONE=Europe/Helsinki", "MESTRING_CALLS_MAX=8", "MESTRING_REFLECTION=true",
            "MESTRING_STREAM_WINDOW=1h30m", "MESTRING_LOG_HASH_KEY=a=b=c",
            "MESTRING_OWNERS=peer_support=127.0.0.1:5004,council=council:5005"});
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->database, "postgresql://u@h/db");
  EXPECT_EQ(config->redis_url, "");
  EXPECT_EQ(config->listen, "[::1]:8000");
  EXPECT_EQ(config->municipality, "0301");
  EXPECT_EQ(config->event_source, "https://recovery.oslo.example");
  EXPECT_EQ(config->time_zone, "Europe/Helsinki");
  EXPECT_EQ(config->calls_max, 8);
  EXPECT_TRUE(config->reflection);
  EXPECT_EQ(config->stream_window, absl::Minutes(90));
  EXPECT_EQ(config->log_hash_key, "a=b=c");
}

TEST(ConfigTest, AnUnknownVariableIsNamed) {
  const auto config = Read({"MESTRING_LISTN=127.0.0.1:1"});
  ASSERT_FALSE(config.ok());
  EXPECT_TRUE(absl::StrContains(config.status().message(), "MESTRING_LISTN"));
}

TEST(ConfigTest, ABadValueIsNamedAndNotRepeated) {
  for (const std::string entry : {"MESTRING_DATABASE=mysql:secret",
                                  "MESTRING_DATABASE=sqlite:",
                                  "MESTRING_DATABASE=sqlite::memory:",
                                  "MESTRING_DATABASE=postgresql:",
                                  "MESTRING_REDIS_URL=http://secret",
                                  "MESTRING_REDIS_URL=redis://secret",
                                  "MESTRING_REDIS_URL=redis://:6379",
                                  "MESTRING_REDIS_URL=redis://user:%zz@secret:6379",
                                  "MESTRING_REDIS_URL=unix:",
                                  "MESTRING_LISTEN=5001",
                                  "MESTRING_LISTEN=host:",
                                  "MESTRING_LISTEN=host:99999",
                                  "MESTRING_LISTEN=:5001",
                                  "MESTRING_MUNICIPALITY=11o8",
                                  "MESTRING_MUNICIPALITY=108",
                                  "MESTRING_EVENT_SOURCE=/municipalities",
                                  "MESTRING_EVENT_SOURCE=https://recovery.oslo.example/",
                                  "MESTRING_EVENT_SOURCE=https://a b",
                                  "MESTRING_TIME_ZONE=Europe/Sandnes",
                                  "MESTRING_CALLS_MAX=0",
                                  "MESTRING_CALLS_MAX=many",
                                  "MESTRING_CALLS_MAX=1000000",
                                  "MESTRING_REFLECTION=yes",
                                  "MESTRING_STREAM_WINDOW=7",
                                  "MESTRING_STREAM_WINDOW=-1h",
                                  "MESTRING_LOG_RETENTION=1s",
                                  "MESTRING_OWNERS=council",
                                  "MESTRING_OWNERS==host:1",
                                  "MESTRING_JWKS_FILE=",
                                  "MESTRING_TOKEN_ISSUER="}) {
    const auto config = Read({entry});
    ASSERT_FALSE(config.ok()) << entry;
    EXPECT_TRUE(absl::StartsWith(config.status().message(), entry.substr(0, entry.find('=')))) << entry;
    EXPECT_FALSE(absl::StrContains(config.status().message(), "secret")) << entry;
  }
}

TEST(ConfigTest, VariablesThatBelongTogetherAreWantedTogether) {
  EXPECT_FALSE(Read({"MESTRING_TLS_CERTIFICATE_FILE=a"}).ok());
  EXPECT_FALSE(Read({"MESTRING_TLS_KEY_FILE=a"}).ok());
  EXPECT_FALSE(Read({"MESTRING_TLS_CLIENT_CA_FILE=a"}).ok());
  EXPECT_FALSE(Read({"MESTRING_STREAM_WINDOW=2h", "MESTRING_LOG_RETENTION=1h"}).ok());
  EXPECT_TRUE(Read({"MESTRING_TLS_CERTIFICATE_FILE=a", "MESTRING_TLS_KEY_FILE=b"}).ok());
  EXPECT_TRUE(Read({"MESTRING_STREAM_WINDOW=26280h", "MESTRING_LOG_RETENTION=26280h"}).ok());
}

TEST(ConfigTest, TheHelpNamesEveryVariableAndItsDefaultsAreTaken) {
  const std::string table = Config::Help("housing", kPorts, /*markdown=*/true);
  std::vector<std::string> environment;
  int variables = 0;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(table, '\n'))) {
    const std::vector<std::string> cells = absl::StrSplit(line, " | ");
    if (!absl::StartsWith(line, "| `MESTRING_")) continue;
    ASSERT_EQ(cells.size(), 3u) << line;
    ++variables;
    const std::string name = cells[0].substr(3, cells[0].size() - 4);
    EXPECT_TRUE(absl::StrContains(Config::Help("housing", kPorts, false), name));
    if (cells[1].size() > 2) environment.push_back(name + "=" + cells[1].substr(1, cells[1].size() - 2));
  }
  EXPECT_GE(variables, 20);
  EXPECT_TRUE(Read(environment).ok()) << Read(environment).status();
}

}  // namespace
}  // namespace mestring
