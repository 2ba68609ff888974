// Changes of proposals of a peer to a person.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "common/store/records.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "services/peer_support/match_rules.h"
#include "services/peer_support/tables.h"

namespace mestring::peer_support {

// The timer of a proposal, for its id.
inline constexpr std::string_view kProposalTimer = "proposal_expiry";

// Publishes an event for each side of a proposal, without anything about the other; `fill` adds further fields. Saves
// the proposal between the two, so that each event has a version of its own.
template <class Event, class Fill>
absl::Status PublishToBothSides(Tx& tx, pb::Proposal* proposal, const Fill& fill) {
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
    TRY(tx.Publish(event, told));
  }
  return absl::OkStatus();
}

// Proposes a peer to a person, if the rules allow it.
absl::StatusOr<pb::Proposal> Propose(Tx& tx, pb::PeerRequest* request, const pb::Peer& peer);
// Saves and publishes a proposal that has ended (its state says how), and opens its request again.
absl::Status CloseProposal(Tx& tx, pb::Proposal* proposal);
// Withdraws the open proposals whose `column` has the id.
absl::Status WithdrawProposals(Tx& tx, std::string_view column, std::string_view id);

}  // namespace mestring::peer_support
