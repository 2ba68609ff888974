// What becomes of who holds a seat, and with it of who is summoned to the meetings that are called.
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

// Ends a term and tells that the role is vacant. ReviewSummonses comes after it, when all has changed that changes.
absl::Status EndHolder(Tx& tx, std::string_view reason_code, pb::SeatHolder* holder);
// Saves a summons and tells the deputy.
absl::StatusOr<pb::Summons> Summon(Tx& tx, std::string_view meeting_id, const pb::VotingSeat& deputy_of,
                                   pb::SummonsCause cause, std::string_view agenda_item_id);
// Saves that a summons holds no more and tells the deputy.
absl::Status VoidSummons(Tx& tx, pb::Summons* summons);
// Before the opening: summons the deputy if the seat is theirs as things are now (C3), and they do not know already.
absl::StatusOr<std::optional<pb::Summons>> SummonIfNeeded(Tx& tx, const pb::Meeting& meeting, const pb::Seat& seat);
// When who holds the seat has changed: for every meeting that is called, voids the summonses that do not hold any more,
// and summons the deputy if the seat is theirs now. Meetings that have begun keep theirs (C6).
absl::Status ReviewSummonses(Tx& tx, std::string_view seat_id);

}  // namespace mestring::council
