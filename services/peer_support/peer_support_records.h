// What the use cases of peer support share: tables, loads that come with their refusal, and the changes that
// one case makes to another (a pause puts matches on hold, an end ends a seat).
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/errors.h"
#include "common/field_rules.h"
#include "common/ids.h"
#include "common/records.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/peer_support/peer_support_rules.h"

namespace mestring {

#define PEER_SUPPORT_TABLE_(Message, table, noun)                  \
  template <>                                                      \
  struct Table<peer_support::v1::Message> {                        \
    static constexpr std::string_view kName = table, kNoun = noun; \
  }
// As above, with a field that no column holds.
#define PEER_SUPPORT_TABLE_DERIVED_(Message, table, noun, derived)      \
  template <>                                                           \
  struct Table<peer_support::v1::Message> {                             \
    static constexpr std::string_view kName = table, kNoun = noun;      \
    static constexpr std::array kDerived = {std::string_view(derived)}; \
  }

PEER_SUPPORT_TABLE_(PeerRules, "peer_rules", "peer rules");
PEER_SUPPORT_TABLE_DERIVED_(Guide, "guides", "guide", "peers");
PEER_SUPPORT_TABLE_DERIVED_(Peer, "peers", "peer", "load");
PEER_SUPPORT_TABLE_(Requirement, "requirements", "requirement");
PEER_SUPPORT_TABLE_(Approval, "approvals", "approval");
PEER_SUPPORT_TABLE_(Guidance, "guidances", "guidance");
PEER_SUPPORT_TABLE_(Conflict, "conflicts", "conflict");
PEER_SUPPORT_TABLE_(PeerRequest, "peer_requests", "request");
PEER_SUPPORT_TABLE_(Proposal, "proposals", "proposal");
PEER_SUPPORT_TABLE_(Match, "matches", "match");
PEER_SUPPORT_TABLE_(HandOverTask, "hand_over_tasks", "task");
PEER_SUPPORT_TABLE_(Contact, "contacts", "contact");
PEER_SUPPORT_TABLE_DERIVED_(SelfHelpGroup, "self_help_groups", "group", "seats");
PEER_SUPPORT_TABLE_(GroupSeat, "group_seats", "seat");
PEER_SUPPORT_TABLE_(EvaluationRound, "evaluation_rounds", "evaluation round");

#undef PEER_SUPPORT_TABLE_
#undef PEER_SUPPORT_TABLE_DERIVED_

namespace peer_support {

// ---- Clocks: the kinds of timers, each for the id of its subject -----------------------------------

inline constexpr std::string_view kExpiringTimer = "approval_expiring";
inline constexpr std::string_view kApprovalTimer = "approval_end";
inline constexpr std::string_view kGraceTimer = "grace_end";
inline constexpr std::string_view kGuidanceTimer = "guidance";
inline constexpr std::string_view kProposalTimer = "proposal_expiry";
inline constexpr std::string_view kEvaluationTimer = "evaluation_end";

// ---- Conditions of SQL that more than one question uses --------------------------------------------

inline constexpr std::string_view kLiveMatch = "state IN ('MATCH_STATE_STARTED', 'MATCH_STATE_ON_HOLD')";
inline constexpr std::string_view kPlaceHolding = "state IN ('PROPOSAL_STATE_ACCEPTED_BY_PEER', 'PROPOSAL_STATE_BOTH')";
inline constexpr std::string_view kOpenProposal =
    "state IN ('PROPOSAL_STATE_PROPOSED', 'PROPOSAL_STATE_ACCEPTED_BY_PEER', 'PROPOSAL_STATE_ACCEPTED_BY_PERSON', "
    "'PROPOSAL_STATE_BOTH')";

// ---- Loads -----------------------------------------------------------------------------------------

// A resource about people, if the caller may see it. The access log of all of them shows the attempt.
template <class M>
absl::StatusOr<M> LoadVisible(Tx& tx, Call& call, std::string_view id) {
  ASSIGN(M row, Load<M>(tx, id));
  for (const std::string& person : PersonsIn(row)) call.Concerns(person);
  TRY(MaySee(call.caller, row));
  return row;
}

// The same, for a change: the caller's version must be the current one.
template <class M>
absl::StatusOr<M> LoadForChange(Tx& tx, Call& call, std::string_view id, int64_t expected_version) {
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

// ---- What one case does to another -----------------------------------------------------------------

// Saves a new approval and what follows from it: event, clocks, and matches that were on hold go on.
absl::Status SaveApproval(Tx& tx, const pb::PeerRules& rules, pb::Approval* approval, pb::Peer* peer);
// The clock of guidance by the peer's due date; none if they need no guidance.
absl::Status ScheduleGuidance(Tx& tx, const pb::Peer& peer);
// The clocks of approval and guidance stop.
absl::Status StopClocks(Tx& tx, const pb::Peer& peer);

// [P9] All live matches go on hold, each with an open task to hand it over, and open proposals are
// withdrawn. Returns how many matches went on hold.
absl::StatusOr<int> HoldMatches(Tx& tx, const pb::Peer& peer);
// The matches that are still on hold go on, and their tasks are done.
absl::Status ResumeMatches(Tx& tx, const pb::Peer& peer);

// A proposal of a peer to a person, if the rules let it be.
absl::StatusOr<pb::Proposal> Propose(Tx& tx, pb::PeerRequest* request, const pb::Peer& peer);
// Nothing comes of a proposal (its state says how), and its request is open again.
absl::Status CloseProposal(Tx& tx, pb::Proposal* proposal);
// The open proposals in `condition` are withdrawn.
absl::Status WithdrawProposals(Tx& tx, std::string_view column, std::string_view id);
// An ended match: saved and told, its seat and its task ended.
absl::Status EndMatch(Tx& tx, pb::MatchSide by, pb::EndReason reason, pb::Match* match);
// The task of a match is done, if it has one.
absl::Status FinishTask(Tx& tx, std::string_view match_id, pb::HandOverOutcome outcome);
// The seat of a match ends, if it has one.
absl::Status EndSeatOf(Tx& tx, const pb::Match& match);
absl::Status EndSeat(Tx& tx, pb::GroupSeat* seat);

// The round closes: what may be published is, and every invitation and sum is destroyed.
absl::Status CloseRound(Tx& tx, pb::EvaluationRound* round);

}  // namespace peer_support
}  // namespace mestring
