#include "services/activities/seat_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/errors.h"

namespace mestring::activities {
namespace {

using access::v1::ROLE_ACTIVITY_LEADER;
using access::v1::ROLE_NEXT_OF_KIN;
using access::v1::ROLE_PEER;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

}  // namespace

// [A1] Confirmed and offered seats together never exceed the quota.
int FreeSeats(const pb::SeatCount& count) { return std::max(0, count.seats() - count.confirmed() - count.offered()); }

bool IsLive(pb::EnrolmentState state) {
  return state == pb::ENROLMENT_STATE_CONFIRMED || state == pb::ENROLMENT_STATE_ATTENDED ||
         state == pb::ENROLMENT_STATE_ABSENT;
}

bool IsLive(pb::WaitEntryState state) {
  return state == pb::WAIT_ENTRY_STATE_WAITING || state == pb::WAIT_ENTRY_STATE_OFFERED;
}

// Cancelled sessions stay, marked as such, because a calendar program would otherwise go on showing them.
bool IsInCalendar(pb::EnrolmentState state) { return IsLive(state) || state == pb::ENROLMENT_STATE_SESSION_CANCELLED; }

// [A12] An audience uses its own quota and no other; an audience without one uses the mixed quota.
absl::StatusOr<pb::Audience> QuotaFor(const pb::Session& session, pb::Audience audience) {
  bool mixed = false;
  for (const pb::Quota& quota : session.quotas()) {
    if (quota.audience() == audience) return audience;
    mixed = mixed || quota.audience() == pb::AUDIENCE_MIXED;
  }
  if (mixed) return pb::AUDIENCE_MIXED;
  return Refused("NO_QUOTA_FOR_AUDIENCE",
                 "the session has no seats for this audience; set a quota for it or choose another session");
}

// A caller enrols only themself, in their own role; staff enrol anybody. [S1] Low-threshold activities need no
// referral; where one is needed, staff have it and enrol.
absl::Status MayTakePart(const Caller& caller, const pb::Activity& activity, std::string_view person_ref,
                         pb::Audience audience) {
  TRY(MayActFor(caller, person_ref));
  if (audience == pb::AUDIENCE_MIXED)
    return InvalidArgument("audience", "must be the one audience that this person belongs to, not AUDIENCE_MIXED");
  if (activity.audience() != pb::AUDIENCE_MIXED && activity.audience() != audience) {
    return Refused("NO_QUOTA_FOR_AUDIENCE", "the activity is for another audience; choose one for this audience");
  }
  if (caller.IsAny({ROLE_STAFF, ROLE_UNIT_LEADER})) return absl::OkStatus();
  const bool is_that =
      (audience == pb::AUDIENCE_USER && caller.IsAny({ROLE_PERSON, ROLE_PEER, ROLE_ACTIVITY_LEADER})) ||
      (audience == pb::AUDIENCE_NEXT_OF_KIN && caller.Is(ROLE_NEXT_OF_KIN));
  if (!is_that) return Forbidden("a caller can enrol only themself, in their own role");
  if (activity.needs_referral())
    return Refused("REFERRAL_REQUIRED", "this activity needs a referral; ask staff to enrol you");
  return absl::OkStatus();
}

// The clock decides and not the state, because the timer that changes the state may be late (Decidim PR #12934: people
// joined a past meeting).
absl::Status MayEnrolNow(const pb::Session& session, absl::Time now) {
  if (session.mode() == pb::ACTIVITY_MODE_OPEN_DROP_IN)
    return Refused("NO_ENROLMENT", "a drop-in needs no enrolment; just come");
  TRY(MayChange(session));
  if (now < FromProto(session.enrol_from_time()))
    return Refused("NOT_OPEN_YET", "enrolment has not opened yet; try again after enrol_from_time");
  if (now >= FromProto(session.enrol_until_time())) return Refused("ENROLMENT_CLOSED", "enrolment has closed");
  return absl::OkStatus();
}

// [A2] A person has one seat in a session or one entry on its waiting list, and never both.
absl::Status MayJoin(bool has_seat, bool is_on_list) {
  if (has_seat) return Refused("ALREADY_ENROLLED", "the person has a seat already");
  if (is_on_list) return Refused("ALREADY_WAITING", "the person is on the waiting list already");
  return absl::OkStatus();
}

// [A1] Checked in the write that takes the seat (Rock#2510 checked only at the beginning of a form). People who wait
// come first: nobody enrols past the list.
absl::Status MayTakeSeat(const pb::SeatCount& count) {
  if (FreeSeats(count) == 0) return Refused("QUOTA_FULL", "every seat is taken or offered; join the waiting list");
  if (count.waiting() > 0) return Refused("WAITING_LIST_FIRST", "others wait for these seats; join the waiting list");
  return absl::OkStatus();
}

// The list has a limit (alf.io #201).
absl::Status MayWait(const pb::Session& session, const pb::SeatCount& count, int waiting_in_all) {
  if (FreeSeats(count) > 0 && count.waiting() == 0) return Refused("SEAT_FREE", "there is a free seat; enrol instead");
  if (waiting_in_all >= session.waiting_list_max()) return Refused("WAITING_LIST_FULL", "the waiting list is full");
  return absl::OkStatus();
}

absl::Status MayEnd(const pb::Enrolment& enrolment, const pb::Session& session, absl::Time now) {
  if (enrolment.state() != pb::ENROLMENT_STATE_CONFIRMED)
    return WrongState(enrolment.state(), "the seat is no longer held");
  TRY(MayChange(session));
  if (now >= FromProto(session.start_time())) return WrongState(session.state(), "the session has begun");
  return absl::OkStatus();
}

absl::Status MayLeave(const pb::WaitEntry& entry) {
  return IsLive(entry.state()) ? absl::OkStatus()
                               : WrongState(entry.state(), "the person is no longer on the waiting list");
}

// [A3] Offers stop at the start by the clock (pretix#1031); a list can be suspended (alf.io #201).
bool MakesOffers(const pb::Session& session, absl::Time now) {
  return IsAhead(session.state()) && !session.waiting_list_suspended() && now < FromProto(session.start_time());
}

// Only some hours of the day count, so that an offer made late in the evening does not expire in the night (alf.io does
// this for its working time). The hours are those of the clock on the wall, and the time in them is real time: a day on
// which the clock changes has an hour more or less. With an open window, 24 hours are 24 hours.
absl::Time AfterAnswerHours(absl::Time from, int hours, const pb::ActivityPolicy& policy, absl::TimeZone zone) {
  absl::Duration left = absl::Hours(hours);
  if (policy.answer_until_hour() == 0) return from + left;
  for (absl::CivilHour day(DateIn(zone, from));; day += 24) {
    const absl::Time opens = absl::FromCivil(absl::CivilSecond(day + policy.answer_from_hour()), zone);
    const absl::Time closes = absl::FromCivil(absl::CivilSecond(day + policy.answer_until_hour()), zone);
    const absl::Time begins = std::max(from, opens);
    if (begins >= closes) continue;
    if (begins + left <= closes) return begins + left;
    left -= closes - begins;
  }
}

// [A3] An offer is valid for the time that the policy gives, and never beyond the start.
absl::Time OfferExpireTime(const pb::Session& session, const pb::ActivityPolicy& policy, absl::Time now,
                           absl::TimeZone zone) {
  return std::min(AfterAnswerHours(now, policy.offer_hours(), policy, zone), FromProto(session.start_time()));
}

absl::Status MayAnswer(const pb::WaitEntry& entry, const pb::Session& session, absl::Time now) {
  if (entry.state() == pb::WAIT_ENTRY_STATE_EXPIRED)
    return Refused("OFFER_EXPIRED", "the time to answer is over; join the waiting list again");
  if (entry.state() != pb::WAIT_ENTRY_STATE_OFFERED)
    return WrongState(entry.state(), "only an open offer can be answered");
  TRY(MayChange(session));
  if (now >= FromProto(entry.offer_expire_time()))
    return Refused("OFFER_EXPIRED", "the time to answer is over; join the waiting list again");
  return absl::OkStatus();
}

// [A5] Seats cannot be fewer than are taken; the error says which audience.
absl::Status MaySetQuotas(const SeatCounts& counts, const Quotas& quotas) {
  for (const pb::SeatCount& count : counts) {
    const auto kept = std::find_if(quotas.begin(), quotas.end(),
                                   [&](const pb::Quota& quota) { return quota.audience() == count.audience(); });
    const int seats = kept == quotas.end() ? 0 : kept->seats();
    // If a quota were removed, people would wait for it for ever.
    const bool goes_with_list = kept == quotas.end() && count.waiting() > 0;
    if (seats >= count.confirmed() + count.offered() && !goes_with_list) continue;
    return Refused("QUOTA_BELOW_TAKEN",
                   "keep at least as many seats as are taken, and every quota for which people wait",
                   {{"audience", pb::Audience_Name(count.audience())},
                    {"taken", absl::StrCat(count.confirmed() + count.offered())}});
  }
  return absl::OkStatus();
}

pb::Enrolment NewEnrolment(std::string id, const pb::Session& session, std::string_view person_ref,
                           pb::Audience audience, pb::Audience quota_audience) {
  pb::Enrolment enrolment;
  enrolment.set_id(std::move(id));
  enrolment.set_state(pb::ENROLMENT_STATE_CONFIRMED);
  enrolment.set_session_id(session.id());
  enrolment.set_activity_id(session.activity_id());
  enrolment.set_person_ref(std::string(person_ref));
  enrolment.set_audience(audience);
  enrolment.set_quota_audience(quota_audience);
  return enrolment;
}

}  // namespace mestring::activities
