#include "services/peer_support/reads.h"

#include "services/peer_support/match_rules.h"

// The load of a peer is counted from two partial indexes of open rows; a counter in the peer's row would be quicker to
// read, and wrong after the first forgotten decrement (P2).

#include <algorithm>
#include <utility>

namespace mestring::peer_support {

std::string LiveSeats() { return NotInState(pb::GROUP_SEAT_STATE_ENDED); }

absl::StatusOr<pb::Peer> LoadToDecide(Tx& tx, Call& call, std::string_view peer_id, int64_t expected_version) {
  ASSIGN(pb::Peer peer, AtVersion(expected_version, LoadVisible<pb::Peer>(tx, call, peer_id)));
  TRY(MayDecideAbout(call.caller, peer.person_ref()));
  return peer;
}

absl::StatusOr<pb::PeerRules> CurrentRules(Tx& tx) {
  return Or(Newest<pb::PeerRules>(tx), Refused("RULES_MISSING", "no peer rules are in force; set them first"));
}

absl::StatusOr<std::optional<pb::Guide>> GuideOf(Tx& tx, const pb::Peer& peer) {
  if (peer.guide_id().empty()) return std::optional<pb::Guide>();
  ASSIGN(pb::Guide guide, Load<pb::Guide>(tx, peer.guide_id()));
  return std::optional<pb::Guide>(std::move(guide));
}

absl::StatusOr<std::map<std::string, int64_t>> LoadsOf(Tx& tx, std::string_view first_peer_id,
                                                       std::string_view last_peer_id, std::string_view but_for) {
  static const std::string sql = absl::StrCat(
      "SELECT peer_id, COUNT(*) FROM (SELECT peer_id FROM matches WHERE peer_id >= :first1 AND peer_id <= :last1"
      " AND id <> :but1 AND ",
      InStates<pb::MatchState>(IsLive),
      " UNION ALL SELECT peer_id FROM proposals WHERE peer_id >= :first2 AND peer_id <= :last2 AND id <> :but2 AND ",
      InStates(HoldsPlace), ") held GROUP BY peer_id");
  ASSIGN(const auto rows, (tx.Query<std::string, int64_t>(sql, first_peer_id, last_peer_id, but_for, first_peer_id,
                                                          last_peer_id, but_for)));
  std::map<std::string, int64_t> loads;
  for (const auto& [peer_id, load] : rows) loads[peer_id] = load;
  return loads;
}

absl::StatusOr<int64_t> LoadOf(Tx& tx, std::string_view peer_id, std::string_view but_for) {
  ASSIGN(const auto loads, LoadsOf(tx, peer_id, peer_id, but_for));
  return loads.empty() ? 0 : loads.begin()->second;
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

absl::Status CheckFits(Tx& tx, const pb::PeerRequest& request, const pb::Peer& peer) {
  ASSIGN(const bool has_conflict, HasConflict(tx, request.person_ref(), peer.person_ref()));
  TRY(MayMeet(request, peer, has_conflict));
  return CheckWishes(request, peer);
}

Filter VisibleTo(const Caller& caller, bool has_peer) {
  Filter filter;
  if (WorksWithPeers(caller)) return filter;
  const bool as_person = IsPerson(caller, caller.person_ref), as_peer = has_peer && IsPeer(caller, caller.person_ref);
  if (as_person && as_peer) {
    return filter.Where("(person_ref = ? OR peer_person_ref = ?)", caller.person_ref, caller.person_ref);
  }
  if (!as_person && !as_peer) return filter.Where("1 = 0");
  return filter.IsExactly(as_person ? "person_ref" : "peer_person_ref", caller.person_ref);
}

}  // namespace mestring::peer_support
