// The log of a service's events: Tx::Publish writes it to the table `outbox`; these functions read it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/database.h"
#include "mestring/events/v1/events.pb.h"

namespace mestring {

// Entries after `after`, in order, at most `limit`; {0,0} reads from the oldest retained entry.
// Errors: OutOfRange CURSOR_PRUNED if the successor of `after` is no longer retained; CURSOR_FORKED
// (metadata "common": the last cursor of both histories) if `after` was never, or is no longer, part
// of this history: an unknown epoch, or a position beyond where its epoch ended.
absl::StatusOr<std::vector<events::v1::Event>> ReadLog(Tx& tx, Cursor after, int limit);

// Whether a cursor is part of this history, without reading entries: OK, or CURSOR_FORKED as above.
absl::Status CheckKnown(Tx& tx, Cursor cursor);

// The oldest retained entry, or {0,0} if the log is empty.
absl::StatusOr<Cursor> OldestEntry(Tx& tx);

// The first entry at or after `time`; the head if there is none. The Redis window is trimmed to it. Entries that show
// only their day (Tx::ForgetTheMoment) count as of its beginning, and hide no entry of that day that came before them.
absl::StatusOr<Cursor> FirstEntrySince(Tx& tx, absl::Time time);

// When the oldest entry after `after` was published; none if there is no later entry. Entries that show only their day
// do not count: their time does not say how long they have waited.
absl::StatusOr<std::optional<absl::Time>> OldestTimeAfter(Tx& tx, Cursor after);

// Removes entries older than `before`, at most `limit` of them (never the newest entry). Returns how many.
absl::StatusOr<int64_t> PruneLog(Tx& tx, absl::Time before, int limit);

// Erases an entry: it becomes a mestring.events.v1.Erased without data, and keeps its id and position. An EventErased
// tells those who have the event already, and the relay removes it from the stream. Idempotent.
absl::Status EraseEntry(Tx& tx, Cursor cursor);

}  // namespace mestring
