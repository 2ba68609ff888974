// The owner's side of an action. The council's events create and change it here; staff of this service record its
// progress; the council learns it from this service's stream, never by a call.
//
// Events about one action are applied once and in order (common/events/subscription.h), so ActionAssigned creates the
// row and later events change it. Actions of other services are ignored. RPCs of the council to each service were
// rejected: a service decides by the events that it has.

#include "services/shared/assigned_actions.h"

#include <optional>
#include <utility>

#include "common/store/records.h"
#include "mestring/common/v1/assigned_actions_events.pb.h"
#include "mestring/council/v1/council_events.pb.h"

namespace mestring {

namespace pb = common::v1;

MESTRING_TABLE(pb::AssignedAction, "assigned_actions", "assigned action");

namespace {

constexpr std::string_view kCouncil = "council";

bool IsOver(const pb::AssignedAction& action) {
  return action.state() == pb::ASSIGNED_ACTION_STATE_DONE || action.state() == pb::ASSIGNED_ACTION_STATE_CANCELLED;
}

// The action; empty if the council assigned it before this service subscribed.
absl::StatusOr<std::optional<pb::AssignedAction>> KnownAction(Tx& tx, std::string_view id) {
  return Find<pb::AssignedAction>(tx, "WHERE id = :id", id);
}

absl::Status PublishReceived(Tx& tx, const pb::AssignedAction& action) {
  pb::AssignedActionReceived event;
  event.set_action_id(action.id());
  event.set_state(action.state());
  event.set_due_date(action.due_date());
  return tx.Publish(event, action);
}

absl::Status OnAssigned(Tx& tx, const council::v1::ActionAssigned& event) {
  ASSIGN(const auto known, KnownAction(tx, event.action_id()));
  if (known) return absl::OkStatus();
  pb::AssignedAction action;
  action.set_id(event.action_id());
  action.set_state(pb::ASSIGNED_ACTION_STATE_ASSIGNED);
  action.set_due_date(event.due_date());
  TRY(Insert(tx, action));
  return PublishReceived(tx, action);
}

absl::Status OnRescheduled(Tx& tx, const council::v1::ActionRescheduled& event) {
  ASSIGN(auto action, KnownAction(tx, event.action_id()));
  if (!action || IsOver(*action)) return absl::OkStatus();
  action->set_due_date(event.due_date());
  TRY(Save(tx, *action));
  return PublishReceived(tx, *action);
}

// An action that is done stays done; the council learns that too.
absl::Status OnCancelled(Tx& tx, const council::v1::ActionCancelled& event) {
  ASSIGN(auto action, KnownAction(tx, event.action_id()));
  if (!action || IsOver(*action)) return absl::OkStatus();
  action->set_state(pb::ASSIGNED_ACTION_STATE_CANCELLED);
  TRY(Save(tx, *action));
  return PublishReceived(tx, *action);
}

}  // namespace

absl::Status MayProgress(const pb::AssignedAction& action, pb::AssignedActionState state) {
  if (state != pb::ASSIGNED_ACTION_STATE_IN_PROGRESS && state != pb::ASSIGNED_ACTION_STATE_DONE) {
    return InvalidArgument("state", "must be IN_PROGRESS or DONE");
  }
  if (IsOver(action) || action.state() == state) {
    return WrongState(action.state(), "the action has this state already, or is done or cancelled");
  }
  return absl::OkStatus();
}

AssignedActions::AssignedActions(Kernel& kernel) : edge_(kernel.edge) {
  if (!kernel.Knows(kCouncil)) return;
  Subscription& council = kernel.Subscribe(kCouncil);
  // Calls `apply` for those events that name this service as the owner.
  const auto on = [&council, own = kernel.config.service]<class Event>(absl::Status (*apply)(Tx&, const Event&)) {
    council.On<Event>([apply, own](Tx& tx, const events::v1::Event&, const Event& event) {
      return event.owner_service() == own ? apply(tx, event) : absl::OkStatus();
    });
  };
  on(&OnAssigned);
  on(&OnRescheduled);
  on(&OnCancelled);
}

absl::Status AssignedActions::ListAssignedActions(Tx& tx, Call&, const pb::ListAssignedActionsRequest& request,
                                                  pb::ListAssignedActionsResponse* response) {
  return ListPage(tx, Filter().IsState("state", request.state()), request, response->mutable_assigned_actions(),
                  response);
}

absl::Status AssignedActions::RecordActionProgress(Tx& tx, Call&, const pb::RecordActionProgressRequest& request,
                                                   pb::RecordActionProgressResponse* response) {
  ASSIGN(pb::AssignedAction action,
         AtVersion(request.expected_version(), Load<pb::AssignedAction>(tx, request.action_id())));
  TRY(MayProgress(action, request.state()));
  action.set_state(request.state());
  TRY(Save(tx, action));
  pb::ActionProgressed event;
  event.set_action_id(action.id());
  event.set_state(action.state());
  TRY(tx.Publish(event, action));
  *response->mutable_assigned_action() = std::move(action);
  return absl::OkStatus();
}

}  // namespace mestring
