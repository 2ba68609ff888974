#include "common/rpc/watch_entry.h"

#include <string_view>
#include <utility>

#include "absl/strings/match.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace mestring {
namespace {

namespace pb = events::v1;

constexpr std::string_view kOwnEntries = "mestring.events.v1.";

}  // namespace

bool TellsErasure(const std::string& type) { return type == pb::EventErased::descriptor()->full_name(); }

grpc::ByteBuffer WireOf(const pb::WatchResponse& response) {
  const grpc::Slice slice(response.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

Audience AudienceOfEvent(const pb::Event& event) {
  if (absl::StartsWith(event.type(), kOwnEntries)) return AudienceOf(nullptr);
  const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(event.type());
  if (type == nullptr) return Audience();
  const auto* prototype = google::protobuf::MessageFactory::generated_factory()->GetPrototype(type);
  const std::unique_ptr<google::protobuf::Message> message(prototype->New());
  return message->ParseFromString(event.data()) ? AudienceOf(message.get()) : Audience();
}

WatchEntryPtr WatchEntryOf(pb::Event event) {
  auto entry = std::make_shared<WatchEntry>();
  entry->cursor = ParseCursor(event.cursor()).value_or(Cursor());
  entry->type = event.type();
  entry->subject = event.subject();
  entry->audience = AudienceOfEvent(event);
  pb::WatchResponse response;
  response.set_cursor(event.cursor());
  *response.mutable_event() = std::move(event);
  entry->wire = WireOf(response);
  return entry;
}

}  // namespace mestring
