// Changes of who holds a seat, and of the summonses that depend on it.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "mestring/council/v1/council.pb.h"

namespace mestring::council {

namespace pb = v1;

// The timer of a term, for the id of the holder.
inline constexpr std::string_view kTermTimer = "term";

// Ends a term and publishes SeatVacated. The caller calls ReviewSummonses when all its changes are saved.
absl::Status EndHolder(Tx& tx, std::string_view reason_code, pb::SeatHolder* holder);
// Saves a summons and publishes DeputySummoned.
absl::StatusOr<pb::Summons> Summon(Tx& tx, std::string_view meeting_id, const pb::VotingSeat& deputy_of,
                                   pb::SummonsCause cause, std::string_view agenda_item_id);
// Voids a summons and publishes SummonsVoided.
absl::Status VoidSummons(Tx& tx, pb::Summons* summons);
// Before the opening: summons the deputy if the meeting needs them now (C3) and no summons to them is in force.
absl::StatusOr<std::optional<pb::Summons>> SummonIfNeeded(Tx& tx, const pb::Meeting& meeting, const pb::Seat& seat);
// After a change of holders: for every meeting whose notice was sent and that has not begun, voids the summonses that
// are no longer needed, and summons the deputy if they are needed now. An open meeting keeps its summonses (C6).
absl::Status ReviewSummonses(Tx& tx, std::string_view seat_id);

}  // namespace mestring::council
