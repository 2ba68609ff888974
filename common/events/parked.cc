#include "common/events/parked.h"

#include "absl/strings/escaping.h"
#include "common/base/clock.h"
#include "common/base/errors.h"

namespace mestring {

using events::v1::Event;
using events::v1::EventErased;

absl::StatusOr<int64_t> CountParked(Tx& tx, std::string_view stream) {
  ASSIGN(const auto rows, tx.Query<int64_t>("SELECT COUNT(*) FROM parked_event WHERE stream = :stream", stream));
  return std::get<0>(rows[0]);
}

absl::StatusOr<bool> IsSubjectParked(Tx& tx, std::string_view stream, const Event& event) {
  if (event.subject().empty()) return false;
  ASSIGN(const auto rows,
         tx.Query<int64_t>("SELECT position FROM parked_event WHERE stream = :stream AND subject = :subject LIMIT 1",
                           stream, event.subject()));
  return !rows.empty();
}

absl::Status Park(Tx& tx, std::string_view stream, const Event& event, std::string_view error, int attempts) {
  ASSIGN(const Cursor cursor, ParseCursor(event.cursor()));
  return tx
      .Exec(
          "INSERT INTO parked_event (stream, epoch, position, id, subject, entry, error, attempts, parked_at)"
          " VALUES (:stream, :epoch, :position, :id, :subject, :entry, :error, :attempts, :time)",
          stream, cursor.epoch, cursor.position, event.id(), event.subject(),
          absl::Base64Escape(event.SerializeAsString()), error, attempts, tx.now())
      .status();
}

absl::Status ForgetParked(Tx& tx, std::string_view stream, const Event& event) {
  EventErased erased;
  if (!erased.ParseFromString(event.data())) return absl::InternalError("an EventErased that cannot be read");
  return tx.Exec("DELETE FROM parked_event WHERE stream = :stream AND id = :id", stream, erased.event_id()).status();
}

absl::StatusOr<std::vector<std::string>> ParkedSubjects(Tx& tx, std::string_view stream, std::string_view subject) {
  ASSIGN(const auto rows, tx.Query<std::string>("SELECT subject FROM parked_event WHERE stream = :stream AND"
                                                " (:all = 1 OR subject = :subject) GROUP BY subject ORDER BY subject",
                                                stream, subject.empty(), subject));
  std::vector<std::string> subjects;
  for (const auto& [found] : rows) subjects.push_back(found);
  return subjects;
}

absl::StatusOr<std::optional<Event>> OldestParked(Tx& tx, std::string_view stream, std::string_view subject) {
  ASSIGN(const auto rows, (tx.Query<int64_t, int64_t, std::string>(
                              "SELECT epoch, position, entry FROM parked_event WHERE stream = :stream AND"
                              " subject = :subject ORDER BY epoch, position LIMIT 1",
                              stream, subject)));
  if (rows.empty()) return std::nullopt;
  const auto& [epoch, position, entry] = rows[0];
  std::string bytes;
  Event event;
  if (!absl::Base64Unescape(entry, &bytes) || !event.ParseFromString(bytes)) {
    return absl::InternalError("the parked entry is damaged");
  }
  event.set_cursor(Cursor{epoch, position}.ToString());
  return event;
}

absl::Status Unpark(Tx& tx, std::string_view stream, Cursor cursor) {
  return tx
      .Exec("DELETE FROM parked_event WHERE stream = :stream AND epoch = :epoch AND position = :position", stream,
            cursor.epoch, cursor.position)
      .status();
}

absl::Status NoteParkedFailure(Tx& tx, std::string_view stream, Cursor cursor, std::string_view error) {
  return tx
      .Exec(
          "UPDATE parked_event SET attempts = attempts + 1, error = :error"
          " WHERE stream = :stream AND epoch = :epoch AND position = :position",
          error, stream, cursor.epoch, cursor.position)
      .status();
}

absl::StatusOr<std::vector<events::v1::ParkedEvent>> ListParked(Tx& tx, std::string_view stream, int limit,
                                                                std::string_view after_stream, Cursor after) {
  ASSIGN(const auto rows,
         (tx.Query<std::string, int64_t, int64_t, std::string, std::string, std::string, std::string, int64_t, int64_t>(
             "SELECT stream, epoch, position, id, subject, entry, error, attempts, parked_at FROM parked_event"
             " WHERE (:all = 1 OR stream = :stream) AND (stream, epoch, position) > (:after, :epoch, :position)"
             " ORDER BY stream, epoch, position LIMIT :limit",
             stream.empty(), stream, after_stream, after.epoch, after.position, limit)));
  std::vector<events::v1::ParkedEvent> parked;
  for (const auto& [key, epoch, position, id, subject, entry, error, attempts, time] : rows) {
    events::v1::ParkedEvent& row = parked.emplace_back();
    row.set_stream(key);
    row.set_cursor(Cursor{epoch, position}.ToString());
    row.set_id(id);
    row.set_subject(subject);
    row.set_error(error);
    row.set_attempts(static_cast<int>(attempts));
    *row.mutable_parked_time() = ToProto(absl::FromUnixMicros(time));
    std::string bytes;
    Event event;
    if (absl::Base64Unescape(entry, &bytes) && event.ParseFromString(bytes)) row.set_type(event.type());
  }
  return parked;
}

}  // namespace mestring
