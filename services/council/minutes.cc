// Minutes: versions of one document for each meeting, written from the record, sent, and approved once.
//
// A version never changes. A mistake is corrected by a new version, and the earlier one gets the state CORRECTED,
// unless it was approved: an approval stands.

#include <utility>

#include "common/base/ids.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/agenda_changes.h"
#include "services/council/council.h"
#include "services/council/meeting_changes.h"
#include "services/council/minutes_rules.h"
#include "services/council/reads.h"

namespace mestring::council {
namespace {

absl::StatusOr<Proceedings> ProceedingsOf(Tx& tx, pb::Meeting meeting) {
  Proceedings proceedings;
  const std::string id = meeting.id();
  ASSIGN(proceedings.mandate, Load<pb::Mandate>(tx, meeting.mandate_id()));
  proceedings.meeting = std::move(meeting);
  ASSIGN(proceedings.seats, SeatsOf(tx, id));
  ASSIGN(proceedings.agenda, AgendaOf(tx, id));
  ASSIGN(proceedings.representations,
         Select<pb::SeatRepresentation>(tx, "WHERE meeting_id = :meeting ORDER BY id", id));
  ASSIGN(proceedings.disqualifications,
         Select<pb::Disqualification>(tx, "WHERE meeting_id = :meeting ORDER BY id", id));
  ASSIGN(proceedings.papers, Select<pb::FigureSet>(tx, "WHERE meeting_id = :meeting ORDER BY id", id));
  ASSIGN(proceedings.revisions,
         Select<pb::AdviceRevision>(
             tx, "WHERE agenda_item_id IN (SELECT id FROM agenda_items WHERE meeting_id = :meeting) ORDER BY id", id));
  return proceedings;
}

// Every version of the minutes, the newest first.
absl::StatusOr<std::vector<pb::Minutes>> VersionsOf(Tx& tx, std::string_view meeting_id) {
  return Select<pb::Minutes>(tx, "WHERE meeting_id = :meeting ORDER BY minutes_version DESC", meeting_id);
}

}  // namespace

absl::Status Council::WriteMinutes(Tx& tx, Call&, const pb::WriteMinutesRequest& request,
                                   pb::WriteMinutesResponse* response) {
  ASSIGN(pb::Meeting meeting, Load<pb::Meeting>(tx, request.meeting_id()));
  ASSIGN(std::optional<pb::Minutes> newest, NewestMinutes(tx, meeting.id()));
  TRY(MayWriteMinutes(meeting, newest, request.correction()));
  ASSIGN(const Proceedings proceedings, ProceedingsOf(tx, std::move(meeting)));
  pb::Minutes minutes;
  minutes.set_id(NewId(tx.now()));
  minutes.set_state(pb::MINUTES_STATE_DRAFT);
  minutes.set_meeting_id(request.meeting_id());
  minutes.set_minutes_version(newest ? newest->minutes_version() + 1 : 1);
  minutes.set_correction(request.correction());
  minutes.set_body(MinutesText(proceedings, request, minutes.minutes_version()));
  pb::MinutesWritten event;
  if (newest && newest->state() == pb::MINUTES_STATE_DRAFT) {
    newest->set_state(pb::MINUTES_STATE_CORRECTED);
    TRY(Save(tx, *newest));
    event.set_corrected_minutes_id(newest->id());
  }
  TRY(Insert(tx, minutes));
  event.set_minutes_id(minutes.id());
  event.set_meeting_id(minutes.meeting_id());
  event.set_minutes_version(minutes.minutes_version());
  TRY(tx.Publish(event, minutes));
  *response->mutable_minutes() = std::move(minutes);
  return absl::OkStatus();
}

absl::Status Council::SendMinutes(Tx& tx, Call&, const pb::SendMinutesRequest& request,
                                  pb::SendMinutesResponse* response) {
  ASSIGN(pb::Minutes minutes, AtVersion(request.expected_version(), Load<pb::Minutes>(tx, request.minutes_id())));
  TRY(MaySendMinutes(minutes));
  // The members have this version now; earlier versions no longer wait for approval.
  ASSIGN(std::vector<pb::Minutes> versions, VersionsOf(tx, minutes.meeting_id()));
  pb::MinutesSent event;
  for (pb::Minutes& earlier : versions) {
    if (earlier.state() != pb::MINUTES_STATE_SENT) continue;
    earlier.set_state(pb::MINUTES_STATE_CORRECTED);
    TRY(Save(tx, earlier));
    event.add_corrected_minutes_ids(earlier.id());
  }
  minutes.set_state(pb::MINUTES_STATE_SENT);
  minutes.set_sent_date(Today(tx));
  TRY(Save(tx, minutes));
  TRY(tx.CancelTimer(kMinutesTimer, minutes.meeting_id()));
  event.set_minutes_id(minutes.id());
  event.set_meeting_id(minutes.meeting_id());
  event.set_minutes_version(minutes.minutes_version());
  TRY(tx.Publish(event, minutes));
  *response->mutable_minutes() = std::move(minutes);
  return absl::OkStatus();
}

absl::Status Council::ApproveMinutes(Tx& tx, Call&, const pb::ApproveMinutesRequest& request,
                                     pb::ApproveMinutesResponse* response) {
  ASSIGN(pb::Minutes minutes, AtVersion(request.expected_version(), Load<pb::Minutes>(tx, request.minutes_id())));
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, request.meeting_id()));
  ASSIGN(auto item,
         Find<pb::AgendaItem>(tx, "WHERE meeting_id = :meeting AND minutes_meeting_id = :of ORDER BY id DESC LIMIT 1",
                              meeting.id(), minutes.meeting_id()));
  if (!item) return NotFound("approval of these minutes on that agenda");
  ASSIGN(const pb::Meeting of, Load<pb::Meeting>(tx, minutes.meeting_id()));
  ASSIGN(const bool approved, HasApprovedMinutes(tx, of.id()));
  TRY(MayApproveMinutes(minutes, of, approved, meeting, *item));
  ASSIGN(const pb::Mandate mandate, Load<pb::Mandate>(tx, meeting.mandate_id()));
  minutes.set_state(pb::MINUTES_STATE_APPROVED);
  minutes.set_approve_date(Today(tx));
  minutes.set_approval_meeting_id(meeting.id());
  TRY(Save(tx, minutes));
  pb::MinutesApproved event;
  event.set_minutes_id(minutes.id());
  event.set_meeting_id(minutes.meeting_id());
  event.set_approval_meeting_id(meeting.id());
  TRY(tx.Publish(event, minutes));
  item->set_state(pb::AGENDA_ITEM_STATE_ADVISED);
  item->set_advice(WordsOf(mandate).approved());
  TRY(SettleItem(tx, &*item));
  *response->mutable_minutes() = std::move(minutes);
  return absl::OkStatus();
}

absl::Status Council::GetMinutes(Tx& tx, Call& call, const pb::GetMinutesRequest& request,
                                 pb::GetMinutesResponse* response) {
  ASSIGN(std::vector<pb::Minutes> versions, VersionsOf(tx, request.meeting_id()));
  for (pb::Minutes& minutes : versions) {
    const bool meant = request.minutes_version() == 0 || request.minutes_version() == minutes.minutes_version();
    if (!meant || !MaySee(call.caller, minutes).ok()) continue;
    *response->mutable_minutes() = std::move(minutes);
    return absl::OkStatus();
  }
  return NotFound("minutes");
}

}  // namespace mestring::council
