// An event for watchers: parsed once, with who may see it and the bytes to send. Immutable, shared by all watchers.
#pragma once

#include <memory>
#include <string>

#include "common/base/ids.h"
#include "common/rpc/audience.h"
#include "grpcpp/support/byte_buffer.h"
#include "mestring/events/v1/events.pb.h"

namespace mestring {

// Immutable, shared by all watchers.
struct WatchEntry {
  Cursor cursor;
  std::string type, subject;
  Audience audience;
  grpc::ByteBuffer wire;  // a WatchResponse
};
using WatchEntryPtr = std::shared_ptr<const WatchEntry>;

WatchEntryPtr WatchEntryOf(events::v1::Event event);
grpc::ByteBuffer WireOf(const events::v1::WatchResponse& response);
// Everybody may see the stream's own entries. Events that this program does not know or cannot read are for subscribers
// only, because it cannot say whom they concern.
Audience AudienceOfEvent(const events::v1::Event& event);
// Whether events of this type say that another event was erased.
bool TellsErasure(const std::string& type);

}  // namespace mestring
