#include "services/council/meeting_changes.h"

#include "common/store/records.h"
#include "services/council/council_rules.h"

namespace mestring::council {

absl::Status ScheduleNotice(Tx& tx, const pb::Meeting& meeting) {
  if (!AwaitsNotice(meeting.state()) || meeting.notice_by() < Today(tx))
    return tx.CancelTimer(kNoticeTimer, meeting.id());
  return tx.Schedule(kNoticeTimer, meeting.id(), EndOf(tx, meeting.notice_by()));
}

absl::Status ScheduleMinutes(Tx& tx, const pb::Meeting& meeting) {
  return tx.Schedule(kMinutesTimer, meeting.id(), EndOf(tx, meeting.minutes_by()));
}

}  // namespace mestring::council
