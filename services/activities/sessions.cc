// Sessions: planning, moving, cancelling, and their leaders.
//
// A session is what somebody takes part in as a whole: an evening of the running group, a course with its modules, a
// camp over days. So quotas, seats, the waiting list and cost shares work the same for all, and a course needs no rules
// of its own. A recurrence rule makes sessions, or the modules of one course; after that each is moved and cancelled
// alone. Computing sessions from a stored rule was rejected: seats need rows to belong to.

#include <algorithm>
#include <utility>

#include "common/base/ids.h"
#include "services/activities/activities.h"
#include "services/activities/events.h"
#include "services/activities/fund_rules.h"
#include "services/activities/leader_changes.h"
#include "services/activities/leader_rules.h"
#include "services/activities/reads.h"
#include "services/activities/seat_changes.h"
#include "services/activities/seat_rules.h"
#include "services/activities/session_changes.h"
#include "services/shared/calendar.h"

namespace mestring::activities {
namespace {

absl::StatusOr<absl::CivilMinute> LocalTime(std::string_view date, std::string_view time_of_day) {
  ASSIGN(const int minute, ParseTimeOfDay("time_of_day", time_of_day));
  return absl::CivilMinute(Day(date)) + minute;
}

absl::Status SaveScheduled(Tx& tx, const pb::ActivityPolicy& policy, pb::Session* session) {
  TRY(Insert(tx, *session));
  TRY(ScheduleTimers(tx, policy, *session));
  auto event = About<pb::SessionScheduled>(*session);
  event.set_mode(session->mode());
  *event.mutable_start_time() = session->start_time();
  *event.mutable_end_time() = session->end_time();
  return tx.Publish(event, *session);
}

// Publishes the new time to a person with a seat or an entry of the waiting list. Each such event has a version of its
// own, because a subscriber ignores a version that it has seen. `held_entry_id`: the entry whose offer now ends with
// the new start, if any.
absl::Status PublishNewTime(Tx& tx, const std::string& person_ref, const std::string& held_entry_id,
                            pb::Session* session) {
  TRY(Save(tx, *session));
  auto event = About<pb::SessionTimeChanged>(*session);
  event.set_person_ref(person_ref);
  event.set_wait_entry_id(held_entry_id);
  *event.mutable_start_time() = session->start_time();
  *event.mutable_end_time() = session->end_time();
  return tx.Publish(event, *session);
}

// Publishes a move to everybody concerned. An offer never outlives the start, even a new, earlier one (A3).
absl::Status PublishMove(Tx& tx, int module, pb::Session* session) {
  auto event = About<pb::SessionMoved>(*session);
  event.set_module(module);
  *event.mutable_start_time() = session->start_time();
  *event.mutable_end_time() = session->end_time();
  TRY(tx.Publish(event, *session));
  ASSIGN(const std::vector<pb::Enrolment> enrolments, ConfirmedEnrolments(tx, session->id()));
  for (const pb::Enrolment& enrolment : enrolments) TRY(PublishNewTime(tx, enrolment.person_ref(), "", session));
  ASSIGN(std::vector<pb::WaitEntry> entries, LiveWaitEntries(tx, session->id()));
  for (pb::WaitEntry& entry : entries) {
    const absl::Time start = FromProto(session->start_time());
    const bool ends_earlier =
        entry.state() == pb::WAIT_ENTRY_STATE_OFFERED && FromProto(entry.offer_expire_time()) > start;
    if (ends_earlier) {
      *entry.mutable_offer_expire_time() = session->start_time();
      TRY(Save(tx, entry));
      TRY(tx.Schedule(kOfferTimer, entry.id(), start));
    }
    TRY(PublishNewTime(tx, entry.person_ref(), ends_earlier ? entry.id() : "", session));
  }
  return absl::OkStatus();
}

// [X1] Moving or cancelling a session concerns each person with a seat, an entry of the waiting list or an open grant
// for it: records the access for each.
absl::Status RecordAccessToParticipants(Tx& tx, const pb::Session& session, Call& call) {
  ASSIGN(const auto persons,
         tx.Query<std::string>(
             absl::StrCat("SELECT person_ref FROM enrolments WHERE session_id = :session1 AND ",
                          InState(pb::ENROLMENT_STATE_CONFIRMED),
                          " UNION SELECT person_ref FROM wait_entries WHERE session_id = :session2 AND ",
                          InStates<pb::WaitEntryState>(IsLive),
                          " UNION SELECT person_ref FROM grants WHERE session_id = :session3 AND ", InStates(IsOpen)),
             session.id(), session.id(), session.id()));
  for (const auto& [person_ref] : persons) call.RecordAccess(person_ref);
  return absl::OkStatus();
}

}  // namespace

absl::Status Activities::ScheduleSessions(Tx& tx, Call&, const pb::ScheduleSessionsRequest& request,
                                          pb::ScheduleSessionsResponse* response) {
  ASSIGN(const pb::Activity activity, Load<pb::Activity>(tx, request.activity_id()));
  TRY(MayGoOn(activity));
  TRY(CheckQuotas(activity, request.quotas()));
  TRY(CheckPlannable("first_date", request.first_date(), Today(tx)));
  ASSIGN(const absl::CivilMinute first, LocalTime(request.first_date(), request.time_of_day()));
  ASSIGN(const std::vector<absl::Time> starts, Occurrences(request.recurrence(), first, tx.zone()));
  TRY(CheckPlannable("recurrence", DayOf(tx, starts.back()), Today(tx)));
  TRY(MayBegin(starts.front(), tx.now()));
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  std::vector<Span> spans;
  for (absl::Time start : starts) {
    spans.push_back(SpanFrom(start, absl::Minutes(request.duration_minutes()), tx.zone()));
  }
  const bool as_modules = activity.mode() == pb::ACTIVITY_MODE_COURSE;
  for (size_t i = 0; i < (as_modules ? 1 : spans.size()); ++i) {
    pb::Session session = NewSession(NewId(tx.now()), activity, request, policy,
                                     as_modules ? spans : std::vector<Span>{spans[i]}, tx.now(), tx.zone());
    TRY(SaveScheduled(tx, policy, &session));
    *response->add_sessions() = std::move(session);
  }
  return absl::OkStatus();
}

absl::Status Activities::MoveSession(Tx& tx, Call& call, const pb::MoveSessionRequest& request,
                                     pb::MoveSessionResponse* response) {
  ASSIGN(pb::Session session, AtVersion(request.expected_version(), Load<pb::Session>(tx, request.session_id())));
  ASSIGN(const Span from, SpanOf(session, request.module()));
  TRY(CheckPlannable("date", request.date(), Today(tx)));
  ASSIGN(const absl::CivilMinute local, LocalTime(request.date(), request.time_of_day()));
  const absl::Duration duration = request.duration_minutes() > 0 ? absl::Minutes(request.duration_minutes())
                                                                 : BetweenOnTheWall(from.start, from.end, tx.zone());
  const absl::Time start = absl::FromCivil(absl::CivilSecond(local), tx.zone());
  const Span to = SpanFrom(start, duration, tx.zone());
  TRY(MayMove(session, request.module(), to, tx.now()));
  ApplyMove(request.module(), to, tx.now(), tx.zone(), &session);
  if (!request.place().empty()) session.set_place(request.place());
  if (!request.area_code().empty()) session.set_area_code(request.area_code());
  TRY(Save(tx, session));
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  TRY(ScheduleTimers(tx, policy, session));
  TRY(PublishMove(tx, request.module(), &session));
  if (LacksLeaderByNow(session, policy, tx.now())) {
    TRY(Save(tx, session));  // for the version of the event
    TRY(PublishLacksLeader(tx, session));
  }
  TRY(RecordAccessToParticipants(tx, session, call));
  *response->mutable_session() = std::move(session);
  return absl::OkStatus();
}

absl::Status Activities::CancelSession(Tx& tx, Call& call, const pb::CancelSessionRequest& request,
                                       pb::CancelSessionResponse* response) {
  ASSIGN(pb::Session session, AtVersion(request.expected_version(), Load<pb::Session>(tx, request.session_id())));
  TRY(MayCancel(session));
  TRY(RecordAccessToParticipants(tx, session, call));
  TRY(CancelNow(tx, request.reason_code(), &session));
  *response->mutable_session() = std::move(session);
  return absl::OkStatus();
}

absl::Status Activities::SetQuotas(Tx& tx, Call&, const pb::SetQuotasRequest& request,
                                   pb::SetQuotasResponse* response) {
  ASSIGN(pb::Session session, AtVersion(request.expected_version(), Load<pb::Session>(tx, request.session_id())));
  TRY(MayChange(session));
  ASSIGN(const pb::Activity activity, Load<pb::Activity>(tx, session.activity_id()));
  TRY(CheckQuotas(activity, request.quotas()));
  ASSIGN(const SeatCounts counts, SeatCountsOf(tx, session));
  TRY(MaySetQuotas(counts, request.quotas()));
  *session.mutable_quotas() = request.quotas();
  TRY(Save(tx, session));
  auto event = About<pb::QuotasSet>(session);
  for (const pb::Quota& quota : session.quotas()) event.set_seats(event.seats() + quota.seats());
  TRY(tx.Publish(event, session));
  TRY(ReallocateSeats(tx, &session));
  ASSIGN(*session.mutable_seat_counts(), SeatCountsOf(tx, session));
  *response->mutable_session() = std::move(session);
  return absl::OkStatus();
}

absl::Status Activities::SetWaitingList(Tx& tx, Call&, const pb::SetWaitingListRequest& request,
                                        pb::SetWaitingListResponse* response) {
  ASSIGN(pb::Session session, AtVersion(request.expected_version(), Load<pb::Session>(tx, request.session_id())));
  TRY(MayChange(session));
  session.set_waiting_list_suspended(request.suspended());
  session.set_waiting_list_max(request.waiting_list_max());
  TRY(Save(tx, session));
  auto event = About<pb::WaitingListSet>(session);
  event.set_suspended(session.waiting_list_suspended());
  event.set_waiting_list_max(session.waiting_list_max());
  TRY(tx.Publish(event, session));
  TRY(ReallocateSeats(tx, &session));
  *response->mutable_session() = std::move(session);
  return absl::OkStatus();
}

// ---- Who leads -------------------------------------------------------------------------------------

absl::Status Activities::AssignLeader(Tx& tx, Call&, const pb::AssignLeaderRequest& request,
                                      pb::AssignLeaderResponse* response) {
  ASSIGN(pb::Session session, Load<pb::Session>(tx, request.session_id()));
  const bool is_user = !request.person_ref().empty();
  pb::LeaderPath path;
  if (is_user) {
    ASSIGN(const auto known, PathOf(tx, request.person_ref()));
    path = known.value_or(pb::LeaderPath());
  }
  const std::string_view column = is_user ? "person_ref" : "staff_id";
  const std::string& who = is_user ? request.person_ref() : request.staff_id();
  ASSIGN(const bool assigned,
         Exists<pb::SessionLeader>(tx,
                                   absl::StrCat("WHERE session_id = :session AND ",
                                                InState(pb::SESSION_LEADER_STATE_ASSIGNED), " AND ", column, " = :who"),
                                   session.id(), who));
  TRY(MayAssignLeader(session, is_user ? &path : nullptr, assigned));
  pb::SessionLeader leader;
  leader.set_id(NewId(tx.now()));
  leader.set_state(pb::SESSION_LEADER_STATE_ASSIGNED);
  leader.set_session_id(session.id());
  leader.set_person_ref(request.person_ref());
  leader.set_staff_id(request.staff_id());
  TRY(Insert(tx, leader));
  session.set_leaders(session.leaders() + 1);
  TRY(Save(tx, session));
  auto event = About<pb::LeaderAssigned>(session);
  event.set_session_leader_id(leader.id());
  event.set_person_ref(leader.person_ref());
  TRY(tx.Publish(event, leader));
  *response->mutable_session_leader() = std::move(leader);
  return absl::OkStatus();
}

absl::Status Activities::UnassignLeader(Tx& tx, Call& call, const pb::UnassignLeaderRequest& request,
                                        pb::UnassignLeaderResponse* response) {
  ASSIGN(pb::SessionLeader leader, LoadVisible<pb::SessionLeader>(tx, call, request.session_leader_id()));
  if (leader.state() != pb::SESSION_LEADER_STATE_ASSIGNED) return NotFound(Table<pb::SessionLeader>::kNoun);
  ASSIGN(pb::Session session, Load<pb::Session>(tx, leader.session_id()));
  TRY(MayChangeLeaders(session));
  TRY(Unassign(tx, &leader, &session));
  *response->mutable_session_leader() = std::move(leader);
  return absl::OkStatus();
}

absl::Status Activities::SetCostShares(Tx& tx, Call&, const pb::SetCostSharesRequest& request,
                                       pb::SetCostSharesResponse* response) {
  ASSIGN(pb::Session session, AtVersion(request.expected_version(), Load<pb::Session>(tx, request.session_id())));
  TRY(MayHaveCostShares(session));
  TRY(CheckPlannable("pay_by_date", request.pay_by_date(), Today(tx)));
  *session.mutable_cost_items() = request.cost_items();
  session.set_pay_by_date(request.pay_by_date());
  TRY(Save(tx, session));
  auto event = About<pb::CostSharesSet>(session);
  event.set_own_share_ore(OwnShare(session));
  TRY(tx.Publish(event, session));
  TRY(session.pay_by_date().empty() || OwnShare(session) == 0
          ? tx.CancelTimer(kOwnShareTimer, session.id())
          : tx.Schedule(kOwnShareTimer, session.id(), EndOf(tx, session.pay_by_date())));
  *response->mutable_session() = std::move(session);
  return absl::OkStatus();
}

}  // namespace mestring::activities
