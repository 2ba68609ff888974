// Follow-up of absences (oppfølging ved fravær), for people who wish it and nobody else.
//
// Stored absences in a row say something about health. So they are stored only for a person who wished it, from the
// wish on, and are deleted when the wish ends.

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/activities/v1/activities_events.pb.h"
#include "services/activities/activities.h"
#include "services/activities/activities_rules.h"
#include "services/activities/attendance_rules.h"
#include "services/activities/follow_up_changes.h"
#include "services/activities/tables.h"

namespace mestring::activities {
absl::Status Activities::SetFollowUp(Tx& tx, Call& call, const pb::SetFollowUpRequest& request,
                                     pb::SetFollowUpResponse* response) {
  TRY(MayActFor(call.caller, request.person_ref()));
  ASSIGN(auto known, FollowUpOf(tx, request.person_ref()));
  pb::FollowUp follow_up = known ? *std::move(known) : NewFollowUp(NewId(tx.now()), request.person_ref());
  if (!ApplyFollowUp(request.wanted(), tx.now(), &follow_up)) {
    if (follow_up.version() > 0) *response->mutable_follow_up() = std::move(follow_up);
    return absl::OkStatus();
  }
  TRY(follow_up.version() == 0 ? Insert(tx, follow_up) : Save(tx, follow_up));
  if (!request.wanted()) {
    TRY(tx.Exec("DELETE FROM participations WHERE person_ref = :person", follow_up.person_ref()).status());
  }
  pb::FollowUpSet event;
  event.set_follow_up_id(follow_up.id());
  event.set_person_ref(follow_up.person_ref());
  event.set_wanted(request.wanted());
  TRY(tx.Publish(event, follow_up));
  *response->mutable_follow_up() = std::move(follow_up);
  return absl::OkStatus();
}

absl::Status Activities::GetFollowUp(Tx& tx, Call& call, const pb::GetFollowUpRequest& request,
                                     pb::GetFollowUpResponse* response) {
  TRY(MaySee(call.caller, request.person_ref(), Table<pb::FollowUp>::kNoun));
  ASSIGN(*response->mutable_follow_up(), OrNotFound(FollowUpOf(tx, request.person_ref())));
  ASSIGN(std::vector<pb::Participation> participations,
         Select<pb::Participation>(tx, "WHERE person_ref = :person ORDER BY id LIMIT :most", request.person_ref(),
                                   kPageSizeMax));
  for (pb::Participation& participation : participations) *response->add_participations() = std::move(participation);
  return SetAsOf(tx, response);
}

absl::Status Activities::ListParticipations(Tx& tx, Call&, const pb::ListParticipationsRequest& request,
                                            pb::ListParticipationsResponse* response) {
  Filter filter;
  filter.Is("activity_id", request.activity_id()).IsState("state", request.state());
  return ListPage(tx, std::move(filter), request, response->mutable_participations(), response);
}

}  // namespace mestring::activities
