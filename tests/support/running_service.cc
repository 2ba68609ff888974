#include "tests/support/running_service.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "tests/support/expect.h"
#include "tests/support/tokens.h"

namespace mestring {
namespace {

// Longer than any test needs, so that only a broken one meets it.
constexpr std::chrono::seconds kDeadline(20);

}  // namespace

RunningService::RunningService(const ServiceDefinition& definition, std::string_view engine,
                               std::function<void(Config&)> adjust)
    : definition_(definition), database_(engine), config_(Config::Defaults(definition.name, definition.ports)) {
  ReplaceFile(jwks_file(), TestKeySet());
  config_.database = database_.url();
  config_.redis_url = "";
  config_.listen = config_.metrics_listen = config_.health_listen = "127.0.0.1:0";
  config_.jwks_file = jwks_file();
  config_.token_issuer = kTestIssuer;
  config_.token_audience = kTestAudience;
  config_.drain_deadline = absl::Seconds(2);
  // A test may let years pass, and then compares what is stored with all that was published.
  config_.log_retention = absl::Hours(24 * 365 * 20);
  config_.clock = &clock_;
  if (adjust) adjust(config_);
  Start();
  // From now on the port is ours.
  config_.listen = address();
  grpc::ChannelArguments arguments;
  // A restart is over in a moment; the default would wait a second before it tries again.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  // Channels of several services in one process must not share connections by accident.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel_ = grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments);
}

RunningService::~RunningService() { Stop(); }

void RunningService::Start() { server_ = Must(Server::Start(definition_, config_)); }

std::string RunningService::address() const { return absl::StrCat("127.0.0.1:", server_->port()); }

void RunningService::Restart() {
  Stop();
  Start();
}

std::unique_ptr<grpc::ClientContext> RunningService::Nobody() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + kDeadline);
  context->set_wait_for_ready(true);
  return context;
}

std::unique_ptr<grpc::ClientContext> RunningService::As(std::initializer_list<Role> roles, std::string person_ref,
                                                        std::string organisation_id, std::string subject) const {
  std::unique_ptr<grpc::ClientContext> context = Nobody();
  context->AddMetadata("authorization", absl::StrCat("Bearer ", Token(roles, std::move(person_ref),
                                                                      std::move(organisation_id), std::move(subject))));
  return context;
}

}  // namespace mestring
