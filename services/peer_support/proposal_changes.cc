#include "services/peer_support/proposal_changes.h"

#include <string>
#include <vector>

#include "common/base/ids.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/peer_support/match_rules.h"
#include "services/peer_support/reads.h"

namespace mestring::peer_support {

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
  TRY(PublishToBothSides<pb::MatchProposed>(tx, &proposal, [](const pb::Proposal& told, pb::MatchProposed* event) {
    event->set_peer_request_id(told.peer_request_id());
    event->set_answer_by(told.answer_by());
  }));
  TRY(tx.Schedule(kProposalTimer, proposal.id(), EndOf(tx, proposal.answer_by())));
  return proposal;
}

absl::Status CloseProposal(Tx& tx, pb::Proposal* proposal) {
  TRY(Save(tx, *proposal));
  TRY(tx.CancelTimer(kProposalTimer, proposal->id()));
  TRY(PublishToBothSides<pb::ProposalClosed>(tx, proposal, [](const pb::Proposal& told, pb::ProposalClosed* event) {
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

}  // namespace mestring::peer_support
