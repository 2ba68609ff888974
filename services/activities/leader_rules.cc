#include "services/activities/leader_rules.h"

#include <algorithm>
#include <utility>

#include "common/base/errors.h"

namespace mestring::activities {

pb::LeaderPath NewLeaderPath(std::string id, std::string_view person_ref) {
  pb::LeaderPath path;
  path.set_id(std::move(id));
  path.set_state(pb::LEADER_STATE_ACTIVE);
  path.set_person_ref(std::string(person_ref));
  path.set_step(pb::LEADER_STEP_PARTICIPANT);
  return path;
}

// It holds through its last day.
Approval ApprovalOn(std::string_view today, bool holds, std::string_view valid_until) {
  return holds && valid_until >= today ? Approval::kHolds : Approval::kLost;
}

// A requirement is recorded once, and when it is met.
absl::Status MayRecordRequirement(std::string_view met_date, bool recorded, std::string_view today) {
  if (met_date > today) return Refused("NOT_YET", "a requirement is recorded when it is met");
  return recorded ? AlreadyExists("requirement of this person") : absl::OkStatus();
}

// [A9] No step is skipped.
absl::Status MayWish(const pb::LeaderPath& path, pb::LeaderStep step) {
  if (path.state() == pb::LEADER_STATE_PAUSED) return WrongState(path.state(), "a paused leader rests");
  if (step != path.step() + 1)
    return Refused("STEP_SKIPPED", "a step is missing before this one: take them in their order");
  return absl::OkStatus();
}

void ApplyWish(pb::LeaderStep step, pb::LeaderPath* path) {
  path->set_state(pb::LEADER_STATE_ACTIVE);
  path->set_wished_step(step);
}

// [A8, S1] Staff and volunteers guide, and somebody of the staff may be on the way too: nobody is their own guide, nor
// chooses who it is.
absl::Status MayAssignGuide(const Caller& caller, const pb::LeaderPath& path) {
  return caller.IsSelf(path.person_ref()) ? Refused("OWN_GUIDE", "nobody guides themself") : absl::OkStatus();
}

// [A8] A user-leader always has an active guide: who loses theirs is paused in the same write.
absl::Status MayRemoveGuide(const pb::LeaderPath& path) {
  return path.guide_id().empty() ? Refused("NO_GUIDE", "the person has no guide") : absl::OkStatus();
}

// [A9, S1] A step needs the own wish, its requirements, and the guide's consent: all three, and never hours
// alone. The policy may ask a leader for a valid approval as a peer; whoever lost one does not become a leader
// before it is there again.
absl::Status MayConfirm(const Caller& caller, const pb::LeaderPath& path, pb::LeaderStep step,
                        const pb::ActivityPolicy& policy, const std::set<std::string>& requirements_met,
                        Approval approval) {
  if (path.state() != pb::LEADER_STATE_ACTIVE) return WrongState(path.state(), "the person is not on the way");
  TRY(MayAssignGuide(caller, path));
  if (path.guide_id().empty()) return Refused("NO_GUIDE", "the person has no guide");
  if (path.guide_id() != caller.subject) return Refused("NOT_THE_GUIDE", "only the guide of the person consents");
  if (step != path.step() + 1)
    return Refused("STEP_SKIPPED", "a step is missing before this one: take them in their order");
  if (path.wished_step() != step) return Refused("NOT_WISHED", "the person has not said that they wish this step");
  for (const pb::StepRequirement& requirement : policy.step_requirements()) {
    if (requirement.step() == step && !requirements_met.contains(requirement.requirement_code())) {
      return Refused("REQUIREMENT_MISSING", "a requirement of the step is not met",
                     {{"requirement", requirement.requirement_code()}});
    }
  }
  const bool needs_approval = policy.leader_needs_approval() || approval == Approval::kLost;
  if (step == pb::LEADER_STEP_LEADER && needs_approval && approval != Approval::kHolds) {
    return Refused("APPROVAL_REQUIRED", "the person has no valid approval as a peer");
  }
  return absl::OkStatus();
}

void ApplyStep(pb::LeaderPath* path) {
  path->set_step(path->wished_step());
  path->clear_wished_step();
}

// [A9] Stepping back is always open and free of reason; only forwards is no way back.
absl::Status MayStepBack(const pb::LeaderPath& path, pb::LeaderStep step) {
  if (path.state() == pb::LEADER_STATE_STEPPED_DOWN) return WrongState(path.state(), "the person has stepped down");
  if (step > path.step()) return Refused("STEP_SKIPPED", "name a step that the person has passed already");
  return absl::OkStatus();
}

void ApplyStepBack(pb::LeaderStep step, pb::LeaderPath* path) {
  const bool steps_down = step == pb::LEADER_STEP_UNSPECIFIED;
  if (steps_down || step != path->step()) path->clear_pause_causes();
  path->set_step(steps_down ? pb::LEADER_STEP_PARTICIPANT : step);
  path->clear_wished_step();
  path->set_state(steps_down                     ? pb::LEADER_STATE_STEPPED_DOWN
                  : path->pause_causes().empty() ? pb::LEADER_STATE_ACTIVE
                                                 : pb::LEADER_STATE_PAUSED);
}

bool IsPausedFor(const pb::LeaderPath& path, pb::PauseCause cause) {
  return std::find(path.pause_causes().begin(), path.pause_causes().end(), cause) != path.pause_causes().end();
}

absl::Status MayPause(const pb::LeaderPath& path) {
  if (path.step() == pb::LEADER_STEP_LEADER && !IsPausedFor(path, pb::PAUSE_CAUSE_CHOICE)) return absl::OkStatus();
  return WrongState(path.state(), "only a leader who leads can pause");
}

absl::Status MayResume(const pb::LeaderPath& path) {
  if (IsPausedFor(path, pb::PAUSE_CAUSE_CHOICE)) return absl::OkStatus();
  return WrongState(path.state(), "no pause was chosen");
}

// A leader may be paused for several causes at once, and leads again when the last one is gone.
bool ApplyPause(pb::PauseCause cause, pb::LeaderPath* path) {
  if (path->step() != pb::LEADER_STEP_LEADER || IsPausedFor(*path, cause)) return false;
  path->add_pause_causes(cause);
  const bool led = path->state() == pb::LEADER_STATE_ACTIVE;
  path->set_state(pb::LEADER_STATE_PAUSED);
  return led;
}

bool ApplyResume(pb::PauseCause cause, pb::LeaderPath* path) {
  auto* causes = path->mutable_pause_causes();
  causes->erase(std::remove(causes->begin(), causes->end(), cause), causes->end());
  if (path->state() != pb::LEADER_STATE_PAUSED || !causes->empty()) return false;
  path->set_state(pb::LEADER_STATE_ACTIVE);
  return true;
}

// [A8, S1] Staff and volunteers guide: a user leads only with an active guide.
absl::Status MayLead(const pb::LeaderPath& path) {
  const bool leads = path.state() == pb::LEADER_STATE_ACTIVE && path.step() == pb::LEADER_STEP_LEADER;
  if (leads && !path.guide_id().empty()) return absl::OkStatus();
  return Refused("NOT_A_LEADER", "the person is not an active activity leader with a guide");
}

// [A8] A session may have several leaders, and each of them once.
absl::Status MayAssignLeader(const pb::Session& session, const pb::LeaderPath* path, bool assigned) {
  TRY(MayChangeLeaders(session));
  if (path != nullptr) TRY(MayLead(*path));
  return assigned ? Refused("ALREADY_ASSIGNED", "this leader leads the session already") : absl::OkStatus();
}

}  // namespace mestring::activities
