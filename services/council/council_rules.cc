#include "services/council/council_rules.h"

// The rules of the council, in the order of council_rules.h: who sits, when it meets, who represents a seat and
// what is on the agenda. What the minutes say is minutes_rules.cc, what becomes of what was said,
// suggestion_rules.cc.
//
// The heart is RepresentationOf: it is a function of the frozen seat, of who is there and of who is disqualified,
// and of nothing else. A delegation is never stored, so none can outlive its ground, point at somebody who
// is not there, or be handed on. Storing who represents whom, as meeting software does, is where its
// delegation bugs come from (OpenSlides#5745, openslides-client#3518).

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/clock.h"
#include "common/base/dates.h"
#include "common/base/errors.h"
#include "common/base/field_rules.h"

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

const std::string& HolderIdOf(const pb::VotingSeat& seat, pb::HolderRole role) {
  return role == pb::HOLDER_ROLE_PRINCIPAL ? seat.principal_id() : seat.deputy_id();
}

// [C3] A deputy is asked to come when the principal in office has apologised, or when there is none, and the deputy
// can come. So a deputy who is appointed after the apology is asked then; and when the principal is replaced after the
// apology, the new one is expected.
pb::SummonsCause WhyAsked(const pb::Meeting& meeting, const Holders& holders, absl::Span<const pb::Apology> apologies) {
  if (!holders.deputy || HasApologised(meeting, holders, pb::HOLDER_ROLE_DEPUTY, apologies)) {
    return pb::SUMMONS_CAUSE_UNSPECIFIED;
  }
  if (!holders.principal) return pb::SUMMONS_CAUSE_VACANCY;
  return HasApologised(meeting, holders, pb::HOLDER_ROLE_PRINCIPAL, apologies) ? pb::SUMMONS_CAUSE_APOLOGY
                                                                               : pb::SUMMONS_CAUSE_UNSPECIFIED;
}

absl::Status NoSuchHolder() { return Refused("NO_SUCH_HOLDER", "the seat has nobody in that role"); }

pb::Presence PresenceOf(const pb::VotingSeat& seat, pb::HolderRole role) {
  return role == pb::HOLDER_ROLE_PRINCIPAL ? seat.principal_presence() : seat.deputy_presence();
}

// [C13] The secretary is not bound by the input deadline: they put on the agenda what has to be there.
absl::Status CheckInputBy(const Caller& caller, const pb::Meeting& meeting, std::string_view today) {
  if (KeepsCouncil(caller) || meeting.input_by() >= today) return absl::OkStatus();
  return Refused("INPUT_TOO_LATE", "the input deadline has passed", {{"input_by", meeting.input_by()}});
}

// [C13] A member proposes, the secretary schedules.
pb::AgendaItemState StateOfNew(const Caller& caller) {
  return KeepsCouncil(caller) ? pb::AGENDA_ITEM_STATE_SCHEDULED : pb::AGENDA_ITEM_STATE_PROPOSED;
}

// [C11] The approval of the last minutes is the first item (#3768): nothing else is discussed or advised on before it.
absl::Status MayTakeUp(const pb::AgendaItem& item, absl::Span<const pb::AgendaItem> agenda) {
  if (IsSettled(item)) return Refused("ITEM_SETTLED", "the item is settled");
  if (item.state() == pb::AGENDA_ITEM_STATE_PROPOSED)
    return WrongState(item.state(), "the item was not put on the agenda");
  if (item.kind() == pb::AGENDA_ITEM_KIND_MINUTES) return absl::OkStatus();
  for (const pb::AgendaItem& other : agenda) {
    if (other.kind() == pb::AGENDA_ITEM_KIND_MINUTES && !IsSettled(other)) {
      return Refused("MINUTES_FIRST", "the approval of the last minutes comes first");
    }
  }
  return absl::OkStatus();
}

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
    return InvalidArgument("mandate.seat_limits", "names a kind of seat twice");
  }
  return absl::OkStatus();
}

absl::Status Check(const pb::RegisterSeatRequest& request) {
  if (IsOrganisation(request.kind()) && request.organisation_id().empty()) {
    return InvalidArgument("organisation_id", "is needed for the seat of an organisation");
  }
  if (!IsOrganisation(request.kind()) && !request.organisation_id().empty()) {
    return InvalidArgument("organisation_id", "is for the seat of an organisation only");
  }
  return absl::OkStatus();
}

