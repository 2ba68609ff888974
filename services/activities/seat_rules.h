// The rules of seats: who may enrol or wait, when a free seat is offered and until when, and how many seats there are.
//
// The functions are pure; the tags are those of activities_rules.h.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/token.h"
#include "mestring/activities/v1/activities.pb.h"
#include "services/activities/activities_rules.h"

namespace mestring::activities {

int FreeSeats(const pb::SeatCount& count);
// Whether the person holds a seat.
bool IsLive(pb::EnrolmentState state);
// Whether the person waits or has an offer.
bool IsLive(pb::WaitEntryState state);
// Whether the holder's calendar shows the session.
bool IsInCalendar(pb::EnrolmentState state);
// The quota from which a person of this audience takes a seat.
absl::StatusOr<pb::Audience> QuotaFor(const pb::Session& session, pb::Audience audience);
// Whether the caller may enrol this person for this audience.
absl::Status MayTakePart(const Caller& caller, const pb::Activity& activity, std::string_view person_ref,
                         pb::Audience audience);
absl::Status MayEnrolNow(const pb::Session& session, absl::Time now);
absl::Status MayJoin(bool has_seat, bool is_on_list);
absl::Status MayTakeSeat(const pb::SeatCount& count);
absl::Status MayWait(const pb::Session& session, const pb::SeatCount& count, int waiting_in_all);
absl::Status MayEnd(const pb::Enrolment& enrolment, const pb::Session& session, absl::Time now);
absl::Status MayLeave(const pb::WaitEntry& entry);
// Whether free seats are offered to people who wait.
bool MakesOffers(const pb::Session& session, absl::Time now);
// The time after so many hours, counting only the hours of the day that the policy allows for an answer.
absl::Time AfterAnswerHours(absl::Time from, int hours, const pb::ActivityPolicy& policy, absl::TimeZone zone);
absl::Time OfferExpireTime(const pb::Session& session, const pb::ActivityPolicy& policy, absl::Time now,
                           absl::TimeZone zone);
absl::Status MayAnswer(const pb::WaitEntry& entry, const pb::Session& session, absl::Time now);
absl::Status MaySetQuotas(const SeatCounts& counts, const Quotas& quotas);
pb::Enrolment NewEnrolment(std::string id, const pb::Session& session, std::string_view person_ref,
                           pb::Audience audience, pb::Audience quota_audience);

}  // namespace mestring::activities
