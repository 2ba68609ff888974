// What several use cases read before they decide or change anything: loads that come with their refusal, and questions
// to many rows.
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
// The seats that there are today.
absl::StatusOr<std::vector<pb::Seat>> ActiveSeats(Tx& tx);
absl::StatusOr<Holders> HoldersOf(Tx& tx, std::string_view seat_id);
// Those in force.
absl::StatusOr<std::vector<pb::Apology>> ApologiesOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id);
// The seat that a person, or the caller, holds today in either role, "" if none.
absl::StatusOr<std::string> SeatOf(Tx& tx, std::string_view person_ref);
absl::StatusOr<std::string> OwnSeat(Tx& tx, const Caller& caller);
absl::StatusOr<std::vector<pb::AgendaItem>> AgendaOf(Tx& tx, std::string_view meeting_id);
absl::StatusOr<std::vector<pb::VotingSeat>> SeatsOf(Tx& tx, std::string_view meeting_id);
// NOT_ENTITLED if the meeting was opened without it.
absl::StatusOr<pb::VotingSeat> VotingSeatOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id);
absl::StatusOr<std::optional<pb::Minutes>> NewestMinutes(Tx& tx, std::string_view meeting_id);
absl::StatusOr<bool> HasApprovedMinutes(Tx& tx, std::string_view meeting_id);
// Of the meetings that wait for their minutes, those whose members have a version.
absl::StatusOr<std::set<std::string>> MeetingsWithMinutes(Tx& tx);
absl::StatusOr<std::vector<pb::Action>> ActionsOf(Tx& tx, std::string_view suggestion_id);

}  // namespace mestring::council
