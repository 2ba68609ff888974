// The agenda: items are proposed, scheduled, discussed, advised on or settled otherwise.
//
// RecordAdvice also stores who represented each seat on the item, and how, in the same write. Minutes and statistics
// read those rows and nothing else. An advice is a text and not a count of votes: the council advises, and it decides
// itself whether it votes.

#include <utility>

#include "common/base/ids.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/agenda_changes.h"
#include "services/council/agenda_rules.h"
#include "services/council/attendance_rules.h"
#include "services/council/council.h"
#include "services/council/figure_changes.h"
#include "services/council/reads.h"
#include "services/council/suggestion_rules.h"

namespace mestring::council {
namespace {

absl::Status PutOnAgenda(Tx& tx, const pb::AgendaItem& item) {
  ASSIGN(pb::Suggestion suggestion, Load<pb::Suggestion>(tx, item.suggestion_id()));
  TRY(MayPutOnAgenda(suggestion));
  suggestion.set_state(pb::SUGGESTION_STATE_ON_AGENDA);
  suggestion.set_agenda_item_id(item.id());
  TRY(Save(tx, suggestion));
  pb::SuggestionOnAgenda event;
  event.set_suggestion_id(suggestion.id());
  event.set_meeting_id(item.meeting_id());
  return tx.Publish(event, suggestion);
}

// Saves how the seats are represented on an item; these rows never change.
absl::Status FixRepresentations(Tx& tx, const pb::AgendaItem& item, const pb::RecordAdviceRequest& request,
                                google::protobuf::RepeatedPtrField<pb::SeatRepresentation>* fixed) {
  ASSIGN(const std::vector<pb::VotingSeat> seats, SeatsOf(tx, item.meeting_id()));
  ASSIGN(const std::vector<pb::Disqualification> disqualifications,
         Select<pb::Disqualification>(tx, "WHERE agenda_item_id = :item", item.id()));
  std::vector<pb::SeatRepresentation> possible;
  for (const pb::VotingSeat& seat : seats) possible.push_back(RepresentationOf(seat, item, disqualifications));
  ASSIGN(std::vector<pb::SeatRepresentation> represented, Represented(possible, request));
  for (pb::SeatRepresentation& representation : represented) {
    representation.set_id(NewId(tx.now()));
    TRY(Insert(tx, representation));
    *fixed->Add() = std::move(representation);
  }
  return absl::OkStatus();
}

// Keeps the earlier words of an advice before a correction replaces them.
absl::StatusOr<std::string> KeepRevision(Tx& tx, const pb::AgendaItem& item) {
  pb::AdviceRevision revision;
  revision.set_id(NewId(tx.now()));
  revision.set_agenda_item_id(item.id());
  revision.set_revision(item.revision());
  revision.set_advice(item.advice());
  revision.set_discussion(item.discussion());
  TRY(Insert(tx, revision));
  return revision.id();
}

}  // namespace

absl::Status Council::AddAgendaItem(Tx& tx, Call& call, const pb::AddAgendaItemRequest& request,
                                    pb::AddAgendaItemResponse* response) {
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, request.meeting_id()));
  ASSIGN(const std::string own_seat, OwnSeat(tx, call.caller));
  TRY(MayAddItem(call.caller, meeting, request, own_seat, Today(tx)));
  ASSIGN(const int position, NextPosition(tx, meeting.id()));
  pb::AgendaItem item = NewItem(NewId(tx.now()), call.caller, meeting, request, own_seat, position);
  TRY(AddItem(tx, &item));
  if (!item.suggestion_id().empty()) TRY(PutOnAgenda(tx, item));
  *response->mutable_agenda_item() = std::move(item);
  return absl::OkStatus();
}

absl::Status Council::ScheduleAgendaItem(Tx& tx, Call&, const pb::ScheduleAgendaItemRequest& request,
                                         pb::ScheduleAgendaItemResponse* response) {
  ASSIGN(pb::AgendaItem item,
         AtVersion(request.expected_version(), Load<pb::AgendaItem>(tx, request.agenda_item_id())));
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, item.meeting_id()));
  TRY(MaySchedule(meeting, item));
  ASSIGN(std::vector<pb::AgendaItem> later,
         Select<pb::AgendaItem>(tx,
                                "WHERE meeting_id = :meeting AND position >= :position AND id <> :item "
                                "ORDER BY position, id",
                                meeting.id(), request.position(), item.id()));
  for (pb::AgendaItem& other : later) {
    other.set_position(other.position() + 1);
    TRY(SavePlaced(tx, &other));
  }
  item.set_state(pb::AGENDA_ITEM_STATE_SCHEDULED);
  item.set_position(request.position());
  TRY(SavePlaced(tx, &item));
  *response->mutable_agenda_item() = std::move(item);
  return absl::OkStatus();
}

