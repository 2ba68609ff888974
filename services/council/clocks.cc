// What happens in the council because time passes: terms run out, actions become overdue, loops stale, and the
// missed deadlines of a month become figures (figures.cc).
//
// Each clock is a timer of the kernel, set in the write that makes it necessary and stopped in the write
// that makes it needless. A handler judges by the day it was due and looks at the state all the same, so
// that a timer which fires once too often does nothing.

#include <utility>

#include "services/council/council.h"
#include "services/council/council_records.h"

namespace mestring::council {
namespace {

// The day that a timer of EndOf(date) ends.
std::string DayEndedBy(const Tx& tx, absl::Time due) { return FormatDate(DateIn(tx.zone(), due) - 1); }

// [C1] The vacancy is visible from the day after the term.
absl::Status OnTerm(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::SeatHolder holder, Load<pb::SeatHolder>(tx, id));
  if (holder.state() != pb::HOLDER_STATE_ACTIVE) return absl::OkStatus();
  TRY(EndHolder(tx, kTermOver, &holder));
  return holder.role() == pb::HOLDER_ROLE_PRINCIPAL ? SummonWhereNeeded(tx, holder.seat_id()) : absl::OkStatus();
}

absl::Status OnActionDue(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::Action action, Load<pb::Action>(tx, id));
  if (!IsOpen(action) || action.due_date() > DayEndedBy(tx, due)) return absl::OkStatus();
  action.set_overdue(true);
  TRY(Save(tx, action));
  pb::ActionOverdue event;
  event.set_action_id(action.id());
  event.set_owner_service(action.owner_service());
  event.set_due_date(action.due_date());
  return tx.Publish(event, action.id(), action.version());
}

// Comes again each time the mandate's days have passed, until the loop is closed. (C10)
absl::Status OnStale(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::Suggestion suggestion, Load<pb::Suggestion>(tx, id));
  if (!IsOpenLoop(suggestion)) return absl::OkStatus();
  ASSIGN(const pb::Mandate mandate, CurrentMandate(tx));
  TRY(Save(tx, suggestion));  // for the version of the event
  pb::LoopStale event;
  event.set_suggestion_id(suggestion.id());
  event.set_state(suggestion.state());
  const std::string day = DayEndedBy(tx, due);
  event.set_open_days(static_cast<int>(Day(day) - Day(suggestion.receive_date())) + 1);
  TRY(tx.Publish(event, suggestion.id(), suggestion.version()));
  return tx.Schedule(kStaleTimer, id, EndOf(tx, PlusDays(day, mandate.stale_days())));
}

}  // namespace

void SetClocks(Timers& timers) {
  timers.On(std::string(kTermTimer), OnTerm);
  timers.On(std::string(kActionTimer), OnActionDue);
  timers.On(std::string(kStaleTimer), OnStale);
  timers.On(std::string(kMonthTimer), OnMonthOver);
  timers.On(std::string(kMonthHeardTimer), MakeMissedDeadlineFigures);
}

}  // namespace mestring::council
