// The stream beside the log: which entries of it are the log's, and what it lacks though its end is right. A Redis that
// lost its tail shows it by its last ID; one that lost its middle or its front does not. (BUS.md, R2 and R6a)
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

// True if this entry of the stream is one of the log, whose oldest is `oldest`: its cursor belongs to our history, and
// where the row is retained it is the same event.
absl::StatusOr<bool> IsOurs(Tx& tx, const Stream::Entry& entry, Cursor oldest);

// True if everything after `from` up to `to` was erased: nothing of it can be on the stream.
absl::StatusOr<bool> AllErased(Tx& tx, Cursor from, Cursor to);

// Records that the stream is trimmed up to `cursor`, or begins there: before it is done.
absl::Status RecordTrim(Tx& tx, Cursor cursor);
absl::StatusOr<Cursor> TrimmedUpTo(Tx& tx);

// One read of the log.
using ReadsLog = absl::FunctionRef<absl::Status(absl::FunctionRef<absl::Status(Tx&)>)>;
// The end of a stream, as the log sees it.
struct StreamEnd {
  Cursor last;                       // the last ID
  std::optional<Cursor> valid;       // the newest entry that is ours
  std::vector<std::string> orphans;  // above it
  int64_t ahead = 0;                 // the largest epoch among them
  bool astray = false;               // there are too many of them to remove one by one
};
// Errors: those of Redis and the database.
absl::StatusOr<StreamEnd> FindEnd(Stream& stream, ReadsLog read);

// An epoch is a count of seconds; what is beyond this is none of ours (and Lua's numbers end there).
inline constexpr int64_t kEpochMax = int64_t{1} << 53;

// Where the newest hole ends, in a stream that ends at `last`, a cursor of ours: before this entry. nullopt if nothing
// is missing. What was erased, trimmed, or is older than `window` or the log may be missing. Constant work while the
// number of entries is right; else the whole stream is read beside the log. Errors: those of Redis and the database;
// STREAM_MOVED if the stream does not end at `last`.
absl::StatusOr<std::optional<Cursor>> FindHole(Stream& stream, ReadsLog read, Cursor last, absl::Duration window);

// The stream does not end where we left it. Somebody else publishes, or Redis lost something: look again.
absl::Status StreamMoved();

}  // namespace mestring
