// Calls to one service. Its contract comes from its own reflection, or else from the contracts of this program.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "services/ctl/contract.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

// One server. Not thread-safe.
class Client {
 public:
  // `target`: the name of a configured service, or host:port. Does not connect yet.
  static absl::StatusOr<std::unique_ptr<Client>> Open(const Settings& settings, std::string_view target);

  std::shared_ptr<grpc::Channel> channel() const { return channel_; }
  // Puts token, deadline and waiting on a call. A stream has no deadline unless the user gave one.
  absl::Status Prepare(const Identity& identity, bool streams, grpc::ClientContext& context) const;

  // Asked by reflection, once. If the service serves no reflection: the contract that this program was built with.
  absl::StatusOr<const Contract*> GetContract();

  // The outcome of a call to this server. If no service answered: a sentence that says which server was asked, at which
  // address, and what is wrong on the way to it.
  absl::Status Outcome(const grpc::Status& status) const;

  // Calls any method with one request; each response (one, unless it streams) goes to `on_response`.
  absl::Status Call(const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
                    const Identity& identity,
                    absl::FunctionRef<absl::Status(const google::protobuf::Message&)> on_response);

  // Whether the service says that it is ready (grpc.health.v1).
  absl::StatusOr<bool> IsReady(const Identity& identity);

 private:
  Client(const Settings& settings, std::string name, std::string address, std::shared_ptr<grpc::Channel> channel)
      : settings_(settings), name_(std::move(name)), address_(std::move(address)), channel_(std::move(channel)) {}
  absl::Status Exchange(const std::string& path, const std::string& request, grpc::ClientContext& context,
                        absl::FunctionRef<absl::Status(const std::string&)> on_response);
  absl::Status Reflect(std::string_view field, std::string_view value,
                       absl::FunctionRef<absl::Status(const google::protobuf::Message&)> on_response);
  absl::StatusOr<Contract> Reflected();

  const Settings& settings_;
  const std::string name_, address_;  // "housing", "127.0.0.1:50051"
  const std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<Contract> contract_;
};

// "housing.EndStay", "housing.EventService.List", "mestring.housing.v1.HousingService/EndStay": which configured
// service answers, and what to look for there.
struct MethodName {
  std::string target;
  std::string service;  // "" for any
  std::string method;
};
absl::StatusOr<MethodName> ParseMethodName(const Settings& settings, std::string_view text);

}  // namespace mestring::ctl
