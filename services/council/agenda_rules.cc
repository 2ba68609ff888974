#include "services/council/agenda_rules.h"

#include <utility>

#include "common/base/errors.h"

namespace mestring::council {
namespace {

using access::v1::ROLE_COUNCIL_MEMBER;

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
    if (!KeepsCouncil(caller)) return Forbidden("during a meeting the secretary adds items to the agenda");
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
    if (!request.votes().empty()) return InvalidArgument("votes", "must be empty: a reopened meeting changes no votes");
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
    return InvalidArgument("to_meeting_id", "must be empty unless the item is postponed");
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
