#include "common/store/tx_group.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mestring {
namespace {

// Rows in one INSERT of waiting rows, largest first: fewer statements, and few different texts to prepare.
constexpr size_t kInsertRows[] = {32, 8, 1};

absl::Status Insert(Connection& connection, LateRows& table) {
  while (table.inserted < table.rows.size()) {
    const size_t left = table.rows.size() - table.inserted;
    const size_t count =
        *std::find_if(std::begin(kInsertRows), std::end(kInsertRows), [left](size_t size) { return size <= left; });
    const size_t columns = table.rows[table.inserted].size();
    std::vector<Value> values;
    values.reserve(count * columns);
    for (size_t i = table.inserted; i < table.inserted + count; ++i) {
      std::copy(table.rows[i].begin(), table.rows[i].end(), std::back_inserter(values));
    }
    TRY(connection.Later(InsertSql(table.into, count, columns), std::move(values)));
    table.inserted += count;
  }
  return absl::OkStatus();
}

absl::Status InsertIfNamed(Connection& connection, LateRows& table, std::string_view sql) {
  const bool looks = table.inserted < table.rows.size() && absl::StrContains(sql, table.table());
  return looks ? Insert(connection, table) : absl::OkStatus();
}

}  // namespace

LateRows& TxGroup::Late(std::string_view into) {
  for (LateRows& table : late) {
    if (table.into == into) return table;
  }
  return late.emplace_back(LateRows{.into = std::string(into), .rows = {}});
}

absl::Status TxGroup::InsertNamed(Connection& connection, std::string_view sql) {
  TRY(InsertIfNamed(connection, log, sql));
  for (LateRows& table : late) TRY(InsertIfNamed(connection, table, sql));
  return absl::OkStatus();
}

absl::Status TxGroup::InsertAll(Connection& connection) {
  TRY(Insert(connection, log));
  for (LateRows& table : late) TRY(Insert(connection, table));
  return absl::OkStatus();
}

std::string InsertSql(std::string_view into, size_t rows, size_t columns) {
  std::string sql = absl::StrCat("INSERT INTO ", into, " VALUES ");
  for (size_t i = 0; i < rows * columns; ++i) {
    const bool first = i % columns == 0, last = (i + 1) % columns == 0;
    absl::StrAppend(&sql, !first ? ", " : i == 0 ? "(" : ", (", ":v", i, last ? ")" : "");
  }
  return sql;
}

}  // namespace mestring
