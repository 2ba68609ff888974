// Peers: becoming one, staying one, taking a pause, and stopping.
//
// A person is one peer for ever; when they come back, the same row begins a new cycle with its own requirements and
// approvals, so the history stays and no earlier record counts by accident. A pause and a stop put every match on hold
// in the same transaction (P9). Employment is a field (S1): with a second table for paid peers, a peer who is hired
// would lose their people.

#include <utility>

#include "common/base/ids.h"
#include "services/peer_support/approval_changes.h"
#include "services/peer_support/events.h"
#include "services/peer_support/group_changes.h"
#include "services/peer_support/match_changes.h"
#include "services/peer_support/peer_support.h"
#include "services/peer_support/reads.h"

namespace mestring::peer_support {
namespace {

// The records of the peer's cycle.
absl::StatusOr<std::vector<pb::Requirement>> RequirementsOf(Tx& tx, const pb::Peer& peer) {
  return Select<pb::Requirement>(tx, "WHERE peer_id = :peer AND cycle = :cycle", peer.id(), peer.cycle());
}

// Whether the peer was approved, in this cycle or an earlier one.
absl::StatusOr<bool> WasEverApproved(Tx& tx, const pb::Peer& peer) {
  return Exists<pb::Approval>(tx, "WHERE peer_id = :peer", peer.id());
}

// Stops a peer, for either reason: saves and publishes it, puts matches on hold and closes groups. Somebody else can
// take over a match; nobody else can lead a group, so the group ends and an event says so.
absl::StatusOr<int> Stop(Tx& tx, Call& call, pb::StopKind kind, pb::Peer* peer) {
  TRY(MayStop(*peer));
  ApplyStop(kind, Today(tx), peer);
  TRY(Save(tx, *peer));
  TRY(CancelTimers(tx, *peer));
  ASSIGN(const bool approved, WasEverApproved(tx, *peer));
  auto event = About<pb::ApprovalStopped>(*peer);
  event.set_never_approved(!approved);
  TRY(tx.Publish(event, *peer));
  TRY(EndGroupsOf(tx, *peer, &call));
  return HoldMatches(tx, *peer, Today(tx));
}

}  // namespace

absl::Status PeerSupport::RegisterPeer(Tx& tx, Call&, const pb::RegisterPeerRequest& request,
                                       pb::RegisterPeerResponse* response) {
  ASSIGN(const bool known, Exists<pb::Peer>(tx, "WHERE person_ref = :person", request.person_ref()));
  if (known) return AlreadyExists("peer");
  ASSIGN(const pb::PeerRules rules, CurrentRules(tx));
  TRY(CheckProfile(request.profile(), &rules));
  pb::Peer peer = NewPeer(NewId(tx.now()), request.person_ref(), pb::PEER_SOURCE_REGISTERED);
  ApplyProfile(request.profile(), &peer);
  TRY(Insert(tx, peer));
  auto event = About<pb::PeerRegistered>(peer);
  event.set_source(peer.source());
  TRY(tx.Publish(event, peer));
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

absl::Status PeerSupport::UpdatePeer(Tx& tx, Call& call, const pb::UpdatePeerRequest& request,
                                     pb::UpdatePeerResponse* response) {
  ASSIGN(pb::Peer peer, LoadToDecide(tx, call, request.peer_id(), request.expected_version()));
  ASSIGN(const pb::PeerRules rules, CurrentRules(tx));
  TRY(MayUpdate(peer));
  TRY(CheckProfile(request.profile(), &rules));
  ApplyProfile(request.profile(), &peer);
  TRY(Save(tx, peer));
  TRY(tx.Publish(About<pb::PeerUpdated>(peer), peer));
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

absl::Status PeerSupport::RecordRequirement(Tx& tx, Call& call, const pb::RecordRequirementRequest& request,
                                            pb::RecordRequirementResponse* response) {
  TRY(Check(request));
  ASSIGN(pb::Peer peer, LoadToDecide(tx, call, request.peer_id(), request.expected_version()));
  const std::string judged = OrToday(tx, request.judged_date());
  TRY(MayRecord(peer, judged, request.valid_until(), Today(tx)));
  pb::Requirement record;
  record.set_id(NewId(tx.now()));
  record.set_peer_id(peer.id());
  record.set_person_ref(peer.person_ref());
  record.set_cycle(peer.cycle());
  record.set_kind(request.kind());
  record.set_outcome(request.outcome());
  record.set_judged_date(judged);
  record.set_valid_until(request.valid_until());
  record.set_hours(request.hours());
  TRY(Insert(tx, record));
  ApplyRequirement(&peer);
  TRY(Save(tx, peer));
  // [P8] The event says that a requirement was judged, never with what outcome.
  pb::RequirementRecorded event;
  event.set_peer_id(peer.id());
  event.set_kind(record.kind());
  event.set_requirement_id(record.id());
  TRY(tx.Publish(event, peer));
  *response->mutable_requirement() = std::move(record);
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

absl::Status PeerSupport::ApprovePeer(Tx& tx, Call& call, const pb::ApprovePeerRequest& request,
                                      pb::ApprovePeerResponse* response) {
  ASSIGN(pb::Peer peer, LoadToDecide(tx, call, request.peer_id(), request.expected_version()));
  ASSIGN(const pb::PeerRules rules, CurrentRules(tx));
  ASSIGN(const std::vector<pb::Requirement> records, RequirementsOf(tx, peer));
  TRY(MayApprove(peer, rules, records, Today(tx)));
  pb::Approval approval = NewApproval(NewId(tx.now()), peer, rules, records, Today(tx));
  TRY(SaveApproval(tx, rules, &approval, &peer));
  *response->mutable_peer() = std::move(peer);
  *response->mutable_approval() = std::move(approval);
  return absl::OkStatus();
}

absl::Status PeerSupport::RenewApproval(Tx& tx, Call& call, const pb::RenewApprovalRequest& request,
                                        pb::RenewApprovalResponse* response) {
  ASSIGN(pb::Peer peer, LoadToDecide(tx, call, request.peer_id(), request.expected_version()));
  ASSIGN(const pb::PeerRules rules, CurrentRules(tx));
  ASSIGN(const std::vector<pb::Requirement> records, RequirementsOf(tx, peer));
  TRY(MayRenew(peer, rules, records, Today(tx)));
  pb::Approval approval = NewApproval(NewId(tx.now()), peer, rules, records, Today(tx));
  TRY(SaveApproval(tx, rules, &approval, &peer));
  *response->mutable_peer() = std::move(peer);
  *response->mutable_approval() = std::move(approval);
  return absl::OkStatus();
}

absl::Status PeerSupport::PausePeer(Tx& tx, Call& call, const pb::PausePeerRequest& request,
                                    pb::PausePeerResponse* response) {
  ASSIGN(pb::Peer peer, AtVersion(request.expected_version(), LoadVisible<pb::Peer>(tx, call, request.peer_id())));
  TRY(MayPause(peer, request.return_date(), Today(tx)));
  TRY(RecordAccessToMatched(tx, peer, &call));
  ApplyPause(request.return_date(), &peer);
  TRY(Save(tx, peer));
  TRY(ScheduleGuidance(tx, peer));
  TRY(tx.Publish(About<pb::ApprovalPaused>(peer), peer));
  ASSIGN(const int matches, HoldMatches(tx, peer, Today(tx)));
  response->set_matches(matches);
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

absl::Status PeerSupport::ResumePeer(Tx& tx, Call& call, const pb::ResumePeerRequest& request,
                                     pb::ResumePeerResponse* response) {
  ASSIGN(pb::Peer peer, LoadToDecide(tx, call, request.peer_id(), request.expected_version()));
  ASSIGN(const pb::PeerRules rules, CurrentRules(tx));
  TRY(MayResume(peer, rules, Today(tx)));
  TRY(RecordAccessToMatched(tx, peer, &call));
  ApplyResume(rules, Today(tx), &peer);
  TRY(Save(tx, peer));
  TRY(ScheduleGuidance(tx, peer));
  auto event = About<pb::ApprovalResumed>(peer);
  event.set_valid_until(peer.valid_until());
  TRY(tx.Publish(event, peer));
  TRY(ResumeMatches(tx, peer));
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

absl::Status PeerSupport::OptOut(Tx& tx, Call& call, const pb::OptOutRequest& request, pb::OptOutResponse* response) {
  ASSIGN(pb::Peer peer, AtVersion(request.expected_version(), LoadVisible<pb::Peer>(tx, call, request.peer_id())));
  TRY(RecordAccessToMatched(tx, peer, &call));
  ASSIGN(const int matches, Stop(tx, call, pb::STOP_KIND_OPT_OUT, &peer));
  response->set_matches(matches);
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

absl::Status PeerSupport::StopPeer(Tx& tx, Call& call, const pb::StopPeerRequest& request,
                                   pb::StopPeerResponse* response) {
  TRY(Check(request));
  ASSIGN(pb::Peer peer, LoadToDecide(tx, call, request.peer_id(), request.expected_version()));
  TRY(RecordAccessToMatched(tx, peer, &call));
  ASSIGN(const int matches, Stop(tx, call, request.kind(), &peer));
  response->set_matches(matches);
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

absl::Status PeerSupport::ReinstatePeer(Tx& tx, Call& call, const pb::ReinstatePeerRequest& request,
                                        pb::ReinstatePeerResponse* response) {
  ASSIGN(pb::Peer peer, LoadToDecide(tx, call, request.peer_id(), request.expected_version()));
  TRY(MayReinstate(peer));
  ApplyReinstatement(&peer);
  TRY(Save(tx, peer));
  auto event = About<pb::PeerReinstated>(peer);
  event.set_cycle(peer.cycle());
  TRY(tx.Publish(event, peer));
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

absl::Status PeerSupport::GetPeer(Tx& tx, Call& call, const pb::GetPeerRequest& request,
                                  pb::GetPeerResponse* response) {
  if (request.peer_id().empty()) {
    ASSIGN(pb::Peer own, OrNotFound(Find<pb::Peer>(tx, "WHERE person_ref = :person", call.caller.person_ref)));
    call.RecordAccess(own.person_ref());
    TRY(MaySee(call.caller, own));
    *response->mutable_peer() = std::move(own);
  } else {
    ASSIGN(*response->mutable_peer(), LoadVisible<pb::Peer>(tx, call, request.peer_id()));
  }
  pb::Peer& peer = *response->mutable_peer();
  ASSIGN(const int64_t load, LoadOf(tx, peer.id()));
  peer.set_load(static_cast<int32_t>(load));
  ASSIGN(auto records, Select<pb::Requirement>(tx, "WHERE peer_id = :peer ORDER BY id", peer.id()));
  for (pb::Requirement& record : records) *response->add_requirements() = std::move(record);
  ASSIGN(auto approvals, Select<pb::Approval>(tx, "WHERE peer_id = :peer ORDER BY id", peer.id()));
  for (pb::Approval& approval : approvals) *response->add_approvals() = std::move(approval);
  return absl::OkStatus();
}

}  // namespace mestring::peer_support
