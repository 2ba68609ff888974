#include "services/peer_support/contact_rules.h"

#include <utility>

#include "common/base/errors.h"

namespace mestring::peer_support {
namespace {

absl::Status SeatTaken() { return Refused("SEAT_TAKEN", "the person has such a seat already"); }

}  // namespace

// Not in the future (CASA), and within the time of the match; it may be recorded later.
absl::Status MayLog(const pb::Match& match, std::string_view contact_date, std::string_view today) {
  TRY(CheckHappened(contact_date, today));
  if (contact_date < match.start_date() || (!match.end_date().empty() && contact_date > match.end_date())) {
    return Refused("DATE_OUT_OF_ORDER", "contact_date must lie within the match");
  }
  return absl::OkStatus();
}

pb::Contact NewContact(std::string id, const pb::LogContactRequest& request, const pb::Match& match,
                       const pb::Peer& peer, std::string_view contact_date) {
  pb::Contact contact;
  contact.set_id(std::move(id));
  contact.set_state(pb::CONTACT_STATE_RECORDED);
  contact.set_match_id(match.id());
  contact.set_peer_id(match.peer_id());
  contact.set_person_ref(match.person_ref());
  contact.set_peer_person_ref(match.peer_person_ref());
  contact.set_kind(request.kind());
  contact.set_contact_date(std::string(contact_date));
  contact.set_minutes(request.minutes());
  contact.set_met(request.met());
  contact.set_employment(peer.employment());
  return contact;
}

// A contact is withdrawn once, and not deleted, so that the hours of a period can be explained later.
absl::Status MayWithdraw(const pb::Contact& contact) {
  if (contact.state() == pb::CONTACT_STATE_RECORDED) return absl::OkStatus();
  return WrongState(contact.state(), "the contact was withdrawn already");
}

absl::Status MayClose(const pb::SelfHelpGroup& group) {
  if (group.state() == pb::SELF_HELP_GROUP_STATE_OPEN) return absl::OkStatus();
  return WrongState(group.state(), "the group is closed already");
}

bool IsLive(pb::GroupSeatState state) {
  return state == pb::GROUP_SEAT_STATE_ACTIVE || state == pb::GROUP_SEAT_STATE_ON_HOLD;
}

// [P10] A group seat needs the person's consent: a seat in a person's responsibility group belongs to the peer who is
// matched with them now. There is one at a time, because a second would outlive the consent.
absl::Status MaySeat(const pb::Match& match, std::string_view person_ref, bool seated) {
  if (match.person_ref() != person_ref) return NotFound("match");
  if (match.state() != pb::MATCH_STATE_STARTED) {
    return WrongState(match.state(), "the match must be started: it is on hold or has ended");
  }
  return seated ? SeatTaken() : absl::OkStatus();
}

// [P1] A person joins a group only if the approval of its peer is valid or in its grace, and the peer has not paused.
absl::Status MayJoin(const pb::SelfHelpGroup& group, const pb::Peer& leader, std::string_view person_ref, bool seated) {
  if (group.state() != pb::SELF_HELP_GROUP_STATE_OPEN)
    return WrongState(group.state(), "the group is closed; join an open one");
  if (leader.person_ref() == person_ref) return OwnCase("the peer leads this group and cannot join it");
  if (!IsApproved(leader.state()) && leader.state() != pb::PEER_STATE_GRACE) return NotAvailable("APPROVAL");
  return seated ? SeatTaken() : absl::OkStatus();
}

// [P10] The seat ends with the consent, even while its match is on hold.
absl::Status MayLeave(const pb::GroupSeat& seat) {
  return IsLive(seat.state()) ? absl::OkStatus() : WrongState(seat.state(), "the seat has ended already");
}

void ApplySeatEnd(std::string_view today, pb::GroupSeat* seat) {
  seat->set_state(pb::GROUP_SEAT_STATE_ENDED);
  seat->set_end_date(std::string(today));
}

}  // namespace mestring::peer_support
