// The rules of activities and their sessions. Somebody who runs a running group can read this file together with
// activities_rules.cc. The rules of seats stand in seat_rules.h, of attendance in attendance_rules.h, of the periods of
// a drop-in in period_rules.h, of leaders in leader_rules.h, of money in fund_rules.h.
//
// Pure functions over the messages of the contract: no clock, no database. May… says whether a caller may do
// a thing to a thing; Check… whether a thing is as it must be; Apply… carries a permitted change out; New…
// makes what comes into being. Dates are ISO text, which compares as dates do.
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

// A session was cancelled because nobody was there to lead it at its start.
inline constexpr OwnCode<pb::CodeListKind> kNoLeader{pb::CODE_LIST_KIND_CANCEL_REASON, "NO_LEADER",
                                                     "Ingen til å lede den"};
// A grant ended because its session was cancelled, or because the person gave the seat back or lost it.
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
// NotFound of the noun for those who may not see what is about this person, as if it did not exist.
absl::Status MaySee(const Caller& caller, std::string_view person_ref, std::string_view noun);
// Who may do something for this person: the person, staff, the unit leader. For others there is no such person.
absl::Status MayActFor(const Caller& caller, std::string_view person_ref);
// The person alone; for others there is no such person.
absl::Status MayOnlyBeSelf(const Caller& caller, std::string_view person_ref);

// ---- Shapes of requests that the contract's field rules cannot say ---------------------------------

absl::Status Check(const pb::SetPolicyRequest& request);
absl::Status Check(const pb::CreateActivityRequest& request);
absl::Status CheckQuotas(const pb::Activity& activity, const Quotas& quotas);
// From one day to the same or a later one, at most so many in all.
absl::Status CheckDateRange(std::string_view from_date, std::string_view to_date, int days_max);

// ---- Activities ------------------------------------------------------------------------------------

// It has not ended.
absl::Status MayGoOn(const pb::Activity& activity);
void ApplyUpdate(const pb::UpdateActivityRequest& request, pb::Activity* activity);
// `sessions_not_over` of it lie ahead or go on.
absl::Status MayEnd(const pb::Activity& activity, int64_t sessions_not_over);

// ---- Sessions --------------------------------------------------------------------------------------

struct Span {
  absl::Time start, end;
};
// From a start on for so long by the clock on the wall: a camp from Friday at three that lasts 48 hours ends on Sunday
// at three, also if the clock changes meanwhile.
Span SpanFrom(absl::Time start, absl::Duration duration, absl::TimeZone zone);
// A new session of an activity; for a course `spans` are its modules, else there is one.
pb::Session NewSession(std::string id, const pb::Activity& activity, const pb::ScheduleSessionsRequest& request,
                       const pb::ActivityPolicy& policy, const std::vector<Span>& spans, absl::Time now,
                       absl::TimeZone zone);
// Neither begun nor cancelled.
bool IsAhead(pb::SessionState state);
// It lies ahead or goes on.
bool IsNotOver(pb::SessionState state);
absl::Status MayBegin(absl::Time start, absl::Time now);
absl::Status MayChange(const pb::Session& session);
absl::Status MayMove(const pb::Session& session, int module, const Span& to, absl::Time now);
// The time of the session, or of a module of it; NotFound for a module that it does not have.
absl::StatusOr<Span> SpanOf(const pb::Session& session, int module);
void ApplyMove(int module, const Span& to, absl::Time now, absl::TimeZone zone, pb::Session* session);
absl::Status MayCancel(const pb::Session& session);
// Courses and camps: what may have begun before a period and go on in it.
bool RunsOn(pb::ActivityMode mode);
// Who leads it can change: while it lies ahead, and of a course or camp until it is over.
absl::Status MayChangeLeaders(const pb::Session& session);
// Nobody leads it, and somebody still can.
bool LacksLeader(const pb::Session& session);
// That, and its clock does not tell it any more.
bool LacksLeaderByNow(const pb::Session& session, const pb::ActivityPolicy& policy, absl::Time now);
// What the state is while the session lies ahead.
pb::SessionState StateBySeats(const pb::Session& session, const SeatCounts& counts, absl::Time now);

}  // namespace mestring::activities
