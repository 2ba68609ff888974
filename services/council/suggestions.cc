// You said – we did: from a suggestion to the confirmation that it was carried out.
//
// The anonymous box. The service stores the words of a suggestion and its day, under a random id. The edge serves these
// RPCs without a caller and rounds the time to the day (mestring.access.v1.anonymous), so no later change of this file
// can store what it does not get. Only the place of its event in the log and of its row in the database's file still
// tell the order. The device that keeps the receipt code makes it; a table of its own holds only its digest, so a
// suggestion that is read, listed or published never carries it.
//
// Nothing keeps what screening removes: no response repeats the words of a new suggestion, because responses are stored
// for repeats (common/rpc/answers.h).

#include <algorithm>
#include <utility>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/council.h"
#include "services/council/reads.h"
#include "services/council/suggestion_changes.h"
#include "services/council/suggestion_rules.h"

namespace mestring::council {
namespace {

absl::Status Receive(Tx& tx, pb::Suggestion* suggestion, std::string_view receipt_code) {
  ASSIGN(const pb::Mandate mandate, CurrentMandate(tx));
  ASSIGN(const auto unscreened,
         tx.Query<int64_t>(absl::StrCat("SELECT COUNT(*) FROM suggestions WHERE screening IS NULL AND ",
                                        InState(pb::SUGGESTION_STATE_RECEIVED))));
  TRY(MayReceive(mandate, static_cast<int>(std::get<0>(unscreened[0]))));
  if (!receipt_code.empty()) {
    const std::string digest = Sha256Hex(receipt_code);
    ASSIGN(const auto taken, tx.Query<int64_t>("SELECT 1 FROM receipts WHERE digest = :digest", digest));
    if (!taken.empty()) return AlreadyExists("suggestion with this receipt code");
    TRY(Insert(tx, *suggestion));
    TRY(tx.Exec("INSERT INTO receipts (digest, suggestion_id) VALUES (:digest, :suggestion)", digest, suggestion->id())
            .status());
  } else {
    TRY(Insert(tx, *suggestion));
  }
  TRY(tx.Schedule(kStaleTimer, suggestion->id(),
                  EndOf(tx, PlusDays(suggestion->receive_date(), mandate.stale_days() - 1))));
  pb::SuggestionReceived event;
  event.set_suggestion_id(suggestion->id());
  event.set_origin(suggestion->origin());
  return tx.Publish(event, *suggestion);
}

absl::StatusOr<pb::Suggestion> LoadByReceipt(Tx& tx, std::string_view receipt_code) {
  return OrNotFound(Find<pb::Suggestion>(tx, "WHERE id IN (SELECT suggestion_id FROM receipts WHERE digest = :digest)",
                                         Sha256Hex(receipt_code)));
}

int OpenAmong(const std::vector<pb::Action>& actions) {
  return static_cast<int>(std::count_if(actions.begin(), actions.end(), IsOpen));
}

// Saves the answer to a report back and publishes it.
absl::Status SaveReportBackAnswer(Tx& tx, bool confirmed, std::string_view reason, pb::Suggestion* suggestion) {
  TRY(CheckReportBackAnswer(*suggestion, confirmed, reason));
  ApplyReportBackAnswer(confirmed, reason, Today(tx), suggestion);
  TRY(Save(tx, *suggestion));
  if (confirmed) {
    TRY(tx.CancelTimer(kStaleTimer, suggestion->id()));
    pb::SuggestionConfirmed event;
    event.set_suggestion_id(suggestion->id());
    return tx.Publish(event, *suggestion);
  }
  pb::SuggestionReopened event;
  event.set_suggestion_id(suggestion->id());
  event.set_times_reopened(suggestion->times_reopened());
  return tx.Publish(event, *suggestion);
}

}  // namespace

absl::Status Council::AddSuggestion(Tx& tx, Call& call, const pb::AddSuggestionRequest& request,
                                    pb::AddSuggestionResponse* response) {
  ASSIGN(const std::string own_seat, OwnSeat(tx, call.caller));
  TRY(MaySuggest(call.caller, own_seat, request));
  pb::Suggestion suggestion = NewSuggestion(NewId(tx.now()), call.caller, request, Today(tx));
  call.RecordAccess(suggestion.proposer_ref());
  TRY(Receive(tx, &suggestion, request.receipt_code()));
  response->set_suggestion_id(suggestion.id());
  return absl::OkStatus();
}

absl::Status Council::SubmitAnonymousSuggestion(Tx& tx, Call&, const pb::SubmitAnonymousSuggestionRequest& request,
                                                pb::SubmitAnonymousSuggestionResponse*) {
  pb::Suggestion suggestion = NewAnonymousSuggestion(NewRandomId(), request, Today(tx));
  return Receive(tx, &suggestion, request.receipt_code());
}

absl::Status Council::ScreenSuggestion(Tx& tx, Call&, const pb::ScreenSuggestionRequest& request,
                                       pb::ScreenSuggestionResponse* response) {
  ASSIGN(pb::Suggestion suggestion,
         AtVersion(request.expected_version(), Load<pb::Suggestion>(tx, request.suggestion_id())));
  TRY(MayScreen(suggestion, request));
  ApplyScreening(request, &suggestion);
  TRY(Save(tx, suggestion));
  if (IsClosedLoop(suggestion.state())) TRY(tx.CancelTimer(kStaleTimer, suggestion.id()));
  pb::SuggestionScreened event;
  event.set_suggestion_id(suggestion.id());
  event.set_screening(suggestion.screening());
  TRY(tx.Publish(event, suggestion));
  response->set_suggestion_id(suggestion.id());
  response->set_state(suggestion.state());
  return absl::OkStatus();
}

absl::Status Council::AnswerSuggestion(Tx& tx, Call&, const pb::AnswerSuggestionRequest& request,
                                       pb::AnswerSuggestionResponse* response) {
  ASSIGN(pb::Suggestion suggestion,
         AtVersion(request.expected_version(), Load<pb::Suggestion>(tx, request.suggestion_id())));
  ASSIGN(const auto item, Find<pb::AgendaItem>(tx, "WHERE id = :id", suggestion.agenda_item_id()));
  ASSIGN(const std::vector<pb::Action> actions, ActionsOf(tx, suggestion.id()));
  TRY(MayAnswer(suggestion, item, request, OpenAmong(actions)));
  ApplyAnswer(request, Today(tx), &suggestion);
  TRY(Save(tx, suggestion));
  pb::SuggestionAnswered event;
  event.set_suggestion_id(suggestion.id());
  event.set_answer(suggestion.answer());
  TRY(tx.Publish(event, suggestion));
  *response->mutable_suggestion() = std::move(suggestion);
  return absl::OkStatus();
}

absl::Status Council::ReportBack(Tx& tx, Call&, const pb::ReportBackRequest& request,
                                 pb::ReportBackResponse* response) {
  ASSIGN(pb::Suggestion suggestion,
         AtVersion(request.expected_version(), Load<pb::Suggestion>(tx, request.suggestion_id())));
  ASSIGN(const std::vector<pb::Action> actions, ActionsOf(tx, suggestion.id()));
  TRY(MayReportBack(suggestion, OpenAmong(actions)));
  suggestion.set_state(pb::SUGGESTION_STATE_REPORTED_BACK);
  suggestion.set_report(request.report());
  suggestion.set_report_date(Today(tx));
  TRY(Save(tx, suggestion));
  pb::SuggestionReportedBack event;
  event.set_suggestion_id(suggestion.id());
  TRY(tx.Publish(event, suggestion));
  *response->mutable_suggestion() = std::move(suggestion);
  return absl::OkStatus();
}

absl::Status Council::AnswerReportBack(Tx& tx, Call& call, const pb::AnswerReportBackRequest& request,
                                       pb::AnswerReportBackResponse* response) {
  ASSIGN(pb::Suggestion suggestion,
         AtVersion(request.expected_version(), Load<pb::Suggestion>(tx, request.suggestion_id())));
  call.RecordAccess(suggestion.proposer_ref());
  ASSIGN(const std::string seat, SeatOf(tx, suggestion.proposer_ref()));
  TRY(MayAnswerReportBack(call.caller, suggestion, !seat.empty()));
  TRY(SaveReportBackAnswer(tx, request.confirmed(), request.reason(), &suggestion));
  *response->mutable_suggestion() = std::move(suggestion);
  return absl::OkStatus();
}

absl::Status Council::AnswerReportBackByReceipt(Tx& tx, Call&, const pb::AnswerReportBackByReceiptRequest& request,
                                                pb::AnswerReportBackByReceiptResponse* response) {
  ASSIGN(pb::Suggestion suggestion, LoadByReceipt(tx, request.receipt_code()));
  TRY(SaveReportBackAnswer(tx, request.confirmed(), request.reason(), &suggestion));
  response->set_state(suggestion.state());
  return absl::OkStatus();
}

absl::Status Council::GetSuggestion(Tx& tx, Call& call, const pb::GetSuggestionRequest& request,
                                    pb::GetSuggestionResponse* response) {
  ASSIGN(*response->mutable_suggestion(), Load<pb::Suggestion>(tx, request.suggestion_id()));
  ShowTo(call.caller, response->mutable_suggestion());
  ASSIGN(std::vector<pb::Action> actions, ActionsOf(tx, request.suggestion_id()));
  for (pb::Action& action : actions) *response->add_actions() = std::move(action);
  return absl::OkStatus();
}

absl::Status Council::GetSuggestionByReceipt(Tx& tx, Call&, const pb::GetSuggestionByReceiptRequest& request,
                                             pb::GetSuggestionByReceiptResponse* response) {
  ASSIGN(const pb::Suggestion suggestion, LoadByReceipt(tx, request.receipt_code()));
  response->set_state(suggestion.state());
  response->set_text(suggestion.text());
  response->set_receive_date(suggestion.receive_date());
  response->set_answer(suggestion.answer());
  response->set_answer_reason(suggestion.answer_reason());
  response->set_report(suggestion.report());
  // While a suggestion waits for a meeting again, its last item says nothing about it.
  if (!AwaitsMeeting(suggestion.state()) && !suggestion.agenda_item_id().empty()) {
    ASSIGN(const pb::AgendaItem item, Load<pb::AgendaItem>(tx, suggestion.agenda_item_id()));
    ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, item.meeting_id()));
    response->set_meeting_date(meeting.meeting_date());
  }
  ASSIGN(const std::vector<pb::Action> actions, ActionsOf(tx, suggestion.id()));
  int done = 0;
  for (const pb::Action& action : actions) done += action.state() == pb::ACTION_STATE_DONE;
  response->set_actions(OpenAmong(actions) + done);
  response->set_actions_done(done);
  return absl::OkStatus();
}

absl::Status Council::ListSuggestions(Tx& tx, Call& call, const pb::ListSuggestionsRequest& request,
                                      pb::ListSuggestionsResponse* response) {
  TRY(ListPage(tx, Filter().IsState("state", request.state()).IsState("origin", request.origin()), request,
               response->mutable_suggestions(), response));
  for (pb::Suggestion& suggestion : *response->mutable_suggestions()) ShowTo(call.caller, &suggestion);
  return absl::OkStatus();
}

}  // namespace mestring::council
