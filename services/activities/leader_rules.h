// The rules of the path from participant to leader: its steps, guides and pauses, and who may lead a session.
//
// The functions are pure; the tags are those of activities_rules.h.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/rpc/token.h"
#include "mestring/activities/v1/activities.pb.h"
#include "services/activities/activities_rules.h"

namespace mestring::activities {

pb::LeaderPath NewLeaderPath(std::string id, std::string_view person_ref);
absl::Status MayWish(const pb::LeaderPath& path, pb::LeaderStep step);
void ApplyWish(pb::LeaderStep step, pb::LeaderPath* path);
// What is known about the approval of a person as a peer: nothing, that it is valid, or that it no longer is.
enum class Approval { kNone, kHolds, kLost };
// The approval by the newest event about it.
Approval ApprovalOn(std::string_view today, bool holds, std::string_view valid_until);
// `recorded`: a record says already that the person meets it.
absl::Status MayRecordRequirement(std::string_view met_date, bool recorded, std::string_view today);
// Whether the caller may choose the guide of this person.
absl::Status MayAssignGuide(const Caller& caller, const pb::LeaderPath& path);
absl::Status MayRemoveGuide(const pb::LeaderPath& path);
absl::Status MayConfirm(const Caller& caller, const pb::LeaderPath& path, pb::LeaderStep step,
                        const pb::ActivityPolicy& policy, const std::set<std::string>& requirements_met,
                        Approval approval);
void ApplyStep(pb::LeaderPath* path);
absl::Status MayStepBack(const pb::LeaderPath& path, pb::LeaderStep step);
void ApplyStepBack(pb::LeaderStep step, pb::LeaderPath* path);
bool IsPausedFor(const pb::LeaderPath& path, pb::PauseCause cause);
absl::Status MayPause(const pb::LeaderPath& path);
absl::Status MayResume(const pb::LeaderPath& path);
// True if the leader led until now.
bool ApplyPause(pb::PauseCause cause, pb::LeaderPath* path);
// True if the leader leads again.
bool ApplyResume(pb::PauseCause cause, pb::LeaderPath* path);
absl::Status MayLead(const pb::LeaderPath& path);
// `path`: that of a user, null for staff. `assigned`: they lead this session already.
absl::Status MayAssignLeader(const pb::Session& session, const pb::LeaderPath* path, bool assigned);

}  // namespace mestring::activities
