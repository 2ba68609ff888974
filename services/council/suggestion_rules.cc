#include "services/council/suggestion_rules.h"

// The rules of "you said – we did": what becomes of a suggestion, of the actions it leads to, of the figures
// that lie before the council, and of the fees of those who sit in it.
//
// A suggestion is a loop that only people close: its answer is a person's, its progress is what the owners of
// its actions say, and neither ends it. The end is the report back and the word of the one who is told (C10).
// A state "closed" that the work itself could reach was rejected: it is how feedback gets lost.

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/dates.h"
#include "common/base/digest.h"
#include "common/base/errors.h"
#include "services/council/agenda_rules.h"
#include "services/council/attendance_rules.h"
#include "services/shared/figures.h"

namespace mestring::council {

// ---- You said – we did -----------------------------------------------------------------------------

// The box is open to everybody, so what waits in it is bounded.
absl::Status MayReceive(const pb::Mandate& mandate, int unscreened) {
  if (unscreened < mandate.box_max()) return absl::OkStatus();
  return Refused("BOX_FULL", "too many suggestions wait to be looked at; try again later");
}

// [C10] Only who may answer the report back closes the loop of their own suggestion: a member, or who keeps the
// council. Who is no member any more has the box, like everybody.
absl::Status MaySuggest(const Caller& caller, std::string_view own_seat_id, const pb::AddSuggestionRequest& request) {
  if (!request.assisted() && (!HasAVoice(caller, own_seat_id) || caller.person_ref.empty())) {
    return Forbidden("a suggestion of one's own is a member's; write it down for somebody, or use the box");
  }
  if (!request.receipt_code().empty() && !request.assisted()) {
    return InvalidArgument("receipt_code", "must be empty unless the suggestion was written down for somebody else");
  }
  return absl::OkStatus();
}

pb::Suggestion NewSuggestion(std::string id, const Caller& caller, const pb::AddSuggestionRequest& request,
                             std::string_view today) {
  pb::Suggestion suggestion;
  suggestion.set_id(std::move(id));
  suggestion.set_state(pb::SUGGESTION_STATE_RECEIVED);
  suggestion.set_origin(request.assisted() ? pb::SUGGESTION_ORIGIN_ASSISTED : pb::SUGGESTION_ORIGIN_MEMBER);
  suggestion.set_text(request.text());
  // Of who said it, if it was written down for somebody, nothing is kept.
  if (!request.assisted()) suggestion.set_proposer_ref(caller.person_ref);
  suggestion.set_receive_date(std::string(today));
  return suggestion;
}

// [C12] No author, no address, no device.
pb::Suggestion NewAnonymousSuggestion(std::string id, const pb::SubmitAnonymousSuggestionRequest& request,
                                      std::string_view today) {
  pb::Suggestion suggestion;
  suggestion.set_id(std::move(id));
  suggestion.set_state(pb::SUGGESTION_STATE_RECEIVED);
  suggestion.set_origin(pb::SUGGESTION_ORIGIN_ANONYMOUS);
  suggestion.set_text(request.text());
  suggestion.set_receive_date(std::string(today));
  return suggestion;
}

// [C9] No individual case (Hadsel, Helse Førde): what programs can see is refused before; the rest a person sees.
absl::Status MayScreen(const pb::Suggestion& suggestion, const pb::ScreenSuggestionRequest& request) {
  if (suggestion.state() != pb::SUGGESTION_STATE_RECEIVED || suggestion.screening() != pb::SCREENING_UNSPECIFIED) {
    return WrongState(suggestion.state(), "it was screened already");
  }
  if ((request.screening() == pb::SCREENING_SHORTENED) == request.text().empty()) {
    return InvalidArgument("text", "says what is left of a shortened suggestion, and only of that");
  }
  if (request.screening() == pb::SCREENING_TURNED_AWAY && request.reason().empty()) {
    return Refused("REASON_REQUIRED", "say where to turn instead");
  }
  return absl::OkStatus();
}

void ApplyScreening(const pb::ScreenSuggestionRequest& request, pb::Suggestion* suggestion) {
  suggestion->set_screening(request.screening());
  if (request.screening() == pb::SCREENING_SHORTENED) suggestion->set_text(request.text());
  if (request.screening() == pb::SCREENING_TURNED_AWAY) {
    suggestion->set_state(pb::SUGGESTION_STATE_TURNED_AWAY);
    suggestion->clear_text();
    suggestion->set_answer_reason(request.reason());
  }
}

bool AwaitsMeeting(pb::SuggestionState state) {
  return state == pb::SUGGESTION_STATE_RECEIVED || state == pb::SUGGESTION_STATE_REOPENED;
}

absl::Status MayPutOnAgenda(const pb::Suggestion& suggestion) {
  if (!AwaitsMeeting(suggestion.state())) return WrongState(suggestion.state(), "it has been taken up already");
  if (suggestion.screening() == pb::SCREENING_UNSPECIFIED) {
    return Refused("NOT_SCREENED", "screen the suggestion first");
  }
  return absl::OkStatus();
}

// [C8] The council advises; the municipality answers. [C10] A "no" needs a reason, and so does a "partly".
absl::Status MayAnswer(const pb::Suggestion& suggestion, const std::optional<pb::AgendaItem>& item,
                       const pb::AnswerSuggestionRequest& request, int open_actions) {
  // Again, as long as nothing was begun: what was promised may turn out differently.
  if (!item ||
      (suggestion.state() != pb::SUGGESTION_STATE_ON_AGENDA && suggestion.state() != pb::SUGGESTION_STATE_ANSWERED)) {
    return WrongState(suggestion.state(), "what was put on the agenda is answered");
  }
  if (item->state() != pb::AGENDA_ITEM_STATE_ADVISED) {
    return Refused("ITEM_NOT_ADVISED", "the council has not advised on it yet");
  }
  if (request.answer() != pb::ANSWER_YES && request.reason().empty()) {
    return Refused("REASON_REQUIRED", "say why not, or why not all of it");
  }
  if (request.answer() == pb::ANSWER_NO && open_actions > 0) {
    return Refused("ACTIONS_OPEN", "actions were given out for it", {{"count", absl::StrCat(open_actions)}});
  }
  return absl::OkStatus();
}

void ApplyAnswer(const pb::AnswerSuggestionRequest& request, std::string_view today, pb::Suggestion* suggestion) {
  suggestion->set_state(pb::SUGGESTION_STATE_ANSWERED);
  suggestion->set_answer(request.answer());
  suggestion->set_answer_reason(request.reason());
  suggestion->set_answer_date(std::string(today));
}

// [C10] The report back closes the loop; nothing else does, and it does not come before the work is done.
absl::Status MayReportBack(const pb::Suggestion& suggestion, int open_actions) {
  if (suggestion.state() != pb::SUGGESTION_STATE_ANSWERED && suggestion.state() != pb::SUGGESTION_STATE_IN_PROGRESS &&
      suggestion.state() != pb::SUGGESTION_STATE_DONE) {
    return WrongState(suggestion.state(), "what was answered is reported back");
  }
  if (open_actions > 0) {
    return Refused("ACTIONS_OPEN", "an action is not done yet", {{"count", absl::StrCat(open_actions)}});
  }
  return absl::OkStatus();
}

// [C10] "ReportBack to proposer or, if anonymous, to the council": of a proposer who left, too, it is the council that
// is told and answers. Else nobody could, and the loop would be told as stale for ever.
absl::Status MayAnswerReportBack(const Caller& caller, const pb::Suggestion& suggestion, bool proposer_sits) {
  if (caller.IsSelf(suggestion.proposer_ref())) return absl::OkStatus();
  if (suggestion.origin() == pb::SUGGESTION_ORIGIN_MEMBER && proposer_sits) {
    return Forbidden("who made the suggestion says whether that was it");
  }
  return KeepsCouncil(caller) ? absl::OkStatus() : Forbidden("the secretary answers for the council");
}

absl::Status CheckReportBackAnswer(const pb::Suggestion& suggestion, bool confirmed, std::string_view reason) {
  if (suggestion.state() != pb::SUGGESTION_STATE_REPORTED_BACK) {
    return WrongState(suggestion.state(), "nothing was reported back yet, or it was answered already");
  }
  if (!confirmed && reason.empty()) return Refused("REASON_REQUIRED", "say what is missing");
  return absl::OkStatus();
}

void ApplyReportBackAnswer(bool confirmed, std::string_view reason, std::string_view today,
                           pb::Suggestion* suggestion) {
  if (confirmed) {
    suggestion->set_state(pb::SUGGESTION_STATE_CONFIRMED);
    suggestion->set_confirm_date(std::string(today));
  } else {
    suggestion->set_state(pb::SUGGESTION_STATE_REOPENED);
    suggestion->set_reopen_reason(std::string(reason));
    suggestion->set_times_reopened(suggestion->times_reopened() + 1);
  }
}

bool IsClosedLoop(pb::SuggestionState state) {
  return state == pb::SUGGESTION_STATE_CONFIRMED || state == pb::SUGGESTION_STATE_TURNED_AWAY;
}

// [C9] "Staff may screen free text": what they take out or turn away is an individual case, which the council does not
// deal with. So until they have looked, its members and the services that hear it do not read the words; who said
// them may, also by the receipt code.
void ShowTo(const Caller& caller, pb::Suggestion* suggestion) {
  if (suggestion->screening() != pb::SCREENING_UNSPECIFIED) return;
  const bool screens = KeepsCouncil(caller) || caller.Is(access::v1::ROLE_STAFF);
  if (!screens && !caller.IsSelf(suggestion->proposer_ref())) suggestion->clear_text();
}

// ---- Actions ---------------------------------------------------------------------------------------

bool IsOpen(const pb::Action& action) {
  return action.state() == pb::ACTION_STATE_ASSIGNED || action.state() == pb::ACTION_STATE_IN_PROGRESS;
}

absl::Status MayCreateAction(const pb::Mandate& mandate, const pb::CreateActionRequest& request,
                             const std::optional<pb::AgendaItem>& item, const std::optional<pb::Suggestion>& suggestion,
                             std::string_view today) {
  if (!item || item->state() != pb::AGENDA_ITEM_STATE_ADVISED) {
    return Refused("ITEM_NOT_ADVISED", "the council has not advised on it yet");
  }
  if (suggestion) {
    if (suggestion->state() != pb::SUGGESTION_STATE_ANSWERED &&
        suggestion->state() != pb::SUGGESTION_STATE_IN_PROGRESS &&
        suggestion->state() != pb::SUGGESTION_STATE_REOPENED) {
      return WrongState(suggestion->state(), "what was answered, and is not reported back, has actions");
    }
    if (suggestion->answer() == pb::ANSWER_NO)
      return Refused("NOT_AGREED", "the suggestion was answered with no: give no action out for it");
  }
  const auto& owners = mandate.action_owners();
  if (std::find(owners.begin(), owners.end(), request.owner_service()) == owners.end()) {
    return Refused("UNKNOWN_OWNER", "the mandate knows no such owner of actions");
  }
  if (request.due_date() < today) return Refused("DATE_OUT_OF_ORDER", "due_date must be today or later");
  return CheckPlannable("due_date", request.due_date(), today);
}

absl::Status MayUpdateAction(const pb::Action& action, const pb::UpdateActionRequest& request, std::string_view today) {
  if (!IsOpen(action)) return WrongState(action.state(), "the action is done or cancelled");
  if (request.due_date().empty()) return absl::OkStatus();
  if (request.due_date() < today) return Refused("DATE_OUT_OF_ORDER", "due_date must be today or later");
  return CheckPlannable("due_date", request.due_date(), today);
}

bool ApplyProgress(common::v1::AssignedActionState state, std::string_view today, pb::Action* action) {
  if (!IsOpen(*action)) return false;
  if (state == common::v1::ASSIGNED_ACTION_STATE_DONE) {
    action->set_state(pb::ACTION_STATE_DONE);
    action->set_done_date(std::string(today));
    action->set_overdue(false);
    return true;
  }
  if (state != common::v1::ASSIGNED_ACTION_STATE_IN_PROGRESS || action->state() == pb::ACTION_STATE_IN_PROGRESS) {
    return false;
  }
  action->set_state(pb::ACTION_STATE_IN_PROGRESS);
  return true;
}

// [C10] Progress by its owners moves a suggestion to IN_PROGRESS and DONE, never to REPORTED_BACK: that is for
// people to say. What was done in an earlier round was reported back, and found wanting: it moves nothing any more.
pb::SuggestionState StateAfterProgress(const pb::Suggestion& suggestion, absl::Span<const pb::Action> actions) {
  if (suggestion.state() != pb::SUGGESTION_STATE_ANSWERED && suggestion.state() != pb::SUGGESTION_STATE_IN_PROGRESS &&
      suggestion.state() != pb::SUGGESTION_STATE_REOPENED) {
    return suggestion.state();
  }
  bool any_begun = false, any_done = false, any_open = false;
  for (const pb::Action& action : actions) {
    if (action.round() != suggestion.times_reopened()) continue;
    any_open = any_open || IsOpen(action);
    any_done = any_done || action.state() == pb::ACTION_STATE_DONE;
    any_begun = any_begun || action.state() == pb::ACTION_STATE_IN_PROGRESS;
  }
  if (any_done && !any_open) return pb::SUGGESTION_STATE_DONE;
  return any_begun || any_done ? pb::SUGGESTION_STATE_IN_PROGRESS : suggestion.state();
}

// ---- Figures, indicators, fees ---------------------------------------------------------------------

std::string MonthOf(std::string_view date) { return absl::StrCat(date.substr(0, 7), "-01"); }

std::string LastDayOf(std::string_view month) { return PlusDays(PlusMonths(month, 1), -1); }

std::string MonthClosesOn(std::string_view month) { return PlusDays(LastDayOf(month), kMonthGraceDays); }

// A UUID of one's own making (RFC 9562, version 8), so that it can be no id that a service gave to anything.
std::string MissedDeadlinesId(std::string_view month) {
  std::string hex = Sha256Hex(absl::StrCat("deadlines_missed ", month)).substr(0, 32);
  hex[12] = '8';
  hex[16] = '8';
  return absl::StrJoin({hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20)}, "-");
}

