// Reads that several use cases share, with the error of each.
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

// A resource about a person, if the caller may see it. The access log of the person shows the attempt.
template <class M>
absl::StatusOr<M> LoadVisible(Tx& tx, Call& call, std::string_view id) {
  ASSIGN(M row, Load<M>(tx, id));
  call.RecordAccess(row.person_ref());
  TRY(MaySee(call.caller, row.person_ref(), Table<M>::kNoun));
  return row;
}

// POLICY_MISSING if none is set.
absl::StatusOr<pb::ActivityPolicy> CurrentPolicy(Tx& tx);
// The leader path of a person, if they have one.
absl::StatusOr<std::optional<pb::LeaderPath>> PathOf(Tx& tx, std::string_view person_ref);
// NotFound if the caller is an activity leader who does not lead the session.
absl::Status MayWorkWith(Tx& tx, const Caller& caller, std::string_view session_id);
// The live enrolments of a session.
absl::StatusOr<std::vector<pb::Enrolment>> LiveEnrolments(Tx& tx, std::string_view session_id);
// The enrolments of a session that have no attendance yet.
absl::StatusOr<std::vector<pb::Enrolment>> ConfirmedEnrolments(Tx& tx, std::string_view session_id);
// Whether the person has a seat in this session.
absl::StatusOr<bool> HasSeat(Tx& tx, std::string_view session_id, std::string_view person_ref);
// The entries of a session that wait or have an offer, in their order.
absl::StatusOr<std::vector<pb::WaitEntry>> LiveWaitEntries(Tx& tx, std::string_view session_id);
// The seats of a session by quota: all, confirmed, offered, waiting.
absl::StatusOr<SeatCounts> SeatCountsOf(Tx& tx, const pb::Session& session);

}  // namespace mestring::activities
