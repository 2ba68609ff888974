#include "services/housing/stay_rules.h"

// The rules from the reservation on: the stay, the tenancy, contacts at home, and what may be published of them. As in
// housing_rules.cc, each function says its rule first, with its source, and then does it in the same order.

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

// [H1] Nobody gets a place for a time in which a stay with its turnaround days or a closure lies, or for which it is
// kept for the list.
absl::Status MayHold(bool held, std::string_view place_id) {
  if (!held) return absl::OkStatus();
  std::map<std::string, std::string> metadata;
  if (!place_id.empty()) metadata["place_id"] = std::string(place_id);
  return Refused("PLACE_TAKEN", "no such place is free for the whole time", std::move(metadata));
}

// [H2] A reservation elsewhere is allowed for a move: one.
absl::Status MayReserveAnother(bool has_reservation) {
  if (!has_reservation) return absl::OkStatus();
  return Refused("PERSON_ALREADY_RESERVED", "the person has a reservation already");
}

// [H4] Only a granted requisition gives a place, once, and within its time.
absl::Status MayReserve(const pb::Requisition& requisition, std::string_view today) {
  if (requisition.state() == pb::REQUISITION_STATE_PLACED) {
    return Refused("ALREADY_PLACED", "the requisition has led to a stay already");
  }
  if (requisition.state() != pb::REQUISITION_STATE_GRANTED || requisition.use_by() < today) {
    return WrongState(requisition.state(), "the requisition is not granted, or its grant has lapsed");
  }
  return absl::OkStatus();
}

// [H4] Bokollektivet and Småhus only from an approved application via an accepted offer.
absl::Status MayReserve(const pb::PlaceOffer& place_offer, const pb::Application& application) {
  if (!place_offer.stay_id().empty()) return Refused("ALREADY_PLACED", "the place offer has led to a stay already");
  if (place_offer.state() != pb::PLACE_OFFER_STATE_ACCEPTED) {
    return Refused("OFFER_NOT_ACCEPTED", "the place offer was not accepted");
  }
  if (application.state() != pb::APPLICATION_STATE_OFFERED) {
    return WrongState(application.state(), "the application behind the place offer has ended");
  }
  return absl::OkStatus();
}

// [H4] The requisition names the scheme; which of its places, the unit says.
absl::Status MayGive(const pb::Requisition& requisition, const pb::Place& place) {
  if (place.scheme_id() != requisition.scheme_id()) {
    return Refused("WRONG_ROUTE", "the place belongs to another scheme than was requisitioned");
  }
  if (!place.remove_date().empty()) return Refused("PLACE_REMOVED", "the place is no longer part of the scheme");
  return absl::OkStatus();
}

