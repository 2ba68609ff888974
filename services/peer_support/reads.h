// Reads that several use cases share, with the error of each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/field_rules.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "common/store/records.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "services/peer_support/peer_support_rules.h"
#include "services/peer_support/tables.h"

namespace mestring::peer_support {

// Condition: a live seat, with the text of the partial indexes of seats, because SQLite uses them for no other.
std::string LiveSeats();

// A resource about people, if the caller may see it. The access logs of all of them show the attempt, except where it
// must stay hidden.
template <class M>
absl::StatusOr<M> LoadVisible(Tx& tx, Call& call, std::string_view id) {
  ASSIGN(M row, Load<M>(tx, id));
  for (const std::string& person : PersonsIn(row)) {
    IsHiddenFrom(person, call.caller, row) ? call.ConcernsHidden(person) : call.RecordAccess(person);
  }
  TRY(MaySee(call.caller, row));
  return row;
}

// A peer about whom the caller decides; OWN_CASE for themself.
absl::StatusOr<pb::Peer> LoadToDecide(Tx& tx, Call& call, std::string_view peer_id, int64_t expected_version);

// RULES_MISSING if none are set.
absl::StatusOr<pb::PeerRules> CurrentRules(Tx& tx);
// The peer's guide, if there is one.
absl::StatusOr<std::optional<pb::Guide>> GuideOf(Tx& tx, const pb::Peer& peer);
// How many live matches and accepted proposals each peer has, of those whose ids lie between two (both included),
// without one proposal or match that is in question. A peer who has none is left out.
absl::StatusOr<std::map<std::string, int64_t>> LoadsOf(Tx& tx, std::string_view first_peer_id,
                                                       std::string_view last_peer_id, std::string_view but_for = "");
// The same of one peer.
absl::StatusOr<int64_t> LoadOf(Tx& tx, std::string_view peer_id, std::string_view but_for = "");
absl::StatusOr<bool> HasConflict(Tx& tx, std::string_view person_ref, std::string_view other_person_ref);
// Checks [P1] and [P2] for a peer as they are now. `but_for` as in LoadOf.
absl::Status CheckCanTake(Tx& tx, const pb::Peer& peer, std::string_view but_for = "");
// Checks [P4], [P5] and the wishes for a peer as they are now.
absl::Status CheckFits(Tx& tx, const pb::PeerRequest& request, const pb::Peer& peer);

// The conditions that limit a list to what the caller may see: everything, or their own as a person or a peer.
Filter VisibleTo(const Caller& caller, bool has_peer);

}  // namespace mestring::peer_support
