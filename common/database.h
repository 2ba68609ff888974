// The database of one service: writes one at a time in groups, reads in parallel on snapshots.
//
// A write saves rows and publishes its events in the same transaction; each event gets the next
// position 1, 2, 3 … without a gap, in commit order. Two engines behind one SQL text: SQLite (a file,
// one process) and PostgreSQL (several replicas). SQL here avoids what they do differently:
// placeholders are `:name`, each used once, bound in order; TEXT and BIGINT are the only types.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/clock.h"
#include "common/errors.h"
#include "common/ids.h"
#include "common/moves.h"

namespace google::protobuf {
class Message;
}

namespace mestring {

class Connection;  // One session of an engine (connection.h).

// A column's value as the engine sent it; nullopt is NULL.
using Cell = std::optional<std::string>;
// A bound parameter.
using Value = std::variant<std::monostate, int64_t, std::string>;

// One transaction, seen by the code of a service. Not thread-safe; lives as long as the function it
// was handed to. In a Read every call that changes something fails.
class Tx {
 public:
  // Fixed for the transaction, unless it forgets the moment; and as fine as a column: what is answered with it reads
  // back as the same.
  absl::Time now() const { return now_; }
  // Its civil date in the municipality's time zone.
  absl::CivilDay today() const { return DateIn(zone_, now_); }
  absl::TimeZone zone() const { return zone_; }

  // For what somebody does without being known (mestring.access.v1.anonymous): from here on now() is the beginning of
  // today, and events are published with that time and a random id. Called before anything is stored or told.
  void ForgetTheMoment();

  // Runs a statement; returns the number of rows it changed. A broken constraint is ALREADY_EXISTS
  // with reason CONSTRAINT (the rule before it should have given the better error). After an error,
  // here or in a Query, the transaction can only be given up: every later call returns the same error,
  // and so does the Write, whatever its function returns. What may exist already is inserted with
  // ON CONFLICT.
  template <class... P>
  absl::StatusOr<int64_t> Exec(std::string_view sql, const P&... parameters) {
    return ExecValues(sql, Bind(parameters...));
  }

  // Inserts a row that has its place in the transaction but not at once: it is put into the table before the
  // commit, with those of other writes in one statement, or earlier if a statement names the table. `into` is
  // "access_log (time, caller, …)". A row that breaks a constraint fails the Write as Exec's would.
  template <class... P>
  absl::Status InsertLater(std::string_view into, const P&... values) {
    return AddLater(into, Bind(values...));
  }

  // Runs a query whose columns are, in order, of the types C: std::string (NULL reads as ""),
  // int64_t (NULL reads as 0), or a std::optional of either.
  //   ASSIGN(auto rows, tx.Query<std::string, int64_t>("SELECT id, version FROM stays WHERE place_id = :p", place));
  template <class... C, class... P>
  absl::StatusOr<std::vector<std::tuple<C...>>> Query(std::string_view sql, const P&... parameters) {
    std::vector<std::vector<Cell>> cells;
    ASSIGN(int64_t ignored, Run(sql, Bind(parameters...), sizeof...(C), &cells));
    (void)ignored;
    std::vector<std::tuple<C...>> rows;
    rows.reserve(cells.size());
    for (std::vector<Cell>& row : cells) rows.push_back(ToTuple<C...>(row, std::index_sequence_for<C...>{}));
    return rows;
  }

  // The untyped form of Query, for code that knows the columns only at run time (rows.h).
  absl::StatusOr<std::vector<std::vector<Cell>>> QueryCells(std::string_view sql, const std::vector<Value>& parameters,
                                                            int columns);
  absl::StatusOr<int64_t> ExecValues(std::string_view sql, const std::vector<Value>& parameters) {
    absl::StatusOr<int64_t> rows = Run(sql, parameters, 0, nullptr);
    if (rows.ok() && *rows > 0) stored_ = true;
    return rows;
  }

