#include "services/council/attendance_rules.h"

// The heart is RepresentationOf. It depends on the copied seat, on who is present and on who is disqualified, and on
// nothing else. No delegation is stored, so none can outlive its reason, name somebody who is absent, or be passed on.
// Meeting software that stores who represents whom has its delegation bugs there (OpenSlides#5745,
// openslides-client#3518).

#include <algorithm>
#include <map>
#include <utility>

#include "common/base/errors.h"
#include "services/council/agenda_rules.h"

namespace mestring::council {
namespace {

const std::string& HolderIdOf(const pb::VotingSeat& seat, pb::HolderRole role) {
  return role == pb::HOLDER_ROLE_PRINCIPAL ? seat.principal_id() : seat.deputy_id();
}

// [C3] The meeting needs the deputy when the principal in office has apologised, or when there is no principal, and
// when the deputy has not apologised. So a deputy who is appointed after the apology is summoned then; and a new
// principal who is appointed after it is expected to come.
pb::SummonsCause WhyAsked(const pb::Meeting& meeting, const Holders& holders, absl::Span<const pb::Apology> apologies) {
  if (!holders.deputy || HasApologised(meeting, holders, pb::HOLDER_ROLE_DEPUTY, apologies)) {
    return pb::SUMMONS_CAUSE_UNSPECIFIED;
  }
  if (!holders.principal) return pb::SUMMONS_CAUSE_VACANCY;
  return HasApologised(meeting, holders, pb::HOLDER_ROLE_PRINCIPAL, apologies) ? pb::SUMMONS_CAUSE_APOLOGY
                                                                               : pb::SUMMONS_CAUSE_UNSPECIFIED;
}

absl::Status NoSuchHolder() {
  return Refused("NO_SUCH_HOLDER", "nobody has that role of the seat; appoint a holder first");
}

pb::Presence PresenceOf(const pb::VotingSeat& seat, pb::HolderRole role) {
  return role == pb::HOLDER_ROLE_PRINCIPAL ? seat.principal_presence() : seat.deputy_presence();
}

}  // namespace

// Somebody who left early was there.
bool WasThere(pb::Presence presence) { return presence == pb::PRESENCE_PRESENT || presence == pb::PRESENCE_LEFT; }

const std::optional<pb::SeatHolder>& Holders::Of(pb::HolderRole role) const {
  return role == pb::HOLDER_ROLE_PRINCIPAL ? principal : deputy;
}

bool Holders::IsTermOf(pb::HolderRole role, std::string_view holder_id) const {
  const std::optional<pb::SeatHolder>& holder = Of(role);
  if (!holder) return false;
  return holder->id() == holder_id || std::any_of(ended.begin(), ended.end(), [&](const pb::SeatHolder& term) {
           return term.id() == holder_id && term.role() == role && term.person_ref() == holder->person_ref();
         });
}

// [C3] An apology belongs to a person. It holds in their next term too, because they cannot come whatever the date of
// their appointment. It does not hold for their successor.
bool HasApologised(const pb::Meeting& meeting, const Holders& holders, pb::HolderRole role,
                   absl::Span<const pb::Apology> apologies) {
  return std::any_of(apologies.begin(), apologies.end(), [&](const pb::Apology& apology) {
    return apology.meeting_id() == meeting.id() && holders.IsTermOf(role, apology.holder_id());
  });
}

absl::Status MayApologise(const Caller& caller, const pb::Meeting& meeting,
                          const std::optional<pb::SeatHolder>& holder) {
  if (!holder) return NoSuchHolder();
  if (!KeepsCouncil(caller) && !caller.IsSelf(holder->person_ref())) {
    return Forbidden("a member may apologise only for themself");
  }
  if (meeting.state() != pb::MEETING_STATE_NOTICE_SENT) {
    return WrongState(meeting.state(), "register an apology after the notice and before the opening");
  }
  return absl::OkStatus();
}

// [C6] From the opening on, the meeting uses this copy of the seat (opengever.core#4876).
pb::VotingSeat NewVotingSeat(std::string id, const pb::Meeting& meeting, const pb::Seat& seat, const Holders& holders,
                             absl::Span<const pb::Apology> apologies) {
  pb::VotingSeat entitled;
  entitled.set_id(std::move(id));
  entitled.set_meeting_id(meeting.id());
  entitled.set_seat_id(seat.id());
  entitled.set_kind(seat.kind());
  entitled.set_seat_name(seat.name());
  // Excused and absent differ: an excused person has apologised (opengever.core#2180).
  const auto presence_of = [&](pb::HolderRole role) {
    return HasApologised(meeting, holders, role, apologies) ? pb::PRESENCE_EXCUSED : pb::PRESENCE_ABSENT;
  };
  if (holders.principal) {
    entitled.set_principal_id(holders.principal->id());
    entitled.set_principal_ref(holders.principal->person_ref());
    entitled.set_principal_name(holders.principal->name());
    entitled.set_principal_employed(holders.principal->employed());
    entitled.set_principal_presence(presence_of(pb::HOLDER_ROLE_PRINCIPAL));
  }
  if (holders.deputy) {
    entitled.set_deputy_id(holders.deputy->id());
    entitled.set_deputy_ref(holders.deputy->person_ref());
    entitled.set_deputy_name(holders.deputy->name());
    entitled.set_deputy_employed(holders.deputy->employed());
    entitled.set_deputy_presence(presence_of(pb::HOLDER_ROLE_DEPUTY));
  }
  entitled.set_deputy_summoned(WhyAsked(meeting, holders, apologies) != pb::SUMMONS_CAUSE_UNSPECIFIED);
  return entitled;
}

pb::SummonsCause WhySummoned(const pb::Meeting& meeting, const Holders& holders,
                             absl::Span<const pb::Apology> apologies) {
  // For a meeting that is only planned, the notice will summon the deputy.
  if (meeting.state() != pb::MEETING_STATE_NOTICE_SENT) return pb::SUMMONS_CAUSE_UNSPECIFIED;
  return WhyAsked(meeting, holders, apologies);
}

// [C3] A summons holds while its addressee is the deputy, in this term or a later one, and the principal does not come.
// Otherwise the addressee need not come.
bool HoldsStill(const pb::Summons& summons, const pb::Meeting& meeting, const pb::Seat& seat, const Holders& holders,
                absl::Span<const pb::Apology> apologies) {
  if (seat.state() != pb::SEAT_STATE_ACTIVE) return false;
  if (!holders.IsTermOf(pb::HOLDER_ROLE_DEPUTY, summons.holder_id())) return false;
  return !holders.principal || HasApologised(meeting, holders, pb::HOLDER_ROLE_PRINCIPAL, apologies);
}

// [C6] The opening fixes the entitled seats; a later seat has no part in that meeting.
absl::Status CheckEntitled(bool entitled) {
  return entitled ? absl::OkStatus()
                  : Refused("NOT_ENTITLED", "the seat is not among those that the opening of the meeting fixed");
}

// Minutes and fees rest on presence. So only somebody who came can leave. The secretary may correct a mistake while the
// meeting is open, except for a person who has represented the seat: that person was there (C2).
absl::Status MayMarkPresence(const pb::Meeting& meeting, const pb::VotingSeat& seat, pb::HolderRole role,
                             pb::Presence presence, absl::Span<const pb::SeatRepresentation> representations) {
  if (meeting.state() != pb::MEETING_STATE_OPEN)
    return WrongState(meeting.state(), "mark presence while the meeting is open");
  const std::string& holder_id = HolderIdOf(seat, role);
  if (holder_id.empty()) return NoSuchHolder();
  if (presence == pb::PRESENCE_LEFT && !WasThere(PresenceOf(seat, role))) {
    return Refused("NOT_PRESENT", "mark the person as present before you mark them as left");
  }
  const bool represented =
      std::any_of(representations.begin(), representations.end(), [&](const pb::SeatRepresentation& representation) {
        return representation.seat_id() == seat.seat_id() && representation.holder_id() == holder_id;
      });
  if (!WasThere(presence) && represented) {
    return Refused("SEAT_REPRESENTED", "the person represented the seat on an item; mark them as present or left");
  }
  return absl::OkStatus();
}

void ApplyPresence(pb::HolderRole role, pb::Presence presence, pb::VotingSeat* seat) {
  if (role == pb::HOLDER_ROLE_PRINCIPAL) {
    seat->set_principal_presence(presence);
  } else {
    seat->set_deputy_presence(presence);
  }
}

// [C3] A deputy steps in on notice, never by turning up (Gausdal). In an open meeting the secretary gives that notice,
// once for the whole meeting.
absl::Status MaySummon(const pb::Meeting& meeting, const pb::VotingSeat& seat) {
  if (meeting.state() != pb::MEETING_STATE_OPEN) {
    return WrongState(
        meeting.state(),
        "summon a deputy while the meeting is open; before the opening register an apology, which summons them");
  }
  if (seat.deputy_id().empty()) return Refused("NO_SUCH_HOLDER", "the seat had no deputy at the opening");
  if (seat.principal_presence() == pb::PRESENCE_PRESENT)
    return Refused("NO_APOLOGY", "the principal is present; the deputy is not needed");
  return seat.deputy_summoned() ? AlreadyExists("summons of this deputy") : absl::OkStatus();
}

// [B7] A disqualification is for one item, and the council decides on it (Gausdal).
absl::Status MayDisqualify(const pb::Meeting& meeting, const pb::AgendaItem& item, const pb::VotingSeat& seat,
                           pb::HolderRole role) {
  if (meeting.state() != pb::MEETING_STATE_OPEN)
    return WrongState(meeting.state(), "declare a disqualification while the meeting is open");
  if (IsSettled(item)) return Refused("ITEM_SETTLED", "the item is settled already");
  if (HolderIdOf(seat, role).empty()) return NoSuchHolder();
  return absl::OkStatus();
}

// Everybody at the table knows the disqualification, and the minutes name it. Only those who keep the council see its
// ground; neither minutes nor the event have it.
void ShowTo(const Caller& caller, pb::Disqualification* disqualification) {
  if (!KeepsCouncil(caller)) disqualification->clear_ground_code();
}

// [C2] The principal represents a seat if they are present and not disqualified; else the deputy, if they are present,
// not disqualified, and summoned, be it to the meeting or, by the principal's disqualification, for this item; else
// nobody. If both are present, the deputy is an observer.
// [C4] So a seat never passes to an absent person, from the deputy to a third person, or to another seat.
pb::SeatRepresentation RepresentationOf(const pb::VotingSeat& seat, const pb::AgendaItem& item,
                                        absl::Span<const pb::Disqualification> disqualifications) {
  const auto disqualified = [&](pb::HolderRole role) {
    return std::any_of(disqualifications.begin(), disqualifications.end(), [&](const pb::Disqualification& each) {
      return each.agenda_item_id() == item.id() && each.seat_id() == seat.seat_id() && each.role() == role;
    });
  };
  pb::SeatRepresentation representation;
  representation.set_meeting_id(seat.meeting_id());
  representation.set_agenda_item_id(item.id());
  representation.set_seat_id(seat.seat_id());
  representation.set_seat_name(seat.seat_name());
  representation.set_basis(pb::REPRESENTATION_BASIS_EMPTY);
  const bool principal_there = seat.principal_presence() == pb::PRESENCE_PRESENT;
  const bool principal_disqualified = disqualified(pb::HOLDER_ROLE_PRINCIPAL);
  if (principal_there && !principal_disqualified) {
    representation.set_basis(pb::REPRESENTATION_BASIS_PRINCIPAL);
    representation.set_holder_id(seat.principal_id());
    representation.set_person_ref(seat.principal_ref());
    representation.set_holder_name(seat.principal_name());
    return representation;
  }
  const bool asked = seat.deputy_summoned() || principal_disqualified;
  if (seat.deputy_presence() == pb::PRESENCE_PRESENT && asked && !disqualified(pb::HOLDER_ROLE_DEPUTY)) {
    representation.set_basis(principal_disqualified ? pb::REPRESENTATION_BASIS_DISQUALIFICATION
                                                    : pb::REPRESENTATION_BASIS_DEPUTY);
    representation.set_holder_id(seat.deputy_id());
    representation.set_person_ref(seat.deputy_ref());
    representation.set_holder_name(seat.deputy_name());
  }
  return representation;
}

// [C2] Each seat votes at most once on an item.
absl::StatusOr<std::vector<pb::SeatRepresentation>> Represented(absl::Span<const pb::SeatRepresentation> possible,
                                                                const pb::RecordAdviceRequest& request) {
  std::map<std::string, pb::Vote> votes;
  for (const pb::SeatVote& vote : request.votes()) {
    if (!votes.emplace(vote.seat_id(), vote.vote()).second) {
      return Refused("SEAT_REPRESENTED_TWICE", "give one vote for each seat", {{"seat_id", vote.seat_id()}});
    }
  }
  std::vector<pb::SeatRepresentation> represented;
  for (pb::SeatRepresentation representation : possible) {
    const auto vote = votes.find(representation.seat_id());
    const bool empty = representation.basis() == pb::REPRESENTATION_BASIS_EMPTY;
    if (vote != votes.end()) {
      if (empty) {
        return Refused("SEAT_NOT_REPRESENTED", "nobody represents that seat on this item; leave out its vote",
                       {{"seat_id", representation.seat_id()}});
      }
      representation.set_vote(vote->second);
      votes.erase(vote);
    }
    if (!empty) represented.push_back(std::move(representation));
  }
  TRY(CheckEntitled(votes.empty()));
  return represented;
}

}  // namespace mestring::council
