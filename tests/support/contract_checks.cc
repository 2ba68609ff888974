// The generator walks a request type once per field and breaks that field alone; everything else in
// the request has the right shape, so an answer that names another field is the server's fault.
// Reflection instead of a list of cases per RPC: a list is forgotten when an RPC is added.

#include "tests/support/contract_checks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/field_rules.h"
#include "common/base/ids.h"
#include "google/protobuf/dynamic_message.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/generic/generic_stub.h"
#include "mestring/access/v1/access_log.pb.h"
#include "mestring/common/v1/field_rule.pb.h"

namespace mestring {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

namespace {

// A synthetic number (Tenor: month + 80) with right control digits; nobody has it.
std::string NationalId() {
  for (int serial = 100; serial < 999; ++serial) {
    const std::string nine = absl::StrCat("158490", serial);
    int first = 0, second = 0;
    constexpr int kFirst[] = {3, 7, 6, 1, 8, 9, 4, 5, 2}, kSecond[] = {5, 4, 3, 2, 7, 6, 5, 4, 3};
    for (int i = 0; i < 9; ++i) first += kFirst[i] * (nine[i] - '0'), second += kSecond[i] * (nine[i] - '0');
    first = (11 - first % 11) % 11;
    if (first == 10) continue;
    second = (11 - (second + 2 * first) % 11) % 11;
    if (second == 10) continue;
    return absl::StrCat(nine, first, second);
  }
  return "";
}

std::string ValidText(const common::v1::FieldRule& rule) {
  switch (rule.format()) {
    case common::v1::FORMAT_UUID:
    case common::v1::FORMAT_PERSON_REF:
      return NewId(absl::Now());
    case common::v1::FORMAT_DATE:
      return "2026-11-24";
    case common::v1::FORMAT_CURSOR:
      return "1-1";
    default:
      return "a-code";
  }
}

// Finds the message that holds the field at `path` in a fresh request.
using Locate = std::function<Message*(Message*)>;

struct Walk {
  const Descriptor& request;
  std::vector<BadRequest> out;

  void Add(const Locate& locate, const std::string& path, std::string what, std::string poison,
           const std::function<void(Message&)>& breaks) {
    auto message = NewMessage(request);
    FillRequired(*message);
    breaks(*locate(message.get()));
    out.push_back({path, std::move(what), std::move(poison), std::move(message)});
  }

  void Text(const Locate& locate, const FieldDescriptor& field, const std::string& path) {
    const auto& rule = field.options().GetExtension(common::v1::rule);
    const auto set = [&](std::string what, std::string value, std::string poison) {
      Add(locate, field.is_repeated() ? path + "[0]" : path, std::move(what), std::move(poison), [&](Message& message) {
        const auto* reflection = message.GetReflection();
        reflection->ClearField(&message, &field);
        if (field.is_repeated())
          reflection->AddString(&message, &field, value);
        else
          reflection->SetString(&message, &field, value);
      });
    };
    const std::string id = NationalId();
    set("national identity number", id, id);
    set("oversized", std::string(5001, 'x'), std::string(300, 'x'));
    set("control character", "ab\x01zq", "ab\x01zq");
    if (rule.forbid_person_ref()) {
      const std::string person = "0196c0de-7a11-4c0d-8bad-feedfacecafe";
      set("person reference", "about " + person + ", who", person);
    }
    if (rule.format() != common::v1::FORMAT_UNSPECIFIED && rule.format() != common::v1::FORMAT_TEXT) {
      set("malformed", "Ola Nordmann, drops by", "Ola Nordmann");
    }
    if (rule.format() == common::v1::FORMAT_DATE) set("no such day", "2026-02-30", "2026-02-30");
  }

  void Number(const Locate& locate, const FieldDescriptor& field, const std::string& path) {
    const auto& rule = field.options().GetExtension(common::v1::rule);
    const auto set = [&](std::string what, int64_t value) {
      Add(locate, path, std::move(what), "", [&](Message& message) {
        if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT32)
          message.GetReflection()->SetInt32(&message, &field, value);
        else
          message.GetReflection()->SetInt64(&message, &field, value);
      });
    };
    set("below its minimum", rule.min() - 1);
    if (rule.max() > 0) set("above its maximum", rule.max() + 1);
  }

