// Requisitions by NAV and referrals by the specialist health service, and their decisions.
//
// Both are one resource because they are one case: somebody outside the unit asks for a place of a scheme, and the unit
// decides the same day. The policy of the scheme says which of the two it is (H4). A decision has its own row, which no
// later decision rewrites: a reversal supersedes it.

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/allocation_changes.h"
#include "services/housing/application_rules.h"
#include "services/housing/events.h"
#include "services/housing/housing.h"
#include "services/housing/reads.h"
#include "services/housing/tables.h"

namespace mestring::housing {
namespace {

absl::Status PublishDecided(Tx& tx, const pb::Requisition& requisition, const pb::Decision& decision,
                            const std::string& superseded_id) {
  auto event = About<pb::RequisitionDecided>(requisition);
  event.set_scheme_id(requisition.scheme_id());
  event.set_decision_id(decision.id());
  event.set_superseded_decision_id(superseded_id);
  event.set_outcome(decision.outcome());
  event.set_reason_code(decision.reason_code());
  event.set_alternative_route_code(decision.alternative_route_code());
  event.set_overridden(!decision.override_reason_code().empty());
  event.set_complaint_deadline(decision.complaint_deadline());
  event.set_use_by(requisition.use_by());
  return tx.Publish(event, requisition);
}

}  // namespace

absl::Status Housing::SubmitRequisition(Tx& tx, Call& call, const pb::SubmitRequisitionRequest& request,
                                        pb::SubmitRequisitionResponse* response) {
  const std::string today = Today(tx);
  TRY(Load<pb::HousingScheme>(tx, request.scheme_id()).status());
  ASSIGN(const pb::SchemePolicy policy, PolicyInForce(tx, request.scheme_id(), today));
  TRY(MaySubmit(call.caller, policy, request));
  TRY(CheckResidenceSince(request.residence_since(), today));
  ASSIGN(const pb::CaseRules rules, CurrentCaseRules(tx));
  ASSIGN(const bool is_housed,
         Exists<pb::Stay>(tx, absl::StrCat("WHERE person_ref = :person AND ", InState(pb::STAY_STATE_ARRIVED)),
                          request.person_ref()));
  pb::Requisition requisition = NewRequisition(NewId(tx.now()), call.caller, request, policy, rules, today, is_housed);
  TRY(Insert(tx, requisition));
  TRY(tx.Schedule(kRequisitionDecisionTimer, requisition.id(), EndOf(tx, requisition.decide_by())));
  auto event = About<pb::RequisitionReceived>(requisition);
  event.set_scheme_id(requisition.scheme_id());
  event.set_route(requisition.route());
  event.set_decide_by(requisition.decide_by());
  TRY(tx.Publish(event, requisition));
  *response->mutable_requisition() = std::move(requisition);
  return absl::OkStatus();
}

absl::Status Housing::DecideRequisition(Tx& tx, Call& call, const pb::DecideRequisitionRequest& request,
                                        pb::DecideRequisitionResponse* response) {
  const std::string today = Today(tx);
  ASSIGN(pb::Requisition requisition,
         AtVersion(request.expected_version(), LoadVisible<pb::Requisition>(tx, call, request.requisition_id())));
  ASSIGN(const pb::SchemePolicy policy, Load<pb::SchemePolicy>(tx, requisition.policy_id()));
  ASSIGN(const pb::CaseRules rules, CurrentCaseRules(tx));
  TRY(MayDecide(requisition, policy, request, today));
  pb::Decision decision = NewDecision(NewId(tx.now()), call.caller, requisition, request, rules, today);
  const std::string superseded_id = requisition.decision_id();
  TRY(SaveDecision(tx, superseded_id, &decision));
  ApplyDecision(decision, policy, &requisition);
  TRY(Save(tx, requisition));
  TRY(tx.CancelTimer(kRequisitionDecisionTimer, requisition.id()));
  if (decision.outcome() == pb::OUTCOME_GRANTED) {
    TRY(tx.Schedule(kGrantTimer, requisition.id(), EndOf(tx, requisition.use_by())));
  }
  TRY(PublishDecided(tx, requisition, decision, superseded_id));
  *response->mutable_requisition() = std::move(requisition);
  *response->mutable_decision() = std::move(decision);
  return absl::OkStatus();
}

absl::Status Housing::WithdrawRequisition(Tx& tx, Call& call, const pb::WithdrawRequisitionRequest& request,
                                          pb::WithdrawRequisitionResponse* response) {
  ASSIGN(pb::Requisition requisition,
         AtVersion(request.expected_version(), LoadVisible<pb::Requisition>(tx, call, request.requisition_id())));
  TRY(MayWithdraw(requisition));
  requisition.set_state(pb::REQUISITION_STATE_WITHDRAWN);
  TRY(Save(tx, requisition));
  TRY(tx.CancelTimer(kRequisitionDecisionTimer, requisition.id()));
  TRY(tx.CancelTimer(kGrantTimer, requisition.id()));
  auto event = About<pb::RequisitionWithdrawn>(requisition);
  event.set_reason_code(request.reason_code());
  TRY(tx.Publish(event, requisition));
  *response->mutable_requisition() = std::move(requisition);
  return absl::OkStatus();
}

absl::Status Housing::GetRequisition(Tx& tx, Call& call, const pb::GetRequisitionRequest& request,
                                     pb::GetRequisitionResponse* response) {
  ASSIGN(*response->mutable_requisition(), LoadVisible<pb::Requisition>(tx, call, request.requisition_id()));
  return absl::OkStatus();
}

absl::Status Housing::ListRequisitions(Tx& tx, Call& call, const pb::ListRequisitionsRequest& request,
                                       pb::ListRequisitionsResponse* response) {
  return ListPage(
      tx,
      VisibleTo(ScopeOf(call.caller), true).Is("person_ref", request.person_ref()).IsState("state", request.state()),
      request, response->mutable_requisitions(), response);
}

absl::Status Housing::ListDecisions(Tx& tx, Call& call, const pb::ListDecisionsRequest& request,
                                    pb::ListDecisionsResponse* response) {
  const Scope scope = ScopeOf(call.caller);
  // A decision stores no responsible unit, so only the organisation that asked sees it.
  Filter filter =
      VisibleTo(scope.kind == Scope::kOrganisationOrUnit ? Scope{Scope::kOrganisation, scope.value} : scope, true);
  TRY(ListPage(tx, filter.Is("case_id", request.case_id()).Is("person_ref", request.person_ref()), request,
               response->mutable_decisions(), response, {.descending = true}));
  if (!request.case_id().empty() && response->decisions().empty() && request.page_token().empty()) {
    ASSIGN(const auto persons,
           tx.Query<std::string>("SELECT person_ref FROM decisions WHERE case_id = :case LIMIT 1", request.case_id()));
    for (const auto& [person_ref] : persons) call.RecordAccess(person_ref);
    return NotFound("decision");
  }
  return absl::OkStatus();
}

}  // namespace mestring::housing
