// Attendance: apologies and summonses before the opening, presence and disqualifications at the table, and what all of
// them serve: who represents which seat on an item.
//
// No row says "X represents Y". The rows say what people did and decided; RepresentationOf (attendance_rules.h) works
// out from them who represents a seat, until an advice stores the answer for its item.

#include <utility>

#include "common/base/ids.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/attendance_rules.h"
#include "services/council/council.h"
#include "services/council/reads.h"
#include "services/council/seat_changes.h"

namespace mestring::council {

absl::Status Council::RegisterApology(Tx& tx, Call& call, const pb::RegisterApologyRequest& request,
                                      pb::RegisterApologyResponse* response) {
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, request.meeting_id()));
  ASSIGN(const pb::Seat seat, Load<pb::Seat>(tx, request.seat_id()));
  ASSIGN(const Holders holders, HoldersOf(tx, seat.id()));
  const std::optional<pb::SeatHolder>& holder = holders.Of(request.role());
  if (holder) call.RecordAccess(holder->person_ref());
  TRY(MayApologise(call.caller, meeting, holder));
  ASSIGN(const std::vector<pb::Apology> known, ApologiesOf(tx, meeting.id(), seat.id()));
  if (HasApologised(meeting, holders, request.role(), known)) return AlreadyExists("apology");
  pb::Apology apology;
  apology.set_id(NewId(tx.now()));
  apology.set_state(pb::APOLOGY_STATE_IN_FORCE);
  apology.set_meeting_id(meeting.id());
  apology.set_seat_id(seat.id());
  apology.set_holder_id(holder->id());
  apology.set_role(request.role());
  apology.set_by_self(call.caller.IsSelf(holder->person_ref()));
  TRY(Insert(tx, apology));
  pb::ApologyRegistered event;
  event.set_apology_id(apology.id());
  event.set_meeting_id(meeting.id());
  event.set_seat_id(seat.id());
  event.set_role(request.role());
  TRY(tx.Publish(event, apology));
  // [C3] The apology of the principal summons the deputy, unless the deputy has apologised too.
  if (request.role() == pb::HOLDER_ROLE_PRINCIPAL) {
    ASSIGN(auto summons, SummonIfNeeded(tx, meeting, seat));
    if (summons) *response->mutable_summons() = *std::move(summons);
  }
  *response->mutable_apology() = std::move(apology);
  return absl::OkStatus();
}

absl::Status Council::SummonDeputy(Tx& tx, Call& call, const pb::SummonDeputyRequest& request,
                                   pb::SummonDeputyResponse* response) {
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, request.meeting_id()));
  ASSIGN(pb::VotingSeat seat, VotingSeatOf(tx, meeting.id(), request.seat_id()));
  TRY(MaySummon(meeting, seat));
  call.RecordAccess(seat.deputy_ref());
  seat.set_deputy_summoned(true);
  TRY(Save(tx, seat));
  ASSIGN(*response->mutable_summons(), Summon(tx, meeting.id(), seat, pb::SUMMONS_CAUSE_NOT_MET, ""));
  return absl::OkStatus();
}

absl::Status Council::MarkPresence(Tx& tx, Call&, const pb::MarkPresenceRequest& request,
                                   pb::MarkPresenceResponse* response) {
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, request.meeting_id()));
  ASSIGN(pb::VotingSeat seat, VotingSeatOf(tx, meeting.id(), request.seat_id()));
  ASSIGN(const std::vector<pb::SeatRepresentation> representations,
         Select<pb::SeatRepresentation>(tx, "WHERE meeting_id = :meeting AND seat_id = :seat", meeting.id(),
                                        seat.seat_id()));
  TRY(MayMarkPresence(meeting, seat, request.role(), request.presence(), representations));
  ApplyPresence(request.role(), request.presence(), &seat);
  TRY(Save(tx, seat));
  pb::PresenceMarked event;
  event.set_voting_seat_id(seat.id());
  event.set_meeting_id(meeting.id());
  event.set_seat_id(seat.seat_id());
  event.set_role(request.role());
  event.set_presence(request.presence());
  TRY(tx.Publish(event, seat));
  *response->mutable_seat() = std::move(seat);
  return absl::OkStatus();
}

absl::Status Council::DeclareDisqualified(Tx& tx, Call& call, const pb::DeclareDisqualifiedRequest& request,
                                          pb::DeclareDisqualifiedResponse* response) {
  ASSIGN(const pb::AgendaItem item, Load<pb::AgendaItem>(tx, request.agenda_item_id()));
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, item.meeting_id()));
  ASSIGN(const pb::VotingSeat seat, VotingSeatOf(tx, meeting.id(), request.seat_id()));
  const bool principal = request.role() == pb::HOLDER_ROLE_PRINCIPAL;
  call.RecordAccess(principal ? seat.principal_ref() : seat.deputy_ref());
  TRY(MayDisqualify(meeting, item, seat, request.role()));
  ASSIGN(const auto known,
         Find<pb::Disqualification>(tx, "WHERE agenda_item_id = :item AND seat_id = :seat AND role = :role", item.id(),
                                    seat.seat_id(), pb::HolderRole_Name(request.role())));
  if (known) return AlreadyExists("disqualification");
  pb::Disqualification disqualification;
  disqualification.set_id(NewId(tx.now()));
  disqualification.set_meeting_id(meeting.id());
  disqualification.set_agenda_item_id(item.id());
  disqualification.set_seat_id(seat.seat_id());
  disqualification.set_role(request.role());
  disqualification.set_ground_code(request.ground_code());
  TRY(Insert(tx, disqualification));
  pb::DisqualificationDeclared event;
  event.set_disqualification_id(disqualification.id());
  event.set_meeting_id(meeting.id());
  event.set_agenda_item_id(item.id());
  event.set_seat_id(seat.seat_id());
  event.set_role(request.role());
  TRY(tx.Publish(event, disqualification));
  if (principal && !seat.deputy_id().empty()) {
    ASSIGN(*response->mutable_summons(), Summon(tx, meeting.id(), seat, pb::SUMMONS_CAUSE_DISQUALIFICATION, item.id()));
  }
  *response->mutable_disqualification() = std::move(disqualification);
  return absl::OkStatus();
}

absl::Status Council::ListSeatRepresentations(Tx& tx, Call&, const pb::ListSeatRepresentationsRequest& request,
                                              pb::ListSeatRepresentationsResponse* response) {
  ASSIGN(const pb::AgendaItem item, Load<pb::AgendaItem>(tx, request.agenda_item_id()));
  response->set_settled(item.state() == pb::AGENDA_ITEM_STATE_ADVISED);
  if (response->settled()) {
    ASSIGN(std::vector<pb::SeatRepresentation> rows,
           Select<pb::SeatRepresentation>(tx, "WHERE agenda_item_id = :item ORDER BY seat_id", item.id()));
    for (pb::SeatRepresentation& row : rows) *response->add_representations() = std::move(row);
  } else {
    ASSIGN(const std::vector<pb::VotingSeat> seats, SeatsOf(tx, item.meeting_id()));
    ASSIGN(const std::vector<pb::Disqualification> disqualifications,
           Select<pb::Disqualification>(tx, "WHERE agenda_item_id = :item", item.id()));
    for (const pb::VotingSeat& seat : seats)
      *response->add_representations() = RepresentationOf(seat, item, disqualifications);
  }
  return SetAsOf(tx, response);
}

}  // namespace mestring::council
