#include "tests/housing/town.h"

// Each step stands on the ones before it, in the order of a person's way: requisition or application, need,
// place offer, stay, tenancy.

#include <algorithm>

namespace mestring::housing {
namespace {

using access::v1::ROLE_HOUSING_OFFICE;
using access::v1::ROLE_NAV;
using access::v1::ROLE_SPECIALIST_HEALTH;

}  // namespace

Who HousingOffice() { return {{ROLE_HOUSING_OFFICE}, "", ""}; }
Who Nav(std::string organisation_id) { return {{ROLE_NAV}, "", std::move(organisation_id)}; }
Who Hospital(std::string organisation_id) { return {{ROLE_SPECIALIST_HEALTH}, "", std::move(organisation_id)}; }

Town::Town(std::string_view engine, std::function<void(Config&)> adjust)
    : RunningTown(HousingDefinition(), engine, std::move(adjust)) {
  pb::SetCaseRulesRequest rules;
  rules.mutable_case_rules()->set_application_decision_months(1);
  rules.mutable_case_rules()->set_approval_months(12);
  rules.mutable_case_rules()->set_complaint_weeks(3);
  rules.mutable_case_rules()->set_application_residence_rule(pb::RESIDENCE_RULE_NONE);
  rules.mutable_case_rules()->set_statistics_cell_min(2);
  Must(Call(&Stub::SetCaseRules, UnitLeader(), rules));
  for (int kind = pb::CodeListKind_MIN + 1; kind <= pb::CodeListKind_MAX; ++kind) {
    pb::SetCodeListRequest list;
    list.set_kind(static_cast<pb::CodeListKind>(kind));
    for (const char* code : {"A", "B", "116", "410"}) {
      pb::CodeEntry* entry = list.add_entries();
      entry->set_code(code);
      entry->set_name("a code");
    }
    Must(Call(&Stub::SetCodeList, UnitLeader(), list));
  }
  pb::SetNeedRuleRequest rule;
  pb::NeedWeight* weight = rule.add_weights();
  weight->set_factor_code("HOMELESS");
  weight->set_name("No home");
  weight->set_level_max(10);
  weight->set_weight(10);
  Must(Call(&Stub::SetNeedRule, UnitLeader(), rule));
  pb::RegisterSupportTeamRequest team;
  team.set_code("sandnesveien-299");
  team.set_name("Sandnesveien 299");
  team.set_kind(pb::SUPPORT_TEAM_KIND_BASE);
  team_id = Must(Call(&Stub::RegisterSupportTeam, UnitLeader(), team)).support_team().id();

  akutten = Register("akutten", pb::SCHEME_KIND_SHELTER, Policy(pb::ROUTE_REQUISITION), 3);
  bokollektivet = Register("bokollektivet", pb::SCHEME_KIND_COLLECTIVE, Policy(pb::ROUTE_APPLICATION), 7);
  pb::SchemePolicy special = Policy(pb::ROUTE_APPLICATION);
  special.set_tenancy_kind(pb::TENANCY_KIND_SPECIAL_TERMS);
  special.set_support_team_id(team_id);
  smahus = Register("smahus", pb::SCHEME_KIND_SMALL_HOUSE, special, 3);
  lutsivegen = Register("lutsivegen", pb::SCHEME_KIND_INSTITUTION, Policy(pb::ROUTE_SPECIALIST), 4);
}

pb::SchemePolicy Town::Policy(pb::Route route) const {
  pb::SchemePolicy policy;
  policy.set_valid_from("2026-01-01");
  policy.set_route(route);
  policy.set_residence_rule(route == pb::ROUTE_REQUISITION ? pb::RESIDENCE_RULE_REGISTERED : pb::RESIDENCE_RULE_NONE);
  policy.set_tenancy_kind(route == pb::ROUTE_APPLICATION ? pb::TENANCY_KIND_ORDINARY : pb::TENANCY_KIND_NONE);
  policy.set_tenancy_months_min(36);
  policy.set_rent_monthly_ore(650000);
  policy.set_treatment_responsibility(route == pb::ROUTE_SPECIALIST ? pb::TREATMENT_RESPONSIBILITY_SPECIALIST_HEALTH
                                                                    : pb::TREATMENT_RESPONSIBILITY_MUNICIPALITY);
  if (route == pb::ROUTE_REQUISITION) {
    policy.set_max_stay_days(90);
    policy.add_alert_days(60);
    policy.add_alert_days(90);
    policy.set_turnaround_days(1);
  }
  policy.set_answer_days(7);
  policy.set_grant_days(7);
  policy.set_destination_code(route == pb::ROUTE_APPLICATION ? "410" : "116");
  return policy;
}

std::string Town::Register(std::string code, pb::SchemeKind kind, const pb::SchemePolicy& policy, int places) {
  pb::RegisterHousingSchemeRequest scheme;
  scheme.set_code(code);
  scheme.set_name(code);
  scheme.set_kind(kind);
  const std::string id = Must(Call(&Stub::RegisterHousingScheme, UnitLeader(), scheme)).scheme().id();
  pb::SetSchemePolicyRequest set;
  set.set_scheme_id(id);
  *set.mutable_policy() = policy;
  Must(Call(&Stub::SetSchemePolicy, UnitLeader(), set));
  for (int i = 1; i <= places; ++i) {
    pb::AddPlaceRequest place;
    place.set_scheme_id(id);
    place.set_label(absl::StrCat(i));
    Must(Call(&Stub::AddPlace, UnitLeader(), place));
  }
  return id;
}

pb::SubmitRequisitionRequest Town::RequisitionFor(const std::string& person, const std::string& scheme_id) const {
  pb::SubmitRequisitionRequest request;
  request.set_person_ref(person);
  request.set_scheme_id(scheme_id);
  request.set_channel(pb::CHANNEL_ORAL);
  request.set_origin(pb::ORIGIN_HOMELESS);
  request.set_residence(pb::RESIDENCE_REGISTERED);
  if (scheme_id == lutsivegen) request.set_responsible_unit("sus-sikkerhet");
  return request;
}

pb::Requisition Town::Requisitioned(const std::string& person, const std::string& scheme_id) {
  const pb::SubmitRequisitionRequest request = RequisitionFor(person, scheme_id);
  return Must(Call(&Stub::SubmitRequisition, scheme_id == lutsivegen ? Hospital() : Nav(), request)).requisition();
}

pb::Requisition Town::Granted(const std::string& person, const std::string& scheme_id) {
  pb::DecideRequisitionRequest request;
  request.set_requisition_id(Requisitioned(person, scheme_id).id());
  request.set_outcome(pb::OUTCOME_GRANTED);
  request.set_reason_code("A");
  return Must(Call(&Stub::DecideRequisition, Staff(), request)).requisition();
}

pb::Stay Town::Reserved(const pb::Requisition& requisition, std::string start_date, std::string end_date) {
  pb::ReserveStayRequest request;
  request.set_requisition_id(requisition.id());
  request.set_start_date(start_date);
  request.set_end_date(end_date);
  return Must(Call(&Stub::ReserveStay, Staff(), request)).stay();
}

pb::Stay Town::Arrived(const pb::Stay& stay) {
  pb::ConfirmArrivalRequest request;
  request.set_stay_id(stay.id());
  return Must(Call(&Stub::ConfirmArrival, Staff(), request)).stay();
}

pb::Stay Town::LivesIn(const std::string& person, const std::string& scheme_id, std::string end_date) {
  return Arrived(Reserved(Granted(person, scheme_id), "", std::move(end_date)));
}

pb::Application Town::Applied(const std::string& person, std::string needed_by) {
  pb::SubmitApplicationRequest request;
  request.set_person_ref(person);
  request.set_residence(pb::RESIDENCE_REGISTERED);
  request.set_needed_by(needed_by);
  return Must(Call(&Stub::SubmitApplication, Resident(person), request)).application();
}

pb::Application Town::Listed(const std::string& person, int level, std::string needed_by) {
  const pb::Application application = Applied(person, std::move(needed_by));
  pb::AssessNeedRequest assess;
  assess.set_application_id(application.id());
  pb::NeedFactor* factor = assess.add_factors();
  factor->set_factor_code("HOMELESS");
  factor->set_level(level);
  assess.set_reason_code("A");
  assess.add_suitable_kinds(pb::SCHEME_KIND_COLLECTIVE);
  assess.add_suitable_kinds(pb::SCHEME_KIND_SMALL_HOUSE);
  Must(Call(&Stub::AssessNeed, HousingOffice(), assess));
  pb::DecideApplicationRequest decide;
  decide.set_application_id(application.id());
  decide.set_outcome(pb::OUTCOME_GRANTED);
  decide.set_reason_code("A");
  pb::Criteria& criteria = *decide.mutable_criteria();
  criteria.set_lacks_fit_home(true);
  criteria.set_cannot_get_one_alone(true);
  criteria.set_can_meet_rental_terms(true);
  criteria.set_of_age(true);
  criteria.set_stays_lawfully(true);
  return Must(Call(&Stub::DecideApplication, HousingOffice(), decide)).application();
}

pb::Vacancy Town::Vacant(const std::string& place_id, std::string from_date) {
  pb::OpenVacancyRequest request;
  request.set_place_id(place_id);
  request.set_from_date(from_date);
  return Must(Call(&Stub::OpenVacancy, HousingOffice(), request)).vacancy();
}

pb::PlaceOffer Town::Offered(const pb::Vacancy& vacancy, const pb::Application& application) {
  pb::MakePlaceOfferRequest request;
  request.set_vacancy_id(vacancy.id());
  request.set_application_id(application.id());
  request.set_passed_over_reason_code("A");
  return Must(Call(&Stub::MakePlaceOffer, HousingOffice(), request)).place_offer();
}

pb::PlaceOffer Town::Accepted(const pb::PlaceOffer& place_offer) {
  pb::AnswerPlaceOfferRequest request;
  request.set_place_offer_id(place_offer.id());
  request.set_answer(pb::ANSWER_ACCEPT);
  return Must(Call(&Stub::AnswerPlaceOffer, Resident(place_offer.person_ref()), request)).place_offer();
}

pb::Stay Town::ReservedBy(const pb::PlaceOffer& place_offer, std::string end_date) {
  pb::ReserveStayRequest request;
  request.set_place_offer_id(place_offer.id());
  request.set_end_date(end_date);
  return Must(Call(&Stub::ReserveStay, HousingOffice(), request)).stay();
}

pb::Tenancy Town::Signed(const pb::Stay& stay) {
  pb::SignTenancyRequest request;
  request.set_stay_id(stay.id());
  return Must(Call(&Stub::SignTenancy, HousingOffice(), request)).tenancy();
}

pb::Stay Town::Ended(const pb::Stay& stay) {
  pb::EndStayRequest request;
  request.set_stay_id(stay.id());
  request.set_destination_code("410");
  request.set_reason_code("A");
  return Must(Call(&Stub::EndStay, Staff(), request)).stay();
}

std::vector<pb::Place> Town::Places(const std::string& scheme_id) {
  pb::ListPlacesRequest request;
  request.set_scheme_id(scheme_id);
  request.set_page_size(200);
  const pb::ListPlacesResponse response = Must(Call(&Stub::ListPlaces, Staff(), request));
  std::vector<pb::Place> places(response.places().begin(), response.places().end());
  // The list is in the order of ids, which are random within a millisecond.
  std::sort(places.begin(), places.end(), [](const pb::Place& a, const pb::Place& b) { return a.label() < b.label(); });
  return places;
}

pb::Availability Town::Availability(const std::string& scheme_id, std::string date) {
  pb::GetAvailabilityRequest request;
  request.set_scheme_id(scheme_id);
  request.set_date(date);
  return Must(Call(&Stub::GetAvailability, Staff(), request)).availabilities(0);
}

}  // namespace mestring::housing
