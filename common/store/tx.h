// One transaction for the code of a service: statements, events and timers that become durable together or not at all.
//
// SQL here avoids what the two engines do differently: placeholders are `:name`, each used once, bound in order; TEXT
// and BIGINT are the only types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/store/moves.h"
#include "common/store/value.h"

namespace google::protobuf {
class Message;
}

namespace mestring {

class Connection;
struct TxGroup;

// The settings of all transactions of a database.
struct TxSettings {
  const Clock* clock = nullptr;  // required
  absl::TimeZone zone;           // of the municipality
  std::string event_source;      // "https://mestring.local/municipalities/1108/housing"
};

// Not thread-safe; lives as long as the function it was handed to. In a Read every call that changes something fails.
class Tx {
 public:
  // Fixed for the transaction, unless it forgets the moment. Rounded to microseconds like the columns, so that a stored
  // time equals the one in the answer.
  absl::Time now() const { return now_; }
  // Its civil date in the municipality's time zone.
  absl::CivilDay today() const { return DateIn(settings_.zone, now_); }
  absl::TimeZone zone() const { return settings_.zone; }

  // For an anonymous call (mestring.access.v1.anonymous): from here on now() is the beginning of today, and events are
  // published with that time and a random id. Call it before anything is stored or published.
  void ForgetTheMoment();

  // Runs a statement; returns the number of rows that it changed. A broken constraint is ALREADY_EXISTS with reason
  // CONSTRAINT (the rule before it should have given the better error). After an error, here or in a Query, the
  // transaction is lost: every later call returns the same error, and so does the Write, whatever its function returns.
  // Use ON CONFLICT to insert what may exist already.
  template <class... P>
  absl::StatusOr<int64_t> Exec(std::string_view sql, const P&... parameters) {
    return ExecValues(sql, Bind(parameters...));
  }

  // Like Exec, for a statement after which the function need not wait: on PostgreSQL it goes to the server together
  // with the next statement of the transaction that waits, or with the commit. Later statements see what it changed. If
  // it fails, the function runs again with nothing deferred, and then gets the error here, as from Exec.
  template <class... P>
  absl::Status ExecLater(std::string_view sql, const P&... parameters) {
    return ExecValuesLater(sql, Bind(parameters...));
  }

  // Inserts a row of this transaction, but not at once: before the commit one statement inserts it together with those
  // of other writes, or earlier if a statement names the table. `into` is "access_log (time, caller, …)". A row that
  // breaks a constraint fails the Write as Exec's would.
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
    if (rows.ok() && *rows > 0) wrote_ = true;
    return rows;
  }

  // The untyped form of ExecLater.
  absl::Status ExecValuesLater(std::string_view sql, std::vector<Value> parameters);
  // The same for a statement that should change one row. Returns how many it changed; while it is deferred that is 1,
  // and the transaction commits only if it was.
  absl::StatusOr<int64_t> ExecOneLater(std::string_view sql, std::vector<Value> parameters);

  // Appends an event to the log in this transaction. `subject`: the id of the resource. `version`: its version after
  // the change. An event whose fields break their rules or hold free text fails the transaction. The edge, the timers
  // and a subscription check at the end of a Write that the events match what was saved (moves.h).
  absl::Status Publish(const google::protobuf::Message& event, std::string_view subject, int64_t version);
  // The same for a resource that was just saved.
  template <class Resource>
  absl::Status Publish(const google::protobuf::Message& event, const Resource& subject) {
    return Publish(event, subject.id(), subject.version());
  }

  // The cursor of the log as this transaction sees it: `as_of` in lists.
  absl::StatusOr<Cursor> Head();

  // Schedules a timer, or cancels it. There is one pending timer for each (kind, subject): scheduling again moves it.
  // timers.h fires them.
  absl::Status Schedule(std::string_view kind, std::string_view subject, absl::Time due);
  absl::Status CancelTimer(std::string_view kind, std::string_view subject);

  // Whether this is the transaction of a Write, not of a Read.
  bool writes() const;
  // Whether a row was changed so far (by Exec, or through rows.h; timers do not count), and whether an event was
  // published, in this run of the function.
  bool wrote() const { return wrote_; }
  bool published() const { return published_; }
  // The resources that have moved so far (rows.h notes them), and those that the events name.
  Moves& moves() { return moves_; }

  // The `source` of events of this service.
  std::string_view event_source() const { return settings_.event_source; }

  // The W3C trace context under which events of this transaction are published.
  void set_traceparent(std::string traceparent) { traceparent_ = std::move(traceparent); }

 private:
  friend class Database;
  friend class Reader;
  friend class WriteQueue;

  Tx(Connection& connection, TxGroup& group, const TxSettings& settings, absl::Time now)
      : connection_(connection),
        group_(&group),
        settings_(settings),
        now_(absl::FromUnixMicros(absl::ToUnixMicros(now))) {}

  // Runs what the caller of Read or Write handed in. It fails also if one of its statements did, whatever it returns,
  // and if it throws: then with INTERNAL.
  absl::Status Do(absl::FunctionRef<absl::Status(Tx&)> fn);
  absl::StatusOr<int64_t> Run(std::string_view sql, const std::vector<Value>& parameters, int columns,
                              std::vector<std::vector<Cell>>* rows);
  absl::StatusOr<int64_t> RunLater(std::string_view sql, std::vector<Value> parameters,
                                   std::optional<int64_t> must_change = std::nullopt);
  // What comes before each statement.
  absl::Status MakeReady(std::string_view sql, const std::vector<Value>& parameters);
  absl::Status AddLater(std::string_view into, std::vector<Value> values);
  absl::Status BeginEpoch(int64_t seen, std::string_view reason);
  absl::Status Append(int64_t kind, const google::protobuf::Message& event, std::string_view subject, int64_t version);

  Connection& connection_;
  TxGroup* const group_;
  const TxSettings& settings_;
  absl::Time now_;
  std::string traceparent_;
  absl::Status failed_;   // the first error of a statement
  bool changed_ = false;  // something may have to be undone
  bool wrote_ = false, published_ = false;
  bool knows_moment_ = true;
  Moves moves_;
};

}  // namespace mestring
