// Events that a subscription could not apply, put aside so that others go on (BUS.md, C6). Events of one subject keep
// their order: while one is parked, later ones of its subject are parked behind it.
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
// Deletes the parked copy of the event that, by this EventErased, its owner has erased.
absl::Status ForgetParked(Tx& tx, std::string_view stream, const events::v1::Event& event);

// The subjects with parked events; only `subject` if it is not empty.
absl::StatusOr<std::vector<std::string>> ParkedSubjects(Tx& tx, std::string_view stream, std::string_view subject);
// The oldest parked event of a subject; nullopt if there is none.
absl::StatusOr<std::optional<events::v1::Event>> OldestParked(Tx& tx, std::string_view stream,
                                                              std::string_view subject);
// Record that the parked event at `cursor` was applied, or failed once more.
absl::Status Unpark(Tx& tx, std::string_view stream, Cursor cursor);
absl::Status NoteParkedFailure(Tx& tx, std::string_view stream, Cursor cursor, std::string_view error);

// Parked events after (`after_stream`, `after`), oldest first; of all streams if `stream` is empty.
absl::StatusOr<std::vector<events::v1::ParkedEvent>> ListParked(Tx& tx, std::string_view stream, int limit,
                                                                std::string_view after_stream, Cursor after);

}  // namespace mestring
