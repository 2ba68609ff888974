// Any bytes as any request: the checks at the edge must not crash, must name a field of the request
// when they refuse, and must never repeat in their answer what the caller sent.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "common/errors.h"
#include "common/field_rules.h"
#include "common/ids.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/stubs/logging.h"
#include "mestring/access/v1/access_log.pb.h"
#include "mestring/events/v1/events.pb.h"
#include "mestring/events/v1/operations.pb.h"
#include "mestring/housing/v1/housing.pb.h"

namespace {

using google::protobuf::Descriptor;

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

void Require(bool holds) {
  if (!holds) abort();
}

}  // namespace

// Every second input has broken UTF-8 somewhere, of which protobuf would say a line each.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Descriptor* type = Requests()[data[0] % Requests().size()];
  std::unique_ptr<google::protobuf::Message> request(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
  if (request->ParseFromString(bytes)) {
    const absl::Status status = mestring::CheckFields(*request);
    if (status.ok()) {
      for (const std::string& person : mestring::PersonsIn(*request)) Require(mestring::IsUuid(person));
    } else {
      Require(absl::IsInvalidArgument(status) && mestring::ReasonOf(status) == "INVALID_FIELD");
      Require(!mestring::HoldsNationalId(status.message()));
    }
  }
  // The parsers of single values.
  (void)mestring::HoldsNationalId(bytes);
  (void)mestring::IsUuid(bytes);
  if (auto cursor = mestring::ParseCursor(bytes); cursor.ok()) {
    Require(*mestring::ParseCursor(cursor->ToString()) == *cursor);
  }
  return 0;
}
