// The log, read: the table `outbox` in the order (epoch, position).
//
// Positions go on through the epochs: an epoch begins with an EpochStarted entry at the position of
// the last event before it, its base. So the successor of (e, p) is the event (e, p+1), or the
// EpochStarted (e', p) of a later epoch; nothing else may follow, and a reader who would get anything
// else is told why instead. `epochs` is kept for ever, which is what makes "never was, or is no longer,
// part of this history" a question that can be answered after the rows themselves are gone.
#include "common/events/outbox.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace mestring {
namespace {

constexpr std::string_view kErasedType = "mestring.events.v1.Erased";
constexpr int64_t kErasedKind = 2;  // schema/0001_kernel.sql

absl::Status Forked(Cursor common) {
  return OutOfRange("CURSOR_FORKED",
                    "this cursor is not part of the stream's history: the owner's database went back in time",
                    {{"common", common.ToString()}});
}

absl::Status Pruned() {
  return OutOfRange("CURSOR_PRUNED",
                    "what follows this cursor is no longer kept; take a snapshot and go on from there");
}

// Where `epoch` ended: at the base of the one after it, or, for the last, at the head.
absl::StatusOr<Cursor> EndOf(Tx& tx, int64_t epoch) {
  ASSIGN(auto next, tx.Query<int64_t>("SELECT base FROM epochs WHERE epoch > :epoch ORDER BY epoch LIMIT 1", epoch));
  if (!next.empty()) return Cursor{epoch, std::get<0>(next[0])};
  ASSIGN(const Cursor head, tx.Head());
  return Cursor{epoch, head.position};
}

}  // namespace

absl::Status CheckKnown(Tx& tx, Cursor cursor) {
  if (cursor == Cursor{}) return absl::OkStatus();
  ASSIGN(auto known,
         (tx.Query<int64_t, int64_t>("SELECT epoch, base FROM epochs WHERE epoch <= :epoch ORDER BY epoch DESC LIMIT 1",
                                     cursor.epoch)));
  // A negative epoch: nobody ever had it.
  if (known.empty()) return Forked(Cursor{});
  const auto [epoch, base] = known[0];
  ASSIGN(Cursor end, EndOf(tx, epoch));
  if (epoch == cursor.epoch && cursor.position >= base && cursor.position <= end.position) return absl::OkStatus();
  // The last that both have: they were together in the last epoch known here that is not later, up to
  // where it ended here, or where the other stands if that is less.
  end.position = std::max(base, std::min(end.position, cursor.position));
  return Forked(end);
}

absl::StatusOr<std::vector<events::v1::Event>> ReadLog(Tx& tx, Cursor after, int limit) {
  TRY(CheckKnown(tx, after));
  ASSIGN(auto rows, (tx.Query<int64_t, int64_t, int64_t, std::string, std::string, std::string, int64_t, int64_t,
                              std::string, std::string>(
                        "SELECT epoch, position, kind, id, type, subject, subject_version, time, data, traceparent"
                        " FROM outbox WHERE (epoch, position) > (:epoch, :position) ORDER BY epoch, position"
                        " LIMIT :limit",
                        after.epoch, after.position, limit)));
  if (after != Cursor{}) {
    ASSIGN(const Cursor head, tx.Head());
    if (rows.empty() ? after != head
                     : !Follows(after, {std::get<0>(rows[0]), std::get<1>(rows[0])}, std::get<2>(rows[0]) == 0)) {
      return Pruned();
    }
  }
  std::vector<events::v1::Event> entries;
  entries.reserve(rows.size());
  for (auto& [epoch, position, kind, id, type, subject, version, time, data, traceparent] : rows) {
    events::v1::Event& entry = entries.emplace_back();
    entry.set_cursor(Cursor{epoch, position}.ToString());
    entry.set_id(std::move(id));
    entry.set_source(std::string(tx.event_source()));
    entry.set_type(std::move(type));
    entry.set_subject(std::move(subject));
    entry.set_subject_version(version);
    *entry.mutable_time() = ToProto(absl::FromUnixMicros(time));
    entry.set_traceparent(std::move(traceparent));
    if (!absl::Base64Unescape(data, entry.mutable_data())) {
      return absl::InternalError(absl::StrCat("the log's entry ", entry.cursor(), " is damaged"));
    }
  }
  return entries;
}

