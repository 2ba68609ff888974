// Changes of matches, for both people, that follow from changes of the peer.
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

// [P9] Puts all started matches on hold, each with an open task to hand it over, and withdraws open proposals. Returns
// how many matches went on hold. `day`: when it happened.
absl::StatusOr<int> HoldMatches(Tx& tx, const pb::Peer& peer, std::string_view day);
// Records that the call concerns the people of the peer's live matches, for the access log of each (X1).
absl::Status RecordAccessToMatched(Tx& tx, const pb::Peer& peer, Call* call);
// Resumes the matches that went on hold in this cycle and still are, and finishes their tasks.
absl::Status ResumeMatches(Tx& tx, const pb::Peer& peer);
// Ends a match: saves and publishes it, and ends its seat and its task.
absl::Status EndMatch(Tx& tx, pb::MatchSide by, pb::EndReason reason, pb::Match* match);
// Finishes the open task of a match; returns its id, or "" if there is none.
absl::StatusOr<std::string> FinishTask(Tx& tx, std::string_view match_id, pb::HandOverOutcome outcome);

}  // namespace mestring::peer_support
