// What the writes (or reads) of one physical transaction share: the end of the log, and the rows that wait to be
// inserted by as few statements as possible. For Tx and the code that begins and commits transactions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/base/ids.h"
#include "common/store/connection.h"
#include "common/store/value.h"

namespace mestring {

// Rows that wait to be inserted into one table.
struct LateRows {
  std::string into;  // "outbox (epoch, position, …)"
  std::vector<std::vector<Value>> rows;
  size_t inserted = 0;  // how many of them are in the table already

  std::string_view table() const { return std::string_view(into).substr(0, into.find(' ')); }
};

struct TxGroup {
  const bool writes;
  // The second run of a group of which one failed, or a single write on SQLite: each statement runs at once, so that an
  // error is that of its writer.
  const bool careful = false;
  bool deferred = false;  // whether a statement or row of a writer was deferred
  Cursor head = {};       // the end of the log, with what this group has appended
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
