// The rules of peers and their guides, and of who sees what. A leader of peers can read this file together with
// peer_support_rules.cc. Other rules: match_rules.h (requests, proposals, matches), contact_rules.h (contacts, groups)
// and evaluation_rules.h.
//
// Pure functions over the messages of the contract: no clock, no database. May… says whether something is allowed;
// Check… whether a value is valid; Apply… makes a permitted change; New… makes a new resource. Dates are ISO
// text, which sorts as dates do.
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

// Errors of several of these rules. `missing`: what the peer would need, such as GUIDE.
absl::Status NotAvailable(std::string_view missing);
absl::Status OwnCase(std::string_view sentence);

// ---- Who sees what ---------------------------------------------------------------------------------

// Staff of the unit, its leader, and services that subscribe.
bool WorksWithPeers(const Caller& caller);
// Whether the caller is the person of a request, match or seat, in that role.
bool IsPerson(const Caller& caller, std::string_view person_ref);
// Whether the caller is the peer of a match or seat, in that role.
bool IsPeer(const Caller& caller, std::string_view peer_person_ref);

// NotFound if the caller may not see the resource, as if it did not exist.
absl::Status MaySee(const Caller& caller, const pb::Peer& peer);
absl::Status MaySee(const Caller& caller, const pb::PeerRequest& request);
absl::Status MaySee(const Caller& caller, const pb::Proposal& proposal);
absl::Status MaySee(const Caller& caller, const pb::Match& match);
absl::Status MaySee(const Caller& caller, const pb::Contact& contact);
absl::Status MaySee(const Caller& caller, const pb::GroupSeat& seat);

// Whether the access log of this person must not show that the caller read or answered this resource.
template <class M>
bool IsHiddenFrom(std::string_view /*person_ref*/, const Caller&, const M&) {
  return false;
}
bool IsHiddenFrom(std::string_view person_ref, const Caller& caller, const pb::Proposal& proposal);

// For whom the caller acts between a person and a peer: their own side, otherwise the unit.
pb::MatchSide SideOf(const Caller& caller, std::string_view person_ref, std::string_view peer_person_ref);
// NotFound unless the caller is that person, or works with peers and acts on their word.
absl::Status MayActFor(const Caller& caller, std::string_view person_ref);
// [P7] Nobody decides about themself, whatever roles they have.
absl::Status MayDecideAbout(const Caller& caller, std::string_view person_ref);

// ---- Shapes of requests that the contract's field rules cannot say ---------------------------------

absl::Status Check(const pb::SetPeerRulesRequest& request);
absl::Status Check(const pb::RecordRequirementRequest& request);
absl::Status Check(const pb::StopPeerRequest& request);
absl::Status Check(const pb::RequestPeerRequest& request);
absl::Status Check(const pb::LogContactRequest& request);
absl::Status Check(const pb::OpenEvaluationRequest& request);
absl::Status Check(const pb::InviteToEvaluationRequest& request);
// NOT_YET if the date is in the future.
absl::Status CheckHappened(std::string_view date, std::string_view today);
// A language as it is stored and compared: "nb-no".
std::string LanguageOf(std::string_view code);

// ---- Becoming and being a peer ---------------------------------------------------------------------

pb::Peer NewPeer(std::string id, std::string_view person_ref, pb::PeerSource source);
absl::Status MayUpdate(const pb::Peer& peer);
// `rules`: null if none are in force yet.
absl::Status CheckProfile(const pb::PeerProfile& profile, const pb::PeerRules* rules);
void ApplyProfile(const pb::PeerProfile& profile, pb::Peer* peer);

absl::Status MayRecord(const pb::Peer& peer, std::string_view judged_date, std::string_view valid_until,
                       std::string_view today);
void ApplyRequirement(pb::Peer* peer);
// REQUIREMENTS_NOT_MET unless all requirements of the rules are met on that date. `records`: those of the peer's cycle.
absl::Status CheckRequirements(const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                               std::string_view date);

// Whether the peer has a valid approval and has not paused.
bool IsApproved(pb::PeerState state);
absl::Status MayApprove(const pb::Peer& peer, const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                        std::string_view today);
absl::Status MayRenew(const pb::Peer& peer, const pb::PeerRules& rules, const std::vector<pb::Requirement>& records,
                      std::string_view today);
// The next approval; a renewal if the peer has one.
pb::Approval NewApproval(std::string id, const pb::Peer& peer, const pb::PeerRules& rules,
                         const std::vector<pb::Requirement>& records, std::string_view today);
void ApplyApproval(const pb::Approval& approval, const pb::PeerRules& rules, std::string_view today, pb::Peer* peer);
// Begins the grace after an approval has expired.
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
// Whether the peer needs guidance: they are, or could be, with people.
bool NeedsGuidance(pb::PeerState state);

}  // namespace mestring::peer_support
