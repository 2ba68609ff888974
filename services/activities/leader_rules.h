// The rules of the way from participant to leader: its steps, its guides and its pauses, and who may lead a session.
//
// Pure, as activities_rules.h, with the same tags.
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
// What is known of a person's approval as a peer: nothing, that it holds, or that it does not any more.
enum class Approval { kNone, kHolds, kLost };
// By the newest word about it.
Approval ApprovalOn(std::string_view today, bool holds, std::string_view valid_until);
// `recorded`: it is recorded already that the person meets it.
absl::Status MayRecordRequirement(std::string_view met_date, bool recorded, std::string_view today);
// Who says who guides this person.
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
// True if the leader leads nothing from now on.
bool ApplyPause(pb::PauseCause cause, pb::LeaderPath* path);
// True if the leader leads again.
bool ApplyResume(pb::PauseCause cause, pb::LeaderPath* path);
absl::Status MayLead(const pb::LeaderPath& path);
// `path` is that of a user, null for one of the staff; `assigned`: they lead this session already.
absl::Status MayAssignLeader(const pb::Session& session, const pb::LeaderPath* path, bool assigned);

}  // namespace mestring::activities
