// The access log: who was told of which person's data, and who was refused it.
#pragma once

#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/call.h"
#include "common/database.h"

namespace mestring {

// A row for each person, with the time of the transaction. `outcome` is the name of a status code ("OK").
absl::Status AddToAccessLog(Tx& tx, const Call& call, const std::set<std::string>& persons, const std::string& outcome);
// Removes some of the rows from before that time.
absl::Status PruneAccessLog(Tx& tx, absl::Time before);

}  // namespace mestring
