// What peer support learns from the events of other services.
//
// Activity leaders do peer work (S1), so a new one becomes a prospect here: leaders of peers see them, and nobody has
// approved them yet. The handler runs in the write that moves the cursor, so it happens once. A person who is a peer
// already, or has stopped, does not change: an event of another service never decides about a person here. To ask
// activities by an RPC was rejected, because it would make peer support depend on activities being up.

#include "services/peer_support/subscriptions.h"

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/activities/v1/activities_events.pb.h"
#include "services/peer_support/events.h"
#include "services/peer_support/peer_support_rules.h"
#include "services/peer_support/tables.h"

namespace mestring::peer_support {
namespace {

absl::Status OnLeaderAppointed(Tx& tx, const events::v1::Event&, const activities::v1::LeaderAppointed& event) {
  ASSIGN(const bool known, Exists<pb::Peer>(tx, "WHERE person_ref = :person", event.person_ref()));
  if (known) return absl::OkStatus();
  pb::Peer peer = NewPeer(NewId(tx.now()), event.person_ref(), pb::PEER_SOURCE_ACTIVITY_LEADER);
  TRY(Insert(tx, peer));
  auto registered = About<pb::PeerRegistered>(peer);
  registered.set_source(peer.source());
  return tx.Publish(registered, peer);
}

}  // namespace

void Subscribe(Kernel& kernel) {
  if (!kernel.Knows("activities")) return;
  kernel.Subscribe("activities").On<activities::v1::LeaderAppointed>(OnLeaderAppointed);
}

}  // namespace mestring::peer_support
