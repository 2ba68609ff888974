// Converts between rows and messages; nothing else does.
//
// A table holds one resource message; each of the message's fields is the column of the same name:
//   string, and an unset string   TEXT, NULL          bool             BIGINT 0/1
//   int32, int64                  BIGINT              enum             TEXT, the value's name; 0 is NULL
//   Timestamp                     BIGINT microseconds since 1970 (UTC); unset is NULL
//   other messages, repeated      TEXT, the protobuf JSON form with the field names of the contract
// A field that a table does not hold (derived ones) is named by MESTRING_TABLE.
//
// A newer version of the program, beside this one during an upgrade, may store what this one's contract does not name:
// a value of an enum, a field inside a JSON form. A Read leaves it out: the enum is UNSPECIFIED, a list is shorter. A
// Write that loads such a row fails, because a rule would take it for what it is not, and saving would destroy it:
// UNAVAILABLE, reason STORED_BY_NEWER_VERSION.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"

namespace mestring {

// The table of a message, and its name in an error. In namespace mestring, for each stored message:
template <class M>
struct Table;

template <class... Name>
constexpr std::array<std::string_view, sizeof...(Name)> FieldNames(Name... names) {
  return {std::string_view(names)...};
}

#define MESTRING_TABLE(Message, table, noun, ...)                  \
  template <>                                                      \
  struct Table<Message> {                                          \
    static constexpr std::string_view kName = table, kNoun = noun; \
    static constexpr auto kDerived = FieldNames(__VA_ARGS__);      \
  }

// A table's columns and the texts of its statements, made once.
struct TableLayout {
  TableLayout(const google::protobuf::Descriptor& row, std::string_view table,
              absl::Span<const std::string_view> derived);

  std::vector<const google::protobuf::FieldDescriptor*> columns;
  std::string select;  // "SELECT <columns> FROM <table> "
  std::string insert;
  std::string update;  // by id and version; empty for a table that lacks one of them
};

template <class M>
const TableLayout& LayoutOf() {
  static const TableLayout layout(*M::descriptor(), Table<M>::kName, Table<M>::kDerived);
  return layout;
}

// The value of the column of a field.
absl::StatusOr<Value> ToColumn(const google::protobuf::Message& row, const google::protobuf::FieldDescriptor* field);

// The untyped forms. They note what they save as moved (moves.h).
absl::Status InsertRow(Tx& tx, const TableLayout& layout, const google::protobuf::Message& row);
absl::StatusOr<int64_t> UpdateRow(Tx& tx, const TableLayout& layout, const google::protobuf::Message& row);
// Appends to `add` one message per row; `tail` is what follows "SELECT <columns> FROM <table> ".
absl::Status SelectRows(Tx& tx, const TableLayout& layout, std::string_view tail, const std::vector<Value>& parameters,
                        absl::FunctionRef<google::protobuf::Message*()> add);

// Rows of M: Select<pb::Stay>(tx, "WHERE place_id = :place AND state <> :ended ORDER BY start_date", place,
// "STAY_STATE_ENDED").
template <class M, class... P>
absl::StatusOr<std::vector<M>> Select(Tx& tx, std::string_view tail, const P&... parameters) {
  std::vector<M> rows;
  TRY(SelectRows(tx, LayoutOf<M>(), tail, Bind(parameters...), [&rows] { return &rows.emplace_back(); }));
  return rows;
}

// The row with this id, or NotFound(kNoun).
template <class M>
absl::StatusOr<M> Load(Tx& tx, std::string_view id) {
  ASSIGN(std::vector<M> rows, Select<M>(tx, "WHERE id = :id", id));
  if (rows.empty()) return NotFound(Table<M>::kNoun);
  return std::move(rows.front());
}

// Inserts a new resource: the caller has set its id; version becomes 1, create_time and update_time now.
template <class M>
absl::Status Insert(Tx& tx, M& row) {
  row.set_version(1);
  *row.mutable_create_time() = ToProto(tx.now());
  *row.mutable_update_time() = row.create_time();
  return InsertRow(tx, LayoutOf<M>(), row);
}

// Saves a changed resource: version + 1, update_time now. The row must still have the version that
// `row` was loaded with (inside one Write it always has).
template <class M>
absl::Status Save(Tx& tx, M& row) {
  row.set_version(row.version() + 1);
  *row.mutable_update_time() = ToProto(tx.now());
  ASSIGN(int64_t changed, UpdateRow(tx, LayoutOf<M>(), row));
  return changed == 1 ? absl::OkStatus() : StaleVersion(row.version());
}

}  // namespace mestring
