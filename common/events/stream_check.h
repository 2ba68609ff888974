// Compares the stream with the log: which of its entries the log has, and which it lacks although its end is right. The
// last ID shows that Redis lost the end of a stream; it does not show that the middle or the front is missing. (BUS.md,
// R2 and R6a)
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/events/stream.h"
#include "common/store/database.h"

namespace mestring {

// The entry of the log before `cursor`, {0,0} if none is retained.
absl::StatusOr<Cursor> Predecessor(Tx& tx, Cursor cursor);

// Whether this entry of the stream is one of the log, whose oldest entry is `oldest`: its cursor belongs to our
// history, and if its row is retained it is the same event.
absl::StatusOr<bool> IsOurs(Tx& tx, const Stream::Entry& entry, Cursor oldest);

// Whether every entry after `from` up to `to` was erased, so that none of them can be on the stream.
absl::StatusOr<bool> AllErased(Tx& tx, Cursor from, Cursor to);

// Records, before it is done, that the stream is trimmed up to `cursor` or begins there.
absl::Status RecordTrim(Tx& tx, Cursor cursor);
absl::StatusOr<Cursor> TrimmedUpTo(Tx& tx);

// One read of the log.
using ReadsLog = absl::FunctionRef<absl::Status(absl::FunctionRef<absl::Status(Tx&)>)>;
// The end of a stream, compared with the log.
struct StreamEnd {
  Cursor last;                       // the last ID
  std::optional<Cursor> valid;       // the newest entry that is ours
  std::vector<std::string> orphans;  // above it
  int64_t ahead = 0;                 // the largest epoch among them
  bool astray = false;               // there are too many of them to remove one by one
};
// Errors: those of Redis and the database.
absl::StatusOr<StreamEnd> FindEnd(Stream& stream, ReadsLog read);

// An epoch is a count of seconds; none of ours is beyond this, which is also the largest exact number in Lua.
inline constexpr int64_t kEpochMax = int64_t{1} << 53;

// The entry after the newest hole in a stream that ends at `last`, which is a cursor of the log; nullopt if no entry is
// missing. Entries that were erased or trimmed, or are older than `window` or the log, do not count. The work is
// constant while the number of entries is right; otherwise the whole stream is read beside the log. Errors: those of
// Redis and the database; STREAM_MOVED if the stream does not end at `last`.
absl::StatusOr<std::optional<Cursor>> FindHole(Stream& stream, ReadsLog read, Cursor last, absl::Duration window);

// The error of a stream that does not end where we left it: another relay publishes, or Redis lost entries. Look again.
absl::Status StreamMoved();

}  // namespace mestring
