#include "services/housing/housing_rules.h"

// The rules in the order of a person's way to a place: residence, requisition, decision. Applications, need and place
// offers are in application_rules.cc, and what holds once somebody has a place in stay_rules.cc. Each function says its
// rule first, with its source, and then does it in the same order.
//
// They hide nothing: what a rule needs to know is a parameter, so that a test can put any case before
// them. The alternative, rules that load what they need, would read shorter here and could be tried
// only with a database. What one case must not see of another (overlaps, who is before whom on the
// list) is asked in SQL by the use cases, because it is a question to many rows.

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/field_rules.h"
#include "google/protobuf/descriptor.h"

namespace mestring::housing {
namespace {

using access::v1::ROLE_HOUSING_OFFICE;
using access::v1::ROLE_NAV;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_SERVICE;
using access::v1::ROLE_SPECIALIST_HEALTH;
using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

bool IsOfOrganisation(const Caller& caller, std::string_view organisation_id, std::string_view responsible_unit) {
  if (caller.organisation_id.empty()) return false;
  if (caller.IsAny({ROLE_NAV, ROLE_SPECIALIST_HEALTH}) && caller.organisation_id == organisation_id) return true;
  return caller.Is(ROLE_SPECIALIST_HEALTH) && caller.organisation_id == responsible_unit;
}

}  // namespace

// ---- Who sees what ---------------------------------------------------------------------------------

bool IsOwn(const Caller& caller, std::string_view person_ref) {
  return caller.Is(ROLE_PERSON) && caller.IsSelf(person_ref);
}

bool WorksWithHousing(const Caller& caller) {
  return caller.IsAny({ROLE_STAFF, ROLE_HOUSING_OFFICE, ROLE_UNIT_LEADER, ROLE_SERVICE});
}

Scope ScopeOf(const Caller& caller) {
  if (WorksWithHousing(caller)) return {Scope::kAll, ""};
  if (caller.Is(ROLE_SPECIALIST_HEALTH)) return {Scope::kOrganisationOrUnit, caller.organisation_id};
  if (caller.Is(ROLE_NAV)) return {Scope::kOrganisation, caller.organisation_id};
  return {Scope::kPerson, caller.person_ref};
}

// A resident sees their own; NAV sees its own office's requisitions and what came of them, the
// specialist health service its own referrals and those for which it keeps the responsibility.

absl::Status MaySee(const Caller& caller, const pb::Requisition& requisition) {
  if (WorksWithHousing(caller) || IsOwn(caller, requisition.person_ref()) ||
      IsOfOrganisation(caller, requisition.organisation_id(), requisition.responsible_unit())) {
    return absl::OkStatus();
  }
  return NotFound("requisition");
}

absl::Status MaySee(const Caller& caller, const pb::Decision& decision) {
  if (WorksWithHousing(caller) || IsOwn(caller, decision.person_ref()) ||
      IsOfOrganisation(caller, decision.organisation_id(), "")) {
    return absl::OkStatus();
  }
  return NotFound("decision");
}

absl::Status MaySee(const Caller& caller, const pb::Application& application) {
  if (WorksWithHousing(caller) || IsOwn(caller, application.person_ref())) return absl::OkStatus();
  return NotFound("application");
}

absl::Status MaySee(const Caller& caller, const pb::PlaceOffer& place_offer) {
  if (WorksWithHousing(caller) || IsOwn(caller, place_offer.person_ref())) return absl::OkStatus();
  return NotFound("place offer");
}

absl::Status MaySee(const Caller& caller, const pb::Stay& stay) {
  if (WorksWithHousing(caller) || IsOwn(caller, stay.person_ref()) ||
      IsOfOrganisation(caller, stay.organisation_id(), stay.responsible_unit())) {
    return absl::OkStatus();
  }
  return NotFound("stay");
}

absl::Status MaySee(const Caller& caller, const pb::Tenancy& tenancy) {
  if (WorksWithHousing(caller) || IsOwn(caller, tenancy.person_ref())) return absl::OkStatus();
  return NotFound("tenancy");
}

absl::Status MaySee(const Caller& caller, const pb::Contact& contact) {
  if (WorksWithHousing(caller) || IsOwn(caller, contact.person_ref())) return absl::OkStatus();
  return NotFound("contact");
}

// ---- Shapes ----------------------------------------------------------------------------------------

absl::Status Check(const pb::SetSchemePolicyRequest& request) {
  const pb::SchemePolicy& policy = request.policy();
  for (int i = 1; i < policy.alert_days_size(); ++i) {
    if (policy.alert_days(i) <= policy.alert_days(i - 1)) return InvalidArgument("policy.alert_days", "must rise");
  }
  // [H8] An Akutten stay creates no tenancy (KOSTRA: temporary = no tenancy contract is made);
  // Bokollektivet and Småhus need one.
  const bool has_tenancy = policy.tenancy_kind() != pb::TENANCY_KIND_NONE;
  if (has_tenancy != (policy.route() == pb::ROUTE_APPLICATION)) {
    return InvalidArgument("policy.tenancy_kind", "only the application route has tenancies, and always has one");
  }
  // [S4] Lutsivegen: the specialist health service keeps treatment and guidance responsibility.
  if (policy.route() == pb::ROUTE_SPECIALIST &&
      policy.treatment_responsibility() != pb::TREATMENT_RESPONSIBILITY_SPECIALIST_HEALTH) {
    return InvalidArgument("policy.treatment_responsibility",
                           "on this route it stays with the specialist health service");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::SetNeedRuleRequest& request) {
  if (!EachOnce(request.weights(), &pb::NeedWeight::factor_code)) {
    return InvalidArgument("weights", "must not name a factor twice");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::ClosePlaceRequest& request) {
  if (!request.start_date().empty() && !request.end_date().empty() && request.end_date() <= request.start_date()) {
    return InvalidArgument("end_date", "must be after start_date");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::DecideApplicationRequest& request) {
  if (request.outcome() == pb::OUTCOME_GRANTED && !request.has_criteria()) {
    return InvalidArgument("criteria", "is required for an approval");
  }
  if (request.outcome() == pb::OUTCOME_REFUSED && !request.exception_code().empty()) {
    return InvalidArgument("exception_code", "belongs to an approval");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::AssessNeedRequest& request) {
  if (!EachOnce(request.factors(), &pb::NeedFactor::factor_code)) {
    return InvalidArgument("factors", "must not name a factor twice");
  }
  std::set<int> kinds;
  for (int kind : request.suitable_kinds()) {
    if (kind == pb::SCHEME_KIND_UNSPECIFIED) return InvalidArgument("suitable_kinds", "must be specified");
    if (!kinds.insert(kind).second) return InvalidArgument("suitable_kinds", "must not name a kind twice");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::AnswerPlaceOfferRequest& request) {
  const bool declines = request.answer() == pb::ANSWER_DECLINE;
  if (declines && request.decline_reason_code().empty()) {
    return InvalidArgument("decline_reason_code", "is required to decline");
  }
  if (!declines && !request.decline_reason_code().empty()) {
    return InvalidArgument("decline_reason_code", "belongs to a decline");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::ReserveStayRequest& request) {
  if (!request.place_id().empty() && request.requisition_id().empty()) {
    return InvalidArgument("place_id", "must be empty: the place offer says which place");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::JudgeOverstayRequest& request) {
  if (request.authorised() == request.authorised_until().empty()) {
    return InvalidArgument("authorised_until", "must be set if the overstay is authorised, and only then");
  }
  return absl::OkStatus();
}

// ---- Schemes and places -----------------------------------------------------------------------------

// A policy is never changed: the next one takes over from its day, and never from a day before that of the last one.
absl::Status MaySetPolicy(const pb::SchemePolicy& policy, const pb::SchemePolicy* last) {
  if (last == nullptr || last->valid_from() <= policy.valid_from()) return absl::OkStatus();
  return Refused("DATE_OUT_OF_ORDER", "a later policy is set already");
}

// [H11] A place with a future stay cannot be removed; nor one where somebody lives, or which is kept for
// the list.
absl::Status MayRemove(const pb::Place& place, bool in_use) {
  if (!place.remove_date().empty()) return Refused("PLACE_REMOVED", "the place is removed already");
  if (in_use) return Refused("PLACE_IN_USE", "the place has a current or future stay, or is kept for the list");
  return absl::OkStatus();
}

// [H1] A place never has a stay over a closure: whoever lives there is moved first.
absl::Status MayClose(const pb::Place& place, const pb::PlaceClosure& closure, bool held, std::string_view today) {
  if (!place.remove_date().empty()) return Refused("PLACE_REMOVED", "the place is no longer part of the scheme");
  TRY(CheckPlannable("start_date", closure.start_date(), today));
  if (closure.start_date() < today) return Refused("START_IN_PAST", "a place cannot be closed before today");
  if (closure.held_until() <= closure.start_date()) {
    return Refused("DATE_OUT_OF_ORDER", "a closure must end after it begins");
  }
  if (held) return Refused("PLACE_IN_USE", "somebody or something holds the place in that time");
  return absl::OkStatus();
}

absl::Status MayReopen(const pb::PlaceClosure& closure, std::string_view today) {
  if (closure.state() == pb::PLACE_CLOSURE_STATE_ACTIVE && closure.held_until() > today) return absl::OkStatus();
  return WrongState(closure.state(), "the closure is over");
}

// What holds a place is known from tonight on (StateOf): whoever was there on a night that has passed may have
// left since, and what is kept of them would say that the place was being made ready.
absl::Status CheckNight(std::string_view date, std::string_view today) {
  if (date >= today) return absl::OkStatus();
  return InvalidArgument("date", "must not lie in the past");
}

// ---- Residence -------------------------------------------------------------------------------------

absl::Status CheckResidenceSince(std::string_view residence_since, std::string_view today) {
  if (residence_since <= today) return absl::OkStatus();
  return InvalidArgument("residence_since", "must not lie ahead");
}

// [S4] Akutten: the person must be registered resident (bostedsregistrert) in Sandnes. [B2] Residence
// terms vary between municipalities (one year, two years): they are policy data.
bool MeetsResidence(const ResidenceTerms& terms, pb::Residence residence, std::string_view since,
                    std::string_view today) {
  if (terms.rule == pb::RESIDENCE_RULE_NONE) return true;
  if (residence != pb::RESIDENCE_REGISTERED &&
      (terms.rule == pb::RESIDENCE_RULE_REGISTERED || residence != pb::RESIDENCE_STAYS_HERE)) {
    return false;
  }
  if (terms.months == 0) return true;
  return !since.empty() && PlusMonths(since, terms.months) <= today;
}

// [H5] Residence rule unmet: refusal of that scheme must carry an alternative-route note, because NAV
// where the person stays has a duty all the same; an override carries actor and reason.
absl::Status CheckResidence(bool met, pb::Outcome outcome, const ResidenceAnswer& answer) {
  if (!answer.override_reason_code.empty() && (met || outcome == pb::OUTCOME_REFUSED)) {
    return Refused("OVERRIDE_NOT_NEEDED", "no residence rule stands in the way of this decision");
  }
  if (met) return absl::OkStatus();
  if (outcome == pb::OUTCOME_GRANTED && answer.override_reason_code.empty()) {
    return Refused("RESIDENCE_REQUIRED", "the person does not meet the residence rule");
  }
  if (outcome == pb::OUTCOME_REFUSED &&
      (answer.alternative_route_code.empty() || answer.alternative_route_note.empty())) {
    return Refused("ALTERNATIVE_ROUTE_REQUIRED", "a refusal for residence must say where the person can turn instead");
  }
  return absl::OkStatus();
}

// ---- Requisitions and referrals --------------------------------------------------------------------

// [H4] Akutten only by a requisition whose requester is a NAV office; Lutsivegen only with a named
// responsible unit of the specialist health service; other schemes only by application.
absl::Status MaySubmit(const Caller& caller, const pb::SchemePolicy& policy,
                       const pb::SubmitRequisitionRequest& request) {
  if (policy.route() == pb::ROUTE_REQUISITION && !caller.Is(ROLE_NAV)) {
    return Refused("WRONG_ROUTE", "places of this scheme are requisitioned by NAV");
  }
  if (policy.route() == pb::ROUTE_SPECIALIST && !caller.Is(ROLE_SPECIALIST_HEALTH)) {
    return Refused("WRONG_ROUTE", "only the specialist health service refers to this scheme");
  }
  if (policy.route() == pb::ROUTE_APPLICATION) {
    return Refused("WRONG_ROUTE", "places of this scheme are given after an application");
  }
  if (caller.organisation_id.empty()) return Forbidden("the caller does not say for which office it acts");
  if (policy.route() == pb::ROUTE_SPECIALIST && request.responsible_unit().empty()) {
    return Refused("RESPONSIBLE_UNIT_REQUIRED", "the referral must name the unit that keeps treatment responsibility");
  }
  return absl::OkStatus();
}

pb::Requisition NewRequisition(std::string id, const Caller& caller, const pb::SubmitRequisitionRequest& request,
                               const pb::SchemePolicy& policy, const pb::CaseRules& rules, std::string_view today,
                               bool already_housed) {
  pb::Requisition requisition;
  requisition.set_id(std::move(id));
  requisition.set_state(pb::REQUISITION_STATE_RECEIVED);
  requisition.set_person_ref(request.person_ref());
  requisition.set_scheme_id(request.scheme_id());
  requisition.set_policy_id(policy.id());
  requisition.set_route(policy.route());
  requisition.set_organisation_id(caller.organisation_id);
  if (policy.route() == pb::ROUTE_SPECIALIST) requisition.set_responsible_unit(request.responsible_unit());
  requisition.set_channel(request.channel());
  requisition.set_origin(request.origin());
  requisition.set_residence(request.residence());
  requisition.set_residence_since(request.residence_since());
  // [B1] Handled the same day (sosialtjenesteloven section 27).
  requisition.set_decide_by(PlusDays(today, rules.requisition_decision_days()));
  // [B1] After an institution or prison temporary shelter only exceptionally: try permanent first.
  if (policy.route() == pb::ROUTE_REQUISITION &&
      (request.origin() == pb::ORIGIN_INSTITUTION || request.origin() == pb::ORIGIN_PRISON)) {
    requisition.add_warnings(pb::WARNING_PERMANENT_HOME_FIRST);
  }
  if (!MeetsResidence(ResidenceTermsOf(policy), request.residence(), request.residence_since(), today)) {
    requisition.add_warnings(pb::WARNING_RESIDENCE_NOT_MET);
  }
  if (already_housed) requisition.add_warnings(pb::WARNING_ALREADY_HOUSED);
  return requisition;
}

// A requisition is decided once. One that was refused may be granted after all (omgjøring), never the
// other way round: what was granted stands. [H6] No decision waits for a vacancy, so none is asked for.
absl::Status MayDecide(const pb::Requisition& requisition, const pb::SchemePolicy& policy,
                       const pb::DecideRequisitionRequest& request, std::string_view today) {
  const bool reconsidered =
      requisition.state() == pb::REQUISITION_STATE_REFUSED && request.outcome() == pb::OUTCOME_GRANTED;
  if (requisition.state() != pb::REQUISITION_STATE_RECEIVED && !reconsidered) {
    return WrongState(requisition.state(), "this requisition is not to be decided any more");
  }
  const bool met =
      MeetsResidence(ResidenceTermsOf(policy), requisition.residence(), requisition.residence_since(), today);
  return CheckResidence(
      met, request.outcome(),
      {request.override_reason_code(), request.alternative_route_code(), request.alternative_route_note()});
}

void ApplyDecision(const pb::Decision& decision, const pb::SchemePolicy& policy, pb::Requisition* requisition) {
  const bool granted = decision.outcome() == pb::OUTCOME_GRANTED;
  requisition->set_state(granted ? pb::REQUISITION_STATE_GRANTED : pb::REQUISITION_STATE_REFUSED);
  requisition->set_decision_id(decision.id());
  if (granted) requisition->set_use_by(PlusDays(decision.decide_date(), policy.grant_days()));
}

absl::Status MayWithdraw(const pb::Requisition& requisition) {
  if (requisition.state() == pb::REQUISITION_STATE_RECEIVED || requisition.state() == pb::REQUISITION_STATE_GRANTED) {
    return absl::OkStatus();
  }
  return WrongState(requisition.state(), "only a requisition that has not led to a stay can be withdrawn");
}

// Whoever lost a reserved place because somebody had not left it has the grant for as long as a new one: nobody loses a
// bed by what another did.
void ApplyRelease(const pb::Stay& stay, const pb::SchemePolicy& policy, std::string_view today,
                  pb::Requisition* requisition) {
  if (stay.end_reason_code() == kPlaceNotVacated.code) {
    requisition->set_use_by(std::max(requisition->use_by(), PlusDays(today, policy.grant_days())));
  }
  requisition->clear_stay_id();
  requisition->set_state(requisition->use_by() >= today ? pb::REQUISITION_STATE_GRANTED : pb::REQUISITION_STATE_LAPSED);
}

// ---- Decisions -------------------------------------------------------------------------------------

namespace {

// [H6] A grant or refusal has reason, decider and complaint deadline. [B1] Complaint term 3 weeks.
pb::Decision DecisionOf(std::string id, const Caller& caller, const pb::CaseRules& rules, std::string_view today) {
  pb::Decision decision;
  decision.set_id(std::move(id));
  decision.set_state(pb::DECISION_STATE_IN_FORCE);
  decision.set_decided_by(caller.subject);
  decision.set_decide_date(std::string(today));
  decision.set_complaint_deadline(PlusDays(today, 7 * rules.complaint_weeks()));
  return decision;
}

template <class Request>
void SetAnswer(const Request& request, const Caller& caller, pb::Decision* decision) {
  decision->set_outcome(request.outcome());
  decision->set_reason_code(request.reason_code());
  decision->set_grounds(request.grounds());
  decision->set_alternative_route_code(request.alternative_route_code());
  decision->set_alternative_route_note(request.alternative_route_note());
  decision->set_override_reason_code(request.override_reason_code());
  if (!request.override_reason_code().empty()) decision->set_override_by(caller.subject);
}

}  // namespace

pb::Decision NewDecision(std::string id, const Caller& caller, const pb::Requisition& requisition,
                         const pb::DecideRequisitionRequest& request, const pb::CaseRules& rules,
                         std::string_view today) {
  pb::Decision decision = DecisionOf(std::move(id), caller, rules, today);
  decision.set_case_kind(pb::CASE_KIND_REQUISITION);
  decision.set_case_id(requisition.id());
  decision.set_person_ref(requisition.person_ref());
  decision.set_organisation_id(requisition.organisation_id());
  SetAnswer(request, caller, &decision);
  return decision;
}

pb::Decision NewDecision(std::string id, const Caller& caller, const pb::Application& application,
                         const pb::DecideApplicationRequest& request, const pb::CaseRules& rules,
                         std::string_view today) {
  pb::Decision decision = DecisionOf(std::move(id), caller, rules, today);
  decision.set_case_kind(pb::CASE_KIND_APPLICATION);
  decision.set_case_id(application.id());
  decision.set_person_ref(application.person_ref());
  decision.set_exception_code(request.exception_code());
  SetAnswer(request, caller, &decision);
  return decision;
}

// [B2] An extension is a written, reasoned decision as well.
pb::Decision NewDecision(std::string id, const Caller& caller, const pb::Application& application,
                         const pb::RenewApprovalRequest& request, const pb::CaseRules& rules, std::string_view today) {
  pb::Decision decision = DecisionOf(std::move(id), caller, rules, today);
  decision.set_case_kind(pb::CASE_KIND_RENEWAL);
  decision.set_case_id(application.id());
  decision.set_person_ref(application.person_ref());
  decision.set_outcome(pb::OUTCOME_GRANTED);
  decision.set_reason_code(request.reason_code());
  decision.set_grounds(request.grounds());
  return decision;
}

void ApplySupersession(const pb::Decision& later, pb::Decision* earlier) {
  earlier->set_state(pb::DECISION_STATE_SUPERSEDED);
  earlier->set_superseded_by_id(later.id());
}

}  // namespace mestring::housing
