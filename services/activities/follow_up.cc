// Being asked after when one stays away (oppfølging ved fravær), for those who wish it and nobody else.
//
// A streak of absences is a thing about health as soon as somebody keeps it, so it is kept only of a person who
// said so, from then on, and goes when the wish goes. It is computed anew from the records of attendance at each
// of them: a counter would have to be right after every correction and every record that comes late. That a
// record is of a drop-in cannot be: those have none (A6).

#include <map>
#include <utility>

#include "services/activities/activities.h"
#include "services/activities/activities_records.h"

namespace mestring::activities {
namespace {

absl::StatusOr<std::optional<pb::FollowUp>> FollowUpOf(Tx& tx, std::string_view person_ref) {
  return Find<pb::FollowUp>(tx, "WHERE person_ref = :person", person_ref);
}

// All records of a person in an activity, superseded ones too, with the times of what they are of.
absl::StatusOr<std::vector<Mark>> MarksOf(Tx& tx, std::string_view activity_id, std::string_view person_ref) {
  // By the person and not by the activity, which may have had thousands of sessions.
  ASSIGN(std::vector<pb::Session> attended,
         Select<pb::Session>(tx, "WHERE id IN (SELECT session_id FROM attendances WHERE person_ref = :person)",
                             person_ref));
  std::map<std::string, pb::Session> sessions;
  for (pb::Session& session : attended) {
    if (session.activity_id() == activity_id) sessions.emplace(session.id(), std::move(session));
  }
  ASSIGN(const std::vector<pb::Attendance> attendances,
         Select<pb::Attendance>(tx, "WHERE person_ref = :person ORDER BY id", person_ref));
  std::vector<Mark> marks;
  for (const pb::Attendance& attendance : attendances) {
    const auto session = sessions.find(attendance.session_id());
    if (session == sessions.end()) continue;
    ASSIGN(const Span span, SpanOf(session->second, attendance.module()));
    marks.push_back({attendance, span.start});
  }
  return marks;
}

absl::StatusOr<pb::Participation> ParticipationOf(Tx& tx, std::string_view activity_id, std::string_view person_ref) {
  ASSIGN(auto known, Find<pb::Participation>(tx, "WHERE person_ref = :person AND activity_id = :activity", person_ref,
                                             activity_id));
  return known ? *std::move(known) : NewParticipation(NewId(tx.now()), activity_id, person_ref);
}

template <class Event>
Event AboutParticipation(const pb::Participation& participation) {
  Event event;
  event.set_participation_id(participation.id());
  event.set_activity_id(participation.activity_id());
  event.set_person_ref(participation.person_ref());
  return event;
}

absl::Status PublishCounted(Tx& tx, pb::ParticipationState before, const pb::Participation& participation) {
  if (participation.state() == before) {
    return tx.Publish(AboutParticipation<pb::ParticipationCounted>(participation), participation.id(),
                      participation.version());
  }
  if (participation.state() == pb::PARTICIPATION_STATE_LAPSED) {
    auto event = AboutParticipation<pb::ParticipationLapsed>(participation);
    event.set_absences(participation.absences());
    return tx.Publish(event, participation.id(), participation.version());
  }
  return tx.Publish(AboutParticipation<pb::ParticipationResumed>(participation), participation.id(),
                    participation.version());
}

}  // namespace

absl::Status FollowAttendance(Tx& tx, std::string_view activity_id, std::string_view person_ref) {
  ASSIGN(const auto wish, FollowUpOf(tx, person_ref));
  if (!wish || wish->state() != pb::FOLLOW_UP_STATE_WANTED) return absl::OkStatus();
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  ASSIGN(const std::vector<Mark> marks, MarksOf(tx, activity_id, person_ref));
  const Streak streak = StreakOf(marks, FromProto(wish->wanted_from_time()));
  if (!streak.any) return absl::OkStatus();
  ASSIGN(pb::Participation participation, ParticipationOf(tx, activity_id, person_ref));
  const pb::ParticipationState before = participation.state();
  ApplyStreak(streak, policy, tx.zone(), &participation);
  TRY(participation.version() == 0 ? Insert(tx, participation) : Save(tx, participation));
  return PublishCounted(tx, before, participation);
}

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
  TRY(tx.Publish(event, follow_up.id(), follow_up.version()));
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
  TRY(Page(tx, std::move(filter), {request.page_size(), request.page_token()}, response->mutable_participations(),
           response->mutable_next_page_token()));
  return SetAsOf(tx, response);
}

}  // namespace mestring::activities
