// The rules of activities. Somebody who runs a running group can read this file together with
// activities_rules.cc. The rules of money stand in fund_rules.h.
//
// Pure functions over the messages of the contract: no clock, no database. May… says whether a caller may do
// a thing to a thing; Check… whether a thing is as it must be; Apply… carries a permitted change out; New…
// makes what comes into being. Dates are ISO text, which compares as dates do.
//
// Tags of invariants and of their sources, such as [A1], are explained in INVARIANTS.md.
#pragma once

#include <set>
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

// ---- Seats -----------------------------------------------------------------------------------------

int FreeSeats(const pb::SeatCount& count);
// Holds a seat.
bool IsLive(pb::EnrolmentState state);
// Waits, or has an offer.
bool IsLive(pb::WaitEntryState state);
// The session of such a seat stands in the calendar of who has it.
bool IsInCalendar(pb::EnrolmentState state);
// The quota from which a person of this audience takes a seat.
absl::StatusOr<pb::Audience> QuotaFor(const pb::Session& session, pb::Audience audience);
// Who may take part as what.
absl::Status MayTakePart(const Caller& caller, const pb::Activity& activity, std::string_view person_ref,
                         pb::Audience audience);
absl::Status MayEnrolNow(const pb::Session& session, absl::Time now);
absl::Status MayJoin(bool has_seat, bool is_on_list);
absl::Status MayTakeSeat(const pb::SeatCount& count);
absl::Status MayWait(const pb::Session& session, const pb::SeatCount& count, int waiting_in_all);
absl::Status MayEnd(const pb::Enrolment& enrolment, const pb::Session& session, absl::Time now);
absl::Status MayLeave(const pb::WaitEntry& entry);
// Whether freed seats are offered to those who wait.
bool MakesOffers(const pb::Session& session, absl::Time now);
// When so many hours are over, of those of the day in which the policy lets the time to answer run.
absl::Time AfterAnswerHours(absl::Time from, int hours, const pb::ActivityPolicy& policy, absl::TimeZone zone);
absl::Time OfferExpireTime(const pb::Session& session, const pb::ActivityPolicy& policy, absl::Time now,
                           absl::TimeZone zone);
absl::Status MayAnswer(const pb::WaitEntry& entry, const pb::Session& session, absl::Time now);
absl::Status MaySetQuotas(const SeatCounts& counts, const Quotas& quotas);
pb::Enrolment NewEnrolment(std::string id, const pb::Session& session, std::string_view person_ref,
                           pb::Audience audience, pb::Audience quota_audience);

// ---- Attendance and obstacles ----------------------------------------------------------------------

absl::Status MayRecord(const pb::Session& session, int module, absl::Time now);
// `recorded`: there is a record of this seat and module that stands.
absl::Status MayMark(bool recorded);
// An absence has a reason, a presence has none.
absl::Status CheckReason(bool needed, std::string_view reason_code);
absl::Status MayCorrect(const pb::Attendance& attendance, const pb::Session& session, const pb::ActivityPolicy& policy,
                        absl::Time now, absl::TimeZone zone);
bool IsCompleted(const pb::Activity& activity, const pb::Session& session, int modules_attended);
absl::Status MayHaveObstacle(const pb::Session& session, bool has_seat);
absl::Status MayClear(const pb::Obstacle& obstacle);

// ---- Asked after by wish ---------------------------------------------------------------------------

pb::FollowUp NewFollowUp(std::string id, std::string_view person_ref);
// False if it is so already.
bool ApplyFollowUp(bool wanted, absl::Time now, pb::FollowUp* follow_up);
// A record of attendance, and the beginning of the session or module that it is of.
struct Mark {
  pb::Attendance attendance;
  absl::Time start;
};
// How a person has taken part in an activity since their wish.
struct Streak {
  bool any = false;  // whether anything is recorded
  int absences = 0;
  absl::Time last_present = absl::InfinitePast();
};
Streak StreakOf(const std::vector<Mark>& marks, absl::Time wanted_from);
pb::Participation NewParticipation(std::string id, std::string_view activity_id, std::string_view person_ref);
void ApplyStreak(const Streak& streak, const pb::ActivityPolicy& policy, absl::TimeZone zone,
                 pb::Participation* participation);

// ---- Drop-in without a name ------------------------------------------------------------------------

// `overlaps`: another period has some of its days.
absl::Status MayOpen(const pb::OpenPeriodRequest& request, bool overlaps, std::string_view today);
pb::Period NewPeriod(std::string id, const pb::OpenPeriodRequest& request, const pb::ActivityPolicy& policy);
// `in_open_period`: an open period has the day of the session.
absl::Status MayCount(const pb::Session& session, bool in_open_period, absl::Time now);
// `cards`: how many different ones were shown in the session, all in all.
absl::Status CheckHeadcount(int64_t headcount, int64_t cards);
absl::Status MayClose(const pb::Period& period, std::string_view today);
struct PeriodCounts {
  int64_t sessions, visits, unique, core;
};
// Stores the figures, small ones suppressed.
void ApplyClose(const PeriodCounts& counts, pb::Period* period);

// ---- From participant to leader --------------------------------------------------------------------

pb::LeaderPath NewLeaderPath(std::string id, std::string_view person_ref);
absl::Status MayWish(const pb::LeaderPath& path, pb::LeaderStep step);
void ApplyWish(pb::LeaderStep step, pb::LeaderPath* path);
// What is known of a person's approval as a peer: nothing, that it holds, or that it does not any more.
enum class Approval { kNone, kHolds, kLost };
// By the newest word about it.
Approval ApprovalOn(std::string_view today, bool holds, std::string_view valid_until);
// `recorded`: it is recorded already that the person meets it.
absl::Status MayRecordRequirement(std::string_view met_date, bool recorded, std::string_view today);
// Who says who guides this person.
absl::Status MayAssignGuide(const Caller& caller, const pb::LeaderPath& path);
absl::Status MayRemoveGuide(const pb::LeaderPath& path);
absl::Status MayConfirm(const Caller& caller, const pb::LeaderPath& path, pb::LeaderStep step,
                        const pb::ActivityPolicy& policy, const std::set<std::string>& requirements_met,
                        Approval approval);
void ApplyStep(pb::LeaderPath* path);
absl::Status MayStepBack(const pb::LeaderPath& path, pb::LeaderStep step);
void ApplyStepBack(pb::LeaderStep step, pb::LeaderPath* path);
bool IsPausedFor(const pb::LeaderPath& path, pb::PauseCause cause);
absl::Status MayPause(const pb::LeaderPath& path);
absl::Status MayResume(const pb::LeaderPath& path);
// True if the leader leads nothing from now on.
bool ApplyPause(pb::PauseCause cause, pb::LeaderPath* path);
// True if the leader leads again.
bool ApplyResume(pb::PauseCause cause, pb::LeaderPath* path);
absl::Status MayLead(const pb::LeaderPath& path);
// `path` is that of a user, null for one of the staff; `assigned`: they lead this session already.
absl::Status MayAssignLeader(const pb::Session& session, const pb::LeaderPath* path, bool assigned);

}  // namespace mestring::activities
