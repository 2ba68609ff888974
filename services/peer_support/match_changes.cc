#include "services/peer_support/match_changes.h"

// A pause or a stop and its consequences are one transaction (P9): at no moment is a peer gone while their people are
// forgotten. To react to our own ApprovalPaused event was rejected: it would leave such a moment after every crash.

#include <optional>
#include <vector>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "services/peer_support/events.h"
#include "services/peer_support/group_changes.h"
#include "services/peer_support/match_rules.h"
#include "services/peer_support/proposal_changes.h"
#include "services/peer_support/tables.h"

namespace mestring::peer_support {
namespace {

// Sets the state of the seats of a match; `event`, about the match, names them.
template <class Event>
absl::Status SetSeats(Tx& tx, const pb::Match& match, pb::GroupSeatState state, Event* event) {
  ASSIGN(std::vector<pb::GroupSeat> seats, SeatsOf(tx, match));
  for (pb::GroupSeat& seat : seats) {
    seat.set_state(state);
    TRY(Save(tx, seat));
    event->add_group_seat_ids(seat.id());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<int> HoldMatches(Tx& tx, const pb::Peer& peer, std::string_view day) {
  TRY(WithdrawProposals(tx, "peer_id", peer.id()));
  ASSIGN(
      std::vector<pb::Match> matches,
      Select<pb::Match>(
          tx, absl::StrCat("WHERE peer_id = :peer AND ", InState(pb::MATCH_STATE_STARTED), " ORDER BY id"), peer.id()));
  for (pb::Match& match : matches) {
    match.set_state(pb::MATCH_STATE_ON_HOLD);
    TRY(Save(tx, match));
    auto event = About<pb::MatchPutOnHold>(match);
    TRY(SetSeats(tx, match, pb::GROUP_SEAT_STATE_ON_HOLD, &event));
    pb::HandOverTask task;
    task.set_id(NewId(tx.now()));
    task.set_state(pb::HAND_OVER_TASK_STATE_OPEN);
    task.set_match_id(match.id());
    task.set_peer_id(match.peer_id());
    task.set_person_ref(match.person_ref());
    task.set_open_date(std::string(day));
    TRY(Insert(tx, task));
    event.set_hand_over_task_id(task.id());
    TRY(tx.Publish(event, match));
  }
  return static_cast<int>(matches.size());
}

absl::Status RecordAccessToMatched(Tx& tx, const pb::Peer& peer, Call* call) {
  ASSIGN(
      const std::vector<pb::Match> matches,
      Select<pb::Match>(tx, absl::StrCat("WHERE peer_id = :peer AND ", InStates<pb::MatchState>(IsLive)), peer.id()));
  for (const pb::Match& match : matches) call->RecordAccess(match.person_ref());
  return absl::OkStatus();
}

// A match that a stop put on hold waits for its hand-over: a peer who comes back in a new cycle does not get the people
// of the old one again because of a pause. A hold belongs to this cycle if its task was opened since the first approval
// of the cycle, before which a peer has nobody.
absl::Status ResumeMatches(Tx& tx, const pb::Peer& peer) {
  ASSIGN(std::vector<pb::Match> matches,
         Select<pb::Match>(
             tx,
             absl::StrCat("WHERE peer_id = :peer1 AND ", InState(pb::MATCH_STATE_ON_HOLD),
                          " AND EXISTS (SELECT 1 FROM hand_over_tasks t WHERE t.match_id = matches.id AND t.",
                          InState(pb::HAND_OVER_TASK_STATE_OPEN),
                          " AND t.create_time >= (SELECT MIN(a.create_time) FROM approvals a WHERE "
                          "a.peer_id = :peer2 AND a.cycle = :cycle)) ORDER BY id"),
             peer.id(), peer.id(), peer.cycle()));
  for (pb::Match& match : matches) {
    match.set_state(pb::MATCH_STATE_STARTED);
    TRY(Save(tx, match));
    auto event = About<pb::MatchResumed>(match);
    TRY(SetSeats(tx, match, pb::GROUP_SEAT_STATE_ACTIVE, &event));
    ASSIGN(*event.mutable_hand_over_task_id(), FinishTask(tx, match.id(), pb::HAND_OVER_OUTCOME_RESUMED));
    TRY(tx.Publish(event, match));
  }
  return absl::OkStatus();
}

absl::Status EndMatch(Tx& tx, pb::MatchSide by, pb::EndReason reason, pb::Match* match) {
  ApplyEnd(by, reason, Today(tx), match);
  TRY(Save(tx, *match));
  auto event = About<pb::MatchEnded>(*match);
  event.set_end_date(match->end_date());
  ASSIGN(*event.mutable_hand_over_task_id(), FinishTask(tx, match->id(), pb::HAND_OVER_OUTCOME_ENDED));
  TRY(tx.Publish(event, *match));
  return EndSeatOf(tx, *match);
}

absl::StatusOr<std::string> FinishTask(Tx& tx, std::string_view match_id, pb::HandOverOutcome outcome) {
  ASSIGN(std::optional<pb::HandOverTask> task,
         Find<pb::HandOverTask>(
             tx, absl::StrCat("WHERE match_id = :match AND ", InState(pb::HAND_OVER_TASK_STATE_OPEN)), match_id));
  if (!task) return "";
  task->set_state(pb::HAND_OVER_TASK_STATE_DONE);
  task->set_outcome(outcome);
  TRY(Save(tx, *task));
  return task->id();
}

}  // namespace mestring::peer_support
