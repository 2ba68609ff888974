// The rules of housing from the application to the place offer: who may apply and is decided on, how need ranks the
// list, and to whom a vacancy is offered. What they rest on is housing_rules.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mestring/housing/v1/housing.pb.h"
#include "services/housing/housing_rules.h"

namespace mestring::housing {

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

}  // namespace mestring::housing
