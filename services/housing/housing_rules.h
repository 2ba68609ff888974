// The rules of housing up to the decision on a requisition; application_rules.h and stay_rules.h have the others. A
// housing officer can read these files together with their .cc files.
//
// Pure functions over the messages of the contract: no clock, no database. May… says whether a caller may do
// something to a resource; Check… whether a value is valid; Apply… makes a permitted change; New… makes a new
// resource. Dates are ISO text, which sorts as dates do.
//
// Tags of invariants and of their sources, such as [H1], are explained in INVARIANTS.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/dates.h"
#include "common/rpc/audience.h"
#include "common/rpc/token.h"
#include "mestring/housing/v1/housing.pb.h"
#include "services/shared/own_codes.h"

namespace mestring::housing {

namespace pb = v1;

// ---- Dates -----------------------------------------------------------------------------------------

// The end of an open-ended hold: later than every real date.
inline constexpr std::string_view kNoEnd = "9999-12-31";

// How long before its end a tenancy is listed as due. No policy sets it: it is the longest time for which vacancies are
// listed ahead, because a resident without a new contract needs one of them.
inline constexpr int kTenancyEndLeadDays = 90;

// ---- Codes that the service itself sets ------------------------------------------------------------

// A stay ended because the person moved to another scheme of the unit, or to another place of the same.
inline constexpr OwnCode<pb::CodeListKind> kMoved{pb::CODE_LIST_KIND_STAY_END_REASON, "MOVED", "Flyttet i ett steg"};
inline constexpr OwnCode<pb::CodeListKind> kMovedInside{pb::CODE_LIST_KIND_STAY_END_REASON, "MOVED_INSIDE",
                                                        "Flyttet til en annen plass i samme tilbud"};
// A reservation was cancelled because the resident before has not left.
inline constexpr OwnCode<pb::CodeListKind> kPlaceNotVacated{pb::CODE_LIST_KIND_STAY_CANCEL_REASON, "PLACE_NOT_VACATED",
                                                            "Plassen ble ikke fraflyttet"};
// A place offer was revoked because its application ended.
inline constexpr OwnCode<pb::CodeListKind> kApplicationEnded{pb::CODE_LIST_KIND_REVOKE_REASON, "APPLICATION_ENDED",
                                                             "Søknaden er avsluttet"};
inline constexpr OwnCode<pb::CodeListKind> kOwnCodes[] = {kMoved, kMovedInside, kPlaceNotVacated, kApplicationEnded};

// ---- Who sees what ---------------------------------------------------------------------------------

// Whether the caller is that person.
bool IsOwn(const Caller& caller, std::string_view person_ref);
// Staff of the unit, the housing office, the unit leader, and services that subscribe.
bool WorksWithHousing(const Caller& caller);

// What a caller sees of a list: everything; what their organisation asked for; also what it keeps the responsibility of
// treatment for; or only what is their own.
struct Scope {
  enum Kind { kAll, kOrganisation, kOrganisationOrUnit, kPerson };
  Kind kind;
  std::string value;
};
Scope ScopeOf(const Caller& caller);

// NotFound if the caller may not see the resource, as if it did not exist.
absl::Status MaySee(const Caller& caller, const pb::Requisition& requisition);
absl::Status MaySee(const Caller& caller, const pb::Decision& decision);
absl::Status MaySee(const Caller& caller, const pb::Application& application);
absl::Status MaySee(const Caller& caller, const pb::PlaceOffer& place_offer);
absl::Status MaySee(const Caller& caller, const pb::Stay& stay);
absl::Status MaySee(const Caller& caller, const pb::Tenancy& tenancy);
absl::Status MaySee(const Caller& caller, const pb::Contact& contact);

// ---- Shapes of requests that the contract's field rules cannot say ---------------------------------

absl::Status Check(const pb::SetSchemePolicyRequest& request);
absl::Status Check(const pb::SetNeedRuleRequest& request);
absl::Status Check(const pb::ClosePlaceRequest& request);
absl::Status Check(const pb::DecideApplicationRequest& request);
absl::Status Check(const pb::AssessNeedRequest& request);
absl::Status Check(const pb::AnswerPlaceOfferRequest& request);
absl::Status Check(const pb::ReserveStayRequest& request);
absl::Status Check(const pb::JudgeOverstayRequest& request);

// ---- Schemes and places -----------------------------------------------------------------------------

// `last`: the policy that was set last; null: none.
absl::Status MaySetPolicy(const pb::SchemePolicy& policy, const pb::SchemePolicy* last);
// `in_use`: the place has a current or future stay, or a vacancy keeps it for the list.
absl::Status MayRemove(const pb::Place& place, bool in_use);
// `held`: a stay with its turnaround days, another closure or a vacancy overlaps the closure.
absl::Status MayClose(const pb::Place& place, const pb::PlaceClosure& closure, bool held, std::string_view today);
absl::Status MayReopen(const pb::PlaceClosure& closure, std::string_view today);
// Whether the state of places can be asked for that night: not for one that has passed.
absl::Status CheckNight(std::string_view date, std::string_view today);

// ---- Residence -------------------------------------------------------------------------------------

struct ResidenceTerms {
  pb::ResidenceRule rule;
  int months;
};
inline ResidenceTerms ResidenceTermsOf(const pb::SchemePolicy& policy) {
  return {policy.residence_rule(), policy.residence_months()};
}
inline ResidenceTerms ResidenceTermsOf(const pb::CaseRules& rules) {
  return {rules.application_residence_rule(), rules.application_residence_months()};
}

absl::Status CheckResidenceSince(std::string_view residence_since, std::string_view today);
bool MeetsResidence(const ResidenceTerms& terms, pb::Residence residence, std::string_view since,
                    std::string_view today);

// How a decision answers a residence rule that is not met.
struct ResidenceAnswer {
  std::string_view override_reason_code;
  std::string_view alternative_route_code;
  std::string_view alternative_route_note;
};
absl::Status CheckResidence(bool met, pb::Outcome outcome, const ResidenceAnswer& answer);

// ---- Requisitions and referrals --------------------------------------------------------------------

absl::Status MaySubmit(const Caller& caller, const pb::SchemePolicy& policy,
                       const pb::SubmitRequisitionRequest& request);
pb::Requisition NewRequisition(std::string id, const Caller& caller, const pb::SubmitRequisitionRequest& request,
                               const pb::SchemePolicy& policy, const pb::CaseRules& rules, std::string_view today,
                               bool already_housed);
absl::Status MayDecide(const pb::Requisition& requisition, const pb::SchemePolicy& policy,
                       const pb::DecideRequisitionRequest& request, std::string_view today);
void ApplyDecision(const pb::Decision& decision, const pb::SchemePolicy& policy, pb::Requisition* requisition);
absl::Status MayWithdraw(const pb::Requisition& requisition);
// Gives the grant of a reservation that ended back, if it can still be used.
void ApplyRelease(const pb::Stay& stay, const pb::SchemePolicy& policy, std::string_view today,
                  pb::Requisition* requisition);

// ---- Decisions -------------------------------------------------------------------------------------

pb::Decision NewDecision(std::string id, const Caller& caller, const pb::Requisition& requisition,
                         const pb::DecideRequisitionRequest& request, const pb::CaseRules& rules,
                         std::string_view today);
pb::Decision NewDecision(std::string id, const Caller& caller, const pb::Application& application,
                         const pb::DecideApplicationRequest& request, const pb::CaseRules& rules,
                         std::string_view today);
pb::Decision NewDecision(std::string id, const Caller& caller, const pb::Application& application,
                         const pb::RenewApprovalRequest& request, const pb::CaseRules& rules, std::string_view today);
void ApplySupersession(const pb::Decision& later, pb::Decision* earlier);

}  // namespace mestring::housing
