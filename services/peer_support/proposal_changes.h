// What becomes of the proposals of peers to people.
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
    TRY(tx.Publish(event, told));
  }
  return absl::OkStatus();
}

// A proposal of a peer to a person, if the rules let it be.
absl::StatusOr<pb::Proposal> Propose(Tx& tx, pb::PeerRequest* request, const pb::Peer& peer);
// Nothing comes of a proposal (its state says how), and its request is open again.
absl::Status CloseProposal(Tx& tx, pb::Proposal* proposal);
// The open proposals in whose `column` the id stands are withdrawn.
absl::Status WithdrawProposals(Tx& tx, std::string_view column, std::string_view id);

}  // namespace mestring::peer_support
