// The fields that every event about a resource has.
#pragma once

#include "mestring/activities/v1/activities.pb.h"
#include "mestring/activities/v1/activities_events.pb.h"

namespace mestring::activities {

namespace pb = v1;

template <class Event>
Event About(const pb::Session& session) {
  Event event;
  event.set_session_id(session.id());
  event.set_activity_id(session.activity_id());
  return event;
}

template <class Event>
Event About(const pb::Enrolment& enrolment) {
  Event event;
  event.set_enrolment_id(enrolment.id());
  event.set_session_id(enrolment.session_id());
  event.set_activity_id(enrolment.activity_id());
  event.set_person_ref(enrolment.person_ref());
  return event;
}

template <class Event>
Event About(const pb::WaitEntry& entry) {
  Event event;
  event.set_wait_entry_id(entry.id());
  event.set_session_id(entry.session_id());
  event.set_activity_id(entry.activity_id());
  event.set_person_ref(entry.person_ref());
  return event;
}

template <class Event>
Event About(const pb::Participation& participation) {
  Event event;
  event.set_participation_id(participation.id());
  event.set_activity_id(participation.activity_id());
  event.set_person_ref(participation.person_ref());
  return event;
}

template <class Event>
Event About(const pb::LeaderPath& path) {
  Event event;
  event.set_leader_path_id(path.id());
  event.set_person_ref(path.person_ref());
  return event;
}

template <class Event>
Event About(const pb::Grant& grant) {
  Event event;
  event.set_grant_id(grant.id());
  event.set_fund_id(grant.fund_id());
  event.set_person_ref(grant.person_ref());
  event.set_kind(grant.kind());
  event.set_amount_ore(grant.amount_ore());
  return event;
}

}  // namespace mestring::activities
