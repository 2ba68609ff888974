// What happens in housing when time passes: deadlines are missed, offers and approvals expire, stays reach their alert
// days or pass their end, tenancies end.
//
// Each clock is a timer of the kernel, set in the write that makes it necessary and stopped in the write
// that makes it needless. A handler judges by the day it was due, not by the day it fires: after three
// days of downtime everything happens in its order. What it saves and publishes has the time at which it fires. It
// looks at the state all the same, so that a timer which fires once too often does nothing. A nightly job over all
// cases would be simpler to explain, and would look at a million rows to find three.

#include "common/store/timers.h"

#include <utility>

#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/allocation_changes.h"
#include "services/housing/application_rules.h"
#include "services/housing/events.h"
#include "services/housing/housing.h"
#include "services/housing/stay_changes.h"
#include "services/housing/stay_rules.h"
#include "services/housing/tables.h"

namespace mestring::housing {
namespace {

absl::Status PublishMissed(Tx& tx, pb::DeadlineKind kind, std::string_view subject, int64_t version,
                           const std::string& person_ref, const std::string& due_date) {
  pb::DeadlineMissed event;
  event.set_kind(kind);
  event.set_subject_id(std::string(subject));
  event.set_person_ref(person_ref);
  event.set_due_date(due_date);
  return tx.Publish(event, subject, version);
}

// [B1] A requisition is decided on the same day.
absl::Status OnRequisitionDecision(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Requisition requisition, Load<pb::Requisition>(tx, id));
  if (requisition.state() != pb::REQUISITION_STATE_RECEIVED) return absl::OkStatus();
  requisition.set_deadline_missed(true);
  TRY(Save(tx, requisition));
  return PublishMissed(tx, pb::DEADLINE_KIND_REQUISITION_DECISION, id, requisition.version(), requisition.person_ref(),
                       requisition.decide_by());
}

absl::Status OnGrantLapse(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Requisition requisition, Load<pb::Requisition>(tx, id));
  if (requisition.state() != pb::REQUISITION_STATE_GRANTED) return absl::OkStatus();
  requisition.set_state(pb::REQUISITION_STATE_LAPSED);
  TRY(Save(tx, requisition));
  return PublishLapsed(tx, requisition);
}

// [B2] An application is decided within one month, even if there is no vacancy.
absl::Status OnApplicationDecision(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Application application, Load<pb::Application>(tx, id));
  if (!IsUndecided(application.state())) return absl::OkStatus();
  application.set_deadline_missed(true);
  TRY(Save(tx, application));
  return PublishMissed(tx, pb::DEADLINE_KIND_APPLICATION_DECISION, id, application.version(), application.person_ref(),
                       application.decide_by());
}

absl::Status OnInformation(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Application application, Load<pb::Application>(tx, id));
  if (application.state() != pb::APPLICATION_STATE_INCOMPLETE) return absl::OkStatus();
  TRY(Save(tx, application));  // for the version of the event
  return PublishMissed(tx, pb::DEADLINE_KIND_INFORMATION, id, application.version(), application.person_ref(),
                       application.information_by());
}

// [B2] An approval is valid for 12 months. An accepted offer keeps it in force, because the person has done their part.
absl::Status OnApprovalExpiry(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::Application application, Load<pb::Application>(tx, id));
  if (!IsApproved(application.state()) || !IsExpired(application, DayOf(tx, due))) return absl::OkStatus();
  if (!application.place_offer_id().empty()) {
    ASSIGN(const pb::PlaceOffer place_offer, Load<pb::PlaceOffer>(tx, application.place_offer_id()));
    if (place_offer.state() != pb::PLACE_OFFER_STATE_PENDING) return absl::OkStatus();
    TRY(RevokeOfferOf(tx, application));
  }
  return ExpireApplication(tx, &application);
}

// [B1] The complaint term of 3 weeks is over.
absl::Status OnComplaintPeriod(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Decision decision, Load<pb::Decision>(tx, id));
  if (decision.state() != pb::DECISION_STATE_IN_FORCE || decision.complaint_period_ended()) return absl::OkStatus();
  decision.set_complaint_period_ended(true);
  TRY(Save(tx, decision));
  pb::ComplaintPeriodEnded event;
  event.set_decision_id(decision.id());
  event.set_case_id(decision.case_id());
  event.set_person_ref(decision.person_ref());
  event.set_complaint_deadline(decision.complaint_deadline());
  return tx.Publish(event, decision);
}

// [H7] Expires a place offer and opens its vacancy.
absl::Status OnPlaceOfferExpiry(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::PlaceOffer place_offer, Load<pb::PlaceOffer>(tx, id));
  if (place_offer.state() != pb::PLACE_OFFER_STATE_PENDING) return absl::OkStatus();
  place_offer.set_state(pb::PLACE_OFFER_STATE_EXPIRED);
  TRY(Save(tx, place_offer));
  TRY(tx.Publish(About<pb::PlaceOfferExpired>(place_offer), place_offer));
  TRY(ReopenVacancy(tx, place_offer.vacancy_id()));
  return ReturnToList(tx, place_offer.application_id());
}

