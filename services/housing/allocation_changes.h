// What one case does to another on the way to a place: a decision, the list, a vacancy, a place offer, a closure. Each
// change is saved and published.
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

// Events of more than one use case, for a row that is saved.
absl::Status PublishLapsed(Tx& tx, const pb::Requisition& requisition);
// Also when it is open again, or its first day has changed.
absl::Status PublishOpened(Tx& tx, const pb::Vacancy& vacancy);
// Also when its dates have changed.
absl::Status PublishClosed(Tx& tx, const pb::PlaceClosure& closure);

}  // namespace mestring::housing
