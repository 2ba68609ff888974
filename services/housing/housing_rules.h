// The rules of housing. A housing officer can read this file together with housing_rules.cc and, from the reservation
// on, stay_rules.cc.
//
// Pure functions over the messages of the contract: no clock, no database. May… says whether a caller
// may do a thing to a thing; Check… whether a thing is as it must be; Apply… carries a permitted
// change out; New… makes what comes into being. Dates are ISO text, which compares as dates do.
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

// An open-ended hold: later than every date that somebody means.
inline constexpr std::string_view kNoEnd = "9999-12-31";

// How long before it runs out a tenancy is listed as due. No policy has a figure for it: it is the time
// for which vacancies are looked for ahead (30 or 90 days), because a resident without a new contract
// needs one of them.
inline constexpr int kTenancyEndLeadDays = 90;

// ---- Codes that the service itself sets ------------------------------------------------------------

// A stay ended because the person moved to another scheme of the unit, or to another place of the same.
inline constexpr OwnCode<pb::CodeListKind> kMoved{pb::CODE_LIST_KIND_STAY_END_REASON, "MOVED", "Flyttet i ett steg"};
inline constexpr OwnCode<pb::CodeListKind> kMovedInside{pb::CODE_LIST_KIND_STAY_END_REASON, "MOVED_INSIDE",
                                                        "Flyttet til en annen plass i samme tilbud"};
// A reservation fell because the one before has not left.
inline constexpr OwnCode<pb::CodeListKind> kPlaceNotVacated{pb::CODE_LIST_KIND_STAY_CANCEL_REASON, "PLACE_NOT_VACATED",
                                                            "Plassen ble ikke fraflyttet"};
// A place offer was revoked because its application ended.
inline constexpr OwnCode<pb::CodeListKind> kApplicationEnded{pb::CODE_LIST_KIND_REVOKE_REASON, "APPLICATION_ENDED",
                                                             "Søknaden er avsluttet"};
inline constexpr OwnCode<pb::CodeListKind> kOwnCodes[] = {kMoved, kMovedInside, kPlaceNotVacated, kApplicationEnded};

// ---- Who sees what ---------------------------------------------------------------------------------

// Staff of the unit, the housing office, the unit leader, and services that subscribe.
bool WorksWithHousing(const Caller& caller);

// What of a list a caller sees: all of it; what their organisation asked for; that and what it keeps
// the responsibility of treatment for; or what is their own.
struct Scope {
  enum Kind { kAll, kOrganisation, kOrganisationOrUnit, kPerson };
  Kind kind;
  std::string value;
};
Scope ScopeOf(const Caller& caller);

// NotFound for those who may not, as if the thing did not exist.
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
// `in_use`: it has a current or future stay, or is kept for the list.
absl::Status MayRemove(const pb::Place& place, bool in_use);
// `held`: a stay with its turnaround days, another closure or a vacancy lies in the time of the closure.
absl::Status MayClose(const pb::Place& place, const pb::PlaceClosure& closure, bool held, std::string_view today);
absl::Status MayReopen(const pb::PlaceClosure& closure, std::string_view today);
// A night for which the state of places can be asked.
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

// What a decision says about a residence rule that is not met.
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
// A reservation that came to nothing gives the grant back, if it can still be used.
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

// ---- Applications ----------------------------------------------------------------------------------

// Under way: submitted, and neither housed nor ended.
bool IsLive(pb::ApplicationState state);
// Waits for its decision.
bool IsUndecided(pb::ApplicationState state);
// Approved, and neither housed nor ended.
bool IsApproved(pb::ApplicationState state);

absl::Status MaySubmit(const Caller& caller, const pb::SubmitApplicationRequest& request);
// `has_live`: another application of the person is under way.
absl::Status MayHaveAnother(bool has_live);
pb::Application NewApplication(std::string id, const pb::SubmitApplicationRequest& request, const pb::CaseRules& rules,
                               std::string_view today);
absl::Status MayRequestInformation(const pb::Application& application, std::string_view information_by,
                                   std::string_view today);
absl::Status MayComplete(const pb::Application& application);
absl::Status MayGivePreliminaryAnswer(const pb::Application& application, std::string_view decide_by,
                                      std::string_view today);
absl::Status MayDecide(const pb::Application& application, const pb::CaseRules& rules,
                       const pb::DecideApplicationRequest& request, std::string_view today);
