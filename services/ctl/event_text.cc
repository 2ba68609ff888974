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
#include "common/base/clock.h"
#include "common/base/ids.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"

namespace mestring::ctl {
namespace {

// Longer lines wrap in most terminals and are no longer one event per line.
constexpr size_t kDataCharactersMax = 110;

// The longest name of a service of ours, so that cursors stand below each other.
constexpr size_t kStreamColumns = 12;

bool IsEmpty(const Json& value) {
  return (value.is_string() && value.get_ref<const std::string&>().empty()) || (value.is_array() && value.empty());
}

std::optional<Json> Decode(const events::v1::Event& event) {
  namespace pb = google::protobuf;
  const pb::Descriptor* type = pb::DescriptorPool::generated_pool()->FindMessageTypeByName(event.type());
  if (type == nullptr) return std::nullopt;
  const std::unique_ptr<pb::Message> message(pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
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

std::string EventLine(const Json& event, const LineStyle& style) {
  std::string data;
  if (const auto found = event.find("data"); found != event.end() && found->is_object()) {
    for (const auto& [name, value] : found->items()) {
      if (IsEmpty(value)) continue;
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
  std::string before;
  if (absl::Time time; style.time && absl::ParseTime(absl::RFC3339_full, Text(event, "time"), &time, nullptr)) {
    before = absl::FormatTime("%Y-%m-%d %H:%M:%S  ", time, style.zone);
  }
  if (const std::string source = Text(event, "source"); style.stream && !source.empty()) {
    std::string stream = source.substr(source.rfind('/') + 1);
    stream.resize(std::max<size_t>(stream.size(), kStreamColumns), ' ');
    absl::StrAppend(&before, stream, " ");
  }
  std::string type = ShortType(Text(event, "type"));
  type.resize(std::max<size_t>(type.size(), 26), ' ');
  return absl::StrCat(Styled(absl::StrCat(before, Text(event, "cursor")), "2", style.colour), "  ",
                      Styled(type, "36", style.colour), "  ", data);
}

}  // namespace mestring::ctl
