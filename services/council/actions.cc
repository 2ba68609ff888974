// Actions: work that the council gives to the services of its municipality.
//
// The council assigns an action by an event, and learns of its progress from the owner's events (subscriptions.cc). It
// never calls the service that owns the action, so neither waits for the other and both may be down.

#include <utility>

#include "common/base/ids.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/council.h"
#include "services/council/reads.h"
#include "services/council/suggestion_changes.h"
#include "services/council/suggestion_rules.h"

namespace mestring::council {
absl::Status Council::CreateAction(Tx& tx, Call&, const pb::CreateActionRequest& request,
                                   pb::CreateActionResponse* response) {
  ASSIGN(const pb::Mandate mandate, CurrentMandate(tx));
  // The request names a suggestion or an agenda item; the rule gets both.
  std::optional<pb::Suggestion> suggestion;
  if (!request.suggestion_id().empty()) {
    ASSIGN(suggestion, Load<pb::Suggestion>(tx, request.suggestion_id()));
  }
  std::optional<pb::AgendaItem> item;
  const std::string item_id = suggestion ? suggestion->agenda_item_id() : request.agenda_item_id();
  if (!item_id.empty()) {
    ASSIGN(item, Load<pb::AgendaItem>(tx, item_id));
  }
  if (!suggestion && item && !item->suggestion_id().empty()) {
    ASSIGN(suggestion, Load<pb::Suggestion>(tx, item->suggestion_id()));
  }
  TRY(MayCreateAction(mandate, request, item, suggestion, Today(tx)));
  pb::Action action;
  action.set_id(NewId(tx.now()));
  action.set_state(pb::ACTION_STATE_ASSIGNED);
  action.set_agenda_item_id(item->id());
  if (suggestion) {
    action.set_suggestion_id(suggestion->id());
    action.set_round(suggestion->times_reopened());
  }
  action.set_owner_service(request.owner_service());
  action.set_title(request.title());
  action.set_due_date(request.due_date());
  TRY(Insert(tx, action));
  TRY(tx.Schedule(kActionTimer, action.id(), EndOf(tx, action.due_date())));
  pb::ActionAssigned event;
  event.set_action_id(action.id());
  event.set_owner_service(action.owner_service());
  event.set_due_date(action.due_date());
  TRY(tx.Publish(event, action));
  *response->mutable_action() = std::move(action);
  return absl::OkStatus();
}

absl::Status Council::UpdateAction(Tx& tx, Call&, const pb::UpdateActionRequest& request,
                                   pb::UpdateActionResponse* response) {
  ASSIGN(pb::Action action, AtVersion(request.expected_version(), Load<pb::Action>(tx, request.action_id())));
  TRY(MayUpdateAction(action, request, Today(tx)));
  if (!request.due_date().empty()) {
    action.set_due_date(request.due_date());
    action.set_overdue(false);
    TRY(Save(tx, action));
    TRY(tx.Schedule(kActionTimer, action.id(), EndOf(tx, action.due_date())));
    pb::ActionRescheduled event;
    event.set_action_id(action.id());
    event.set_owner_service(action.owner_service());
    event.set_due_date(action.due_date());
    TRY(tx.Publish(event, action));
  } else {
    action.set_state(pb::ACTION_STATE_CANCELLED);
    action.set_cancel_reason(request.cancel_reason());
    TRY(Save(tx, action));
    TRY(tx.CancelTimer(kActionTimer, action.id()));
    pb::ActionCancelled event;
    event.set_action_id(action.id());
    event.set_owner_service(action.owner_service());
    TRY(tx.Publish(event, action));
    if (!action.suggestion_id().empty()) TRY(FollowActions(tx, action.suggestion_id()));
  }
  *response->mutable_action() = std::move(action);
  return absl::OkStatus();
}

absl::Status Council::GetAction(Tx& tx, Call&, const pb::GetActionRequest& request, pb::GetActionResponse* response) {
  ASSIGN(*response->mutable_action(), Load<pb::Action>(tx, request.action_id()));
  return absl::OkStatus();
}

absl::Status Council::ListActions(Tx& tx, Call&, const pb::ListActionsRequest& request,
                                  pb::ListActionsResponse* response) {
  return ListPage(tx,
                  Filter()
                      .Is("owner_service", request.owner_service())
                      .Is("suggestion_id", request.suggestion_id())
                      .IsState("state", request.state()),
                  request, response->mutable_actions(), response);
}

}  // namespace mestring::council
