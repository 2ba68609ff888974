#include "services/peer_support/approval_changes.h"

#include "common/store/records.h"
#include "services/peer_support/events.h"
#include "services/peer_support/match_changes.h"
#include "services/peer_support/peer_support_rules.h"
#include "services/peer_support/tables.h"

namespace mestring::peer_support {

absl::Status SaveApproval(Tx& tx, const pb::PeerRules& rules, pb::Approval* approval, pb::Peer* peer) {
  const bool had_expired = peer->state() == pb::PEER_STATE_EXPIRED;
  ApplyApproval(*approval, rules, Today(tx), peer);
  TRY(Insert(tx, *approval));
  TRY(Save(tx, *peer));
  auto event = About<pb::ApprovalGranted>(*peer);
  event.set_approval_id(approval->id());
  event.set_valid_until(peer->valid_until());
  TRY(tx.Publish(event, *peer));
  TRY(tx.Schedule(kExpiringTimer, peer->id(),
                  BeginOf(tx, PlusDays(peer->valid_until(), -rules.renewal_window_days()))));
  TRY(tx.Schedule(kApprovalTimer, peer->id(), EndOf(tx, peer->valid_until())));
  TRY(tx.CancelTimer(kGraceTimer, peer->id()));
  TRY(ScheduleGuidance(tx, *peer));
  return had_expired ? ResumeMatches(tx, *peer) : absl::OkStatus();
}

absl::Status ScheduleGuidance(Tx& tx, const pb::Peer& peer) {
  if (!NeedsGuidance(peer.state()) || peer.guidance_due_date().empty())
    return tx.CancelTimer(kGuidanceTimer, peer.id());
  return tx.Schedule(kGuidanceTimer, peer.id(), EndOf(tx, peer.guidance_due_date()));
}

absl::Status CancelTimers(Tx& tx, const pb::Peer& peer) {
  for (const std::string_view kind : {kExpiringTimer, kApprovalTimer, kGraceTimer, kGuidanceTimer}) {
    TRY(tx.CancelTimer(kind, peer.id()));
  }
  return absl::OkStatus();
}

}  // namespace mestring::peer_support
