// The annual plan and its meetings, from planning and notice to the opening, the end, the final record and its
// reopening.
//
// A meeting keeps the mandate under which it was planned, and its row stores its deadlines, so a later mandate moves
// none of them. The opening copies the seats, and the rules of the meeting use that copy (C6). Software that reads the
// current seats instead shows participants who were not there (opengever.core#4876).

#include <map>
#include <utility>

#include "common/base/ids.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/agenda_changes.h"
#include "services/council/agenda_rules.h"
#include "services/council/attendance_rules.h"
#include "services/council/council.h"
#include "services/council/figure_changes.h"
#include "services/council/meeting_changes.h"
#include "services/council/reads.h"
#include "services/council/seat_changes.h"
#include "services/shared/calendar.h"

namespace mestring::council {
namespace {

absl::Status AddMeeting(Tx& tx, pb::Meeting* meeting) {
  TRY(Insert(tx, *meeting));
  TRY(ScheduleNotice(tx, *meeting));
  pb::MeetingPlanned event;
  event.set_meeting_id(meeting->id());
  event.set_kind(meeting->kind());
  event.set_meeting_date(meeting->meeting_date());
  event.set_replaces_meeting_id(meeting->replaces_meeting_id());
  return tx.Publish(event, *meeting);
}

absl::StatusOr<pb::AnnualPlan> AnnualPlanOf(Tx& tx, int year) {
  return Or(Find<pb::AnnualPlan>(tx, "WHERE year = :year", year),
            Refused("ANNUAL_PLAN_MISSING", "the year has no annual plan yet; set it first"));
}

// Saves a meeting in its new state and publishes `event`, in which it sets the meeting.
template <class Event>
absl::Status SaveAndPublish(Tx& tx, pb::MeetingState state, pb::Meeting* meeting, Event event = {}) {
  meeting->set_state(state);
  TRY(Save(tx, *meeting));
  event.set_meeting_id(meeting->id());
  return tx.Publish(event, *meeting);
}

absl::Status FreezeSeats(Tx& tx, const pb::Meeting& meeting,
                         google::protobuf::RepeatedPtrField<pb::VotingSeat>* frozen) {
  ASSIGN(const std::vector<pb::Apology> apologies,
         Select<pb::Apology>(tx, absl::StrCat("WHERE meeting_id = :meeting AND ", InState(pb::APOLOGY_STATE_IN_FORCE)),
                             meeting.id()));
  ASSIGN(const std::vector<pb::Seat> seats, ActiveSeats(tx));
  for (const pb::Seat& seat : seats) {
    ASSIGN(const Holders holders, HoldersOf(tx, seat.id()));
    pb::VotingSeat entitled = NewVotingSeat(NewId(tx.now()), meeting, seat, holders, apologies);
    TRY(Insert(tx, entitled));
    *frozen->Add() = std::move(entitled);
  }
  return absl::OkStatus();
}

// Nobody apologises for a vacant seat, so the notice itself summons the deputy. (C3)
absl::Status SummonForVacancies(Tx& tx, const pb::Meeting& meeting) {
  ASSIGN(const std::vector<pb::Seat> seats, ActiveSeats(tx));
  for (const pb::Seat& seat : seats) TRY(SummonIfNeeded(tx, meeting, seat).status());
  return absl::OkStatus();
}

// After a move to another day, apologies and summonses for the old day are void: somebody who could not come then may
// be able to come now, or apologises again. Their rows stay, and events say that they are void (X2).
absl::Status VoidAnswersToNotice(Tx& tx, const pb::Meeting& meeting) {
  ASSIGN(std::vector<pb::Apology> apologies,
         Select<pb::Apology>(
             tx, absl::StrCat("WHERE meeting_id = :meeting AND ", InState(pb::APOLOGY_STATE_IN_FORCE), " ORDER BY id"),
             meeting.id()));
  for (pb::Apology& apology : apologies) {
    apology.set_state(pb::APOLOGY_STATE_VOID);
    TRY(Save(tx, apology));
    pb::ApologyVoided event;
    event.set_apology_id(apology.id());
    event.set_meeting_id(meeting.id());
    event.set_seat_id(apology.seat_id());
    event.set_role(apology.role());
    TRY(tx.Publish(event, apology));
  }
  ASSIGN(std::vector<pb::Summons> summonses,
         Select<pb::Summons>(
             tx, absl::StrCat("WHERE meeting_id = :meeting AND ", InState(pb::SUMMONS_STATE_IN_FORCE), " ORDER BY id"),
             meeting.id()));
  for (pb::Summons& summons : summonses) TRY(VoidSummons(tx, &summons));
  return absl::OkStatus();
}

}  // namespace

absl::Status Council::SetAnnualPlan(Tx& tx, Call&, const pb::SetAnnualPlanRequest& request,
                                    pb::SetAnnualPlanResponse* response) {
  ASSIGN(const pb::Mandate mandate, CurrentMandate(tx));
  TRY(CheckAnnualPlan(request, mandate));
  ASSIGN(const auto known, Find<pb::AnnualPlan>(tx, "WHERE year = :year", request.year()));
  TRY(MaySetAnnualPlan(known.has_value()));
  pb::AnnualPlan annual_plan;
  annual_plan.set_id(NewId(tx.now()));
  annual_plan.set_year(request.year());
  TRY(Insert(tx, annual_plan));
  pb::AnnualPlanSet event;
  event.set_annual_plan_id(annual_plan.id());
  event.set_year(annual_plan.year());
  for (const pb::PlannedMeeting& plan : request.meetings()) {
    pb::Meeting meeting = NewMeeting(NewId(tx.now()), pb::MEETING_KIND_ORDINARY, annual_plan, plan, mandate);
    TRY(AddMeeting(tx, &meeting));
    event.add_meeting_ids(meeting.id());
    *response->add_meetings() = std::move(meeting);
  }
  TRY(tx.Publish(event, annual_plan));
  *response->mutable_annual_plan() = std::move(annual_plan);
  return absl::OkStatus();
}

absl::Status Council::GetAnnualPlan(Tx& tx, Call&, const pb::GetAnnualPlanRequest& request,
                                    pb::GetAnnualPlanResponse* response) {
  ASSIGN(auto annual_plan, Find<pb::AnnualPlan>(tx, "WHERE year = :year", request.year()));
  if (!annual_plan) return NotFound("annual plan");
  ASSIGN(std::vector<pb::Meeting> meetings,
         Select<pb::Meeting>(tx, "WHERE annual_plan_id = :annual_plan ORDER BY meeting_date, id", annual_plan->id()));
  for (pb::Meeting& meeting : meetings) *response->add_meetings() = std::move(meeting);
  *response->mutable_annual_plan() = *std::move(annual_plan);
  return SetAsOf(tx, response);
}

absl::Status Council::PlanMeeting(Tx& tx, Call&, const pb::PlanMeetingRequest& request,
                                  pb::PlanMeetingResponse* response) {
  const int year = static_cast<int>(Day(request.meeting().meeting_date()).year());
  TRY(CheckPlan("meeting", request.meeting(), year));
  ASSIGN(const pb::AnnualPlan annual_plan, AnnualPlanOf(tx, year));
  ASSIGN(const pb::Mandate mandate, CurrentMandate(tx));
  std::string place;
  if (!request.replaces_meeting_id().empty()) {
    ASSIGN(const pb::Meeting cancelled, Load<pb::Meeting>(tx, request.replaces_meeting_id()));
    place = PlaceOf(cancelled);
    ASSIGN(const auto other,
           Find<pb::Meeting>(
               tx, absl::StrCat("WHERE replaces_meeting_id = :place AND ", NotInState(pb::MEETING_STATE_CANCELLED)),
               place));
    TRY(MayReplace(cancelled, annual_plan, request.meeting(), other.has_value()));
  }
  pb::Meeting meeting =
      NewMeeting(NewId(tx.now()), place.empty() ? pb::MEETING_KIND_EXTRAORDINARY : pb::MEETING_KIND_ORDINARY,
                 annual_plan, request.meeting(), mandate);
  meeting.set_replaces_meeting_id(place);
  TRY(AddMeeting(tx, &meeting));
  *response->mutable_meeting() = std::move(meeting);
  return absl::OkStatus();
}

absl::Status Council::MoveMeeting(Tx& tx, Call&, const pb::MoveMeetingRequest& request,
                                  pb::MoveMeetingResponse* response) {
  ASSIGN(pb::Meeting meeting, AtVersion(request.expected_version(), Load<pb::Meeting>(tx, request.meeting_id())));
  ASSIGN(const pb::Mandate mandate, Load<pb::Mandate>(tx, meeting.mandate_id()));
  pb::Meeting moved = meeting;
  ApplyDate(request.meeting_date(), mandate, &moved);
  moved.set_start_time(request.start_time());
  moved.set_place(request.place());
  moved.set_reason(request.reason());
  moved.set_times_moved(meeting.times_moved() + 1);
  TRY(MayMove(meeting, moved, Today(tx)));
  pb::MeetingMoved event;
  event.set_former_date(meeting.meeting_date());
  event.set_meeting_date(moved.meeting_date());
  TRY(SaveAndPublish(tx, moved.state(), &moved, std::move(event)));
  if (moved.meeting_date() != meeting.meeting_date()) {
    TRY(ScheduleNotice(tx, moved));
    TRY(VoidAnswersToNotice(tx, moved));
    TRY(SummonForVacancies(tx, moved));
  }
  *response->mutable_meeting() = std::move(moved);
  return absl::OkStatus();
}

absl::Status Council::SendNotice(Tx& tx, Call&, const pb::SendNoticeRequest& request,
                                 pb::SendNoticeResponse* response) {
  ASSIGN(pb::Meeting meeting, AtVersion(request.expected_version(), Load<pb::Meeting>(tx, request.meeting_id())));
  const std::string today = Today(tx);
  TRY(MayCall(meeting, today));
  meeting.set_call_date(today);
  pb::NoticeSent event;
  event.set_kind(meeting.kind());
  event.set_meeting_date(meeting.meeting_date());
  event.set_input_by(meeting.input_by());
  TRY(SaveAndPublish(tx, pb::MEETING_STATE_NOTICE_SENT, &meeting, std::move(event)));
  TRY(ScheduleNotice(tx, meeting));
  TRY(PrepareAgenda(tx, meeting));
  TRY(SummonForVacancies(tx, meeting));
  ASSIGN(std::vector<pb::AgendaItem> agenda, AgendaOf(tx, meeting.id()));
  for (pb::AgendaItem& item : agenda) *response->add_agenda() = std::move(item);
  *response->mutable_meeting() = std::move(meeting);
  return absl::OkStatus();
}

absl::Status Council::CancelMeeting(Tx& tx, Call&, const pb::CancelMeetingRequest& request,
                                    pb::CancelMeetingResponse* response) {
  ASSIGN(pb::Meeting meeting, AtVersion(request.expected_version(), Load<pb::Meeting>(tx, request.meeting_id())));
  TRY(MayCancel(meeting));
  meeting.set_reason(request.reason());
  pb::MeetingCancelled event;
  event.set_meeting_date(meeting.meeting_date());
  TRY(SaveAndPublish(tx, pb::MEETING_STATE_CANCELLED, &meeting, std::move(event)));
  TRY(ScheduleNotice(tx, meeting));
  pb::SettleAgendaItemRequest postponed;
  postponed.set_settlement(pb::SETTLEMENT_POSTPONED);
  postponed.set_reason(request.reason());
  ASSIGN(std::vector<pb::AgendaItem> agenda, AgendaOf(tx, meeting.id()));
  for (pb::AgendaItem& item : agenda) {
    if (IsSettled(item)) continue;
    ApplySettlement(postponed, &item);
    TRY(SettleItem(tx, &item));
  }
  TRY(MovePapers(tx, meeting.id(), ""));
  *response->mutable_meeting() = std::move(meeting);
  return absl::OkStatus();
}

absl::Status Council::OpenMeeting(Tx& tx, Call&, const pb::OpenMeetingRequest& request,
                                  pb::OpenMeetingResponse* response) {
  ASSIGN(pb::Meeting meeting, AtVersion(request.expected_version(), Load<pb::Meeting>(tx, request.meeting_id())));
  TRY(MayOpen(meeting, Today(tx)));
  // Adds what has come since the notice; after the opening the agenda is fixed.
  TRY(PrepareAgenda(tx, meeting));
  TRY(FreezeSeats(tx, meeting, response->mutable_seats()));
  pb::MeetingOpened event;
  event.set_voting_seats(response->seats_size());
  for (const pb::VotingSeat& seat : response->seats()) event.add_voting_seat_ids(seat.id());
  TRY(SaveAndPublish(tx, pb::MEETING_STATE_OPEN, &meeting, std::move(event)));
  TRY(ScheduleMinutes(tx, meeting));
  *response->mutable_meeting() = std::move(meeting);
  return absl::OkStatus();
}

absl::Status Council::EndSitting(Tx& tx, Call&, const pb::EndSittingRequest& request,
                                 pb::EndSittingResponse* response) {
  ASSIGN(pb::Meeting meeting, AtVersion(request.expected_version(), Load<pb::Meeting>(tx, request.meeting_id())));
  TRY(MayEnd(meeting));
  TRY(SaveAndPublish<pb::MeetingHeld>(tx, pb::MEETING_STATE_HELD, &meeting));
  *response->mutable_meeting() = std::move(meeting);
  return absl::OkStatus();
}

absl::Status Council::FinaliseMeeting(Tx& tx, Call&, const pb::FinaliseMeetingRequest& request,
                                      pb::FinaliseMeetingResponse* response) {
  ASSIGN(pb::Meeting meeting, AtVersion(request.expected_version(), Load<pb::Meeting>(tx, request.meeting_id())));
  ASSIGN(const std::vector<pb::AgendaItem> agenda, AgendaOf(tx, meeting.id()));
  ASSIGN(const std::optional<pb::Minutes> newest, NewestMinutes(tx, meeting.id()));
  TRY(MayClose(meeting, agenda, newest));
  meeting.set_close_date(Today(tx));
  TRY(SaveAndPublish<pb::MeetingFinalised>(tx, pb::MEETING_STATE_FINALISED, &meeting));
  *response->mutable_meeting() = std::move(meeting);
  return absl::OkStatus();
}

absl::Status Council::ReopenMeeting(Tx& tx, Call&, const pb::ReopenMeetingRequest& request,
                                    pb::ReopenMeetingResponse* response) {
  ASSIGN(pb::Meeting meeting, AtVersion(request.expected_version(), Load<pb::Meeting>(tx, request.meeting_id())));
  ASSIGN(const bool newer,
         Exists<pb::Meeting>(tx, absl::StrCat("WHERE meeting_date > :date AND ", InState(pb::MEETING_STATE_FINALISED)),
                             meeting.meeting_date()));
  ASSIGN(const std::optional<pb::Minutes> newest, NewestMinutes(tx, meeting.id()));
  ASSIGN(const bool approved, HasApprovedMinutes(tx, meeting.id()));
  TRY(MayReopen(meeting, newer, approved));
  meeting.set_reason(request.reason());
  meeting.set_times_reopened(meeting.times_reopened() + 1);
  meeting.set_minutes_before(newest ? newest->minutes_version() : 0);
  pb::MeetingReopened event;
  event.set_times_reopened(meeting.times_reopened());
  TRY(SaveAndPublish(tx, pb::MEETING_STATE_REOPENED, &meeting, std::move(event)));
  *response->mutable_meeting() = std::move(meeting);
  return absl::OkStatus();
}

absl::Status Council::GetMeeting(Tx& tx, Call& call, const pb::GetMeetingRequest& request,
                                 pb::GetMeetingResponse* response) {
  ASSIGN(*response->mutable_meeting(), Load<pb::Meeting>(tx, request.meeting_id()));
  const auto fill = [&]<class M>(google::protobuf::RepeatedPtrField<M>* rows, std::string_view order,
                                 std::string_view condition = "1 = 1") {
    return SelectRows(tx, LayoutOf<M>(),
                      absl::StrCat("WHERE meeting_id = :meeting AND ", condition, " ORDER BY ", order),
                      Bind(request.meeting_id()), [rows] { return rows->Add(); });
  };
  TRY(fill(response->mutable_agenda(), "position, id"));
  TRY(fill(response->mutable_papers(), "id"));
  TRY(fill(response->mutable_seats(), "seat_id"));
  TRY(fill(response->mutable_apologies(), "id", InState(pb::APOLOGY_STATE_IN_FORCE)));
  TRY(fill(response->mutable_void_apologies(), "id", InState(pb::APOLOGY_STATE_VOID)));
  TRY(fill(response->mutable_summonses(), "id", InState(pb::SUMMONS_STATE_IN_FORCE)));
  TRY(fill(response->mutable_void_summonses(), "id", InState(pb::SUMMONS_STATE_VOID)));
  TRY(fill(response->mutable_disqualifications(), "id"));
  for (pb::Disqualification& each : *response->mutable_disqualifications()) ShowTo(call.caller, &each);
  return SetAsOf(tx, response);
}

absl::Status Council::ListMeetings(Tx& tx, Call&, const pb::ListMeetingsRequest& request,
                                   pb::ListMeetingsResponse* response) {
  Filter filter;
  filter.IsState("state", request.state());
  if (request.not_begun()) filter.Where(InStates<pb::MeetingState>(NotBegun));
  if (!request.from_date().empty()) filter.Where("meeting_date >= ?", request.from_date());
  if (!request.to_date().empty()) filter.Where("meeting_date <= ?", request.to_date());
  return ListPage(tx, std::move(filter), request, response->mutable_meetings(), response,
                  {.key = "meeting_date", .then_by_id = true});
}

absl::Status Council::GetCalendar(Tx& tx, Call&, const pb::GetCalendarRequest& request,
                                  pb::GetCalendarResponse* response) {
  TRY(CheckPeriod(request.from_date(), request.to_date()));
  ASSIGN(const std::vector<pb::Meeting> meetings,
         Select<pb::Meeting>(tx, "WHERE meeting_date >= :from AND meeting_date <= :to ORDER BY meeting_date, id",
                             request.from_date(), request.to_date()));
  std::map<std::string, int> minutes;  // of a meeting, by mandate
  std::vector<CalendarEntry> entries;
  for (const pb::Meeting& meeting : meetings) {
    if (!minutes.contains(meeting.mandate_id())) {
      ASSIGN(const pb::Mandate mandate, Load<pb::Mandate>(tx, meeting.mandate_id()));
      minutes[meeting.mandate_id()] = mandate.meeting_minutes();
    }
    const absl::Time start = StartOf(meeting, tx.zone());
    entries.push_back({.uid = meeting.id(),
                       .sequence = meeting.version(),
                       .changed = FromProto(meeting.update_time()),
                       .start = start,
                       .end = start + absl::Minutes(minutes[meeting.mandate_id()]),
                       .name = meeting.theme(),
                       .place = meeting.place(),
                       .cancelled = meeting.state() == pb::MEETING_STATE_CANCELLED});
  }
  response->set_calendar(CalendarText("council", entries));
  return absl::OkStatus();
}

}  // namespace mestring::council
