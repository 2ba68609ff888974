// What happens in peer support when time passes: approvals come near their end, enter their grace and expire, guidance
// becomes overdue, proposals and evaluations end.
//
// The write that makes a timer necessary schedules it, and the write that makes it needless cancels it. Dates that a
// handler stores are those of the day when it was due, not of the day when it fires; it still checks the state, so a
// timer that fires once too often does nothing. A nightly job over all peers would lose the order of events after three
// days of downtime.

#include "services/peer_support/timers.h"

#include <utility>

#include "services/peer_support/approval_changes.h"
#include "services/peer_support/evaluation_changes.h"
#include "services/peer_support/events.h"
#include "services/peer_support/match_changes.h"
#include "services/peer_support/match_rules.h"
#include "services/peer_support/proposal_changes.h"
#include "services/peer_support/reads.h"

namespace mestring::peer_support {
namespace {

bool HasApproval(const pb::Peer& peer) { return IsApproved(peer.state()) || peer.state() == pb::PEER_STATE_PAUSED; }

// The window for renewals opens, and an event says so (CareTogetherCMS#1221).
absl::Status OnExpiring(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Peer peer, Load<pb::Peer>(tx, id));
  if (!HasApproval(peer) || peer.expiring()) return absl::OkStatus();
  peer.set_expiring(true);
  TRY(Save(tx, peer));
  auto event = About<pb::ApprovalExpiring>(peer);
  event.set_valid_until(peer.valid_until());
  return tx.Publish(event, peer);
}

// An approval has expired (CareTogetherCMS#32). In their grace a peer keeps their people and gets no new ones; a paused
// peer stays paused until the grace is over.
absl::Status OnApprovalEnd(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Peer peer, Load<pb::Peer>(tx, id));
  if (!HasApproval(peer)) return absl::OkStatus();
  ASSIGN(const pb::PeerRules rules, CurrentRules(tx));
  const std::string grace_until = PlusDays(peer.valid_until(), rules.grace_days());
  TRY(tx.Schedule(kGraceTimer, id, EndOf(tx, grace_until)));
  if (peer.state() == pb::PEER_STATE_PAUSED) return absl::OkStatus();
  ApplyGrace(&peer);
  TRY(Save(tx, peer));
  auto event = About<pb::ApprovalGraceBegan>(peer);
  event.set_grace_until(grace_until);
  TRY(tx.Publish(event, peer));
  return WithdrawProposals(tx, "peer_id", peer.id());
}

// [P9] After the grace, the people of the peer are handed over too.
absl::Status OnGraceEnd(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::Peer peer, Load<pb::Peer>(tx, id));
  if (peer.state() != pb::PEER_STATE_GRACE && peer.state() != pb::PEER_STATE_PAUSED) return absl::OkStatus();
  ApplyExpiry(&peer);
  TRY(Save(tx, peer));
  TRY(CancelTimers(tx, peer));
  TRY(tx.Publish(About<pb::ApprovalExpired>(peer), peer));
  return HoldMatches(tx, peer, DayOf(tx, due)).status();
}

// Publishes overdue guidance even if there is no guide (casa#2590, #2611).
absl::Status OnGuidance(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Peer peer, Load<pb::Peer>(tx, id));
  if (!NeedsGuidance(peer.state()) || peer.guidance_overdue()) return absl::OkStatus();
  peer.set_guidance_overdue(true);
  TRY(Save(tx, peer));
  auto event = About<pb::GuidanceOverdue>(peer);
  event.set_due_date(peer.guidance_due_date());
  return tx.Publish(event, peer);
}

absl::Status OnProposalExpiry(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Proposal proposal, Load<pb::Proposal>(tx, id));
  if (!IsOpen(proposal.state())) return absl::OkStatus();
  // Both have accepted in time; the unit must start the match.
  if (proposal.state() == pb::PROPOSAL_STATE_BOTH) return absl::OkStatus();
  proposal.set_state(pb::PROPOSAL_STATE_EXPIRED);
  return CloseProposal(tx, &proposal);
}

absl::Status OnEvaluationEnd(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::EvaluationRound round, Load<pb::EvaluationRound>(tx, id));
  if (round.state() != pb::EVALUATION_ROUND_STATE_OPEN) return absl::OkStatus();
  return CloseRound(tx, DayOf(tx, due), &round);
}

}  // namespace

void RegisterTimers(Timers& timers) {
  timers.On(std::string(kExpiringTimer), OnExpiring);
  timers.On(std::string(kApprovalTimer), OnApprovalEnd);
  timers.On(std::string(kGraceTimer), OnGraceEnd);
  timers.On(std::string(kGuidanceTimer), OnGuidance);
  timers.On(std::string(kProposalTimer), OnProposalExpiry);
  timers.On(std::string(kEvaluationTimer), OnEvaluationEnd);
}

}  // namespace mestring::peer_support
