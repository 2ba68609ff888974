// Changes of money: entries in the ledger of a fund, and grants that end with their seat.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// Enters money into a fund: saves the fund and the entry.
absl::StatusOr<pb::LedgerEntry> PostLedgerEntry(Tx& tx, pb::LedgerKind kind, int64_t amount_ore,
                                                std::string_view grant_id, pb::Fund* fund);
// Ends the grants of a seat that has ended, or, with an empty person_ref, of a whole session: releases what is
// reserved, and refuses what was only requested.
absl::Status EndGrants(Tx& tx, std::string_view session_id, std::string_view person_ref, std::string_view reason_code);

}  // namespace mestring::activities
