// Reads that several use cases share.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "common/store/records.h"
#include "mestring/council/v1/council.pb.h"
#include "services/council/attendance_rules.h"
#include "services/council/tables.h"

namespace mestring::council {

// MANDATE_MISSING if nobody has set one.
absl::StatusOr<pb::Mandate> CurrentMandate(Tx& tx);
// The seats that are not retired.
absl::StatusOr<std::vector<pb::Seat>> ActiveSeats(Tx& tx);
absl::StatusOr<Holders> HoldersOf(Tx& tx, std::string_view seat_id);
// The apologies of a seat for a meeting that are in force.
absl::StatusOr<std::vector<pb::Apology>> ApologiesOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id);
// The id of the seat that a person, or the caller, holds today in either role; "" if none.
absl::StatusOr<std::string> SeatOf(Tx& tx, std::string_view person_ref);
absl::StatusOr<std::string> OwnSeat(Tx& tx, const Caller& caller);
absl::StatusOr<std::vector<pb::AgendaItem>> AgendaOf(Tx& tx, std::string_view meeting_id);
absl::StatusOr<std::vector<pb::VotingSeat>> SeatsOf(Tx& tx, std::string_view meeting_id);
// NOT_ENTITLED if the opening of the meeting did not copy the seat.
absl::StatusOr<pb::VotingSeat> VotingSeatOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id);
absl::StatusOr<std::optional<pb::Minutes>> NewestMinutes(Tx& tx, std::string_view meeting_id);
absl::StatusOr<bool> HasApprovedMinutes(Tx& tx, std::string_view meeting_id);
// The meetings that wait for minutes and have a version that was sent.
absl::StatusOr<std::set<std::string>> MeetingsWithMinutes(Tx& tx);
absl::StatusOr<std::vector<pb::Action>> ActionsOf(Tx& tx, std::string_view suggestion_id);

}  // namespace mestring::council
