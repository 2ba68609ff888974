// What becomes of seats and of places on the waiting list, whoever or whatever frees them.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// The timer of an offer, for the id of the place on the list.
inline constexpr std::string_view kOfferTimer = "seat_offer_expiry";

// After anything that may have freed or taken a seat: free ones are offered to who is first in line, each to
// exactly one (A4), and the session is open or full accordingly.
absl::Status ReallocateSeats(Tx& tx, pb::Session* session);
// A place on the list, or an offer, ends without a seat.
absl::Status EndWaitEntry(Tx& tx, pb::WaitEntryState state, pb::WaitEntry* entry);

}  // namespace mestring::activities
