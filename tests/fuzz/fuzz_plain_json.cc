// Any text as the JSON of a column: whoever may write to the database may write anything, and the short way must not
// crash, and must read nothing that protobuf reads differently or not at all.
#include <fuzzer/FuzzedDataProvider.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/store/plain_json.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "mestring/activities/v1/activities.pb.h"
#include "mestring/council/v1/council.pb.h"
#include "mestring/housing/v1/housing.pb.h"
#include "tests/fuzz/fuzz.h"

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The lists and nested messages of the contracts.
const std::vector<const FieldDescriptor*>& Fields() {
  static const auto* const fields = [] {
    auto* found = new std::vector<const FieldDescriptor*>;
    for (const auto* file : {mestring::housing::v1::Application::descriptor()->file(),
                             mestring::activities::v1::Session::descriptor()->file(),
                             mestring::council::v1::Mandate::descriptor()->file()}) {
      for (int i = 0; i < file->message_type_count(); ++i) {
        const auto* type = file->message_type(i);
        for (int j = 0; j < type->field_count(); ++j) {
          const FieldDescriptor* field = type->field(j);
          if (field->is_repeated() || field->message_type() != nullptr) found->push_back(field);
        }
      }
    }
    return found;
  }();
  return *fields;
}

std::unique_ptr<Message> NewRow(const FieldDescriptor* field) {
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  return std::unique_ptr<Message>(factory->GetPrototype(field->containing_type())->New());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  const FieldDescriptor* field = Fields()[input.ConsumeIntegral<uint16_t>() % Fields().size()];
  const std::string json = input.ConsumeRemainingBytesAsString();
  const std::unique_ptr<Message> plain = NewRow(field), whole = NewRow(field);
  if (!mestring::ReadPlainJson(json, field, plain.get())) {
    Require(plain->ByteSizeLong() == 0);
    return 0;
  }
  const std::string text = absl::StrCat("{\"", field->name(), "\":", json, "}");
  Require(google::protobuf::util::JsonStringToMessage(text, whole.get()).ok());
  Require(mestring::DeterministicBytes(*plain) == mestring::DeterministicBytes(*whole));
  return 0;
}
