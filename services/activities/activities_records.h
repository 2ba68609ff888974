// What the use cases of activities share: tables, loads that come with their refusal, and the changes that
// one case makes to another (a seat is free, a session is cancelled, a leader pauses).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/database.h"
#include "common/errors.h"
#include "common/ids.h"
#include "common/pipeline.h"
#include "common/records.h"
#include "common/rows.h"
#include "mestring/activities/v1/activities.pb.h"
#include "mestring/activities/v1/activities_events.pb.h"
#include "services/activities/activities_rules.h"
#include "services/activities/fund_rules.h"

namespace mestring {

MESTRING_TABLE(activities::v1::ActivityPolicy, "policies", "policy");
MESTRING_TABLE(activities::v1::CodeList, "code_lists", "code list");
MESTRING_TABLE(activities::v1::Activity, "activities", "activity");
MESTRING_TABLE(activities::v1::Session, "sessions", "session", "seat_counts");
MESTRING_TABLE(activities::v1::SessionLeader, "session_leaders", "leader of a session");
MESTRING_TABLE(activities::v1::Enrolment, "enrolments", "enrolment");
MESTRING_TABLE(activities::v1::WaitEntry, "wait_entries", "place on the waiting list", "position");
MESTRING_TABLE(activities::v1::Attendance, "attendances", "attendance");
MESTRING_TABLE(activities::v1::Obstacle, "obstacles", "obstacle");
MESTRING_TABLE(activities::v1::FollowUp, "follow_ups", "follow-up");
MESTRING_TABLE(activities::v1::Participation, "participations", "participation");
MESTRING_TABLE(activities::v1::Period, "periods", "period");
MESTRING_TABLE(activities::v1::DropInTally, "drop_in_tallies", "tally");
MESTRING_TABLE(activities::v1::LeaderPath, "leader_paths", "way to leader");
MESTRING_TABLE(activities::v1::MetRequirement, "met_requirements", "requirement");
MESTRING_TABLE(activities::v1::Fund, "funds", "fund", "available_ore", "forecast_ore");
MESTRING_TABLE(activities::v1::LedgerEntry, "ledger_entries", "entry");
MESTRING_TABLE(activities::v1::Grant, "grants", "grant");
MESTRING_TABLE(activities::v1::Eligibility, "eligibilities", "statement");

namespace activities {

// ---- Clocks: the kinds of timers, each for the id of its subject -----------------------------------

inline constexpr std::string_view kOpenTimer = "session_open";
inline constexpr std::string_view kNoticeTimer = "session_leader_notice";
inline constexpr std::string_view kStartTimer = "session_start";
inline constexpr std::string_view kEndTimer = "session_end";
inline constexpr std::string_view kOfferTimer = "seat_offer_expiry";
inline constexpr std::string_view kOwnShareTimer = "own_share_due";
inline constexpr std::string_view kPeriodTimer = "period_close";

// ---- Loads -----------------------------------------------------------------------------------------

// A resource about a person, if the caller may see it. The person's access log shows the attempt.
template <class M>
absl::StatusOr<M> LoadVisible(Tx& tx, Call& call, std::string_view id) {
  ASSIGN(M row, Load<M>(tx, id));
  call.Concerns(row.person_ref());
  TRY(MaySee(call.caller, row.person_ref(), Table<M>::kNoun));
  return row;
}

// The same, for a change: the caller's version must be the current one.
template <class M>
absl::StatusOr<M> LoadVisibleForChange(Tx& tx, Call& call, std::string_view id, int64_t expected_version) {
  ASSIGN(M row, LoadVisible<M>(tx, call, id));
  TRY(CheckVersion(expected_version, row.version()));
  return row;
}

// POLICY_MISSING if nobody has set one.
absl::StatusOr<pb::ActivityPolicy> CurrentPolicy(Tx& tx);
// UNKNOWN_CODE unless the current version of the list has it.
absl::Status CheckCode(Tx& tx, pb::CodeListKind kind, std::string_view code);
// The same for a part of town, which need not be said.
absl::Status CheckArea(Tx& tx, std::string_view area_code);
// The way of a person to leader, if they are on it.
absl::StatusOr<std::optional<pb::LeaderPath>> PathOf(Tx& tx, std::string_view person_ref);
// The person leads this session.
absl::StatusOr<bool> Leads(Tx& tx, std::string_view session_id, std::string_view person_ref);
// NotFound of the session for an activity leader who does not lead it.
absl::Status MayWorkWith(Tx& tx, const Caller& caller, std::string_view session_id);
// The live enrolments of a session.
absl::StatusOr<std::vector<pb::Enrolment>> LiveEnrolments(Tx& tx, std::string_view session_id);
// The person has a seat in this session.
absl::StatusOr<bool> HasSeat(Tx& tx, std::string_view session_id, std::string_view person_ref);
// Those who wait for a session or have an offer, in their order.
absl::StatusOr<std::vector<pb::WaitEntry>> LiveWaitEntries(Tx& tx, std::string_view session_id);

// ---- What every event of a thing says --------------------------------------------------------------

template <class Event>
Event About(const pb::Session& session) {
  Event event;
  event.set_session_id(session.id());
  event.set_activity_id(session.activity_id());
  return event;
}
template <class Event>
Event About(const pb::Enrolment& enrolment) {
  Event event;
  event.set_enrolment_id(enrolment.id());
  event.set_session_id(enrolment.session_id());
  event.set_activity_id(enrolment.activity_id());
  event.set_person_ref(enrolment.person_ref());
  return event;
}
template <class Event>
Event About(const pb::WaitEntry& entry) {
  Event event;
  event.set_wait_entry_id(entry.id());
  event.set_session_id(entry.session_id());
  event.set_activity_id(entry.activity_id());
  event.set_person_ref(entry.person_ref());
  return event;
}
template <class Event>
Event About(const pb::LeaderPath& path) {
  Event event;
  event.set_leader_path_id(path.id());
  event.set_person_ref(path.person_ref());
  return event;
}
template <class Event>
Event About(const pb::Grant& grant) {
  Event event;
  event.set_grant_id(grant.id());
  event.set_fund_id(grant.fund_id());
  event.set_person_ref(grant.person_ref());
  event.set_kind(grant.kind());
  event.set_amount_ore(grant.amount_ore());
  return event;
}

// ---- What one case does to another -----------------------------------------------------------------

// How the seats of a session stand, quota by quota.
absl::StatusOr<SeatCounts> SeatCountsOf(Tx& tx, const pb::Session& session);
// After anything that may have freed or taken a seat: free ones are offered to who is first in line, each to
// exactly one (A4), and the session is open or full accordingly.
absl::Status Settle(Tx& tx, pb::Session* session);
// Saves a new seat and tells of it.
absl::Status ConfirmSeat(Tx& tx, pb::Enrolment* enrolment);
// A place on the list, or an offer, ends without a seat.
absl::Status EndWaitEntry(Tx& tx, pb::WaitEntryState state, pb::WaitEntry* entry);
// The session will not be: seats, waiting, offers and reserved grants end with it.
absl::Status CancelNow(Tx& tx, std::string_view reason_code, pb::Session* session);
// The four clocks of a session, set anew.
absl::Status ScheduleClocks(Tx& tx, const pb::ActivityPolicy& policy, const pb::Session& session);
// With the version that the session has: one that no other event tells.
absl::Status PublishLacksLeader(Tx& tx, const pb::Session& session);
// Somebody does not lead a session any more.
absl::Status Unassign(Tx& tx, pb::SessionLeader* leader, pb::Session* session);
// A leader is paused, leads nothing from now on, and leads again when no cause is left.
absl::Status PauseFor(Tx& tx, pb::PauseCause cause, pb::LeaderPath* path);
absl::Status ResumeFor(Tx& tx, pb::PauseCause cause, pb::LeaderPath* path);
// Takes a leader off all sessions whose leaders can change.
absl::Status UnassignAll(Tx& tx, std::string_view person_ref);
// Attendance of a person in an activity was recorded or corrected: if they wish to be asked after, their
// participation follows (follow_up.cc).
absl::Status FollowAttendance(Tx& tx, std::string_view activity_id, std::string_view person_ref);
// A period closes: its figures are stored, its key and all that was made of cards are destroyed (drop_in.cc).
absl::Status CloseNow(Tx& tx, pb::Period* period);
// Enters money into a fund: saves it, and the entry that says so.
absl::StatusOr<pb::LedgerEntry> Enter(Tx& tx, pb::LedgerKind kind, int64_t amount_ore, std::string_view grant_id,
                                      pb::Fund* fund);
// A seat in a session has ended, or with an empty person_ref the whole session: no grant outlives the seat that it
// is for. What is reserved is available again, what is asked for is refused.
absl::Status EndGrants(Tx& tx, std::string_view session_id, std::string_view person_ref, std::string_view reason_code);

}  // namespace activities
}  // namespace mestring
