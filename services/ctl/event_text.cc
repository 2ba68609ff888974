// Events as text.
//
// Hides: how a type name becomes a message. Every contract is linked into this program whole (CMakeLists.txt), so the
// generated pool knows all types of its own version; a newer one is shown as bytes instead of being dropped.
// Invariants: what comes from the bus is printed as JSON strings, so that control characters are escaped.
#include "services/ctl/event_text.h"

#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/ids.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"

namespace mestring::ctl {
namespace {

// Longer lines wrap in most terminals and are no longer one event per line.
constexpr size_t kDataCharactersMax = 110;

std::optional<Json> Decode(const events::v1::Event& event) {
  namespace pb = google::protobuf;
  const pb::Descriptor* type = pb::DescriptorPool::generated_pool()->FindMessageTypeByName(event.type());
  if (type == nullptr) return std::nullopt;
  const std::unique_ptr<pb::Message> message(pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!message->ParseFromString(event.data()) || !pb::util::MessageToJsonString(*message, &text, options).ok()) {
    return std::nullopt;
  }
  return ParseJson(text);
}

}  // namespace

std::string Brief(const Json& value) {
  if (!value.is_string()) return value.dump();
  const std::string& text = value.get_ref<const std::string&>();
  return IsUuid(text) ? absl::StrCat("…", text.substr(30)) : text;
}

std::string ShortType(const std::string& type) { return type.substr(type.rfind('.') + 1); }

std::string Styled(const std::string& text, const char* code, bool colour) {
  return colour ? absl::StrCat("\x1b[", code, "m", text, "\x1b[0m") : text;
}

Json EventJson(const events::v1::Event& event) {
  Json json = {{"cursor", event.cursor()},
               {"id", event.id()},
               {"source", event.source()},
               {"type", event.type()},
               {"subject", event.subject()},
               {"subject_version", event.subject_version()},
               {"time", absl::FormatTime(absl::RFC3339_full, FromProto(event.time()), absl::UTCTimeZone())}};
  if (std::optional<Json> data = Decode(event)) {
    json["data"] = *std::move(data);
  } else {
    json["data_base64"] = absl::Base64Escape(event.data());
  }
  return json;
}

std::string EventLine(const Json& event, bool colour) {
  std::string data;
  if (const auto found = event.find("data"); found != event.end() && found->is_object()) {
    for (const auto& [name, value] : found->items()) {
      const std::string part = absl::StrCat(data.empty() ? "" : " ", name, "=", Brief(value));
      if (data.size() + part.size() > kDataCharactersMax) {
        data += " …";
        break;
      }
      data += part;
    }
  } else {
    data = "(a type that this program does not know)";
  }
  std::string type = ShortType(Text(event, "type"));
  type.resize(std::max<size_t>(type.size(), 26), ' ');
  return absl::StrCat(Styled(Text(event, "cursor"), "2", colour), "  ", Styled(type, "36", colour), "  ", data);
}

}  // namespace mestring::ctl
