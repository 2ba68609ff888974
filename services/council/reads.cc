#include "services/council/reads.h"

#include <utility>

#include "services/council/attendance_rules.h"

namespace mestring::council {

absl::StatusOr<pb::Mandate> CurrentMandate(Tx& tx) {
  return Or(Newest<pb::Mandate>(tx), Refused("MANDATE_MISSING", "no mandate is in force; set one first"));
}

absl::StatusOr<std::vector<pb::Seat>> ActiveSeats(Tx& tx) {
  return Select<pb::Seat>(tx, absl::StrCat("WHERE ", InState(pb::SEAT_STATE_ACTIVE), " ORDER BY id"));
}

absl::StatusOr<Holders> HoldersOf(Tx& tx, std::string_view seat_id) {
  Holders holders;
  // A seat has a few terms in ten years.
  ASSIGN(std::vector<pb::SeatHolder> rows, Select<pb::SeatHolder>(tx, "WHERE seat_id = :seat ORDER BY id", seat_id));
  for (pb::SeatHolder& row : rows) {
    if (row.state() != pb::HOLDER_STATE_ACTIVE) {
      holders.ended.push_back(std::move(row));
    } else {
      (row.role() == pb::HOLDER_ROLE_PRINCIPAL ? holders.principal : holders.deputy) = std::move(row);
    }
  }
  return holders;
}

absl::StatusOr<std::vector<pb::Apology>> ApologiesOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id) {
  return Select<pb::Apology>(
      tx, absl::StrCat("WHERE meeting_id = :meeting AND seat_id = :seat AND ", InState(pb::APOLOGY_STATE_IN_FORCE)),
      meeting_id, seat_id);
}

absl::StatusOr<std::string> SeatOf(Tx& tx, std::string_view person_ref) {
  if (person_ref.empty()) return std::string();
  ASSIGN(const auto rows,
         tx.Query<std::string>(absl::StrCat("SELECT seat_id FROM seat_holders WHERE person_ref = :person AND ",
                                            InState(pb::HOLDER_STATE_ACTIVE)),
                               person_ref));
  return rows.empty() ? std::string() : std::get<0>(rows[0]);
}

absl::StatusOr<std::string> OwnSeat(Tx& tx, const Caller& caller) { return SeatOf(tx, caller.person_ref); }

absl::StatusOr<std::vector<pb::AgendaItem>> AgendaOf(Tx& tx, std::string_view meeting_id) {
  return Select<pb::AgendaItem>(tx, "WHERE meeting_id = :meeting ORDER BY position, id", meeting_id);
}

absl::StatusOr<std::vector<pb::VotingSeat>> SeatsOf(Tx& tx, std::string_view meeting_id) {
  return Select<pb::VotingSeat>(tx, "WHERE meeting_id = :meeting ORDER BY seat_id", meeting_id);
}

absl::StatusOr<pb::VotingSeat> VotingSeatOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id) {
  ASSIGN(auto seat, Find<pb::VotingSeat>(tx, "WHERE meeting_id = :meeting AND seat_id = :seat", meeting_id, seat_id));
  TRY(CheckEntitled(seat.has_value()));
  return *std::move(seat);
}

absl::StatusOr<std::optional<pb::Minutes>> NewestMinutes(Tx& tx, std::string_view meeting_id) {
  return Find<pb::Minutes>(tx, "WHERE meeting_id = :meeting ORDER BY minutes_version DESC LIMIT 1", meeting_id);
}

absl::StatusOr<bool> HasApprovedMinutes(Tx& tx, std::string_view meeting_id) {
  return Exists<pb::Minutes>(tx, absl::StrCat("WHERE meeting_id = :meeting AND ", InState(pb::MINUTES_STATE_APPROVED)),
                             meeting_id);
}

absl::StatusOr<std::set<std::string>> MeetingsWithMinutes(Tx& tx) {
  ASSIGN(const auto rows,
         tx.Query<std::string>(absl::StrCat("SELECT DISTINCT meeting_id FROM minutes WHERE sent_date IS NOT NULL AND "
                                            "meeting_id IN (SELECT id FROM meetings WHERE ",
                                            InStates(AwaitsMinutes), ")")));
  std::set<std::string> ids;
  for (const auto& [id] : rows) ids.insert(id);
  return ids;
}

absl::StatusOr<std::vector<pb::Action>> ActionsOf(Tx& tx, std::string_view suggestion_id) {
  return Select<pb::Action>(tx, "WHERE suggestion_id = :suggestion ORDER BY id", suggestion_id);
}

}  // namespace mestring::council
