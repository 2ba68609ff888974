// From participant to activity leader: fra klient til aktør i eget liv (S1).
//
// A step needs three calls by three people: the person wishes it, staff record requirements, the guide consents. With
// one form that somebody fills in for another, such steps become lists of hours. Stepping back is one call, by the
// person alone, and needs nothing.
//
// A leader can be paused for several causes at once (own choice, no guide, no approval as a peer), and each ends
// separately. With a single flag a new guide would end a pause that the leader chose.

#include <set>
#include <utility>

#include "common/base/ids.h"
#include "services/activities/activities.h"
#include "services/activities/events.h"
#include "services/activities/leader_changes.h"
#include "services/activities/leader_rules.h"
#include "services/activities/reads.h"

namespace mestring::activities {
namespace {

absl::StatusOr<std::vector<pb::MetRequirement>> RequirementsOf(Tx& tx, const pb::LeaderPath& path) {
  return Select<pb::MetRequirement>(tx, "WHERE leader_path_id = :path ORDER BY met_date, requirement_code", path.id());
}

absl::StatusOr<Approval> ApprovalOf(Tx& tx, const pb::LeaderPath& path) {
  ASSIGN(const auto rows,
         (tx.Query<int64_t, std::string>("SELECT holds, valid_until FROM peer_approvals WHERE person_ref = :person",
                                         path.person_ref())));
  if (rows.empty()) return Approval::kNone;
  const auto& [holds, valid_until] = rows.front();
  return ApprovalOn(Today(tx), holds != 0, valid_until);
}

}  // namespace

absl::Status Activities::WishLeaderStep(Tx& tx, Call& call, const pb::WishLeaderStepRequest& request,
                                        pb::WishLeaderStepResponse* response) {
  const std::string& person_ref = call.caller.person_ref;
  TRY(MayOnlyBeSelf(call.caller, person_ref));
  ASSIGN(auto known, PathOf(tx, person_ref));
  pb::LeaderPath path = known ? *std::move(known) : NewLeaderPath(NewId(tx.now()), person_ref);
  TRY(MayWish(path, request.step()));
  ApplyWish(request.step(), &path);
  TRY(path.version() == 0 ? Insert(tx, path) : Save(tx, path));
  auto event = About<pb::LeaderStepWished>(path);
  event.set_step(path.wished_step());
  TRY(tx.Publish(event, path));
  *response->mutable_leader_path() = std::move(path);
  return absl::OkStatus();
}

absl::Status Activities::RecordRequirement(Tx& tx, Call& call, const pb::RecordRequirementRequest& request,
                                           pb::RecordRequirementResponse* response) {
  ASSIGN(pb::LeaderPath path, LoadVisible<pb::LeaderPath>(tx, call, request.leader_path_id()));
  ASSIGN(const bool recorded,
         Exists<pb::MetRequirement>(tx, "WHERE leader_path_id = :path AND requirement_code = :code", path.id(),
                                    request.requirement_code()));
  TRY(MayRecordRequirement(request.met_date(), recorded, Today(tx)));
  pb::MetRequirement requirement;
  requirement.set_id(NewId(tx.now()));
  requirement.set_leader_path_id(path.id());
  requirement.set_requirement_code(request.requirement_code());
  requirement.set_met_date(OrToday(tx, request.met_date()));
  TRY(Insert(tx, requirement));
  TRY(Save(tx, path));  // for the version of the event
  auto event = About<pb::RequirementMet>(path);
  event.set_requirement_code(requirement.requirement_code());
  event.set_met_requirement_id(requirement.id());
  TRY(tx.Publish(event, path));
  *response->mutable_met_requirement() = std::move(requirement);
  return absl::OkStatus();
}

absl::Status Activities::AssignGuide(Tx& tx, Call& call, const pb::AssignGuideRequest& request,
                                     pb::AssignGuideResponse* response) {
  ASSIGN(pb::LeaderPath path,
         AtVersion(request.expected_version(), LoadVisible<pb::LeaderPath>(tx, call, request.leader_path_id())));
  TRY(MayAssignGuide(call.caller, path));
  path.set_guide_id(request.guide_id());
  TRY(Save(tx, path));
  auto event = About<pb::GuideAssigned>(path);
  event.set_guide_id(path.guide_id());
  TRY(tx.Publish(event, path));
  TRY(ResumeFor(tx, pb::PAUSE_CAUSE_NO_GUIDE, &path));
  *response->mutable_leader_path() = std::move(path);
  return absl::OkStatus();
}

absl::Status Activities::RemoveGuide(Tx& tx, Call& call, const pb::RemoveGuideRequest& request,
                                     pb::RemoveGuideResponse* response) {
  ASSIGN(pb::LeaderPath path,
         AtVersion(request.expected_version(), LoadVisible<pb::LeaderPath>(tx, call, request.leader_path_id())));
  TRY(MayRemoveGuide(path));
  path.clear_guide_id();
  TRY(Save(tx, path));
  TRY(tx.Publish(About<pb::GuideRemoved>(path), path));
  TRY(PauseFor(tx, pb::PAUSE_CAUSE_NO_GUIDE, &path));
  *response->mutable_leader_path() = std::move(path);
  return absl::OkStatus();
}

absl::Status Activities::ConfirmLeaderStep(Tx& tx, Call& call, const pb::ConfirmLeaderStepRequest& request,
                                           pb::ConfirmLeaderStepResponse* response) {
  ASSIGN(pb::LeaderPath path,
         AtVersion(request.expected_version(), LoadVisible<pb::LeaderPath>(tx, call, request.leader_path_id())));
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  ASSIGN(const std::vector<pb::MetRequirement> requirements, RequirementsOf(tx, path));
  std::set<std::string> met;
  for (const pb::MetRequirement& requirement : requirements) met.insert(requirement.requirement_code());
  ASSIGN(const Approval approval, ApprovalOf(tx, path));
  TRY(MayConfirm(call.caller, path, request.step(), policy, met, approval));
  ApplyStep(&path);
  TRY(Save(tx, path));
  auto event = About<pb::LeaderStepConfirmed>(path);
  event.set_step(path.step());
  TRY(tx.Publish(event, path));
  if (path.step() == pb::LEADER_STEP_LEADER) {
    TRY(Save(tx, path));  // two events, two versions
    TRY(tx.Publish(About<pb::LeaderAppointed>(path), path));
  }
  *response->mutable_leader_path() = std::move(path);
  return absl::OkStatus();
}

// [A9] Stepping back is always possible and needs no reason.
absl::Status Activities::StepBack(Tx& tx, Call& call, const pb::StepBackRequest& request,
                                  pb::StepBackResponse* response) {
  ASSIGN(pb::LeaderPath path, LoadVisible<pb::LeaderPath>(tx, call, request.leader_path_id()));
  TRY(MayOnlyBeSelf(call.caller, path.person_ref()));
  TRY(MayStepBack(path, request.step()));
  ApplyStepBack(request.step(), &path);
  TRY(Save(tx, path));
  auto event = About<pb::LeaderSteppedBack>(path);
  event.set_step(request.step());
  TRY(tx.Publish(event, path));
  if (path.step() != pb::LEADER_STEP_LEADER) TRY(UnassignAll(tx, path.person_ref()));
  *response->mutable_leader_path() = std::move(path);
  return absl::OkStatus();
}

absl::Status Activities::PauseLeader(Tx& tx, Call& call, const pb::PauseLeaderRequest& request,
                                     pb::PauseLeaderResponse* response) {
  ASSIGN(pb::LeaderPath path,
         AtVersion(request.expected_version(), LoadVisible<pb::LeaderPath>(tx, call, request.leader_path_id())));
  TRY(MayPause(path));
  TRY(PauseFor(tx, pb::PAUSE_CAUSE_CHOICE, &path));
  *response->mutable_leader_path() = std::move(path);
  return absl::OkStatus();
}

absl::Status Activities::ResumeLeader(Tx& tx, Call& call, const pb::ResumeLeaderRequest& request,
                                      pb::ResumeLeaderResponse* response) {
  ASSIGN(pb::LeaderPath path,
         AtVersion(request.expected_version(), LoadVisible<pb::LeaderPath>(tx, call, request.leader_path_id())));
  TRY(MayResume(path));
  TRY(ResumeFor(tx, pb::PAUSE_CAUSE_CHOICE, &path));
  *response->mutable_leader_path() = std::move(path);
  return absl::OkStatus();
}

absl::Status Activities::GetLeaderPath(Tx& tx, Call& call, const pb::GetLeaderPathRequest& request,
                                       pb::GetLeaderPathResponse* response) {
  if (!request.person_ref().empty()) {
    TRY(MaySee(call.caller, request.person_ref(), Table<pb::LeaderPath>::kNoun));
    ASSIGN(*response->mutable_leader_path(), OrNotFound(PathOf(tx, request.person_ref())));
  } else {
    ASSIGN(*response->mutable_leader_path(), LoadVisible<pb::LeaderPath>(tx, call, request.leader_path_id()));
  }
  ASSIGN(std::vector<pb::MetRequirement> requirements, RequirementsOf(tx, response->leader_path()));
  for (pb::MetRequirement& requirement : requirements) *response->add_met_requirements() = std::move(requirement);
  return SetAsOf(tx, response);
}

absl::Status Activities::ListLeaderPaths(Tx& tx, Call&, const pb::ListLeaderPathsRequest& request,
                                         pb::ListLeaderPathsResponse* response) {
  Filter filter;
  filter.IsState("step", request.step());
  if (request.wishing()) filter.Where("wished_step IS NOT NULL");
  return ListPage(tx, std::move(filter), request, response->mutable_leader_paths(), response);
}

}  // namespace mestring::activities
