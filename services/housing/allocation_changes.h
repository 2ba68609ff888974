// Changes that several RPCs and timers make on the way to a place: decisions, the list, vacancies, place offers,
// closures. Each function saves the change and publishes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "mestring/housing/v1/housing.pb.h"
#include "services/housing/housing_rules.h"

namespace mestring::housing {

// The kinds of timers, each for the id of its subject.
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

// Saves a new decision and schedules its complaint term; supersedes the decision `earlier_id`, if there is one.
// Publishes nothing.
absl::Status SaveDecision(Tx& tx, std::string_view earlier_id, pb::Decision* decision);
// Ends a closure on that date.
absl::Status EndClosure(Tx& tx, const std::string& end_date, pb::PlaceClosure* closure);
// Opens the vacancy of a place offer that ended without a stay.
absl::Status ReopenVacancy(Tx& tx, std::string_view vacancy_id);
// Puts an approved and assessed application on the list.
absl::StatusOr<pb::ListEntry> EnterList(Tx& tx, const pb::Application& application,
                                        const pb::NeedAssessment& assessment);
// Copies a renewed approval to the list entry, if there is one; returns its id or "". Publishes nothing: the caller's
// event names it.
absl::StatusOr<std::string> RenewListEntry(Tx& tx, const pb::Application& application);
// Puts the person back on the list with the same need, or, if the approval has expired, ends the application.
absl::Status ReturnToList(Tx& tx, std::string_view application_id);
// Ends an application whose approval was not used in time.
absl::Status ExpireApplication(Tx& tx, pb::Application* application);
// Takes the list entry of an application, if there is one, off the list.
absl::Status LeaveList(Tx& tx, std::string_view application_id, pb::ListLeaveReason reason);
// Revokes a place offer and opens its vacancy. The caller decides about the application.
absl::Status Revoke(Tx& tx, std::string_view reason_code, pb::PlaceOffer* place_offer);
// Revokes the place offer of an application that ends, if it has one.
absl::Status RevokeOfferOf(Tx& tx, const pb::Application& application);
// Cancels a contact at home.
absl::Status CallOff(Tx& tx, pb::Contact* contact);

// Publish an event about a row that the caller has saved.
absl::Status PublishLapsed(Tx& tx, const pb::Requisition& requisition);
// Also publishes that a vacancy is open again, or has another first day.
absl::Status PublishOpened(Tx& tx, const pb::Vacancy& vacancy);
// Also publishes that the dates of a closure have changed.
absl::Status PublishClosed(Tx& tx, const pb::PlaceClosure& closure);

}  // namespace mestring::housing
