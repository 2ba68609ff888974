// Changes of a stay and of what depends on it, which RPCs and timers share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "services/housing/housing_rules.h"

namespace mestring::housing {

// Ends a reservation as CANCELLED or NOT_ARRIVED, with the reason. Also ends its tenancy and contacts, and gives the
// requisition or place offer back, or lets it lapse if its time is over.
absl::Status EndReservation(Tx& tx, pb::StayState state, std::string_view reason_code, pb::Stay* stay);

// Clears the place for the stay until that day: cancels reservations that begin before it (StayCancelled), and lets
// closures and vacancies, with their place offers, begin on that day. (H1)
absl::Status MakeWay(Tx& tx, const pb::Stay& stay, const std::string& until);

// The tenancies of a stay that are in force on a day or later, also one that ends then because another follows.
absl::StatusOr<std::vector<pb::Tenancy>> TenanciesFrom(Tx& tx, const pb::Stay& stay, std::string_view date);
absl::Status EndTenancy(Tx& tx, const std::string& end_date, pb::Tenancy* tenancy);
absl::Status EndTenanciesOf(Tx& tx, const pb::Stay& stay, const std::string& end_date);

// The contacts of a stay that are neither held nor cancelled.
absl::StatusOr<std::vector<pb::Contact>> OpenContacts(Tx& tx, const pb::Stay& stay);
absl::Status CancelContactsOf(Tx& tx, const pb::Stay& stay);

}  // namespace mestring::housing
