// Actions, and what other services say: how far their actions are, and their figures.
//
// The council gives an action out as an event and hears of its progress as an event; it never calls the
// service that owns it, so neither waits for the other and both may be down. Figures are stored as they were
// published, with their source and their days, and suppressed once more by the council's own threshold: what
// one publisher lets through by mistake does not reach an agenda.

#include <utility>

#include "mestring/activities/v1/activities_events.pb.h"
#include "mestring/common/v1/assigned_actions_events.pb.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/council/council.h"
#include "services/council/council_records.h"

namespace mestring::council {
namespace {

using common::v1::ActionProgressed;
using events::v1::Event;

constexpr std::string_view kHousing = "housing", kActivities = "activities", kPeerSupport = "peer_support";

// A suggestion follows its actions as far as they lead.
absl::Status FollowActions(Tx& tx, std::string_view suggestion_id) {
  ASSIGN(pb::Suggestion suggestion, Load<pb::Suggestion>(tx, suggestion_id));
  ASSIGN(const std::vector<pb::Action> actions, ActionsOf(tx, suggestion_id));
  const pb::SuggestionState state = StateAfterProgress(suggestion, actions);
  if (state == suggestion.state()) return absl::OkStatus();
  suggestion.set_state(state);
  TRY(Save(tx, suggestion));
  pb::SuggestionProgressed event;
  event.set_suggestion_id(suggestion.id());
  event.set_state(state);
  return tx.Publish(event, suggestion.id(), suggestion.version());
}

absl::Status OnActionProgressed(Tx& tx, std::string_view owner, const ActionProgressed& progressed) {
  ASSIGN(auto action, Find<pb::Action>(tx, "WHERE id = :id", progressed.action_id()));
  // An action of another council, or one that another service owns: nobody speaks for an owner but itself.
  if (!action || action->owner_service() != owner) return absl::OkStatus();
  if (!ApplyProgress(progressed.state(), Today(tx), &*action)) return absl::OkStatus();
  TRY(Save(tx, *action));
  if (!IsOpen(*action)) TRY(tx.CancelTimer(kActionTimer, action->id()));
  pb::ActionUpdated event;
  event.set_action_id(action->id());
  event.set_owner_service(action->owner_service());
  event.set_state(action->state());
  TRY(tx.Publish(event, action->id(), action->version()));
  return action->suggestion_id().empty() ? absl::OkStatus() : FollowActions(tx, action->suggestion_id());
}

// Stores published figures once, whatever comes again.
absl::Status StoreFigures(Tx& tx, pb::FigureSet set) {
  ASSIGN(const auto known,
         Find<pb::FigureSet>(tx, "WHERE source = :source AND source_id = :id", set.source(), set.source_id()));
  if (known) return absl::OkStatus();
  ASSIGN(const auto mandate, Find<pb::Mandate>(tx, "ORDER BY mandate_version DESC LIMIT 1"));
  if (mandate) Suppress(mandate->cell_min(), &set);
  set.set_id(NewId(tx.now()));
  set.set_receive_date(Today(tx));
  return Insert(tx, set);
}

// Housing counts by list and code: "waiting_by_kind.OFFER_KIND_COLLECTIVE".
absl::Status OnHousingStatistics(Tx& tx, const Event& header, const housing::v1::StatisticsPublished& published) {
  const housing::v1::NeedStatistics& statistics = published.statistics();
  pb::FigureSet set;
  set.set_source(std::string(kHousing));
  set.set_source_id(header.subject());
  set.set_from_date(statistics.from_date());
  set.set_to_date(statistics.to_date());
  const auto add = [&set](std::string_view list, const housing::v1::Count& count) {
    common::v1::Figure* figure = set.add_figures();
    figure->set_code(absl::StrCat(list, ".", count.code()));
    figure->set_value(count.count());
    figure->set_suppressed(!count.has_count());
  };
  add("waiting", statistics.waiting());
  for (const auto& count : statistics.waiting_by_kind()) add("waiting_by_kind", count);
  for (const auto& count : statistics.waiting_by_reason()) add("waiting_by_reason", count);
  for (const auto& count : statistics.applications_by_state()) add("applications", count);
  for (const auto& count : statistics.requisitions_by_state()) add("requisitions", count);
  return StoreFigures(tx, std::move(set));
}

absl::Status OnPeriodClosed(Tx& tx, const Event&, const activities::v1::PeriodClosed& closed) {
  pb::FigureSet set;
  set.set_source(std::string(kActivities));
  set.set_source_id(closed.period_id());
  set.set_from_date(closed.from_date());
  set.set_to_date(closed.to_date());
  *set.mutable_figures() = closed.figures();
  return StoreFigures(tx, std::move(set));
}

absl::Status OnEvaluationClosed(Tx& tx, const Event&, const peer_support::v1::EvaluationClosed& closed) {
  pb::FigureSet set;
  set.set_source(std::string(kPeerSupport));
  set.set_source_id(closed.evaluation_round_id());
  set.set_to_date(closed.closed_date());
  *set.mutable_figures() = closed.figures();
  return StoreFigures(tx, std::move(set));
}

}  // namespace

void Listen(Kernel& kernel) {
  for (const std::string_view owner : {kHousing, kActivities, kPeerSupport}) {
    if (!kernel.Knows(owner)) continue;
    Subscription& subscription = kernel.Subscribe(owner);
    subscription.On<ActionProgressed>([owner](Tx& tx, const Event&, const ActionProgressed& progressed) {
      return OnActionProgressed(tx, owner, progressed);
    });
    if (owner == kHousing) subscription.On<housing::v1::StatisticsPublished>(OnHousingStatistics);
    if (owner == kActivities) subscription.On<activities::v1::PeriodClosed>(OnPeriodClosed);
    if (owner == kPeerSupport) subscription.On<peer_support::v1::EvaluationClosed>(OnEvaluationClosed);
  }
}

absl::Status Council::CreateAction(Tx& tx, Call&, const pb::CreateActionRequest& request,
                                   pb::CreateActionResponse* response) {
  TRY(Check(request));
  ASSIGN(const pb::Mandate mandate, CurrentMandate(tx));
  std::optional<pb::Suggestion> suggestion;
  std::string item_id = request.agenda_item_id();
  if (!request.suggestion_id().empty()) {
    ASSIGN(suggestion, Load<pb::Suggestion>(tx, request.suggestion_id()));
    item_id = suggestion->agenda_item_id();
    if (item_id.empty()) return Refused("ITEM_NOT_ADVISED", "the council has not advised on it yet");
  }
  ASSIGN(const pb::AgendaItem item, Load<pb::AgendaItem>(tx, item_id));
  TRY(MayCreateAction(mandate, request, item, suggestion, Today(tx)));
  pb::Action action;
  action.set_id(NewId(tx.now()));
  action.set_state(pb::ACTION_STATE_ASSIGNED);
  action.set_agenda_item_id(item.id());
  action.set_suggestion_id(suggestion ? suggestion->id() : item.suggestion_id());
  action.set_owner_service(request.owner_service());
  action.set_title(request.title());
  action.set_due_date(request.due_date());
  TRY(Insert(tx, action));
  TRY(tx.Schedule(kActionTimer, action.id(), EndOf(tx, action.due_date())));
  pb::ActionAssigned event;
  event.set_action_id(action.id());
  event.set_owner_service(action.owner_service());
  event.set_due_date(action.due_date());
  TRY(tx.Publish(event, action.id(), action.version()));
  *response->mutable_action() = std::move(action);
  return absl::OkStatus();
}

absl::Status Council::UpdateAction(Tx& tx, Call&, const pb::UpdateActionRequest& request,
                                   pb::UpdateActionResponse* response) {
  TRY(Check(request));
  ASSIGN(pb::Action action, LoadForChange<pb::Action>(tx, request.action_id(), request.expected_version()));
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
    TRY(tx.Publish(event, action.id(), action.version()));
  } else {
    action.set_state(pb::ACTION_STATE_CANCELLED);
    action.set_cancel_reason(request.cancel_reason());
    TRY(Save(tx, action));
    TRY(tx.CancelTimer(kActionTimer, action.id()));
    pb::ActionCancelled event;
    event.set_action_id(action.id());
    event.set_owner_service(action.owner_service());
    TRY(tx.Publish(event, action.id(), action.version()));
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
  TRY(Page(tx,
           Filter()
               .Is("owner_service", request.owner_service())
               .Is("suggestion_id", request.suggestion_id())
               .IsState("state", request.state()),
           {request.page_size(), request.page_token()}, response->mutable_actions(),
           response->mutable_next_page_token()));
  return SetAsOf(tx, response);
}

absl::Status Council::ListFigures(Tx& tx, Call&, const pb::ListFiguresRequest& request,
                                  pb::ListFiguresResponse* response) {
  TRY(Page(tx, Filter().Is("source", request.source()),
           {.size = request.page_size(), .token = request.page_token(), .descending = true},
           response->mutable_figure_sets(), response->mutable_next_page_token()));
  return SetAsOf(tx, response);
}

absl::Status Council::RecordIndicator(Tx& tx, Call&, const pb::RecordIndicatorRequest& request,
                                      pb::RecordIndicatorResponse* response) {
  TRY(Load<pb::Suggestion>(tx, request.suggestion_id()).status());
  ASSIGN(auto known, Find<pb::Indicator>(tx, "WHERE suggestion_id = :suggestion AND code = :code",
                                         request.suggestion_id(), request.code()));
  TRY(MayRecordIndicator(known, request));
  pb::Indicator indicator = known.value_or(pb::Indicator());
  ApplyIndicator(request, &indicator);
  if (known) {
    TRY(Save(tx, indicator));
  } else {
    indicator.set_id(NewId(tx.now()));
    TRY(Insert(tx, indicator));
  }
  *response->mutable_indicator() = std::move(indicator);
  return absl::OkStatus();
}

absl::Status Council::ListIndicators(Tx& tx, Call&, const pb::ListIndicatorsRequest& request,
                                     pb::ListIndicatorsResponse* response) {
  TRY(Page(tx, Filter().Is("suggestion_id", request.suggestion_id()), {request.page_size(), request.page_token()},
           response->mutable_indicators(), response->mutable_next_page_token()));
  return SetAsOf(tx, response);
}

}  // namespace mestring::council