  // How C++ values are bound: times as microseconds, dates as ISO text, nullopt as NULL.
  static Value ToValue(std::nullopt_t) { return std::monostate{}; }
  static Value ToValue(int value) { return int64_t{value}; }
  static Value ToValue(int64_t value) { return value; }
  static Value ToValue(bool value) { return int64_t{value}; }
  static Value ToValue(const char* value) { return std::string(value); }
  static Value ToValue(std::string_view value) { return std::string(value); }
  static Value ToValue(const std::string& value) { return value; }
  static Value ToValue(const Value& value) { return value; }
  static Value ToValue(absl::Time value) { return absl::ToUnixMicros(value); }
  static Value ToValue(absl::CivilDay value) { return FormatDate(value); }
  template <class T>
  static Value ToValue(const std::optional<T>& value) {
    return value ? ToValue(*value) : Value(std::monostate{});
  }

  // Parameters of a statement, in order.
  template <class... P>
  static std::vector<Value> Bind(const P&... parameters) {
    std::vector<Value> values;
    values.reserve(sizeof...(P));
    (Push(values, ToValue(parameters)), ...);
    return values;
  }
  // Not inline: where it is, g++ 12 warns wrongly of the bounds of a variant.
  [[gnu::noinline]] static void Push(std::vector<Value>& values, Value&& value) { values.push_back(std::move(value)); }

  // Appends an event to the log in this transaction. `subject` is the id of the resource, `version`
  // its version after the change. Fails, and with it the transaction, if the event's fields break their
  // rules or hold free text. Whoever runs the code of a service in a Write checks at its end that what it
  // saved and what it told agree (moves.h): the edge, the timers, a subscription.
  absl::Status Publish(const google::protobuf::Message& event, std::string_view subject, int64_t version);

  // The cursor of the log as this transaction sees it: `as_of` in lists.
  absl::StatusOr<Cursor> Head();

  // Timers: what must happen later, exactly once. One pending timer per (kind, subject): scheduling
  // again moves it. See timers.h for who fires them.
  absl::Status Schedule(std::string_view kind, std::string_view subject, absl::Time due);
  absl::Status CancelTimer(std::string_view kind, std::string_view subject);

  // Whether a row has been changed so far (by Exec and what rests on it, rows.h; a timer is no row of anybody's),
  // and whether an event has been published. Of this run of the function only: a second one begins with neither.
  bool stored() const { return stored_; }
  bool told() const { return told_; }
  // Which resources have moved so far (noted by rows.h), and which the events name.
  Moves& moves() { return moves_; }

  // The `source` of events of this service: "/municipalities/1108/housing".
  std::string_view event_source() const { return event_source_; }

  // The W3C trace context under which events of this transaction are published.
  void set_traceparent(std::string traceparent) { traceparent_ = std::move(traceparent); }

 private:
  friend class Database;
  struct Group;  // What one physical transaction shares: the head, how many events it has appended.

  Tx(Connection& connection, Group& group, absl::Time now, absl::TimeZone zone, std::string_view event_source)
      : connection_(connection),
        group_(&group),
        now_(absl::FromUnixMicros(absl::ToUnixMicros(now))),
        zone_(zone),
        event_source_(event_source) {}

  static void FromCell(Cell& cell, std::string* out) { *out = std::move(cell).value_or(""); }
  static void FromCell(Cell& cell, int64_t* out) {
    if (!cell || !absl::SimpleAtoi(*cell, out)) *out = 0;
  }
  template <class T>
  static void FromCell(Cell& cell, std::optional<T>* out) {
    if (cell) FromCell(cell, &out->emplace());
  }
  template <class... C, size_t... I>
  static std::tuple<C...> ToTuple(std::vector<Cell>& row, std::index_sequence<I...>) {
    std::tuple<C...> out;
    (FromCell(row[I], &std::get<I>(out)), ...);
    return out;
  }

  absl::StatusOr<int64_t> Run(std::string_view sql, const std::vector<Value>& parameters, int columns,
                              std::vector<std::vector<Cell>>* rows);
  absl::Status AddLater(std::string_view into, std::vector<Value> values);
  absl::Status BeginEpoch(int64_t seen, std::string_view reason);
  absl::Status Append(int64_t kind, const google::protobuf::Message& event, std::string_view subject, int64_t version);