  void Field(const Locate& locate, const FieldDescriptor& field, const std::string& path, int depth) {
    const auto& rule = field.options().GetExtension(common::v1::rule);
    if (rule.required()) {
      Add(locate, path, "empty", "", [&](Message& message) { message.GetReflection()->ClearField(&message, &field); });
    }
    if (field.is_repeated()) {
      Add(locate, path, "too many", "", [&](Message& message) {
        for (int i = 0; i <= (rule.max_items() > 0 ? rule.max_items() : 100); ++i) FillField(message, field);
      });
    }
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        Text(locate, field, path);
        break;
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64:
        if (!field.is_repeated()) Number(locate, field, path);
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        Add(locate, field.is_repeated() ? path + "[0]" : path, "undeclared", "", [&](Message& message) {
          const auto* reflection = message.GetReflection();
          reflection->ClearField(&message, &field);
          if (field.is_repeated())
            reflection->AddEnumValue(&message, &field, 9999);
          else
            reflection->SetEnumValue(&message, &field, 9999);
        });
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth < 4 && field.message_type()->file()->package() != "google.protobuf") {
          Message_(locate, field, path, depth);
        }
        break;
      default:
        break;
    }
  }

  // None of the fields, and two of them.
  void OneOfs(const Locate& locate, const Descriptor& type, const std::string& prefix) {
    for (const OneOf& fields : OneOfsOf(type)) {
      const std::string path = prefix + std::string(fields[0]->name());
      Add(locate, path, "none of several", "", [&](Message& message) {
        for (const FieldDescriptor* field : fields) message.GetReflection()->ClearField(&message, field);
      });
      Add(locate, path, "two of several", "", [&](Message& message) {
        const std::unique_ptr<Message> second(message.New());
        FillField(*second, *fields[1]);
        message.MergeFrom(*second);
      });
    }
  }

  void Message_(const Locate& locate, const FieldDescriptor& field, const std::string& path, int depth) {
    const Locate inner = [locate, &field](Message* root) -> Message* {
      Message* outer = locate(root);
      const auto* reflection = outer->GetReflection();
      if (!field.is_repeated()) {
        if (!reflection->HasField(*outer, &field)) FillRequired(*reflection->MutableMessage(outer, &field));
        return reflection->MutableMessage(outer, &field);
      }
      if (reflection->FieldSize(*outer, &field) == 0) FillRequired(*reflection->AddMessage(outer, &field));
      return reflection->MutableRepeatedMessage(outer, &field, 0);
    };
    const std::string prefix = field.is_repeated() ? path + "[0]." : path + ".";
    OneOfs(inner, *field.message_type(), prefix);
    for (int i = 0; i < field.message_type()->field_count(); ++i) {
      const FieldDescriptor& nested = *field.message_type()->field(i);
      Field(inner, nested, prefix + std::string(nested.name()), depth + 1);
    }
  }
};

}  // namespace

std::vector<const MethodDescriptor*> MethodsOf(std::string_view service_full_name) {
  std::vector<const MethodDescriptor*> methods;
  for (const std::string& name :
       {std::string(service_full_name), std::string("mestring.events.v1.EventService"),
        std::string("mestring.events.v1.OperationsService"), std::string("mestring.access.v1.AccessLogService")}) {
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    EXPECT_NE(service, nullptr) << name;
    for (int i = 0; service != nullptr && i < service->method_count(); ++i) methods.push_back(service->method(i));
  }
  return methods;
}

std::string PathOf(const MethodDescriptor& method) {
  return absl::StrCat("/", method.service()->full_name(), "/", method.name());
}

