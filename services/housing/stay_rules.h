// The rules of housing from the reservation on: stays, what holds a place, tenancies, contacts at home, and what
// statistics may show. They use housing_rules.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mestring/housing/v1/housing.pb.h"
#include "services/housing/housing_rules.h"

namespace mestring::housing {

// ---- Stays -----------------------------------------------------------------------------------------

// The nights of a stay: from its start up to its end, without the end; no end if it is open.
struct Period {
  std::string start_date;
  std::string end_date;
};

// The end of the time [start, held_until) in which nobody else can have the place.
std::string HeldUntil(std::string_view end_date, int turnaround_days);

// Reserved or arrived: somebody has the place or will have it.
bool HoldsPlace(pb::StayState state);
// Whether it is known if the person came.
bool IsArrivalKnown(pb::StayState state);

// A stay, a closure or a vacancy that holds a place in [start_date, held_until).
struct PlaceHold {
  enum Kind { kStay, kClosure, kVacancy } kind = kStay;
  std::string place_id, id;
  std::string start_date, held_until;
  pb::StayState stay_state = pb::STAY_STATE_UNSPECIFIED;  // of a stay
  std::string end_date;                                   // of a stay: its departure; empty: none
};

// `held`: the place is not free in that time, or, with an empty `place_id`, no place of the scheme is.
absl::Status MayHold(bool held, std::string_view place_id = "");
// `has_reservation`: the person has a place reserved already.
absl::Status MayReserveAnother(bool has_reservation);
absl::Status MayReserve(const pb::Requisition& requisition, std::string_view today);
absl::Status MayReserve(const pb::PlaceOffer& place_offer, const pb::Application& application);
// Whether the requisition can be given this place.
absl::Status MayGive(const pb::Requisition& requisition, const pb::Place& place);
// The period that a request asks for, completed by the policy.
absl::StatusOr<Period> PeriodOf(const pb::ReserveStayRequest& request, std::string_view earliest,
                                const pb::SchemePolicy& policy, std::string_view today);
pb::Stay NewStay(std::string id, const Period& period, const pb::SchemePolicy& policy, const pb::Place& place);

// What can prevent an arrival besides the stay itself.
struct ArrivalFacts {
  bool housed_elsewhere;       // the person lives in another place of the unit
  bool place_occupied;         // somebody lives in the place
  const pb::Tenancy* tenancy;  // of the stay; null: none
};
absl::Status MayArrive(const pb::Stay& stay, const pb::SchemePolicy& policy, const ArrivalFacts& facts,
                       std::string_view arrive_date, std::string_view today);
void ApplyArrival(std::string_view arrive_date, const pb::SchemePolicy& policy, pb::Stay* stay);
absl::Status MayCancel(const pb::Stay& stay);
absl::Status MayRecordNoShow(const pb::Stay& stay, std::string_view today);
// Ends a reservation; its place is free.
void ApplyNoStay(pb::StayState state, std::string_view reason_code, pb::Stay* stay);
absl::Status MayExtend(const pb::Stay& stay, std::string_view end_date, std::string_view today);
void ApplyNewEnd(std::string_view end_date, pb::Stay* stay);
bool IsBeyondLimit(const pb::Stay& stay);
absl::Status MayEnd(const pb::Stay& stay, std::string_view end_date, std::string_view today);
void ApplyEnd(std::string_view end_date, std::string_view destination_code, std::string_view reason_code,
              pb::Stay* stay);
absl::Status MayMoveInside(const pb::Stay& stay, const pb::Place& place, std::string_view today);
absl::Status MayMoveTo(const pb::Stay& stay, const pb::Stay& reserved);
// The stay after a move inside the scheme: a copy of the old one for the other place.
pb::Stay NewStayAfterMove(std::string id, const pb::Stay& from, const pb::Place& place, std::string_view today);
absl::Status MayBeAbsent(const pb::Stay& stay, std::string_view since, std::string_view expected_return,
                         std::string_view today);
absl::Status MayReturn(const pb::Stay& stay);
absl::Status MayJudgeOverstay(const pb::Stay& stay, const pb::JudgeOverstayRequest& request, std::string_view today);
// Marks a stay that is past its planned end. True if it was not marked and not judged before.
bool ApplyOverstay(pb::Stay* stay);
// The first alert day that the stay has not passed, or 0.
int NextMark(const pb::Stay& stay, const pb::SchemePolicy& policy);

// The state of a place on a night, by everything that holds it then.
// Tonight a resident who has not left counts too, even if their end is planned for today.
pb::PlaceState StateOf(const pb::Place& place, const std::vector<PlaceHold>& holds, std::string_view date,
                       std::string_view today);

// ---- Tenancies and contacts ------------------------------------------------------------------------

// The tenancies of a stay that have not ended: the signed contract, and the notice of special terms for the next one.
struct Tenancies {
  std::optional<pb::Tenancy> contract, notice;
};
absl::Status MayGiveNotice(const pb::Stay& stay, const pb::SchemePolicy& policy, const Tenancies& tenancies,
                           std::string_view notice_date, std::string_view today);
absl::Status MaySign(const pb::Stay& stay, const pb::SchemePolicy& policy, const Tenancies& tenancies,
                     std::string_view start_date, std::string_view end_date, std::string_view today);
// The first day of a tenancy where the request names none: that of the stay, or the end of the contract before it.
std::string TenancyStart(const pb::Stay& stay, const Tenancies& tenancies);
pb::Tenancy NewTenancy(std::string id, const pb::Stay& stay, const pb::SchemePolicy& policy);
// Whether the tenancy ended before this day while its resident still lives there.
bool RanOutUnderResident(const pb::Tenancy& tenancy, const pb::Stay& stay, std::string_view day);
absl::Status MayHaveTeam(const pb::Stay& stay);
absl::Status MayPlanContact(const pb::Stay& stay, std::string_view due_date, std::string_view today);
// Planned, and neither held nor cancelled.
bool IsOpen(pb::ContactState state);
absl::Status MayRecord(const pb::Contact& contact, std::string_view held_date, std::string_view today);
absl::Status MayCancel(const pb::Contact& contact);

// ---- Statistics ------------------------------------------------------------------------------------

// Suppresses small numbers; the counts are parts of one whole (services/shared/figures.h).
void Suppress(int cell_min, google::protobuf::RepeatedPtrField<pb::Count>* counts);

}  // namespace mestring::housing
