// What several use cases read before they decide or change anything: loads that come with their refusal, and questions
// to many rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "common/store/records.h"
#include "mestring/activities/v1/activities.pb.h"
#include "services/activities/activities_rules.h"
#include "services/activities/tables.h"

namespace mestring::activities {

// A resource about a person, if the caller may see it. The person's access log shows the attempt.
template <class M>
absl::StatusOr<M> LoadVisible(Tx& tx, Call& call, std::string_view id) {
  ASSIGN(M row, Load<M>(tx, id));
  call.RecordAccess(row.person_ref());
  TRY(MaySee(call.caller, row.person_ref(), Table<M>::kNoun));
  return row;
}

// POLICY_MISSING if nobody has set one.
absl::StatusOr<pb::ActivityPolicy> CurrentPolicy(Tx& tx);
// The way of a person to leader, if they are on it.
absl::StatusOr<std::optional<pb::LeaderPath>> PathOf(Tx& tx, std::string_view person_ref);
// NotFound of the session for an activity leader who does not lead it.
absl::Status MayWorkWith(Tx& tx, const Caller& caller, std::string_view session_id);
// The live enrolments of a session.
absl::StatusOr<std::vector<pb::Enrolment>> LiveEnrolments(Tx& tx, std::string_view session_id);
// Those of them of which no attendance is recorded.
absl::StatusOr<std::vector<pb::Enrolment>> ConfirmedEnrolments(Tx& tx, std::string_view session_id);
// The person has a seat in this session.
absl::StatusOr<bool> HasSeat(Tx& tx, std::string_view session_id, std::string_view person_ref);
// Those who wait for a session or have an offer, in their order.
absl::StatusOr<std::vector<pb::WaitEntry>> LiveWaitEntries(Tx& tx, std::string_view session_id);
// How the seats of a session stand, quota by quota.
absl::StatusOr<SeatCounts> SeatCountsOf(Tx& tx, const pb::Session& session);

}  // namespace mestring::activities