void ApplyDecision(const pb::Decision& decision, const pb::CaseRules& rules, pb::Application* application);
absl::Status MayRenew(const pb::Application& application, std::string_view today);
absl::Status MayWithdraw(const pb::Application& application);
absl::Status MayLapse(const pb::Application& application);
// The last day of the approval is over.
bool IsExpired(const pb::Application& application, std::string_view today);
// A place offer or reservation came to nothing: back on the list.
void ApplyRelease(pb::Application* application);

// ---- Need and the list -----------------------------------------------------------------------------

absl::Status MayAssess(const pb::Application& application);
// INVALID_ARGUMENT for a factor or level that the rule does not have.
absl::StatusOr<int64_t> Score(const pb::NeedRule& rule, const pb::AssessNeedRequest& request);
pb::NeedAssessment NewAssessment(std::string id, const Caller& caller, const pb::Application& application,
                                 const pb::AssessNeedRequest& request, const pb::NeedRule& rule, int64_t score,
                                 std::string_view today);
pb::ListEntry NewListEntry(std::string id, const pb::Application& application, const pb::NeedAssessment& assessment,
                           std::string_view today);
// Ranks an entry by an assessment; keeps its lot.
void ApplyAssessment(const pb::NeedAssessment& assessment, pb::ListEntry* entry);
bool Suits(const pb::ListEntry& entry, pb::SchemeKind kind);

// ---- Vacancies and place offers --------------------------------------------------------------------

// `has_vacancy`: the place is kept for the list already.
absl::Status MayOpenVacancy(const pb::SchemePolicy& policy, const pb::Place& place, std::string_view from_date,
                            bool has_vacancy, std::string_view today);
// Open or offered: its place is kept for the list.
bool KeepsPlace(pb::VacancyState state);
absl::Status MayClose(const pb::Vacancy& vacancy);
absl::Status MayOffer(const pb::Vacancy& vacancy, const pb::Application& application, const pb::ListEntry& entry,
                      std::string_view today);
// `before` is who suits the vacancy and has a more pressing need, the first of them; null: nobody.
absl::Status MayPassOver(const pb::ListEntry* before, std::string_view passed_over_reason_code);
pb::PlaceOffer NewPlaceOffer(std::string id, const pb::Vacancy& vacancy, const pb::Application& application,
                             const pb::ListEntry& entry, const pb::SchemePolicy& policy, std::string_view today);
absl::Status MayAnswer(const pb::PlaceOffer& place_offer, std::string_view today);
// Pending or accepted: neither declined nor run out nor taken back.
bool Stands(pb::PlaceOfferState state);
absl::Status MayRevoke(const pb::PlaceOffer& place_offer);
// The place is not free before that day. True if the person was offered an earlier one.
bool ApplyPostponement(std::string_view from_date, pb::PlaceOffer* place_offer);

// ---- Stays -----------------------------------------------------------------------------------------

// The nights of a stay: from start up to, not including, end; no end for an open one.
struct Period {
  std::string start_date;
  std::string end_date;
};

// [start, held_until): the time in which nobody else can have the place.
std::string HeldUntil(std::string_view end_date, int turnaround_days);

// Reserved or arrived: somebody has the place or will have it.
bool HoldsPlace(pb::StayState state);
// Whether the person came is known.
bool IsArrivalKnown(pb::StayState state);

// A stay, a closure or a vacancy that holds a place in [start_date, held_until).
struct PlaceHold {
  enum Kind { kStay, kClosure, kVacancy } kind = kStay;
  std::string place_id, id;
  std::string start_date, held_until;
  pb::StayState stay_state = pb::STAY_STATE_UNSPECIFIED;  // of a stay
  std::string end_date;                                   // of a stay: its departure; empty: none
};

// `held`: somebody or something has the place in that time, or every place of a scheme if `place_id` is empty.
absl::Status MayHold(bool held, std::string_view place_id = "");
// `has_reservation`: the person has a place reserved already.
absl::Status MayReserveAnother(bool has_reservation);
absl::Status MayReserve(const pb::Requisition& requisition, std::string_view today);
absl::Status MayReserve(const pb::PlaceOffer& place_offer, const pb::Application& application);
// Whether the place is one that the requisition can be given.
absl::Status MayGive(const pb::Requisition& requisition, const pb::Place& place);
// The period that a request asks for, completed by the policy.
absl::StatusOr<Period> PeriodOf(const pb::ReserveStayRequest& request, std::string_view earliest,
                                const pb::SchemePolicy& policy, std::string_view today);
