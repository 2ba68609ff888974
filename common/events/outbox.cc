// Reads the log: the table `outbox` in the order (epoch, position).
//
// Positions go on through the epochs: an epoch begins with an EpochStarted entry at the position of the last event
// before it, its base. So the successor of (e, p) is the event (e, p+1) or the EpochStarted (e', p) of a later epoch.
// If anything else follows, the reader gets an error that says why. `epochs` is never pruned, so a cursor can be judged
// after its rows are gone.
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
                    "this cursor is not part of the stream's history, because the owner's database went back in time; "
                    "stop, and let a person decide what to do with what you learned after `common`",
                    {{"common", common.ToString()}});
}

absl::Status Pruned() {
  return OutOfRange("CURSOR_PRUNED",
                    "the log no longer keeps what follows this cursor; take a snapshot and go on from its as_of");
}

// The end of `epoch`: the base of the next one, or, for the last, the head.
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
  // No log ever has a negative epoch.
  if (known.empty()) return Forked(Cursor{});
  const auto [epoch, base] = known[0];
  ASSIGN(Cursor end, EndOf(tx, epoch));
  if (epoch == cursor.epoch && cursor.position >= base && cursor.position <= end.position) return absl::OkStatus();
  // The last cursor of both histories: both have the last epoch known here that is not later, up to its end here or to
  // the caller's position, whichever is less.
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
  // If this entry shows only its day, another entry of that day may come before it in the log.
  ASSIGN(auto later, (tx.Query<int64_t, int64_t>("SELECT epoch, position FROM outbox WHERE time > :time"
                                                 " ORDER BY time, epoch, position LIMIT 1",
                                                 std::get<2>(rows[0]))));
  if (later.empty()) return first;
  return std::min(first, Cursor{std::get<0>(later[0]), std::get<1>(later[0])});
}

absl::StatusOr<std::optional<absl::Time>> OldestTimeAfter(Tx& tx, Cursor after) {
  // An entry that shows only its day has a random id: a UUID of version 4, which is its fifteenth character.
  ASSIGN(const auto rows, tx.Query<int64_t>("SELECT time FROM outbox WHERE (epoch, position) > (:epoch, :position)"
                                            " AND SUBSTR(id, 15, 1) <> '4' ORDER BY epoch, position LIMIT 1",
                                            after.epoch, after.position));
  if (rows.empty()) return std::nullopt;
  return absl::FromUnixMicros(std::get<0>(rows[0]));
}

absl::StatusOr<int64_t> PruneLog(Tx& tx, absl::Time before, int limit) {
  // Only the oldest rows in the order of the log, so that it has no hole even if the clock went back.
  ASSIGN(auto oldest,
         (tx.Query<int64_t, int64_t, int64_t>(
             "SELECT epoch, position, time FROM outbox ORDER BY epoch, position LIMIT :limit", int64_t{limit} + 1)));
  size_t remove = 0;
  // The query asks for one row more than may be removed, and the last row stays.
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
