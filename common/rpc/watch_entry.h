// An event on its way to watchers: parsed once, with who may see it and what goes over the wire.
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
// The stream's own entries are for all; what this program does not know, or cannot read, is for subscribers only:
// nobody could say whom it concerns.
Audience AudienceOfEvent(const events::v1::Event& event);
// Whether an event of this type says that another one was erased.
bool TellsErasure(const std::string& type);

}  // namespace mestring
