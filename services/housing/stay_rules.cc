#include "services/housing/stay_rules.h"

// The rules from the reservation on: stays, tenancies, contacts at home, and what statistics may show. A comment above
// a function gives its rule with the source, where the rule has one.

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "services/shared/figures.h"

namespace mestring::housing {

// ---- Stays -----------------------------------------------------------------------------------------

// [H1] A stay holds its place in [start, end + turnaround).
std::string HeldUntil(std::string_view end_date, int turnaround_days) {
  return end_date.empty() ? std::string(kNoEnd) : PlusDays(end_date, turnaround_days);
}

bool HoldsPlace(pb::StayState state) { return state == pb::STAY_STATE_RESERVED || state == pb::STAY_STATE_ARRIVED; }

bool IsArrivalKnown(pb::StayState state) {
  return state == pb::STAY_STATE_ARRIVED || state == pb::STAY_STATE_ENDED || state == pb::STAY_STATE_NOT_ARRIVED;
}

// [H1] Nobody gets a place for a time that overlaps a stay with its turnaround days, a closure, or a vacancy that keeps
// it for the list.
absl::Status MayHold(bool held, std::string_view place_id) {
  if (!held) return absl::OkStatus();
  std::map<std::string, std::string> metadata;
  if (!place_id.empty()) metadata["place_id"] = std::string(place_id);
  return Refused("PLACE_TAKEN", "no such place is free for the whole time; choose other dates or another place",
                 std::move(metadata));
}

// [H2] A resident may have one reservation elsewhere, for a move.
absl::Status MayReserveAnother(bool has_reservation) {
  if (!has_reservation) return absl::OkStatus();
  return Refused("PERSON_ALREADY_RESERVED", "the person has a reservation already; cancel it first");
}

// [H4] Only a granted requisition leads to a stay, once, and until its last day.
absl::Status MayReserve(const pb::Requisition& requisition, std::string_view today) {
  if (requisition.state() == pb::REQUISITION_STATE_PLACED) {
    return Refused("ALREADY_PLACED", "the requisition has led to a stay already");
  }
  if (requisition.state() != pb::REQUISITION_STATE_GRANTED || requisition.use_by() < today) {
    return WrongState(requisition.state(), "only a granted requisition whose use_by has not passed can be used");
  }
  return absl::OkStatus();
}

// [H4] Places of Bokollektivet and Småhus need an approved application and an accepted offer.
absl::Status MayReserve(const pb::PlaceOffer& place_offer, const pb::Application& application) {
  if (!place_offer.stay_id().empty()) return Refused("ALREADY_PLACED", "the place offer has led to a stay already");
  if (place_offer.state() != pb::PLACE_OFFER_STATE_ACCEPTED) {
    return Refused("OFFER_NOT_ACCEPTED", "the place offer must be accepted first");
  }
  if (application.state() != pb::APPLICATION_STATE_OFFERED) {
    return WrongState(application.state(), "the application behind the place offer has ended");
  }
  return absl::OkStatus();
}

// [H4] The requisition names the scheme; the unit chooses the place.
absl::Status MayGive(const pb::Requisition& requisition, const pb::Place& place) {
  if (place.scheme_id() != requisition.scheme_id()) {
    return Refused("WRONG_ROUTE", "choose a place of the requisition's scheme");
  }
  if (!place.remove_date().empty())
    return Refused("PLACE_REMOVED", "the place was removed from the scheme; choose another");
  return absl::OkStatus();
}

// [B1] Temporary shelter should not last over 3 months; a longer stay needs an extension with a reason.
absl::StatusOr<Period> PeriodOf(const pb::ReserveStayRequest& request, std::string_view earliest,
                                const pb::SchemePolicy& policy, std::string_view today) {
  Period period{request.start_date(), request.end_date()};
  if (period.start_date.empty()) period.start_date = std::string(std::max(earliest, today));
  if (period.start_date < today) return Refused("START_IN_PAST", "start_date must be today or later");
  if (period.start_date < earliest)
    return Refused("DATE_OUT_OF_ORDER", "start_date must not be before the first day of the vacancy");
  TRY(CheckPlannable("start_date", period.start_date, today));
  TRY(CheckPlannable("end_date", period.end_date, today));
  if (!period.end_date.empty() && period.end_date <= period.start_date) {
    return Refused("DATE_OUT_OF_ORDER", "end_date must be after start_date");
  }
  if (policy.max_stay_days() == 0) return period;
  const std::string last = PlusDays(period.start_date, policy.max_stay_days());
  if (period.end_date.empty()) period.end_date = last;
  if (period.end_date > last)
    return Refused(
        "MAX_STAY_EXCEEDED",
        "the stay is longer than max_stay_days of the policy; shorten it, and extend it later with a reason");
  return period;
}

pb::Stay NewStay(std::string id, const Period& period, const pb::SchemePolicy& policy, const pb::Place& place) {
  pb::Stay stay;
  stay.set_id(std::move(id));
  stay.set_state(pb::STAY_STATE_RESERVED);
  stay.set_place_id(place.id());
  stay.set_scheme_id(place.scheme_id());
  stay.set_policy_id(policy.id());
  stay.set_support_team_id(place.support_team_id().empty() ? policy.support_team_id() : place.support_team_id());
  stay.set_start_date(period.start_date);
  stay.set_end_date(period.end_date);
  stay.set_turnaround_days(policy.turnaround_days());
  stay.set_held_until(HeldUntil(period.end_date, policy.turnaround_days()));
  if (policy.max_stay_days() > 0) stay.set_limit_date(PlusDays(period.start_date, policy.max_stay_days()));
  return stay;
}

// [H2] A person has at most one stay in state ARRIVED in all schemes. [H1] A place has one resident. [H8] Bokollektivet
// and Småhus need a tenancy that is signed, has begun and does not end on the day of the arrival.
absl::Status MayArrive(const pb::Stay& stay, const pb::SchemePolicy& policy, const ArrivalFacts& facts,
                       std::string_view arrive_date, std::string_view today) {
  if (stay.state() != pb::STAY_STATE_RESERVED)
    return WrongState(stay.state(), "only a reserved stay can be confirmed as arrived");
  if (arrive_date > today || stay.start_date() > today) return Refused("NOT_YET", "the stay has not begun");
  if (arrive_date < stay.start_date())
    return Refused("DATE_OUT_OF_ORDER", "arrive_date must not be before the first day of the stay");
  if (!stay.end_date().empty() && stay.end_date() <= today) {
    return Refused("DATE_OUT_OF_ORDER", "the reserved time is over; cancel the reservation, or extend it first");
  }
  if (facts.housed_elsewhere) {
    return Refused("PERSON_ALREADY_HOUSED", "the person lives in another place of the unit; call MoveStay instead");
  }
  if (facts.place_occupied)
    return Refused("PLACE_OCCUPIED", "somebody still lives in the place; end or move their stay first");
  if (policy.tenancy_kind() == pb::TENANCY_KIND_NONE) return absl::OkStatus();
  if (facts.tenancy == nullptr || facts.tenancy->state() != pb::TENANCY_STATE_SIGNED ||
      facts.tenancy->start_date() > arrive_date) {
    return Refused("TENANCY_REQUIRED", "sign a tenancy that has begun before the person moves in");
  }
  if (!facts.tenancy->end_date().empty() && facts.tenancy->end_date() <= arrive_date) {
    return Refused("TENANCY_REQUIRED", "the tenancy has ended; sign another before the person moves in");
  }
  return absl::OkStatus();
}

void ApplyArrival(std::string_view arrive_date, const pb::SchemePolicy& policy, pb::Stay* stay) {
  stay->set_state(pb::STAY_STATE_ARRIVED);
  stay->set_arrive_date(std::string(arrive_date));
  stay->set_count_from(std::string(arrive_date));
  if (policy.max_stay_days() > 0) stay->set_limit_date(PlusDays(arrive_date, policy.max_stay_days()));
}

absl::Status MayCancel(const pb::Stay& stay) {
  if (stay.state() == pb::STAY_STATE_RESERVED) return absl::OkStatus();
  return WrongState(stay.state(), "only a reservation can be cancelled");
}

absl::Status MayRecordNoShow(const pb::Stay& stay, std::string_view today) {
  if (stay.state() != pb::STAY_STATE_RESERVED)
    return WrongState(stay.state(), "only a reserved stay can be recorded as not arrived");
  if (stay.start_date() > today) return Refused("NOT_YET", "the stay has not begun");
  return absl::OkStatus();
}

void ApplyNoStay(pb::StayState state, std::string_view reason_code, pb::Stay* stay) {
  stay->set_state(state);
  stay->set_end_reason_code(std::string(reason_code));
  stay->clear_held_until();
}

// [B1] An extension needs a reason; the contract requires it in the request.
absl::Status MayExtend(const pb::Stay& stay, std::string_view end_date, std::string_view today) {
  if (!HoldsPlace(stay.state())) return WrongState(stay.state(), "the stay has ended already");
  if (stay.end_date().empty()) return Refused("EXTENSION_NOT_POSSIBLE", "the stay has no end that could be extended");
  if (end_date <= stay.end_date() || end_date <= today) {
    return Refused("DATE_OUT_OF_ORDER", "end_date must be later than today and than the end before");
  }
  return CheckPlannable("end_date", end_date, today);
}

void ApplyNewEnd(std::string_view end_date, pb::Stay* stay) {
  stay->set_end_date(std::string(end_date));
  stay->set_held_until(HeldUntil(end_date, stay->turnaround_days()));
}

bool IsBeyondLimit(const pb::Stay& stay) {
  return !stay.limit_date().empty() && (stay.end_date().empty() || stay.end_date() > stay.limit_date());
}

absl::Status MayEnd(const pb::Stay& stay, std::string_view end_date, std::string_view today) {
  if (stay.state() != pb::STAY_STATE_ARRIVED)
    return WrongState(stay.state(), "only a stay in state ARRIVED can be ended");
  if (end_date > today) return Refused("NOT_YET", "end_date must be today or earlier");
  if (end_date < stay.arrive_date()) return Refused("DATE_OUT_OF_ORDER", "end_date must not be before the arrival");
  return absl::OkStatus();
}

// [H10] A stay that ends has a destination code.
void ApplyEnd(std::string_view end_date, std::string_view destination_code, std::string_view reason_code,
              pb::Stay* stay) {
  stay->set_state(pb::STAY_STATE_ENDED);
  ApplyNewEnd(end_date, stay);
  stay->set_destination_code(std::string(destination_code));
  stay->set_end_reason_code(std::string(reason_code));
  stay->clear_absence_reason_code();
  stay->clear_absent_since();
  stay->clear_expected_return();
}

// A move to a place stays inside the scheme, because another scheme has its own route [H4]: there the person needs a
// reservation.
absl::Status MayMoveInside(const pb::Stay& stay, const pb::Place& place, std::string_view today) {
  if (!HoldsPlace(stay.state())) return WrongState(stay.state(), "the stay has ended already");
  if (place.scheme_id() != stay.scheme_id()) {
    return Refused("WRONG_ROUTE", "the place belongs to another scheme; reserve a stay there and move to it");
  }
  if (!place.remove_date().empty())
    return Refused("PLACE_REMOVED", "the place was removed from the scheme; choose another");
  if (place.id() == stay.place_id()) return Refused("PLACE_TAKEN", "the person has this place already; choose another");
  if (!stay.end_date().empty() && stay.end_date() <= today) {
    return Refused("DATE_OUT_OF_ORDER", "the stay is past its end; extend it first");
  }
  return absl::OkStatus();
}

// [H2] MoveStay ends one stay and begins another in one write; both belong to the same person.
absl::Status MayMoveTo(const pb::Stay& stay, const pb::Stay& reserved) {
  if (reserved.person_ref() != stay.person_ref()) return NotFound("stay");
  if (stay.state() != pb::STAY_STATE_ARRIVED)
    return WrongState(stay.state(), "only a stay in state ARRIVED can be moved to a reservation");
  return absl::OkStatus();
}

pb::Stay NewStayAfterMove(std::string id, const pb::Stay& from, const pb::Place& place, std::string_view today) {
  pb::Stay stay = from;
  stay.set_id(std::move(id));
  stay.set_place_id(place.id());
  if (!place.support_team_id().empty()) stay.set_support_team_id(place.support_team_id());
  stay.set_start_date(std::string(today));
  stay.set_arrive_date(std::string(today));
  stay.set_held_until(HeldUntil(stay.end_date(), stay.turnaround_days()));
  stay.set_moved_from_stay_id(from.id());
  return stay;
}

absl::Status MayBeAbsent(const pb::Stay& stay, std::string_view since, std::string_view expected_return,
                         std::string_view today) {
  if (stay.state() != pb::STAY_STATE_ARRIVED || !stay.absence_reason_code().empty()) {
    return WrongState(stay.state(), "only a resident who is not recorded as absent can become absent");
  }
  if (since > today) return Refused("NOT_YET", "absent_since must be today or earlier");
  if (since < stay.arrive_date() || (!expected_return.empty() && expected_return < since)) {
    return Refused("DATE_OUT_OF_ORDER",
                   "absent_since must not be before the arrival, nor expected_return before absent_since");
  }
  return absl::OkStatus();
}

absl::Status MayReturn(const pb::Stay& stay) {
  if (!stay.absence_reason_code().empty()) return absl::OkStatus();
  return Refused("NOT_ABSENT", "the person is not recorded as absent");
}

absl::Status MayJudgeOverstay(const pb::Stay& stay, const pb::JudgeOverstayRequest& request, std::string_view today) {
  if (stay.state() != pb::STAY_STATE_ARRIVED || stay.end_date().empty() || stay.end_date() >= today) {
    return WrongState(stay.state(), "only a stay past its planned end can be judged");
  }
  if (request.authorised() && request.authorised_until() <= today) {
    return Refused("DATE_OUT_OF_ORDER", "authorised_until must be later than today");
  }
  return CheckPlannable("authorised_until", request.authorised_until(), today);
}

bool ApplyOverstay(pb::Stay* stay) {
  if (stay->overstay() == pb::OVERSTAY_OPEN || stay->overstay() == pb::OVERSTAY_UNAUTHORISED) return false;
  stay->set_overstay(pb::OVERSTAY_OPEN);
  return true;
}

// [B1] Alerts at 60 and 90 days, because work on a permanent home begins at once.
int NextMark(const pb::Stay& stay, const pb::SchemePolicy& policy) {
  const int last = stay.marks_passed().empty() ? 0 : *stay.marks_passed().rbegin();
  for (int days : policy.alert_days()) {
    if (days > last) return days;
  }
  return 0;
}

// [H1] A place that a vacancy keeps for the list counts as reserved.
pb::PlaceState StateOf(const pb::Place& place, const std::vector<PlaceHold>& holds, std::string_view date,
                       std::string_view today) {
  if (!place.remove_date().empty() && place.remove_date() <= date) return pb::PLACE_STATE_REMOVED;
  bool reserved = false, made_ready = false, closed = false;
  for (const PlaceHold& hold : holds) {
    const bool is_over = !hold.end_date.empty() && hold.end_date <= date;
    if (hold.stay_state == pb::STAY_STATE_ARRIVED && (!is_over || date == today)) return pb::PLACE_STATE_OCCUPIED;
    if (hold.kind == PlaceHold::kClosure) {
      closed = true;
    } else if (hold.kind == PlaceHold::kVacancy || (hold.stay_state == pb::STAY_STATE_RESERVED && !is_over)) {
      reserved = true;
    } else {
      made_ready = true;
    }
  }
  if (reserved) return pb::PLACE_STATE_RESERVED;
  if (made_ready) return pb::PLACE_STATE_TURNAROUND;
  return closed ? pb::PLACE_STATE_CLOSED : pb::PLACE_STATE_FREE;
}

// ---- Tenancies and contacts ------------------------------------------------------------------------

// [B2] A tenancy of a home for special groups may deviate from the law of tenancy (husleieloven section 11-1), if the
// landlord tells the tenant in writing.
absl::Status MayGiveNotice(const pb::Stay& stay, const pb::SchemePolicy& policy, const Tenancies& tenancies,
                           std::string_view notice_date, std::string_view today) {
  if (!HoldsPlace(stay.state())) return WrongState(stay.state(), "the stay has ended already");
  if (policy.tenancy_kind() != pb::TENANCY_KIND_SPECIAL_TERMS) {
    return Refused("TENANCY_NOT_ALLOWED", "the policy of this stay has no tenancies on special terms");
  }
  if (tenancies.notice || (tenancies.contract && tenancies.contract->end_date().empty())) {
    return Refused("TENANCY_EXISTS", "the stay has a notice, or a tenancy without an end, already");
  }
  if (notice_date > today) return Refused("NOT_YET", "notice_date must be today or earlier");
  return absl::OkStatus();
}

// [H8] An Akutten stay has no tenancy; Bokollektivet and Småhus need one, and special terms need a written notice
// before its first day (husleieloven section 11-1). [B2] An ordinary tenancy lasts at least 3 years (section 9-3). One
// on special terms may be shorter: the law asks for the notice instead of the length. When a tenancy ends another may
// follow, so that nobody loses a home because a contract ended.
absl::Status MaySign(const pb::Stay& stay, const pb::SchemePolicy& policy, const Tenancies& tenancies,
                     std::string_view start_date, std::string_view end_date, std::string_view today) {
  if (policy.tenancy_kind() == pb::TENANCY_KIND_NONE) {
    return Refused("TENANCY_NOT_ALLOWED", "the policy of this stay has no tenancies");
  }
  if (!HoldsPlace(stay.state())) return WrongState(stay.state(), "the stay has ended already");
  if (const std::optional<pb::Tenancy>& contract = tenancies.contract; contract) {
    const std::string& end = contract->end_date();
    const bool runs = end.empty() || end > today;
    // Nobody moves in on the next contract while this one is in force.
    if (end.empty() || start_date < end || (runs && stay.state() != pb::STAY_STATE_ARRIVED)) {
      return Refused("TENANCY_EXISTS", "the stay has a tenancy at that time already");
    }
    if (runs && start_date != end)
      return Refused("DATE_OUT_OF_ORDER", "start_date must be the end of the tenancy before");
  }
  TRY(CheckPlannable("start_date", start_date, today));
  if (!end_date.empty() && end_date <= start_date) {
    return Refused("DATE_OUT_OF_ORDER", "end_date must be after start_date");
  }
  if (policy.tenancy_kind() == pb::TENANCY_KIND_SPECIAL_TERMS) {
    if (!tenancies.notice || tenancies.notice->notice_date() > start_date) {
      return Refused("SPECIAL_TERMS_NOTICE_REQUIRED",
                     "give the tenant the written notice of special terms before start_date");
    }
    return absl::OkStatus();
  }
  if (!end_date.empty() && end_date < PlusMonths(start_date, policy.tenancy_months_min())) {
    return Refused("TENANCY_TOO_SHORT", "an ordinary tenancy must last at least the tenancy_months_min of the policy");
  }
  return absl::OkStatus();
}

std::string TenancyStart(const pb::Stay& stay, const Tenancies& tenancies) {
  return tenancies.contract ? tenancies.contract->end_date() : stay.start_date();
}

pb::Tenancy NewTenancy(std::string id, const pb::Stay& stay, const pb::SchemePolicy& policy) {
  pb::Tenancy tenancy;
  tenancy.set_id(std::move(id));
  tenancy.set_state(pb::TENANCY_STATE_NOTIFIED);
  tenancy.set_stay_id(stay.id());
  tenancy.set_place_id(stay.place_id());
  tenancy.set_person_ref(stay.person_ref());
  tenancy.set_kind(policy.tenancy_kind());
  tenancy.set_rent_monthly_ore(policy.rent_monthly_ore());
  return tenancy;
}

bool RanOutUnderResident(const pb::Tenancy& tenancy, const pb::Stay& stay, std::string_view day) {
  return tenancy.state() == pb::TENANCY_STATE_SIGNED && !tenancy.end_date().empty() && tenancy.end_date() < day &&
         stay.state() == pb::STAY_STATE_ARRIVED;
}

absl::Status MayHaveTeam(const pb::Stay& stay) {
  return HoldsPlace(stay.state()) ? absl::OkStatus() : WrongState(stay.state(), "the stay has ended already");
}

absl::Status MayPlanContact(const pb::Stay& stay, std::string_view due_date, std::string_view today) {
  if (!HoldsPlace(stay.state())) return WrongState(stay.state(), "the stay has ended already");
  if (due_date < today) return Refused("DATE_OUT_OF_ORDER", "due_date must be today or later");
  return CheckPlannable("due_date", due_date, today);
}

bool IsOpen(pb::ContactState state) { return state == pb::CONTACT_STATE_PLANNED || state == pb::CONTACT_STATE_OVERDUE; }

absl::Status MayRecord(const pb::Contact& contact, std::string_view held_date, std::string_view today) {
  TRY(MayCancel(contact));
  if (held_date > today) return Refused("NOT_YET", "held_date must be today or earlier");
  return absl::OkStatus();
}

absl::Status MayCancel(const pb::Contact& contact) {
  if (IsOpen(contact.state())) return absl::OkStatus();
  return WrongState(contact.state(), "the contact was held or cancelled already");
}

// ---- Statistics ------------------------------------------------------------------------------------

// [X4] Suppresses small numbers.
void Suppress(int cell_min, google::protobuf::RepeatedPtrField<pb::Count>* counts) {
  std::vector<SuppressedCount> parts;
  for (const pb::Count& count : *counts) parts.emplace_back(count.count());
  HideSmallParts(cell_min, &parts);
  for (int i = 0; i < counts->size(); ++i) {
    if (!parts[i]) counts->Mutable(i)->clear_count();
  }
}

}  // namespace mestring::housing
