// Dynamic calls.
//
// Hides: reflection, and how bytes go over a generic stub. One path serves unary and server-streaming methods: on
// the wire they differ only in how many responses follow.
// Invariants: responses are handed over in order; a failing `on_response` cancels the call.
// Rejected: the descriptors linked into this program. They would be those of the day it was built; the service is
// the one to say what it understands.
#include "services/ctl/client.h"

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/errors.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "google/protobuf/util/json_util.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/generic_stub.h"
#include "services/ctl/failure.h"

namespace mestring::ctl {
namespace {

namespace pb = google::protobuf;

constexpr char kReflectionMethod[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
// The largest response: a page of 200 resources or 1000 events stays well below.
constexpr int kMessageBytesMax = 16 << 20;
// grpc.health.v1.HealthCheckResponse.SERVING
constexpr uint64_t kServing = 1;

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> Credentials(const Settings& settings) {
  if (settings.ca_file.empty()) return grpc::InsecureChannelCredentials();
  std::ifstream file(settings.ca_file);
  if (!file) return Usage(absl::StrCat("Cannot read the authority in ", settings.ca_file, "."));
  std::stringstream content;
  content << file.rdbuf();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = content.str();
  return grpc::SslCredentials(options);
}

bool IsOfGrpc(std::string_view service) { return absl::StartsWith(service, "grpc."); }

std::string ToBytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

std::string MethodNames(const std::vector<const pb::MethodDescriptor*>& methods) {
  return absl::StrJoin(methods, ", ", [](std::string* out, const pb::MethodDescriptor* method) {
    absl::StrAppend(out, method->service()->name(), ".", method->name());
  });
}

}  // namespace

absl::StatusOr<const pb::MethodDescriptor*> Contract::Find(std::string_view service, std::string_view method) const {
  std::vector<const pb::MethodDescriptor*> found;
  std::vector<std::string> names;
  for (const pb::ServiceDescriptor* candidate : services_) {
    if (!service.empty() && candidate->name() != service && candidate->full_name() != service) continue;
    for (int i = 0; i < candidate->method_count(); ++i) {
      names.push_back(candidate->method(i)->name());
      if (candidate->method(i)->name() == method) found.push_back(candidate->method(i));
    }
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) {
    return Usage(absl::StrCat(method, " is a method of several services: ", MethodNames(found), "; say which."));
  }
  const std::string nearest = NearestTo(method, names);
  return Usage(absl::StrCat("There is no method ", method,
                            nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?"),
                            nearest.empty() ? "; \"mestringctl list\" shows all." : ""));
}

const pb::Descriptor* Contract::FindMessage(std::string_view name) const {
  return pool_.FindMessageTypeByName(std::string(name));
}

std::unique_ptr<pb::Message> Contract::New(const pb::Descriptor* type) const {
  return std::unique_ptr<pb::Message>(factory_.GetPrototype(type)->New());
}

absl::StatusOr<std::unique_ptr<pb::Message>> Contract::FromJson(const pb::Descriptor* type, const Json& json) const {
  std::unique_ptr<pb::Message> message = New(type);
  const pb::util::Status parsed = pb::util::JsonStringToMessage(json.dump(), message.get());
  if (!parsed.ok()) {
    std::string problem(parsed.message());
    while (!problem.empty() && problem.back() == '.') problem.pop_back();
    return Usage(absl::StrCat("The JSON does not fit ", type->full_name(), ": ", problem, "; \"mestringctl describe ",
                              type->full_name(), "\" shows its fields."));
  }
  return message;
}

absl::StatusOr<Json> Contract::ToJson(const pb::Message& message, bool every_field) const {
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = every_field;
  std::string text;
  const pb::util::Status printed = pb::util::MessageToJsonString(message, &text, options);
  std::optional<Json> json = printed.ok() ? ParseJson(text) : std::nullopt;
  if (!json) return absl::InternalError(absl::StrCat("A ", message.GetTypeName(), " has no JSON form."));
  return *std::move(json);
}

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
  ASSIGN(auto credentials, Credentials(settings));
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  // A proxy between two processes of one machine, or of one cluster, is never meant.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return std::unique_ptr<Client>(new Client(settings, grpc::CreateCustomChannel(address, credentials, arguments)));
}

absl::Status Client::Prepare(const Identity& identity, bool streams, grpc::ClientContext& context) const {
  ASSIGN(const std::string token, TokenFor(settings_, identity));
  if (!token.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", token));
  if (!streams || settings_.deadline_given) context.set_deadline(absl::ToChronoTime(absl::Now() + settings_.deadline));
  context.set_wait_for_ready(settings_.wait);
  return absl::OkStatus();
}

absl::Status Client::Exchange(const std::string& path, const std::string& request, grpc::ClientContext& context,
                              absl::FunctionRef<absl::Status(const std::string&)> on_response) {
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  // Every step is awaited before the next, so the tags need not be told apart.
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
  return refused.ok() ? FromRpc(status) : refused;
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

absl::StatusOr<const Contract*> Client::GetContract() {
  if (contract_ != nullptr) return contract_.get();
  auto contract = std::make_unique<Contract>();
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
  for (const std::string& name : names) {
    if (IsOfGrpc(name)) continue;
    // The answer brings the file and all that it imports.
    TRY(Reflect("file_containing_symbol", name, [&contract](const pb::Message& response) {
      const pb::FieldDescriptor* field = response.GetDescriptor()->FindFieldByName("file_descriptor_response");
      const auto& files = response.GetReflection()->GetMessage(response, field);
      const pb::FieldDescriptor* bytes = files.GetDescriptor()->FindFieldByName("file_descriptor_proto");
      for (int i = 0; i < files.GetReflection()->FieldSize(files, bytes); ++i) {
        pb::FileDescriptorProto file, known;
        if (!file.ParseFromString(files.GetReflection()->GetRepeatedString(files, bytes, i))) continue;
        if (!contract->files_.FindFileByName(file.name(), &known)) contract->files_.Add(file);
      }
      return absl::OkStatus();
    }));
    const pb::ServiceDescriptor* service = contract->pool_.FindServiceByName(name);
    if (service == nullptr) return absl::InternalError(absl::StrCat("The contract of ", name, " is incomplete."));
    contract->services_.push_back(service);
  }
  contract_ = std::move(contract);
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
    // A full name: "mestring.housing.v1.HousingService". The contracts that every service has belong to nobody.
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
