// Activities, and the data that configure this service: the policy and the code lists.
//
// Policies and code lists have versions that never change: a new one replaces the last, and what began under an earlier
// one keeps the figures that were copied (a period) or fixed (the end of an offer). Editing rows would be less code,
// and would change who was a core user of an old period.

#include "services/activities/activities.h"

#include <utility>

#include "common/base/ids.h"
#include "mestring/activities/v1/activities_events.pb.h"
#include "services/activities/activities_rules.h"
#include "services/activities/tables.h"
#include "services/shared/code_lists.h"

namespace mestring::activities {

absl::Status Activities::SetPolicy(Tx& tx, Call&, const pb::SetPolicyRequest& request,
                                   pb::SetPolicyResponse* response) {
  TRY(Check(request));
  pb::ActivityPolicy& policy = *response->mutable_policy() = request.policy();
  TRY(InsertNext(tx, &policy));
  pb::PolicySet event;
  event.set_policy_id(policy.id());
  event.set_policy_version(policy.policy_version());
  return tx.Publish(event, policy);
}

absl::Status Activities::GetPolicy(Tx& tx, Call&, const pb::GetPolicyRequest& request,
                                   pb::GetPolicyResponse* response) {
  ASSIGN(*response->mutable_policy(), OrNotFound(OfVersion<pb::ActivityPolicy>(tx, request.policy_version())));
  return absl::OkStatus();
}

absl::Status Activities::SetCodeList(Tx& tx, Call&, const pb::SetCodeListRequest& request,
                                     pb::SetCodeListResponse* response) {
  return StoreCodeList<pb::CodeListSet>(tx, kOwnCodes, request, response->mutable_code_list());
}

absl::Status Activities::GetCodeList(Tx& tx, Call&, const pb::GetCodeListRequest& request,
                                     pb::GetCodeListResponse* response) {
  return FindCodeList(tx, kOwnCodes, request, response->mutable_code_list());
}

absl::Status Activities::CreateActivity(Tx& tx, Call&, const pb::CreateActivityRequest& request,
                                        pb::CreateActivityResponse* response) {
  TRY(Check(request));
  ASSIGN(const bool taken, Exists<pb::Activity>(tx, "WHERE code = :code", request.code()));
  if (taken) return AlreadyExists("activity with this code");
  pb::Activity activity;
  activity.set_id(NewId(tx.now()));
  activity.set_state(pb::ACTIVITY_STATE_ACTIVE);
  activity.set_code(request.code());
  activity.set_name(request.name());
  activity.set_description(request.description());
  activity.set_mode(request.mode());
  activity.set_audience(request.audience());
  activity.set_drug_free(request.drug_free());
  activity.set_needs_referral(request.needs_referral());
  *activity.mutable_recovery_tags() = request.recovery_tags();
  activity.set_modules_required(request.modules_required());
  TRY(Insert(tx, activity));
  pb::ActivityCreated event;
  event.set_activity_id(activity.id());
  event.set_mode(activity.mode());
  event.set_audience(activity.audience());
  TRY(tx.Publish(event, activity));
  *response->mutable_activity() = std::move(activity);
  return absl::OkStatus();
}

absl::Status Activities::UpdateActivity(Tx& tx, Call&, const pb::UpdateActivityRequest& request,
                                        pb::UpdateActivityResponse* response) {
  ASSIGN(pb::Activity activity, AtVersion(request.expected_version(), Load<pb::Activity>(tx, request.activity_id())));
  TRY(MayGoOn(activity));
  ApplyUpdate(request, &activity);
  TRY(Save(tx, activity));
  pb::ActivityUpdated event;
  event.set_activity_id(activity.id());
  event.set_needs_referral(activity.needs_referral());
  TRY(tx.Publish(event, activity));
  *response->mutable_activity() = std::move(activity);
  return absl::OkStatus();
}

absl::Status Activities::EndActivity(Tx& tx, Call&, const pb::EndActivityRequest& request,
                                     pb::EndActivityResponse* response) {
  ASSIGN(pb::Activity activity, AtVersion(request.expected_version(), Load<pb::Activity>(tx, request.activity_id())));
  ASSIGN(const auto not_over,
         tx.Query<int64_t>(
             absl::StrCat("SELECT COUNT(*) FROM sessions WHERE activity_id = :activity AND ", InStates(IsNotOver)),
             activity.id()));
  TRY(MayEnd(activity, std::get<0>(not_over.front())));
  activity.set_state(pb::ACTIVITY_STATE_ENDED);
  TRY(Save(tx, activity));
  pb::ActivityEnded event;
  event.set_activity_id(activity.id());
  TRY(tx.Publish(event, activity));
  *response->mutable_activity() = std::move(activity);
  return absl::OkStatus();
}

absl::Status Activities::GetActivity(Tx& tx, Call&, const pb::GetActivityRequest& request,
                                     pb::GetActivityResponse* response) {
  ASSIGN(*response->mutable_activity(), Load<pb::Activity>(tx, request.activity_id()));
  return absl::OkStatus();
}

absl::Status Activities::ListActivities(Tx& tx, Call&, const pb::ListActivitiesRequest& request,
                                        pb::ListActivitiesResponse* response) {
  Filter filter;
  filter.IsState("state", request.state());
  return ListPage(tx, std::move(filter), request, response->mutable_activities(), response);
}

}  // namespace mestring::activities
