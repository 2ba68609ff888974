// What use cases of every service need beyond rows.h: today and the ends of days, loads, versions, enums in SQL, and
// the pages of lists.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/dates.h"
#include "common/base/ids.h"
#include "common/store/database.h"
#include "common/store/rows.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace mestring {

// ---- Time ------------------------------------------------------------------------------------------

inline std::string Today(const Tx& tx) { return FormatDate(tx.today()); }
// The date, or today if it is empty.
inline std::string OrToday(const Tx& tx, std::string_view date) { return date.empty() ? Today(tx) : std::string(date); }
inline absl::Time BeginOf(const Tx& tx, std::string_view date) { return StartOfDay(tx.zone(), Day(date)); }
// Midnight after a date: what was due on that date is late from then on. DayOf gives the next day for it.
inline absl::Time EndOf(const Tx& tx, std::string_view date) { return StartOfDay(tx.zone(), Day(date) + 1); }
// The day of a moment.
inline std::string DayOf(const Tx& tx, absl::Time moment) { return FormatDate(DateIn(tx.zone(), moment)); }

// ---- Loads -----------------------------------------------------------------------------------------

// The row that a query finds, if it finds one.
template <class M, class... P>
absl::StatusOr<std::optional<M>> Find(Tx& tx, std::string_view tail, const P&... parameters) {
  ASSIGN(std::vector<M> rows, Select<M>(tx, tail, parameters...));
  return rows.empty() ? std::nullopt : std::optional<M>(std::move(rows.front()));
}

// Whether a query finds a row.
template <class M, class... P>
absl::StatusOr<bool> Exists(Tx& tx, std::string_view tail, const P&... parameters) {
  ASSIGN(const auto rows,
         tx.Query<int64_t>(absl::StrCat("SELECT 1 FROM ", Table<M>::kName, " ", tail, " LIMIT 1"), parameters...));
  return !rows.empty();
}

// The row that Find or Newest found, or else `otherwise`.
template <class M>
absl::StatusOr<M> Or(absl::StatusOr<std::optional<M>> row, absl::Status otherwise) {
  if (!row.ok()) return row.status();
  if (!*row) return otherwise;
  return **std::move(row);
}
template <class M>
absl::StatusOr<M> OrNotFound(absl::StatusOr<std::optional<M>> row) {
  return Or(std::move(row), NotFound(Table<M>::kNoun));
}

// ABORTED STALE_VERSION unless `expected` is 0 (the caller does not care) or the resource's version.
inline absl::Status CheckVersion(int64_t expected, int64_t current) {
  return expected == 0 || expected == current ? absl::OkStatus() : StaleVersion(current);
}

// A resource for a change: the caller's version must be the current one.
template <class M>
absl::StatusOr<M> AtVersion(int64_t expected_version, absl::StatusOr<M> row) {
  if (row.ok()) TRY(CheckVersion(expected_version, row->version()));
  return row;
}

// Rows with versions (rules, policies, code lists): no row changes; a new version follows the last, 1, 2, 3 … in the
// field whose name ends in "_version". `where` selects the rows that follow each other, if they are not the whole
// table.
const google::protobuf::FieldDescriptor& VersionField(const google::protobuf::Descriptor& row);
// Sets the version of `next` to one more than that of `last`.
void FollowVersion(const google::protobuf::Message& last, google::protobuf::Message* next);

// The version in force.
template <class M, class... P>
absl::StatusOr<std::optional<M>> Newest(Tx& tx, std::string_view where = "", const P&... parameters) {
  static const std::string order = absl::StrCat(" ORDER BY ", VersionField(*M::descriptor()).name(), " DESC LIMIT 1");
  return Find<M>(tx, absl::StrCat(where, order), parameters...);
}

// The row of this version, or, with 0, the one in force.
template <class M, class... P>
absl::StatusOr<std::optional<M>> OfVersion(Tx& tx, int64_t version, std::string_view where = "",
                                           const P&... parameters) {
  if (version == 0) return Newest<M>(tx, where, parameters...);
  return Find<M>(tx,
                 absl::StrCat(where.empty() ? "WHERE " : absl::StrCat(where, " AND "),
                              VersionField(*M::descriptor()).name(), " = :version"),
                 parameters..., version);
}

// Stores the next version; sets its id and version.
template <class M, class... P>
absl::Status InsertNext(Tx& tx, M* row, std::string_view where = "", const P&... parameters) {
  ASSIGN(const std::optional<M> last, Newest<M>(tx, where, parameters...));
  row->set_id(NewId(tx.now()));
  FollowVersion(last ? *last : M::default_instance(), row);
  return Insert(tx, *row);
}

// ---- Enums in SQL ----------------------------------------------------------------------------------

// The name of a value as SQL writes it: 'STAY_STATE_ENDED'. As text and not as a parameter, which would hide from
// SQLite that a partial index serves.
template <class Enum>
std::string Quoted(Enum value) {
  return absl::StrCat("'", google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value)->name(), "'");
}

// The values that a rule accepts, as a condition of SQL in the order of the contract, which is that of the partial
// indexes: "state IN ('CONTACT_STATE_PLANNED', 'CONTACT_STATE_OVERDUE')".
template <class Enum>
std::string In(std::string_view column, bool (*rule)(Enum)) {
  const google::protobuf::EnumDescriptor& values = *google::protobuf::GetEnumDescriptor<Enum>();
  std::vector<std::string> names;
  for (int i = 0; i < values.value_count(); ++i) {
    const Enum value = static_cast<Enum>(values.value(i)->number());
    if (rule(value)) names.push_back(Quoted(value));
  }
  return absl::StrCat(column, " IN (", absl::StrJoin(names, ", "), ")");
}

