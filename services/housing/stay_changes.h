// What becomes of a stay and of what hangs on it, whether an RPC or the time that passes changes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "services/housing/housing_rules.h"

namespace mestring::housing {

// A reservation comes to nothing: CANCELLED or NOT_ARRIVED, with the reason; its tenancy and contacts end, and what it
// rested on can be used again, or has run out meanwhile.
absl::Status EndReservation(Tx& tx, pb::StayState state, std::string_view reason_code, pb::Stay* stay);

// The stay holds its place until that day. Reservations that begin before it are cancelled (StayCancelled); closures
// and vacancies, with their place offers, begin later. (H1)
absl::Status MakeWay(Tx& tx, const pb::Stay& stay, const std::string& until);

// The tenancies of a stay that hold on a day or later: also one that another follows and that has not run out.
absl::StatusOr<std::vector<pb::Tenancy>> TenanciesFrom(Tx& tx, const pb::Stay& stay, std::string_view date);
absl::Status EndTenancy(Tx& tx, const std::string& end_date, pb::Tenancy* tenancy);
absl::Status EndTenanciesOf(Tx& tx, const pb::Stay& stay, const std::string& end_date);

// The contacts of a stay that are neither held nor called off.
absl::StatusOr<std::vector<pb::Contact>> OpenContacts(Tx& tx, const pb::Stay& stay);
absl::Status CancelContactsOf(Tx& tx, const pb::Stay& stay);

}  // namespace mestring::housing