// [C9] Counts of a month, and no case behind them: what counts too few is suppressed like every other figure.
pb::FigureSet MissedDeadlineFigures(std::string_view source, std::string_view month,
                                    absl::Span<const std::pair<std::string, int64_t>> counts) {
  pb::FigureSet set;
  set.set_source(std::string(source));
  set.set_source_id(MissedDeadlinesId(month));
  set.set_from_date(std::string(month));
  set.set_to_date(LastDayOf(month));
  for (const auto& [kind, missed] : counts) {
    *set.add_figures() = MakeFigure(absl::StrCat("deadlines_missed.", kind), missed);
  }
  return set;
}

int CellMin(const std::optional<pb::Mandate>& mandate) { return mandate ? mandate->cell_min() : kCellMin; }

namespace {

// "USER" of "USER_MEAN_CENTI", whose number of people is "USER_ANSWERS" (peer_support.EvaluationClosed).
constexpr std::string_view kMean = "_MEAN_CENTI", kAnswers = "_ANSWERS";

// What a few people think on the average says as much of them as their number does.
void SuppressMeansOfFew(pb::FigureSet* set) {
  std::set<std::string> enough;
  for (const common::v1::Figure& figure : set->figures()) {
    if (!figure.suppressed()) enough.insert(figure.code());
  }
  for (common::v1::Figure& figure : *set->mutable_figures()) {
    const std::string code = figure.code();
    if (!code.ends_with(kMean)) continue;
    const std::string group = code.substr(0, code.size() - kMean.size());
    if (!enough.contains(absl::StrCat(group, kAnswers))) figure = MakeFigure(code, SuppressedCount());
  }
}

}  // namespace

