// The rules of how a person and a peer find each other: requests, proposals that need the consent of both, and matches.
//
// The functions are pure; the tags are those of peer_support_rules.h.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/rpc/token.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "services/peer_support/peer_support_rules.h"

namespace mestring::peer_support {

// `has_open`: the person has an open request.
absl::Status MayHaveAnother(bool has_open);
pb::PeerRequest NewRequest(std::string id, const pb::RequestPeerRequest& request, std::string_view today);
bool IsOpen(pb::PeerRequestState state);
absl::Status MayClose(const pb::PeerRequest& request);
// NotFound unless the caller is one of the two, or works with peers and acts on their word.
absl::Status MayNameConflict(const Caller& caller, const pb::NameConflictRequest& request, const pb::Peer& peer);

// Whether the peer can take a new person. `guide`: null if there is none.
absl::Status MayTakeSomebody(const pb::Peer& peer, const pb::Guide* guide, std::string_view today);
// `load`: live matches and accepted proposals, without the one in question.
absl::Status CheckCapacity(const pb::Peer& peer, int64_t load);
// Whether the two may be matched.
absl::Status MayMeet(const pb::PeerRequest& request, const pb::Peer& peer, bool has_conflict);
// `has_live_match`: the two have one.
absl::Status MayMeetAgain(bool has_live_match);
// Whether the peer fits the wishes of the person.
absl::Status CheckWishes(const pb::PeerRequest& request, const pb::Peer& peer);
absl::Status MayPropose(const pb::PeerRequest& request);
pb::Proposal NewProposal(std::string id, const pb::PeerRequest& request, const pb::Peer& peer,
                         const pb::PeerRules& rules, std::string_view today);
bool IsOpen(pb::ProposalState state);
// Whether the proposal uses one of the peer's places: the peer has accepted it.
bool HoldsPlace(pb::ProposalState state);
absl::Status MayAnswer(const pb::Proposal& proposal, pb::MatchSide side, pb::Answer answer, std::string_view today);
// `side`: whose consent it is. `passed_on`: staff give it for the person.
void ApplyAnswer(pb::MatchSide side, bool passed_on, pb::Answer answer, pb::Proposal* proposal);
absl::Status MayStart(const pb::Proposal& proposal);
// Whether each knows who the other is: both have consented.
bool KnowEachOther(pb::ProposalState state);
// The proposal as this side may see it, without anything about the other side.
pb::Proposal OfOneSide(pb::MatchSide side, pb::Proposal proposal);
// Removes from a proposal what the caller may not see.
void Veil(const Caller& caller, pb::Proposal* proposal);
pb::Match NewMatch(std::string id, const pb::Proposal& proposal, const pb::PeerRequest& request,
                   std::string_view today);

bool IsLive(pb::MatchState state);
absl::Status MayEnd(const pb::Match& match);
// `peer_id`: the new peer; "" if there is none yet.
absl::Status MayHandOver(const pb::Match& match, std::string_view peer_id);
void ApplyEnd(pb::MatchSide by, pb::EndReason reason, std::string_view today, pb::Match* match);
void ApplyHandOver(std::string_view today, pb::Match* match);
// Removes from a match what the caller may not see.
void Veil(const Caller& caller, pb::Match* match);

}  // namespace mestring::peer_support
