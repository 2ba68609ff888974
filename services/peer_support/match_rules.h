// The rules of how a person and a peer find each other: requests, proposals that need the consent of both, and matches.
//
// Pure, as peer_support_rules.h, with the same tags.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/rpc/token.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "services/peer_support/peer_support_rules.h"

namespace mestring::peer_support {

// `has_open`: the person waits for a peer already.
absl::Status MayHaveAnother(bool has_open);
pb::PeerRequest NewRequest(std::string id, const pb::RequestPeerRequest& request, std::string_view today);
bool IsOpen(pb::PeerRequestState state);
absl::Status MayClose(const pb::PeerRequest& request);
// NotFound unless the caller is one of the two, or works here and acts on their word.
absl::Status MayNameConflict(const Caller& caller, const pb::NameConflictRequest& request, const pb::Peer& peer);

// Whether the peer can stand beside somebody new. `guide` is null if there is none.
absl::Status MayTakeSomebody(const pb::Peer& peer, const pb::Guide* guide, std::string_view today);
// `load`: live matches and accepted proposals but the one in question.
absl::Status CheckCapacity(const pb::Peer& peer, int64_t load);
// Whether the two may be matched.
absl::Status MayMeet(const pb::PeerRequest& request, const pb::Peer& peer, bool has_conflict);
// `has_live_match`: of these two.
absl::Status MayMeetAgain(bool has_live_match);
// Whether the peer is what the person wished for.
absl::Status CheckWishes(const pb::PeerRequest& request, const pb::Peer& peer);
absl::Status MayPropose(const pb::PeerRequest& request);
pb::Proposal NewProposal(std::string id, const pb::PeerRequest& request, const pb::Peer& peer,
                         const pb::PeerRules& rules, std::string_view today);
bool IsOpen(pb::ProposalState state);
// An accepted proposal holds one of the peer's places.
bool HoldsPlace(pb::ProposalState state);
absl::Status MayAnswer(const pb::Proposal& proposal, pb::MatchSide side, pb::Answer answer, std::string_view today);
// `side` is whose consent it is; `passed_on` if staff says it for the person.
void ApplyAnswer(pb::MatchSide side, bool passed_on, pb::Answer answer, pb::Proposal* proposal);
absl::Status MayStart(const pb::Proposal& proposal);
// Both have said yes, so each knows who the other is.
bool KnowEachOther(pb::ProposalState state);
// A proposal as an event of this side tells it: nothing in it is the other side's.
pb::Proposal OfOneSide(pb::MatchSide side, pb::Proposal proposal);
// What of a proposal the caller is shown.
void Veil(const Caller& caller, pb::Proposal* proposal);
pb::Match NewMatch(std::string id, const pb::Proposal& proposal, const pb::PeerRequest& request,
                   std::string_view today);

bool IsLive(pb::MatchState state);
absl::Status MayEnd(const pb::Match& match);
// `peer_id`: to whom; "" if there is nobody yet.
absl::Status MayHandOver(const pb::Match& match, std::string_view peer_id);
void ApplyEnd(pb::MatchSide by, pb::EndReason reason, std::string_view today, pb::Match* match);
void ApplyHandOver(std::string_view today, pb::Match* match);
// What of a match the caller is shown.
void Veil(const Caller& caller, pb::Match* match);

}  // namespace mestring::peer_support
