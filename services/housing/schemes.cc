// Schemes, their policies and places, and the other data that configure housing here.
//
// Policies, code lists, need rules and case rules have versions that never change: a new one replaces the last from its
// date, and a case keeps the one under which it began. Editing rows would be less code, and would rewrite why a person
// was refused last year.

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/allocation_changes.h"
#include "services/housing/application_rules.h"
#include "services/housing/events.h"
#include "services/housing/housing.h"
#include "services/housing/place_holds.h"
#include "services/housing/reads.h"
#include "services/housing/stay_rules.h"
#include "services/housing/tables.h"
#include "services/shared/code_lists.h"

namespace mestring::housing {
namespace {

// Adds the policy in force today to a scheme that is read.
absl::Status FillPolicy(Tx& tx, pb::HousingScheme* scheme) {
  absl::StatusOr<pb::SchemePolicy> policy = PolicyInForce(tx, scheme->id(), Today(tx));
  if (policy.ok()) *scheme->mutable_policy() = *std::move(policy);
  return ReasonOf(policy.status()) == "POLICY_MISSING" ? absl::OkStatus() : policy.status();
}

// Sets the state of each place on a date; one query finds what holds them then.
absl::Status FillStates(Tx& tx, const std::string& date, std::string_view scheme_id,
                        google::protobuf::RepeatedPtrField<pb::Place>* places) {
  ASSIGN(const Night night, NightOf(tx, date, scheme_id));
  for (pb::Place& place : *places) place.set_state(night.StateOf(place));
  return absl::OkStatus();
}

template <class Event>
Event About(const pb::Place& place) {
  Event event;
  event.set_place_id(place.id());
  event.set_scheme_id(place.scheme_id());
  return event;
}

}  // namespace

absl::Status Housing::RegisterHousingScheme(Tx& tx, Call&, const pb::RegisterHousingSchemeRequest& request,
                                            pb::RegisterHousingSchemeResponse* response) {
  ASSIGN(const bool taken, Exists<pb::HousingScheme>(tx, "WHERE code = :code", request.code()));
  if (taken) return AlreadyExists("scheme");
  pb::HousingScheme scheme;
  scheme.set_id(NewId(tx.now()));
  scheme.set_code(request.code());
  scheme.set_name(request.name());
  scheme.set_kind(request.kind());
  TRY(Insert(tx, scheme));
  pb::SchemeRegistered event;
  event.set_scheme_id(scheme.id());
  event.set_code(scheme.code());
  event.set_kind(scheme.kind());
  TRY(tx.Publish(event, scheme));
  *response->mutable_scheme() = std::move(scheme);
  return absl::OkStatus();
}

absl::Status Housing::SetSchemePolicy(Tx& tx, Call&, const pb::SetSchemePolicyRequest& request,
                                      pb::SetSchemePolicyResponse* response) {
  TRY(Check(request));
  TRY(CheckPlannable("policy.valid_from", request.policy().valid_from(), Today(tx)));
  ASSIGN(pb::HousingScheme scheme,
         AtVersion(request.expected_version(), Load<pb::HousingScheme>(tx, request.scheme_id())));
  pb::SchemePolicy policy = request.policy();
  if (!policy.support_team_id().empty()) TRY(Load<pb::SupportTeam>(tx, policy.support_team_id()).status());
  constexpr std::string_view of_scheme = "WHERE scheme_id = :scheme";
  ASSIGN(const auto last, Newest<pb::SchemePolicy>(tx, of_scheme, scheme.id()));
  TRY(MaySetPolicy(policy, last ? &*last : nullptr));
  policy.set_scheme_id(scheme.id());
  TRY(InsertNext(tx, &policy, of_scheme, scheme.id()));
  TRY(Save(tx, scheme));
  pb::SchemePolicySet event;
  event.set_scheme_id(scheme.id());
  event.set_policy_id(policy.id());
  event.set_policy_version(policy.policy_version());
  event.set_valid_from(policy.valid_from());
  event.set_route(policy.route());
  TRY(tx.Publish(event, scheme));
  TRY(FillPolicy(tx, &scheme));
  *response->mutable_policy() = std::move(policy);
  *response->mutable_scheme() = std::move(scheme);
  return absl::OkStatus();
}

absl::Status Housing::AddPlace(Tx& tx, Call&, const pb::AddPlaceRequest& request, pb::AddPlaceResponse* response) {
  TRY(Load<pb::HousingScheme>(tx, request.scheme_id()).status());
  if (!request.support_team_id().empty()) TRY(Load<pb::SupportTeam>(tx, request.support_team_id()).status());
  ASSIGN(const bool taken, Exists<pb::Place>(tx, "WHERE scheme_id = :scheme AND label = :label AND remove_date IS NULL",
                                             request.scheme_id(), request.label()));
  if (taken) return AlreadyExists("place");
  pb::Place place;
  place.set_id(NewId(tx.now()));
  place.set_scheme_id(request.scheme_id());
  place.set_label(request.label());
  place.set_support_team_id(request.support_team_id());
  TRY(Insert(tx, place));
  TRY(tx.Publish(About<pb::PlaceAdded>(place), place));
  place.set_state(pb::PLACE_STATE_FREE);
  *response->mutable_place() = std::move(place);
  return absl::OkStatus();
}

absl::Status Housing::RemovePlace(Tx& tx, Call&, const pb::RemovePlaceRequest& request,
                                  pb::RemovePlaceResponse* response) {
  ASSIGN(pb::Place place, AtVersion(request.expected_version(), Load<pb::Place>(tx, request.place_id())));
  ASSIGN(const bool in_use, IsHeld(tx, place.id(), {Today(tx), std::string(kNoEnd)}, Holders::kPeople));
  TRY(MayRemove(place, in_use));
  place.set_remove_date(Today(tx));
  TRY(Save(tx, place));
  auto event = About<pb::PlaceRemoved>(place);
  event.set_remove_date(place.remove_date());
  TRY(tx.Publish(event, place));
  place.set_state(pb::PLACE_STATE_REMOVED);
  *response->mutable_place() = std::move(place);
  return absl::OkStatus();
}

absl::Status Housing::ClosePlace(Tx& tx, Call&, const pb::ClosePlaceRequest& request,
                                 pb::ClosePlaceResponse* response) {
  TRY(Check(request));
  ASSIGN(const pb::Place place, Load<pb::Place>(tx, request.place_id()));
  pb::PlaceClosure closure;
  closure.set_id(NewId(tx.now()));
  closure.set_state(pb::PLACE_CLOSURE_STATE_ACTIVE);
  closure.set_place_id(place.id());
  closure.set_scheme_id(place.scheme_id());
  closure.set_start_date(OrToday(tx, request.start_date()));
  closure.set_end_date(request.end_date());
  closure.set_reason_code(request.reason_code());
  closure.set_held_until(HeldUntil(closure.end_date(), 0));
  ASSIGN(const bool held, IsHeld(tx, place.id(), {closure.start_date(), closure.held_until()}));
  TRY(MayClose(place, closure, held, Today(tx)));
  TRY(Insert(tx, closure));
  TRY(PublishClosed(tx, closure));
  *response->mutable_closure() = std::move(closure);
  return absl::OkStatus();
}

absl::Status Housing::ReopenPlace(Tx& tx, Call&, const pb::ReopenPlaceRequest& request,
                                  pb::ReopenPlaceResponse* response) {
  ASSIGN(pb::PlaceClosure closure,
         AtVersion(request.expected_version(), Load<pb::PlaceClosure>(tx, request.closure_id())));
  const std::string today = Today(tx);
  TRY(MayReopen(closure, today));
  TRY(EndClosure(tx, std::max(today, closure.start_date()), &closure));
  *response->mutable_closure() = std::move(closure);
  return absl::OkStatus();
}

absl::Status Housing::RegisterSupportTeam(Tx& tx, Call&, const pb::RegisterSupportTeamRequest& request,
                                          pb::RegisterSupportTeamResponse* response) {
  ASSIGN(const bool taken, Exists<pb::SupportTeam>(tx, "WHERE code = :code", request.code()));
  if (taken) return AlreadyExists("support team");
  pb::SupportTeam team;
  team.set_id(NewId(tx.now()));
  team.set_code(request.code());
  team.set_name(request.name());
  team.set_kind(request.kind());
  TRY(Insert(tx, team));
  pb::SupportTeamRegistered event;
  event.set_support_team_id(team.id());
  event.set_code(team.code());
  event.set_kind(team.kind());
  TRY(tx.Publish(event, team));
  *response->mutable_support_team() = std::move(team);
  return absl::OkStatus();
}

absl::Status Housing::SetCodeList(Tx& tx, Call&, const pb::SetCodeListRequest& request,
                                  pb::SetCodeListResponse* response) {
  return StoreCodeList<pb::CodeListSet>(tx, kOwnCodes, request, response->mutable_code_list());
}

absl::Status Housing::SetNeedRule(Tx& tx, Call&, const pb::SetNeedRuleRequest& request,
                                  pb::SetNeedRuleResponse* response) {
  TRY(Check(request));
  pb::NeedRule& rule = *response->mutable_need_rule();
  *rule.mutable_weights() = request.weights();
  TRY(InsertNext(tx, &rule));
  pb::NeedRuleSet event;
  event.set_need_rule_id(rule.id());
  event.set_rule_version(rule.rule_version());
  return tx.Publish(event, rule);
}

absl::Status Housing::SetCaseRules(Tx& tx, Call&, const pb::SetCaseRulesRequest& request,
                                   pb::SetCaseRulesResponse* response) {
  pb::CaseRules& rules = *response->mutable_case_rules() = request.case_rules();
  TRY(InsertNext(tx, &rules));
  pb::CaseRulesSet event;
  event.set_case_rules_id(rules.id());
  event.set_rules_version(rules.rules_version());
  return tx.Publish(event, rules);
}

absl::Status Housing::GetHousingScheme(Tx& tx, Call&, const pb::GetHousingSchemeRequest& request,
                                       pb::GetHousingSchemeResponse* response) {
  ASSIGN(*response->mutable_scheme(), Load<pb::HousingScheme>(tx, request.scheme_id()));
  return FillPolicy(tx, response->mutable_scheme());
}

absl::Status Housing::ListHousingSchemes(Tx& tx, Call&, const pb::ListHousingSchemesRequest& request,
                                         pb::ListHousingSchemesResponse* response) {
  TRY(ListPage(tx, Filter(), request, response->mutable_schemes(), response));
  for (pb::HousingScheme& scheme : *response->mutable_schemes()) TRY(FillPolicy(tx, &scheme));
  return absl::OkStatus();
}

absl::Status Housing::ListSchemePolicies(Tx& tx, Call&, const pb::ListSchemePoliciesRequest& request,
                                         pb::ListSchemePoliciesResponse* response) {
  TRY(Load<pb::HousingScheme>(tx, request.scheme_id()).status());
  return ListPage(tx, Filter().Is("scheme_id", request.scheme_id()), request, response->mutable_policies(), response,
                  {.descending = true});
}

absl::Status Housing::GetPlace(Tx& tx, Call&, const pb::GetPlaceRequest& request, pb::GetPlaceResponse* response) {
  google::protobuf::RepeatedPtrField<pb::Place> places;
  ASSIGN(*places.Add(), Load<pb::Place>(tx, request.place_id()));
  TRY(FillStates(tx, Today(tx), places[0].scheme_id(), &places));
  *response->mutable_place() = std::move(places[0]);
  return absl::OkStatus();
}

absl::Status Housing::ListPlaces(Tx& tx, Call&, const pb::ListPlacesRequest& request,
                                 pb::ListPlacesResponse* response) {
  const std::string date = OrToday(tx, request.date());
  TRY(CheckNight(date, Today(tx)));
  TRY(Load<pb::HousingScheme>(tx, request.scheme_id()).status());
  TRY(ListPage(tx, Filter().Is("scheme_id", request.scheme_id()), request, response->mutable_places(), response));
  TRY(FillStates(tx, date, request.scheme_id(), response->mutable_places()));
  return absl::OkStatus();
}

absl::Status Housing::ListPlaceClosures(Tx& tx, Call&, const pb::ListPlaceClosuresRequest& request,
                                        pb::ListPlaceClosuresResponse* response) {
  return ListPage(tx, Filter().Is("scheme_id", request.scheme_id()).Where("held_until > ?", Today(tx)), request,
                  response->mutable_closures(), response);
}

absl::Status Housing::ListSupportTeams(Tx& tx, Call&, const pb::ListSupportTeamsRequest& request,
                                       pb::ListSupportTeamsResponse* response) {
  return ListPage(tx, Filter(), request, response->mutable_support_teams(), response);
}

absl::Status Housing::GetCodeList(Tx& tx, Call&, const pb::GetCodeListRequest& request,
                                  pb::GetCodeListResponse* response) {
  return FindCodeList(tx, kOwnCodes, request, response->mutable_code_list());
}

absl::Status Housing::GetNeedRule(Tx& tx, Call&, const pb::GetNeedRuleRequest& request,
                                  pb::GetNeedRuleResponse* response) {
  ASSIGN(*response->mutable_need_rule(), OrNotFound(OfVersion<pb::NeedRule>(tx, request.rule_version())));
  return absl::OkStatus();
}

absl::Status Housing::GetCaseRules(Tx& tx, Call&, const pb::GetCaseRulesRequest& request,
                                   pb::GetCaseRulesResponse* response) {
  ASSIGN(*response->mutable_case_rules(), OrNotFound(OfVersion<pb::CaseRules>(tx, request.rules_version())));
  return absl::OkStatus();
}

}  // namespace mestring::housing
