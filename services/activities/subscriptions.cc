// What activities learns from the events of other services: approvals as a peer, and their effect on activity leaders.
//
// Activity leaders do peer work (S1): when the approval of a leader expires, is paused or stopped, the leader is paused
// until it is valid again. The newest event about each person is stored, also for people who do not lead, because they
// may later. The subscription applies each event once; the guard by version is for a rebuild from an older cursor. To
// ask peer support when a leader is needed would be simpler, and would stop activities whenever peer support is down.

#include "services/activities/subscriptions.h"

#include <utility>

#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/activities/leader_changes.h"
#include "services/activities/reads.h"

namespace mestring::activities {
namespace {

using events::v1::Event;

// Stores what an event says about a peer; false if a newer event is stored already.
absl::StatusOr<bool> Learn(Tx& tx, const Event& header, const std::string& peer_id, const std::string& person_ref,
                           bool holds, const std::string& valid_until) {
  ASSIGN(const int64_t changed,
         tx.Exec("INSERT INTO peer_approvals (person_ref, peer_id, peer_version, holds, valid_until) "
                 "VALUES (:person, :peer, :version, :holds, :until) ON CONFLICT (person_ref) DO UPDATE SET "
                 "peer_id = excluded.peer_id, peer_version = excluded.peer_version, holds = excluded.holds, "
                 "valid_until = excluded.valid_until WHERE peer_approvals.peer_id <> excluded.peer_id "
                 "OR peer_approvals.peer_version < excluded.peer_version",
                 person_ref, peer_id, header.subject_version(), holds, valid_until));
  return changed > 0;
}

absl::Status FollowApproval(Tx& tx, const std::string& person_ref, bool holds) {
  ASSIGN(auto path, PathOf(tx, person_ref));
  if (!path) return absl::OkStatus();
  return holds ? ResumeFor(tx, pb::PAUSE_CAUSE_APPROVAL, &*path) : PauseFor(tx, pb::PAUSE_CAUSE_APPROVAL, &*path);
}

template <class E>
absl::Status OnHolds(Tx& tx, const Event& header, const E& event) {
  ASSIGN(const bool is_news, Learn(tx, header, event.peer_id(), event.person_ref(), true, event.valid_until()));
  return is_news ? FollowApproval(tx, event.person_ref(), true) : absl::OkStatus();
}

template <class E>
absl::Status OnLost(Tx& tx, const Event& header, const E& event) {
  ASSIGN(const bool is_news, Learn(tx, header, event.peer_id(), event.person_ref(), false, ""));
  return is_news ? FollowApproval(tx, event.person_ref(), false) : absl::OkStatus();
}

// Pauses a leader until a new approval. Peer support makes an appointed leader a prospect without being asked, and that
// person may decline or be denied: an approval that never existed is not lost.
absl::Status OnStopped(Tx& tx, const Event& header, const peer_support::v1::ApprovalStopped& event) {
  return event.never_approved() ? absl::OkStatus() : OnLost(tx, header, event);
}

}  // namespace

void Subscribe(Kernel& kernel) {
  if (!kernel.Knows("peer_support")) return;
  Subscription& approvals = kernel.Subscribe("peer_support");
  approvals.On<peer_support::v1::ApprovalGranted>(OnHolds<peer_support::v1::ApprovalGranted>);
  approvals.On<peer_support::v1::ApprovalResumed>(OnHolds<peer_support::v1::ApprovalResumed>);
  approvals.On<peer_support::v1::ApprovalExpired>(OnLost<peer_support::v1::ApprovalExpired>);
  approvals.On<peer_support::v1::ApprovalPaused>(OnLost<peer_support::v1::ApprovalPaused>);
  approvals.On<peer_support::v1::ApprovalStopped>(OnStopped);
}

}  // namespace mestring::activities
