#include "services/peer_support/match_rules.h"

#include <algorithm>
#include <utility>

#include "common/base/dates.h"
#include "common/base/errors.h"

namespace mestring::peer_support {
namespace {

absl::Status WishNotMet(std::string_view wish) {
  return Refused("WISH_NOT_MET", "the peer does not fit the wish of the person; propose another",
                 {{"wish", std::string(wish)}});
}

bool IsOneOf(pb::Experience has, pb::Experience wanted) {
  return has == wanted || has == pb::EXPERIENCE_BOTH || wanted == pb::EXPERIENCE_UNSPECIFIED;
}

}  // namespace

// A person has one open request at a time.
absl::Status MayHaveAnother(bool has_open) {
  return has_open ? Refused("REQUEST_OPEN", "the person has an open request already; withdraw or close it first")
                  : absl::OkStatus();
}

// [S1] Low threshold: a person asks without a referral.
pb::PeerRequest NewRequest(std::string id, const pb::RequestPeerRequest& request, std::string_view today) {
  pb::PeerRequest row;
  row.set_id(std::move(id));
  row.set_state(pb::PEER_REQUEST_STATE_OPEN);
  row.set_person_ref(request.person_ref());
  row.set_asks_as(request.asks_as());
  row.set_any_experience(request.any_experience());
  row.set_wish_experience(request.wish_experience());
  row.set_wish_language(LanguageOf(request.wish_language()));
  row.set_wish_gender(request.wish_gender());
  row.set_needed_by(request.needed_by());
  row.set_open_date(std::string(today));
  return row;
}

bool IsOpen(pb::PeerRequestState state) {
  return state == pb::PEER_REQUEST_STATE_OPEN || state == pb::PEER_REQUEST_STATE_PROPOSED;
}

absl::Status MayClose(const pb::PeerRequest& request) {
  return IsOpen(request.state()) ? absl::OkStatus() : WrongState(request.state(), "the request has ended already");
}

// [P4] Either of the two names a conflict of interest, for themself.
absl::Status MayNameConflict(const Caller& caller, const pb::NameConflictRequest& request, const pb::Peer& peer) {
  if (!IsPeer(caller, peer.person_ref())) TRY(MayActFor(caller, request.person_ref()));
  return peer.person_ref() == request.person_ref() ? OwnCase("name a conflict between two different people")
                                                   : absl::OkStatus();
}

// [P1] Only an ACTIVE peer with a valid approval and an active guide can be proposed or started (CASA; S1 veiledning).
// Other systems went on offering inactive peers (casa#535, #1184) and peers whose guides were away (casa#2139).
absl::Status MayTakeSomebody(const pb::Peer& peer, const pb::Guide* guide, std::string_view today) {
  if (peer.state() != pb::PEER_STATE_ACTIVE) return NotAvailable("ACTIVE");
  if (peer.valid_until() < today) return NotAvailable("APPROVAL");
  if (guide == nullptr || guide->state() != pb::GUIDE_STATE_ACTIVE) return NotAvailable("GUIDE");
  return absl::OkStatus();
}

// [P2] Live matches and accepted proposals never exceed the capacity. Those that were declined, ended or handed over do
// not count (VolunTrack#501).
absl::Status CheckCapacity(const pb::Peer& peer, int64_t load) {
  if (load < peer.capacity()) return absl::OkStatus();
  return Refused("CAPACITY_FULL", "the peer has no free place; choose another peer or raise the capacity");
}

absl::Status MayMeet(const pb::PeerRequest& request, const pb::Peer& peer, bool has_conflict) {
  // [P4] Nobody is their own peer; a conflict of interest refuses without a reason.
  if (request.person_ref() == peer.person_ref()) return OwnCase("nobody can be their own peer; choose another");
  if (has_conflict) return Refused("CONFLICT_OF_INTEREST", "these two people cannot be matched; choose another peer");
  // [P5] Next of kin get a peer who is next of kin unless they choose otherwise (S1: both next of kin and former users
  // are peers).
  if (request.asks_as() == pb::EXPERIENCE_NEXT_OF_KIN && !request.any_experience() &&
      !IsOneOf(peer.experience(), pb::EXPERIENCE_NEXT_OF_KIN)) {
    return Refused("KIN_REQUIRED", "choose a peer who is next of kin, or set any_experience if the person wishes it");
  }
  return absl::OkStatus();
}

// [P3] A peer and a person have one live match; when it has ended they may meet again (casa#457).
absl::Status MayMeetAgain(bool has_live_match) {
  return has_live_match ? Refused("ALREADY_MATCHED", "these two people are matched already") : absl::OkStatus();
}

absl::Status CheckWishes(const pb::PeerRequest& request, const pb::Peer& peer) {
  // A wish for both kinds of experience means a peer who has both.
  if (!IsOneOf(peer.experience(), request.wish_experience())) return WishNotMet("EXPERIENCE");
  if (!request.wish_language().empty() &&
      std::find(peer.languages().begin(), peer.languages().end(), request.wish_language()) == peer.languages().end()) {
    return WishNotMet("LANGUAGE");
  }
  if (request.wish_gender() != pb::GENDER_UNSPECIFIED && request.wish_gender() != peer.gender()) {
    return WishNotMet("GENDER");
  }
  return absl::OkStatus();
}

absl::Status MayPropose(const pb::PeerRequest& request) {
  if (request.state() == pb::PEER_REQUEST_STATE_PROPOSED) {
    return Refused("PROPOSAL_OPEN", "the request has an open proposal already; wait for the answers");
  }
  return MayClose(request);
}

pb::Proposal NewProposal(std::string id, const pb::PeerRequest& request, const pb::Peer& peer,
                         const pb::PeerRules& rules, std::string_view today) {
  pb::Proposal proposal;
  proposal.set_id(std::move(id));
  proposal.set_state(pb::PROPOSAL_STATE_PROPOSED);
  proposal.set_peer_request_id(request.id());
  proposal.set_peer_id(peer.id());
  proposal.set_person_ref(request.person_ref());
  proposal.set_peer_person_ref(peer.person_ref());
  proposal.set_peer_experience(peer.experience());
  proposal.set_answer_by(PlusDays(today, rules.answer_days()));
  return proposal;
}

bool IsOpen(pb::ProposalState state) {
  return state == pb::PROPOSAL_STATE_PROPOSED || state == pb::PROPOSAL_STATE_ACCEPTED_BY_PERSON || HoldsPlace(state);
}

bool HoldsPlace(pb::ProposalState state) {
  return state == pb::PROPOSAL_STATE_ACCEPTED_BY_PEER || state == pb::PROPOSAL_STATE_BOTH;
}

// [P6] Each answers for themself. Staff may pass on the answer of a person who has no access; a peer always answers
// themself (allReady#2242: the assignee must accept).
absl::Status MayAnswer(const pb::Proposal& proposal, pb::MatchSide side, pb::Answer answer, std::string_view today) {
  if (!IsOpen(proposal.state())) return WrongState(proposal.state(), "the proposal has ended already");
  // A side may take its consent back as long as the match has not started.
  if (answer == pb::ANSWER_DECLINE) return absl::OkStatus();
  if (today > proposal.answer_by()) return Refused("PROPOSAL_EXPIRED", "the last day to answer has passed");
  const bool by_peer = side == pb::MATCH_SIDE_PEER;
  const pb::ProposalState own = by_peer ? pb::PROPOSAL_STATE_ACCEPTED_BY_PEER : pb::PROPOSAL_STATE_ACCEPTED_BY_PERSON;
  if (proposal.state() == own || proposal.state() == pb::PROPOSAL_STATE_BOTH) {
    return Refused("ALREADY_ANSWERED", "this side has answered already");
  }
  return absl::OkStatus();
}

void ApplyAnswer(pb::MatchSide side, bool passed_on, pb::Answer answer, pb::Proposal* proposal) {
  proposal->set_answer_passed_on(proposal->answer_passed_on() || passed_on);
  if (answer == pb::ANSWER_DECLINE) {
    proposal->set_state(pb::PROPOSAL_STATE_DECLINED);
  } else if (proposal->state() != pb::PROPOSAL_STATE_PROPOSED) {
    proposal->set_state(pb::PROPOSAL_STATE_BOTH);
  } else {
    proposal->set_state(side == pb::MATCH_SIDE_PEER ? pb::PROPOSAL_STATE_ACCEPTED_BY_PEER
                                                    : pb::PROPOSAL_STATE_ACCEPTED_BY_PERSON);
  }
}

// [P6] A start needs the consent of both.
absl::Status MayStart(const pb::Proposal& proposal) {
  if (proposal.state() == pb::PROPOSAL_STATE_BOTH) return absl::OkStatus();
  return WrongState(proposal.state(), "both sides must accept before the match starts");
}

bool KnowEachOther(pb::ProposalState state) {
  return state == pb::PROPOSAL_STATE_BOTH || state == pb::PROPOSAL_STATE_STARTED;
}

// The ids of the other's request and of the other as a peer would reveal who it is to somebody who has met them before.
pb::Proposal OfOneSide(pb::MatchSide side, pb::Proposal proposal) {
  if (side == pb::MATCH_SIDE_PERSON) {
    proposal.clear_peer_id();
    proposal.clear_peer_person_ref();
  } else if (side == pb::MATCH_SIDE_PEER) {
    proposal.clear_peer_request_id();
    proposal.clear_person_ref();
  }
  return proposal;
}

// [P6] A side that declines, or whose proposal ends, stays unknown to the other. The unit knows both from the
// beginning.
void Veil(const Caller& caller, pb::Proposal* proposal) {
  if (WorksWithPeers(caller) || KnowEachOther(proposal->state())) return;
  const pb::MatchSide side = SideOf(caller, proposal->person_ref(), proposal->peer_person_ref());
  *proposal = OfOneSide(side, std::move(*proposal));
}

pb::Match NewMatch(std::string id, const pb::Proposal& proposal, const pb::PeerRequest& request,
                   std::string_view today) {
  pb::Match match;
  match.set_id(std::move(id));
  match.set_state(pb::MATCH_STATE_STARTED);
  match.set_proposal_id(proposal.id());
  match.set_peer_request_id(request.id());
  match.set_peer_id(proposal.peer_id());
  match.set_person_ref(proposal.person_ref());
  match.set_peer_person_ref(proposal.peer_person_ref());
  match.set_asked_as(request.asks_as());
  match.set_start_date(std::string(today));
  return match;
}

bool IsLive(pb::MatchState state) { return state == pb::MATCH_STATE_STARTED || state == pb::MATCH_STATE_ON_HOLD; }

// [P6] Either side ends a match at any time without a reason (NAPS). An ended match stays stored (casa#230).
absl::Status MayEnd(const pb::Match& match) {
  return IsLive(match.state()) ? absl::OkStatus() : WrongState(match.state(), "the match has ended already");
}

absl::Status MayHandOver(const pb::Match& match, std::string_view peer_id) {
  TRY(MayEnd(match));
  if (peer_id == match.peer_id()) return InvalidArgument("peer_id", "must be another peer, or empty");
  return absl::OkStatus();
}

void ApplyEnd(pb::MatchSide by, pb::EndReason reason, std::string_view today, pb::Match* match) {
  match->set_state(pb::MATCH_STATE_ENDED);
  match->set_ended_by(by);
  match->set_end_reason(reason);
  match->set_end_date(std::string(today));
}

void ApplyHandOver(std::string_view today, pb::Match* match) {
  match->set_state(pb::MATCH_STATE_HANDED_OVER);
  match->set_end_date(std::string(today));
}

// [P6] Only the unit sees who ended a match and why; the other side does not.
void Veil(const Caller& caller, pb::Match* match) {
  if (WorksWithPeers(caller)) return;
  match->clear_ended_by();
  match->clear_end_reason();
}

}  // namespace mestring::peer_support
