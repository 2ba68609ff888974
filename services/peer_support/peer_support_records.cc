#include "services/peer_support/peer_support_records.h"

// Loads, and the changes that belong to more than one use case.
//
// What a pause or a stop sets going happens here in one transaction (P9): there is no moment in which a
// peer is gone and their people are not seen to. Reacting to our own ApprovalPaused event would be looser
// coupled, and would leave such a moment after every crash.
//
// Places that a peer has are counted when asked for, over two partial indexes of open rows; a counter kept
// in the peer's row would be quicker to read and wrong after the first forgotten decrement (P2).

#include <utility>

namespace mestring::peer_support {
namespace {

// The live seat in the responsibility group that goes with a match.
absl::StatusOr<std::vector<pb::GroupSeat>> SeatsOf(Tx& tx, const pb::Match& match) {
  return Select<pb::GroupSeat>(tx, absl::StrCat("WHERE match_id = :match AND ", kLiveSeat), match.id());
}

// `event` is that of the match, which names them.
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

// ---- Loads -----------------------------------------------------------------------------------------

absl::StatusOr<pb::Peer> LoadToDecide(Tx& tx, Call& call, std::string_view peer_id, int64_t expected_version) {
  ASSIGN(pb::Peer peer, LoadVisibleForChange<pb::Peer>(tx, call, peer_id, expected_version));
  TRY(MayDecideAbout(call.caller, peer.person_ref()));
  return peer;
}

absl::StatusOr<pb::PeerRules> CurrentRules(Tx& tx) {
  ASSIGN(auto rules, Newest<pb::PeerRules>(tx, "rules_version"));
  if (!rules) return Refused("RULES_MISSING", "no peer rules are in force");
  return *std::move(rules);
}

absl::StatusOr<std::vector<pb::Requirement>> RequirementsOf(Tx& tx, const pb::Peer& peer) {
  return Select<pb::Requirement>(tx, "WHERE peer_id = :peer AND cycle = :cycle", peer.id(), peer.cycle());
}

absl::StatusOr<std::optional<pb::Guide>> GuideOf(Tx& tx, const pb::Peer& peer) {
  if (peer.guide_id().empty()) return std::optional<pb::Guide>();
  ASSIGN(pb::Guide guide, Load<pb::Guide>(tx, peer.guide_id()));
  return std::optional<pb::Guide>(std::move(guide));
}

absl::StatusOr<int64_t> LoadOf(Tx& tx, std::string_view peer_id, std::string_view but_for) {
  static const std::string sql = absl::StrCat(
      "SELECT (SELECT COUNT(*) FROM matches WHERE peer_id = :peer1 AND id <> :but1 AND ",
      InStates<pb::MatchState>(IsLive),
      ") + (SELECT COUNT(*) FROM proposals WHERE peer_id = :peer2 AND id <> :but2 AND ", InStates(HoldsPlace), ")");
  ASSIGN(const auto rows, tx.Query<int64_t>(sql, peer_id, but_for, peer_id, but_for));
  return std::get<0>(rows.front());
}

absl::StatusOr<bool> HasConflict(Tx& tx, std::string_view person_ref, std::string_view other_person_ref) {
  return Exists<pb::Conflict>(tx, "WHERE person_ref = :one AND other_person_ref = :other",
                              std::min(person_ref, other_person_ref), std::max(person_ref, other_person_ref));
}

absl::Status CheckCanTake(Tx& tx, const pb::Peer& peer, std::string_view but_for) {
  ASSIGN(const std::optional<pb::Guide> guide, GuideOf(tx, peer));
  TRY(MayTakeSomebody(peer, guide ? &*guide : nullptr, Today(tx)));
  ASSIGN(const int64_t load, LoadOf(tx, peer.id(), but_for));
  return CheckCapacity(peer, load);
}

Filter Within(const Caller& caller, bool has_peer) {
  Filter filter;
  if (WorksWithPeers(caller)) return filter;
  const bool as_person = IsPerson(caller, caller.person_ref), as_peer = has_peer && IsPeer(caller, caller.person_ref);
  if (as_person && as_peer) {
    return filter.Where("(person_ref = ? OR peer_person_ref = ?)", caller.person_ref, caller.person_ref);
  }
  if (!as_person && !as_peer) return filter.Where("1 = 0");
  return filter.IsExactly(as_person ? "person_ref" : "peer_person_ref", caller.person_ref);
}

// ---- Approvals and clocks --------------------------------------------------------------------------

absl::Status SaveApproval(Tx& tx, const pb::PeerRules& rules, pb::Approval* approval, pb::Peer* peer) {
  const bool had_expired = peer->state() == pb::PEER_STATE_EXPIRED;
  ApplyApproval(*approval, rules, Today(tx), peer);
  TRY(Insert(tx, *approval));
  TRY(Save(tx, *peer));
  auto event = About<pb::ApprovalGranted>(*peer);
  event.set_approval_id(approval->id());
  event.set_valid_until(peer->valid_until());
  TRY(tx.Publish(event, peer->id(), peer->version()));
  TRY(tx.Schedule(kExpiringTimer, peer->id(),
                  BeginOf(tx, PlusDays(peer->valid_until(), -rules.renewal_window_days()))));
  TRY(tx.Schedule(kApprovalTimer, peer->id(), EndOf(tx, peer->valid_until())));
  TRY(tx.CancelTimer(kGraceTimer, peer->id()));
  TRY(ScheduleGuidance(tx, *peer));
  return had_expired ? ResumeMatches(tx, *peer) : absl::OkStatus();
}

absl::Status ScheduleGuidance(Tx& tx, const pb::Peer& peer) {
  if (!NeedsGuidance(peer.state()) || peer.guidance_due_date().empty())
    return tx.CancelTimer(kGuidanceTimer, peer.id());
  return tx.Schedule(kGuidanceTimer, peer.id(), EndOf(tx, peer.guidance_due_date()));
}

absl::Status StopClocks(Tx& tx, const pb::Peer& peer) {
  for (const std::string_view kind : {kExpiringTimer, kApprovalTimer, kGraceTimer, kGuidanceTimer}) {
    TRY(tx.CancelTimer(kind, peer.id()));
  }
  return absl::OkStatus();
}

// ---- Holds -----------------------------------------------------------------------------------------

absl::StatusOr<int> HoldMatches(Tx& tx, const pb::Peer& peer, std::string_view day) {
  TRY(WithdrawProposals(tx, "peer_id", peer.id()));
  ASSIGN(std::vector<pb::Match> matches,
         Select<pb::Match>(tx, "WHERE peer_id = :peer AND state = 'MATCH_STATE_STARTED' ORDER BY id", peer.id()));
  for (pb::Match& match : matches) {
    match.set_state(pb::MATCH_STATE_ON_HOLD);
    TRY(Save(tx, match));
    auto event = About<pb::MatchHeld>(match);
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
    TRY(tx.Publish(event, match.id(), match.version()));
  }
  return static_cast<int>(matches.size());
}

absl::Status ConcernsMatched(Tx& tx, const pb::Peer& peer, Call* call) {
  ASSIGN(
      const std::vector<pb::Match> matches,
      Select<pb::Match>(tx, absl::StrCat("WHERE peer_id = :peer AND ", InStates<pb::MatchState>(IsLive)), peer.id()));
  for (const pb::Match& match : matches) call->Concerns(match.person_ref());
  return absl::OkStatus();
}

// What a stop put on hold waits for its hand-over: whoever comes back in a new cycle does not find the people of the
// old one again because of a pause. A hold is of this cycle if its task was opened since the first approval in it,
// before which a peer has nobody.
absl::Status ResumeMatches(Tx& tx, const pb::Peer& peer) {
  ASSIGN(std::vector<pb::Match> matches,
         Select<pb::Match>(tx,
                           "WHERE peer_id = :peer1 AND state = 'MATCH_STATE_ON_HOLD' AND EXISTS (SELECT 1 FROM "
                           "hand_over_tasks t WHERE t.match_id = matches.id AND t.state = 'HAND_OVER_TASK_STATE_OPEN' "
                           "AND t.create_time >= (SELECT MIN(a.create_time) FROM approvals a WHERE a.peer_id = :peer2 "
                           "AND a.cycle = :cycle)) ORDER BY id",
                           peer.id(), peer.id(), peer.cycle()));
  for (pb::Match& match : matches) {
    match.set_state(pb::MATCH_STATE_STARTED);
    TRY(Save(tx, match));
    auto event = About<pb::MatchResumed>(match);
    TRY(SetSeats(tx, match, pb::GROUP_SEAT_STATE_ACTIVE, &event));
    ASSIGN(*event.mutable_hand_over_task_id(), FinishTask(tx, match.id(), pb::HAND_OVER_OUTCOME_RESUMED));
    TRY(tx.Publish(event, match.id(), match.version()));
  }
  return absl::OkStatus();
}

// ---- Proposals -------------------------------------------------------------------------------------

absl::Status CheckFits(Tx& tx, const pb::PeerRequest& request, const pb::Peer& peer) {
  ASSIGN(const bool has_conflict, HasConflict(tx, request.person_ref(), peer.person_ref()));
  TRY(MayMeet(request, peer, has_conflict));
  return CheckWishes(request, peer);
}

absl::StatusOr<pb::Proposal> Propose(Tx& tx, pb::PeerRequest* request, const pb::Peer& peer) {
  TRY(MayPropose(*request));
  TRY(CheckFits(tx, *request, peer));
  static const std::string live =
      absl::StrCat("WHERE peer_id = :peer AND person_ref = :person AND ", InStates<pb::MatchState>(IsLive));
  ASSIGN(const bool matched, Exists<pb::Match>(tx, live, peer.id(), request->person_ref()));
  TRY(MayMeetAgain(matched));
  TRY(CheckCanTake(tx, peer));
  ASSIGN(const pb::PeerRules rules, CurrentRules(tx));
  pb::Proposal proposal = NewProposal(NewId(tx.now()), *request, peer, rules, Today(tx));
  TRY(Insert(tx, proposal));
  request->set_state(pb::PEER_REQUEST_STATE_PROPOSED);
  TRY(Save(tx, *request));
  TRY(TellBothSides<pb::MatchProposed>(tx, &proposal, [](const pb::Proposal& told, pb::MatchProposed* event) {
    event->set_peer_request_id(told.peer_request_id());
    event->set_answer_by(told.answer_by());
  }));
  TRY(tx.Schedule(kProposalTimer, proposal.id(), EndOf(tx, proposal.answer_by())));
  return proposal;
}

absl::Status CloseProposal(Tx& tx, pb::Proposal* proposal) {
  TRY(Save(tx, *proposal));
  TRY(tx.CancelTimer(kProposalTimer, proposal->id()));
  TRY(TellBothSides<pb::ProposalClosed>(tx, proposal, [](const pb::Proposal& told, pb::ProposalClosed* event) {
    event->set_peer_request_id(told.peer_request_id());
    event->set_state(told.state());
  }));
  ASSIGN(pb::PeerRequest request, Load<pb::PeerRequest>(tx, proposal->peer_request_id()));
  request.set_state(pb::PEER_REQUEST_STATE_OPEN);
  return Save(tx, request);
}

absl::Status WithdrawProposals(Tx& tx, std::string_view column, std::string_view id) {
  ASSIGN(
      std::vector<pb::Proposal> proposals,
      Select<pb::Proposal>(
          tx, absl::StrCat("WHERE ", column, " = :id AND ", InStates<pb::ProposalState>(IsOpen), " ORDER BY id"), id));
  for (pb::Proposal& proposal : proposals) {
    proposal.set_state(pb::PROPOSAL_STATE_WITHDRAWN);
    TRY(CloseProposal(tx, &proposal));
  }
  return absl::OkStatus();
}

// ---- Ends ------------------------------------------------------------------------------------------

absl::Status EndMatch(Tx& tx, pb::MatchSide by, pb::EndReason reason, pb::Match* match) {
  ApplyEnd(by, reason, Today(tx), match);
  TRY(Save(tx, *match));
  auto event = About<pb::MatchEnded>(*match);
  event.set_end_date(match->end_date());
  ASSIGN(*event.mutable_hand_over_task_id(), FinishTask(tx, match->id(), pb::HAND_OVER_OUTCOME_ENDED));
  TRY(tx.Publish(event, match->id(), match->version()));
  return EndSeatOf(tx, *match);
}

absl::StatusOr<std::string> FinishTask(Tx& tx, std::string_view match_id, pb::HandOverOutcome outcome) {
  ASSIGN(std::optional<pb::HandOverTask> task,
         Find<pb::HandOverTask>(tx, "WHERE match_id = :match AND state = 'HAND_OVER_TASK_STATE_OPEN'", match_id));
  if (!task) return "";
  task->set_state(pb::HAND_OVER_TASK_STATE_DONE);
  task->set_outcome(outcome);
  TRY(Save(tx, *task));
  return task->id();
}

absl::Status EndSeatOf(Tx& tx, const pb::Match& match) {
  ASSIGN(std::vector<pb::GroupSeat> seats, SeatsOf(tx, match));
  for (pb::GroupSeat& seat : seats) TRY(EndSeat(tx, &seat));
  return absl::OkStatus();
}

absl::Status EndSeat(Tx& tx, pb::GroupSeat* seat) {
  ApplySeatEnd(Today(tx), seat);
  TRY(Save(tx, *seat));
  pb::GroupSeatLeft event;
  event.set_group_seat_id(seat->id());
  event.set_kind(seat->kind());
  event.set_person_ref(seat->person_ref());
  event.set_match_id(seat->match_id());
  event.set_peer_person_ref(seat->peer_person_ref());
  return tx.Publish(event, seat->id(), seat->version());
}

absl::Status EndGroup(Tx& tx, pb::SelfHelpGroup* group, Call* call) {
  group->set_state(pb::SELF_HELP_GROUP_STATE_CLOSED);
  TRY(Save(tx, *group));
  pb::GroupClosed event;
  event.set_self_help_group_id(group->id());
  TRY(tx.Publish(event, group->id(), group->version()));
  ASSIGN(std::vector<pb::GroupSeat> seats,
         Select<pb::GroupSeat>(tx, absl::StrCat("WHERE self_help_group_id = :group AND ", kLiveSeat, " ORDER BY id"),
                               group->id()));
  for (pb::GroupSeat& seat : seats) {
    call->Concerns(seat.person_ref());
    TRY(EndSeat(tx, &seat));
  }
  return absl::OkStatus();
}

// The index of pages finds the open ones of all peers, which are few.
absl::Status EndGroupsOf(Tx& tx, const pb::Peer& peer, Call* call) {
  ASSIGN(std::vector<pb::SelfHelpGroup> groups,
         Select<pb::SelfHelpGroup>(
             tx, "WHERE state = 'SELF_HELP_GROUP_STATE_OPEN' AND id <> '' AND peer_id = :peer ORDER BY id", peer.id()));
  for (pb::SelfHelpGroup& group : groups) TRY(EndGroup(tx, &group, call));
  return absl::OkStatus();
}

// ---- Evaluation ------------------------------------------------------------------------------------

absl::Status CloseRound(Tx& tx, std::string_view day, pb::EvaluationRound* round) {
  const auto parse = [](const std::string& name) {
    pb::Stakeholder stakeholder = pb::STAKEHOLDER_UNSPECIFIED;
    pb::Stakeholder_Parse(name, &stakeholder);
    return stakeholder;
  };
  ASSIGN(const auto invited,
         tx.Query<std::string>(
             "SELECT DISTINCT stakeholder FROM evaluation_invitations WHERE evaluation_round_id = :id", round->id()));
  std::vector<pb::Stakeholder> groups;
  for (const auto& [name] : invited) groups.push_back(parse(name));
  ASSIGN(const auto rows, (tx.Query<std::string, std::string, int64_t, int64_t>(
                              "SELECT stakeholder, question_code, answers, score_sum FROM evaluation_sums WHERE "
                              "evaluation_round_id = :id ORDER BY stakeholder, question_code",
                              round->id())));
  std::vector<ScoreSum> sums;
  for (const auto& [name, question, answers, sum] : rows) sums.push_back({parse(name), question, answers, sum});
  ApplyClose(groups, sums, day, round);
  TRY(tx.Exec("DELETE FROM evaluation_invitations WHERE evaluation_round_id = :id", round->id()).status());
  TRY(tx.Exec("DELETE FROM evaluation_sums WHERE evaluation_round_id = :id", round->id()).status());
  TRY(Save(tx, *round));
  TRY(tx.CancelTimer(kEvaluationTimer, round->id()));
  pb::EvaluationClosed event;
  event.set_evaluation_round_id(round->id());
  event.set_closed_date(round->close_date());
  for (common::v1::Figure& figure : FiguresOf(*round)) *event.add_figures() = std::move(figure);
  return tx.Publish(event, round->id(), round->version());
}

}  // namespace mestring::peer_support
