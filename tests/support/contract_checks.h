// What must hold for every RPC of every service, derived from the contract by reflection, so that a
// new RPC is covered the moment it is declared.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/store/records.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"

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

// Gives a field a value of the right shape, one more if it is repeated, and empties those that may not be set beside
// it.
void FillField(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field);
// Sets every required field to something of the right shape, and the first of those of which exactly one must be set;
// optional ones stay unset.
void FillRequired(google::protobuf::Message& message);

// One way in which a request can be wrong.
struct BadRequest {
  std::string field;   // the path that the answer must name
  std::string what;    // "oversized"
  std::string poison;  // a text that must appear nowhere: not in the answer, not in a log
  std::unique_ptr<google::protobuf::Message> request;
};

// Every field of the request, also of messages inside it: empty, oversized, malformed, out of range,
// undeclared, with a national identity number in it; and none or two of the fields of which exactly one must be set.
std::vector<BadRequest> BadRequestsFor(const google::protobuf::Descriptor& request);

// A page token as the list would hand it out that this request asks for.
std::string PageTokenOf(const google::protobuf::Message& request, const PageEnd& end = {"1", "1"});

// The reason that stands in the details of an answer, with the service's domain; "" if there are none.
std::string ReasonOnWire(const grpc::Status& status);
// The fields that an INVALID_ARGUMENT answer names.
std::vector<std::string> FieldsNamed(const grpc::Status& status);

}  // namespace mestring
