// What the writes (or reads) of one physical transaction share: the end of the log, and the rows that wait to be put
// into their tables by as few statements as possible. For Tx and those who begin and commit transactions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/base/ids.h"
#include "common/store/connection.h"
#include "common/store/value.h"

namespace mestring {

// Rows that are put into a table before the commit, by as few statements as possible.
struct LateRows {
  std::string into;  // "outbox (epoch, position, …)"
  std::vector<std::vector<Value>> rows;
  size_t inserted = 0;  // of them are in the table already

  std::string_view table() const { return std::string_view(into).substr(0, into.find(' ')); }
};

struct TxGroup {
  const bool writes;
  // One alone, or all once more because one failed: nothing is put off, so that a failure is that of its writer.
  const bool careful = false;
  Cursor head = {};  // after all that was appended so far
  LateRows log = {.into = "outbox (epoch, position, kind, id, type, subject, subject_version, time, data, traceparent)",
                  .rows = {}};
  std::vector<LateRows> late = {};  // other tables, in the order of their first row

  LateRows& Late(std::string_view into);
  // Inserts the waiting rows of each table that `sql` names, because `sql` will read it.
  absl::Status InsertNamed(Connection& connection, std::string_view sql);
  absl::Status InsertAll(Connection& connection);
};

// INSERT of that many rows; each placeholder has a name of its own.
std::string InsertSql(std::string_view into, size_t rows, size_t columns);

}  // namespace mestring
