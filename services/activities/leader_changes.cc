#include "services/activities/leader_changes.h"

#include <vector>

#include "common/store/records.h"
#include "services/activities/activities_rules.h"
#include "services/activities/events.h"
#include "services/activities/leader_rules.h"
#include "services/activities/reads.h"

namespace mestring::activities {
namespace {

// Publishes the causes of a leader who stays paused.
absl::Status PublishCauses(Tx& tx, const pb::LeaderPath& path) {
  auto event = About<pb::LeaderPauseChanged>(path);
  *event.mutable_causes() = path.pause_causes();
  return tx.Publish(event, path);
}

}  // namespace

absl::Status PublishLacksLeader(Tx& tx, const pb::Session& session) {
  auto event = About<pb::SessionLacksLeader>(session);
  *event.mutable_start_time() = session.start_time();
  return tx.Publish(event, session);
}

absl::Status Unassign(Tx& tx, pb::SessionLeader* leader, pb::Session* session) {
  leader->set_state(pb::SESSION_LEADER_STATE_UNASSIGNED);
  TRY(Save(tx, *leader));
  session->set_leaders(session->leaders() - 1);
  TRY(Save(tx, *session));
  auto event = About<pb::LeaderUnassigned>(*session);
  event.set_session_leader_id(leader->id());
  event.set_person_ref(leader->person_ref());
  TRY(tx.Publish(event, *leader));
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  return LacksLeaderByNow(*session, policy, tx.now()) ? PublishLacksLeader(tx, *session) : absl::OkStatus();
}

absl::Status UnassignAll(Tx& tx, std::string_view person_ref) {
  ASSIGN(std::vector<pb::SessionLeader> leaders,
         Select<pb::SessionLeader>(
             tx,
             absl::StrCat("WHERE person_ref = :person AND ", InState(pb::SESSION_LEADER_STATE_ASSIGNED),
                          " AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = session_id AND s.", InStates(IsNotOver),
                          ") ORDER BY id"),
             person_ref));
  for (pb::SessionLeader& leader : leaders) {
    ASSIGN(pb::Session session, Load<pb::Session>(tx, leader.session_id()));
    if (MayChangeLeaders(session).ok()) TRY(Unassign(tx, &leader, &session));
  }
  return absl::OkStatus();
}

absl::Status PauseFor(Tx& tx, pb::PauseCause cause, pb::LeaderPath* path) {
  if (IsPausedFor(*path, cause) || path->step() != pb::LEADER_STEP_LEADER) return absl::OkStatus();
  const bool led = ApplyPause(cause, path);
  TRY(Save(tx, *path));
  if (!led) return PublishCauses(tx, *path);
  auto event = About<pb::LeaderPaused>(*path);
  event.set_cause(cause);
  TRY(tx.Publish(event, *path));
  return UnassignAll(tx, path->person_ref());
}

absl::Status ResumeFor(Tx& tx, pb::PauseCause cause, pb::LeaderPath* path) {
  if (!IsPausedFor(*path, cause)) return absl::OkStatus();
  const bool leads = ApplyResume(cause, path);
  TRY(Save(tx, *path));
  if (!leads) return PublishCauses(tx, *path);
  return tx.Publish(About<pb::LeaderResumed>(*path), *path);
}

}  // namespace mestring::activities
