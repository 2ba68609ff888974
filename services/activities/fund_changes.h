// What becomes of money: an entry in the ledger of a fund, and grants that end with the seat that they are for.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// Enters money into a fund: saves it, and the entry that says so.
absl::StatusOr<pb::LedgerEntry> PostLedgerEntry(Tx& tx, pb::LedgerKind kind, int64_t amount_ore,
                                                std::string_view grant_id, pb::Fund* fund);
// A seat in a session has ended, or with an empty person_ref the whole session: no grant outlives the seat that it
// is for. What is reserved is available again, what is asked for is refused.
absl::Status EndGrants(Tx& tx, std::string_view session_id, std::string_view person_ref, std::string_view reason_code);

}  // namespace mestring::activities