absl::StatusOr<Cursor> OldestEntry(Tx& tx) {
  ASSIGN(auto rows,
         (tx.Query<int64_t, int64_t>("SELECT epoch, position FROM outbox ORDER BY epoch, position LIMIT 1")));
  if (rows.empty()) return Cursor{};
  return Cursor{std::get<0>(rows[0]), std::get<1>(rows[0])};
}

absl::StatusOr<Cursor> FirstEntrySince(Tx& tx, absl::Time time) {
  ASSIGN(auto rows, (tx.Query<int64_t, int64_t, int64_t>("SELECT epoch, position, time FROM outbox WHERE time >= :time"
                                                         " ORDER BY time, epoch, position LIMIT 1",
                                                         time)));
  if (rows.empty()) return tx.Head();
  const Cursor first{std::get<0>(rows[0]), std::get<1>(rows[0])};
  // If it tells its day only, the first one after the beginning of that day may have come before it.
  ASSIGN(auto later, (tx.Query<int64_t, int64_t>("SELECT epoch, position FROM outbox WHERE time > :time"
                                                 " ORDER BY time, epoch, position LIMIT 1",
                                                 std::get<2>(rows[0]))));
  if (later.empty()) return first;
  return std::min(first, Cursor{std::get<0>(later[0]), std::get<1>(later[0])});
}

absl::StatusOr<std::optional<absl::Time>> OldestTimeAfter(Tx& tx, Cursor after) {
  // The id of one that tells its day only is random: a UUID of version 4, whose digit stands at the fifteenth place.
  ASSIGN(const auto rows, tx.Query<int64_t>("SELECT time FROM outbox WHERE (epoch, position) > (:epoch, :position)"
                                            " AND SUBSTR(id, 15, 1) <> '4' ORDER BY epoch, position LIMIT 1",
                                            after.epoch, after.position));
  if (rows.empty()) return std::nullopt;
  return absl::FromUnixMicros(std::get<0>(rows[0]));
}

absl::StatusOr<int64_t> PruneLog(Tx& tx, absl::Time before, int limit) {
  // Only from the beginning, so that what is left has no hole even if the clock once went back.
  ASSIGN(auto oldest,
         (tx.Query<int64_t, int64_t, int64_t>(
             "SELECT epoch, position, time FROM outbox ORDER BY epoch, position LIMIT :limit", int64_t{limit} + 1)));
  size_t remove = 0;
  // The newest entry stays: one more than may be removed was asked for.
  while (remove + 1 < oldest.size() && std::get<2>(oldest[remove]) < absl::ToUnixMicros(before)) ++remove;
  if (remove == 0) return 0;
  const auto& [epoch, position, time] = oldest[remove - 1];
  return tx.Exec("DELETE FROM outbox WHERE (epoch, position) <= (:epoch, :position)", epoch, position);
}

absl::Status EraseEntry(Tx& tx, Cursor cursor) {
  ASSIGN(const auto rows, (tx.Query<std::string, int64_t>(
                              "SELECT id, kind FROM outbox WHERE epoch = :epoch AND position = :position AND kind <> 0",
                              cursor.epoch, cursor.position)));
  if (rows.empty()) return NotFound("event");
  const auto& [id, kind] = rows[0];
  if (kind == kErasedKind) return absl::OkStatus();
  TRY(tx.Exec("UPDATE outbox SET kind = :kind, type = :type, subject = '', subject_version = 0, data = '',"
              " traceparent = '' WHERE epoch = :epoch AND position = :position",
              kErasedKind, kErasedType, cursor.epoch, cursor.position)
          .status());
  events::v1::EventErased event;
  event.set_cursor(cursor.ToString());
  event.set_event_id(id);
  return tx.Publish(event, id, 1);
}

}  // namespace mestring
