// The rules of "you said – we did": what becomes of a suggestion and of the actions that it leads to, what figures
// and indicators the council sees, and who is paid a fee.
//
// Pure, as council_rules.h, with the same tags.
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

// `unscreened`: suggestions that wait.
absl::Status MayReceive(const pb::Mandate& mandate, int unscreened);
// Who makes a suggestion of their own is told what became of it, and says whether that was it.
absl::Status MaySuggest(const Caller& caller, std::string_view own_seat_id, const pb::AddSuggestionRequest& request);
pb::Suggestion NewSuggestion(std::string id, const Caller& caller, const pb::AddSuggestionRequest& request,
                             std::string_view today);
// Knows no caller.
pb::Suggestion NewAnonymousSuggestion(std::string id, const pb::SubmitAnonymousSuggestionRequest& request,
                                      std::string_view today);
absl::Status MayScreen(const pb::Suggestion& suggestion, const pb::ScreenSuggestionRequest& request);
void ApplyScreening(const pb::ScreenSuggestionRequest& request, pb::Suggestion* suggestion);
// Whether a suggestion is on no agenda, for the first time or again.
bool AwaitsMeeting(pb::SuggestionState state);
absl::Status MayPutOnAgenda(const pb::Suggestion& suggestion);
// `item`: that took the suggestion up, if one has.
absl::Status MayAnswer(const pb::Suggestion& suggestion, const std::optional<pb::AgendaItem>& item,
                       const pb::AnswerSuggestionRequest& request, int open_actions);
void ApplyAnswer(const pb::AnswerSuggestionRequest& request, std::string_view today, pb::Suggestion* suggestion);
absl::Status MayReportBack(const pb::Suggestion& suggestion, int open_actions);
// `proposer_sits`: who made it holds a seat today.
absl::Status MayAnswerReportBack(const Caller& caller, const pb::Suggestion& suggestion, bool proposer_sits);
absl::Status CheckReportBackAnswer(const pb::Suggestion& suggestion, bool confirmed, std::string_view reason);
void ApplyReportBackAnswer(bool confirmed, std::string_view reason, std::string_view today, pb::Suggestion* suggestion);
// A loop is open until it is closed: the suggestion is confirmed, or was turned away.
bool IsClosedLoop(pb::SuggestionState state);
// Takes out what the caller is not shown.
void ShowTo(const Caller& caller, pb::Suggestion* suggestion);

// ---- Actions ---------------------------------------------------------------------------------------

bool IsOpen(const pb::Action& action);
// `suggestion`: that it is for, or that its item took up, if there is one. `item`: that it is for, or that took the
// suggestion up.
absl::Status MayCreateAction(const pb::Mandate& mandate, const pb::CreateActionRequest& request,
                             const std::optional<pb::AgendaItem>& item, const std::optional<pb::Suggestion>& suggestion,
                             std::string_view today);
absl::Status MayUpdateAction(const pb::Action& action, const pb::UpdateActionRequest& request, std::string_view today);
// What the owner said. False if it changes nothing.
bool ApplyProgress(common::v1::AssignedActionState state, std::string_view today, pb::Action* action);
// Where its actions have brought a suggestion: IN_PROGRESS or DONE, or where it was. Never further. `actions`: of all
// its rounds.
pb::SuggestionState StateAfterProgress(const pb::Suggestion& suggestion, absl::Span<const pb::Action> actions);

// ---- Figures, indicators, fees ---------------------------------------------------------------------

// What was missed in a month counts as one set of figures, made so many days after its end. An owner that was
// down tells late: a week outlasts a weekend and a repair, and the next meeting is farther away than that.
inline constexpr int kMonthGraceDays = 7;
// The first day of a date's month, which names the month.
std::string MonthOf(std::string_view date);
// The last day of a month, and the last of the days of grace after it.
std::string LastDayOf(std::string_view month);
std::string MonthClosesOn(std::string_view month);
// The source_id of the missed deadlines of a month: a UUID, the same each time.
std::string MissedDeadlinesId(std::string_view month);
// `counts`: by the name of the kind.
pb::FigureSet MissedDeadlineFigures(std::string_view source, std::string_view month,
                                    absl::Span<const std::pair<std::string, int64_t>> counts);
// The threshold while there is no mandate to name one: that of Sandnes, and of every service's contract.
inline constexpr int kCellMin = 5;
int CellMin(const std::optional<pb::Mandate>& mandate);
// Suppresses what counts fewer than `cell_min`, whatever its publisher let through, and what is told of so few.
void Suppress(int cell_min, pb::FigureSet* set);
absl::Status MayRecordIndicator(const std::optional<pb::Indicator>& known, const pb::RecordIndicatorRequest& request);
void ApplyIndicator(const pb::RecordIndicatorRequest& request, pb::Indicator* indicator);
// `seat`: on which the person was entitled at that meeting, if they were. `claimed`: they have a claim for it.
absl::Status MayClaimFee(std::string_view person_ref, const pb::Meeting& meeting,
                         const std::optional<pb::VotingSeat>& seat, const pb::Mandate& mandate,
                         const pb::SubmitFeeClaimRequest& request, bool claimed);
absl::Status MayDecideFeeClaim(const pb::FeeClaim& claim, const pb::DecideFeeClaimRequest& request);
// Takes out what the caller is not shown.
void ShowTo(const Caller& caller, pb::FeeClaim* claim);

}  // namespace mestring::council