pb::Stay NewStay(std::string id, const Period& period, const pb::SchemePolicy& policy, const pb::Place& place);

// What stands in the way of an arrival besides the stay itself.
struct ArrivalFacts {
  bool housed_elsewhere;       // the person lives in another place of the unit
  bool place_occupied;         // somebody lives in the place
  const pb::Tenancy* tenancy;  // of the stay; null: none
};
absl::Status MayArrive(const pb::Stay& stay, const pb::SchemePolicy& policy, const ArrivalFacts& facts,
                       std::string_view arrive_date, std::string_view today);
void ApplyArrival(std::string_view arrive_date, const pb::SchemePolicy& policy, pb::Stay* stay);
absl::Status MayCancel(const pb::Stay& stay);
absl::Status MayRecordNoShow(const pb::Stay& stay, std::string_view today);
// The reservation comes to nothing; the place is free.
void ApplyNoStay(pb::StayState state, std::string_view reason_code, pb::Stay* stay);
absl::Status MayExtend(const pb::Stay& stay, std::string_view end_date, std::string_view today);
void ApplyNewEnd(std::string_view end_date, pb::Stay* stay);
bool IsBeyondLimit(const pb::Stay& stay);
absl::Status MayEnd(const pb::Stay& stay, std::string_view end_date, std::string_view today);
void ApplyEnd(std::string_view end_date, std::string_view destination_code, std::string_view reason_code,
              pb::Stay* stay);
absl::Status MayMoveInside(const pb::Stay& stay, const pb::Place& place, std::string_view today);
absl::Status MayMoveTo(const pb::Stay& stay, const pb::Stay& reserved);
// The stay that a person has after a move inside the scheme: what the old one was, in another place.
pb::Stay NewStayAfterMove(std::string id, const pb::Stay& from, const pb::Place& place, std::string_view today);
absl::Status MayBeAbsent(const pb::Stay& stay, std::string_view since, std::string_view expected_return,
                         std::string_view today);
absl::Status MayReturn(const pb::Stay& stay);
absl::Status MayJudgeOverstay(const pb::Stay& stay, const pb::JudgeOverstayRequest& request, std::string_view today);
// The departure was planned for an earlier day. True if that is new: it was not judged, and nobody knows of it yet.
bool ApplyOverstay(pb::Stay* stay);
// The first mark that the stay has not passed, or 0.
int NextMark(const pb::Stay& stay, const pb::SchemePolicy& policy);

// What a place is on a night, by all that holds it then.
// Tonight, whoever has not left counts too, even if their departure is planned for today.
pb::PlaceState StateOf(const pb::Place& place, const std::vector<PlaceHold>& holds, std::string_view date,
                       std::string_view today);

// ---- Tenancies and contacts ------------------------------------------------------------------------

// The tenancies of a stay that are not ended: the contract, and the notice that was given for one to come.
struct Tenancies {
  std::optional<pb::Tenancy> contract, notice;
};
absl::Status MayGiveNotice(const pb::Stay& stay, const pb::SchemePolicy& policy, const Tenancies& tenancies,
                           std::string_view notice_date, std::string_view today);
absl::Status MaySign(const pb::Stay& stay, const pb::SchemePolicy& policy, const Tenancies& tenancies,
                     std::string_view start_date, std::string_view end_date, std::string_view today);
// When a tenancy begins of which nothing else is said: with the stay, or where the contract before it ends.
std::string TenancyStart(const pb::Stay& stay, const Tenancies& tenancies);
pb::Tenancy NewTenancy(std::string id, const pb::Stay& stay, const pb::SchemePolicy& policy);
// The tenancy has run out before this day, and the resident of its stay still lives there.
bool RanOutUnderResident(const pb::Tenancy& tenancy, const pb::Stay& stay, std::string_view day);
absl::Status MayHaveTeam(const pb::Stay& stay);
absl::Status MayPlanContact(const pb::Stay& stay, std::string_view due_date, std::string_view today);
// Planned, and neither held nor called off.
bool IsOpen(pb::ContactState state);
absl::Status MayRecord(const pb::Contact& contact, std::string_view held_date, std::string_view today);
absl::Status MayCancel(const pb::Contact& contact);

// ---- Statistics ------------------------------------------------------------------------------------

// Takes away numbers that could point at somebody, as parts of one whole (services/shared/figures.h).
void Suppress(int cell_min, google::protobuf::RepeatedPtrField<pb::Count>* counts);

}  // namespace mestring::housing
