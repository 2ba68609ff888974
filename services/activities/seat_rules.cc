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

// What was cancelled stays, marked as such: a calendar program would else go on showing it.
bool IsInCalendar(pb::EnrolmentState state) { return IsLive(state) || state == pb::ENROLMENT_STATE_SESSION_CANCELLED; }

// [A12] An audience takes from its own quota and from no other; who has none takes from the mixed one.
absl::StatusOr<pb::Audience> QuotaFor(const pb::Session& session, pb::Audience audience) {
  bool mixed = false;
  for (const pb::Quota& quota : session.quotas()) {
    if (quota.audience() == audience) return audience;
    mixed = mixed || quota.audience() == pb::AUDIENCE_MIXED;
  }
  if (mixed) return pb::AUDIENCE_MIXED;
  return Refused("NO_QUOTA_FOR_AUDIENCE", "the session has no seats for this audience");
}

// A caller enrols only themself, in their own role; staff enrol anybody. [S1] Low-threshold offers need no referral;
// where one is needed, staff has it and enrols.
absl::Status MayTakePart(const Caller& caller, const pb::Activity& activity, std::string_view person_ref,
                         pb::Audience audience) {
  TRY(MayActFor(caller, person_ref));
  if (audience == pb::AUDIENCE_MIXED)
    return InvalidArgument("audience", "must be the one audience that this person belongs to, not AUDIENCE_MIXED");
  if (activity.audience() != pb::AUDIENCE_MIXED && activity.audience() != audience) {
    return Refused("NO_QUOTA_FOR_AUDIENCE", "the activity is for another audience");
  }
  if (caller.IsAny({ROLE_STAFF, ROLE_UNIT_LEADER})) return absl::OkStatus();
  const bool is_that =
      (audience == pb::AUDIENCE_USER && caller.IsAny({ROLE_PERSON, ROLE_PEER, ROLE_ACTIVITY_LEADER})) ||
      (audience == pb::AUDIENCE_NEXT_OF_KIN && caller.Is(ROLE_NEXT_OF_KIN));
  if (!is_that) return Forbidden("a caller can enrol only themself, in their own role");
  if (activity.needs_referral()) return Refused("REFERRAL_REQUIRED", "this activity needs a referral: staff enrol");
  return absl::OkStatus();
}

// Decidim PR #12934 (join of a past meeting): the clock decides, not the state, which a timer may not have
// moved yet.
absl::Status MayEnrolNow(const pb::Session& session, absl::Time now) {
  if (session.mode() == pb::ACTIVITY_MODE_OPEN_DROP_IN) return Refused("NO_ENROLMENT", "no need to enrol: just come");
  TRY(MayChange(session));
  if (now < FromProto(session.enrol_from_time())) return Refused("NOT_OPEN_YET", "enrolment has not opened");
  if (now >= FromProto(session.enrol_until_time())) return Refused("ENROLMENT_CLOSED", "enrolment is over");
  return absl::OkStatus();
}

// [A2] A person has one seat in a session or one place on its list, and never both.
absl::Status MayJoin(bool has_seat, bool is_on_list) {
  if (has_seat) return Refused("ALREADY_ENROLLED", "the person has a seat");
  if (is_on_list) return Refused("ALREADY_WAITING", "the person waits, or has an offer");
  return absl::OkStatus();
}

// [A1] Checked where the seat is taken (Rock#2510 checked at the start of a form and not at its end). Who
// waits comes first: nobody enrols past the list.
absl::Status MayTakeSeat(const pb::SeatCount& count) {
  if (FreeSeats(count) == 0) return Refused("QUOTA_FULL", "every seat is taken or offered");
  if (count.waiting() > 0) return Refused("WAITING_LIST_FIRST", "others wait for these seats: join the waiting list");
  return absl::OkStatus();
}

// alf.io #201: the list can be capped.
absl::Status MayWait(const pb::Session& session, const pb::SeatCount& count, int waiting_in_all) {
  if (FreeSeats(count) > 0 && count.waiting() == 0) return Refused("SEAT_FREE", "there is a free seat: enrol");
  if (waiting_in_all >= session.waiting_list_max()) return Refused("WAITING_LIST_FULL", "the waiting list is full");
  return absl::OkStatus();
}

absl::Status MayEnd(const pb::Enrolment& enrolment, const pb::Session& session, absl::Time now) {
  if (enrolment.state() != pb::ENROLMENT_STATE_CONFIRMED) return WrongState(enrolment.state(), "this seat is not held");
  TRY(MayChange(session));
  if (now >= FromProto(session.start_time())) return WrongState(session.state(), "it has begun");
  return absl::OkStatus();
}

absl::Status MayLeave(const pb::WaitEntry& entry) {
  return IsLive(entry.state()) ? absl::OkStatus() : WrongState(entry.state(), "the person is not on the list");
}

// [A3] Offers stop at the start (pretix#1031), by the clock; alf.io #201: a list can be suspended.
bool MakesOffers(const pb::Session& session, absl::Time now) {
  return IsAhead(session.state()) && !session.waiting_list_suspended() && now < FromProto(session.start_time());
}

// alf.io shifts its offers to working time: one made late in the evening does not run out in the night. The
// hours are those of the clock on the wall, and what passes in them is real time: a day on which the clock
// changes has an hour more or less, also in the window if that is where it happens. So 24 hours of an open
// window are 24 hours.
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

// [A3] An offer holds for the time of the policy, and never beyond the start.
absl::Time OfferExpireTime(const pb::Session& session, const pb::ActivityPolicy& policy, absl::Time now,
                           absl::TimeZone zone) {
  return std::min(AfterAnswerHours(now, policy.offer_hours(), policy, zone), FromProto(session.start_time()));
}

absl::Status MayAnswer(const pb::WaitEntry& entry, const pb::Session& session, absl::Time now) {
  if (entry.state() == pb::WAIT_ENTRY_STATE_EXPIRED)
    return Refused("OFFER_EXPIRED", "the time to take the seat is over");
  if (entry.state() != pb::WAIT_ENTRY_STATE_OFFERED) return WrongState(entry.state(), "no seat is held for the person");
  TRY(MayChange(session));
  if (now >= FromProto(entry.offer_expire_time())) return Refused("OFFER_EXPIRED", "the time to take the seat is over");
  return absl::OkStatus();
}

// [A5] Fewer seats than are taken is refused, and says where.
absl::Status MaySetQuotas(const SeatCounts& counts, const Quotas& quotas) {
  for (const pb::SeatCount& count : counts) {
    const auto kept = std::find_if(quotas.begin(), quotas.end(),
                                   [&](const pb::Quota& quota) { return quota.audience() == count.audience(); });
    const int seats = kept == quotas.end() ? 0 : kept->seats();
    // Who waits for seats of a quota would wait for ever if it went away.
    const bool goes_with_list = kept == quotas.end() && count.waiting() > 0;
    if (seats >= count.confirmed() + count.offered() && !goes_with_list) continue;
    return Refused("QUOTA_BELOW_TAKEN", "the new quota is below the seats that are taken or waited for",
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