// [X4] Small numbers: "waiting_by_kind.X" and "waiting_by_kind.Y" are parts of one whole, "VISITS" stands alone.
void Suppress(int cell_min, pb::FigureSet* set) {
  std::map<std::string, std::vector<common::v1::Figure*>> wholes;
  for (common::v1::Figure& figure : *set->mutable_figures()) {
    wholes[figure.code().substr(0, figure.code().find('.'))].push_back(&figure);
  }
  for (const auto& [name, figures] : wholes) {
    std::vector<SuppressedCount> parts;
    for (const common::v1::Figure* figure : figures) {
      parts.push_back(figure->suppressed() ? SuppressedCount() : SuppressedCount(figure->value()));
    }
    HideSmallParts(cell_min, &parts);
    for (size_t i = 0; i < parts.size(); ++i) *figures[i] = MakeFigure(figures[i]->code(), parts[i]);
  }
  SuppressMeansOfFew(set);
}

absl::Status MayRecordIndicator(const std::optional<pb::Indicator>& known, const pb::RecordIndicatorRequest& request) {
  if (request.phase() == pb::PHASE_BEFORE) {
    if (request.name().empty()) return InvalidArgument("name", "must say what is measured");
    return known ? AlreadyExists("measure from before") : absl::OkStatus();
  }
  if (!known) return Refused("NO_INDICATOR_BEFORE", "there is nothing from before to compare with");
  if (!known->after_date().empty()) return AlreadyExists("measure from after");
  if (request.measure_date() <= known->before_date()) {
    return Refused("DATE_OUT_OF_ORDER", "the measure after the change must be of a later day than the one before it");
  }
  return absl::OkStatus();
}

