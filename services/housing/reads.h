// Reads that several use cases share, with the error of each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/errors.h"
#include "common/rpc/call.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing.pb.h"
#include "services/housing/housing_rules.h"
#include "services/housing/stay_rules.h"
#include "services/housing/tables.h"

namespace mestring::housing {

// A resource about a person, if the caller may see it. The access log of the person shows the attempt.
template <class M>
absl::StatusOr<M> LoadVisible(Tx& tx, Call& call, std::string_view id) {
  ASSIGN(M row, Load<M>(tx, id));
  call.RecordAccess(row.person_ref());
  TRY(MaySee(call.caller, row));
  return row;
}

// The policy of a scheme that is in force on a date, or POLICY_MISSING.
absl::StatusOr<pb::SchemePolicy> PolicyInForce(Tx& tx, std::string_view scheme_id, std::string_view date);
// CASE_RULES_MISSING or NEED_RULE_MISSING if none is set.
absl::StatusOr<pb::CaseRules> CurrentCaseRules(Tx& tx);
absl::StatusOr<pb::NeedRule> CurrentNeedRule(Tx& tx);
// The entry of an application that is on the list or offered a place, if it has one.
absl::StatusOr<std::optional<pb::ListEntry>> LiveEntry(Tx& tx, std::string_view application_id);
// The tenancies of a stay that are not ended.
absl::StatusOr<Tenancies> TenanciesOf(Tx& tx, const pb::Stay& stay);

// The conditions that limit a list to what the caller may see. `has_organisation`: the table has organisation_id and
// responsible_unit.
Filter VisibleTo(const Scope& scope, bool has_organisation);

}  // namespace mestring::housing
