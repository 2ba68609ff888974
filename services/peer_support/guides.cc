// The peer rules, the guides, and the guidance that they give.
//
// Peer rules have versions: a new one replaces the last, and what was granted under an earlier one keeps its dates. If
// a guide goes away, their peers keep their people (P1 asks for an active guide only when somebody new comes); the due
// date of guidance stays, so that nobody is forgotten with the guide. To pause the peers of an absent guide was
// rejected: a person would lose a peer because of a holiday.

#include <utility>

#include "common/base/ids.h"
#include "services/peer_support/approval_changes.h"
#include "services/peer_support/events.h"
#include "services/peer_support/peer_support.h"
#include "services/peer_support/reads.h"

namespace mestring::peer_support {
namespace {

// How many peers have this guide, at work or not; only a stop removes the guide (ApplyStop).
absl::StatusOr<int64_t> PeersOf(Tx& tx, std::string_view guide_id) {
  ASSIGN(const auto rows, tx.Query<int64_t>("SELECT COUNT(*) FROM peers WHERE guide_id = :guide", guide_id));
  return std::get<0>(rows.front());
}

}  // namespace

absl::Status PeerSupport::SetPeerRules(Tx& tx, Call&, const pb::SetPeerRulesRequest& request,
                                       pb::SetPeerRulesResponse* response) {
  TRY(Check(request));
  pb::PeerRules& rules = *response->mutable_peer_rules() = request.peer_rules();
  TRY(InsertNext(tx, &rules));
  pb::PeerRulesSet event;
  event.set_peer_rules_id(rules.id());
  event.set_rules_version(rules.rules_version());
  return tx.Publish(event, rules);
}

absl::Status PeerSupport::GetPeerRules(Tx& tx, Call&, const pb::GetPeerRulesRequest& request,
                                       pb::GetPeerRulesResponse* response) {
  ASSIGN(*response->mutable_peer_rules(), OrNotFound(OfVersion<pb::PeerRules>(tx, request.rules_version())));
  return absl::OkStatus();
}

absl::Status PeerSupport::RegisterGuide(Tx& tx, Call&, const pb::RegisterGuideRequest& request,
                                        pb::RegisterGuideResponse* response) {
  ASSIGN(const bool known, Exists<pb::Guide>(tx, "WHERE person_ref = :person", request.person_ref()));
  if (known) return AlreadyExists("guide");
  pb::Guide guide;
  guide.set_id(NewId(tx.now()));
  guide.set_state(pb::GUIDE_STATE_ACTIVE);
  guide.set_person_ref(request.person_ref());
  TRY(Insert(tx, guide));
  pb::GuideRegistered event;
  event.set_guide_id(guide.id());
  TRY(tx.Publish(event, guide));
  *response->mutable_guide() = std::move(guide);
  return absl::OkStatus();
}

absl::Status PeerSupport::ChangeGuideState(Tx& tx, Call& call, const pb::ChangeGuideStateRequest& request,
                                           pb::ChangeGuideStateResponse* response) {
  ASSIGN(pb::Guide guide, Load<pb::Guide>(tx, request.guide_id()));
  call.RecordAccess(guide.person_ref());
  TRY(CheckVersion(request.expected_version(), guide.version()));
  TRY(MayChange(guide));
  guide.set_state(request.state());
  TRY(Save(tx, guide));
  ASSIGN(const int64_t peers, PeersOf(tx, guide.id()));
  response->set_peers(guide.state() == pb::GUIDE_STATE_ACTIVE ? 0 : static_cast<int32_t>(peers));
  pb::GuideStateChanged event;
  event.set_guide_id(guide.id());
  event.set_state(guide.state());
  event.set_peers(response->peers());
  TRY(tx.Publish(event, guide));
  guide.set_peers(static_cast<int32_t>(peers));
  *response->mutable_guide() = std::move(guide);
  return absl::OkStatus();
}

absl::Status PeerSupport::ListGuides(Tx& tx, Call&, const pb::ListGuidesRequest& request,
                                     pb::ListGuidesResponse* response) {
  TRY(ListPage(tx, Filter().IsState("state", request.state()), request, response->mutable_guides(), response));
  for (pb::Guide& guide : *response->mutable_guides()) {
    ASSIGN(const int64_t peers, PeersOf(tx, guide.id()));
    guide.set_peers(static_cast<int32_t>(peers));
  }
  return absl::OkStatus();
}

absl::Status PeerSupport::AssignGuide(Tx& tx, Call& call, const pb::AssignGuideRequest& request,
                                      pb::AssignGuideResponse* response) {
  ASSIGN(pb::Peer peer, LoadToDecide(tx, call, request.peer_id(), request.expected_version()));
  ASSIGN(const pb::Guide guide, Load<pb::Guide>(tx, request.guide_id()));
  call.RecordAccess(guide.person_ref());
  TRY(MayAssign(peer, guide));
  ApplyGuide(guide, &peer);
  TRY(Save(tx, peer));
  auto event = About<pb::GuideAssigned>(peer);
  event.set_guide_id(guide.id());
  event.set_state(peer.state());
  TRY(tx.Publish(event, peer));
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

absl::Status PeerSupport::LogGuidance(Tx& tx, Call& call, const pb::LogGuidanceRequest& request,
                                      pb::LogGuidanceResponse* response) {
  ASSIGN(pb::Peer peer, LoadToDecide(tx, call, request.peer_id(), request.expected_version()));
  const std::string held = OrToday(tx, request.held_date());
  TRY(MayLogGuidance(peer, held, Today(tx)));
  ASSIGN(const pb::PeerRules rules, CurrentRules(tx));
  pb::Guidance guidance;
  guidance.set_id(NewId(tx.now()));
  guidance.set_peer_id(peer.id());
  guidance.set_guide_id(peer.guide_id());
  guidance.set_person_ref(peer.person_ref());
  guidance.set_held_date(held);
  guidance.set_minutes(request.minutes());
  TRY(Insert(tx, guidance));
  ApplyGuidance(rules, held, &peer);
  TRY(Save(tx, peer));
  TRY(ScheduleGuidance(tx, peer));
  auto event = About<pb::GuidanceLogged>(peer);
  event.set_guidance_id(guidance.id());
  event.set_held_date(held);
  event.set_due_date(peer.guidance_due_date());
  TRY(tx.Publish(event, peer));
  *response->mutable_guidance() = std::move(guidance);
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

}  // namespace mestring::peer_support
