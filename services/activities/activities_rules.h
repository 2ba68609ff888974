// The rules of activities and their sessions. Somebody who runs a running group can read this file together with
// activities_rules.cc. Other rules: seat_rules.h, attendance_rules.h, period_rules.h (periods of a drop-in),
// leader_rules.h, and fund_rules.h (money).
//
// Pure functions over the messages of the contract: no clock, no database. May… says whether a caller may do
// something to a resource; Check… whether a value is valid; Apply… makes a permitted change; New… makes a new
// resource. Dates are ISO text, which sorts as dates do.
//
// Tags of invariants and of their sources, such as [A1], are explained in INVARIANTS.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/rpc/audience.h"
#include "common/rpc/token.h"
#include "google/protobuf/descriptor.h"
#include "mestring/activities/v1/activities.pb.h"
#include "services/shared/own_codes.h"

namespace mestring::activities {

namespace pb = v1;

using Quotas = google::protobuf::RepeatedPtrField<pb::Quota>;
using SeatCounts = google::protobuf::RepeatedPtrField<pb::SeatCount>;

// ---- Codes that the service itself sets ------------------------------------------------------------

// A session was cancelled because it had no leader at its start.
inline constexpr OwnCode<pb::CodeListKind> kNoLeader{pb::CODE_LIST_KIND_CANCEL_REASON, "NO_LEADER",
                                                     "Ingen til å lede den"};
// A grant ended because its session was cancelled, or because the person gave up or lost the seat.
inline constexpr OwnCode<pb::CodeListKind> kSessionCancelled{pb::CODE_LIST_KIND_GRANT_REFUSAL_REASON,
                                                             "SESSION_CANCELLED", "Samlingen ble avlyst"};
inline constexpr OwnCode<pb::CodeListKind> kSeatEnded{pb::CODE_LIST_KIND_GRANT_REFUSAL_REASON, "SEAT_ENDED",
                                                      "Har ikke lenger plass"};
inline constexpr OwnCode<pb::CodeListKind> kOwnCodes[] = {kNoLeader, kSessionCancelled, kSeatEnded};
// The figures of a period.
inline constexpr std::string_view kSessions = "SESSIONS";
inline constexpr std::string_view kVisits = "VISITS";
inline constexpr std::string_view kUniqueUsers = "UNIQUE_USERS";
inline constexpr std::string_view kCoreUsers = "CORE_USERS";

// ---- Who sees and does what ------------------------------------------------------------------------

// Staff, the unit leader, and services that subscribe.
bool WorksWithActivities(const Caller& caller);
// NotFound of the noun if the caller may not see what is about this person, as if it did not exist.
absl::Status MaySee(const Caller& caller, std::string_view person_ref, std::string_view noun);
// Whether the caller may act for this person: the person, staff and the unit leader may. For others there is no such
// person.
absl::Status MayActFor(const Caller& caller, std::string_view person_ref);
// Only the person may; for others there is no such person.
absl::Status MayOnlyBeSelf(const Caller& caller, std::string_view person_ref);

// ---- Shapes of requests that the contract's field rules cannot say ---------------------------------

absl::Status Check(const pb::SetPolicyRequest& request);
absl::Status Check(const pb::CreateActivityRequest& request);
absl::Status CheckQuotas(const pb::Activity& activity, const Quotas& quotas);
// A range of at least one and at most `days_max` days.
absl::Status CheckDateRange(std::string_view from_date, std::string_view to_date, int days_max);

// ---- Activities ------------------------------------------------------------------------------------

// Whether the activity has not ended.
absl::Status MayGoOn(const pb::Activity& activity);
void ApplyUpdate(const pb::UpdateActivityRequest& request, pb::Activity* activity);
// `sessions_not_over`: how many of its sessions are ahead or under way.
absl::Status MayEnd(const pb::Activity& activity, int64_t sessions_not_over);

// ---- Sessions --------------------------------------------------------------------------------------

struct Span {
  absl::Time start, end;
};
// From a start on, for a duration by the clock on the wall: a camp from Friday at three that lasts 48 hours ends on
// Sunday at three, even if the clock changes.
Span SpanFrom(absl::Time start, absl::Duration duration, absl::TimeZone zone);
// A new session of an activity; `spans`: the modules of a course, otherwise one.
pb::Session NewSession(std::string id, const pb::Activity& activity, const pb::ScheduleSessionsRequest& request,
                       const pb::ActivityPolicy& policy, const std::vector<Span>& spans, absl::Time now,
                       absl::TimeZone zone);
// Neither begun nor cancelled.
bool IsAhead(pb::SessionState state);
// Ahead or under way.
bool IsNotOver(pb::SessionState state);
absl::Status MayBegin(absl::Time start, absl::Time now);
absl::Status MayChange(const pb::Session& session);
absl::Status MayMove(const pb::Session& session, int module, const Span& to, absl::Time now);
// The time of the session, or of a module of it; NotFound for a module that it does not have.
absl::StatusOr<Span> SpanOf(const pb::Session& session, int module);
void ApplyMove(int module, const Span& to, absl::Time now, absl::TimeZone zone, pb::Session* session);
absl::Status MayCancel(const pb::Session& session);
// Whether it may have begun before a period and go on in it: courses and camps.
bool RunsOn(pb::ActivityMode mode);
// Its leaders can change before it begins, and those of a course or camp until it is over.
absl::Status MayChangeLeaders(const pb::Session& session);
// Whether the session has no leader, and somebody can still become one.
bool LacksLeader(const pb::Session& session);
// Whether it lacks a leader after the timer that warns of it has fired, so that only an event now can.
bool LacksLeaderByNow(const pb::Session& session, const pb::ActivityPolicy& policy, absl::Time now);
// The state of a session before it begins.
pb::SessionState StateBySeats(const pb::Session& session, const SeatCounts& counts, absl::Time now);

}  // namespace mestring::activities
