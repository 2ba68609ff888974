// Stays: a person has a place reserved, arrives, stays, moves and leaves.
//
// The service writes one transaction at a time (common/store/database.h), so a use case can check that a place is free
// and then take it. A row stores what a stay holds: [start_date, held_until) (H1). With a row for each night, a unique
// index would prevent overlaps, but an open-ended tenancy would need endless rows.
//
// A reservation needs a granted requisition or an accepted place offer (H4), and gives it back if the person does not
// come.

#include <algorithm>
#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/allocation_changes.h"
#include "services/housing/events.h"
#include "services/housing/housing.h"
#include "services/housing/place_holds.h"
#include "services/housing/reads.h"
#include "services/housing/stay_changes.h"
#include "services/housing/stay_rules.h"
#include "services/housing/tables.h"

namespace mestring::housing {
namespace {

absl::Status CheckNoReservation(Tx& tx, std::string_view person_ref) {
  ASSIGN(const bool has_one,
         Exists<pb::Stay>(tx, absl::StrCat("WHERE person_ref = :person AND ", InState(pb::STAY_STATE_RESERVED)),
                          person_ref));
  return MayReserveAnother(has_one);
}

// ---- Reserving -------------------------------------------------------------------------------------

absl::Status SaveReserved(Tx& tx, pb::Stay* stay) {
  TRY(Insert(tx, *stay));
  TRY(tx.Schedule(kArrivalTimer, stay->id(), EndOf(tx, stay->start_date())));
  auto event = About<pb::StayReserved>(*stay);
  event.set_requisition_id(stay->requisition_id());
  event.set_place_offer_id(stay->place_offer_id());
  event.set_start_date(stay->start_date());
  event.set_end_date(stay->end_date());
  return tx.Publish(event, *stay);
}

absl::StatusOr<pb::Stay> ReserveByRequisition(Tx& tx, Call& call, const pb::ReserveStayRequest& request) {
  const std::string today = Today(tx);
  ASSIGN(pb::Requisition requisition, LoadVisible<pb::Requisition>(tx, call, request.requisition_id()));
  TRY(MayReserve(requisition, today));
  ASSIGN(const pb::SchemePolicy policy, Load<pb::SchemePolicy>(tx, requisition.policy_id()));
  ASSIGN(const Period period, PeriodOf(request, "", policy, today));
  TRY(CheckNoReservation(tx, requisition.person_ref()));
  const Hold hold{period.start_date, HeldUntil(period.end_date, policy.turnaround_days())};
  pb::Place place;
  if (request.place_id().empty()) {
    ASSIGN(place, FirstFreePlace(tx, requisition.scheme_id(), hold));
  } else {
    ASSIGN(place, Load<pb::Place>(tx, request.place_id()));
    TRY(MayGive(requisition, place));
    TRY(CheckFree(tx, place.id(), hold));
  }
  pb::Stay stay = NewStay(NewId(tx.now()), period, policy, place);
  stay.set_person_ref(requisition.person_ref());
  stay.set_requisition_id(requisition.id());
  stay.set_organisation_id(requisition.organisation_id());
  stay.set_responsible_unit(requisition.responsible_unit());
  TRY(SaveReserved(tx, &stay));
  requisition.set_state(pb::REQUISITION_STATE_PLACED);
  requisition.set_stay_id(stay.id());
  TRY(Save(tx, requisition));
  TRY(tx.CancelTimer(kGrantTimer, requisition.id()));
  return stay;
}

absl::StatusOr<pb::Stay> ReserveByPlaceOffer(Tx& tx, Call& call, const pb::ReserveStayRequest& request) {
  ASSIGN(pb::PlaceOffer place_offer, LoadVisible<pb::PlaceOffer>(tx, call, request.place_offer_id()));
  ASSIGN(const pb::Application application, Load<pb::Application>(tx, place_offer.application_id()));
  TRY(MayReserve(place_offer, application));
  ASSIGN(pb::Vacancy vacancy, Load<pb::Vacancy>(tx, place_offer.vacancy_id()));
  ASSIGN(const pb::SchemePolicy policy, Load<pb::SchemePolicy>(tx, place_offer.policy_id()));
  ASSIGN(const Period period, PeriodOf(request, vacancy.from_date(), policy, Today(tx)));
  TRY(CheckNoReservation(tx, place_offer.person_ref()));
  ASSIGN(const pb::Place place, Load<pb::Place>(tx, place_offer.place_id()));
  TRY(CheckFree(tx, place.id(),
                {.start_date = period.start_date,
                 .held_until = HeldUntil(period.end_date, policy.turnaround_days()),
                 .own_vacancy_id = vacancy.id()}));
  pb::Stay stay = NewStay(NewId(tx.now()), period, policy, place);
  stay.set_person_ref(place_offer.person_ref());
  stay.set_place_offer_id(place_offer.id());
  TRY(SaveReserved(tx, &stay));
  place_offer.set_stay_id(stay.id());
  TRY(Save(tx, place_offer));
  vacancy.set_state(pb::VACANCY_STATE_FILLED);
  vacancy.set_stay_id(stay.id());
  TRY(Save(tx, vacancy));
  auto event = About<pb::VacancyFilled>(vacancy);
  event.set_stay_id(stay.id());
  TRY(tx.Publish(event, vacancy));
  return stay;
}

// ---- Arriving --------------------------------------------------------------------------------------

// Saves the stay of a person who has moved in, schedules its timers and publishes the arrival.
absl::Status SaveArrived(Tx& tx, const pb::SchemePolicy& policy, pb::Stay* stay) {
  TRY(Save(tx, *stay));
  TRY(tx.CancelTimer(kArrivalTimer, stay->id()));
  if (const int mark = NextMark(*stay, policy); mark > 0) {
    TRY(tx.Schedule(kMarkTimer, stay->id(), BeginOf(tx, PlusDays(stay->count_from(), mark))));
  }
  if (!stay->end_date().empty()) TRY(tx.Schedule(kOverstayTimer, stay->id(), EndOf(tx, stay->end_date())));
  auto event = About<pb::StayArrived>(*stay);
  event.set_arrive_date(stay->arrive_date());
  event.set_end_date(stay->end_date());
  event.set_support_team_id(stay->support_team_id());
  return tx.Publish(event, *stay);
}

absl::Status CloseApplication(Tx& tx, const pb::Stay& stay) {
  if (stay.place_offer_id().empty()) return absl::OkStatus();
  ASSIGN(const pb::PlaceOffer place_offer, Load<pb::PlaceOffer>(tx, stay.place_offer_id()));
  ASSIGN(pb::Application application, Load<pb::Application>(tx, place_offer.application_id()));
  application.set_state(pb::APPLICATION_STATE_HOUSED);
  TRY(Save(tx, application));
  TRY(tx.CancelTimer(kApprovalTimer, application.id()));
  return LeaveList(tx, application.id(), pb::LIST_LEAVE_REASON_HOUSED);
}

// Checks and carries out an arrival. `leaves_stay_id`: the stay that this move ends; empty if the person comes from
// outside.
absl::Status Arrive(Tx& tx, const std::string& arrive_date, std::string_view leaves_stay_id, pb::Stay* stay) {
  const std::string today = Today(tx);
  ASSIGN(const pb::SchemePolicy policy, Load<pb::SchemePolicy>(tx, stay->policy_id()));
  ASSIGN(const Tenancies tenancies, TenanciesOf(tx, *stay));
  ASSIGN(const bool housed,
         Exists<pb::Stay>(
             tx, absl::StrCat("WHERE person_ref = :person AND id <> :leaves AND ", InState(pb::STAY_STATE_ARRIVED)),
             stay->person_ref(), leaves_stay_id));
  ASSIGN(const bool occupied,
         IsHeld(tx, stay->place_id(), {today, std::string(kNoEnd), leaves_stay_id}, Holders::kResidents));
  TRY(MayArrive(*stay, policy, {housed, occupied, tenancies.contract ? &*tenancies.contract : nullptr}, arrive_date,
                today));
  ApplyArrival(arrive_date, policy, stay);
  TRY(SaveArrived(tx, policy, stay));
  return CloseApplication(tx, *stay);
}

// ---- Leaving ---------------------------------------------------------------------------------------

// Moves the tenancies of a stay to the stay that follows it.
absl::Status TenanciesFollow(Tx& tx, const pb::Stay& from, const pb::Stay& to, pb::StayMoved* event) {
  ASSIGN(std::vector<pb::Tenancy> tenancies, TenanciesFrom(tx, from, Today(tx)));
  for (pb::Tenancy& tenancy : tenancies) {
    tenancy.set_stay_id(to.id());
    tenancy.set_place_id(to.place_id());
    TRY(Save(tx, tenancy));
    event->add_tenancy_ids(tenancy.id());
  }
  return absl::OkStatus();
}

// Saves an ended stay, cancels its timers, publishes the end, and clears the place until `held_until`.
absl::Status SaveEnded(Tx& tx, pb::Stay* stay) {
  TRY(Save(tx, *stay));
  TRY(tx.CancelTimer(kMarkTimer, stay->id()));
  TRY(tx.CancelTimer(kOverstayTimer, stay->id()));
  auto event = About<pb::StayEnded>(*stay);
  event.set_end_date(stay->end_date());
  event.set_free_date(stay->held_until());
  event.set_destination_code(stay->destination_code());
  event.set_reason_code(stay->end_reason_code());
  TRY(tx.Publish(event, *stay));
  return MakeWay(tx, *stay, stay->held_until());
}

// ---- Moving ----------------------------------------------------------------------------------------

pb::StayMoved Moved(const pb::Stay& from, const pb::Stay& to) {
  auto event = About<pb::StayMoved>(to);
  if (from.id() != to.id()) event.set_from_stay_id(from.id());
  event.set_from_place_id(from.place_id());
  event.set_from_scheme_id(from.scheme_id());
  return event;
}

// Moves a reservation to another place.
absl::Status MoveReservation(Tx& tx, const pb::Place& place, pb::Stay* stay) {
  const pb::Stay from = *stay;
  stay->set_place_id(place.id());
  if (!place.support_team_id().empty()) stay->set_support_team_id(place.support_team_id());
  TRY(Save(tx, *stay));
  pb::StayMoved event = Moved(from, *stay);
  TRY(TenanciesFollow(tx, from, *stay, &event));
  return tx.Publish(event, *stay);
}

// Moves what belongs to the resident and not to the place to the new stay inside the scheme; the event of the move
// names it.
absl::Status MoveDependants(Tx& tx, const pb::Stay& from, const pb::Stay& to, pb::StayMoved* event) {
  if (!to.requisition_id().empty()) {
    ASSIGN(pb::Requisition requisition, Load<pb::Requisition>(tx, to.requisition_id()));
    requisition.set_stay_id(to.id());
    TRY(Save(tx, requisition));
    event->set_requisition_id(requisition.id());
  }
  if (!to.place_offer_id().empty()) {
    ASSIGN(pb::PlaceOffer place_offer, Load<pb::PlaceOffer>(tx, to.place_offer_id()));
    place_offer.set_stay_id(to.id());
    TRY(Save(tx, place_offer));
    event->set_place_offer_id(place_offer.id());
  }
  TRY(TenanciesFollow(tx, from, to, event));
  ASSIGN(std::vector<pb::Contact> contacts, OpenContacts(tx, from));
  for (pb::Contact& contact : contacts) {
    contact.set_stay_id(to.id());
    TRY(Save(tx, contact));
    event->add_contact_ids(contact.id());
  }
  return absl::OkStatus();
}

// A resident moves to another place of the same scheme, which needs no new decision.
absl::StatusOr<pb::Stay> MoveInside(Tx& tx, const pb::Place& place, pb::Stay* stay) {
  const std::string today = Today(tx);
  ASSIGN(const pb::SchemePolicy policy, Load<pb::SchemePolicy>(tx, stay->policy_id()));
  pb::Stay next = NewStayAfterMove(NewId(tx.now()), *stay, place, today);
  TRY(CheckFree(tx, place.id(), {next.start_date(), next.held_until(), stay->id()}));
  // A requisition or place offer has one live stay at a time, so the old one ends first.
  ApplyEnd(today, policy.destination_code(), kMovedInside.code, stay);
  TRY(SaveEnded(tx, stay));
  TRY(Insert(tx, next));
  pb::StayMoved event = Moved(*stay, next);
  TRY(MoveDependants(tx, *stay, next, &event));
  TRY(tx.Publish(event, next));
  TRY(SaveArrived(tx, policy, &next));
  return next;
}

// A resident moves into the place of another scheme that is reserved for them.
absl::Status MoveToReserved(Tx& tx, pb::Stay* stay, pb::Stay* reserved) {
  const std::string today = Today(tx);
  ASSIGN(const pb::SchemePolicy policy, Load<pb::SchemePolicy>(tx, reserved->policy_id()));
  const pb::Stay from = *stay;
  ApplyEnd(today, policy.destination_code(), kMoved.code, stay);
  TRY(SaveEnded(tx, stay));
  TRY(EndTenanciesOf(tx, *stay, today));
  TRY(CancelContactsOf(tx, *stay));
  reserved->set_moved_from_stay_id(stay->id());
  TRY(Save(tx, *reserved));
  TRY(tx.Publish(Moved(from, *reserved), *reserved));
  return Arrive(tx, today, stay->id(), reserved);
}

}  // namespace

absl::Status Housing::ReserveStay(Tx& tx, Call& call, const pb::ReserveStayRequest& request,
                                  pb::ReserveStayResponse* response) {
  TRY(Check(request));
  ASSIGN(*response->mutable_stay(), request.requisition_id().empty() ? ReserveByPlaceOffer(tx, call, request)
                                                                     : ReserveByRequisition(tx, call, request));
  return absl::OkStatus();
}

absl::Status Housing::CancelStay(Tx& tx, Call& call, const pb::CancelStayRequest& request,
                                 pb::CancelStayResponse* response) {
  ASSIGN(pb::Stay stay, AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  TRY(MayCancel(stay));
  TRY(EndReservation(tx, pb::STAY_STATE_CANCELLED, request.reason_code(), &stay));
  *response->mutable_stay() = std::move(stay);
  return absl::OkStatus();
}

absl::Status Housing::ConfirmArrival(Tx& tx, Call& call, const pb::ConfirmArrivalRequest& request,
                                     pb::ConfirmArrivalResponse* response) {
  ASSIGN(pb::Stay stay, AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  TRY(Arrive(tx, OrToday(tx, request.arrive_date()), "", &stay));
  *response->mutable_stay() = std::move(stay);
  return absl::OkStatus();
}

absl::Status Housing::RecordNotArrived(Tx& tx, Call& call, const pb::RecordNotArrivedRequest& request,
                                       pb::RecordNotArrivedResponse* response) {
  ASSIGN(pb::Stay stay, AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  TRY(MayRecordNoShow(stay, Today(tx)));
  TRY(EndReservation(tx, pb::STAY_STATE_NOT_ARRIVED, request.reason_code(), &stay));
  *response->mutable_stay() = std::move(stay);
  return absl::OkStatus();
}

absl::Status Housing::ExtendStay(Tx& tx, Call& call, const pb::ExtendStayRequest& request,
                                 pb::ExtendStayResponse* response) {
  ASSIGN(pb::Stay stay, AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  TRY(MayExtend(stay, request.end_date(), Today(tx)));
  ApplyNewEnd(request.end_date(), &stay);
  stay.set_extension_reason_code(request.reason_code());
  stay.clear_overstay();
  stay.clear_overstay_reason_code();
  TRY(CheckFree(tx, stay.place_id(), {stay.start_date(), stay.held_until(), stay.id()}));
  TRY(Save(tx, stay));
  if (stay.state() == pb::STAY_STATE_ARRIVED) TRY(tx.Schedule(kOverstayTimer, stay.id(), EndOf(tx, stay.end_date())));
  auto event = About<pb::StayExtended>(stay);
  event.set_end_date(stay.end_date());
  event.set_reason_code(request.reason_code());
  event.set_beyond_limit(IsBeyondLimit(stay));
  TRY(tx.Publish(event, stay));
  *response->mutable_stay() = std::move(stay);
  return absl::OkStatus();
}

absl::Status Housing::MoveStay(Tx& tx, Call& call, const pb::MoveStayRequest& request, pb::MoveStayResponse* response) {
  ASSIGN(pb::Stay stay, AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  if (!request.reserved_stay_id().empty()) {
    ASSIGN(pb::Stay reserved, LoadVisible<pb::Stay>(tx, call, request.reserved_stay_id()));
    TRY(MayMoveTo(stay, reserved));
    TRY(MoveToReserved(tx, &stay, &reserved));
    *response->mutable_stay() = std::move(reserved);
    *response->mutable_ended_stay() = std::move(stay);
    return absl::OkStatus();
  }
  ASSIGN(const pb::Place place, Load<pb::Place>(tx, request.place_id()));
  TRY(MayMoveInside(stay, place, Today(tx)));
  if (stay.state() == pb::STAY_STATE_RESERVED) {
    TRY(CheckFree(tx, place.id(), {stay.start_date(), stay.held_until(), stay.id()}));
    TRY(MoveReservation(tx, place, &stay));
    *response->mutable_stay() = std::move(stay);
    return absl::OkStatus();
  }
  ASSIGN(*response->mutable_stay(), MoveInside(tx, place, &stay));
  *response->mutable_ended_stay() = std::move(stay);
  return absl::OkStatus();
}

absl::Status Housing::EndStay(Tx& tx, Call& call, const pb::EndStayRequest& request, pb::EndStayResponse* response) {
  const std::string end_date = OrToday(tx, request.end_date());
  ASSIGN(pb::Stay stay, AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  TRY(MayEnd(stay, end_date, Today(tx)));
  ApplyEnd(end_date, request.destination_code(), request.reason_code(), &stay);
  TRY(SaveEnded(tx, &stay));
  TRY(EndTenanciesOf(tx, stay, end_date));
  TRY(CancelContactsOf(tx, stay));
  *response->mutable_stay() = std::move(stay);
  return absl::OkStatus();
}

absl::Status Housing::RecordAbsence(Tx& tx, Call& call, const pb::RecordAbsenceRequest& request,
                                    pb::RecordAbsenceResponse* response) {
  const std::string since = OrToday(tx, request.absent_since());
  ASSIGN(pb::Stay stay, AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  TRY(MayBeAbsent(stay, since, request.expected_return(), Today(tx)));
  stay.set_absence_reason_code(request.reason_code());
  stay.set_absent_since(since);
  stay.set_expected_return(request.expected_return());
  TRY(Save(tx, stay));
  pb::StayAbsenceBegan event;
  event.set_stay_id(stay.id());
  event.set_person_ref(stay.person_ref());
  event.set_reason_code(stay.absence_reason_code());
  event.set_absent_since(stay.absent_since());
  event.set_expected_return(stay.expected_return());
  TRY(tx.Publish(event, stay));
  *response->mutable_stay() = std::move(stay);
  return absl::OkStatus();
}

absl::Status Housing::RecordReturn(Tx& tx, Call& call, const pb::RecordReturnRequest& request,
                                   pb::RecordReturnResponse* response) {
  ASSIGN(pb::Stay stay, AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  TRY(MayReturn(stay));
  stay.clear_absence_reason_code();
  stay.clear_absent_since();
  stay.clear_expected_return();
  TRY(Save(tx, stay));
  pb::StayAbsenceEnded event;
  event.set_stay_id(stay.id());
  event.set_person_ref(stay.person_ref());
  TRY(tx.Publish(event, stay));
  *response->mutable_stay() = std::move(stay);
  return absl::OkStatus();
}

absl::Status Housing::JudgeOverstay(Tx& tx, Call& call, const pb::JudgeOverstayRequest& request,
                                    pb::JudgeOverstayResponse* response) {
  TRY(Check(request));
  ASSIGN(pb::Stay stay, AtVersion(request.expected_version(), LoadVisible<pb::Stay>(tx, call, request.stay_id())));
  TRY(MayJudgeOverstay(stay, request, Today(tx)));
  stay.set_overstay(request.authorised() ? pb::OVERSTAY_AUTHORISED : pb::OVERSTAY_UNAUTHORISED);
  stay.set_overstay_reason_code(request.reason_code());
  if (request.authorised()) {
    ApplyNewEnd(request.authorised_until(), &stay);
    TRY(CheckFree(tx, stay.place_id(), {stay.start_date(), stay.held_until(), stay.id()}));
    TRY(tx.Schedule(kOverstayTimer, stay.id(), EndOf(tx, stay.end_date())));
  }
  TRY(Save(tx, stay));
  auto event = About<pb::StayOverstayJudged>(stay);
  event.set_overstay(stay.overstay());
  event.set_end_date(stay.end_date());
  event.set_reason_code(stay.overstay_reason_code());
  TRY(tx.Publish(event, stay));
  *response->mutable_stay() = std::move(stay);
  return absl::OkStatus();
}

absl::Status Housing::GetStay(Tx& tx, Call& call, const pb::GetStayRequest& request, pb::GetStayResponse* response) {
  ASSIGN(*response->mutable_stay(), LoadVisible<pb::Stay>(tx, call, request.stay_id()));
  return absl::OkStatus();
}

absl::Status Housing::ListStays(Tx& tx, Call& call, const pb::ListStaysRequest& request,
                                pb::ListStaysResponse* response) {
  Filter filter = VisibleTo(ScopeOf(call.caller), true);
  filter.Is("person_ref", request.person_ref())
      .Is("scheme_id", request.scheme_id())
      .Is("support_team_id", request.support_team_id())
      .IsState("state", request.state());
  // A list by scheme or team shows who is there or will be, not who was, unless the caller asks for a state.
  const bool asks_who_is_there = !request.scheme_id().empty() || !request.support_team_id().empty();
  if (asks_who_is_there && request.state() == pb::STAY_STATE_UNSPECIFIED) {
    filter.Where(InStates(HoldsPlace));
  }
  return ListPage(tx, std::move(filter), request, response->mutable_stays(), response);
}

}  // namespace mestring::housing
