// Positions have no gap and epochs are never pruned, so the number of entries between two cursors of the log is known;
// Redis knows the length of a stream and its two ends. If the numbers differ, both are read side by side, and only that
// comparison decides: an erased entry may still be on the stream for a moment.
//
// The stream is always read before the log. So every entry of the stream must be in the log, and every entry that the
// log keeps must be on the stream: the log already says what a trim or an erasure took off the stream since.
#include "common/events/stream_check.h"

#include <algorithm>

#include "common/events/outbox.h"

namespace mestring {
namespace {

// Entries read in one step when the end of the stream is foreign, and the most orphans that are removed one by one:
// with more, filling the stream again is quicker.
constexpr int kWalkRows = 256, kOrphansMax = 10'000;

// Entries of the stream read at once, and rows of the log.
constexpr int kChunk = 512;

// How many entries of the log from `from` to `to`, both included, belong on the stream.
absl::StatusOr<int64_t> CountKept(Tx& tx, Cursor from, Cursor to) {
  ASSIGN(const auto epochs,
         tx.Query<int64_t>("SELECT COUNT(*) FROM epochs WHERE epoch > :after AND epoch <= :to", from.epoch, to.epoch));
  ASSIGN(const auto erased,
         tx.Query<int64_t>("SELECT COUNT(*) FROM outbox WHERE kind = 2 AND (epoch, position) >= (:e1, :p1)"
                           " AND (epoch, position) <= (:e2, :p2)",
                           from.epoch, from.position, to.epoch, to.position));
  return 1 + to.position - from.position + std::get<0>(epochs[0]) - std::get<0>(erased[0]);
}

// No entry from here on may be missing. Takes the later of window and recorded trim, because another process with
// another clock may have trimmed.
absl::StatusOr<Cursor> KeptFrom(Tx& tx, Cursor oldest, absl::Duration window) {
  ASSIGN(const Cursor trimmed, TrimmedUpTo(tx));
  ASSIGN(const Cursor first, FirstEntrySince(tx, tx.now() - window));
  return std::max({trimmed, first, oldest});
}

// Compares the numbers alone.
absl::StatusOr<bool> CountIsRight(Tx& tx, const Stream::State& state, absl::Duration window) {
  ASSIGN(const Cursor oldest, OldestEntry(tx));
  ASSIGN(Cursor from, KeptFrom(tx, oldest, window));
  if (state.first) {
    ASSIGN(const bool ours, IsOurs(tx, *state.first, oldest));
    if (!ours) return false;
    ASSIGN(const Cursor first, ParseCursor(state.first->id));
    from = std::min(from, first);
  }
  if (from > state.last) return state.length == 0;
  ASSIGN(const int64_t count, CountKept(tx, from, state.last));
  return state.length == count;
}

// Goes down the stream, chunk by chunk, beside the log.
class SideBySide {
 public:
  SideBySide(Cursor last, absl::Duration window) : window_(window), below_{last.epoch, last.position + 1} {}

  // The lowest compared entry; and whether the log has nothing below it that must be on the stream.
  Cursor below() const { return below_; }
  bool done() const { return done_; }

  // Compares the next entries of the stream, newest first. True if none is missing between them, down to the last of
  // them, or, if they are `all` that are left, down to where the stream may begin.
  absl::StatusOr<bool> Fits(Tx& tx, absl::Span<const Stream::Entry> entries, bool all) {
    ASSIGN(const Cursor oldest, OldestEntry(tx));
    ASSIGN(Cursor from, KeptFrom(tx, oldest, window_));
    if (!all) from = std::max(from, ParseCursor(entries.back().id).value_or(Cursor()));
    // Each entry takes one row; one more shows that a row is missing.
    ASSIGN(const auto rows,
           (tx.Query<int64_t, int64_t, std::string>(
               "SELECT epoch, position, id FROM outbox WHERE kind <> 2"
               " AND (epoch, position) >= (:e1, :p1) AND (epoch, position) < (:e2, :p2)"
               " ORDER BY epoch DESC, position DESC LIMIT :limit",
               from.epoch, from.position, below_.epoch, below_.position, static_cast<int64_t>(entries.size()) + 1)));
    done_ = all;
    auto row = rows.begin();
    for (const Stream::Entry& entry : entries) {
      const absl::StatusOr<Cursor> cursor = ParseCursor(entry.id);
      if (!cursor.ok()) return false;
      if (*cursor < from) {
        done_ = true;  // it will be trimmed
        break;
      }
      const Cursor next = row == rows.end() ? Cursor() : Cursor{std::get<0>(*row), std::get<1>(*row)};
      if (next == *cursor) {
        if (std::get<2>(*row++) != entry.event_id) return false;
      } else {
        // Only an entry that was erased a moment ago may be here.
        ASSIGN(const bool ours, IsOurs(tx, entry, oldest));
        if (next > *cursor || !ours) return false;
      }
      below_ = *cursor;
    }
    return row == rows.end();
  }