// Conditions on the column `state`: the states that a rule accepts, one state, all but one.
template <class State>
std::string InStates(bool (*rule)(State)) {
  return In("state", rule);
}
template <class State>
std::string InState(State state) {
  return absl::StrCat("state = ", Quoted(state));
}
template <class State>
std::string NotInState(State state) {
  return absl::StrCat("state <> ", Quoted(state));
}

// ---- Pages -----------------------------------------------------------------------------------------

// Pages: their size within its bounds (default 50, at most 200), and where they end.
inline constexpr int kPageSizeDefault = 50;
inline constexpr int kPageSizeMax = 200;
inline int PageSize(int requested) {
  return requested <= 0 ? kPageSizeDefault : requested > kPageSizeMax ? kPageSizeMax : requested;
}
// The end of a page: the `key` of its last row, and the id where several rows have that key. Empty for the first page,
// and sorts before everything.
struct PageEnd {
  std::string key, id;
};
std::string PageToken(const PageEnd& end);
absl::StatusOr<PageEnd> ParsePageToken(std::string_view page_token);  // INVALID_ARGUMENT page_token
// A token is valid only for the list that returned it, with the same request fields except page_size. It also contains
// as_of of the first page, which each later page repeats, so that changes made while the pages are read come after it.
// The edge does this for every list: it binds the token of each answer and checks that of each request
// (INVALID_ARGUMENT page_token).
void BindPage(const google::protobuf::Message& request, google::protobuf::Message* response);
absl::Status CheckPage(const google::protobuf::Message& request);
// A key or an id that is a number; `if_first` for the first page. INVALID_ARGUMENT page_token.
absl::StatusOr<int64_t> PageNumber(std::string_view key_or_id, int64_t if_first = 0);
// INVALID_ARGUMENT page_token.
absl::Status NotOurPage();

// Conditions of a list, each with its bound value.
class Filter {
 public:
  // column = value, unless the value is empty.
  Filter& Is(std::string_view column, std::string_view value);
  // column = value, also if the value is empty, which then matches no row.
  Filter& IsExactly(std::string_view column, std::string_view value);
  // column = the name of a state, unless it is UNSPECIFIED.
  template <class State>
  Filter& IsState(std::string_view column, State state) {
    if (state == 0) return *this;
    return Is(column, google::protobuf::GetEnumDescriptor<State>()->FindValueByNumber(state)->name());
  }
  // A condition, with a value for each "?" in it.
  template <class... P>
  Filter& Where(std::string_view condition, const P&... parameters) {
    return Add(condition, Bind(parameters...));
  }
  // The condition that lets the indexes of pages be used (schema). Not for the rows of one person, which have an index
  // of their own.
  std::string_view page_condition() const { return names_person_ ? "" : " AND id <> ''"; }

  std::string where = "WHERE 1 = 1";
  std::vector<Value> values;

 private:
  Filter& Add(std::string_view condition, std::vector<Value> more);

  bool names_person_ = false;
};

struct Paging {
  int size = 0;
  std::string_view token = "";
  // The field that orders the list: a text, a number or an instant that every row has.
  std::string_view key = "id";
  // Several rows may have the same key; their ids order them.
  bool then_by_id = false;
  bool descending = false;
};

// The SQL after WHERE … for a page in its order, with one row more to see if there is a next page; and the token
// after a row.
absl::StatusOr<std::string> PageTail(const google::protobuf::Descriptor& row, const Paging& paging, Filter* filter);
std::string TokenAfter(const google::protobuf::Message& last, const Paging& paging);

template <class M>
absl::Status Page(Tx& tx, Filter filter, const Paging& paging, google::protobuf::RepeatedPtrField<M>* rows,
                  std::string* next_page_token) {
  ASSIGN(const std::string tail, PageTail(*M::descriptor(), paging, &filter));
  TRY(SelectRows(tx, LayoutOf<M>(), tail, filter.values, [rows] { return rows->Add(); }));
  const int size = PageSize(paging.size);
  if (rows->size() <= size) return absl::OkStatus();
  rows->RemoveLast();
  *next_page_token = TokenAfter(rows->Get(size - 1), paging);
  return absl::OkStatus();
}

// Sets as_of of a list.
template <class Response>
absl::Status SetAsOf(Tx& tx, Response* response) {
  ASSIGN(const Cursor head, tx.Head());
  response->set_as_of(head.ToString());
  return absl::OkStatus();
}

// Fills the page that a request asks for: `rows`, which may belong to the response, and the token of the next page and
// as_of of the response. Size and token of `order` are ignored.
template <class M, class Request, class Response>
absl::Status ListPage(Tx& tx, Filter filter, const Request& request, google::protobuf::RepeatedPtrField<M>* rows,
                      Response* response, Paging order = {}) {
  order.size = request.page_size();
  order.token = request.page_token();
  TRY(Page(tx, std::move(filter), order, rows, response->mutable_next_page_token()));
  return SetAsOf(tx, response);
}

}  // namespace mestring
