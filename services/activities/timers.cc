// What happens in activities when time passes: enrolment opens, offers expire, sessions begin and end, own shares
// become overdue, periods close.
//
// The write that makes a timer necessary schedules it, and the write that makes it needless cancels it. A handler still
// checks the state, so a timer that fires once too often does nothing. After days of downtime an expired offer passes
// on only if the session is still ahead, because ReallocateSeats asks the clock and not the timer (A3).

#include "services/activities/timers.h"

#include <utility>

#include "services/activities/events.h"
#include "services/activities/fund_rules.h"
#include "services/activities/leader_changes.h"
#include "services/activities/period_changes.h"
#include "services/activities/reads.h"
#include "services/activities/seat_changes.h"
#include "services/activities/session_changes.h"

namespace mestring::activities {
namespace {

absl::Status OnOpen(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Session session, Load<pb::Session>(tx, id));
  return ReallocateSeats(tx, &session);
}

// Publishes that a session has no leader, to people who can do something about it.
absl::Status OnNotice(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Session session, Load<pb::Session>(tx, id));
  if (!LacksLeader(session)) return absl::OkStatus();
  TRY(Save(tx, session));  // for the version of the event
  return PublishLacksLeader(tx, session);
}

// [A8] A session without a leader is cancelled. [A3] Offers and waiting end at the start.
absl::Status OnStart(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Session session, Load<pb::Session>(tx, id));
  if (!IsAhead(session.state())) return absl::OkStatus();
  if (LacksLeader(session)) return CancelNow(tx, kNoLeader.code, &session);
  session.set_state(pb::SESSION_STATE_STARTED);
  TRY(Save(tx, session));
  TRY(tx.Publish(About<pb::SessionStarted>(session), session));
  ASSIGN(std::vector<pb::WaitEntry> entries, LiveWaitEntries(tx, session.id()));
  for (pb::WaitEntry& entry : entries) TRY(EndWaitEntry(tx, pb::WAIT_ENTRY_STATE_EXPIRED, &entry));
  return absl::OkStatus();
}

absl::Status OnEnd(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Session session, Load<pb::Session>(tx, id));
  if (session.state() != pb::SESSION_STATE_STARTED) return absl::OkStatus();
  session.set_state(pb::SESSION_STATE_DONE);
  TRY(Save(tx, session));
  return tx.Publish(About<pb::SessionDone>(session), session);
}

// Expires an offer; the seat passes on.
absl::Status OnOffer(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::WaitEntry entry, Load<pb::WaitEntry>(tx, id));
  if (entry.state() != pb::WAIT_ENTRY_STATE_OFFERED) return absl::OkStatus();
  TRY(EndWaitEntry(tx, pb::WAIT_ENTRY_STATE_EXPIRED, &entry));
  ASSIGN(pb::Session session, Load<pb::Session>(tx, entry.session_id()));
  return ReallocateSeats(tx, &session);
}

// Publishes to the person and to staff that an own share is overdue; people decide what follows.
absl::Status OnOwnShare(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(const pb::Session session, Load<pb::Session>(tx, id));
  if (session.state() == pb::SESSION_STATE_CANCELLED) return absl::OkStatus();
  ASSIGN(std::vector<pb::Enrolment> enrolments, LiveEnrolments(tx, session.id()));
  for (pb::Enrolment& enrolment : enrolments) {
    if (!IsOverdue(session, enrolment)) continue;
    enrolment.set_own_share_overdue_date(session.pay_by_date());
    TRY(Save(tx, enrolment));
    TRY(tx.Publish(About<pb::OwnShareOverdue>(enrolment), enrolment));
  }
  return absl::OkStatus();
}

// [A6] Closes a period, after its last day and the days for late tallies.
absl::Status OnPeriod(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Period period, Load<pb::Period>(tx, id));
  return period.state() == pb::PERIOD_STATE_OPEN ? ClosePeriod(tx, &period) : absl::OkStatus();
}

}  // namespace

void RegisterTimers(Timers& timers) {
  timers.On(std::string(kOpenTimer), OnOpen);
  timers.On(std::string(kNoticeTimer), OnNotice);
  timers.On(std::string(kStartTimer), OnStart);
  timers.On(std::string(kEndTimer), OnEnd);
  timers.On(std::string(kOfferTimer), OnOffer);
  timers.On(std::string(kOwnShareTimer), OnOwnShare);
  timers.On(std::string(kPeriodTimer), OnPeriod);
}

}  // namespace mestring::activities
