#include "services/housing/stay_changes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/allocation_changes.h"
#include "services/housing/application_rules.h"
#include "services/housing/events.h"
#include "services/housing/place_holds.h"
#include "services/housing/stay_rules.h"
#include "services/housing/tables.h"

namespace mestring::housing {
namespace {

// Lets a closure begin on a later day; ends it if it would have been over by then.
absl::Status PutOff(Tx& tx, pb::PlaceClosure closure, const std::string& until) {
  closure.set_start_date(until);
  if (closure.held_until() <= until) return EndClosure(tx, until, &closure);
  TRY(Save(tx, closure));
  return PublishClosed(tx, closure);
}

absl::Status PutOff(Tx& tx, pb::Vacancy vacancy, const std::string& until) {
  vacancy.set_from_date(until);
  TRY(Save(tx, vacancy));
  TRY(PublishOpened(tx, vacancy));
  // The place offer of the vacancy has a first day of its own, which moves too.
  static const std::string tail = absl::StrCat("WHERE vacancy_id = :vacancy AND ", InStates(Stands));
  ASSIGN(std::optional<pb::PlaceOffer> place_offer, Find<pb::PlaceOffer>(tx, tail, vacancy.id()));
  if (!place_offer || !ApplyPostponement(until, &*place_offer)) return absl::OkStatus();
  TRY(Save(tx, *place_offer));
  auto event = About<pb::PlaceOfferPostponed>(*place_offer);
  event.set_from_date(until);
  return tx.Publish(event, *place_offer);
}

template <class Event>
absl::Status PublishNoStay(Tx& tx, const pb::Stay& stay) {
  auto event = About<Event>(stay);
  event.set_requisition_id(stay.requisition_id());
  event.set_reason_code(stay.end_reason_code());
  return tx.Publish(event, stay);
}

// Gives the requisition or application behind a reservation back, or lets it lapse if its time is over.
absl::Status ReleaseSource(Tx& tx, const pb::Stay& stay) {
  if (!stay.place_offer_id().empty()) {
    ASSIGN(const pb::PlaceOffer place_offer, Load<pb::PlaceOffer>(tx, stay.place_offer_id()));
    return ReturnToList(tx, place_offer.application_id());
  }
  ASSIGN(pb::Requisition requisition, Load<pb::Requisition>(tx, stay.requisition_id()));
  ASSIGN(const pb::SchemePolicy policy, Load<pb::SchemePolicy>(tx, stay.policy_id()));
  ApplyRelease(stay, policy, Today(tx), &requisition);
  TRY(Save(tx, requisition));
  if (requisition.state() == pb::REQUISITION_STATE_GRANTED) {
    return tx.Schedule(kGrantTimer, requisition.id(), EndOf(tx, requisition.use_by()));
  }
  return PublishLapsed(tx, requisition);
}

}  // namespace

absl::StatusOr<std::vector<pb::Tenancy>> TenanciesFrom(Tx& tx, const pb::Stay& stay, std::string_view date) {
  return Select<pb::Tenancy>(tx,
                             absl::StrCat("WHERE stay_id = :stay AND (", NotInState(pb::TENANCY_STATE_ENDED),
                                          " OR end_date > :date) ORDER BY id"),
                             stay.id(), date);
}

absl::Status EndTenancy(Tx& tx, const std::string& end_date, pb::Tenancy* tenancy) {
  tenancy->set_state(pb::TENANCY_STATE_ENDED);
  tenancy->set_end_date(end_date);
  TRY(Save(tx, *tenancy));
  TRY(tx.CancelTimer(kTenancyTimer, tenancy->id()));
  auto event = About<pb::TenancyEnded>(*tenancy);
  event.set_end_date(end_date);
  return tx.Publish(event, *tenancy);
}

absl::Status EndTenanciesOf(Tx& tx, const pb::Stay& stay, const std::string& end_date) {
  ASSIGN(std::vector<pb::Tenancy> tenancies, TenanciesFrom(tx, stay, end_date));
  // A tenancy that has not begun ends on its first day.
  for (pb::Tenancy& tenancy : tenancies) TRY(EndTenancy(tx, std::max(end_date, tenancy.start_date()), &tenancy));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<pb::Contact>> OpenContacts(Tx& tx, const pb::Stay& stay) {
  static const std::string tail = absl::StrCat("WHERE stay_id = :stay AND ", InStates(IsOpen), " ORDER BY id");
  return Select<pb::Contact>(tx, tail, stay.id());
}

absl::Status CancelContactsOf(Tx& tx, const pb::Stay& stay) {
  ASSIGN(std::vector<pb::Contact> contacts, OpenContacts(tx, stay));
  for (pb::Contact& contact : contacts) TRY(CallOff(tx, &contact));
  return absl::OkStatus();
}

absl::Status EndReservation(Tx& tx, pb::StayState state, std::string_view reason_code, pb::Stay* stay) {
  ApplyNoStay(state, reason_code, stay);
  TRY(Save(tx, *stay));
  TRY(tx.CancelTimer(kArrivalTimer, stay->id()));
  TRY(state == pb::STAY_STATE_CANCELLED ? PublishNoStay<pb::StayCancelled>(tx, *stay)
                                        : PublishNoStay<pb::StayNotArrived>(tx, *stay));
  TRY(EndTenanciesOf(tx, *stay, Today(tx)));
  TRY(CancelContactsOf(tx, *stay));
  return ReleaseSource(tx, *stay);
}

absl::Status MakeWay(Tx& tx, const pb::Stay& stay, const std::string& until) {
  ASSIGN(const std::vector<PlaceHold> holds,
         HoldsOf(tx, {.place_id = stay.place_id()}, {stay.start_date(), until, stay.id()}));
  for (const PlaceHold& hold : holds) {
    if (hold.stay_state == pb::STAY_STATE_RESERVED) {
      ASSIGN(pb::Stay reserved, Load<pb::Stay>(tx, hold.id));
      TRY(EndReservation(tx, pb::STAY_STATE_CANCELLED, kPlaceNotVacated.code, &reserved));
    } else if (hold.kind == PlaceHold::kClosure) {
      ASSIGN(pb::PlaceClosure closure, Load<pb::PlaceClosure>(tx, hold.id));
      TRY(PutOff(tx, std::move(closure), until));
    } else if (hold.kind == PlaceHold::kVacancy) {
      ASSIGN(pb::Vacancy vacancy, Load<pb::Vacancy>(tx, hold.id));
      TRY(PutOff(tx, std::move(vacancy), until));
    }
  }
  return absl::OkStatus();
}

}  // namespace mestring::housing