// [S2] One seat for every organisation, one for the unit leader and the leader each, two for the
// departments. How many of a kind stands in the mandate; [C1] organisations have no limit but one seat each.
absl::Status MayRegisterSeat(const pb::Mandate& mandate, pb::SeatKind kind, int of_kind, bool has_seat) {
  for (const pb::SeatLimit& limit : mandate.seat_limits()) {
    if (limit.kind() == kind && of_kind >= limit.seats()) {
      return Refused("SEATS_OF_KIND_FULL", "the mandate has no further seat of this kind");
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

// [C1], [C4] One principal and one deputy at a time, and nobody on two seats: somebody who held another
// organisation's seat as well could be a delegation to another organisation.
absl::Status MayAppoint(const pb::Seat& seat, bool holds_another) {
  if (seat.state() != pb::SEAT_STATE_ACTIVE) return Refused("SEAT_RETIRED", "the seat is no longer in the council");
  if (holds_another) return Refused("PERSON_HOLDS_SEAT", "the person holds a seat already");
  return absl::OkStatus();
}

// [B7] Terms are of the mandate (two years at Hadsel and Helse Førde, three in Oppland).
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
  // A member steps down for themself; of others' terms they learn in the seat map.
  if (!KeepsCouncil(caller) && !caller.IsSelf(holder.person_ref())) {
    return Forbidden("a member ends their own term only");
  }
  if (holder.state() != pb::HOLDER_STATE_ACTIVE) return WrongState(holder.state(), "the term has ended");
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
    return InvalidArgument(absl::StrCat(field, ".meeting_date"), "must lie in the year");
  }
  return absl::OkStatus();
}

// [S2], [C5] The year has exactly its ordinary meetings (four), each with a set theme of its own.
absl::Status CheckWheel(const pb::SetAnnualPlanRequest& request, const pb::Mandate& mandate) {
  if (request.meetings_size() != mandate.ordinary_meetings()) {
    return InvalidArgument("meetings", absl::StrCat("must be exactly ", mandate.ordinary_meetings()));
  }
  std::set<std::string> themes;
  for (int i = 0; i < request.meetings_size(); ++i) {
    const pb::PlannedMeeting& plan = request.meetings(i);
    TRY(CheckPlan(absl::StrCat("meetings[", i, "]"), plan, request.year()));
    if (!themes.insert(plan.theme()).second) return InvalidArgument("meetings", "two have the same theme");
    if (i > 0 && plan.meeting_date() <= request.meetings(i - 1).meeting_date()) {
      return Refused("DATE_OUT_OF_ORDER", "the meetings must be in the order of their dates");
    }
  }
  return absl::OkStatus();
}

// [C5] The year is planned once; what changes then is a meeting.
absl::Status MaySetWheel(bool has_wheel) {
  if (!has_wheel) return absl::OkStatus();
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

// [C13] The deadlines of a meeting are data of its mandate (Oppland: notice three weeks, input one week).
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

// [C5] The year has exactly its ordinary meetings (four) with their set themes [S2]. A meeting is moved as long as it
// has not begun, but what was cancelled is told to all and stays cancelled; so the year gets its meeting back by
// another one in that place, with that theme, and never by two.
absl::Status MayReplace(const pb::Meeting& meeting, const pb::AnnualPlan& annual_plan, const pb::PlannedMeeting& plan,
                        bool replaced) {
  if (meeting.kind() != pb::MEETING_KIND_ORDINARY) {
    return Refused("NOT_ORDINARY", "an extraordinary meeting has no place to take; plan another one");
  }
  if (meeting.state() != pb::MEETING_STATE_CANCELLED) {
    return WrongState(meeting.state(), "only a cancelled meeting is replaced");
  }
  if (annual_plan.id() != meeting.annual_plan_id()) {
    return InvalidArgument("meeting.meeting_date", "must lie in the year of the meeting that it replaces");
  }
  if (plan.theme() != meeting.theme()) {
    return InvalidArgument("meeting.theme", "must be that of the meeting that it replaces");
  }
  return replaced ? AlreadyExists("meeting in this place") : absl::OkStatus();
}

bool NotBegun(pb::MeetingState state) {
  return state == pb::MEETING_STATE_PLANNED || state == pb::MEETING_STATE_NOTICE_SENT;
}

bool WasHeld(pb::MeetingState state) {
  return state == pb::MEETING_STATE_HELD || state == pb::MEETING_STATE_FINALISED || state == pb::MEETING_STATE_REOPENED;
}

bool AwaitsNotice(pb::MeetingState state) { return state == pb::MEETING_STATE_PLANNED; }

// From the opening on, also where nobody has ended the meeting. Before it was reopened, they were sent.
bool AwaitsMinutes(pb::MeetingState state) {
  return state == pb::MEETING_STATE_OPEN || state == pb::MEETING_STATE_HELD;
}

bool HasDeadlines(pb::MeetingState state) { return NotBegun(state) || AwaitsMinutes(state); }

// [C13] Deadlines of notice, input and minutes. A notice that was missed stays on the list until the meeting is
// moved or cancelled, minutes until they are sent. Input is nobody's duty: its day passes, and so do the minutes of
// a meeting that did not take place.
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
  if (!NotBegun(meeting)) return WrongState(meeting.state(), "only a meeting that has not begun is moved");
  TRY(ParseTimeOfDay("start_time", moved.start_time()).status());
  if (moved.meeting_date() < today) return Refused("DATE_OUT_OF_ORDER", "a meeting is not moved into the past");
  // The annual_plan is the year's.
  if (YearOf(moved.meeting_date()) != YearOf(meeting.meeting_date())) {
    return InvalidArgument("meeting_date", "must lie in the year of the meeting");
  }
  // To move a summoned meeting is to call it again, and the members have the same time to prepare.
  if (meeting.state() == pb::MEETING_STATE_NOTICE_SENT && moved.meeting_date() != meeting.meeting_date() &&
      moved.notice_by() < today) {
    return Refused("NOTICE_TOO_LATE", "the notice for that day is too late", {{"notice_by", moved.notice_by()}});
  }
  return absl::OkStatus();
}

// [C13] A notice that comes too late is none.
absl::Status MayCall(const pb::Meeting& meeting, std::string_view today) {
  if (meeting.state() != pb::MEETING_STATE_PLANNED)
    return WrongState(meeting.state(), "only a planned meeting is called");
  if (meeting.notice_by() < today) {
    return Refused("NOTICE_TOO_LATE", "the notice deadline has passed; move the meeting",
                   {{"notice_by", meeting.notice_by()}});
  }
  return absl::OkStatus();
}

absl::Status MayCancel(const pb::Meeting& meeting) {
  return NotBegun(meeting) ? absl::OkStatus()
                           : WrongState(meeting.state(), "only a meeting that has not begun is cancelled");
}

absl::Status MayOpen(const pb::Meeting& meeting, std::string_view today) {
  if (meeting.state() != pb::MEETING_STATE_NOTICE_SENT)
    return WrongState(meeting.state(), "only a called meeting is opened");
  if (today < meeting.meeting_date()) return Refused("NOT_YET", "the day of the meeting has not come");
  return absl::OkStatus();
}

absl::Status MayEnd(const pb::Meeting& meeting) {
  return meeting.state() == pb::MEETING_STATE_OPEN ? absl::OkStatus()
                                                   : WrongState(meeting.state(), "only an open meeting is ended");
}

// [C7] No item is settled by the closing itself: each one consciously, before (opengever.core#3475). And what
// was decided counts as told only when the members have it in writing (#4837): as it was decided in the end, which
// is not in minutes that were written before.
absl::Status MayClose(const pb::Meeting& meeting, absl::Span<const pb::AgendaItem> agenda,
                      const std::optional<pb::Minutes>& newest) {
  if (meeting.state() != pb::MEETING_STATE_HELD && meeting.state() != pb::MEETING_STATE_REOPENED) {
    return WrongState(meeting.state(), "only a meeting that was held is closed");
  }
  const auto undecided = std::count_if(agenda.begin(), agenda.end(), [](const auto& item) { return !IsSettled(item); });
  if (undecided > 0) {
    return Refused("ITEMS_UNDECIDED", "there are undecided items", {{"count", absl::StrCat(undecided)}});
  }
  if (!newest || newest->state() != pb::MINUTES_STATE_SENT || newest->minutes_version() <= meeting.minutes_before()) {
    return Refused("MINUTES_NOT_SENT", "the members do not have the minutes yet");
  }
  const absl::Time written = FromProto(newest->create_time());
  if (std::any_of(agenda.begin(), agenda.end(),
                  [&](const auto& item) { return FromProto(item.update_time()) > written; })) {
    return Refused("MINUTES_NOT_SENT", "the record has changed since the minutes were written");
  }
  return absl::OkStatus();
}

// [C7] Not over the head of a newer one (opengever.core#7288), and approved minutes stand (C11), also when a correction
// of them has been written.
absl::Status MayReopen(const pb::Meeting& meeting, bool newer_closed, bool approved) {
  if (meeting.state() != pb::MEETING_STATE_FINALISED)
    return WrongState(meeting.state(), "only a closed meeting is reopened");
  if (newer_closed) return Refused("NEWER_MEETING_CLOSED", "a newer meeting is closed already");
  return approved ? Refused("MINUTES_APPROVED", "its minutes are approved; write a correction") : absl::OkStatus();
}

// ---- Who is there ----------------------------------------------------------------------------------

// Who had to leave early was there.
bool WasThere(pb::Presence presence) { return presence == pb::PRESENCE_PRESENT || presence == pb::PRESENCE_LEFT; }

const std::optional<pb::SeatHolder>& Holders::Of(pb::HolderRole role) const {
  return role == pb::HOLDER_ROLE_PRINCIPAL ? principal : deputy;
}

bool Holders::IsTermOf(pb::HolderRole role, std::string_view holder_id) const {
  const std::optional<pb::SeatHolder>& holder = Of(role);
  if (!holder) return false;
  return holder->id() == holder_id || std::any_of(ended.begin(), ended.end(), [&](const pb::SeatHolder& term) {
           return term.id() == holder_id && term.role() == role && term.person_ref() == holder->person_ref();
         });
}

// [C3] An apology is the word of a person. It holds in their next term, for they cannot come whatever the date of their
// appointment; and it is not that of one who follows them.
bool HasApologised(const pb::Meeting& meeting, const Holders& holders, pb::HolderRole role,
                   absl::Span<const pb::Apology> apologies) {
  return std::any_of(apologies.begin(), apologies.end(), [&](const pb::Apology& apology) {
    return apology.meeting_id() == meeting.id() && holders.IsTermOf(role, apology.holder_id());
  });
}

absl::Status MayApologise(const Caller& caller, const pb::Meeting& meeting,
                          const std::optional<pb::SeatHolder>& holder) {
  if (!holder) return NoSuchHolder();
  if (!KeepsCouncil(caller) && !caller.IsSelf(holder->person_ref())) {
    return Forbidden("a member apologises for themself only");
  }
  if (meeting.state() != pb::MEETING_STATE_NOTICE_SENT) {
    return WrongState(meeting.state(), "apologies follow the notice and come before the opening");
  }
  return absl::OkStatus();
}

// [C6] From here on the seat is what it was at the opening (opengever.core#4876).
pb::VotingSeat NewVotingSeat(std::string id, const pb::Meeting& meeting, const pb::Seat& seat, const Holders& holders,
                             absl::Span<const pb::Apology> apologies) {
  pb::VotingSeat entitled;
  entitled.set_id(std::move(id));
  entitled.set_meeting_id(meeting.id());
  entitled.set_seat_id(seat.id());
  entitled.set_kind(seat.kind());
  entitled.set_seat_name(seat.name());
  // Excused and absent are told apart: one has said so (opengever.core#2180).
  const auto presence_of = [&](pb::HolderRole role) {
    return HasApologised(meeting, holders, role, apologies) ? pb::PRESENCE_EXCUSED : pb::PRESENCE_ABSENT;
  };
  if (holders.principal) {
    entitled.set_principal_id(holders.principal->id());
    entitled.set_principal_ref(holders.principal->person_ref());
    entitled.set_principal_name(holders.principal->name());
    entitled.set_principal_employed(holders.principal->employed());
    entitled.set_principal_presence(presence_of(pb::HOLDER_ROLE_PRINCIPAL));
  }
  if (holders.deputy) {
    entitled.set_deputy_id(holders.deputy->id());
    entitled.set_deputy_ref(holders.deputy->person_ref());
    entitled.set_deputy_name(holders.deputy->name());
    entitled.set_deputy_employed(holders.deputy->employed());
    entitled.set_deputy_presence(presence_of(pb::HOLDER_ROLE_DEPUTY));
  }
  entitled.set_deputy_summoned(WhyAsked(meeting, holders, apologies) != pb::SUMMONS_CAUSE_UNSPECIFIED);
  return entitled;
}

pb::SummonsCause WhySummoned(const pb::Meeting& meeting, const Holders& holders,
                             absl::Span<const pb::Apology> apologies) {
  // A meeting that is only planned summons them by its notice.
  if (meeting.state() != pb::MEETING_STATE_NOTICE_SENT) return pb::SUMMONS_CAUSE_UNSPECIFIED;
  return WhyAsked(meeting, holders, apologies);
}

// [C3] It is to whoever is deputy, in this term or an earlier one, for a principal who cannot come: who is no deputy
// any more need not, nor a deputy whose principal is expected after all.
bool HoldsStill(const pb::Summons& summons, const pb::Meeting& meeting, const pb::Seat& seat, const Holders& holders,
                absl::Span<const pb::Apology> apologies) {
  if (seat.state() != pb::SEAT_STATE_ACTIVE) return false;
  if (!holders.IsTermOf(pb::HOLDER_ROLE_DEPUTY, summons.holder_id())) return false;
  return !holders.principal || HasApologised(meeting, holders, pb::HOLDER_ROLE_PRINCIPAL, apologies);
}

// [C6] Who is entitled is what it was at the opening; a later seat has no part in that meeting.
absl::Status CheckEntitled(bool entitled) {
  return entitled ? absl::OkStatus() : Refused("NOT_ENTITLED", "the seat was not entitled at the opening");
}

// Who was there stands in the minutes and may claim a fee. So only who came can have left; and what was noted by
// mistake is put right while the meeting is open, unless that person has represented the seat: then they were there
// (C2).
absl::Status MayMarkPresence(const pb::Meeting& meeting, const pb::VotingSeat& seat, pb::HolderRole role,
                             pb::Presence presence, absl::Span<const pb::SeatRepresentation> representations) {
  if (meeting.state() != pb::MEETING_STATE_OPEN)
    return WrongState(meeting.state(), "who is there is noted while it is open");
  const std::string& holder_id = HolderIdOf(seat, role);
  if (holder_id.empty()) return NoSuchHolder();
  if (presence == pb::PRESENCE_LEFT && !WasThere(PresenceOf(seat, role))) {
    return Refused("NOT_PRESENT", "who was not there has not left");
  }
  const bool represented =
      std::any_of(representations.begin(), representations.end(), [&](const pb::SeatRepresentation& representation) {
        return representation.seat_id() == seat.seat_id() && representation.holder_id() == holder_id;
      });
  if (!WasThere(presence) && represented) {
    return Refused("SEAT_REPRESENTED", "who has represented the seat on an item was there");
  }
  return absl::OkStatus();
}

void ApplyPresence(pb::HolderRole role, pb::Presence presence, pb::VotingSeat* seat) {
  if (role == pb::HOLDER_ROLE_PRINCIPAL) {
    seat->set_principal_presence(presence);
  } else {
    seat->set_deputy_presence(presence);
  }
}

// [C3] A deputy steps in on notice, never by turning up (Gausdal). At the table that notice is the secretary's, and one
// is enough: it holds for the whole meeting.
absl::Status MaySummon(const pb::Meeting& meeting, const pb::VotingSeat& seat) {
  if (meeting.state() != pb::MEETING_STATE_OPEN) {
    return WrongState(meeting.state(), "before the opening an apology summons the deputy");
  }
  if (seat.deputy_id().empty()) return Refused("NO_SUCH_HOLDER", "the seat has no deputy");
  if (seat.principal_presence() == pb::PRESENCE_PRESENT) return Refused("NO_APOLOGY", "the principal is there");
  return seat.deputy_summoned() ? AlreadyExists("summons of this deputy") : absl::OkStatus();
}

// [B7] Disqualification is per item, and the body decides (Gausdal).
absl::Status MayDisqualify(const pb::Meeting& meeting, const pb::AgendaItem& item, const pb::VotingSeat& seat,
                           pb::HolderRole role) {
  if (meeting.state() != pb::MEETING_STATE_OPEN) return WrongState(meeting.state(), "the open meeting decides that");
  if (IsSettled(item)) return Refused("ITEM_SETTLED", "the item is settled");
  if (HolderIdOf(seat, role).empty()) return NoSuchHolder();
  return absl::OkStatus();
}

// What was found is known at the table and stands in the minutes; on what ground, neither there nor in the event.
void ShowTo(const Caller& caller, pb::Disqualification* disqualification) {
  if (!KeepsCouncil(caller)) disqualification->clear_ground_code();
}

// [C2] A seat is represented by its principal if they are there and not disqualified; else by its deputy, if
// they are there, not disqualified, and asked to: summoned to the meeting, or for this item because the
// principal is disqualified; else by nobody. With both there, the deputy is an observer.
// [C4] So it never passes to somebody who is absent, never on from the deputy, never to another seat.
pb::SeatRepresentation RepresentationOf(const pb::VotingSeat& seat, const pb::AgendaItem& item,
                                        absl::Span<const pb::Disqualification> disqualifications) {
  const auto disqualified = [&](pb::HolderRole role) {
    return std::any_of(disqualifications.begin(), disqualifications.end(), [&](const pb::Disqualification& each) {
      return each.agenda_item_id() == item.id() && each.seat_id() == seat.seat_id() && each.role() == role;
    });
  };
  pb::SeatRepresentation representation;
  representation.set_meeting_id(seat.meeting_id());
  representation.set_agenda_item_id(item.id());
  representation.set_seat_id(seat.seat_id());
  representation.set_seat_name(seat.seat_name());
  representation.set_basis(pb::REPRESENTATION_BASIS_EMPTY);
  const bool principal_there = seat.principal_presence() == pb::PRESENCE_PRESENT;
  const bool principal_disqualified = disqualified(pb::HOLDER_ROLE_PRINCIPAL);
  if (principal_there && !principal_disqualified) {
    representation.set_basis(pb::REPRESENTATION_BASIS_PRINCIPAL);
    representation.set_holder_id(seat.principal_id());
    representation.set_person_ref(seat.principal_ref());
    representation.set_holder_name(seat.principal_name());
    return representation;
  }
  const bool asked = seat.deputy_summoned() || principal_disqualified;
  if (seat.deputy_presence() == pb::PRESENCE_PRESENT && asked && !disqualified(pb::HOLDER_ROLE_DEPUTY)) {
    representation.set_basis(principal_disqualified ? pb::REPRESENTATION_BASIS_DISQUALIFICATION
                                                    : pb::REPRESENTATION_BASIS_DEPUTY);
    representation.set_holder_id(seat.deputy_id());
    representation.set_person_ref(seat.deputy_ref());
    representation.set_holder_name(seat.deputy_name());
  }
  return representation;
}

// [C2] Once per item, or not at all.
absl::StatusOr<std::vector<pb::SeatRepresentation>> Represented(absl::Span<const pb::SeatRepresentation> possible,
                                                                const pb::RecordAdviceRequest& request) {
  std::map<std::string, pb::Vote> votes;
  for (const pb::SeatVote& vote : request.votes()) {
    if (!votes.emplace(vote.seat_id(), vote.vote()).second) {
      return Refused("SEAT_REPRESENTED_TWICE", "a seat has one vote", {{"seat_id", vote.seat_id()}});
    }
  }
  std::vector<pb::SeatRepresentation> represented;
  for (pb::SeatRepresentation representation : possible) {
    const auto vote = votes.find(representation.seat_id());
    const bool empty = representation.basis() == pb::REPRESENTATION_BASIS_EMPTY;
    if (vote != votes.end()) {
      if (empty) {
        return Refused("SEAT_NOT_REPRESENTED", "nobody represents that seat on this item",
                       {{"seat_id", representation.seat_id()}});
      }
      representation.set_vote(vote->second);
      votes.erase(vote);
    }
    if (!empty) represented.push_back(std::move(representation));
  }
  TRY(CheckEntitled(votes.empty()));
  return represented;
}

// ---- The agenda ------------------------------------------------------------------------------------

// [S2] The council is its seats. A role outlives a term: who has the role of a member and no seat any more is none.
bool HasAVoice(const Caller& caller, std::string_view own_seat_id) {
  return KeepsCouncil(caller) || (caller.Is(ROLE_COUNCIL_MEMBER) && !own_seat_id.empty());
}

bool IsUp(pb::AgendaItemState state) {
  return state == pb::AGENDA_ITEM_STATE_SCHEDULED || state == pb::AGENDA_ITEM_STATE_DISCUSSED;
}

// [C7] What was only discussed is undecided, and so is its meeting.
bool IsSettled(const pb::AgendaItem& item) {
  return item.state() != pb::AGENDA_ITEM_STATE_PROPOSED && !IsUp(item.state());
}

// [B7] All are equally responsible for raising matters (Hadsel); members' come in by the input deadline (C13).
// [C7] After the opening the agenda changes only by a decision of the council, recorded with the item.
absl::Status MayAddItem(const Caller& caller, const pb::Meeting& meeting, const pb::AddAgendaItemRequest& request,
                        std::string_view own_seat_id, std::string_view today) {
  if (!HasAVoice(caller, own_seat_id)) return Forbidden("a matter is raised by a seat of the council");
  if (meeting.state() == pb::MEETING_STATE_OPEN) {
    if (!KeepsCouncil(caller)) return Forbidden("at the table the secretary records what the council takes up");
    if (request.addition_decision().empty()) {
      return Refused("AGENDA_FIXED", "the agenda is fixed; record the council's decision to take the item");
    }
    return absl::OkStatus();
  }
  if (!NotBegun(meeting)) return WrongState(meeting.state(), "the meeting takes no items any more");
  return CheckInputBy(caller, meeting, today);
}

pb::AgendaItem NewItem(std::string id, const Caller& caller, const pb::Meeting& meeting,
                       const pb::AddAgendaItemRequest& request, std::string_view own_seat_id, int position) {
  pb::AgendaItem item;
  item.set_id(std::move(id));
  item.set_state(StateOfNew(caller));
  item.set_kind(request.suggestion_id().empty() ? pb::AGENDA_ITEM_KIND_MATTER : pb::AGENDA_ITEM_KIND_SUGGESTION);
  item.set_meeting_id(meeting.id());
  item.set_position(position);
  item.set_title(request.title());
  item.set_text(request.text());
  item.set_proposer_seat_id(std::string(own_seat_id));
  item.set_suggestion_id(request.suggestion_id());
  // Before the opening there is nothing to decide about it.
  if (meeting.state() == pb::MEETING_STATE_OPEN) item.set_addition_decision(request.addition_decision());
  return item;
}

absl::Status MaySchedule(const pb::Meeting& meeting, const pb::AgendaItem& item) {
  if (IsSettled(item)) return WrongState(item.state(), "the item is settled");
  if (!NotBegun(meeting)) return Refused("AGENDA_FIXED", "the agenda is fixed since the opening");
  // It stays where it is: first (C11).
  if (item.kind() == pb::AGENDA_ITEM_KIND_MINUTES)
    return WrongState(item.state(), "the approval of minutes comes first");
  return absl::OkStatus();
}

// What was said is recorded while it is said; what is put right later is the advice with its words.
absl::Status MayDiscuss(const pb::Meeting& meeting, const pb::AgendaItem& item,
                        absl::Span<const pb::AgendaItem> agenda) {
  if (meeting.state() != pb::MEETING_STATE_OPEN)
    return WrongState(meeting.state(), "the council discusses in an open meeting");
  return MayTakeUp(item, agenda);
}

// [C7] What was advised on stays (opengever.core#1594): only in a reopened meeting its words are put right. Who sat
// there, and how they represented their seats (C2), is not put right by a pen.
absl::Status MayAdvise(const pb::Meeting& meeting, const pb::AgendaItem& item, absl::Span<const pb::AgendaItem> agenda,
                       const pb::RecordAdviceRequest& request) {
  if (meeting.state() == pb::MEETING_STATE_REOPENED) {
    if (item.state() != pb::AGENDA_ITEM_STATE_ADVISED || item.kind() == pb::AGENDA_ITEM_KIND_MINUTES) {
      return WrongState(item.state(), "only what was advised on is put right");
    }
    if (!request.votes().empty()) return InvalidArgument("votes", "are not changed in a reopened meeting");
    return absl::OkStatus();
  }
  if (meeting.state() != pb::MEETING_STATE_OPEN)
    return WrongState(meeting.state(), "the council advises in an open meeting");
  TRY(MayTakeUp(item, agenda));
  return item.kind() == pb::AGENDA_ITEM_KIND_MINUTES
             ? WrongState(item.state(), "minutes are approved by ApproveMinutes")
             : absl::OkStatus();
}

absl::Status MaySettle(const Caller& caller, const pb::Meeting& meeting, const pb::AgendaItem& item,
                       const pb::SettleAgendaItemRequest& request, std::string_view own_seat_id) {
  if (!KeepsCouncil(caller)) {
    if (own_seat_id.empty() || item.proposer_seat_id() != own_seat_id) {
      return Forbidden("a member settles only what their own seat proposed");
    }
    if (!NotBegun(meeting)) return WrongState(meeting.state(), "at the table the council settles it");
  }
  if (IsSettled(item)) return Refused("ITEM_SETTLED", "the item is settled");
  if (meeting.state() == pb::MEETING_STATE_FINALISED || meeting.state() == pb::MEETING_STATE_CANCELLED) {
    return WrongState(meeting.state(), "the meeting is over");
  }
  if (!request.to_meeting_id().empty() && request.settlement() != pb::SETTLEMENT_POSTPONED) {
    return InvalidArgument("to_meeting_id", "is for what is postponed");
  }
  return absl::OkStatus();
}

// [C7] What was postponed comes on an agenda that is not fixed yet. [C13] For a member it comes there as a new proposal
// of theirs would: by the input deadline of that meeting. A postponement is no way round it.
absl::Status MayPostponeTo(const Caller& caller, const pb::Meeting& meeting, std::string_view today) {
  if (!NotBegun(meeting)) return WrongState(meeting.state(), "that meeting takes no items any more");
  return CheckInputBy(caller, meeting, today);
}

void ApplySettlement(const pb::SettleAgendaItemRequest& request, pb::AgendaItem* item) {
  item->set_state(request.settlement() == pb::SETTLEMENT_POSTPONED      ? pb::AGENDA_ITEM_STATE_POSTPONED
                  : request.settlement() == pb::SETTLEMENT_REFERRED_OUT ? pb::AGENDA_ITEM_STATE_REFERRED_OUT
                                                                        : pb::AGENDA_ITEM_STATE_WITHDRAWN);
  item->set_reason(request.reason());
}

pb::AgendaItem NewFromPostponed(std::string id, const Caller& caller, const pb::AgendaItem& item, const pb::Meeting& to,
                                int position) {
  pb::AgendaItem next;
  next.set_id(std::move(id));
  next.set_state(StateOfNew(caller));
  next.set_kind(item.kind());
  next.set_meeting_id(to.id());
  next.set_position(position);
  next.set_title(item.title());
  next.set_text(item.text());
  next.set_proposer_seat_id(item.proposer_seat_id());
  next.set_suggestion_id(item.suggestion_id());
  next.set_minutes_meeting_id(item.minutes_meeting_id());
  return next;
}

// The papers are the meeting's, and more than one item can be about them: after another meeting postponed its own to
// this one. They leave when none is left that is, or was decided here, and one was postponed.
bool TakesPapersAlong(const pb::AgendaItem& item, absl::Span<const pb::AgendaItem> agenda) {
  bool postponed = false, needed = false;
  for (const pb::AgendaItem& each : agenda) {
    if (each.kind() != pb::AGENDA_ITEM_KIND_FIGURES) continue;
    postponed = postponed || each.state() == pb::AGENDA_ITEM_STATE_POSTPONED;
    needed = needed || !IsSettled(each) || each.state() == pb::AGENDA_ITEM_STATE_ADVISED;
  }
  return item.kind() == pb::AGENDA_ITEM_KIND_FIGURES && postponed && !needed;
}

}  // namespace mestring::council
