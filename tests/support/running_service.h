// A service started for real inside a test: its own database, its own keys, free ports, a clock that
// obeys, and no Redis unless one is given. Tests speak to it through stubs.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "common/process/config.h"
#include "common/process/server.h"
#include "common/rpc/token.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "tests/support/databases.h"
#include "tests/support/fake_clock.h"
#include "tests/support/process.h"

namespace mestring {

class RunningService {
 public:
  // `engine`: "sqlite" or "postgresql". `adjust` may change the configuration before the start, for
  // instance set redis_url. Throws if the service does not start, which fails the test.
  explicit RunningService(const ServiceDefinition& definition, std::string_view engine = "sqlite",
                          std::function<void(Config&)> adjust = nullptr);
  ~RunningService();

  // Connected to the service; survives Restart().
  std::shared_ptr<grpc::Channel> channel() const { return channel_; }
  // A context with a token of these roles and a deadline of 20 s.
  std::unique_ptr<grpc::ClientContext> As(std::initializer_list<Role> roles, std::string person_ref = "",
                                          std::string organisation_id = "", std::string subject = "test-caller") const;
  // The same without a token, to add one's own.
  static std::unique_ptr<grpc::ClientContext> Nobody();

  FakeClock& clock() { return clock_; }
  Server& server() { return *server_; }
  Kernel& kernel() { return server_->kernel(); }
  Database& db() { return kernel().db; }
  Config& config() { return config_; }
  TestDatabase& database() { return database_; }
  std::string jwks_file() const { return folder_.path() + "/jwks.json"; }
  std::string address() const;

  // Stops, and starts again on the same database and port.
  void Restart();
  void Stop() { server_.reset(); }

 private:
  void Start();

  const ServiceDefinition definition_;
  TempFolder folder_;
  TestDatabase database_;
  FakeClock clock_;
  Config config_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace mestring
