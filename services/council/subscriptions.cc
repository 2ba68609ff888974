// What the council learns from the events of other services: the progress of its actions, and figures. It skips a
// service that is not part of the installation.
//
// Housing publishes each missed deadline with its application. The council counts them by month and kind and stores
// nothing else (C9). The subscription applies each event once, so a deadline counts once; ids to detect repeats would
// be the trail that must not exist. Some days after its end a month becomes one set of figures. What comes later counts
// in the month in which it comes, because members may have that set already.

#include "services/council/subscriptions.h"

#include <string>
#include <utility>

#include "common/store/records.h"
#include "mestring/activities/v1/activities_events.pb.h"
#include "mestring/common/v1/assigned_actions_events.pb.h"
#include "mestring/council/v1/council_events.pb.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/council/figure_changes.h"
#include "services/council/suggestion_changes.h"
#include "services/council/suggestion_rules.h"
#include "services/council/tables.h"
#include "services/shared/figures.h"

namespace mestring::council {
namespace {

using common::v1::ActionProgressed;
using events::v1::Event;

// ---- Progress of actions ---------------------------------------------------------------------------

absl::Status OnActionProgressed(Tx& tx, std::string_view owner, const ActionProgressed& progressed) {
  ASSIGN(auto action, Find<pb::Action>(tx, "WHERE id = :id", progressed.action_id()));
  // Not an action of this council, or not one of this service: only the owner reports progress.
  if (!action || action->owner_service() != owner) return absl::OkStatus();
  // An unknown state must wait: to ignore it would be to lose it.
  if (!common::v1::AssignedActionState_IsValid(progressed.state())) {
    return absl::FailedPreconditionError(absl::StrCat("this version of the council does not know the state ",
                                                      int{progressed.state()},
                                                      " of an action: upgrade it, then retry its parked events"));
  }
  if (!ApplyProgress(progressed.state(), Today(tx), &*action)) return absl::OkStatus();
  TRY(Save(tx, *action));
  if (!IsOpen(*action)) TRY(tx.CancelTimer(kActionTimer, action->id()));
  pb::ActionUpdated event;
  event.set_action_id(action->id());
  event.set_owner_service(action->owner_service());
  event.set_state(action->state());
  TRY(tx.Publish(event, *action));
  return action->suggestion_id().empty() ? absl::OkStatus() : FollowActions(tx, action->suggestion_id());
}

// ---- Figures ---------------------------------------------------------------------------------------

// Housing counts by list and code: "waiting_by_kind.SCHEME_KIND_COLLECTIVE".
absl::Status OnHousingStatistics(Tx& tx, const Event& header, const housing::v1::StatisticsPublished& published) {
  const housing::v1::NeedStatistics& statistics = published.statistics();
  pb::FigureSet set;
  set.set_source(std::string(kHousing));
  set.set_source_id(header.subject());
  set.set_from_date(statistics.from_date());
  set.set_to_date(statistics.to_date());
  const auto add = [&set](std::string_view list, const housing::v1::Count& count) {
    *set.add_figures() = MakeFigure(absl::StrCat(list, ".", count.code()),
                                    count.has_count() ? SuppressedCount(count.count()) : SuppressedCount());
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

// Whether the figures of a month are stored already.
absl::StatusOr<bool> MonthIsMade(Tx& tx, std::string_view month) {
  ASSIGN(const auto made,
         Find<pb::FigureSet>(tx, "WHERE source = :source AND source_id = :id", kHousing, MissedDeadlinesId(month)));
  return made.has_value();
}

absl::Status OnDeadlineMissed(Tx& tx, const Event&, const housing::v1::DeadlineMissed& deadline) {
  // A due date in the future cannot be missed, so such an event counts today.
  const bool dated = ParseDate(deadline.due_date()).ok() && deadline.due_date() <= Today(tx);
  std::string month = MonthOf(dated ? deadline.due_date() : Today(tx));
  ASSIGN(const bool made, MonthIsMade(tx, month));
  if (made) month = MonthOf(Today(tx));
  ASSIGN(const auto counting, tx.Query<int64_t>("SELECT 1 FROM missed_deadlines WHERE month = :month LIMIT 1", month));
  if (counting.empty()) {
    const absl::Time closes = EndOf(tx, MonthClosesOn(month));
    // The month is long over: more of its events may follow in a moment.
    TRY(closes > tx.now() ? tx.Schedule(kMonthTimer, month, closes)
                          : tx.Schedule(kMonthHeardTimer, month, tx.now() + kCatchUp));
  }
  // A kind that is newer than this program's contract counts under UNSPECIFIED.
  const std::string& name = housing::v1::DeadlineKind_Name(deadline.kind());
  return tx
      .Exec(
          "INSERT INTO missed_deadlines (month, kind, missed) VALUES (:month, :kind, 1) "
          "ON CONFLICT (month, kind) DO UPDATE SET missed = missed_deadlines.missed + 1",
          month, name.empty() ? "DEADLINE_KIND_UNSPECIFIED" : name)
      .status();
}

// ---- Who is heard of what --------------------------------------------------------------------------

void SubscribeProgress(Subscription& subscription, std::string_view owner) {
  subscription.On<ActionProgressed>([owner](Tx& tx, const Event&, const ActionProgressed& progressed) {
    return OnActionProgressed(tx, owner, progressed);
  });
}

void SubscribeFigures(Subscription& subscription, std::string_view owner) {
  if (owner == kHousing) {
    subscription.On<housing::v1::StatisticsPublished>(OnHousingStatistics);
    subscription.On<housing::v1::DeadlineMissed>(OnDeadlineMissed);
  }
  if (owner == kActivities) subscription.On<activities::v1::PeriodClosed>(OnPeriodClosed);
  if (owner == kPeerSupport) subscription.On<peer_support::v1::EvaluationClosed>(OnEvaluationClosed);
}

}  // namespace

void Subscribe(Kernel& kernel) {
  for (const std::string_view owner : {kHousing, kActivities, kPeerSupport}) {
    if (!kernel.Knows(owner)) continue;
    Subscription& subscription = kernel.Subscribe(owner);
    SubscribeProgress(subscription, owner);
    SubscribeFigures(subscription, owner);
  }
}

}  // namespace mestring::council
