// Dynamic calls.
//
// Hides: reflection, and how bytes go over a generic stub. One path serves unary and server-streaming methods: on
// the wire they differ only in how many responses follow.
// Invariants: responses are handed over in order; a failing `on_response` cancels the call.
// The service says what it understands. Only if it serves no reflection, the contracts are used that this program was
// built with.
#include "services/ctl/client.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/errors.h"
#include "common/rpc/reflection.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "services/ctl/connection.h"
#include "services/ctl/failure.h"

namespace mestring::ctl {
namespace {

namespace pb = google::protobuf;

constexpr char kReflectionMethod[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
// The largest response: a page of 200 resources or 1000 events stays well below.
constexpr int kMessageBytesMax = 16 << 20;
// grpc.health.v1.HealthCheckResponse.SERVING
constexpr uint64_t kServing = 1;

// A service that serves no reflection answers so to everybody, with or without a token.
bool ServesNoReflection(const absl::Status& status) { return status.code() == absl::StatusCode::kUnimplemented; }

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Client>> Client::Open(const Settings& settings, std::string_view target) {
  std::string address(target);
  if (auto found = settings.services.find(address); found != settings.services.end()) {
    address = found->second;
  } else if (!absl::StrContains(target, ":")) {
    std::vector<std::string> names;
    for (const auto& [name, ignored] : settings.services) names.push_back(name);
    return Usage(absl::StrCat("There is no service ", target, "; configured are ", absl::StrJoin(names, ", "),
                              " (--services NAME=HOST:PORT adds one)."));
  }
  ASSIGN(auto credentials, CredentialsOf(settings));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  // Never use a proxy of the environment between two processes of one machine, or of one cluster.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return std::unique_ptr<Client>(
      new Client(settings, std::string(target), address, grpc::CreateCustomChannel(address, credentials, arguments)));
}

absl::Status Client::Prepare(const Identity& identity, bool streams, grpc::ClientContext& context) const {
  ASSIGN(const std::string token, TokenFor(settings_, identity));
  if (!token.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
  if (!streams || settings_.deadline_given) context.set_deadline(absl::ToChronoTime(absl::Now() + settings_.deadline));
  context.set_wait_for_ready(settings_.wait);
  return absl::OkStatus();
}

absl::Status Client::Outcome(const grpc::Status& status) const {
  const std::string sentence = WhatIsInTheWay(settings_, name_, address_, status);
  if (sentence.empty()) return FromRpc(status);
  return CallFailed(static_cast<absl::StatusCode>(status.error_code()), sentence);
}

absl::Status Client::Exchange(const std::string& path, const std::string& request, grpc::ClientContext& context,
                              absl::FunctionRef<absl::Status(const std::string&)> on_response) {
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  // Every step is awaited before the next, so the tags need not differ.
  const auto done = [&queue] {
    void* tag;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const grpc::Slice slice(request);
  auto call = stub.PrepareCall(&context, path, &queue);
  call->StartCall(nullptr);
  bool open = done();
  if (open) {
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    open = done();
  }
  absl::Status refused;
  while (open) {
    grpc::ByteBuffer response;
    call->Read(&response, nullptr);
    open = done();
    if (!open) break;
    refused = on_response(ToBytes(response));
    if (!refused.ok()) context.TryCancel(), open = false;
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  done();
  queue.Shutdown();
  void* tag;
  for (bool ok; queue.Next(&tag, &ok);) {
  }
  return refused.ok() ? Outcome(status) : refused;
}

absl::Status Client::Reflect(std::string_view field, std::string_view value,
                             absl::FunctionRef<absl::Status(const pb::Message&)> on_response) {
  const pb::Descriptor* request_type = grpc::reflection::v1alpha::ServerReflectionRequest::descriptor();
  const pb::Descriptor* response_type = grpc::reflection::v1alpha::ServerReflectionResponse::descriptor();
  const auto make = [](const pb::Descriptor* type) {
    return std::unique_ptr<pb::Message>(pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
  };
  const std::unique_ptr<pb::Message> request = make(request_type);
  request->GetReflection()->SetString(request.get(), request_type->FindFieldByName(std::string(field)),
                                      std::string(value));
  grpc::ClientContext context;
  TRY(Prepare(settings_.identity, false, context));
  return Exchange(kReflectionMethod, request->SerializeAsString(), context, [&](const std::string& bytes) {
    const std::unique_ptr<pb::Message> response = make(response_type);
    if (!response->ParseFromString(bytes)) return absl::InternalError("The service's reflection is unreadable.");
    return on_response(*response);
  });
}

absl::StatusOr<Contract> Client::Reflected() {
  std::vector<std::string> names;
  TRY(Reflect("list_services", "*", [&names](const pb::Message& response) {
    const pb::Reflection* of = response.GetReflection();
    const auto& list = of->GetMessage(response, response.GetDescriptor()->FindFieldByName("list_services_response"));
    const pb::FieldDescriptor* services = list.GetDescriptor()->FindFieldByName("service");
    for (int i = 0; i < list.GetReflection()->FieldSize(list, services); ++i) {
      const pb::Message& service = list.GetReflection()->GetRepeatedMessage(list, services, i);
      names.push_back(service.GetReflection()->GetString(service, service.GetDescriptor()->FindFieldByName("name")));
    }
    return absl::OkStatus();
  }));
  std::erase_if(names, [](const std::string& name) { return IsOfGrpc(name); });
  std::vector<pb::FileDescriptorProto> all;
  for (const std::string& name : names) {
    // The answer brings the file and all that it imports.
    TRY(Reflect("file_containing_symbol", name, [&all](const pb::Message& response) {
      const pb::FieldDescriptor* field = response.GetDescriptor()->FindFieldByName("file_descriptor_response");
      const auto& files = response.GetReflection()->GetMessage(response, field);
      const pb::FieldDescriptor* bytes = files.GetDescriptor()->FindFieldByName("file_descriptor_proto");
      for (int i = 0; i < files.GetReflection()->FieldSize(files, bytes); ++i) {
        if (!all.emplace_back().ParseFromString(files.GetReflection()->GetRepeatedString(files, bytes, i)))
          all.pop_back();
      }
      return absl::OkStatus();
    }));
  }
  return Contract::Of(names, all);
}

absl::StatusOr<const Contract*> Client::GetContract() {
  if (contract_ != nullptr) return contract_.get();
  absl::StatusOr<Contract> contract = Reflected();
  if (ServesNoReflection(contract.status())) contract = Contract::BuiltIn(name_);
  TRY(contract.status());
  contract_ = std::make_unique<Contract>(*std::move(contract));
  return contract_.get();
}

absl::Status Client::Call(const pb::MethodDescriptor& method, const pb::Message& request, const Identity& identity,
                          absl::FunctionRef<absl::Status(const pb::Message&)> on_response) {
  if (method.client_streaming()) return Usage(absl::StrCat(method.name(), " takes a stream of requests."));
  grpc::ClientContext context;
  TRY(Prepare(identity, method.server_streaming(), context));
  const std::string path = absl::StrCat("/", method.service()->full_name(), "/", method.name());
  return Exchange(path, request.SerializeAsString(), context, [&](const std::string& bytes) {
    const std::unique_ptr<pb::Message> response = contract_->New(method.output_type());
    if (!response->ParseFromString(bytes)) return absl::InternalError("The response is unreadable.");
    return on_response(*response);
  });
}

absl::StatusOr<bool> Client::IsReady(const Identity& identity) {
  grpc::ClientContext context;
  TRY(Prepare(identity, /*streams=*/false, context));
  // HealthCheckRequest{string service = 1} and HealthCheckResponse{ServingStatus status = 1}, whose generated classes
  // Debian does not ship either.
  pb::UnknownFieldSet request;
  request.AddLengthDelimited(1, "readiness");
  std::string bytes;
  request.SerializeToString(&bytes);
  bool ready = false;
  TRY(Exchange("/grpc.health.v1.Health/Check", bytes, context, [&ready](const std::string& response) {
    pb::UnknownFieldSet fields;
    ready = fields.ParseFromString(response) && fields.field_count() == 1 && fields.field(0).number() == 1 &&
            fields.field(0).type() == pb::UnknownField::TYPE_VARINT && fields.field(0).varint() == kServing;
    return absl::OkStatus();
  }));
  return ready;
}

absl::StatusOr<MethodName> ParseMethodName(const Settings& settings, std::string_view text) {
  const size_t split = text.find_last_of("./");
  if (split == std::string_view::npos || split == 0 || split + 1 == text.size()) {
    return Usage("A method is written SERVICE.METHOD, such as housing.EndStay; \"mestringctl list\" shows all.");
  }
  const std::string_view head = text.substr(0, split);
  MethodName name{"", "", std::string(text.substr(split + 1))};
  const std::vector<std::string> parts = absl::StrSplit(head, '.');
  if (settings.services.contains(parts.front())) {
    // "housing" or "housing.EventService".
    name.target = parts.front();
    name.service = absl::StrJoin(parts.begin() + 1, parts.end(), ".");
  } else {
    // A full name: "mestring.housing.v1.HousingService". The contracts that every service has name no service.
    if (parts.front() != "mestring") {
      return Usage(absl::StrCat(
          "There is no service ", parts.front(), "; there is ",
          absl::StrJoin(settings.services, ", ",
                        [](std::string* out, const auto& service) { absl::StrAppend(out, service.first); }),
          "."));
    }
    name.service = std::string(head);
    if (parts.size() > 2 && settings.services.contains(parts[1])) name.target = parts[1];
    if (name.target.empty() && settings.services.size() == 1) name.target = settings.services.begin()->first;
  }
  if (name.target.empty()) {
    return Usage(absl::StrCat("It is not clear which service answers ", text, "; write for example housing.",
                              parts.back(), ".", name.method, "."));
  }
  return name;
}

}  // namespace mestring::ctl
