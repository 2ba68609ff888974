// Attendance, and the obstacles that are cleared before a session.
//
// A record never changes: a correction is a new record and the old one becomes SUPERSEDED, so that the history can be
// shown. Events say present or absent and never why: a reason can be about health. The modules attended of a course are
// counted from the records each time; a counter would have to be right after every correction.

#include <utility>

#include "common/base/ids.h"
#include "services/activities/activities.h"
#include "services/activities/attendance_rules.h"
#include "services/activities/events.h"
#include "services/activities/follow_up_changes.h"
#include "services/activities/reads.h"
#include "services/activities/seat_rules.h"

namespace mestring::activities {
namespace {

// Sets the state of the seat that follows from its record: attended or absent, and for a course, completed or not.
absl::Status FollowRecord(Tx& tx, const pb::Session& session, const pb::Attendance& attendance,
                          pb::Enrolment enrolment) {
  if (session.modules().empty()) {
    enrolment.set_state(attendance.present() ? pb::ENROLMENT_STATE_ATTENDED : pb::ENROLMENT_STATE_ABSENT);
    return Save(tx, enrolment);
  }
  ASSIGN(const pb::Activity activity, Load<pb::Activity>(tx, session.activity_id()));
  ASSIGN(const auto attended,
         tx.Query<int64_t>(absl::StrCat("SELECT COUNT(*) FROM attendances WHERE enrolment_id = :enrolment AND ",
                                        InState(pb::ATTENDANCE_STATE_RECORDED), " AND present = 1"),
                           enrolment.id()));
  const bool completed = IsCompleted(activity, session, static_cast<int>(std::get<0>(attended.front())));
  if (completed == enrolment.completed()) return absl::OkStatus();
  enrolment.set_completed(completed);
  TRY(Save(tx, enrolment));
  return completed ? tx.Publish(About<pb::CourseCompleted>(enrolment), enrolment)
                   : tx.Publish(About<pb::CourseCompletionWithdrawn>(enrolment), enrolment);
}

// Saves a record. `superseded_id`: the record that it corrects, if it is a correction.
absl::Status SaveRecord(Tx& tx, const pb::Session& session, const pb::Enrolment& enrolment,
                        const std::string& superseded_id, pb::Attendance* attendance) {
  TRY(Insert(tx, *attendance));
  auto event = About<pb::AttendanceRecorded>(session);
  event.set_attendance_id(attendance->id());
  event.set_person_ref(attendance->person_ref());
  event.set_module(attendance->module());
  event.set_present(attendance->present());
  event.set_corrected(!superseded_id.empty());
  event.set_superseded_attendance_id(superseded_id);
  if (session.modules().empty()) event.set_enrolment_id(enrolment.id());
  TRY(tx.Publish(event, *attendance));
  TRY(FollowRecord(tx, session, *attendance, enrolment));
  return FollowAttendance(tx, session.activity_id(), attendance->person_ref());
}

absl::StatusOr<pb::Attendance> RecordMark(Tx& tx, const Call& call, const pb::Session& session, int module,
                                          const pb::AttendanceMark& mark) {
  ASSIGN(const pb::Enrolment enrolment, Load<pb::Enrolment>(tx, mark.enrolment_id()));
  if (enrolment.session_id() != session.id() || !IsLive(enrolment.state())) {
    return NotFound(Table<pb::Enrolment>::kNoun);
  }
  TRY(CheckReason(!mark.present(), mark.reason_code()));
  ASSIGN(const bool recorded,
         Exists<pb::Attendance>(tx,
                                absl::StrCat("WHERE enrolment_id = :enrolment AND module = :module AND ",
                                             InState(pb::ATTENDANCE_STATE_RECORDED)),
                                enrolment.id(), module));
  TRY(MayMark(recorded));
  pb::Attendance attendance;
  attendance.set_id(NewId(tx.now()));
  attendance.set_state(pb::ATTENDANCE_STATE_RECORDED);
  attendance.set_session_id(session.id());
  attendance.set_enrolment_id(enrolment.id());
  attendance.set_person_ref(enrolment.person_ref());
  attendance.set_module(module);
  attendance.set_present(mark.present());
  attendance.set_reason_code(mark.reason_code());
  attendance.set_recorded_by(call.caller.subject);
  TRY(SaveRecord(tx, session, enrolment, "", &attendance));
  return attendance;
}

}  // namespace

absl::Status Activities::RecordAttendance(Tx& tx, Call& call, const pb::RecordAttendanceRequest& request,
                                          pb::RecordAttendanceResponse* response) {
  ASSIGN(const pb::Session session, Load<pb::Session>(tx, request.session_id()));
  TRY(MayWorkWith(tx, call.caller, session.id()));
  TRY(MayRecord(session, request.module(), tx.now()));
  for (const pb::AttendanceMark& mark : request.marks()) {
    ASSIGN(*response->add_attendances(), RecordMark(tx, call, session, request.module(), mark));
  }
  return absl::OkStatus();
}

absl::Status Activities::CorrectAttendance(Tx& tx, Call& call, const pb::CorrectAttendanceRequest& request,
                                           pb::CorrectAttendanceResponse* response) {
  ASSIGN(pb::Attendance earlier,
         AtVersion(request.expected_version(), LoadVisible<pb::Attendance>(tx, call, request.attendance_id())));
  ASSIGN(const pb::Session session, Load<pb::Session>(tx, earlier.session_id()));
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  TRY(MayCorrect(earlier, session, policy, tx.now(), tx.zone()));
  TRY(CheckReason(!request.present(), request.reason_code()));
  earlier.set_state(pb::ATTENDANCE_STATE_SUPERSEDED);
  TRY(Save(tx, earlier));
  pb::Attendance attendance = earlier;
  attendance.set_id(NewId(tx.now()));
  attendance.set_state(pb::ATTENDANCE_STATE_RECORDED);
  attendance.set_present(request.present());
  attendance.set_reason_code(request.reason_code());
  attendance.set_recorded_by(call.caller.subject);
  ASSIGN(const pb::Enrolment enrolment, Load<pb::Enrolment>(tx, earlier.enrolment_id()));
  TRY(SaveRecord(tx, session, enrolment, earlier.id(), &attendance));
  *response->mutable_attendance() = std::move(attendance);
  return absl::OkStatus();
}

absl::Status Activities::ListAttendance(Tx& tx, Call& call, const pb::ListAttendanceRequest& request,
                                        pb::ListAttendanceResponse* response) {
  if (request.session_id().empty() && request.person_ref().empty()) {
    return InvalidArgument("session_id", "must be set, or person_ref");
  }
  if (!call.caller.IsSelf(request.person_ref())) {
    if (request.session_id().empty()) TRY(MaySee(call.caller, request.person_ref(), "person"));
    TRY(MayWorkWith(tx, call.caller, request.session_id()));
  }
  Filter filter;
  filter.Is("session_id", request.session_id()).Is("person_ref", request.person_ref());
  return ListPage(tx, std::move(filter), request, response->mutable_attendances(), response);
}

// ---- Obstacles -------------------------------------------------------------------------------------

absl::Status Activities::RecordObstacle(Tx& tx, Call& call, const pb::RecordObstacleRequest& request,
                                        pb::RecordObstacleResponse* response) {
  TRY(MayActFor(call.caller, request.person_ref()));
  ASSIGN(const pb::Session session, Load<pb::Session>(tx, request.session_id()));
  ASSIGN(const bool has_seat, HasSeat(tx, session.id(), request.person_ref()));
  TRY(MayHaveObstacle(session, has_seat));
  pb::Obstacle obstacle;
  obstacle.set_id(NewId(tx.now()));
  obstacle.set_state(pb::OBSTACLE_STATE_OPEN);
  obstacle.set_session_id(session.id());
  obstacle.set_person_ref(request.person_ref());
  obstacle.set_kind_code(request.kind_code());
  TRY(Insert(tx, obstacle));
  pb::ObstacleRecorded event;
  event.set_obstacle_id(obstacle.id());
  event.set_session_id(obstacle.session_id());
  event.set_person_ref(obstacle.person_ref());
  TRY(tx.Publish(event, obstacle));
  *response->mutable_obstacle() = std::move(obstacle);
  return absl::OkStatus();
}

absl::Status Activities::ClearObstacle(Tx& tx, Call& call, const pb::ClearObstacleRequest& request,
                                       pb::ClearObstacleResponse* response) {
  ASSIGN(pb::Obstacle obstacle,
         AtVersion(request.expected_version(), LoadVisible<pb::Obstacle>(tx, call, request.obstacle_id())));
  TRY(MayClear(obstacle));
  obstacle.set_state(pb::OBSTACLE_STATE_CLEARED);
  TRY(Save(tx, obstacle));
  pb::ObstacleCleared event;
  event.set_obstacle_id(obstacle.id());
  event.set_session_id(obstacle.session_id());
  event.set_person_ref(obstacle.person_ref());
  TRY(tx.Publish(event, obstacle));
  *response->mutable_obstacle() = std::move(obstacle);
  return absl::OkStatus();
}

absl::Status Activities::ListObstacles(Tx& tx, Call& call, const pb::ListObstaclesRequest& request,
                                       pb::ListObstaclesResponse* response) {
  Filter filter;
  filter.Is("session_id", request.session_id()).IsState("state", request.state());
  if (WorksWithActivities(call.caller)) {
    filter.Is("person_ref", request.person_ref());
  } else {
    if (!request.person_ref().empty()) TRY(MaySee(call.caller, request.person_ref(), "person"));
    filter.IsExactly("person_ref", call.caller.person_ref);
  }
  return ListPage(tx, std::move(filter), request, response->mutable_obstacles(), response);
}

}  // namespace mestring::activities
