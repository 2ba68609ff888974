// What happens in the council when time passes: terms run out, notices and minutes come too late, actions become
// overdue, suggestions stale, and the missed deadlines of a month become figures.
//
// The write that makes a timer necessary schedules it, and the write that makes it needless cancels it. A handler
// judges by the day that the timer was due and still checks the state, so a timer that fires once too often does
// nothing.

#include "services/council/timers.h"

#include <set>
#include <utility>

#include "mestring/council/v1/council_events.pb.h"
#include "services/council/figure_changes.h"
#include "services/council/meeting_changes.h"
#include "services/council/reads.h"
#include "services/council/seat_changes.h"
#include "services/council/suggestion_changes.h"
#include "services/council/suggestion_rules.h"

namespace mestring::council {
namespace {

// The date of a timer that is due at EndOf(date).
std::string DayEndedBy(const Tx& tx, absl::Time due) { return PlusDays(DayOf(tx, due), -1); }

// [C1] The role is vacant from the day after the term.
absl::Status OnTerm(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::SeatHolder holder, Load<pb::SeatHolder>(tx, id));
  if (holder.state() != pb::HOLDER_STATE_ACTIVE) return absl::OkStatus();
  TRY(EndHolder(tx, kTermOver.code, &holder));
  return ReviewSummonses(tx, holder.seat_id());
}

absl::Status PublishMissed(Tx& tx, pb::Meeting meeting, pb::DeadlineKind kind, const std::string& due_date) {
  TRY(Save(tx, meeting));  // for the version of the event
  pb::DeadlineMissed event;
  event.set_meeting_id(meeting.id());
  event.set_kind(kind);
  event.set_due_date(due_date);
  return tx.Publish(event, meeting);
}

// [C13] Publishes a missed deadline of the mandate, so that somebody moves the meeting or writes the minutes. It
// happens once for each due date, because a timer is scheduled for a day to come and cancelled when the work is done.
absl::Status OnNoticeDue(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::Meeting meeting, Load<pb::Meeting>(tx, id));
  if (!AwaitsNotice(meeting.state()) || meeting.notice_by() > DayEndedBy(tx, due)) return absl::OkStatus();
  const std::string due_date = meeting.notice_by();
  return PublishMissed(tx, std::move(meeting), pb::DEADLINE_KIND_NOTICE, due_date);
}

absl::Status OnMinutesDue(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::Meeting meeting, Load<pb::Meeting>(tx, id));
  ASSIGN(const std::set<std::string> with_minutes, MeetingsWithMinutes(tx));
  if (!AwaitsMinutes(meeting.state()) || with_minutes.contains(meeting.id()) ||
      meeting.minutes_by() > DayEndedBy(tx, due)) {
    return absl::OkStatus();
  }
  const std::string due_date = meeting.minutes_by();
  return PublishMissed(tx, std::move(meeting), pb::DEADLINE_KIND_MINUTES, due_date);
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
  return tx.Publish(event, action);
}

// Fires again whenever the mandate's days have passed, until the suggestion is confirmed or turned away. (C10)
absl::Status OnStale(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::Suggestion suggestion, Load<pb::Suggestion>(tx, id));
  if (IsClosedLoop(suggestion.state())) return absl::OkStatus();
  ASSIGN(const pb::Mandate mandate, CurrentMandate(tx));
  TRY(Save(tx, suggestion));  // for the version of the event
  pb::LoopStale event;
  event.set_suggestion_id(suggestion.id());
  event.set_state(suggestion.state());
  const std::string day = DayEndedBy(tx, due);
  event.set_open_days(static_cast<int>(Day(day) - Day(suggestion.receive_date())) + 1);
  TRY(tx.Publish(event, suggestion));
  return tx.Schedule(kStaleTimer, id, EndOf(tx, PlusDays(day, mandate.stale_days())));
}

// Makes figures of the missed deadlines of a month.
absl::Status MakeMissedDeadlineFigures(Tx& tx, std::string_view month, absl::Time) {
  ASSIGN(const auto rows, (tx.Query<std::string, int64_t>(
                              "SELECT kind, missed FROM missed_deadlines WHERE month = :month ORDER BY kind", month)));
  std::vector<std::pair<std::string, int64_t>> counts;
  for (const auto& [kind, missed] : rows) counts.emplace_back(kind, missed);
  TRY(StoreFigures(tx, MissedDeadlineFigures(kHousing, month, counts)));
  return tx.Exec("DELETE FROM missed_deadlines WHERE month = :month", month).status();
}

absl::Status OnMonthOver(Tx& tx, std::string_view month, absl::Time due) {
  if (tx.now() - due < kCatchUp) return MakeMissedDeadlineFigures(tx, month, due);
  // Wait once more, and only once: a clock that is always late (a rehearsal that moves by months) still gets its
  // figures.
  return tx.Schedule(kMonthHeardTimer, month, tx.now() + kCatchUp);
}

}  // namespace

void RegisterTimers(Timers& timers) {
  timers.On(std::string(kTermTimer), OnTerm);
  timers.On(std::string(kNoticeTimer), OnNoticeDue);
  timers.On(std::string(kMinutesTimer), OnMinutesDue);
  timers.On(std::string(kActionTimer), OnActionDue);
  timers.On(std::string(kStaleTimer), OnStale);
  timers.On(std::string(kMonthTimer), OnMonthOver);
  timers.On(std::string(kMonthHeardTimer), MakeMissedDeadlineFigures);
}

}  // namespace mestring::council
