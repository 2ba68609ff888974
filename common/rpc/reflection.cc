#include "common/rpc/reflection.h"

// All answers come from the pool that generated code fills when the program starts. One takes microseconds and may run
// on gRPC's own threads. The two contracts have the same messages under different names, so one template serves both.

#include <set>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "grpcpp/support/server_callback.h"

namespace mestring {
namespace {

namespace v1 = grpc::reflection::v1;
namespace v1alpha = grpc::reflection::v1alpha;
using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

template <class Response>
void SetError(grpc::StatusCode code, std::string_view sentence, Response* response) {
  response->mutable_error_response()->set_error_code(code);
  response->mutable_error_response()->set_error_message(std::string(sentence));
}

// A file and all that it imports, each once.
template <class Files>
void AddFile(const FileDescriptor& file, std::set<std::string>* added, Files* files) {
  if (!added->insert(file.name()).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  files->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), added, files);
}

template <class Response>
void SetFile(const FileDescriptor* file, Response* response) {
  if (file == nullptr) return SetError(grpc::StatusCode::NOT_FOUND, "no contract of this server has it", response);
  std::set<std::string> added;
  AddFile(*file, &added, response->mutable_file_descriptor_response());
}

template <class Response>
void SetExtensions(const std::string& type, Response* response) {
  const Descriptor* found = Pool().FindMessageTypeByName(type);
  if (found == nullptr) {
    return SetError(grpc::StatusCode::NOT_FOUND, "no contract of this server has this message", response);
  }
  auto& numbers = *response->mutable_all_extension_numbers_response();
  numbers.set_base_type_name(type);
  std::vector<const google::protobuf::FieldDescriptor*> extensions;
  Pool().FindAllExtensions(found, &extensions);
  for (const auto* extension : extensions) numbers.add_extension_number(extension->number());
}

template <class Request, class Response>
void Answer(const std::vector<std::string>& served, const Request& request, Response* response) {
  response->Clear();
  response->set_valid_host(request.host());
  *response->mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kListServices:
      response->mutable_list_services_response();
      for (const std::string& name : served) {
        if (Pool().FindServiceByName(name) == nullptr) continue;
        response->mutable_list_services_response()->add_service()->set_name(name);
      }
      return;
    case Request::kFileByFilename:
      return SetFile(Pool().FindFileByName(request.file_by_filename()), response);
    case Request::kFileContainingSymbol:
      return SetFile(Pool().FindFileContainingSymbol(request.file_containing_symbol()), response);
    case Request::kFileContainingExtension: {
      const auto& asked = request.file_containing_extension();
      const Descriptor* type = Pool().FindMessageTypeByName(asked.containing_type());
      const auto* extension = type == nullptr ? nullptr : Pool().FindExtensionByNumber(type, asked.extension_number());
      return SetFile(extension == nullptr ? nullptr : extension->file(), response);
    }
    case Request::kAllExtensionNumbersOfType:
      return SetExtensions(request.all_extension_numbers_of_type(), response);
    default:
      return SetError(grpc::StatusCode::INVALID_ARGUMENT, "ask for a file, a symbol, an extension or the services",
                      response);
  }
}

template <class Contract, class Request, class Response>
class Reflection : public Contract::CallbackService {
 public:
  explicit Reflection(const std::vector<std::string>& served) : served_(served) {}

  grpc::ServerBidiReactor<Request, Response>* ServerReflectionInfo(grpc::CallbackServerContext*) override {
    return new Talk(served_);
  }

 private:
  // One call: reads a question, answers it, reads the next.
  class Talk : public grpc::ServerBidiReactor<Request, Response> {
   public:
    explicit Talk(const std::vector<std::string>& served) : served_(served) { this->StartRead(&request_); }
    void OnReadDone(bool ok) override {
      if (!ok) return this->Finish(grpc::Status::OK);
      Answer(served_, request_, &response_);
      this->StartWrite(&response_);
    }
    void OnWriteDone(bool ok) override {
      if (!ok) return this->Finish(grpc::Status::CANCELLED);
      this->StartRead(&request_);
    }
    void OnDone() override { delete this; }

   private:
    const std::vector<std::string>& served_;
    Request request_;
    Response response_;
  };

  const std::vector<std::string>& served_;
};

}  // namespace

bool IsReflection(std::string_view service) {
  return service == v1::ServerReflection::service_full_name() ||
         service == v1alpha::ServerReflection::service_full_name();
}

std::vector<std::unique_ptr<grpc::Service>> NewReflectionServices(const std::vector<std::string>& served) {
  std::vector<std::unique_ptr<grpc::Service>> services;
  services.push_back(
      std::make_unique<Reflection<v1::ServerReflection, v1::ServerReflectionRequest, v1::ServerReflectionResponse>>(
          served));
  services.push_back(std::make_unique<Reflection<v1alpha::ServerReflection, v1alpha::ServerReflectionRequest,
                                                 v1alpha::ServerReflectionResponse>>(served));
  return services;
}

}  // namespace mestring