// [B1] Temporary shelter should not last over 3 months: longer only by an extension with its reason.
absl::StatusOr<Period> PeriodOf(const pb::ReserveStayRequest& request, std::string_view earliest,
                                const pb::SchemePolicy& policy, std::string_view today) {
  Period period{request.start_date(), request.end_date()};
  if (period.start_date.empty()) period.start_date = std::string(std::max(earliest, today));
  if (period.start_date < today) return Refused("START_IN_PAST", "a stay cannot begin before today");
  if (period.start_date < earliest)
    return Refused("DATE_OUT_OF_ORDER", "the place is not offered before its first day");
  TRY(CheckPlannable("start_date", period.start_date, today));
  TRY(CheckPlannable("end_date", period.end_date, today));
  if (!period.end_date.empty() && period.end_date <= period.start_date) {
    return Refused("DATE_OUT_OF_ORDER", "a stay must end after it begins");
  }
  if (policy.max_stay_days() == 0) return period;
  const std::string last = PlusDays(period.start_date, policy.max_stay_days());
  if (period.end_date.empty()) period.end_date = last;
  if (period.end_date > last) return Refused("MAX_STAY_EXCEEDED", "longer than the longest stay of this scheme");
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

// [H2] A person has at most one stay with state ARRIVED in the unit's schemes. [H1] A place has one
// resident. [H8] Bokollektivet and Småhus need a tenancy, which must be signed, begun and not over: one
// that runs out on the day of the arrival is none for the first night.
absl::Status MayArrive(const pb::Stay& stay, const pb::SchemePolicy& policy, const ArrivalFacts& facts,
                       std::string_view arrive_date, std::string_view today) {
  if (stay.state() != pb::STAY_STATE_RESERVED) return WrongState(stay.state(), "the stay is not reserved");
  if (arrive_date > today || stay.start_date() > today) return Refused("NOT_YET", "the stay has not begun");
  if (arrive_date < stay.start_date()) return Refused("DATE_OUT_OF_ORDER", "the arrival cannot be before the stay");
  if (!stay.end_date().empty() && stay.end_date() <= today) {
    return Refused("DATE_OUT_OF_ORDER", "the reserved time is over: cancel it, or extend it first");
  }
  if (facts.housed_elsewhere) {
    return Refused("PERSON_ALREADY_HOUSED", "the person lives in another place of the unit: move the stay");
  }
  if (facts.place_occupied) return Refused("PLACE_OCCUPIED", "somebody still lives in the place");
  if (policy.tenancy_kind() == pb::TENANCY_KIND_NONE) return absl::OkStatus();
  if (facts.tenancy == nullptr || facts.tenancy->state() != pb::TENANCY_STATE_SIGNED ||
      facts.tenancy->start_date() > arrive_date) {
    return Refused("TENANCY_REQUIRED", "the tenancy must be signed and begun before the person moves in");
  }
  if (!facts.tenancy->end_date().empty() && facts.tenancy->end_date() <= arrive_date) {
    return Refused("TENANCY_REQUIRED", "the tenancy is over before the person moves in");
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
  if (stay.state() != pb::STAY_STATE_RESERVED) return WrongState(stay.state(), "the stay is not reserved");
  if (stay.start_date() > today) return Refused("NOT_YET", "the stay has not begun");
  return absl::OkStatus();
}

void ApplyNoStay(pb::StayState state, std::string_view reason_code, pb::Stay* stay) {
  stay->set_state(state);
  stay->set_end_reason_code(std::string(reason_code));
  stay->clear_held_until();
}

// [B1] An extension needs a reason; the request has one.
absl::Status MayExtend(const pb::Stay& stay, std::string_view end_date, std::string_view today) {
  if (!HoldsPlace(stay.state())) return WrongState(stay.state(), "this stay is over");
  if (stay.end_date().empty()) return Refused("EXTENSION_NOT_POSSIBLE", "the stay has no end");
  if (end_date <= stay.end_date() || end_date <= today) {
    return Refused("DATE_OUT_OF_ORDER", "the new end must be later than the old one and than today");
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
    return WrongState(stay.state(), "the person has not arrived, or has left");
  if (end_date > today) return Refused("NOT_YET", "the end date must not be in the future");
  if (end_date < stay.arrive_date()) return Refused("DATE_OUT_OF_ORDER", "a stay cannot end before its arrival");
  return absl::OkStatus();
}

// [H10] The end of a stay has a destination code.
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

// A move by place stays inside the scheme, whose route was walked already; another scheme has its own
// route [H4] and is reached by a reservation there.
absl::Status MayMoveInside(const pb::Stay& stay, const pb::Place& place, std::string_view today) {
  if (!HoldsPlace(stay.state())) return WrongState(stay.state(), "this stay is over");
  if (place.scheme_id() != stay.scheme_id()) {
    return Refused("WRONG_ROUTE", "the place belongs to another scheme: reserve a stay there and move to it");
  }
  if (!place.remove_date().empty()) return Refused("PLACE_REMOVED", "the place is no longer part of the scheme");
  if (place.id() == stay.place_id()) return Refused("PLACE_TAKEN", "the person has this place already");
  if (!stay.end_date().empty() && stay.end_date() <= today) {
    return Refused("DATE_OUT_OF_ORDER", "the stay is past its end: extend it first");
  }
  return absl::OkStatus();
}

// [H2] MoveStay ends and starts in one step; both are the person's own.
absl::Status MayMoveTo(const pb::Stay& stay, const pb::Stay& reserved) {
  if (reserved.person_ref() != stay.person_ref()) return NotFound("stay");
  if (stay.state() != pb::STAY_STATE_ARRIVED)
    return WrongState(stay.state(), "the person has not arrived, or has left");
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
    return WrongState(stay.state(), "nobody lives there by this stay, or they are away already");
  }
  if (since > today) return Refused("NOT_YET", "an absence is recorded when it has begun");
  if (since < stay.arrive_date() || (!expected_return.empty() && expected_return < since)) {
    return Refused("DATE_OUT_OF_ORDER", "arrival, absence and return must come in this order");
  }
  return absl::OkStatus();
}

absl::Status MayReturn(const pb::Stay& stay) {
  if (!stay.absence_reason_code().empty()) return absl::OkStatus();
  return Refused("NOT_ABSENT", "the person is not recorded as absent");
}

absl::Status MayJudgeOverstay(const pb::Stay& stay, const pb::JudgeOverstayRequest& request, std::string_view today) {
  if (stay.state() != pb::STAY_STATE_ARRIVED || stay.end_date().empty() || stay.end_date() >= today) {
    return WrongState(stay.state(), "the stay is not past its end");
  }
  if (request.authorised() && request.authorised_until() <= today) {
    return Refused("DATE_OUT_OF_ORDER", "the new end must be later than today");
  }
  return CheckPlannable("authorised_until", request.authorised_until(), today);
}

bool ApplyOverstay(pb::Stay* stay) {
  if (stay->overstay() == pb::OVERSTAY_OPEN || stay->overstay() == pb::OVERSTAY_UNAUTHORISED) return false;
  stay->set_overstay(pb::OVERSTAY_OPEN);
  return true;
}

// [B1] Alerts at 60 and 90 days, because measures towards a permanent home start at once.
int NextMark(const pb::Stay& stay, const pb::SchemePolicy& policy) {
  const int last = stay.marks_passed().empty() ? 0 : *stay.marks_passed().rbegin();
  for (int days : policy.alert_days()) {
    if (days > last) return days;
  }
  return 0;
}

// [H1] A place that a vacancy keeps for the list is as little free as one that somebody has reserved.
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

// [B2] Homes for special groups may deviate from the law of tenancy (husleieloven section 11-1), but
// the tenant must be told in writing.
absl::Status MayGiveNotice(const pb::Stay& stay, const pb::SchemePolicy& policy, const Tenancies& tenancies,
                           std::string_view notice_date, std::string_view today) {
  if (!HoldsPlace(stay.state())) return WrongState(stay.state(), "this stay is over");
  if (policy.tenancy_kind() != pb::TENANCY_KIND_SPECIAL_TERMS) {
    return Refused("TENANCY_NOT_ALLOWED", "this scheme has no tenancies on special terms");
  }
  if (tenancies.notice || (tenancies.contract && tenancies.contract->end_date().empty())) {
    return Refused("TENANCY_EXISTS", "the stay has a notice, or a tenancy without an end, already");
  }
  if (notice_date > today) return Refused("NOT_YET", "a notice is recorded when it was given");
  return absl::OkStatus();
}

// [H8] An Akutten stay creates no tenancy; Bokollektivet and Småhus need one; Småhus special terms need
// written notice before the start (husleieloven section 11-1). [B2] Otherwise a tenancy lasts at least
// 3 years (section 9-3). On special terms it may be shorter, whatever the policy's figure for ordinary
// ones: that is what homes for special groups may deviate in, and the written notice is what the law asks
// for instead of the length. A tenancy that ends may be followed by another: nobody loses a home because a
// contract ran out.
absl::Status MaySign(const pb::Stay& stay, const pb::SchemePolicy& policy, const Tenancies& tenancies,
                     std::string_view start_date, std::string_view end_date, std::string_view today) {
  if (policy.tenancy_kind() == pb::TENANCY_KIND_NONE) {
    return Refused("TENANCY_NOT_ALLOWED", "no tenancy contract is made for this stay");
  }
  if (!HoldsPlace(stay.state())) return WrongState(stay.state(), "this stay is over");
  if (const std::optional<pb::Tenancy>& contract = tenancies.contract; contract) {
    const std::string& end = contract->end_date();
    const bool runs = end.empty() || end > today;
    // Nobody moves in by the next one while this one holds.
    if (end.empty() || start_date < end || (runs && stay.state() != pb::STAY_STATE_ARRIVED)) {
      return Refused("TENANCY_EXISTS", "the stay has a tenancy then already");
    }
    if (runs && start_date != end) return Refused("DATE_OUT_OF_ORDER", "it must begin where the one before ends");
  }
  TRY(CheckPlannable("start_date", start_date, today));
  if (!end_date.empty() && end_date <= start_date) {
    return Refused("DATE_OUT_OF_ORDER", "a tenancy must end after it begins");
  }
  if (policy.tenancy_kind() == pb::TENANCY_KIND_SPECIAL_TERMS) {
    if (!tenancies.notice || tenancies.notice->notice_date() > start_date) {
      return Refused("SPECIAL_TERMS_NOTICE_REQUIRED", "special terms need a written notice before the tenancy starts");
    }
    return absl::OkStatus();
  }
  if (!end_date.empty() && end_date < PlusMonths(start_date, policy.tenancy_months_min())) {
    return Refused("TENANCY_TOO_SHORT", "shorter than the shortest ordinary tenancy");
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
  return HoldsPlace(stay.state()) ? absl::OkStatus() : WrongState(stay.state(), "this stay is over");
}

absl::Status MayPlanContact(const pb::Stay& stay, std::string_view due_date, std::string_view today) {
  if (!HoldsPlace(stay.state())) return WrongState(stay.state(), "this stay is over");
  if (due_date < today) return Refused("DATE_OUT_OF_ORDER", "a contact is planned for today or later");
  return CheckPlannable("due_date", due_date, today);
}

bool IsOpen(pb::ContactState state) { return state == pb::CONTACT_STATE_PLANNED || state == pb::CONTACT_STATE_OVERDUE; }

absl::Status MayRecord(const pb::Contact& contact, std::string_view held_date, std::string_view today) {
  TRY(MayCancel(contact));
  if (held_date > today) return Refused("NOT_YET", "a contact is recorded when it was held");
  return absl::OkStatus();
}

absl::Status MayCancel(const pb::Contact& contact) {
  if (IsOpen(contact.state())) return absl::OkStatus();
  return WrongState(contact.state(), "this contact was held or called off");
}

// ---- Statistics ------------------------------------------------------------------------------------

// [X4] Small numbers.
void Suppress(int cell_min, google::protobuf::RepeatedPtrField<pb::Count>* counts) {
  std::vector<SuppressedCount> parts;
  for (const pb::Count& count : *counts) parts.emplace_back(count.count());
  HideSmallParts(cell_min, &parts);
  for (int i = 0; i < counts->size(); ++i) {
    if (!parts[i]) counts->Mutable(i)->clear_count();
  }
}

}  // namespace mestring::housing
