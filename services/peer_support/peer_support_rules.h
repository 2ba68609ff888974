// The rules of peer support. Whoever leads peers can read this file together with peer_support_rules.cc.
//
// Pure functions over the messages of the contract: no clock, no database. May… says whether a thing may
// happen; Check… whether a thing is as it must be; Apply… carries a permitted change out; New… makes what
// comes into being. Dates are ISO text, which compares as dates do.
//
// Tags of invariants and of their sources, such as [P1], are explained in INVARIANTS.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "common/base/dates.h"
#include "common/rpc/audience.h"
#include "common/rpc/token.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"

namespace mestring::peer_support {

namespace pb = v1;

// ---- Who sees what ---------------------------------------------------------------------------------

// Staff of the unit, its leader, and services that subscribe.
bool WorksWithPeers(const Caller& caller);
// The person of a request, match or seat, asking as who they are there.
bool IsPerson(const Caller& caller, std::string_view person_ref);
// The peer of a match or seat, asking as a peer.
bool IsPeer(const Caller& caller, std::string_view peer_person_ref);

// NotFound for those who may not, as if the thing did not exist.
absl::Status MaySee(const Caller& caller, const pb::Peer& peer);
absl::Status MaySee(const Caller& caller, const pb::PeerRequest& request);
absl::Status MaySee(const Caller& caller, const pb::Proposal& proposal);
absl::Status MaySee(const Caller& caller, const pb::Match& match);
absl::Status MaySee(const Caller& caller, const pb::Contact& contact);
absl::Status MaySee(const Caller& caller, const pb::GroupSeat& seat);

// True if this person's access log must not show that the caller looked at this thing or answered it.
template <class M>
bool IsHiddenFrom(std::string_view /*person_ref*/, const Caller&, const M&) {
  return false;
}
bool IsHiddenFrom(std::string_view person_ref, const Caller& caller, const pb::Proposal& proposal);

// For whom the caller acts in what is between a person and a peer: their own side, else the unit's.
pb::MatchSide SideOf(const Caller& caller, std::string_view person_ref, std::string_view peer_person_ref);
// NotFound unless the caller is that person, or works here and acts on their word.
absl::Status MayActFor(const Caller& caller, std::string_view person_ref);
// [P7] Nobody decides about themself, whatever hats they wear.
absl::Status MayDecideAbout(const Caller& caller, std::string_view person_ref);

// ---- Shapes of requests that the contract's field rules cannot say ---------------------------------

absl::Status Check(const pb::SetPeerRulesRequest& request);
absl::Status Check(const pb::RecordRequirementRequest& request);
absl::Status Check(const pb::StopPeerRequest& request);
absl::Status Check(const pb::RequestPeerRequest& request);
absl::Status Check(const pb::LogContactRequest& request);
absl::Status Check(const pb::OpenEvaluationRequest& request);
absl::Status Check(const pb::InviteToEvaluationRequest& request);
// Of what lies behind us: NOT_YET if it does not.
absl::Status CheckHappened(std::string_view date, std::string_view today);
// A language as it is stored and compared: "nb-no".
std::string LanguageOf(std::string_view code);

// ---- Becoming and being a peer ---------------------------------------------------------------------

pb::Peer NewPeer(std::string id, std::string_view person_ref, pb::PeerSource source);
absl::Status MayUpdate(const pb::Peer& peer);
// `rules` is null where none are in force yet.
absl::Status CheckProfile(const pb::PeerProfile& profile, const pb::PeerRules* rules);
void ApplyProfile(const pb::PeerProfile& profile, pb::Peer* peer);

absl::Status MayRecord(const pb::Peer& peer, std::string_view judged_date, std::string_view valid_until,
                       std::string_view today);
void ApplyRequirement(pb::Peer* peer);
// REQUIREMENTS_NOT_MET unless all that the rules ask for is met on that date. `records` are those of the
// peer's cycle.
absl::Status CheckRequirements(const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                               std::string_view date);

// Has an approval that is in force, and no pause.
bool IsApproved(pb::PeerState state);
absl::Status MayApprove(const pb::Peer& peer, const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                        std::string_view today);
absl::Status MayRenew(const pb::Peer& peer, const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                      std::string_view today);
// The approval that follows, a renewal if the peer has one.
pb::Approval NewApproval(std::string id, const pb::Peer& peer, const pb::PeerRules& rules,
                         const std::vector<pb::Requirement>& records, std::string_view today);
void ApplyApproval(const pb::Approval& approval, const pb::PeerRules& rules, std::string_view today, pb::Peer* peer);
// The approval has run out: its grace begins.
void ApplyGrace(pb::Peer* peer);
void ApplyExpiry(pb::Peer* peer);

absl::Status MayPause(const pb::Peer& peer, std::string_view return_date, std::string_view today);
void ApplyPause(std::string_view return_date, pb::Peer* peer);
absl::Status MayResume(const pb::Peer& peer, const pb::PeerRules& rules, std::string_view today);
void ApplyResume(const pb::PeerRules& rules, std::string_view today, pb::Peer* peer);
absl::Status MayStop(const pb::Peer& peer);
void ApplyStop(pb::StopKind kind, std::string_view today, pb::Peer* peer);
absl::Status MayReinstate(const pb::Peer& peer);
void ApplyReinstatement(pb::Peer* peer);

// ---- Guides ----------------------------------------------------------------------------------------

absl::Status MayChange(const pb::Guide& guide);
absl::Status MayAssign(const pb::Peer& peer, const pb::Guide& guide);
void ApplyGuide(const pb::Guide& guide, pb::Peer* peer);
absl::Status MayLogGuidance(const pb::Peer& peer, std::string_view held_date, std::string_view today);
void ApplyGuidance(const pb::PeerRules& rules, std::string_view held_date, pb::Peer* peer);
// The clock of guidance runs while somebody is, or could be, beside people.
bool NeedsGuidance(pb::PeerState state);

// ---- Requests, proposals and matches ---------------------------------------------------------------

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

// ---- Contacts and groups ---------------------------------------------------------------------------

absl::Status MayLog(const pb::Match& match, std::string_view contact_date, std::string_view today);
pb::Contact NewContact(std::string id, const pb::LogContactRequest& request, const pb::Match& match,
                       const pb::Peer& peer, std::string_view contact_date);
absl::Status MayWithdraw(const pb::Contact& contact);

absl::Status MayClose(const pb::SelfHelpGroup& group);
bool IsLive(pb::GroupSeatState state);
// NotFound unless the match is that person's. `seated`: there is a live seat of the person there.
absl::Status MaySeat(const pb::Match& match, std::string_view person_ref, bool seated);
absl::Status MayJoin(const pb::SelfHelpGroup& group, const pb::Peer& leader, std::string_view person_ref, bool seated);
absl::Status MayLeave(const pb::GroupSeat& seat);
void ApplySeatEnd(std::string_view today, pb::GroupSeat* seat);

// ---- Evaluation ------------------------------------------------------------------------------------

// `another_open`: a round is.
absl::Status MayOpenRound(std::string_view close_by, bool another_open, std::string_view today);
// Of a round to which people are invited, or which is closed.
absl::Status CheckOpen(const pb::EvaluationRound& round);
// Each question of the round is answered once, and nothing else.
absl::Status CheckScores(const pb::EvaluationRound& round,
                         const google::protobuf::RepeatedPtrField<pb::EvaluationScore>& scores);

// What one group answered to one question, added up.
struct ScoreSum {
  pb::Stakeholder stakeholder;
  std::string question_code;
  int64_t answers, score_sum;
};
// Closes the round with what may be published of the sums. `invited`: the groups that were asked.
void ApplyClose(const std::vector<pb::Stakeholder>& invited, const std::vector<ScoreSum>& sums, std::string_view today,
                pb::EvaluationRound* round);
// The figures of EvaluationClosed.
std::vector<common::v1::Figure> FiguresOf(const pb::EvaluationRound& round);
// Before and after, where both rounds published.
std::vector<pb::EvaluationChange> ChangesBetween(const pb::EvaluationRound& before, const pb::EvaluationRound& after);

}  // namespace mestring::peer_support
