// What the use cases of peer support share: tables, loads that come with their refusal, and the changes that
// one case makes to another (a pause puts matches on hold, an end ends a seat).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/call.h"
#include "common/errors.h"
#include "common/field_rules.h"
#include "common/ids.h"
#include "common/records.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/peer_support/peer_support_rules.h"

namespace mestring {

MESTRING_TABLE(peer_support::v1::PeerRules, "peer_rules", "peer rules");
MESTRING_TABLE(peer_support::v1::Guide, "guides", "guide", "peers");
MESTRING_TABLE(peer_support::v1::Peer, "peers", "peer", "load");
MESTRING_TABLE(peer_support::v1::Requirement, "requirements", "requirement");
MESTRING_TABLE(peer_support::v1::Approval, "approvals", "approval");
MESTRING_TABLE(peer_support::v1::Guidance, "guidances", "guidance");
MESTRING_TABLE(peer_support::v1::Conflict, "conflicts", "conflict");
MESTRING_TABLE(peer_support::v1::PeerRequest, "peer_requests", "request");
MESTRING_TABLE(peer_support::v1::Proposal, "proposals", "proposal");
MESTRING_TABLE(peer_support::v1::Match, "matches", "match");
MESTRING_TABLE(peer_support::v1::HandOverTask, "hand_over_tasks", "task");
MESTRING_TABLE(peer_support::v1::Contact, "contacts", "contact");
MESTRING_TABLE(peer_support::v1::SelfHelpGroup, "self_help_groups", "group", "seats");
MESTRING_TABLE(peer_support::v1::GroupSeat, "group_seats", "seat");
MESTRING_TABLE(peer_support::v1::EvaluationRound, "evaluation_rounds", "evaluation round");

namespace peer_support {

// ---- Clocks: the kinds of timers, each for the id of its subject -----------------------------------

inline constexpr std::string_view kExpiringTimer = "approval_expiring";
inline constexpr std::string_view kApprovalTimer = "approval_end";
inline constexpr std::string_view kGraceTimer = "grace_end";
inline constexpr std::string_view kGuidanceTimer = "guidance";
inline constexpr std::string_view kProposalTimer = "proposal_expiry";
inline constexpr std::string_view kEvaluationTimer = "evaluation_end";

// ---- A condition of SQL that more than one question uses -------------------------------------------

// IsLive of a seat, in the words of the partial indexes of seats: SQLite finds them by no others.
inline constexpr std::string_view kLiveSeat = "state <> 'GROUP_SEAT_STATE_ENDED'";

// ---- Loads -----------------------------------------------------------------------------------------

// A resource about people, if the caller may see it. The access log of all of them shows the attempt.
template <class M>
absl::StatusOr<M> LoadVisible(Tx& tx, Call& call, std::string_view id) {
  ASSIGN(M row, Load<M>(tx, id));
  for (const std::string& person : PersonsIn(row)) {
    IsHiddenFrom(person, call.caller, row) ? call.ConcernsHidden(person) : call.Concerns(person);
  }
  TRY(MaySee(call.caller, row));
  return row;
}

// The same, for a change: the caller's version must be the current one.
template <class M>
absl::StatusOr<M> LoadVisibleForChange(Tx& tx, Call& call, std::string_view id, int64_t expected_version) {
  ASSIGN(M row, LoadVisible<M>(tx, call, id));
  TRY(CheckVersion(expected_version, row.version()));
  return row;
}

// A peer about whom the caller decides: never themself.
absl::StatusOr<pb::Peer> LoadToDecide(Tx& tx, Call& call, std::string_view peer_id, int64_t expected_version);

// RULES_MISSING if nobody has set them.
absl::StatusOr<pb::PeerRules> CurrentRules(Tx& tx);
// The records of the peer's cycle.
absl::StatusOr<std::vector<pb::Requirement>> RequirementsOf(Tx& tx, const pb::Peer& peer);
// The peer's guide, if there is one.
absl::StatusOr<std::optional<pb::Guide>> GuideOf(Tx& tx, const pb::Peer& peer);
// Live matches and accepted proposals, but for one proposal or one match that is in question.
absl::StatusOr<int64_t> LoadOf(Tx& tx, std::string_view peer_id, std::string_view but_for = "");
absl::StatusOr<bool> HasConflict(Tx& tx, std::string_view person_ref, std::string_view other_person_ref);
// [P1] and [P2] for a peer as they are now. `but_for` as in LoadOf.
absl::Status CheckCanTake(Tx& tx, const pb::Peer& peer, std::string_view but_for = "");

// What of a list a caller sees: all, or what is their own as a person or as a peer.
Filter Within(const Caller& caller, bool has_peer);

// ---- Events ----------------------------------------------------------------------------------------

// An event about a peer: peer_id and person_ref.
template <class Event>
Event About(const pb::Peer& peer) {
  Event event;
  event.set_peer_id(peer.id());
  event.set_person_ref(peer.person_ref());
  return event;
}

// An event about a match: its id, the peer and both persons.
template <class Event>
Event About(const pb::Match& match) {
  Event event;
  event.set_match_id(match.id());
  event.set_peer_id(match.peer_id());
  event.set_person_ref(match.person_ref());
  event.set_peer_person_ref(match.peer_person_ref());
  return event;
}

// Tells each side of a proposal by an event of its own, which names nothing of the other; `fill` adds what the event
// has beside. The proposal is saved between the two, so that each has a version of its own.
template <class Event, class Fill>
absl::Status TellBothSides(Tx& tx, pb::Proposal* proposal, const Fill& fill) {
  for (const pb::MatchSide side : {pb::MATCH_SIDE_PERSON, pb::MATCH_SIDE_PEER}) {
    if (side == pb::MATCH_SIDE_PEER) TRY(Save(tx, *proposal));
    const pb::Proposal told = OfOneSide(side, *proposal);
    Event event;
    event.set_proposal_id(told.id());
    event.set_peer_id(told.peer_id());
    event.set_person_ref(told.person_ref());
    event.set_peer_person_ref(told.peer_person_ref());
    event.set_side(side);
    fill(told, &event);
    TRY(tx.Publish(event, told.id(), told.version()));
  }
  return absl::OkStatus();
}

// ---- What one case does to another -----------------------------------------------------------------

// Saves a new approval and what follows from it: event, clocks, and matches that were on hold go on.
absl::Status SaveApproval(Tx& tx, const pb::PeerRules& rules, pb::Approval* approval, pb::Peer* peer);
// The clock of guidance by the peer's due date; none if they need no guidance.
absl::Status ScheduleGuidance(Tx& tx, const pb::Peer& peer);
// The clocks of approval and guidance stop.
absl::Status StopClocks(Tx& tx, const pb::Peer& peer);

// [P9] All live matches go on hold, each with an open task to hand it over, and open proposals are
// withdrawn. Returns how many matches went on hold. `day`: on which it happened.
absl::StatusOr<int> HoldMatches(Tx& tx, const pb::Peer& peer, std::string_view day);
// What happens to the peer happens to the people of their live matches: it stands in the access log of each (X1).
absl::Status ConcernsMatched(Tx& tx, const pb::Peer& peer, Call* call);
// The matches that were put on hold in this cycle and still are go on, and their tasks are done.
absl::Status ResumeMatches(Tx& tx, const pb::Peer& peer);

// [P4], [P5] and the wishes, for a peer as they are now.
absl::Status CheckFits(Tx& tx, const pb::PeerRequest& request, const pb::Peer& peer);
// A proposal of a peer to a person, if the rules let it be.
absl::StatusOr<pb::Proposal> Propose(Tx& tx, pb::PeerRequest* request, const pb::Peer& peer);
// Nothing comes of a proposal (its state says how), and its request is open again.
absl::Status CloseProposal(Tx& tx, pb::Proposal* proposal);
// The open proposals in `condition` are withdrawn.
absl::Status WithdrawProposals(Tx& tx, std::string_view column, std::string_view id);
// An ended match: saved and told, its seat and its task ended.
absl::Status EndMatch(Tx& tx, pb::MatchSide by, pb::EndReason reason, pb::Match* match);
// The task of a match is done, if it has one; returns its id.
absl::StatusOr<std::string> FinishTask(Tx& tx, std::string_view match_id, pb::HandOverOutcome outcome);
// The seat of a match ends, if it has one.
absl::Status EndSeatOf(Tx& tx, const pb::Match& match);
absl::Status EndSeat(Tx& tx, pb::GroupSeat* seat);
// A self-help group closes, and each seat in it ends: a change to who sits there (X1).
absl::Status EndGroup(Tx& tx, pb::SelfHelpGroup* group, Call* call);
// The open groups that a peer leads.
absl::Status EndGroupsOf(Tx& tx, const pb::Peer& peer, Call* call);

// The round closes on a day: what may be published is, and every invitation and sum is destroyed.
absl::Status CloseRound(Tx& tx, std::string_view day, pb::EvaluationRound* round);

}  // namespace peer_support
}  // namespace mestring
