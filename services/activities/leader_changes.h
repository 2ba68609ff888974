// What becomes of those who lead: a pause takes them off their sessions, and a session may be left without a leader.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// With the version that the session has: one that no other event tells.
absl::Status PublishLacksLeader(Tx& tx, const pb::Session& session);
// Somebody does not lead a session any more.
absl::Status Unassign(Tx& tx, pb::SessionLeader* leader, pb::Session* session);
// Takes a leader off all sessions whose leaders can change.
absl::Status UnassignAll(Tx& tx, std::string_view person_ref);
// A leader is paused, leads nothing from now on, and leads again when no cause is left.
absl::Status PauseFor(Tx& tx, pb::PauseCause cause, pb::LeaderPath* path);
absl::Status ResumeFor(Tx& tx, pb::PauseCause cause, pb::LeaderPath* path);

}  // namespace mestring::activities
