#include "common/store/tx.h"

// Before a statement, waiting rows of the tables that it names are inserted. After a failed statement everything fails:
// PostgreSQL answers the COMMIT of such a transaction with a ROLLBACK and no error, and SQLite would keep half of it.

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/field_rules.h"
#include "common/store/connection.h"
#include "common/store/tx_group.h"
#include "google/protobuf/message.h"
#include "mestring/events/v1/events.pb.h"

namespace mestring {
namespace {

// PostgreSQL cannot hold a NUL byte, and libpq would cut the text there without an error.
absl::Status CheckTexts(std::string_view sql, const std::vector<Value>& parameters) {
  for (const Value& value : parameters) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && text->find('\0') != std::string::npos) {
      return absl::InternalError(absl::StrCat("a bound text holds a NUL byte, in: ", sql));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void Tx::ForgetTheMoment() {
  now_ = StartOfDay(settings_.zone, today());
  knows_moment_ = false;
}

// The thread that runs a group runs the functions of other callers, too: an exception that left this function would
// leave them waiting for ever.
absl::Status Tx::Do(absl::FunctionRef<absl::Status(Tx&)> fn) {
  absl::Status status;
  try {
    status = fn(*this);
  } catch (const std::exception& error) {
    status = absl::InternalError(absl::StrCat("an exception: ", error.what()));
  }
  return status.ok() ? failed_ : status;
}

absl::Status Tx::MakeReady(std::string_view sql, const std::vector<Value>& parameters) {
  TRY(failed_);
  failed_ = CheckTexts(sql, parameters);
  TRY(failed_);
  failed_ = group_->InsertNamed(connection_, sql);
  TRY(failed_);
  if (!absl::StartsWith(sql, "SELECT")) changed_ = true;
  return failed_;
}

absl::StatusOr<int64_t> Tx::Run(std::string_view sql, const std::vector<Value>& parameters, int columns,
                                std::vector<std::vector<Cell>>* rows) {
  TRY(MakeReady(sql, parameters));
  absl::StatusOr<int64_t> changed = connection_.Run(sql, parameters, static_cast<size_t>(columns), rows);
  if (!changed.ok()) failed_ = changed.status();
  return changed;
}

absl::StatusOr<int64_t> Tx::RunLater(std::string_view sql, std::vector<Value> parameters,
                                     std::optional<int64_t> must_change) {
  if (group_->careful || !group_->writes) return Run(sql, parameters, 0, nullptr);
  TRY(MakeReady(sql, parameters));
  group_->deferred = true;
  failed_ = connection_.Later(sql, std::move(parameters), must_change);
  TRY(failed_);
  return must_change.value_or(0);
}

absl::StatusOr<int64_t> Tx::ExecOneLater(std::string_view sql, std::vector<Value> parameters) {
  absl::StatusOr<int64_t> rows = RunLater(sql, std::move(parameters), 1);
  if (rows.ok() && *rows > 0) wrote_ = true;
  return rows;
}

absl::Status Tx::ExecValuesLater(std::string_view sql, std::vector<Value> parameters) {
  TRY(RunLater(sql, std::move(parameters), std::nullopt).status());
  wrote_ = true;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::vector<Cell>>> Tx::QueryCells(std::string_view sql,
                                                              const std::vector<Value>& parameters, int columns) {
  std::vector<std::vector<Cell>> rows;
  TRY(Run(sql, parameters, columns, &rows).status());
  return rows;
}

absl::Status Tx::AddLater(std::string_view into, std::vector<Value> values) {
  if (group_->careful || !group_->writes) return Run(InsertSql(into, 1, values.size()), values, 0, nullptr).status();
  TRY(failed_);
  failed_ = CheckTexts(into, values);
  TRY(failed_);
  changed_ = true;
  group_->deferred = true;
  group_->Late(into).rows.push_back(std::move(values));
  return absl::OkStatus();
}

absl::Status Tx::Append(int64_t kind, const google::protobuf::Message& event, std::string_view subject,
                        int64_t version) {
  TRY(failed_);
  if (!group_->writes) return failed_ = absl::InternalError("a Read cannot publish");
  // The function may ignore this error; the transaction must not commit without the event.
  failed_ = CheckEvent(event);
  TRY(failed_);
  // A subject that readers of the stream would take for a foreign entry must not get into the log.
  if (!IsAttribute(subject)) return failed_ = absl::InternalError("an event's subject must be printable ASCII");
  changed_ = true;
  const Cursor at = group_->head;
  const std::string id = knows_moment_ ? NewId(now_) : NewRandomId();
  group_->log.rows.push_back(Bind(at.epoch, at.position, kind, id, event.GetDescriptor()->full_name(), subject, version,
                                  now_, absl::Base64Escape(event.SerializeAsString()), traceparent_));
  return absl::OkStatus();
}

absl::Status Tx::Publish(const google::protobuf::Message& event, std::string_view subject, int64_t version) {
  ++group_->head.position;
  published_ = true;
  TRY(Append(1, event, subject, version));
  return failed_ = moves_.Told(event, subject, version);
}

bool Tx::writes() const { return group_->writes; }

absl::StatusOr<Cursor> Tx::Head() { return group_->head; }

// Not inline: g++ 12 warns of an overflow that is none when it sees through a constant reason.
[[gnu::noinline]] absl::Status Tx::BeginEpoch(int64_t seen, std::string_view reason) {
  Cursor& head = group_->head;
  // Not lower than the seconds of the clock: after a restored database and a lost Redis, the new epoch still sorts
  // after every cursor that anybody holds.
  head.epoch = std::max({head.epoch, seen, absl::ToUnixSeconds(now_) - 1}) + 1;
  TRY(ExecLater("INSERT INTO epochs (epoch, base, started_at, reason) VALUES (:epoch, :base, :time, :reason)",
                head.epoch, head.position, now_, reason));
  events::v1::EpochStarted event;
  event.set_epoch(head.epoch);
  event.set_base(head.position);
  event.set_reason(std::string(reason));
  return Append(0, event, "", 0);
}

absl::Status Tx::Schedule(std::string_view kind, std::string_view subject, absl::Time due) {
  return RunLater(
             "INSERT INTO timers (kind, subject, due_time, attempts, next_try) VALUES (:kind, :subject, :due, 0, :due2)"
             " ON CONFLICT (kind, subject) DO UPDATE SET due_time = excluded.due_time, attempts = 0,"
             " next_try = excluded.next_try",
             Bind(kind, subject, due, due))
      .status();
}

absl::Status Tx::CancelTimer(std::string_view kind, std::string_view subject) {
  return RunLater("DELETE FROM timers WHERE kind = :kind AND subject = :subject", Bind(kind, subject)).status();
}

}  // namespace mestring
