// The rules of housing from the application to the place offer: who may apply, how an application is decided, how need
// ranks the list, and who may be offered a vacancy. They use housing_rules.h.
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

// Submitted, and neither housed nor ended.
bool IsLive(pb::ApplicationState state);
// Not decided yet.
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
// Whether the last day of the approval has passed.
bool IsExpired(const pb::Application& application, std::string_view today);
// Puts an application back on the list after its place offer or reservation has ended.
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
// Ranks an entry by an assessment; its lot stays.
void ApplyAssessment(const pb::NeedAssessment& assessment, pb::ListEntry* entry);
bool Suits(const pb::ListEntry& entry, pb::SchemeKind kind);

// ---- Vacancies and place offers --------------------------------------------------------------------

// `has_vacancy`: another vacancy keeps the place for the list.
absl::Status MayOpenVacancy(const pb::SchemePolicy& policy, const pb::Place& place, std::string_view from_date,
                            bool has_vacancy, std::string_view today);
// Whether the vacancy keeps its place for the list: it is open or offered.
bool KeepsPlace(pb::VacancyState state);
absl::Status MayClose(const pb::Vacancy& vacancy);
absl::Status MayOffer(const pb::Vacancy& vacancy, const pb::Application& application, const pb::ListEntry& entry,
                      std::string_view today);
// `before`: the first entry that suits the vacancy and has a more pressing need; null if there is none.
absl::Status MayPassOver(const pb::ListEntry* before, std::string_view passed_over_reason_code);
pb::PlaceOffer NewPlaceOffer(std::string id, const pb::Vacancy& vacancy, const pb::Application& application,
                             const pb::ListEntry& entry, const pb::SchemePolicy& policy, std::string_view today);
absl::Status MayAnswer(const pb::PlaceOffer& place_offer, std::string_view today);
// Pending or accepted: not declined, expired or revoked.
bool Stands(pb::PlaceOfferState state);
absl::Status MayRevoke(const pb::PlaceOffer& place_offer);
// Moves the first day of the offer to `from_date`, if it is later. True if that changes it.
bool ApplyPostponement(std::string_view from_date, pb::PlaceOffer* place_offer);

}  // namespace mestring::housing
