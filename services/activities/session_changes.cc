#include "services/activities/session_changes.h"

#include <string>
#include <vector>

#include "common/store/records.h"
#include "services/activities/activities_rules.h"
#include "services/activities/events.h"
#include "services/activities/fund_changes.h"
#include "services/activities/reads.h"
#include "services/activities/seat_changes.h"

namespace mestring::activities {

absl::Status CancelNow(Tx& tx, std::string_view reason_code, pb::Session* session) {
  session->set_state(pb::SESSION_STATE_CANCELLED);
  session->set_cancel_reason_code(std::string(reason_code));
  TRY(Save(tx, *session));
  for (std::string_view timer : {kOpenTimer, kNoticeTimer, kStartTimer, kEndTimer, kOwnShareTimer}) {
    TRY(tx.CancelTimer(timer, session->id()));
  }
  auto event = About<pb::SessionCancelled>(*session);
  event.set_reason_code(session->cancel_reason_code());
  TRY(tx.Publish(event, *session));
  ASSIGN(std::vector<pb::Enrolment> enrolments, ConfirmedEnrolments(tx, session->id()));
  for (pb::Enrolment& enrolment : enrolments) {
    enrolment.set_state(pb::ENROLMENT_STATE_SESSION_CANCELLED);
    TRY(Save(tx, enrolment));
    auto ended = About<pb::EnrolmentEnded>(enrolment);
    ended.set_state(enrolment.state());
    TRY(tx.Publish(ended, enrolment));
  }
  ASSIGN(std::vector<pb::WaitEntry> entries, LiveWaitEntries(tx, session->id()));
  for (pb::WaitEntry& entry : entries) TRY(EndWaitEntry(tx, pb::WAIT_ENTRY_STATE_SESSION_CANCELLED, &entry));
  return EndGrants(tx, session->id(), "", kSessionCancelled.code);
}

absl::Status ScheduleTimers(Tx& tx, const pb::ActivityPolicy& policy, const pb::Session& session) {
  if (session.state() == pb::SESSION_STATE_PLANNED) {
    TRY(tx.Schedule(kOpenTimer, session.id(), FromProto(session.enrol_from_time())));
  }
  const absl::Time start = FromProto(session.start_time());
  if (IsAhead(session.state())) {
    const absl::Time notice = start - absl::Hours(policy.leader_notice_hours());
    TRY(notice > tx.now() ? tx.Schedule(kNoticeTimer, session.id(), notice)
                          : tx.CancelTimer(kNoticeTimer, session.id()));
    TRY(tx.Schedule(kStartTimer, session.id(), start));
  }
  return tx.Schedule(kEndTimer, session.id(), FromProto(session.end_time()));
}

}  // namespace mestring::activities
