// The mandate, the code lists, the seats, and who holds them.
//
// A seat and a term are two resources: a seat lasts, and a term belongs to a person and ends. No row stores a vacancy:
// a role of an active seat without an active term is vacant, so nobody can forget to record it. A term is never
// rewritten; it ends and another follows, so the rows are the history.

#include <utility>

#include "common/base/ids.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/attendance_rules.h"
#include "services/council/council.h"
#include "services/council/reads.h"
#include "services/council/seat_changes.h"
#include "services/shared/code_lists.h"

namespace mestring::council {
namespace {

absl::StatusOr<int> ActiveSeatsOf(Tx& tx, pb::SeatKind kind) {
  static const std::string sql =
      absl::StrCat("SELECT COUNT(*) FROM seats WHERE kind = :kind AND ", InState(pb::SEAT_STATE_ACTIVE));
  ASSIGN(const auto rows, tx.Query<int64_t>(sql, pb::SeatKind_Name(kind)));
  return static_cast<int>(std::get<0>(rows.front()));
}

absl::Status PublishVacancy(Tx& tx, const pb::Seat& seat, pb::HolderRole role) {
  pb::SeatVacated event;
  event.set_seat_id(seat.id());
  event.set_role(role);
  return tx.Publish(event, seat);
}

}  // namespace

absl::Status Council::SetMandate(Tx& tx, Call&, const pb::SetMandateRequest& request,
                                 pb::SetMandateResponse* response) {
  TRY(Check(request));
  pb::Mandate& mandate = *response->mutable_mandate() = request.mandate();
  TRY(InsertNext(tx, &mandate));
  pb::MandateSet event;
  event.set_mandate_id(mandate.id());
  event.set_mandate_version(mandate.mandate_version());
  return tx.Publish(event, mandate);
}

absl::Status Council::GetMandate(Tx& tx, Call&, const pb::GetMandateRequest& request,
                                 pb::GetMandateResponse* response) {
  ASSIGN(*response->mutable_mandate(), OrNotFound(OfVersion<pb::Mandate>(tx, request.mandate_version())));
  return absl::OkStatus();
}

absl::Status Council::SetCodeList(Tx& tx, Call&, const pb::SetCodeListRequest& request,
                                  pb::SetCodeListResponse* response) {
  return StoreCodeList<pb::CodeListSet>(tx, kOwnCodes, request, response->mutable_code_list());
}

absl::Status Council::GetCodeList(Tx& tx, Call&, const pb::GetCodeListRequest& request,
                                  pb::GetCodeListResponse* response) {
  return FindCodeList(tx, kOwnCodes, request, response->mutable_code_list());
}

absl::Status Council::RegisterSeat(Tx& tx, Call&, const pb::RegisterSeatRequest& request,
                                   pb::RegisterSeatResponse* response) {
  TRY(Check(request));
  ASSIGN(const pb::Mandate mandate, CurrentMandate(tx));
  // Organisations have no limit and may be many: counting them would read every seat.
  int of_kind = 0;
  if (LimitsSeats(mandate, request.kind())) {
    ASSIGN(of_kind, ActiveSeatsOf(tx, request.kind()));
  }
  ASSIGN(const auto same,
         Find<pb::Seat>(tx, absl::StrCat("WHERE organisation_id = :organisation AND ", InState(pb::SEAT_STATE_ACTIVE)),
                        request.organisation_id()));
  TRY(MayRegisterSeat(mandate, request.kind(), of_kind, same.has_value()));
  pb::Seat seat = NewSeat(NewId(tx.now()), request);
  TRY(Insert(tx, seat));
  TRY(PublishVacancy(tx, seat, pb::HOLDER_ROLE_PRINCIPAL));
  TRY(Save(tx, seat));  // for the version of the event
  TRY(PublishVacancy(tx, seat, pb::HOLDER_ROLE_DEPUTY));
  *response->mutable_seat() = std::move(seat);
  return absl::OkStatus();
}

absl::Status Council::RetireSeat(Tx& tx, Call&, const pb::RetireSeatRequest& request,
                                 pb::RetireSeatResponse* response) {
  ASSIGN(pb::Seat seat, AtVersion(request.expected_version(), Load<pb::Seat>(tx, request.seat_id())));
  TRY(MayRetire(seat));
  ASSIGN(Holders holders, HoldersOf(tx, seat.id()));
  for (auto* holder : {&holders.principal, &holders.deputy}) {
    if (*holder) TRY(EndHolder(tx, kSeatRetired.code, &**holder));
  }
  ASSIGN(seat, Load<pb::Seat>(tx, seat.id()));
  seat.set_state(pb::SEAT_STATE_RETIRED);
  TRY(Save(tx, seat));
  pb::SeatRetired event;
  event.set_seat_id(seat.id());
  TRY(tx.Publish(event, seat));
  TRY(ReviewSummonses(tx, seat.id()));
  *response->mutable_seat() = std::move(seat);
  return absl::OkStatus();
}

absl::Status Council::AppointHolder(Tx& tx, Call&, const pb::AppointHolderRequest& request,
                                    pb::AppointHolderResponse* response) {
  ASSIGN(pb::Seat seat, Load<pb::Seat>(tx, request.seat_id()));
  ASSIGN(const auto holding,
         Find<pb::SeatHolder>(tx, absl::StrCat("WHERE person_ref = :person AND ", InState(pb::HOLDER_STATE_ACTIVE)),
                              request.person_ref()));
  ASSIGN(Holders holders, HoldersOf(tx, seat.id()));
  std::optional<pb::SeatHolder> before = holders.Of(request.role());
  // A person may be appointed to the same role again, for another term.
  TRY(MayAppoint(seat, holding && !(before && before->id() == holding->id())));
  ASSIGN(const pb::Mandate mandate, CurrentMandate(tx));
  if (before) TRY(EndHolder(tx, kSucceeded.code, &*before));
  pb::SeatHolder holder = NewHolder(NewId(tx.now()), request, mandate, Today(tx));
  TRY(Insert(tx, holder));
  TRY(tx.Schedule(kTermTimer, holder.id(), EndOf(tx, holder.until_date())));
  ASSIGN(seat, Load<pb::Seat>(tx, seat.id()));
  TRY(Save(tx, seat));  // for the version of the event
  pb::SeatFilled event;
  event.set_seat_id(seat.id());
  event.set_role(holder.role());
  event.set_holder_id(holder.id());
  event.set_person_ref(holder.person_ref());
  event.set_until_date(holder.until_date());
  TRY(tx.Publish(event, seat));
  TRY(ReviewSummonses(tx, seat.id()));
  *response->mutable_holder() = std::move(holder);
  return absl::OkStatus();
}

absl::Status Council::EndTerm(Tx& tx, Call& call, const pb::EndTermRequest& request, pb::EndTermResponse* response) {
  ASSIGN(pb::SeatHolder holder, AtVersion(request.expected_version(), Load<pb::SeatHolder>(tx, request.holder_id())));
  call.RecordAccess(holder.person_ref());
  TRY(MayEndTerm(call.caller, holder));
  TRY(EndHolder(tx, request.reason_code(), &holder));
  TRY(ReviewSummonses(tx, holder.seat_id()));
  *response->mutable_holder() = std::move(holder);
  return absl::OkStatus();
}

absl::Status Council::GetSeatMap(Tx& tx, Call&, const pb::GetSeatMapRequest&, pb::GetSeatMapResponse* response) {
  ASSIGN(std::vector<pb::Seat> seats, ActiveSeats(tx));
  int vacancies = 0;
  for (pb::Seat& seat : seats) {
    ASSIGN(Holders holders, HoldersOf(tx, seat.id()));
    pb::SeatOfToday* row = response->add_seats();
    *row->mutable_seat() = std::move(seat);
    vacancies += !holders.principal + !holders.deputy;
    if (holders.principal) *row->mutable_principal() = *std::move(holders.principal);
    if (holders.deputy) *row->mutable_deputy() = *std::move(holders.deputy);
  }
  response->set_vacancies(vacancies);
  return SetAsOf(tx, response);
}

absl::Status Council::ListHolders(Tx& tx, Call&, const pb::ListHoldersRequest& request,
                                  pb::ListHoldersResponse* response) {
  return ListPage(tx, Filter().Is("seat_id", request.seat_id()), request, response->mutable_holders(), response,
                  {.descending = true});
}

}  // namespace mestring::council
