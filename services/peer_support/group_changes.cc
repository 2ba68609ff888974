#include "services/peer_support/group_changes.h"

#include <string>

#include "common/store/records.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/peer_support/contact_rules.h"
#include "services/peer_support/reads.h"

namespace mestring::peer_support {

absl::StatusOr<std::vector<pb::GroupSeat>> SeatsOf(Tx& tx, const pb::Match& match) {
  return Select<pb::GroupSeat>(tx, absl::StrCat("WHERE match_id = :match AND ", LiveSeats()), match.id());
}

absl::Status EndSeatOf(Tx& tx, const pb::Match& match) {
  ASSIGN(std::vector<pb::GroupSeat> seats, SeatsOf(tx, match));
  for (pb::GroupSeat& seat : seats) TRY(EndSeat(tx, &seat));
  return absl::OkStatus();
}

absl::Status EndSeat(Tx& tx, pb::GroupSeat* seat) {
  ApplySeatEnd(Today(tx), seat);
  TRY(Save(tx, *seat));
  pb::GroupSeatLeft event;
  event.set_group_seat_id(seat->id());
  event.set_kind(seat->kind());
  event.set_person_ref(seat->person_ref());
  event.set_match_id(seat->match_id());
  event.set_peer_person_ref(seat->peer_person_ref());
  return tx.Publish(event, *seat);
}

absl::Status EndGroup(Tx& tx, pb::SelfHelpGroup* group, Call* call) {
  group->set_state(pb::SELF_HELP_GROUP_STATE_CLOSED);
  TRY(Save(tx, *group));
  pb::GroupClosed event;
  event.set_self_help_group_id(group->id());
  TRY(tx.Publish(event, *group));
  ASSIGN(std::vector<pb::GroupSeat> seats,
         Select<pb::GroupSeat>(tx, absl::StrCat("WHERE self_help_group_id = :group AND ", LiveSeats(), " ORDER BY id"),
                               group->id()));
  for (pb::GroupSeat& seat : seats) {
    call->RecordAccess(seat.person_ref());
    TRY(EndSeat(tx, &seat));
  }
  return absl::OkStatus();
}

// The index of pages finds the few open groups of all peers.
absl::Status EndGroupsOf(Tx& tx, const pb::Peer& peer, Call* call) {
  ASSIGN(std::vector<pb::SelfHelpGroup> groups,
         Select<pb::SelfHelpGroup>(tx,
                                   absl::StrCat("WHERE ", InState(pb::SELF_HELP_GROUP_STATE_OPEN),
                                                " AND id <> '' AND peer_id = :peer ORDER BY id"),
                                   peer.id()));
  for (pb::SelfHelpGroup& group : groups) TRY(EndGroup(tx, &group, call));
  return absl::OkStatus();
}

}  // namespace mestring::peer_support
