// Services, their methods and messages, from a server's reflection or from the contracts that this program was built
// with.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/message.h"
#include "services/ctl/json.h"

namespace mestring::ctl {

// Not thread-safe. Descriptors live as long as their contract.
class Contract {
 public:
  using Type = std::variant<const google::protobuf::Descriptor*, const google::protobuf::EnumDescriptor*>;

  // The contracts in protos/ at the time of the build, comments included, with the services that `service` ("housing")
  // may serve: its own and those that belong to no service alone. All services if no contract is called `service`.
  static Contract BuiltIn(std::string_view service);
  // All of them as they were embedded: a FileDescriptorSet.
  static std::string_view BuiltInBytes();
  // What a server's reflection says: the names of its services, and the files that declare them with all that they
  // import. A file that is the same as the built-in one gets the comments of that one.
  static absl::StatusOr<Contract> Of(const std::vector<std::string>& services,
                                     const std::vector<google::protobuf::FileDescriptorProto>& files);

  // Its own services, without those of gRPC (health, reflection), by name.
  const std::vector<const google::protobuf::ServiceDescriptor*>& services() const { return services_; }
  bool built_in() const { return built_in_; }

  // The method of this name. If several services have one of this name, `service` says which: "EventService", or a full
  // name; "" for any. Errors are usage errors with the nearest name.
  absl::StatusOr<const google::protobuf::MethodDescriptor*> Find(std::string_view service,
                                                                 std::string_view method) const;
  // The message or enum of a full name ("mestring.housing.v1.Stay") or a short one ("housing.Stay", "Stay" if there is
  // one only). NOT_FOUND with the nearest short name.
  absl::StatusOr<Type> FindType(std::string_view name) const;
  // The short names of all messages and enums.
  std::vector<std::string> TypeNames() const;
  // The files of a server that are not those that this program was built with, and therefore have no comments.
  const std::vector<std::string>& other_files() const { return other_files_; }

  // A message from its JSON form; a usage error says what does not fit.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> FromJson(const google::protobuf::Descriptor* type,
                                                                      const Json& json) const;
  // Has the fields with their default, too, so that a reader sees 0 and false. Leaves out a message that is not set.
  absl::StatusOr<Json> ToJson(const google::protobuf::Message& message) const;
  std::unique_ptr<google::protobuf::Message> New(const google::protobuf::Descriptor* type) const;

 private:
  struct Files;
  static std::shared_ptr<Files> BuiltInFiles();

  std::shared_ptr<Files> files_;
  std::vector<const google::protobuf::ServiceDescriptor*> services_;
  std::vector<std::string> other_files_;
  bool built_in_ = false;
};

// "housing.Stay" of "mestring.housing.v1.Stay"; another name as it is.
std::string ShortName(std::string_view full_name);

}  // namespace mestring::ctl
