// Brings the schema of a database up to that of the program, before any other use of it.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace mestring {

class Connection;

// A numbered step of the schema, which runs once, in its own transaction. Never edit one that has landed.
struct Migration {
  int number;
  std::string_view name;  // "0001_housing"
  std::string_view sql;   // statements separated by ";" at the end of a line
};

// Declared in a service's schema folder by CMake's mestring_schema(): the embedded files, in order.
//   extern const absl::Span<const Migration> kHousingSchema;

// Runs the migrations of an area ("kernel", "service", "shared": each has its own numbers) that have not run yet, each
// in its own transaction and one at a time over all replicas. Stores each with a digest of its statements.
// FAILED_PRECONDITION if the database has run other or more migrations than the program has, and then nothing is
// changed; or if a migration fails, with its error.
absl::Status Migrate(Connection& connection, std::string_view area, absl::Span<const Migration> migrations,
                     absl::Time now);

}  // namespace mestring
