#include "services/activities/reads.h"

// Seats are counted from the rows that hold them, each time, by one index. A counter in the session would be cheaper to
// read and would have to be right after every withdrawal, expiry and correction. Writes run one at a time, so no other
// write comes between a count and the seat that it allows (A1).

#include <utility>

#include "services/activities/seat_rules.h"

namespace mestring::activities {
namespace {

// Whether the person leads this session.
absl::StatusOr<bool> Leads(Tx& tx, std::string_view session_id, std::string_view person_ref) {
  return Exists<pb::SessionLeader>(tx,
                                   absl::StrCat("WHERE session_id = :session AND person_ref = :person AND ",
                                                InState(pb::SESSION_LEADER_STATE_ASSIGNED)),
                                   session_id, person_ref);
}

}  // namespace

absl::StatusOr<pb::ActivityPolicy> CurrentPolicy(Tx& tx) {
  return Or(Newest<pb::ActivityPolicy>(tx), Refused("POLICY_MISSING", "no policy is in force; set one first"));
}

absl::StatusOr<std::optional<pb::LeaderPath>> PathOf(Tx& tx, std::string_view person_ref) {
  return Find<pb::LeaderPath>(tx, "WHERE person_ref = :person", person_ref);
}

absl::Status MayWorkWith(Tx& tx, const Caller& caller, std::string_view session_id) {
  if (WorksWithActivities(caller)) return absl::OkStatus();
  ASSIGN(const bool leads, Leads(tx, session_id, caller.person_ref));
  return leads ? absl::OkStatus() : NotFound(Table<pb::Session>::kNoun);
}

absl::StatusOr<std::vector<pb::Enrolment>> LiveEnrolments(Tx& tx, std::string_view session_id) {
  return Select<pb::Enrolment>(
      tx, absl::StrCat("WHERE session_id = :session AND ", InStates<pb::EnrolmentState>(IsLive), " ORDER BY id"),
      session_id);
}

absl::StatusOr<std::vector<pb::Enrolment>> ConfirmedEnrolments(Tx& tx, std::string_view session_id) {
  return Select<pb::Enrolment>(
      tx, absl::StrCat("WHERE session_id = :session AND ", InState(pb::ENROLMENT_STATE_CONFIRMED), " ORDER BY id"),
      session_id);
}

absl::StatusOr<bool> HasSeat(Tx& tx, std::string_view session_id, std::string_view person_ref) {
  static const std::string live =
      absl::StrCat("WHERE session_id = :session AND person_ref = :person AND ", InStates<pb::EnrolmentState>(IsLive));
  return Exists<pb::Enrolment>(tx, live, session_id, person_ref);
}

absl::StatusOr<std::vector<pb::WaitEntry>> LiveWaitEntries(Tx& tx, std::string_view session_id) {
  return Select<pb::WaitEntry>(
      tx, absl::StrCat("WHERE session_id = :session AND ", InStates<pb::WaitEntryState>(IsLive), " ORDER BY sequence"),
      session_id);
}

absl::StatusOr<SeatCounts> SeatCountsOf(Tx& tx, const pb::Session& session) {
  SeatCounts counts;
  for (const pb::Quota& quota : session.quotas()) {
    pb::SeatCount* count = counts.Add();
    count->set_audience(quota.audience());
    count->set_seats(quota.seats());
  }
  const auto count_of = [&counts](std::string_view audience) -> pb::SeatCount* {
    for (pb::SeatCount& count : counts) {
      if (pb::Audience_Name(count.audience()) == audience) return &count;
    }
    return nullptr;
  };
  // Built once, and as one statement, because each write that touches a seat runs it. The rows of seats come without a
  // state.
  static const std::string sql =
      absl::StrCat("SELECT quota_audience, '', COUNT(*) FROM enrolments WHERE session_id = :session1 AND ",
                   InStates<pb::EnrolmentState>(IsLive),
                   " GROUP BY quota_audience UNION ALL SELECT quota_audience, state, COUNT(*) FROM wait_entries"
                   " WHERE session_id = :session2 AND ",
                   InStates<pb::WaitEntryState>(IsLive), " GROUP BY quota_audience, state");
  ASSIGN(const auto rows, (tx.Query<std::string, std::string, int64_t>(sql, session.id(), session.id())));
  for (const auto& [audience, state, number] : rows) {
    pb::SeatCount* count = count_of(audience);
    if (count == nullptr) continue;
    const bool is_offered = state == pb::WaitEntryState_Name(pb::WAIT_ENTRY_STATE_OFFERED);
    state.empty() ? count->set_confirmed(static_cast<int>(number))
    : is_offered  ? count->set_offered(static_cast<int>(number))
                  : count->set_waiting(static_cast<int>(number));
  }
  return counts;
}

}  // namespace mestring::activities
