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

// An approval is valid through its last day.
Approval ApprovalOn(std::string_view today, bool holds, std::string_view valid_until) {
  return holds && valid_until >= today ? Approval::kHolds : Approval::kLost;
}

// A requirement is recorded once, after it was met.
absl::Status MayRecordRequirement(std::string_view met_date, bool recorded, std::string_view today) {
  if (met_date > today) return Refused("NOT_YET", "met_date must be today or earlier");
  return recorded ? AlreadyExists("requirement of this person") : absl::OkStatus();
}

// [A9] No step is skipped.
absl::Status MayWish(const pb::LeaderPath& path, pb::LeaderStep step) {
  if (path.state() == pb::LEADER_STATE_PAUSED)
    return WrongState(path.state(), "resume the leader before the next step");
  if (step != path.step() + 1) return Refused("STEP_SKIPPED", "take the steps in their order, one at a time");
  return absl::OkStatus();
}

void ApplyWish(pb::LeaderStep step, pb::LeaderPath* path) {
  path->set_state(pb::LEADER_STATE_ACTIVE);
  path->set_wished_step(step);
}

// [A8, S1] Staff and volunteers guide, and a member of staff may be on the path too: nobody is their own guide, nor
// chooses their own.
absl::Status MayAssignGuide(const Caller& caller, const pb::LeaderPath& path) {
  return caller.IsSelf(path.person_ref())
             ? Refused("OWN_GUIDE", "let somebody else choose your guide, and consent to your steps")
             : absl::OkStatus();
}

// [A8] A user who leads always has a guide: removing the guide pauses the leader in the same write.
absl::Status MayRemoveGuide(const pb::LeaderPath& path) {
  return path.guide_id().empty() ? Refused("NO_GUIDE", "the person has no guide; assign one first") : absl::OkStatus();
}

// [A9, S1] A step needs the person's own wish, its requirements and the consent of the guide, and never hours alone.
// The policy may also ask a leader for a valid approval as a peer; a person who lost an approval becomes no leader
// before it is valid again.
absl::Status MayConfirm(const Caller& caller, const pb::LeaderPath& path, pb::LeaderStep step,
                        const pb::ActivityPolicy& policy, const std::set<std::string>& requirements_met,
                        Approval approval) {
  if (path.state() != pb::LEADER_STATE_ACTIVE)
    return WrongState(path.state(), "only a person in state ACTIVE can take a step");
  TRY(MayAssignGuide(caller, path));
  if (path.guide_id().empty()) return Refused("NO_GUIDE", "the person has no guide; assign one first");
  if (path.guide_id() != caller.subject)
    return Refused("NOT_THE_GUIDE", "only the guide of the person may confirm the step");
  if (step != path.step() + 1) return Refused("STEP_SKIPPED", "take the steps in their order, one at a time");
  if (path.wished_step() != step) return Refused("NOT_WISHED", "the person must wish this step first");
  for (const pb::StepRequirement& requirement : policy.step_requirements()) {
    if (requirement.step() == step && !requirements_met.contains(requirement.requirement_code())) {
      return Refused("REQUIREMENT_MISSING", "record every requirement of the step first",
                     {{"requirement", requirement.requirement_code()}});
    }
  }
  const bool needs_approval = policy.leader_needs_approval() || approval == Approval::kLost;
  if (step == pb::LEADER_STEP_LEADER && needs_approval && approval != Approval::kHolds) {
    return Refused("APPROVAL_REQUIRED", "the person needs a valid approval as a peer");
  }
  return absl::OkStatus();
}

void ApplyStep(pb::LeaderPath* path) {
  path->set_step(path->wished_step());
  path->clear_wished_step();
}

// [A9] Stepping back is always possible and needs no reason; the step must be behind the person.
absl::Status MayStepBack(const pb::LeaderPath& path, pb::LeaderStep step) {
  if (path.state() == pb::LEADER_STATE_STEPPED_DOWN)
    return WrongState(path.state(), "the person has stepped down already");
  if (step > path.step()) return Refused("STEP_SKIPPED", "step must be one that the person has reached");
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
  return WrongState(path.state(), "only a leader who has not paused already can pause");
}

absl::Status MayResume(const pb::LeaderPath& path) {
  if (IsPausedFor(path, pb::PAUSE_CAUSE_CHOICE)) return absl::OkStatus();
  return WrongState(path.state(), "only a pause that the leader chose can be ended");
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

// [A8, S1] Staff and volunteers guide: a user leads only with a guide.
absl::Status MayLead(const pb::LeaderPath& path) {
  const bool leads = path.state() == pb::LEADER_STATE_ACTIVE && path.step() == pb::LEADER_STEP_LEADER;
  if (leads && !path.guide_id().empty()) return absl::OkStatus();
  return Refused("NOT_A_LEADER", "the person must be an active activity leader with a guide");
}

// [A8] A session may have several leaders, and each of them once.
absl::Status MayAssignLeader(const pb::Session& session, const pb::LeaderPath* path, bool assigned) {
  TRY(MayChangeLeaders(session));
  if (path != nullptr) TRY(MayLead(*path));
  return assigned ? Refused("ALREADY_ASSIGNED", "this leader leads the session already") : absl::OkStatus();
}

}  // namespace mestring::activities