  Connection& connection_;
  Group* const group_;
  absl::Time now_;
  const absl::TimeZone zone_;
  const std::string_view event_source_;
  std::string traceparent_;
  absl::Status failed_;   // the first error of a statement
  bool changed_ = false;  // something may have to be undone
  bool stored_ = false, told_ = false;
  bool knows_moment_ = true;
  Moves moves_;
};

// A numbered step of the schema, run once, in its own transaction. Never edited once landed.
struct Migration {
  int number;
  std::string_view name;  // "0001_housing"
  std::string_view sql;   // statements separated by ";" at the end of a line
};

class Database {
 public:
  // What waits for the writer beyond this is refused with Overloaded: at some 10,000 writes a second
  // it is a tenth of a second of work, the most that a caller should wait in line.
  static constexpr int kWriteQueueMax = 1024;
  // Writes in one physical transaction: enough to pay the fsync (measured: 64 gives 11 times the rate
  // of 1), few enough that the first does not wait long for the last.
  static constexpr int kGroupMax = 64;

  struct Options {
    // "sqlite:<path>" or "postgresql://user@host:port/name" (libpq URI or key=value form after "postgresql:").
    std::string url;
    int read_connections = 4;
    const Clock* clock = nullptr;  // required
    absl::TimeZone zone;           // of the municipality
    std::string event_source;      // "/municipalities/1108/housing", for Tx::Publish
  };

  // FAILED_PRECONDITION unless Open understands this address.
  static absl::Status CheckUrl(std::string_view url);
  // Opens the database and brings the kernel's own schema, then `migrations`, up to date, under a lock.
  // Errors: FAILED_PRECONDITION with a sentence for the operator: in use by another process (SQLite),
  // schema newer than this program; UNAVAILABLE if it cannot be reached.
  // `shared` are the tables of code that several services link, numbered on their own.
  static absl::StatusOr<std::unique_ptr<Database>> Open(Options options, absl::Span<const Migration> migrations,
                                                        absl::Span<const Migration> shared = {});
  ~Database();

  // Runs `fn` in a transaction together with its events and returns when that is durable. If `fn`
  // returns an error, nothing of it remains and the error is returned; others in the same group are
  // not touched. `fn` may run again (after a lost connection), so it has no effect outside `tx`.
  // Errors of its own: Overloaded (queue full), Unavailable (database gone; whether the write
  // happened is then unknown: repeat it with the same request_id).
  // Thread-safe. Must not be called from inside `fn`.
  absl::Status Write(absl::FunctionRef<absl::Status(Tx&)> fn);

  // Runs `fn` on one consistent snapshot, in parallel to writes. Thread-safe.
  absl::Status Read(absl::FunctionRef<absl::Status(Tx&)> fn);

  // Begins a term: in one write, epoch = max(current, seen, unix seconds - 1) + 1, recorded in
  // `epochs` with an EpochStarted entry in the log. Returns the new cursor. (BUS.md, R1)
  absl::StatusOr<Cursor> StartEpoch(int64_t seen, std::string_view reason);

  // `listener` is called after each commit of this process that appended to the log, with its end, on
  // the committing thread: it must only wake somebody up. Register before the first write.
  void OnCommit(std::function<void(Cursor head)> listener);

  // True while the last attempt to reach the database succeeded. Cheap.
  bool healthy() const;
  // Asks the database now.
  absl::Status Ping();
  // "sqlite" or "postgresql".
  std::string_view engine() const;
  const Clock& clock() const;
  absl::TimeZone zone() const;

  // For metrics: how many waited, and sizes of commits so far.
  int queue_length() const;
  struct CommitCounts {
    int64_t commits = 0, writes = 0, events = 0;
  };
  CommitCounts counts() const;

 private:
  struct Impl;
  explicit Database(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Declared in a service's schema folder by CMake's mestring_schema(): the embedded files, in order.
//   extern const absl::Span<const Migration> kHousingSchema;

}  // namespace mestring