absl::Status Council::RecordDiscussion(Tx& tx, Call&, const pb::RecordDiscussionRequest& request,
                                       pb::RecordDiscussionResponse* response) {
  ASSIGN(pb::AgendaItem item,
         AtVersion(request.expected_version(), Load<pb::AgendaItem>(tx, request.agenda_item_id())));
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, item.meeting_id()));
  ASSIGN(const std::vector<pb::AgendaItem> agenda, AgendaOf(tx, meeting.id()));
  TRY(MayDiscuss(meeting, item, agenda));
  item.set_state(pb::AGENDA_ITEM_STATE_DISCUSSED);
  item.set_discussion(request.discussion());
  TRY(Save(tx, item));
  pb::AgendaItemDiscussed event;
  event.set_agenda_item_id(item.id());
  event.set_meeting_id(item.meeting_id());
  TRY(tx.Publish(event, item));
  *response->mutable_agenda_item() = std::move(item);
  return absl::OkStatus();
}

absl::Status Council::RecordAdvice(Tx& tx, Call&, const pb::RecordAdviceRequest& request,
                                   pb::RecordAdviceResponse* response) {
  ASSIGN(pb::AgendaItem item,
         AtVersion(request.expected_version(), Load<pb::AgendaItem>(tx, request.agenda_item_id())));
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, item.meeting_id()));
  ASSIGN(const std::vector<pb::AgendaItem> agenda, AgendaOf(tx, meeting.id()));
  TRY(MayAdvise(meeting, item, agenda, request));
  pb::AgendaItemSettled event;
  if (meeting.state() == pb::MEETING_STATE_REOPENED) {
    ASSIGN(*event.mutable_advice_revision_id(), KeepRevision(tx, item));
    item.set_revision(item.revision() + 1);
  } else {
    TRY(FixRepresentations(tx, item, request, response->mutable_representations()));
    for (const pb::SeatRepresentation& representation : response->representations())
      event.add_seat_representation_ids(representation.id());
    item.set_state(pb::AGENDA_ITEM_STATE_ADVISED);
  }
  item.set_advice(request.advice());
  if (!request.discussion().empty()) item.set_discussion(request.discussion());
  TRY(SettleItem(tx, &item, std::move(event)));
  *response->mutable_agenda_item() = std::move(item);
  return absl::OkStatus();
}

absl::Status Council::SettleAgendaItem(Tx& tx, Call& call, const pb::SettleAgendaItemRequest& request,
                                       pb::SettleAgendaItemResponse* response) {
  ASSIGN(pb::AgendaItem item,
         AtVersion(request.expected_version(), Load<pb::AgendaItem>(tx, request.agenda_item_id())));
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, item.meeting_id()));
  ASSIGN(const std::string own_seat, OwnSeat(tx, call.caller));
  TRY(MaySettle(call.caller, meeting, item, request, own_seat));
  ApplySettlement(request, &item);
  TRY(SettleItem(tx, &item));
  if (!request.to_meeting_id().empty()) {
    ASSIGN(const pb::Meeting to, Load<pb::Meeting>(tx, request.to_meeting_id()));
    TRY(MayPostponeTo(call.caller, to, Today(tx)));
    int position = 0;  // an approval of minutes comes first
    if (item.kind() != pb::AGENDA_ITEM_KIND_MINUTES) {
      ASSIGN(position, NextPosition(tx, to.id()));
    }
    pb::AgendaItem next = NewFromPostponed(NewId(tx.now()), call.caller, item, to, position);
    TRY(AddItem(tx, &next));
    if (!next.suggestion_id().empty()) TRY(PutOnAgenda(tx, next));
    *response->mutable_new_item() = std::move(next);
  }
  ASSIGN(const std::vector<pb::AgendaItem> agenda, AgendaOf(tx, meeting.id()));
  if (TakesPapersAlong(item, agenda)) TRY(MovePapers(tx, meeting.id(), request.to_meeting_id()));
  *response->mutable_agenda_item() = std::move(item);
  return absl::OkStatus();
}

}  // namespace mestring::council
