#include "services/housing/reads.h"

#include <utility>

#include "common/store/records.h"
#include "services/housing/application_rules.h"

namespace mestring::housing {

absl::StatusOr<pb::SchemePolicy> PolicyInForce(Tx& tx, std::string_view scheme_id, std::string_view date) {
  return Or(Find<pb::SchemePolicy>(tx,
                                   "WHERE scheme_id = :scheme AND valid_from <= :date "
                                   "ORDER BY valid_from DESC, policy_version DESC LIMIT 1",
                                   scheme_id, date),
            Refused("POLICY_MISSING", "the scheme has no policy in force on that date; set one first"));
}

absl::StatusOr<pb::CaseRules> CurrentCaseRules(Tx& tx) {
  return Or(Newest<pb::CaseRules>(tx), Refused("CASE_RULES_MISSING", "no case rules are in force; set them first"));
}

absl::StatusOr<pb::NeedRule> CurrentNeedRule(Tx& tx) {
  return Or(Newest<pb::NeedRule>(tx), Refused("NEED_RULE_MISSING", "no need rule is in force; set one first"));
}

absl::StatusOr<std::optional<pb::ListEntry>> LiveEntry(Tx& tx, std::string_view application_id) {
  return Find<pb::ListEntry>(
      tx, absl::StrCat("WHERE application_id = :application AND ", NotInState(pb::LIST_ENTRY_STATE_LEFT)),
      application_id);
}

absl::StatusOr<Tenancies> TenanciesOf(Tx& tx, const pb::Stay& stay) {
  Tenancies tenancies;
  ASSIGN(
      tenancies.contract,
      Find<pb::Tenancy>(tx, absl::StrCat("WHERE stay_id = :stay AND ", InState(pb::TENANCY_STATE_SIGNED)), stay.id()));
  ASSIGN(tenancies.notice,
         Find<pb::Tenancy>(tx, absl::StrCat("WHERE stay_id = :stay AND ", InState(pb::TENANCY_STATE_NOTIFIED)),
                           stay.id()));
  return tenancies;
}

Filter VisibleTo(const Scope& scope, bool has_organisation) {
  Filter filter;
  if (scope.kind == Scope::kAll) return filter;
  if (scope.kind == Scope::kPerson) return filter.IsExactly("person_ref", scope.value);
  if (!has_organisation) return filter.Where("1 = 0");
  if (scope.kind == Scope::kOrganisation) return filter.Where("organisation_id = ?", scope.value);
  return filter.Where("(organisation_id = ? OR responsible_unit = ?)", scope.value, scope.value);
}

}  // namespace mestring::housing
