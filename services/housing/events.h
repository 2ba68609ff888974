// The fields that every event about a resource has.
#pragma once

#include "mestring/housing/v1/housing.pb.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/housing_rules.h"

namespace mestring::housing {

// The person, the requester and the unit that keeps the responsibility of treatment: both offices receive the events of
// what they may read. [H4] (MaySee)
template <class Event>
Event About(const pb::Requisition& requisition) {
  Event event;
  event.set_requisition_id(requisition.id());
  event.set_person_ref(requisition.person_ref());
  event.set_organisation_id(requisition.organisation_id());
  event.set_responsible_unit(requisition.responsible_unit());
  return event;
}
// The same for a stay, and the place where the event has a field for it.
template <class Event>
Event About(const pb::Stay& stay) {
  Event event;
  event.set_stay_id(stay.id());
  event.set_person_ref(stay.person_ref());
  event.set_scheme_id(stay.scheme_id());
  event.set_organisation_id(stay.organisation_id());
  event.set_responsible_unit(stay.responsible_unit());
  if constexpr (requires { event.set_place_id(stay.place_id()); }) event.set_place_id(stay.place_id());
  return event;
}

template <class Event>
Event About(const pb::Application& application) {
  Event event;
  event.set_application_id(application.id());
  event.set_person_ref(application.person_ref());
  return event;
}
template <class Event>
Event About(const pb::ListEntry& entry) {
  Event event;
  event.set_list_entry_id(entry.id());
  event.set_application_id(entry.application_id());
  event.set_person_ref(entry.person_ref());
  return event;
}
template <class Event>
Event About(const pb::PlaceClosure& closure) {
  Event event;
  event.set_closure_id(closure.id());
  event.set_place_id(closure.place_id());
  event.set_scheme_id(closure.scheme_id());
  return event;
}
template <class Event>
Event About(const pb::Vacancy& vacancy) {
  Event event;
  event.set_vacancy_id(vacancy.id());
  event.set_place_id(vacancy.place_id());
  event.set_scheme_id(vacancy.scheme_id());
  return event;
}
template <class Event>
Event About(const pb::PlaceOffer& place_offer) {
  Event event;
  event.set_place_offer_id(place_offer.id());
  event.set_person_ref(place_offer.person_ref());
  event.set_application_id(place_offer.application_id());
  event.set_scheme_id(place_offer.scheme_id());
  return event;
}
template <class Event>
Event About(const pb::Tenancy& tenancy) {
  Event event;
  event.set_tenancy_id(tenancy.id());
  event.set_stay_id(tenancy.stay_id());
  event.set_person_ref(tenancy.person_ref());
  return event;
}
template <class Event>
Event About(const pb::Contact& contact) {
  Event event;
  event.set_contact_id(contact.id());
  event.set_stay_id(contact.stay_id());
  event.set_person_ref(contact.person_ref());
  return event;
}

}  // namespace mestring::housing
