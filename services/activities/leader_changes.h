// Changes of leaders: a pause takes them off their sessions, and an event says if a session then has no leader.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/activities/v1/activities.pb.h"

namespace mestring::activities {

namespace pb = v1;

// Publishes SessionLacksLeader with the present version of the session, which no other event may have.
absl::Status PublishLacksLeader(Tx& tx, const pb::Session& session);
// Takes a leader off a session.
absl::Status Unassign(Tx& tx, pb::SessionLeader* leader, pb::Session* session);
// Takes a leader off all sessions whose leaders can change.
absl::Status UnassignAll(Tx& tx, std::string_view person_ref);
// Pauses a leader for a cause, and takes them off their sessions; a leader resumes when no cause is left.
absl::Status PauseFor(Tx& tx, pb::PauseCause cause, pb::LeaderPath* path);
absl::Status ResumeFor(Tx& tx, pb::PauseCause cause, pb::LeaderPath* path);

}  // namespace mestring::activities
