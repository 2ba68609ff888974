#include "services/housing/allocation_changes.h"

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/application_rules.h"
#include "services/housing/events.h"
#include "services/housing/reads.h"
#include "services/housing/stay_rules.h"

namespace mestring::housing {

absl::Status PublishLapsed(Tx& tx, const pb::Requisition& requisition) {
  return tx.Publish(About<pb::RequisitionLapsed>(requisition), requisition);
}

absl::Status PublishOpened(Tx& tx, const pb::Vacancy& vacancy) {
  auto event = About<pb::VacancyOpened>(vacancy);
  event.set_scheme_kind(vacancy.scheme_kind());
  event.set_from_date(vacancy.from_date());
  return tx.Publish(event, vacancy);
}

absl::Status PublishClosed(Tx& tx, const pb::PlaceClosure& closure) {
  auto event = About<pb::PlaceClosed>(closure);
  event.set_start_date(closure.start_date());
  event.set_end_date(closure.end_date());
  event.set_reason_code(closure.reason_code());
  return tx.Publish(event, closure);
}

absl::Status SaveDecision(Tx& tx, std::string_view earlier_id, pb::Decision* decision) {
  if (!earlier_id.empty()) {
    ASSIGN(pb::Decision earlier, Load<pb::Decision>(tx, earlier_id));
    ApplySupersession(*decision, &earlier);
    TRY(Save(tx, earlier));
    TRY(tx.CancelTimer(kComplaintTimer, earlier.id()));
  }
  TRY(Insert(tx, *decision));
  return tx.Schedule(kComplaintTimer, decision->id(), EndOf(tx, decision->complaint_deadline()));
}

absl::Status EndClosure(Tx& tx, const std::string& end_date, pb::PlaceClosure* closure) {
  closure->set_state(pb::PLACE_CLOSURE_STATE_ENDED);
  closure->set_end_date(end_date);
  closure->clear_held_until();
  TRY(Save(tx, *closure));
  auto event = About<pb::PlaceReopened>(*closure);
  event.set_end_date(end_date);
  return tx.Publish(event, *closure);
}

absl::Status ReopenVacancy(Tx& tx, std::string_view vacancy_id) {
  ASSIGN(pb::Vacancy vacancy, Load<pb::Vacancy>(tx, vacancy_id));
  vacancy.set_state(pb::VACANCY_STATE_OPEN);
  TRY(Save(tx, vacancy));
  return PublishOpened(tx, vacancy);
}

absl::StatusOr<pb::ListEntry> EnterList(Tx& tx, const pb::Application& application,
                                        const pb::NeedAssessment& assessment) {
  pb::ListEntry entry = NewListEntry(NewId(tx.now()), application, assessment, Today(tx));
  TRY(Insert(tx, entry));
  TRY(tx.Publish(About<pb::ListEntered>(entry), entry));
  return entry;
}

absl::StatusOr<std::string> RenewListEntry(Tx& tx, const pb::Application& application) {
  ASSIGN(std::optional<pb::ListEntry> entry, LiveEntry(tx, application.id()));
  if (!entry) return "";
  entry->set_approved_until(application.approved_until());
  TRY(Save(tx, *entry));
  return entry->id();
}

absl::Status ExpireApplication(Tx& tx, pb::Application* application) {
  application->set_state(pb::APPLICATION_STATE_EXPIRED);
  application->clear_place_offer_id();
  TRY(Save(tx, *application));
  TRY(tx.Publish(About<pb::ApplicationExpired>(*application), *application));
  return LeaveList(tx, application->id(), pb::LIST_LEAVE_REASON_EXPIRED);
}

absl::Status ReturnToList(Tx& tx, std::string_view application_id) {
  ASSIGN(pb::Application application, Load<pb::Application>(tx, application_id));
  if (IsExpired(application, Today(tx))) return ExpireApplication(tx, &application);
  ApplyRelease(&application);
  TRY(Save(tx, application));
  ASSIGN(pb::ListEntry entry, OrNotFound(LiveEntry(tx, application_id)));
  entry.set_state(pb::LIST_ENTRY_STATE_WAITING);
  TRY(Save(tx, entry));
  return tx.Publish(About<pb::ListReturned>(entry), entry);
}

absl::Status LeaveList(Tx& tx, std::string_view application_id, pb::ListLeaveReason reason) {
  ASSIGN(std::vector<pb::ListEntry> entries,
         Select<pb::ListEntry>(
             tx, absl::StrCat("WHERE application_id = :application AND ", NotInState(pb::LIST_ENTRY_STATE_LEFT)),
             application_id));
  for (pb::ListEntry& entry : entries) {
    entry.set_state(pb::LIST_ENTRY_STATE_LEFT);
    entry.set_leave_reason(reason);
    TRY(Save(tx, entry));
    auto event = About<pb::ListLeft>(entry);
    event.set_reason(reason);
    TRY(tx.Publish(event, entry));
  }
  return absl::OkStatus();
}

absl::Status Revoke(Tx& tx, std::string_view reason_code, pb::PlaceOffer* place_offer) {
  place_offer->set_state(pb::PLACE_OFFER_STATE_REVOKED);
  place_offer->set_end_reason_code(std::string(reason_code));
  TRY(Save(tx, *place_offer));
  TRY(tx.CancelTimer(kPlaceOfferTimer, place_offer->id()));
  auto event = About<pb::PlaceOfferRevoked>(*place_offer);
  event.set_reason_code(place_offer->end_reason_code());
  TRY(tx.Publish(event, *place_offer));
  return ReopenVacancy(tx, place_offer->vacancy_id());
}

absl::Status RevokeOfferOf(Tx& tx, const pb::Application& application) {
  if (application.place_offer_id().empty()) return absl::OkStatus();
  ASSIGN(pb::PlaceOffer place_offer, Load<pb::PlaceOffer>(tx, application.place_offer_id()));
  TRY(MayRevoke(place_offer));
  return Revoke(tx, kApplicationEnded.code, &place_offer);
}

absl::Status CallOff(Tx& tx, pb::Contact* contact) {
  contact->set_state(pb::CONTACT_STATE_CANCELLED);
  TRY(Save(tx, *contact));
  TRY(tx.CancelTimer(kContactTimer, contact->id()));
  return tx.Publish(About<pb::ContactCancelled>(*contact), *contact);
}

}  // namespace mestring::housing