// Nobody has come. The event says so and a person decides: no timer cancels a reservation.
absl::Status OnArrival(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Stay stay, Load<pb::Stay>(tx, id));
  if (stay.state() != pb::STAY_STATE_RESERVED) return absl::OkStatus();
  stay.set_arrival_missed(true);
  TRY(Save(tx, stay));
  return PublishMissed(tx, pb::DEADLINE_KIND_ARRIVAL, id, stay.version(), stay.person_ref(), stay.start_date());
}

// [B1] A stay should not last over 3 months: alerts at 60 and 90 days.
absl::Status OnStayAlert(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::Stay stay, Load<pb::Stay>(tx, id));
  if (stay.state() != pb::STAY_STATE_ARRIVED) return absl::OkStatus();
  ASSIGN(const pb::SchemePolicy policy, Load<pb::SchemePolicy>(tx, stay.policy_id()));
  const int mark = NextMark(stay, policy);
  if (mark == 0 || PlusDays(stay.count_from(), mark) > DayOf(tx, due)) return absl::OkStatus();
  stay.add_marks_passed(mark);
  TRY(Save(tx, stay));
  auto event = About<pb::StayLimitApproaching>(stay);
  event.set_alert_days(mark);
  event.set_limit_date(stay.limit_date());
  TRY(tx.Publish(event, stay));
  const int next = NextMark(stay, policy);
  return next == 0 ? absl::OkStatus() : tx.Schedule(kMarkTimer, id, BeginOf(tx, PlusDays(stay.count_from(), next)));
}

// Fires each night while the resident stays past the planned end. Only the first night saves the stay and publishes
// StayOverstayed; readers work out that the place is occupied tonight (place_holds.cc). Each night cancels or puts off
// what was to begin in the place (MakeWay). (H1)
absl::Status OnOverstay(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::Stay stay, Load<pb::Stay>(tx, id));
  const std::string day = DayOf(tx, due);
  if (stay.state() != pb::STAY_STATE_ARRIVED || stay.end_date().empty() || stay.end_date() >= day) {
    return absl::OkStatus();
  }
  if (ApplyOverstay(&stay)) {
    TRY(Save(tx, stay));
    auto event = About<pb::StayOverstayed>(stay);
    event.set_end_date(stay.end_date());
    TRY(tx.Publish(event, stay));
  }
  TRY(MakeWay(tx, stay, PlusDays(day, 1)));
  return tx.Schedule(kOverstayTimer, id, EndOf(tx, day));
}

absl::Status OnContact(Tx& tx, std::string_view id, absl::Time) {
  ASSIGN(pb::Contact contact, Load<pb::Contact>(tx, id));
  if (contact.state() != pb::CONTACT_STATE_PLANNED) return absl::OkStatus();
  contact.set_state(pb::CONTACT_STATE_OVERDUE);
  TRY(Save(tx, contact));
  return PublishMissed(tx, pb::DEADLINE_KIND_CONTACT, id, contact.version(), contact.person_ref(), contact.due_date());
}

// [H8] A home of the application route needs a tenancy. If one ends while its resident lives there, the event says so
// and a person decides: no timer ends a stay.
absl::Status OnTenancyEnd(Tx& tx, std::string_view id, absl::Time due) {
  ASSIGN(pb::Tenancy tenancy, Load<pb::Tenancy>(tx, id));
  ASSIGN(const pb::Stay stay, Load<pb::Stay>(tx, tenancy.stay_id()));
  if (!RanOutUnderResident(tenancy, stay, DayOf(tx, due))) return absl::OkStatus();
  TRY(Save(tx, tenancy));  // for the version of the event
  return PublishMissed(tx, pb::DEADLINE_KIND_TENANCY_END, id, tenancy.version(), tenancy.person_ref(),
                       tenancy.end_date());
}

}  // namespace

void RegisterTimers(Timers& timers) {
  timers.On(std::string(kRequisitionDecisionTimer), OnRequisitionDecision);
  timers.On(std::string(kGrantTimer), OnGrantLapse);
  timers.On(std::string(kApplicationDecisionTimer), OnApplicationDecision);
  timers.On(std::string(kInformationTimer), OnInformation);
  timers.On(std::string(kApprovalTimer), OnApprovalExpiry);
  timers.On(std::string(kComplaintTimer), OnComplaintPeriod);
  timers.On(std::string(kPlaceOfferTimer), OnPlaceOfferExpiry);
  timers.On(std::string(kArrivalTimer), OnArrival);
  timers.On(std::string(kMarkTimer), OnStayAlert);
  timers.On(std::string(kOverstayTimer), OnOverstay);
  timers.On(std::string(kContactTimer), OnContact);
  timers.On(std::string(kTenancyTimer), OnTenancyEnd);
}

}  // namespace mestring::housing
