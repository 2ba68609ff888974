#include "tests/support/service_process.h"

#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "tests/support/fake_clock.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

std::shared_ptr<grpc::Channel> Quick(int port) {
  grpc::ChannelArguments arguments;
  // It is back in a moment; the default would wait a second before the next try.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

ProcessOfAnyService::ProcessOfAnyService(TownOfAnyService& town, std::string redis_url)
    : town_(town), redis_url_(std::move(redis_url)), channel_(Quick(port_)) {
  ReplaceFile(folder_.path() + "/offset", absl::StrCat(absl::ToInt64Seconds(FakeClock::Start() - absl::Now())));
}

void ProcessOfAnyService::Start(const std::string& fault) {
  process_.Kill();
  ++starts_;
  const std::string log = absl::StrCat(folder_.path(), "/log-", starts_);
  EXPECT_TRUE(process_.Start(
      {absl::StrCat(SERVICES_FOLDER "/", town_.name(), "/mestring-", town_.name())},
      {absl::StrCat("MESTRING_DATABASE=", town_.service().database().url()),
       absl::StrCat("MESTRING_REDIS_URL=", redis_url_), absl::StrCat("MESTRING_LISTEN=127.0.0.1:", port_),
       "MESTRING_METRICS_LISTEN=127.0.0.1:0", "MESTRING_HEALTH_LISTEN=127.0.0.1:0",
       absl::StrCat("MESTRING_JWKS_FILE=", town_.service().jwks_file()),
       absl::StrCat("MESTRING_TOKEN_ISSUER=", kTestIssuer), absl::StrCat("MESTRING_TOKEN_AUDIENCE=", kTestAudience),
       absl::StrCat("MESTRING_CLOCK_OFFSET_FILE=", folder_.path(), "/offset"),
       absl::StrCat("MESTRING_OWNERS=", town_.service().config().owners), absl::StrCat("FAULT_POINT=", fault)},
      log));
  EXPECT_TRUE(WaitUntil([&] { return !Running() || absl::StrContains(Said(), "service.started"); })) << Said();
  EXPECT_TRUE(Running() || !fault.empty()) << Said();
}

std::string ProcessOfAnyService::Said() const {
  std::ifstream file(absl::StrCat(folder_.path(), "/log-", starts_));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace mestring
