// What becomes of self-help groups and of seats, in them and in the responsibility groups of people.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "mestring/peer_support/v1/peer_support.pb.h"

namespace mestring::peer_support {

namespace pb = v1;

// The live seats in the responsibility group that go with a match.
absl::StatusOr<std::vector<pb::GroupSeat>> SeatsOf(Tx& tx, const pb::Match& match);
// The seat of a match ends, if it has one.
absl::Status EndSeatOf(Tx& tx, const pb::Match& match);
absl::Status EndSeat(Tx& tx, pb::GroupSeat* seat);
// A self-help group closes, and each seat in it ends: a change to who sits there (X1).
absl::Status EndGroup(Tx& tx, pb::SelfHelpGroup* group, Call* call);
// The open groups that a peer leads.
absl::Status EndGroupsOf(Tx& tx, const pb::Peer& peer, Call* call);

}  // namespace mestring::peer_support
