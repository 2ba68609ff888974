// Events that a subscription could not apply, put aside so that the others go on (BUS.md, C6). They are applied in
// order within a subject: while one waits, later ones of its subject wait behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/ids.h"
#include "common/store/tx.h"
#include "mestring/events/v1/events.pb.h"
#include "mestring/events/v1/operations.pb.h"

namespace mestring {

// `stream` is the key of the stream that the event came from.
absl::Status Park(Tx& tx, std::string_view stream, const events::v1::Event& event, std::string_view error,
                  int attempts);
absl::StatusOr<int64_t> CountParked(Tx& tx, std::string_view stream);
// Whether another event of the event's subject is parked.
absl::StatusOr<bool> IsSubjectParked(Tx& tx, std::string_view stream, const events::v1::Event& event);
// The owner says, by this EventErased, that it has erased an event: what is parked of it is gone too.
absl::Status ForgetParked(Tx& tx, std::string_view stream, const events::v1::Event& event);

// The subjects of which something is parked; only `subject` if it is not empty.
absl::StatusOr<std::vector<std::string>> ParkedSubjects(Tx& tx, std::string_view stream, std::string_view subject);
// The oldest parked event of a subject; nullopt if there is none.
absl::StatusOr<std::optional<events::v1::Event>> OldestParked(Tx& tx, std::string_view stream,
                                                              std::string_view subject);
// The event that stands at `cursor` of the stream has been applied, or failed once more.
absl::Status Unpark(Tx& tx, std::string_view stream, Cursor cursor);
absl::Status NoteParkedFailure(Tx& tx, std::string_view stream, Cursor cursor, std::string_view error);

// The oldest first, of all streams if `stream` is empty; those behind the one that stands at `after` of a stream.
absl::StatusOr<std::vector<events::v1::ParkedEvent>> ListParked(Tx& tx, std::string_view stream, int limit,
                                                                std::string_view after_stream, Cursor after);

}  // namespace mestring
