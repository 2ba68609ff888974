// What becomes of matches, and of the people in them, when something happens to the peer.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "mestring/peer_support/v1/peer_support.pb.h"

namespace mestring::peer_support {

namespace pb = v1;

// [P9] All live matches go on hold, each with an open task to hand it over, and open proposals are
// withdrawn. Returns how many matches went on hold. `day`: on which it happened.
absl::StatusOr<int> HoldMatches(Tx& tx, const pb::Peer& peer, std::string_view day);
// What happens to the peer happens to the people of their live matches: it stands in the access log of each (X1).
absl::Status ConcernsMatched(Tx& tx, const pb::Peer& peer, Call* call);
// The matches that were put on hold in this cycle and still are go on, and their tasks are done.
absl::Status ResumeMatches(Tx& tx, const pb::Peer& peer);
// An ended match: saved and told, its seat and its task ended.
absl::Status EndMatch(Tx& tx, pb::MatchSide by, pb::EndReason reason, pb::Match* match);
// The task of a match is done, if it has one; returns its id.
absl::StatusOr<std::string> FinishTask(Tx& tx, std::string_view match_id, pb::HandOverOutcome outcome);

}  // namespace mestring::peer_support
