// The access log: who was shown which person's data, and who was refused it.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/call.h"
#include "common/store/tx.h"
#include "mestring/access/v1/access_log.pb.h"

namespace mestring {

// Adds a row for each person, with the time of the transaction. `outcome` is the name of a status code ("OK").
absl::Status AddToAccessLog(Tx& tx, const Call& call, const std::set<std::string>& persons, const std::string& outcome);
// The rows about one person, newest first: at most `limit` rows not later than `until`, without the first `skip` of
// them. Includes rows that are hidden from the person only if `hidden`.
absl::StatusOr<std::vector<access::v1::AccessLogEntry>> ReadAccessLog(Tx& tx, std::string_view person_ref,
                                                                      absl::Time until, bool hidden, int limit,
                                                                      int64_t skip);
// Removes some of the rows older than that time.
absl::Status PruneAccessLog(Tx& tx, absl::Time before);

}  // namespace mestring