void ApplyIndicator(const pb::RecordIndicatorRequest& request, pb::Indicator* indicator) {
  if (request.phase() == pb::PHASE_BEFORE) {
    indicator->set_suggestion_id(request.suggestion_id());
    indicator->set_code(request.code());
    indicator->set_name(request.name());
    indicator->set_before_value(request.value());
    indicator->set_before_date(request.measure_date());
  } else {
    indicator->set_after_value(request.value());
    indicator->set_after_date(request.measure_date());
  }
}

// [B7] Expenses, and usually a fee, for those who are not paid to be there (helsebiblioteket.no), once a meeting.
absl::Status MayClaimFee(std::string_view person_ref, const pb::Meeting& meeting,
                         const std::optional<pb::VotingSeat>& seat, const pb::Mandate& mandate,
                         const pb::SubmitFeeClaimRequest& request, bool claimed) {
  if (!WasHeld(meeting.state())) {
    return WrongState(meeting.state(), "fees are for meetings that were held");
  }
  const bool as_principal = seat && seat->principal_ref() == person_ref;
  const pb::Presence presence = !seat          ? pb::PRESENCE_ABSENT
                                : as_principal ? seat->principal_presence()
                                               : seat->deputy_presence();
  if (!WasThere(presence)) return Refused("NOT_PRESENT", "fees are for those who were there");
  if (as_principal ? seat->principal_employed() : seat->deputy_employed()) {
    return Refused("EMPLOYED", "who is paid to be there gets no fee");
  }
  if (request.expense_ore() > mandate.expense_max_ore()) {
    return Refused("EXPENSE_TOO_HIGH", "more than the mandate repays",
                   {{"max_ore", absl::StrCat(mandate.expense_max_ore())}});
  }
  return claimed ? AlreadyExists("fee claim") : absl::OkStatus();
}

absl::Status MayDecideFeeClaim(const pb::FeeClaim& claim, const pb::DecideFeeClaimRequest& request) {
  if (claim.state() != pb::FEE_CLAIM_STATE_SUBMITTED) return WrongState(claim.state(), "the claim was decided");
  if (!request.approved() && request.reason().empty()) return Refused("REASON_REQUIRED", "say why not");
  return absl::OkStatus();
}

// A service gets back what the events of the claim told it: whose it is, of which meeting, and its state. What
// somebody is paid, and what for, is between them and those who keep the council.
void ShowTo(const Caller& caller, pb::FeeClaim* claim) {
  if (KeepsCouncil(caller) || !IsSubscriber(caller)) return;
  pb::FeeClaim told;
  told.set_id(claim->id());
  told.set_version(claim->version());
  *told.mutable_create_time() = claim->create_time();
  *told.mutable_update_time() = claim->update_time();
  told.set_state(claim->state());
  told.set_meeting_id(claim->meeting_id());
  told.set_person_ref(claim->person_ref());
  *claim = std::move(told);
}

}  // namespace mestring::council
