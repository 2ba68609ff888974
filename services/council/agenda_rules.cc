#include "services/council/agenda_rules.h"

#include <utility>

#include "common/base/errors.h"

namespace mestring::council {
namespace {

using access::v1::ROLE_COUNCIL_MEMBER;

// [C13] The input deadline binds members, not the secretary.
absl::Status CheckInputBy(const Caller& caller, const pb::Meeting& meeting, std::string_view today) {
  if (KeepsCouncil(caller) || meeting.input_by() >= today) return absl::OkStatus();
  return Refused("INPUT_TOO_LATE", "the input deadline has passed; raise the matter for a later meeting",
                 {{"input_by", meeting.input_by()}});
}

// [C13] A member proposes, the secretary schedules.
pb::AgendaItemState StateOfNew(const Caller& caller) {
  return KeepsCouncil(caller) ? pb::AGENDA_ITEM_STATE_SCHEDULED : pb::AGENDA_ITEM_STATE_PROPOSED;
}

// [C11] The approval of the last minutes is the first item (#3768): the council discusses and advises on nothing else
// before.
absl::Status MayTakeUp(const pb::AgendaItem& item, absl::Span<const pb::AgendaItem> agenda) {
  if (IsSettled(item)) return Refused("ITEM_SETTLED", "the item is settled already");
  if (item.state() == pb::AGENDA_ITEM_STATE_PROPOSED)
    return WrongState(item.state(),
                      "the item is only proposed; settle it, or postpone it to a meeting that has not begun");
  if (item.kind() == pb::AGENDA_ITEM_KIND_MINUTES) return absl::OkStatus();
  for (const pb::AgendaItem& other : agenda) {
    if (other.kind() == pb::AGENDA_ITEM_KIND_MINUTES && !IsSettled(other)) {
      return Refused("MINUTES_FIRST", "settle the approval of the last minutes first");
    }
  }
  return absl::OkStatus();
}

}  // namespace

// [S2] The council is its seats. A role outlives a term: a caller with the role of a member but without a seat has no
// voice.
bool HasAVoice(const Caller& caller, std::string_view own_seat_id) {
  return KeepsCouncil(caller) || (caller.Is(ROLE_COUNCIL_MEMBER) && !own_seat_id.empty());
}

bool IsUp(pb::AgendaItemState state) {
  return state == pb::AGENDA_ITEM_STATE_SCHEDULED || state == pb::AGENDA_ITEM_STATE_DISCUSSED;
}

// [C7] An item that was only discussed is not settled, so its meeting cannot be finalised.
bool IsSettled(const pb::AgendaItem& item) {
  return item.state() != pb::AGENDA_ITEM_STATE_PROPOSED && !IsUp(item.state());
}

// [B7] Every member may raise matters (Hadsel), by the input deadline (C13).
// [C7] After the opening the secretary adds an item only with a recorded decision of the council.
absl::Status MayAddItem(const Caller& caller, const pb::Meeting& meeting, const pb::AddAgendaItemRequest& request,
                        std::string_view own_seat_id, std::string_view today) {
  if (!HasAVoice(caller, own_seat_id))
    return Forbidden("only a member with a seat, the secretary or the unit leader may add an item");
  if (meeting.state() == pb::MEETING_STATE_OPEN) {
    if (!KeepsCouncil(caller)) return Forbidden("the meeting is open; ask the secretary to add the item");
    if (request.addition_decision().empty()) {
      return Refused("AGENDA_FIXED",
                     "the meeting is open; give the council's decision to add the item as addition_decision");
    }
    return absl::OkStatus();
  }
  if (!NotBegun(meeting))
    return WrongState(meeting.state(),
                      "the meeting is over or cancelled; add the item to a meeting that has not begun");
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
  // Before the opening the agenda is open, so there is no such decision.
  if (meeting.state() == pb::MEETING_STATE_OPEN) item.set_addition_decision(request.addition_decision());
  return item;
}

absl::Status MaySchedule(const pb::Meeting& meeting, const pb::AgendaItem& item) {
  if (IsSettled(item)) return WrongState(item.state(), "the item is settled already");
  if (!NotBegun(meeting))
    return Refused("AGENDA_FIXED",
                   "the meeting is past its opening or cancelled; its agenda can no longer be arranged");
  // An approval of minutes always has the first position (C11).
  if (item.kind() == pb::AGENDA_ITEM_KIND_MINUTES)
    return WrongState(item.state(), "the approval of minutes stays first; move the other items");
  return absl::OkStatus();
}

// A discussion is recorded while the meeting is open. A reopened meeting corrects it together with the advice.
absl::Status MayDiscuss(const pb::Meeting& meeting, const pb::AgendaItem& item,
                        absl::Span<const pb::AgendaItem> agenda) {
  if (meeting.state() != pb::MEETING_STATE_OPEN)
    return WrongState(meeting.state(), "record a discussion while the meeting is open");
  return MayTakeUp(item, agenda);
}

// [C7] An advice is final (opengever.core#1594): only a reopened meeting may correct its words. Nobody corrects who
// represented which seat, or how they voted (C2).
absl::Status MayAdvise(const pb::Meeting& meeting, const pb::AgendaItem& item, absl::Span<const pb::AgendaItem> agenda,
                       const pb::RecordAdviceRequest& request) {
  if (meeting.state() == pb::MEETING_STATE_REOPENED) {
    if (item.state() != pb::AGENDA_ITEM_STATE_ADVISED || item.kind() == pb::AGENDA_ITEM_KIND_MINUTES) {
      return WrongState(item.state(), "a reopened meeting corrects only items that the council advised on");
    }
    if (!request.votes().empty()) return InvalidArgument("votes", "must be empty: a reopened meeting changes no votes");
    return absl::OkStatus();
  }
  if (meeting.state() != pb::MEETING_STATE_OPEN)
    return WrongState(meeting.state(),
                      "record an advice while the meeting is open; reopen a finalised meeting to correct one");
  TRY(MayTakeUp(item, agenda));
  return item.kind() == pb::AGENDA_ITEM_KIND_MINUTES
             ? WrongState(item.state(), "call ApproveMinutes to approve minutes")
             : absl::OkStatus();
}

absl::Status MaySettle(const Caller& caller, const pb::Meeting& meeting, const pb::AgendaItem& item,
                       const pb::SettleAgendaItemRequest& request, std::string_view own_seat_id) {
  if (!KeepsCouncil(caller)) {
    if (own_seat_id.empty() || item.proposer_seat_id() != own_seat_id) {
      return Forbidden("a member may settle only an item that their own seat proposed");
    }
    if (!NotBegun(meeting))
      return WrongState(meeting.state(), "the meeting is past its opening; ask the secretary to settle the item");
  }
  if (IsSettled(item)) return Refused("ITEM_SETTLED", "the item is settled already");
  if (meeting.state() == pb::MEETING_STATE_FINALISED || meeting.state() == pb::MEETING_STATE_CANCELLED) {
    return WrongState(meeting.state(), "the meeting is finalised or cancelled; its items can no longer be settled");
  }
  if (!request.to_meeting_id().empty() && request.settlement() != pb::SETTLEMENT_POSTPONED) {
    return InvalidArgument("to_meeting_id", "must be empty unless the item is postponed");
  }
  return absl::OkStatus();
}

// [C7] An item is postponed to a meeting that has not begun. [C13] A member does it by the input deadline of that
// meeting, as for a new item, so that postponing is no way round the deadline.
absl::Status MayPostponeTo(const Caller& caller, const pb::Meeting& meeting, std::string_view today) {
  if (!NotBegun(meeting)) return WrongState(meeting.state(), "to_meeting_id must be a meeting that has not begun");
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

// Papers belong to the meeting, and several items can be about them, because another meeting may have postponed its own
// item to this one. They move when one such item was postponed and no other is open or was advised on here.
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