 private:
  const absl::Duration window_;
  Cursor below_;
  bool done_ = false;
};

}  // namespace

absl::StatusOr<Cursor> Predecessor(Tx& tx, Cursor cursor) {
  ASSIGN(auto rows, (tx.Query<int64_t, int64_t>("SELECT epoch, position FROM outbox WHERE epoch = :epoch AND"
                                                " position < :position ORDER BY position DESC LIMIT 1",
                                                cursor.epoch, cursor.position)));
  if (rows.empty()) {
    ASSIGN(rows, (tx.Query<int64_t, int64_t>("SELECT epoch, position FROM outbox WHERE epoch < :epoch"
                                             " ORDER BY epoch DESC, position DESC LIMIT 1",
                                             cursor.epoch)));
  }
  if (rows.empty()) return Cursor();
  return Cursor{std::get<0>(rows[0]), std::get<1>(rows[0])};
}

absl::StatusOr<bool> IsOurs(Tx& tx, const Stream::Entry& entry, Cursor oldest) {
  const absl::StatusOr<Cursor> cursor = ParseCursor(entry.id);
  if (!cursor.ok() || entry.event_id.empty()) return false;
  if (const absl::Status known = CheckKnown(tx, *cursor); !known.ok()) {
    if (ReasonOf(known) == "CURSOR_FORKED") return false;
    return known;
  }
  ASSIGN(const auto rows, tx.Query<std::string>("SELECT id FROM outbox WHERE epoch = :epoch AND position = :position",
                                                cursor->epoch, cursor->position));
  return rows.empty() ? *cursor < oldest : std::get<0>(rows[0]) == entry.event_id;
}

absl::StatusOr<bool> AllErased(Tx& tx, Cursor from, Cursor to) {
  if (!CheckKnown(tx, to).ok()) return false;
  ASSIGN(const int64_t kept, CountKept(tx, from, to));
  ASSIGN(const int64_t kept_of_from, CountKept(tx, from, from));
  return kept == kept_of_from;
}

absl::Status RecordTrim(Tx& tx, Cursor cursor) {
  return tx.Exec("UPDATE stream_trimmed SET epoch = :epoch, position = :position", cursor.epoch, cursor.position)
      .status();
}

absl::StatusOr<Cursor> TrimmedUpTo(Tx& tx) {
  ASSIGN(const auto rows, (tx.Query<int64_t, int64_t>("SELECT epoch, position FROM stream_trimmed")));
  return rows.empty() ? Cursor() : Cursor{std::get<0>(rows[0]), std::get<1>(rows[0])};
}

absl::StatusOr<StreamEnd> FindEnd(Stream& stream, ReadsLog read) {
  StreamEnd end;
  ASSIGN(end.last, stream.LastId());
  std::string max = "+";
  while (!end.valid && !end.astray) {
    ASSIGN(const std::vector<Stream::Entry> entries, stream.NewestFirst(max, kWalkRows));
    if (entries.empty()) break;
    TRY(read([&](Tx& tx) -> absl::Status {
      ASSIGN(const Cursor oldest, OldestEntry(tx));
      for (const Stream::Entry& entry : entries) {
        ASSIGN(const bool ours, IsOurs(tx, entry, oldest));
        const absl::StatusOr<Cursor> cursor = ParseCursor(entry.id);
        if (ours) {
          end.valid = *cursor;
          return absl::OkStatus();
        }
        end.orphans.push_back(entry.id);
        const bool credible = cursor.ok() && !entry.event_id.empty() && cursor->epoch < kEpochMax;
        if (credible) end.ahead = std::max(end.ahead, cursor->epoch);
      }
      return absl::OkStatus();
    }));
    max = "(" + entries.back().id;
    end.astray = end.orphans.size() > static_cast<size_t>(kOrphansMax);
  }
  return end;
}

absl::StatusOr<std::optional<Cursor>> FindHole(Stream& stream, ReadsLog read, Cursor last, absl::Duration window) {
  ASSIGN(const Stream::State state, stream.Look());
  if (state.last != last) return StreamMoved();
  bool fits = false;
  TRY(read([&](Tx& tx) -> absl::Status {
    ASSIGN(fits, CountIsRight(tx, state, window));
    return absl::OkStatus();
  }));
  if (fits) return std::nullopt;
  SideBySide comparison(last, window);
  do {
    ASSIGN(const std::vector<Stream::Entry> entries, stream.NewestFirst("(" + comparison.below().ToString(), kChunk));
    TRY(read([&](Tx& tx) -> absl::Status {
      ASSIGN(fits, comparison.Fits(tx, entries, /*all=*/entries.size() < static_cast<size_t>(kChunk)));
      return absl::OkStatus();
    }));
  } while (fits && !comparison.done());
  if (fits) return std::nullopt;
  return comparison.below();
}

absl::Status StreamMoved() { return Unavailable("STREAM_MOVED", "the stream does not end where this relay left it"); }

}  // namespace mestring
