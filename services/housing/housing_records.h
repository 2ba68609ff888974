// What the use cases of housing share: tables, loads that come with their refusal, pages, and the changes that one case
// makes to another.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/rpc/call.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing.pb.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/housing_rules.h"
#include "services/housing/stay_rules.h"

namespace mestring {

MESTRING_TABLE(housing::v1::HousingScheme, "schemes", "scheme", "policy");
MESTRING_TABLE(housing::v1::SchemePolicy, "offer_policies", "policy");
MESTRING_TABLE(housing::v1::Place, "places", "place", "state");
MESTRING_TABLE(housing::v1::PlaceClosure, "place_closures", "closure");
MESTRING_TABLE(housing::v1::SupportTeam, "support_teams", "support team");
MESTRING_TABLE(housing::v1::CodeList, "code_lists", "code list");
MESTRING_TABLE(housing::v1::NeedRule, "need_rules", "need rule");
MESTRING_TABLE(housing::v1::CaseRules, "case_rules", "case rules");
MESTRING_TABLE(housing::v1::Requisition, "requisitions", "requisition");
MESTRING_TABLE(housing::v1::Decision, "decisions", "decision");
MESTRING_TABLE(housing::v1::Application, "applications", "application");
MESTRING_TABLE(housing::v1::NeedAssessment, "need_assessments", "need assessment");
MESTRING_TABLE(housing::v1::ListEntry, "list_entries", "list entry");
MESTRING_TABLE(housing::v1::Vacancy, "vacancies", "vacancy");
MESTRING_TABLE(housing::v1::PlaceOffer, "place_offers", "place offer");
MESTRING_TABLE(housing::v1::Stay, "stays", "stay");
MESTRING_TABLE(housing::v1::Tenancy, "tenancies", "tenancy");
MESTRING_TABLE(housing::v1::Contact, "contacts", "contact");

namespace housing {

// ---- Clocks: the kinds of timers, each for the id of its subject -----------------------------------

inline constexpr std::string_view kRequisitionDecisionTimer = "requisition_decision";
inline constexpr std::string_view kGrantTimer = "grant_lapse";
inline constexpr std::string_view kApplicationDecisionTimer = "application_decision";
inline constexpr std::string_view kInformationTimer = "information";
inline constexpr std::string_view kApprovalTimer = "approval_expiry";
inline constexpr std::string_view kComplaintTimer = "complaint_period";
inline constexpr std::string_view kPlaceOfferTimer = "place_offer_expiry";
inline constexpr std::string_view kArrivalTimer = "arrival";
inline constexpr std::string_view kMarkTimer = "stay_mark";
inline constexpr std::string_view kOverstayTimer = "overstay";
inline constexpr std::string_view kContactTimer = "contact";
inline constexpr std::string_view kTenancyTimer = "tenancy_end";

// ---- Loads -----------------------------------------------------------------------------------------

// A resource about a person, if the caller may see it. The person's access log shows the attempt.
template <class M>
absl::StatusOr<M> LoadVisible(Tx& tx, Call& call, std::string_view id) {
  ASSIGN(M row, Load<M>(tx, id));
  call.RecordAccess(row.person_ref());
  TRY(MaySee(call.caller, row));
  return row;
}

// The policy of a scheme that is in force on a date, or POLICY_MISSING.
absl::StatusOr<pb::SchemePolicy> PolicyInForce(Tx& tx, std::string_view scheme_id, std::string_view date);
// CASE_RULES_MISSING, NEED_RULE_MISSING if nobody has set them.
absl::StatusOr<pb::CaseRules> CurrentCaseRules(Tx& tx);
absl::StatusOr<pb::NeedRule> CurrentNeedRule(Tx& tx);
// The entry of an application that is on the list or offered a place, if it has one.
absl::StatusOr<std::optional<pb::ListEntry>> LiveEntry(Tx& tx, std::string_view application_id);
// The tenancies of a stay that are not ended.
absl::StatusOr<Tenancies> TenanciesOf(Tx& tx, const pb::Stay& stay);
// UNKNOWN_CODE unless the current version of the list has it.
absl::Status CheckCode(Tx& tx, pb::CodeListKind kind, std::string_view code);

// The codes that every answer to a requisition or an application has.
template <class Request>
absl::Status CheckDecisionCodes(Tx& tx, const Request& request) {
  TRY(CheckCode(tx, pb::CODE_LIST_KIND_DECISION_REASON, request.reason_code()));
  if (!request.alternative_route_code().empty()) {
    TRY(CheckCode(tx, pb::CODE_LIST_KIND_ALTERNATIVE_ROUTE, request.alternative_route_code()));
  }
  if (request.override_reason_code().empty()) return absl::OkStatus();
  return CheckCode(tx, pb::CODE_LIST_KIND_OVERRIDE_REASON, request.override_reason_code());
}

// What the caller may see of a list: the first conditions of its filter.
Filter VisibleTo(const Scope& scope, bool has_organisation);

// ---- What every event of a thing says --------------------------------------------------------------

// Whose it is and who asked for it: the requester and the unit that keeps the responsibility of
// treatment hear of what they may read. [H4] (MaySee)
template <class Event>
Event About(const pb::Requisition& requisition) {
  Event event;
  event.set_requisition_id(requisition.id());
  event.set_person_ref(requisition.person_ref());
  event.set_organisation_id(requisition.organisation_id());
  event.set_responsible_unit(requisition.responsible_unit());
  return event;
}
// The same, and where.
template <class Event>
Event About(const pb::Stay& stay) {
  Event event;
  event.set_stay_id(stay.id());
  event.set_person_ref(stay.person_ref());
  event.set_scheme_id(stay.scheme_id());
  event.set_organisation_id(stay.organisation_id());
  event.set_responsible_unit(stay.responsible_unit());
  if constexpr (requires { event.set_place_id(stay.place_id()); }) event.set_place_id(stay.place_id());
  return event;
}

template <class Event>
Event About(const pb::Application& application) {
  Event event;
  event.set_application_id(application.id());
  event.set_person_ref(application.person_ref());
  return event;
}
template <class Event>
Event About(const pb::ListEntry& entry) {
  Event event;
  event.set_list_entry_id(entry.id());
  event.set_application_id(entry.application_id());
  event.set_person_ref(entry.person_ref());
  return event;
}
template <class Event>
Event About(const pb::PlaceClosure& closure) {
  Event event;
  event.set_closure_id(closure.id());
  event.set_place_id(closure.place_id());
  event.set_scheme_id(closure.scheme_id());
  return event;
}
template <class Event>
Event About(const pb::Vacancy& vacancy) {
  Event event;
  event.set_vacancy_id(vacancy.id());
  event.set_place_id(vacancy.place_id());
  event.set_scheme_id(vacancy.scheme_id());
  return event;
}
template <class Event>
Event About(const pb::PlaceOffer& place_offer) {
  Event event;
  event.set_place_offer_id(place_offer.id());
  event.set_person_ref(place_offer.person_ref());
  event.set_application_id(place_offer.application_id());
  event.set_scheme_id(place_offer.scheme_id());
  return event;
}
template <class Event>
Event About(const pb::Tenancy& tenancy) {
  Event event;
  event.set_tenancy_id(tenancy.id());
  event.set_stay_id(tenancy.stay_id());
  event.set_person_ref(tenancy.person_ref());
  return event;
}
template <class Event>
Event About(const pb::Contact& contact) {
  Event event;
  event.set_contact_id(contact.id());
  event.set_stay_id(contact.stay_id());
  event.set_person_ref(contact.person_ref());
  return event;
}

// ---- Events of more than one use case, for a row that is saved --------------------------------------

absl::Status PublishLapsed(Tx& tx, const pb::Requisition& requisition);
// Also when it is open again, or its first day has changed.
absl::Status PublishOpened(Tx& tx, const pb::Vacancy& vacancy);
// Also when its dates have changed.
absl::Status PublishClosed(Tx& tx, const pb::PlaceClosure& closure);

// ---- What one case does to another -----------------------------------------------------------------

// Saves a new decision, with its complaint term, in the place of an earlier one if there is one.
absl::Status SaveDecision(Tx& tx, std::string_view earlier_id, pb::Decision* decision);
// The closure ends on that date, and is told of.
absl::Status EndClosure(Tx& tx, const std::string& end_date, pb::PlaceClosure* closure);
// The place offer has ended without a stay: its vacancy is open again.
absl::Status ReopenVacancy(Tx& tx, std::string_view vacancy_id);
// An approved and assessed applicant comes on the list.
absl::StatusOr<pb::ListEntry> EnterList(Tx& tx, const pb::Application& application,
                                        const pb::NeedAssessment& assessment);
// The list entry, if there is one, follows a renewed approval; returns its id.
absl::StatusOr<std::string> RenewListEntry(Tx& tx, const pb::Application& application);
// The person is back on the list with the same need, or the term of the approval is over.
absl::Status ReturnToList(Tx& tx, std::string_view application_id);
// The approval was not used within its term.
absl::Status ExpireApplication(Tx& tx, pb::Application* application);
// The list entry of an application leaves the list, if there is one.
absl::Status LeaveList(Tx& tx, std::string_view application_id, pb::ListLeaveReason reason);
// Takes a place offer back: its vacancy is open again. What becomes of the application is the caller's.
absl::Status Revoke(Tx& tx, std::string_view reason_code, pb::PlaceOffer* place_offer);
// Revokes the place offer that an ending application has, if it has one.
absl::Status RevokeOfferOf(Tx& tx, const pb::Application& application);
// A contact at home will not be held.
absl::Status CallOff(Tx& tx, pb::Contact* contact);

}  // namespace housing
}  // namespace mestring
