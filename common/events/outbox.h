// The log of a service's events: the table `outbox`, written by Tx::Publish, read here.
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

// What `epochs` says of a cursor without reading entries: OK, or CURSOR_FORKED as above.
absl::Status CheckKnown(Tx& tx, Cursor cursor);

// The oldest retained entry, or {0,0} if the log is empty.
absl::StatusOr<Cursor> OldestEntry(Tx& tx);

// The first entry at or after `time`; the head if there is none. For trimming the Redis window. Entries that tell no
// more than their day (Tx::ForgetTheMoment) count as of its beginning, and hide none of that day that came before them.
absl::StatusOr<Cursor> FirstEntrySince(Tx& tx, absl::Time time);

// When the oldest entry after `after` was published; none if there is no later entry. One that tells no more than its
// day does not count: its time says nothing of how long it waits.
absl::StatusOr<std::optional<absl::Time>> OldestTimeAfter(Tx& tx, Cursor after);

// Removes entries older than `before`, at most `limit` of them (never the newest entry). Returns how many.
absl::StatusOr<int64_t> PruneLog(Tx& tx, absl::Time before, int limit);

// Erasure: the entry becomes a mestring.events.v1.Erased without data; id and position stay, and an EventErased
// tells those who have it already. The relay removes it from the stream. Idempotent.
absl::Status EraseEntry(Tx& tx, Cursor cursor);

}  // namespace mestring
