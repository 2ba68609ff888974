// The rules of peers and their guides, and of who sees what. Whoever leads peers can read this file together with
// peer_support_rules.cc. The rules of requests, proposals and matches stand in match_rules.h, of contacts and groups in
// contact_rules.h, of evaluation in evaluation_rules.h.
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
#include "common/base/dates.h"
#include "common/rpc/audience.h"
#include "common/rpc/token.h"
#include "mestring/peer_support/v1/peer_support.pb.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"

namespace mestring::peer_support {

namespace pb = v1;

// Refusals of several of these rules. `missing`: what the peer would need, such as GUIDE.
absl::Status NotAvailable(std::string_view missing);
absl::Status OwnCase(std::string_view sentence);

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

}  // namespace mestring::peer_support
