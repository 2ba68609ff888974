// Changes of seats and of entries of the waiting list, whatever causes them.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// The timer of an offer, for the id of the entry of the waiting list.
inline constexpr std::string_view kOfferTimer = "seat_offer_expiry";

// Call this after anything that may have freed or taken a seat: offers each free seat to the first in line of its
// quota, and to nobody else (A4), and sets whether the session is open or full.
absl::Status ReallocateSeats(Tx& tx, pb::Session* session);
// Ends an entry of the waiting list, or its offer, without a seat.
absl::Status EndWaitEntry(Tx& tx, pb::WaitEntryState state, pb::WaitEntry* entry);

}  // namespace mestring::activities
