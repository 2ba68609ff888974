// What must hold for every RPC of every service, derived from the contract by reflection, so that a
// new RPC is covered the moment it is declared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "tests/support/running_service.h"

namespace mestring {

// The methods of a service, those of the kernel's own services among them.
std::vector<const google::protobuf::MethodDescriptor*> MethodsOf(std::string_view service_full_name);

// "/mestring.housing.v1.HousingService/EndStay"
std::string PathOf(const google::protobuf::MethodDescriptor& method);

// Calls any unary method, or reads the first answer of a streaming one.
grpc::Status CallByPath(grpc::Channel& channel, const std::string& path, grpc::ClientContext& context,
                        const google::protobuf::Message& request, google::protobuf::Message* response);

// An empty message of a type known by descriptor only.
std::unique_ptr<google::protobuf::Message> NewMessage(const google::protobuf::Descriptor& type);

// Sets every required field to something of the right shape; optional ones stay unset.
void FillRequired(google::protobuf::Message& message);

// One way in which a request can be wrong.
struct BadRequest {
  std::string field;   // the path that the answer must name
  std::string what;    // "oversized"
  std::string poison;  // a text that must appear nowhere: not in the answer, not in a log
  std::unique_ptr<google::protobuf::Message> request;
};

// Every field of the request, also of messages inside it: empty, oversized, malformed, out of range,
// undeclared, with a national identity number in it.
std::vector<BadRequest> BadRequestsFor(const google::protobuf::Descriptor& request);

// The fields that an INVALID_ARGUMENT answer names.
std::vector<std::string> FieldsNamed(const grpc::Status& status);

// What holds for every RPC of a service because its contract says so; each adds failures to the test. The kernel's
// own services are tested with the kernel.
//
// Each RPC lets in the roles of its contract and nobody else.
void ExpectRolesOfContract(RunningService& service, std::string_view service_full_name);
// Each wrong field is named, and nothing changes or leaks; returns how many were tried.
int ExpectWrongFieldsNamed(RunningService& service, std::string_view service_full_name);
// A request about things that do not exist gets an error of the contract, never INTERNAL.
void ExpectNoInternal(RunningService& service, std::string_view service_full_name);
// The outcomes that stand in a person's access log for an RPC, by its short name.
std::vector<std::string> OutcomesLogged(RunningService& service, std::string_view person_ref, std::string_view rpc);

}  // namespace mestring
