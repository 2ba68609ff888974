// Calls to one service that this program need not know: what it offers comes from its own reflection.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor_database.h"
#include "google/protobuf/dynamic_message.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "services/ctl/json.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

// What a server says of itself: its services, methods and messages.
class Contract {
 public:
  // Its own services, without those of gRPC (health, reflection), by name.
  const std::vector<const google::protobuf::ServiceDescriptor*>& services() const { return services_; }

  // The method of this name. `service` narrows it down if several services of the server have one of this name:
  // "EventService", or a full name; "" for any. Errors are usage errors with the nearest name.
  absl::StatusOr<const google::protobuf::MethodDescriptor*> Find(std::string_view service,
                                                                 std::string_view method) const;
  const google::protobuf::Descriptor* FindMessage(std::string_view name) const;

  // A message from its JSON form; a usage error says what does not fit.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> FromJson(const google::protobuf::Descriptor* type,
                                                                      const Json& json) const;
  // `every_field`: also those that have their default, so that an expectation of 0 or false finds them.
  absl::StatusOr<Json> ToJson(const google::protobuf::Message& message, bool every_field) const;
  std::unique_ptr<google::protobuf::Message> New(const google::protobuf::Descriptor* type) const;

 private:
  friend class Client;
  google::protobuf::SimpleDescriptorDatabase files_;
  google::protobuf::DescriptorPool pool_{&files_};
  mutable google::protobuf::DynamicMessageFactory factory_{&pool_};
  std::vector<const google::protobuf::ServiceDescriptor*> services_;
};

// One server. Not thread-safe.
class Client {
 public:
  // `target`: the name of a configured service, or host:port. Does not connect yet.
  static absl::StatusOr<std::unique_ptr<Client>> Open(const Settings& settings, std::string_view target);

  std::shared_ptr<grpc::Channel> channel() const { return channel_; }
  // Puts token, deadline and waiting on a call. A stream has no deadline unless the user gave one.
  absl::Status Prepare(const Identity& identity, bool streams, grpc::ClientContext& context) const;

  // By reflection, once.
  absl::StatusOr<const Contract*> GetContract();

  // Calls any method with one request; each response (one, unless it streams) goes to `on_response`.
  absl::Status Call(const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
                    const Identity& identity,
                    absl::FunctionRef<absl::Status(const google::protobuf::Message&)> on_response);

  // grpc.health.v1: does the service call itself ready?
  absl::StatusOr<bool> IsReady(const Identity& identity);

 private:
  Client(const Settings& settings, std::shared_ptr<grpc::Channel> channel)
      : settings_(settings), channel_(std::move(channel)) {}
  absl::Status Exchange(const std::string& path, const std::string& request, grpc::ClientContext& context,
                        absl::FunctionRef<absl::Status(const std::string&)> on_response);
  absl::Status Reflect(std::string_view field, std::string_view value,
                       absl::FunctionRef<absl::Status(const google::protobuf::Message&)> on_response);

  const Settings& settings_;
  std::shared_ptr<grpc::Channel> channel_;
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
