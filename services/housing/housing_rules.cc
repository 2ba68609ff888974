#include "services/housing/housing_rules.h"

// The rules in the order of a person's way to a place: residence, requisition, decision. Applications, need and place
// offers are in application_rules.cc, stays and tenancies in stay_rules.cc. A comment above a function gives its rule
// with the source, where the rule has one.
//
// What a rule needs to know is a parameter, so a test can give it any case. Rules that load what they need would be
// shorter but need a database to be tested. Questions about many rows (overlaps, the order of the list) are SQL in the
// use cases.

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

// A resident sees their own; NAV sees its own office's requisitions and the stays that follow from them; the specialist
// health service sees its own referrals and those for which it keeps the responsibility.

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
    if (policy.alert_days(i) <= policy.alert_days(i - 1))
      return InvalidArgument("policy.alert_days", "must be in rising order");
  }
  // [H8] An Akutten stay creates no tenancy (KOSTRA: temporary = no tenancy contract is made);
  // Bokollektivet and Småhus need one.
  const bool has_tenancy = policy.tenancy_kind() != pb::TENANCY_KIND_NONE;
  if (has_tenancy != (policy.route() == pb::ROUTE_APPLICATION)) {
    return InvalidArgument("policy.tenancy_kind",
                           "must be NONE unless the route is APPLICATION, and must not be NONE if it is");
  }
  // [S4] Lutsivegen: the specialist health service keeps treatment and guidance responsibility.
  if (policy.route() == pb::ROUTE_SPECIALIST &&
      policy.treatment_responsibility() != pb::TREATMENT_RESPONSIBILITY_SPECIALIST_HEALTH) {
    return InvalidArgument("policy.treatment_responsibility", "must be SPECIALIST_HEALTH on the SPECIALIST route");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::SetNeedRuleRequest& request) {
  if (!EachOnce(request.weights(), &pb::NeedWeight::factor_code)) {
    return InvalidArgument("weights", "must name each factor at most once");
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
    return InvalidArgument("criteria", "must be set for an approval");
  }
  if (request.outcome() == pb::OUTCOME_REFUSED && !request.exception_code().empty()) {
    return InvalidArgument("exception_code", "must be empty for a refusal");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::AssessNeedRequest& request) {
  if (!EachOnce(request.factors(), &pb::NeedFactor::factor_code)) {
    return InvalidArgument("factors", "must name each factor at most once");
  }
  std::set<int> kinds;
  for (int kind : request.suitable_kinds()) {
    if (kind == pb::SCHEME_KIND_UNSPECIFIED)
      return InvalidArgument("suitable_kinds", "must not contain SCHEME_KIND_UNSPECIFIED");
    if (!kinds.insert(kind).second) return InvalidArgument("suitable_kinds", "must name each kind at most once");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::AnswerPlaceOfferRequest& request) {
  const bool declines = request.answer() == pb::ANSWER_DECLINE;
  if (declines && request.decline_reason_code().empty()) {
    return InvalidArgument("decline_reason_code", "must be set to decline");
  }
  if (!declines && !request.decline_reason_code().empty()) {
    return InvalidArgument("decline_reason_code", "must be empty to accept");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::ReserveStayRequest& request) {
  if (!request.place_id().empty() && request.requisition_id().empty()) {
    return InvalidArgument("place_id", "must be empty with a place offer, which names the place");
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

// A policy never changes: the next one replaces it from its first day, which is not before that of the last one.
absl::Status MaySetPolicy(const pb::SchemePolicy& policy, const pb::SchemePolicy* last) {
  if (last == nullptr || last->valid_from() <= policy.valid_from()) return absl::OkStatus();
  return Refused("DATE_OUT_OF_ORDER",
                 "a policy with a later valid_from is set already; choose that day or a later one");
}

// [H11] A place is not removed while somebody lives there, has a future stay there, or it is kept for the list.
absl::Status MayRemove(const pb::Place& place, bool in_use) {
  if (!place.remove_date().empty()) return Refused("PLACE_REMOVED", "the place is removed already");
  if (in_use)
    return Refused(
        "PLACE_IN_USE",
        "the place has a current or future stay, or a vacancy keeps it for the list; move or cancel these first");
  return absl::OkStatus();
}

// [H1] A closure never overlaps a stay: the resident is moved first.
absl::Status MayClose(const pb::Place& place, const pb::PlaceClosure& closure, bool held, std::string_view today) {
  if (!place.remove_date().empty())
    return Refused("PLACE_REMOVED", "the place was removed from the scheme; choose another");
  TRY(CheckPlannable("start_date", closure.start_date(), today));
  if (closure.start_date() < today) return Refused("START_IN_PAST", "start_date must be today or later");
  if (closure.held_until() <= closure.start_date()) {
    return Refused("DATE_OUT_OF_ORDER", "end_date must be after start_date and after today");
  }
  if (held)
    return Refused("PLACE_IN_USE", "a stay, a closure or a vacancy holds the place in that time; move it first");
  return absl::OkStatus();
}

absl::Status MayReopen(const pb::PlaceClosure& closure, std::string_view today) {
  if (closure.state() == pb::PLACE_CLOSURE_STATE_ACTIVE && closure.held_until() > today) return absl::OkStatus();
  return WrongState(closure.state(), "the closure has ended already");
}

// StateOf works from tonight on. For a past night, people have left since, and their turnaround days would say that the
// place was being made ready.
absl::Status CheckNight(std::string_view date, std::string_view today) {
  if (date >= today) return absl::OkStatus();
  return InvalidArgument("date", "must be today or later");
}

// ---- Residence -------------------------------------------------------------------------------------

absl::Status CheckResidenceSince(std::string_view residence_since, std::string_view today) {
  if (residence_since <= today) return absl::OkStatus();
  return InvalidArgument("residence_since", "must be today or earlier");
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

// [H5] If the residence rule is not met, a refusal names another way to get help, because NAV where the person stays
// has a duty to help; a grant overrides the rule with a reason, and stores who did it.
absl::Status CheckResidence(bool met, pb::Outcome outcome, const ResidenceAnswer& answer) {
  if (!answer.override_reason_code.empty() && (met || outcome == pb::OUTCOME_REFUSED)) {
    return Refused("OVERRIDE_NOT_NEEDED",
                   "leave override_reason_code empty: the residence rule is met, or the decision is a refusal");
  }
  if (met) return absl::OkStatus();
  if (outcome == pb::OUTCOME_GRANTED && answer.override_reason_code.empty()) {
    return Refused("RESIDENCE_REQUIRED",
                   "the person does not meet the residence rule; refuse, or give an override_reason_code");
  }
  if (outcome == pb::OUTCOME_REFUSED &&
      (answer.alternative_route_code.empty() || answer.alternative_route_note.empty())) {
    return Refused("ALTERNATIVE_ROUTE_REQUIRED",
                   "give alternative_route_code and alternative_route_note: where the person can turn instead");
  }
  return absl::OkStatus();
}

// ---- Requisitions and referrals --------------------------------------------------------------------

// [H4] Only a NAV office requisitions Akutten; only the specialist health service refers to Lutsivegen, and names its
// responsible unit; the other schemes take applications only.
absl::Status MaySubmit(const Caller& caller, const pb::SchemePolicy& policy,
                       const pb::SubmitRequisitionRequest& request) {
  if (policy.route() == pb::ROUTE_REQUISITION && !caller.Is(ROLE_NAV)) {
    return Refused("WRONG_ROUTE", "only a NAV office can requisition a place of this scheme");
  }
  if (policy.route() == pb::ROUTE_SPECIALIST && !caller.Is(ROLE_SPECIALIST_HEALTH)) {
    return Refused("WRONG_ROUTE", "only the specialist health service can refer a person to this scheme");
  }
  if (policy.route() == pb::ROUTE_APPLICATION) {
    return Refused("WRONG_ROUTE", "this scheme takes no requisitions; submit an application");
  }
  if (caller.organisation_id.empty())
    return Forbidden("the token must name the organisation for which the caller acts");
  if (policy.route() == pb::ROUTE_SPECIALIST && request.responsible_unit().empty()) {
    return Refused("RESPONSIBLE_UNIT_REQUIRED",
                   "name the unit that keeps treatment responsibility as responsible_unit");
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
  // [B1] After an institution or prison, temporary shelter is an exception: try a permanent home first.
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

// A requisition is decided once. A refusal may become a grant (omgjøring), never the other way round. [H6] The
// decision does not ask whether there is a vacancy.
absl::Status MayDecide(const pb::Requisition& requisition, const pb::SchemePolicy& policy,
                       const pb::DecideRequisitionRequest& request, std::string_view today) {
  const bool reconsidered =
      requisition.state() == pb::REQUISITION_STATE_REFUSED && request.outcome() == pb::OUTCOME_GRANTED;
  if (requisition.state() != pb::REQUISITION_STATE_RECEIVED && !reconsidered) {
    return WrongState(requisition.state(), "the requisition can no longer be decided");
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
  return WrongState(requisition.state(), "only a received or granted requisition without a stay can be withdrawn");
}

// A person whose reservation was cancelled because the resident before had not left gets the full time of a new grant,
// so that nobody loses a bed by what another did.
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

// [H6] A decision stores who decided it, when, and until when a complaint is possible. [B1] The complaint term is 3
// weeks.
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
