#include "services/council/council_rules.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/dates.h"
#include "common/base/errors.h"
#include "common/base/field_rules.h"
#include "services/council/agenda_rules.h"

namespace mestring::council {
namespace {

using access::v1::ROLE_COUNCIL_MEMBER;
using access::v1::ROLE_COUNCIL_SECRETARY;
using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

bool IsOrganisation(pb::SeatKind kind) {
  return kind == pb::SEAT_KIND_USER_ORGANISATION || kind == pb::SEAT_KIND_NEXT_OF_KIN_ORGANISATION;
}

int YearOf(std::string_view date) { return static_cast<int>(Day(date).year()); }

}  // namespace

absl::Time StartOf(const pb::Meeting& meeting, absl::TimeZone zone) {
  const int minute = ParseTimeOfDay("start_time", meeting.start_time()).value();  // checked when it was planned
  return absl::FromCivil(absl::CivilMinute(Day(meeting.meeting_date())) + minute, zone);
}

// ---- Who -------------------------------------------------------------------------------------------

bool KeepsCouncil(const Caller& caller) { return caller.IsAny({ROLE_COUNCIL_SECRETARY, ROLE_UNIT_LEADER}); }

bool WorksWithCouncil(const Caller& caller) {
  return KeepsCouncil(caller) || caller.IsAny({ROLE_COUNCIL_MEMBER, ROLE_STAFF});
}

bool IsSubscriber(const Caller& caller) { return caller.IsAny({access::v1::ROLE_SERVICE}); }

// ---- Mandate and seats -----------------------------------------------------------------------------

absl::Status Check(const pb::SetMandateRequest& request) {
  if (!EachOnce(request.mandate().seat_limits(), &pb::SeatLimit::kind)) {
    return InvalidArgument("mandate.seat_limits", "must name each kind of seat at most once");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::RegisterSeatRequest& request) {
  if (IsOrganisation(request.kind()) && request.organisation_id().empty()) {
    return InvalidArgument("organisation_id", "must be set for the seat of an organisation");
  }
  if (!IsOrganisation(request.kind()) && !request.organisation_id().empty()) {
    return InvalidArgument("organisation_id", "must be empty unless the seat is of an organisation");
  }
  return absl::OkStatus();
}

bool LimitsSeats(const pb::Mandate& mandate, pb::SeatKind kind) {
  return std::any_of(mandate.seat_limits().begin(), mandate.seat_limits().end(),
                     [kind](const pb::SeatLimit& limit) { return limit.kind() == kind; });
}

// [S2] Every organisation has one seat, the unit leader and the leader one each, the departments two. The mandate
// limits the seats of a kind; [C1] organisations have no limit but one seat each.
absl::Status MayRegisterSeat(const pb::Mandate& mandate, pb::SeatKind kind, int of_kind, bool has_seat) {
  for (const pb::SeatLimit& limit : mandate.seat_limits()) {
    if (limit.kind() == kind && of_kind >= limit.seats()) {
      return Refused("SEATS_OF_KIND_FULL",
                     "the mandate allows no more seats of this kind; retire one, or set a mandate with a higher limit");
    }
  }
  return has_seat ? AlreadyExists("seat of this organisation") : absl::OkStatus();
}

pb::Seat NewSeat(std::string id, const pb::RegisterSeatRequest& request) {
  pb::Seat seat;
  seat.set_id(std::move(id));
  seat.set_state(pb::SEAT_STATE_ACTIVE);
  seat.set_kind(request.kind());
  seat.set_organisation_id(request.organisation_id());
  seat.set_name(request.name());
  return seat;
}

absl::Status MayRetire(const pb::Seat& seat) {
  if (seat.state() == pb::SEAT_STATE_ACTIVE) return absl::OkStatus();
  return WrongState(seat.state(), "the seat is retired already");
}

// [C1], [C4] A seat has one principal and one deputy at a time, and nobody has two seats: a holder of another
// organisation's seat could carry a delegation from one organisation to another.
absl::Status MayAppoint(const pb::Seat& seat, bool holds_another) {
  if (seat.state() != pb::SEAT_STATE_ACTIVE)
    return Refused("SEAT_RETIRED", "the seat is retired; appoint to an active seat");
  if (holds_another) return Refused("PERSON_HOLDS_SEAT", "the person holds a seat already; end that term first");
  return absl::OkStatus();
}

// [B7] The mandate sets the length of a term (two years at Hadsel and Helse Førde, three in Oppland).
pb::SeatHolder NewHolder(std::string id, const pb::AppointHolderRequest& request, const pb::Mandate& mandate,
                         std::string_view today) {
  pb::SeatHolder holder;
  holder.set_id(std::move(id));
  holder.set_state(pb::HOLDER_STATE_ACTIVE);
  holder.set_seat_id(request.seat_id());
  holder.set_role(request.role());
  holder.set_person_ref(request.person_ref());
  holder.set_name(request.name());
  holder.set_employed(request.employed());
  holder.set_from_date(std::string(today));
  holder.set_until_date(PlusDays(PlusMonths(today, mandate.term_months()), -1));
  return holder;
}

absl::Status MayEndTerm(const Caller& caller, const pb::SeatHolder& holder) {
  // A member may end their own term. GetSeatMap shows them the terms of others.
  if (!KeepsCouncil(caller) && !caller.IsSelf(holder.person_ref())) {
    return Forbidden("a member may end only their own term");
  }
  if (holder.state() != pb::HOLDER_STATE_ACTIVE) return WrongState(holder.state(), "the term has ended already");
  return absl::OkStatus();
}

void ApplyEnd(std::string_view reason_code, std::string_view today, pb::SeatHolder* holder) {
  holder->set_state(pb::HOLDER_STATE_ENDED);
  holder->set_end_date(std::string(today));
  holder->set_end_reason_code(std::string(reason_code));
}

// ---- The year and its meetings ---------------------------------------------------------------------

absl::Status CheckPlan(std::string_view field, const pb::PlannedMeeting& plan, int year) {
  TRY(ParseTimeOfDay(absl::StrCat(field, ".start_time"), plan.start_time()).status());
  if (YearOf(plan.meeting_date()) != year) {
    return InvalidArgument(absl::StrCat(field, ".meeting_date"), "must lie in the year of the plan");
  }
  return absl::OkStatus();
}

// [S2], [C5] The year has exactly its ordinary meetings (four), each with a theme of its own.
absl::Status CheckAnnualPlan(const pb::SetAnnualPlanRequest& request, const pb::Mandate& mandate) {
  if (request.meetings_size() != mandate.ordinary_meetings()) {
    return InvalidArgument("meetings", absl::StrCat("must have exactly as many as the mandate's ordinary_meetings: ",
                                                    mandate.ordinary_meetings()));
  }
  std::set<std::string> themes;
  for (int i = 0; i < request.meetings_size(); ++i) {
    const pb::PlannedMeeting& plan = request.meetings(i);
    TRY(CheckPlan(absl::StrCat("meetings[", i, "]"), plan, request.year()));
    if (!themes.insert(plan.theme()).second) return InvalidArgument("meetings", "must each have a theme of its own");
    if (i > 0 && plan.meeting_date() <= request.meetings(i - 1).meeting_date()) {
      return Refused("DATE_OUT_OF_ORDER", "put the meetings in the order of their dates, on different days");
    }
  }
  return absl::OkStatus();
}

// [C5] The year is planned once; later changes are changes of single meetings.
absl::Status MaySetAnnualPlan(bool has_plan) {
  if (!has_plan) return absl::OkStatus();
  return Refused("ANNUAL_PLAN_EXISTS", "the year has its annual plan; move its meetings one by one");
}

pb::Meeting NewMeeting(std::string id, pb::MeetingKind kind, const pb::AnnualPlan& annual_plan,
                       const pb::PlannedMeeting& plan, const pb::Mandate& mandate) {
  pb::Meeting meeting;
  meeting.set_id(std::move(id));
  meeting.set_state(pb::MEETING_STATE_PLANNED);
  meeting.set_kind(kind);
  meeting.set_annual_plan_id(annual_plan.id());
  meeting.set_theme(plan.theme());
  meeting.set_start_time(plan.start_time());
  meeting.set_place(plan.place());
  meeting.set_mandate_id(mandate.id());
  ApplyDate(plan.meeting_date(), mandate, &meeting);
  return meeting;
}

// [C13] The mandate sets the deadlines of a meeting (Oppland: notice three weeks, input one week).
void ApplyDate(std::string_view meeting_date, const pb::Mandate& mandate, pb::Meeting* meeting) {
  const int notice =
      meeting->kind() == pb::MEETING_KIND_ORDINARY ? mandate.notice_days() : mandate.extraordinary_notice_days();
  meeting->set_meeting_date(std::string(meeting_date));
  meeting->set_notice_by(PlusDays(meeting_date, -notice));
  meeting->set_input_by(PlusDays(meeting_date, -mandate.input_days()));
  meeting->set_minutes_by(PlusDays(meeting_date, mandate.minutes_days()));
}

const std::string& PlaceOf(const pb::Meeting& meeting) {
  return meeting.replaces_meeting_id().empty() ? meeting.id() : meeting.replaces_meeting_id();
}

// [C5] The year has exactly its ordinary meetings (four) with their set themes [S2]. A meeting that has not begun can
// be moved. A cancelled meeting stays cancelled, because everybody has been told; one other meeting with its theme, and
// never two, can replace it.
absl::Status MayReplace(const pb::Meeting& meeting, const pb::AnnualPlan& annual_plan, const pb::PlannedMeeting& plan,
                        bool replaced) {
  if (meeting.kind() != pb::MEETING_KIND_ORDINARY) {
    return Refused("NOT_ORDINARY",
                   "only an ordinary meeting can be replaced; plan this one without replaces_meeting_id");
  }
  if (meeting.state() != pb::MEETING_STATE_CANCELLED) {
    return WrongState(meeting.state(), "only a cancelled meeting can be replaced; cancel it first, or move it");
  }
  if (annual_plan.id() != meeting.annual_plan_id()) {
    return InvalidArgument("meeting.meeting_date", "must lie in the year of the meeting that it replaces");
  }
  if (plan.theme() != meeting.theme()) {
    return InvalidArgument("meeting.theme", "must be the theme of the meeting that it replaces");
  }
  return replaced ? AlreadyExists("meeting that replaces this one") : absl::OkStatus();
}

bool NotBegun(pb::MeetingState state) {
  return state == pb::MEETING_STATE_PLANNED || state == pb::MEETING_STATE_NOTICE_SENT;
}

bool WasHeld(pb::MeetingState state) {
  return state == pb::MEETING_STATE_HELD || state == pb::MEETING_STATE_FINALISED || state == pb::MEETING_STATE_REOPENED;
}

bool AwaitsNotice(pb::MeetingState state) { return state == pb::MEETING_STATE_PLANNED; }

// Minutes are due from the opening on, even if nobody has ended the sitting. A reopened meeting had sent them before.
bool AwaitsMinutes(pb::MeetingState state) {
  return state == pb::MEETING_STATE_OPEN || state == pb::MEETING_STATE_HELD;
}

bool HasDeadlines(pb::MeetingState state) { return NotBegun(state) || AwaitsMinutes(state); }

// [C13] Deadlines of notice, input and minutes. A missed notice stays on the list until the meeting is moved or
// cancelled, missed minutes until they are sent. Nobody can miss the input deadline, nor the minutes of a meeting that
// was not opened: these leave the list when their day has passed.
std::vector<pb::Deadline> DeadlinesOf(const pb::Meeting& meeting, bool minutes_sent, std::string_view today) {
  std::vector<pb::Deadline> deadlines;
  const auto add = [&](pb::DeadlineKind kind, const std::string& due_date, bool can_be_missed) {
    const bool passed = due_date < today;
    if (passed && !can_be_missed) return;
    pb::Deadline& deadline = deadlines.emplace_back();
    deadline.set_kind(kind);
    deadline.set_meeting_id(meeting.id());
    deadline.set_due_date(due_date);
    deadline.set_missed(passed);
    deadline.set_meeting_date(meeting.meeting_date());
  };
  if (AwaitsNotice(meeting.state())) add(pb::DEADLINE_KIND_NOTICE, meeting.notice_by(), true);
  if (NotBegun(meeting)) add(pb::DEADLINE_KIND_INPUT, meeting.input_by(), false);
  if (NotBegun(meeting)) add(pb::DEADLINE_KIND_MINUTES, meeting.minutes_by(), false);
  if (AwaitsMinutes(meeting.state()) && !minutes_sent) add(pb::DEADLINE_KIND_MINUTES, meeting.minutes_by(), true);
  return deadlines;
}

absl::Status MayMove(const pb::Meeting& meeting, const pb::Meeting& moved, std::string_view today) {
  if (!NotBegun(meeting)) return WrongState(meeting.state(), "only a meeting that has not begun can be moved");
  TRY(ParseTimeOfDay("start_time", moved.start_time()).status());
  if (moved.meeting_date() < today) return Refused("DATE_OUT_OF_ORDER", "meeting_date must be today or later");
  // The annual plan is for one year.
  if (YearOf(moved.meeting_date()) != YearOf(meeting.meeting_date())) {
    return InvalidArgument("meeting_date", "must lie in the year of the meeting");
  }
  // Moving a meeting whose notice was sent is a new notice, and the members get the same time to prepare.
  if (meeting.state() == pb::MEETING_STATE_NOTICE_SENT && moved.meeting_date() != meeting.meeting_date() &&
      moved.notice_by() < today) {
    return Refused("NOTICE_TOO_LATE", "the notice deadline for that day has passed; choose a later day",
                   {{"notice_by", moved.notice_by()}});
  }
  return absl::OkStatus();
}

// [C13] A notice after the deadline is not valid.
absl::Status MayCall(const pb::Meeting& meeting, std::string_view today) {
  if (meeting.state() != pb::MEETING_STATE_PLANNED)
    return WrongState(meeting.state(), "the notice can be sent only for a planned meeting");
  if (meeting.notice_by() < today) {
    return Refused("NOTICE_TOO_LATE", "the notice deadline has passed; move the meeting",
                   {{"notice_by", meeting.notice_by()}});
  }
  return absl::OkStatus();
}

absl::Status MayCancel(const pb::Meeting& meeting) {
  return NotBegun(meeting) ? absl::OkStatus()
                           : WrongState(meeting.state(), "only a meeting that has not begun can be cancelled");
}

absl::Status MayOpen(const pb::Meeting& meeting, std::string_view today) {
  if (meeting.state() != pb::MEETING_STATE_NOTICE_SENT)
    return WrongState(meeting.state(), "only a meeting whose notice was sent can be opened");
  if (today < meeting.meeting_date()) return Refused("NOT_YET", "open the meeting on its day or later");
  return absl::OkStatus();
}

absl::Status MayEnd(const pb::Meeting& meeting) {
  return meeting.state() == pb::MEETING_STATE_OPEN ? absl::OkStatus()
                                                   : WrongState(meeting.state(), "only an open meeting can be ended");
}

// [C7] Finalising settles no item; each must be settled before (opengever.core#3475). And the members must have the
// minutes (#4837), in a version that is newer than every item and than the last reopening.
absl::Status MayClose(const pb::Meeting& meeting, absl::Span<const pb::AgendaItem> agenda,
                      const std::optional<pb::Minutes>& newest) {
  if (meeting.state() != pb::MEETING_STATE_HELD && meeting.state() != pb::MEETING_STATE_REOPENED) {
    return WrongState(meeting.state(), "only a held or reopened meeting can be finalised");
  }
  const auto undecided = std::count_if(agenda.begin(), agenda.end(), [](const auto& item) { return !IsSettled(item); });
  if (undecided > 0) {
    return Refused("ITEMS_UNDECIDED", "settle every item of the agenda first", {{"count", absl::StrCat(undecided)}});
  }
  if (!newest || newest->state() != pb::MINUTES_STATE_SENT || newest->minutes_version() <= meeting.minutes_before()) {
    return Refused("MINUTES_NOT_SENT", "write the minutes and send them to the members first");
  }
  const absl::Time written = FromProto(newest->create_time());
  if (std::any_of(agenda.begin(), agenda.end(),
                  [&](const auto& item) { return FromProto(item.update_time()) > written; })) {
    return Refused("MINUTES_NOT_SENT",
                   "the record has changed since the minutes were written; write and send a new version");
  }
  return absl::OkStatus();
}

// [C7] A meeting is not reopened after a newer one was finalised (opengever.core#7288), nor after its minutes were
// approved (C11), even if a correction of them has been written since.
absl::Status MayReopen(const pb::Meeting& meeting, bool newer_closed, bool approved) {
  if (meeting.state() != pb::MEETING_STATE_FINALISED)
    return WrongState(meeting.state(), "only a finalised meeting can be reopened");
  if (newer_closed)
    return Refused("NEWER_MEETING_CLOSED",
                   "a meeting of a later date is finalised already; this one can no longer be reopened");
  return approved ? Refused("MINUTES_APPROVED", "its minutes are approved; write a correction") : absl::OkStatus();
}

}  // namespace mestring::council