grpc::Status CallByPath(grpc::Channel& channel, const std::string& path, grpc::ClientContext& context,
                        const Message& request, Message* response) {
  grpc::ByteBuffer request_bytes, response_bytes;
  const grpc::Slice slice(request.SerializeAsString());
  request_bytes = grpc::ByteBuffer(&slice, 1);
  grpc::CompletionQueue queue;
  // A shared_ptr that does not own: the stub needs the channel only during this call.
  grpc::GenericStub stub(std::shared_ptr<grpc::ChannelInterface>(&channel, [](auto*) {}));
  auto call = stub.PrepareCall(&context, path, &queue);
  grpc::Status status;
  void* tag;
  bool ok;
  const auto wait = [&] { return queue.Next(&tag, &ok) && ok; };
  call->StartCall(nullptr);
  if (wait()) {
    call->WriteLast(request_bytes, grpc::WriteOptions(), nullptr);
    wait();
    call->Read(&response_bytes, nullptr);
    if (wait() && response != nullptr) {
      grpc::Slice whole;
      if (response_bytes.DumpToSingleSlice(&whole).ok()) response->ParseFromArray(whole.begin(), whole.size());
    }
    if (ok) {
      call->Read(&response_bytes, nullptr);
      if (wait()) context.TryCancel();  // A stream: the first answer was enough.
    }
  }
  call->Finish(&status, nullptr);
  wait();
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return status;
}

std::unique_ptr<Message> NewMessage(const Descriptor& type) {
  return std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type)->New());
}

void FillField(Message& message, const FieldDescriptor& field) {
  const auto* reflection = message.GetReflection();
  const auto& rule = field.options().GetExtension(common::v1::rule);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      if (field.is_repeated())
        reflection->AddString(&message, &field, ValidText(rule));
      else
        reflection->SetString(&message, &field, ValidText(rule));
      break;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value = field.enum_type()->value(field.enum_type()->value_count() - 1);
      if (field.is_repeated())
        reflection->AddEnum(&message, &field, value);
      else
        reflection->SetEnum(&message, &field, value);
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      FillRequired(field.is_repeated() ? *reflection->AddMessage(&message, &field)
                                       : *reflection->MutableMessage(&message, &field));
      break;
    case FieldDescriptor::CPPTYPE_INT32:
      if (field.is_repeated())
        reflection->AddInt32(&message, &field, std::max<int64_t>(1, rule.min()));
      else
        reflection->SetInt32(&message, &field, std::max<int64_t>(1, rule.min()));
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!field.is_repeated()) reflection->SetBool(&message, &field, true);
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      reflection->SetInt64(&message, &field, std::max<int64_t>(1, rule.min()));
      break;
    default:
      break;
  }
  for (const OneOf& fields : OneOfsOf(*message.GetDescriptor())) {
    if (std::find(fields.begin(), fields.end(), &field) == fields.end()) continue;
    for (const FieldDescriptor* other : fields) {
      if (other != &field) reflection->ClearField(&message, other);
    }
  }
}

void FillRequired(Message& message) {
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    if (field.options().GetExtension(common::v1::rule).required()) FillField(message, field);
  }
  for (const OneOf& fields : OneOfsOf(*message.GetDescriptor())) FillField(message, *fields[0]);
}

std::vector<BadRequest> BadRequestsFor(const Descriptor& request) {
  Walk walk{request, {}};
  walk.OneOfs([](Message* root) { return root; }, request, "");
  for (int i = 0; i < request.field_count(); ++i) {
    walk.Field([](Message* root) { return root; }, *request.field(i), std::string(request.field(i)->name()), 0);
  }
  return std::move(walk.out);
}

std::string PageTokenOf(const google::protobuf::Message& request, const PageEnd& end) {
  access::v1::ListAccessLogResponse response;
  response.set_next_page_token(PageToken(end));
  BindPage(request, &response);
  return response.next_page_token();
}

std::string ReasonOnWire(const grpc::Status& status) {
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  google::rpc::ErrorInfo info;
  for (const auto& any : details.details()) {
    if (any.UnpackTo(&info)) return info.domain().empty() ? "" : info.reason();
  }
  return "";
}

std::vector<std::string> FieldsNamed(const grpc::Status& status) {
  std::vector<std::string> fields;
  google::rpc::Status details;
  details.ParseFromString(status.error_details());
  for (const auto& any : details.details()) {
    google::rpc::BadRequest bad;
    if (!any.UnpackTo(&bad)) continue;
    for (const auto& violation : bad.field_violations()) fields.push_back(violation.field());
  }
  return fields;
}

}  // namespace mestring
