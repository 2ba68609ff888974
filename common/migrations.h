// Brings the schema of a database up to what the program knows, before anything else is done with it.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/connection.h"

namespace mestring {

// Runs the migrations of an area ("kernel", "service", "shared": each counts its own) that have not run yet, each in
// a transaction of its own and one at a time over all replicas. What has run is kept with a digest of its statements.
// FAILED_PRECONDITION if the database has run other statements, or more migrations, than the program has, and then
// nothing is touched; or if a migration fails, with what failed.
absl::Status Migrate(Connection& connection, std::string_view area, absl::Span<const Migration> migrations,
                     absl::Time now);

}  // namespace mestring
