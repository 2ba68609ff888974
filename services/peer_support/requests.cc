// People ask for a peer, without a referral, and name conflicts of interest.
//
// A conflict of interest stores a pair of references and nothing else: neither why nor who named it, so no leak, order
// or query can reveal it (P4). The order of the pair does not show it either. A worker who lifts it must therefore ask
// the people themselves. Naming it publishes no event of its own: its time, beside the end of a match, would reveal
// what the end conceals.

#include <utility>

#include "common/base/ids.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/peer_support/match_changes.h"
#include "services/peer_support/match_rules.h"
#include "services/peer_support/peer_support.h"
#include "services/peer_support/proposal_changes.h"
#include "services/peer_support/reads.h"

namespace mestring::peer_support {
namespace {

// Ends a request. Withdraws its open proposal first, which opens the request again.
absl::Status EndRequest(Tx& tx, pb::PeerRequestState state, pb::CloseReason reason, pb::PeerRequest* request) {
  TRY(MayClose(*request));
  TRY(WithdrawProposals(tx, "peer_request_id", request->id()));
  ASSIGN(*request, Load<pb::PeerRequest>(tx, request->id()));
  request->set_state(state);
  request->set_close_reason(reason);
  return Save(tx, *request);
}

}  // namespace

absl::Status PeerSupport::RequestPeer(Tx& tx, Call& call, const pb::RequestPeerRequest& request,
                                      pb::RequestPeerResponse* response) {
  TRY(Check(request));
  TRY(MayActFor(call.caller, request.person_ref()));
  TRY(CheckPlannable("needed_by", request.needed_by(), Today(tx)));
  static const std::string open =
      absl::StrCat("WHERE person_ref = :person AND ", InStates<pb::PeerRequestState>(IsOpen));
  ASSIGN(const bool has_one, Exists<pb::PeerRequest>(tx, open, request.person_ref()));
  TRY(MayHaveAnother(has_one));
  pb::PeerRequest row = NewRequest(NewId(tx.now()), request, Today(tx));
  TRY(Insert(tx, row));
  pb::PeerRequested event;
  event.set_peer_request_id(row.id());
  event.set_person_ref(row.person_ref());
  event.set_asks_as(row.asks_as());
  event.set_needed_by(row.needed_by());
  TRY(tx.Publish(event, row));
  *response->mutable_peer_request() = std::move(row);
  return absl::OkStatus();
}

absl::Status PeerSupport::WithdrawRequest(Tx& tx, Call& call, const pb::WithdrawRequestRequest& request,
                                          pb::WithdrawRequestResponse* response) {
  ASSIGN(pb::PeerRequest row,
         AtVersion(request.expected_version(), LoadVisible<pb::PeerRequest>(tx, call, request.peer_request_id())));
  TRY(EndRequest(tx, pb::PEER_REQUEST_STATE_WITHDRAWN, pb::CLOSE_REASON_UNSPECIFIED, &row));
  pb::PeerRequestWithdrawn event;
  event.set_peer_request_id(row.id());
  event.set_person_ref(row.person_ref());
  TRY(tx.Publish(event, row));
  *response->mutable_peer_request() = std::move(row);
  return absl::OkStatus();
}

absl::Status PeerSupport::CloseRequest(Tx& tx, Call& call, const pb::CloseRequestRequest& request,
                                       pb::CloseRequestResponse* response) {
  ASSIGN(pb::PeerRequest row,
         AtVersion(request.expected_version(), LoadVisible<pb::PeerRequest>(tx, call, request.peer_request_id())));
  TRY(EndRequest(tx, pb::PEER_REQUEST_STATE_CLOSED, request.close_reason(), &row));
  pb::PeerRequestClosed event;
  event.set_peer_request_id(row.id());
  event.set_person_ref(row.person_ref());
  event.set_close_reason(row.close_reason());
  TRY(tx.Publish(event, row));
  *response->mutable_peer_request() = std::move(row);
  return absl::OkStatus();
}

absl::Status PeerSupport::GetRequest(Tx& tx, Call& call, const pb::GetRequestRequest& request,
                                     pb::GetRequestResponse* response) {
  ASSIGN(*response->mutable_peer_request(), LoadVisible<pb::PeerRequest>(tx, call, request.peer_request_id()));
  return absl::OkStatus();
}

absl::Status PeerSupport::ListRequests(Tx& tx, Call& call, const pb::ListRequestsRequest& request,
                                       pb::ListRequestsResponse* response) {
  Filter filter = VisibleTo(call.caller, false);
  filter.Is("person_ref", request.person_ref()).IsState("state", request.state());
  if (request.waiting_days() > 0) {
    filter.Where(InStates<pb::PeerRequestState>(IsOpen))
        .Where("open_date <= ?", PlusDays(Today(tx), -request.waiting_days()));
  }
  return ListPage(tx, filter, request, response->mutable_peer_requests(), response);
}

absl::Status PeerSupport::NameConflict(Tx& tx, Call& call, const pb::NameConflictRequest& request,
                                       pb::NameConflictResponse*) {
  ASSIGN(const pb::Peer peer, Load<pb::Peer>(tx, request.peer_id()));
  // [P4] Neither of the two learns that the other named them: not from a match, and not from their access log.
  for (const std::string* end : {&request.person_ref(), &peer.person_ref()}) {
    *end == call.caller.person_ref ? call.RecordAccess(*end) : call.ConcernsHidden(*end);
  }
  TRY(MayNameConflict(call.caller, request, peer));
  ASSIGN(const bool known, HasConflict(tx, request.person_ref(), peer.person_ref()));
  if (!known) {
    pb::Conflict conflict;
    conflict.set_id(NewId(tx.now()));
    conflict.set_person_ref(std::min(request.person_ref(), peer.person_ref()));
    conflict.set_other_person_ref(std::max(request.person_ref(), peer.person_ref()));
    TRY(Insert(tx, conflict));
  }
  // Ends what is open between the two: a match, by the unit; a proposal, as if the peer had become unavailable.
  ASSIGN(std::vector<pb::Match> matches,
         Select<pb::Match>(
             tx, absl::StrCat("WHERE peer_id = :peer AND person_ref = :person AND ", InStates<pb::MatchState>(IsLive)),
             peer.id(), request.person_ref()));
  for (pb::Match& match : matches)
    TRY(peer_support::EndMatch(tx, pb::MATCH_SIDE_UNIT, pb::END_REASON_UNSPECIFIED, &match));
  ASSIGN(
      const std::vector<pb::Proposal> proposals,
      Select<pb::Proposal>(
          tx, absl::StrCat("WHERE peer_id = :peer AND person_ref = :person AND ", InStates<pb::ProposalState>(IsOpen)),
          peer.id(), request.person_ref()));
  for (const pb::Proposal& proposal : proposals) TRY(WithdrawProposals(tx, "id", proposal.id()));
  return absl::OkStatus();
}

absl::Status PeerSupport::LiftConflict(Tx& tx, Call& call, const pb::LiftConflictRequest& request,
                                       pb::LiftConflictResponse*) {
  ASSIGN(const pb::Peer peer, Load<pb::Peer>(tx, request.peer_id()));
  call.ConcernsHidden(request.person_ref());
  call.ConcernsHidden(peer.person_ref());
  ASSIGN(const int64_t removed,
         tx.Exec("DELETE FROM conflicts WHERE person_ref = :one AND other_person_ref = :other",
                 std::min(request.person_ref(), peer.person_ref()), std::max(request.person_ref(), peer.person_ref())));
  if (removed == 0) return NotFound("conflict");
  // [P4] The event names the peer only. It has no id of the conflict, which would show when it was named.
  pb::ConflictLifted event;
  event.set_peer_id(peer.id());
  return tx.Publish(event, NewId(tx.now()), 1);
}

}  // namespace mestring::peer_support
