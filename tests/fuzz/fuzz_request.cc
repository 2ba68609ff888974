// Any request: the checks at the edge must not crash, must name a field of the request when they refuse,
// and must never repeat in their answer what the caller sent.
//
// Half of the inputs are the bytes of a message as they would come from the wire. The other half say which
// fields to set to what: the parser, which protoc wrote, is not what is attacked, and most bytes do not get
// past it.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/base/errors.h"
#include "common/base/field_rules.h"
#include "common/base/ids.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "mestring/access/v1/access_log.pb.h"
#include "mestring/events/v1/events.pb.h"
#include "mestring/events/v1/operations.pb.h"
#include "mestring/housing/v1/housing.pb.h"
#include "tests/fuzz/fuzz.h"

namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Deeper than any contract nests.
constexpr int kDepthMax = 4;
constexpr size_t kTextMax = 300;
// What the formats want, to get past them; the fuzzer finds the ways around them itself.
constexpr const char* kTexts[] = {"018f0000-0000-7000-8000-000000000000",
                                  "2026-11-23",
                                  "2026-02-30",
                                  "HOMELESS",
                                  "nav-sandnes",
                                  "5-1",
                                  "01017012345",
                                  "15076500565",
                                  ""};

const std::vector<const Descriptor*>& Requests() {
  static const auto* const requests = [] {
    auto* found = new std::vector<const Descriptor*>;
    for (const auto* file : {mestring::housing::v1::SubmitApplicationRequest::descriptor()->file(),
                             mestring::events::v1::ListRequest::descriptor()->file(),
                             mestring::events::v1::GetStatusRequest::descriptor()->file(),
                             mestring::access::v1::ListAccessLogRequest::descriptor()->file()}) {
      for (int i = 0; i < file->message_type_count(); ++i) {
        if (absl::EndsWith(file->message_type(i)->name(), "Request")) found->push_back(file->message_type(i));
      }
    }
    return found;
  }();
  return *requests;
}

std::string SomeText(FuzzedDataProvider& input) {
  std::string text = input.ConsumeBool() ? input.PickValueInArray(kTexts) : "";
  return text + (input.ConsumeBool() ? input.ConsumeRandomLengthString(kTextMax) : "");
}

void SetSomeFields(FuzzedDataProvider& input, int depth, Message& message);

// Sets a field that is not repeated, or adds to one that is.
void SetField(FuzzedDataProvider& input, int depth, Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  const bool repeated = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      const std::string text = SomeText(input);
      repeated ? reflection->AddString(&message, field, text) : reflection->SetString(&message, field, text);
      break;
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int value = input.ConsumeIntegralInRange(-1, 20);
      repeated ? reflection->AddEnumValue(&message, field, value) : reflection->SetEnumValue(&message, field, value);
      break;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (depth > 0) {
        SetSomeFields(
            input, depth - 1,
            repeated ? *reflection->AddMessage(&message, field) : *reflection->MutableMessage(&message, field));
      }
      break;
    case FieldDescriptor::CPPTYPE_INT32:
      if (!repeated) reflection->SetInt32(&message, field, input.ConsumeIntegral<int32_t>());
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      if (!repeated) reflection->SetInt64(&message, field, input.ConsumeIntegral<int64_t>());
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!repeated) reflection->SetBool(&message, field, input.ConsumeBool());
      break;
    default:
      break;
  }
}

void SetSomeFields(FuzzedDataProvider& input, int depth, Message& message) {
  const Descriptor* type = message.GetDescriptor();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    int times = input.ConsumeIntegralInRange(0, field->is_repeated() && !field->is_map() ? 3 : 1);
    while (!field->is_map() && times-- > 0) SetField(input, depth, message, field);
  }
}

void Check(const Message& request) {
  const absl::Status status = mestring::CheckFields(request);
  if (status.ok()) {
    for (const std::string& person : mestring::PersonsIn(request)) Require(mestring::IsUuid(person));
    return;
  }
  Require(absl::IsInvalidArgument(status) && mestring::ReasonOf(status) == "INVALID_FIELD");
  Require(!mestring::HoldsNationalId(status.message()));
  Require(!mestring::ViolationsOf(status).empty());
  for (const mestring::Violation& violation : mestring::ViolationsOf(status)) {
    // "need.level", "factors[2].code": begins with a field of the request.
    const std::string first = violation.field.substr(0, violation.field.find_first_of(".["));
    Require(request.GetDescriptor()->FindFieldByName(first) != nullptr);
    Require(!mestring::HoldsNationalId(violation.problem));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  const Descriptor* type = Requests()[input.ConsumeIntegral<uint8_t>() % Requests().size()];
  const std::unique_ptr<Message> request(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (input.ConsumeBool()) {
    SetSomeFields(input, kDepthMax, *request);
    Check(*request);
    return 0;
  }
  const std::string bytes = input.ConsumeRemainingBytesAsString();
  if (request->ParseFromString(bytes)) Check(*request);
  // The parsers of single values.
  (void)mestring::HoldsNationalId(bytes);
  (void)mestring::IsUuid(bytes);
  if (auto cursor = mestring::ParseCursor(bytes); cursor.ok()) {
    Require(*mestring::ParseCursor(cursor->ToString()) == *cursor);
  }
  return 0;
}
