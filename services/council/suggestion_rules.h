// The rules of "you said – we did": suggestions and their actions, figures and indicators, and fees.
//
// The functions are pure; the tags are those of council_rules.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/rpc/token.h"
#include "mestring/common/v1/assigned_actions.pb.h"
#include "mestring/council/v1/council.pb.h"
#include "services/council/council_rules.h"

namespace mestring::council {

// ---- You said – we did -----------------------------------------------------------------------------

// `unscreened`: how many suggestions wait for screening.
absl::Status MayReceive(const pb::Mandate& mandate, int unscreened);
// Whether the caller may make this suggestion: their own, or one that they write down for somebody (assisted).
absl::Status MaySuggest(const Caller& caller, std::string_view own_seat_id, const pb::AddSuggestionRequest& request);
pb::Suggestion NewSuggestion(std::string id, const Caller& caller, const pb::AddSuggestionRequest& request,
                             std::string_view today);
// Takes no caller, so that nothing of one can be stored.
pb::Suggestion NewAnonymousSuggestion(std::string id, const pb::SubmitAnonymousSuggestionRequest& request,
                                      std::string_view today);
absl::Status MayScreen(const pb::Suggestion& suggestion, const pb::ScreenSuggestionRequest& request);
void ApplyScreening(const pb::ScreenSuggestionRequest& request, pb::Suggestion* suggestion);
// Whether a suggestion waits for a meeting, for the first time or again.
bool AwaitsMeeting(pb::SuggestionState state);
absl::Status MayPutOnAgenda(const pb::Suggestion& suggestion);
// `item`: the item that took the suggestion up, if there is one.
absl::Status MayAnswer(const pb::Suggestion& suggestion, const std::optional<pb::AgendaItem>& item,
                       const pb::AnswerSuggestionRequest& request, int open_actions);
void ApplyAnswer(const pb::AnswerSuggestionRequest& request, std::string_view today, pb::Suggestion* suggestion);
absl::Status MayReportBack(const pb::Suggestion& suggestion, int open_actions);
// `proposer_sits`: the person who made it holds a seat today.
absl::Status MayAnswerReportBack(const Caller& caller, const pb::Suggestion& suggestion, bool proposer_sits);
absl::Status CheckReportBackAnswer(const pb::Suggestion& suggestion, bool confirmed, std::string_view reason);
void ApplyReportBackAnswer(bool confirmed, std::string_view reason, std::string_view today, pb::Suggestion* suggestion);
// Whether the suggestion needs nothing more: it was confirmed or turned away.
bool IsClosedLoop(pb::SuggestionState state);
// Removes what the caller may not see.
void ShowTo(const Caller& caller, pb::Suggestion* suggestion);

// ---- Actions ---------------------------------------------------------------------------------------

bool IsOpen(const pb::Action& action);
// `suggestion`: the one that the action is for, or that its item took up. `item`: the one that the action is for, or
// that took the suggestion up.
absl::Status MayCreateAction(const pb::Mandate& mandate, const pb::CreateActionRequest& request,
                             const std::optional<pb::AgendaItem>& item, const std::optional<pb::Suggestion>& suggestion,
                             std::string_view today);
absl::Status MayUpdateAction(const pb::Action& action, const pb::UpdateActionRequest& request, std::string_view today);
// Applies what the owner of the action reported. False if that changes nothing.
bool ApplyProgress(common::v1::AssignedActionState state, std::string_view today, pb::Action* action);
// The state of a suggestion that follows from its actions of all rounds: IN_PROGRESS, DONE, or unchanged.
pb::SuggestionState StateAfterProgress(const pb::Suggestion& suggestion, absl::Span<const pb::Action> actions);

// ---- Figures, indicators, fees ---------------------------------------------------------------------

// How many days after its end the missed deadlines of a month become figures. An owner that was down publishes late: a
// week is longer than a weekend and a repair, and shorter than the time to the next meeting.
inline constexpr int kMonthGraceDays = 7;
// The first day of the month of a date; it names the month.
std::string MonthOf(std::string_view date);
// The last day of a month, and the day after which its figures are made.
std::string LastDayOf(std::string_view month);
std::string MonthClosesOn(std::string_view month);
// The source_id of the missed deadlines of a month: a UUID, always the same for the same month.
std::string MissedDeadlinesId(std::string_view month);
// `counts`: the missed deadlines by the name of their kind.
pb::FigureSet MissedDeadlineFigures(std::string_view source, std::string_view month,
                                    absl::Span<const std::pair<std::string, int64_t>> counts);
// The threshold where no mandate is set: that of Sandnes.
inline constexpr int kCellMin = 5;
int CellMin(const std::optional<pb::Mandate>& mandate);
// Suppresses counts below `cell_min`, whatever the publisher let through, and the averages that rest on them.
void Suppress(int cell_min, pb::FigureSet* set);
absl::Status MayRecordIndicator(const std::optional<pb::Indicator>& known, const pb::RecordIndicatorRequest& request);
void ApplyIndicator(const pb::RecordIndicatorRequest& request, pb::Indicator* indicator);
// `seat`: the seat of the meeting that the person held, if any. `claimed`: they have a claim for it already.
absl::Status MayClaimFee(std::string_view person_ref, const pb::Meeting& meeting,
                         const std::optional<pb::VotingSeat>& seat, const pb::Mandate& mandate,
                         const pb::SubmitFeeClaimRequest& request, bool claimed);
absl::Status MayDecideFeeClaim(const pb::FeeClaim& claim, const pb::DecideFeeClaimRequest& request);
// Removes what the caller may not see.
void ShowTo(const Caller& caller, pb::FeeClaim* claim);

}  // namespace mestring::council
