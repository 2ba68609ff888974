#include "services/council/suggestion_rules.h"

// The rules of "you said – we did": suggestions, actions, figures and indicators, and fees.
//
// Only people close the loop of a suggestion: a person answers it, the owners of its actions report progress, and
// neither ends it. It ends with the report back and the answer of the person who gets it (C10). A state "closed" that
// the work itself could reach was rejected: that is how feedback gets lost.

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

// Everybody may use the box, so the number of suggestions that wait in it has a limit.
absl::Status MayReceive(const pb::Mandate& mandate, int unscreened) {
  if (unscreened < mandate.box_max()) return absl::OkStatus();
  return Refused("BOX_FULL", "too many suggestions wait to be looked at; try again later");
}

// [C10] A suggestion in one's own name needs a person who can answer its report back: a member with a seat, or somebody
// who keeps the council. A former member uses the box, like everybody.
absl::Status MaySuggest(const Caller& caller, std::string_view own_seat_id, const pb::AddSuggestionRequest& request) {
  if (!request.assisted() && (!HasAVoice(caller, own_seat_id) || caller.person_ref.empty())) {
    return Forbidden(
        "only a member with a seat, the secretary or the unit leader may suggest in their own name; set assisted, or "
        "use the box");
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
  // A suggestion that was written down for somebody stores no proposer.
  if (!request.assisted()) suggestion.set_proposer_ref(caller.person_ref);
  suggestion.set_receive_date(std::string(today));
  return suggestion;
}

// [C12] It stores no author, no address and no device.
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

// [C9] No individual case (Hadsel, Helse Førde): the programs refuse what they can recognise; a person screens the
// rest.
absl::Status MayScreen(const pb::Suggestion& suggestion, const pb::ScreenSuggestionRequest& request) {
  if (suggestion.state() != pb::SUGGESTION_STATE_RECEIVED || suggestion.screening() != pb::SCREENING_UNSPECIFIED) {
    return WrongState(suggestion.state(), "the suggestion was screened already");
  }
  if ((request.screening() == pb::SCREENING_SHORTENED) == request.text().empty()) {
    return InvalidArgument("text",
                           "must hold the shortened text if screening is SHORTENED, and must be empty otherwise");
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
  if (!AwaitsMeeting(suggestion.state()))
    return WrongState(suggestion.state(), "only a suggestion that waits for a meeting can be put on an agenda");
  if (suggestion.screening() == pb::SCREENING_UNSPECIFIED) {
    return Refused("NOT_SCREENED", "screen the suggestion first");
  }
  return absl::OkStatus();
}

// [C8] The council advises; the municipality answers. [C10] "No" and "partly" need a reason.
absl::Status MayAnswer(const pb::Suggestion& suggestion, const std::optional<pb::AgendaItem>& item,
                       const pb::AnswerSuggestionRequest& request, int open_actions) {
  // An answer may change as long as no action has begun.
  if (!item ||
      (suggestion.state() != pb::SUGGESTION_STATE_ON_AGENDA && suggestion.state() != pb::SUGGESTION_STATE_ANSWERED)) {
    return WrongState(suggestion.state(),
                      "only a suggestion that is on an agenda, or was answered and not begun, can be answered");
  }
  if (item->state() != pb::AGENDA_ITEM_STATE_ADVISED) {
    return Refused("ITEM_NOT_ADVISED", "record the council's advice on the item first");
  }
  if (request.answer() != pb::ANSWER_YES && request.reason().empty()) {
    return Refused("REASON_REQUIRED", "say why not, or why not all of it");
  }
  if (request.answer() == pb::ANSWER_NO && open_actions > 0) {
    return Refused("ACTIONS_OPEN", "cancel the open actions before you answer no",
                   {{"count", absl::StrCat(open_actions)}});
  }
  return absl::OkStatus();
}

void ApplyAnswer(const pb::AnswerSuggestionRequest& request, std::string_view today, pb::Suggestion* suggestion) {
  suggestion->set_state(pb::SUGGESTION_STATE_ANSWERED);
  suggestion->set_answer(request.answer());
  suggestion->set_answer_reason(request.reason());
  suggestion->set_answer_date(std::string(today));
}

// [C10] The report back comes when no action is open.
absl::Status MayReportBack(const pb::Suggestion& suggestion, int open_actions) {
  if (suggestion.state() != pb::SUGGESTION_STATE_ANSWERED && suggestion.state() != pb::SUGGESTION_STATE_IN_PROGRESS &&
      suggestion.state() != pb::SUGGESTION_STATE_DONE) {
    return WrongState(suggestion.state(), "only a suggestion that was answered can be reported back");
  }
  if (open_actions > 0) {
    return Refused("ACTIONS_OPEN", "wait until every action is done, or cancel it",
                   {{"count", absl::StrCat(open_actions)}});
  }
  return absl::OkStatus();
}

// [C10] "ReportBack to proposer or, if anonymous, to the council". The council also answers for a proposer who has left
// it. Otherwise nobody could, and the suggestion would be reported as stale for ever.
absl::Status MayAnswerReportBack(const Caller& caller, const pb::Suggestion& suggestion, bool proposer_sits) {
  if (caller.IsSelf(suggestion.proposer_ref())) return absl::OkStatus();
  if (suggestion.origin() == pb::SUGGESTION_ORIGIN_MEMBER && proposer_sits) {
    return Forbidden("only the person who made the suggestion may answer the report back");
  }
  return KeepsCouncil(caller)
             ? absl::OkStatus()
             : Forbidden("only the secretary or the unit leader may answer the report back for the council");
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

// [C9] "Staff may screen free text": the council does not deal with individual cases. So until a suggestion is
// screened, members and services do not see its text. The person who wrote it does, also by the receipt code.
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
    return Refused("ITEM_NOT_ADVISED", "record the council's advice on the item first");
  }
  if (suggestion) {
    if (suggestion->state() != pb::SUGGESTION_STATE_ANSWERED &&
        suggestion->state() != pb::SUGGESTION_STATE_IN_PROGRESS &&
        suggestion->state() != pb::SUGGESTION_STATE_REOPENED) {
      return WrongState(suggestion->state(),
                        "only a suggestion that is answered, in progress or reopened takes actions");
    }
    if (suggestion->answer() == pb::ANSWER_NO)
      return Refused("NOT_AGREED", "the suggestion was answered with no: give no action out for it");
  }
  const auto& owners = mandate.action_owners();
  if (std::find(owners.begin(), owners.end(), request.owner_service()) == owners.end()) {
    return Refused("UNKNOWN_OWNER", "owner_service must be one of the mandate's action_owners");
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

// [C10] Progress of the actions moves a suggestion to IN_PROGRESS and DONE, never to REPORTED_BACK, which a person
// sets. Actions of an earlier round do not count: their result was reported back and was not enough.
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

// A UUID of version 8 (RFC 9562: any content), so that it equals no id that a service generates.
std::string MissedDeadlinesId(std::string_view month) {
  std::string hex = Sha256Hex(absl::StrCat("deadlines_missed ", month)).substr(0, 32);
  hex[12] = '8';
  hex[16] = '8';
  return absl::StrJoin({hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20)}, "-");
}

// [C9] Counts of a month without any case; small counts are suppressed like every other figure.
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

// The average "USER_MEAN_CENTI" rests on as many people as "USER_ANSWERS" says (peer_support.EvaluationClosed).
constexpr std::string_view kMean = "_MEAN_CENTI", kAnswers = "_ANSWERS";

// The average of a few people reveals as much about them as their number.
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

// [X4] Suppresses small numbers: "waiting_by_kind.X" and "waiting_by_kind.Y" are parts of one whole, "VISITS" stands
// alone.
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
    return known ? AlreadyExists("measure before the change") : absl::OkStatus();
  }
  if (!known) return Refused("NO_INDICATOR_BEFORE", "record the measure before the change first");
  if (!known->after_date().empty()) return AlreadyExists("measure after the change");
  if (request.measure_date() <= known->before_date()) {
    return Refused("DATE_OUT_OF_ORDER", "measure_date must be later than the day of the measure before the change");
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

// [B7] Expenses, and usually a fee, for members who are not paid to be there (helsebiblioteket.no), once for each
// meeting.
absl::Status MayClaimFee(std::string_view person_ref, const pb::Meeting& meeting,
                         const std::optional<pb::VotingSeat>& seat, const pb::Mandate& mandate,
                         const pb::SubmitFeeClaimRequest& request, bool claimed) {
  if (!WasHeld(meeting.state())) {
    return WrongState(meeting.state(), "claim a fee after the meeting was held");
  }
  const bool as_principal = seat && seat->principal_ref() == person_ref;
  const pb::Presence presence = !seat          ? pb::PRESENCE_ABSENT
                                : as_principal ? seat->principal_presence()
                                               : seat->deputy_presence();
  if (!WasThere(presence)) return Refused("NOT_PRESENT", "only a person who was marked as present may claim a fee");
  if (as_principal ? seat->principal_employed() : seat->deputy_employed()) {
    return Refused("EMPLOYED", "a person who is paid to attend gets no fee");
  }
  if (request.expense_ore() > mandate.expense_max_ore()) {
    return Refused("EXPENSE_TOO_HIGH", "expense_ore must be at most what the mandate repays",
                   {{"max_ore", absl::StrCat(mandate.expense_max_ore())}});
  }
  return claimed ? AlreadyExists("fee claim") : absl::OkStatus();
}

absl::Status MayDecideFeeClaim(const pb::FeeClaim& claim, const pb::DecideFeeClaimRequest& request) {
  if (claim.state() != pb::FEE_CLAIM_STATE_SUBMITTED) return WrongState(claim.state(), "the claim was decided already");
  if (!request.approved() && request.reason().empty())
    return Refused("REASON_REQUIRED", "give the reason for rejecting the claim");
  return absl::OkStatus();
}

// A service sees what the events of the claim told it: person, meeting and state. Amounts and notes are for the person
// and for those who keep the council.
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
