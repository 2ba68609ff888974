// The fields that every event about a resource has.
#pragma once

#include "mestring/peer_support/v1/peer_support.pb.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"

namespace mestring::peer_support {

namespace pb = v1;

// An event about a peer: peer_id and person_ref.
template <class Event>
Event About(const pb::Peer& peer) {
  Event event;
  event.set_peer_id(peer.id());
  event.set_person_ref(peer.person_ref());
  return event;
}

// An event about a match: its id, the peer and both persons.
template <class Event>
Event About(const pb::Match& match) {
  Event event;
  event.set_match_id(match.id());
  event.set_peer_id(match.peer_id());
  event.set_person_ref(match.person_ref());
  event.set_peer_person_ref(match.peer_person_ref());
  return event;
}

}  // namespace mestring::peer_support
