// Changes of self-help groups, and of seats in them and in responsibility groups.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "mestring/peer_support/v1/peer_support.pb.h"

namespace mestring::peer_support {

namespace pb = v1;

// The live seats in the responsibility group that belong to a match.
absl::StatusOr<std::vector<pb::GroupSeat>> SeatsOf(Tx& tx, const pb::Match& match);
// Ends the seat of a match, if it has one.
absl::Status EndSeatOf(Tx& tx, const pb::Match& match);
absl::Status EndSeat(Tx& tx, pb::GroupSeat* seat);
// Closes a self-help group and ends each seat in it, which is a change for each person there (X1).
absl::Status EndGroup(Tx& tx, pb::SelfHelpGroup* group, Call* call);
// Closes the open groups that a peer leads.
absl::Status EndGroupsOf(Tx& tx, const pb::Peer& peer, Call* call);

}  // namespace mestring::peer_support
