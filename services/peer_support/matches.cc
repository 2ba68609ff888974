// Proposals, the consent of both, matches, and their end or hand-over.
//
// Capacity and fit are checked when a peer is proposed, when they accept, and when the match starts (P2, P5), because a
// profile may have changed in between. Writes run one at a time, so the last of two hundred parallel starts sees the
// places that the others took. A hand-over never gives a person to somebody they have not agreed to: it ends the match
// and opens a new proposal (P6). To carry the consent over would save a question and take away the right to be asked.

#include <utility>

#include "common/base/ids.h"
#include "services/peer_support/events.h"
#include "services/peer_support/group_changes.h"
#include "services/peer_support/match_changes.h"
#include "services/peer_support/match_rules.h"
#include "services/peer_support/peer_support.h"
#include "services/peer_support/proposal_changes.h"
#include "services/peer_support/reads.h"

namespace mestring::peer_support {

absl::Status PeerSupport::ProposeMatch(Tx& tx, Call& call, const pb::ProposeMatchRequest& request,
                                       pb::ProposeMatchResponse* response) {
  ASSIGN(pb::PeerRequest row,
         AtVersion(request.expected_version(), LoadVisible<pb::PeerRequest>(tx, call, request.peer_request_id())));
  ASSIGN(const pb::Peer peer, LoadVisible<pb::Peer>(tx, call, request.peer_id()));
  ASSIGN(*response->mutable_proposal(), Propose(tx, &row, peer));
  return absl::OkStatus();
}

absl::Status PeerSupport::AnswerProposal(Tx& tx, Call& call, const pb::AnswerProposalRequest& request,
                                         pb::AnswerProposalResponse* response) {
  ASSIGN(pb::Proposal proposal,
         AtVersion(request.expected_version(), LoadVisible<pb::Proposal>(tx, call, request.proposal_id())));
  pb::MatchSide side = SideOf(call.caller, proposal.person_ref(), proposal.peer_person_ref());
  const bool passed_on = side == pb::MATCH_SIDE_UNIT;
  if (passed_on) {
    TRY(MayDecideAbout(call.caller, proposal.peer_person_ref()));
    side = pb::MATCH_SIDE_PERSON;
  }
  TRY(MayAnswer(proposal, side, request.answer(), Today(tx)));
  if (side == pb::MATCH_SIDE_PEER && request.answer() == pb::ANSWER_ACCEPT) {
    ASSIGN(const pb::Peer peer, Load<pb::Peer>(tx, proposal.peer_id()));
    ASSIGN(const pb::PeerRequest row, Load<pb::PeerRequest>(tx, proposal.peer_request_id()));
    // No conflict can be open here: naming one withdraws open proposals in the same write, and nothing here may show a
    // peer that there was one (P4).
    TRY(MayMeet(row, peer, false));
    TRY(CheckWishes(row, peer));
    TRY(CheckCanTake(tx, peer, proposal.id()));
  }
  ApplyAnswer(side, passed_on, request.answer(), &proposal);
  if (proposal.state() == pb::PROPOSAL_STATE_DECLINED) {
    TRY(CloseProposal(tx, &proposal));
  } else {
    TRY(Save(tx, proposal));
    TRY(PublishToBothSides<pb::ProposalAccepted>(
        tx, &proposal, [](const pb::Proposal& told, pb::ProposalAccepted* event) { event->set_state(told.state()); }));
  }
  Veil(call.caller, &proposal);
  *response->mutable_proposal() = std::move(proposal);
  return absl::OkStatus();
}

absl::Status PeerSupport::StartMatch(Tx& tx, Call& call, const pb::StartMatchRequest& request,
                                     pb::StartMatchResponse* response) {
  ASSIGN(pb::Proposal proposal,
         AtVersion(request.expected_version(), LoadVisible<pb::Proposal>(tx, call, request.proposal_id())));
  TRY(MayStart(proposal));
  ASSIGN(const pb::Peer peer, Load<pb::Peer>(tx, proposal.peer_id()));
  ASSIGN(pb::PeerRequest row, Load<pb::PeerRequest>(tx, proposal.peer_request_id()));
  TRY(CheckFits(tx, row, peer));
  TRY(CheckCanTake(tx, peer, proposal.id()));
  pb::Match match = NewMatch(NewId(tx.now()), proposal, row, Today(tx));
  TRY(Insert(tx, match));
  proposal.set_state(pb::PROPOSAL_STATE_STARTED);
  proposal.set_match_id(match.id());
  TRY(Save(tx, proposal));
  TRY(tx.CancelTimer(kProposalTimer, proposal.id()));
  row.set_state(pb::PEER_REQUEST_STATE_MATCHED);
  TRY(Save(tx, row));
  auto event = About<pb::MatchStarted>(match);
  event.set_peer_request_id(row.id());
  event.set_proposal_id(proposal.id());
  event.set_start_date(match.start_date());
  TRY(tx.Publish(event, match));
  *response->mutable_match() = std::move(match);
  *response->mutable_proposal() = std::move(proposal);
  return absl::OkStatus();
}

absl::Status PeerSupport::EndMatch(Tx& tx, Call& call, const pb::EndMatchRequest& request,
                                   pb::EndMatchResponse* response) {
  ASSIGN(pb::Match match, AtVersion(request.expected_version(), LoadVisible<pb::Match>(tx, call, request.match_id())));
  const pb::MatchSide side = SideOf(call.caller, match.person_ref(), match.peer_person_ref());
  // [P6] The other side does not learn who ended the match: not from the match (Veil), and not from their access log.
  if (side == pb::MATCH_SIDE_PERSON) call.ConcernsHidden(match.peer_person_ref());
  if (side == pb::MATCH_SIDE_PEER) call.ConcernsHidden(match.person_ref());
  TRY(MayEnd(match));
  TRY(peer_support::EndMatch(tx, side, request.end_reason(), &match));
  Veil(call.caller, &match);
  *response->mutable_match() = std::move(match);
  return absl::OkStatus();
}

absl::Status PeerSupport::HandOverMatch(Tx& tx, Call& call, const pb::HandOverMatchRequest& request,
                                        pb::HandOverMatchResponse* response) {
  ASSIGN(pb::Match match, AtVersion(request.expected_version(), LoadVisible<pb::Match>(tx, call, request.match_id())));
  TRY(MayHandOver(match, request.peer_id()));
  // The request opens again (CareTogetherCMS#331), unless the person has made another meanwhile.
  ASSIGN(pb::PeerRequest row, Load<pb::PeerRequest>(tx, match.peer_request_id()));
  ASSIGN(std::vector<pb::PeerRequest> newer,
         Select<pb::PeerRequest>(
             tx, absl::StrCat("WHERE person_ref = :person AND ", InStates<pb::PeerRequestState>(IsOpen)),
             match.person_ref()));
  if (!newer.empty()) row = std::move(newer.front());
  ApplyHandOver(Today(tx), &match);
  TRY(Save(tx, match));
  auto event = About<pb::MatchHandedOver>(match);
  event.set_peer_request_id(row.id());
  ASSIGN(*event.mutable_hand_over_task_id(), FinishTask(tx, match.id(), pb::HAND_OVER_OUTCOME_HANDED_OVER));
  TRY(tx.Publish(event, match));
  TRY(EndSeatOf(tx, match));
  if (row.state() == pb::PEER_REQUEST_STATE_MATCHED) {
    row.set_state(pb::PEER_REQUEST_STATE_OPEN);
    TRY(Save(tx, row));
  }
  if (!request.peer_id().empty()) {
    ASSIGN(const pb::Peer peer, LoadVisible<pb::Peer>(tx, call, request.peer_id()));
    ASSIGN(*response->mutable_proposal(), Propose(tx, &row, peer));
  }
  *response->mutable_match() = std::move(match);
  return absl::OkStatus();
}

absl::Status PeerSupport::GetMatch(Tx& tx, Call& call, const pb::GetMatchRequest& request,
                                   pb::GetMatchResponse* response) {
  ASSIGN(*response->mutable_match(), LoadVisible<pb::Match>(tx, call, request.match_id()));
  Veil(call.caller, response->mutable_match());
  return absl::OkStatus();
}

absl::Status PeerSupport::ListProposals(Tx& tx, Call& call, const pb::ListProposalsRequest& request,
                                        pb::ListProposalsResponse* response) {
  Filter filter = VisibleTo(call.caller, true);
  filter.Is("peer_request_id", request.peer_request_id())
      .Is("peer_id", request.peer_id())
      .IsState("state", request.state());
  // A side can only filter by what it may see of a proposal, so a guess at the rest finds nothing.
  if (!WorksWithPeers(call.caller)) {
    const auto own_or_known = [&](std::string_view column) {
      filter.Where(absl::StrCat("(", column, " = ? OR ", InStates(KnowEachOther), ")"), call.caller.person_ref);
    };
    if (!request.peer_request_id().empty()) own_or_known("person_ref");
    if (!request.peer_id().empty()) own_or_known("peer_person_ref");
  }
  TRY(ListPage(tx, filter, request, response->mutable_proposals(), response));
  for (pb::Proposal& proposal : *response->mutable_proposals()) Veil(call.caller, &proposal);
  return absl::OkStatus();
}

absl::Status PeerSupport::ListMatches(Tx& tx, Call& call, const pb::ListMatchesRequest& request,
                                      pb::ListMatchesResponse* response) {
  Filter filter = VisibleTo(call.caller, true);
  filter.Is("peer_id", request.peer_id()).Is("person_ref", request.person_ref()).IsState("state", request.state());
  if (request.without_contact_days() > 0) {
    filter.Where(InState(pb::MATCH_STATE_STARTED))
        .Where("COALESCE(last_contact_date, start_date) < ?", PlusDays(Today(tx), -request.without_contact_days()));
  }
  TRY(ListPage(tx, filter, request, response->mutable_matches(), response));
  for (pb::Match& match : *response->mutable_matches()) Veil(call.caller, &match);
  return absl::OkStatus();
}

absl::Status PeerSupport::ListHandOverTasks(Tx& tx, Call&, const pb::ListHandOverTasksRequest& request,
                                            pb::ListHandOverTasksResponse* response) {
  Filter filter;
  if (!request.all()) filter.IsState("state", pb::HAND_OVER_TASK_STATE_OPEN);
  return ListPage(tx, filter, request, response->mutable_hand_over_tasks(), response);
}

}  // namespace mestring::peer_support
