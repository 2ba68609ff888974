// What must happen later: rows in `timers`, written by Tx::Schedule in the transaction that causes
// them, fired exactly once, in order of their due time, also after days of downtime.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "common/base/worker.h"
#include "common/store/database.h"

namespace mestring {

class Timers {
 public:
  // Fires a timer of one kind: `subject` is what it was scheduled for, `due` when. The timer's row is
  // removed in the same transaction; what the handler schedules, publishes and saves commits with it.
  // An error leaves the timer; it is tried again with growing pauses and later timers go on.
  using Handler = std::function<absl::Status(Tx&, std::string_view subject, absl::Time due)>;

  // How often the clock is asked. A timer is late by at most this, if the process runs, holds the lease and keeps up.
  static constexpr absl::Duration kTick = absl::Milliseconds(200);

  explicit Timers(Database& db);

  void On(std::string kind, Handler handler);

  // Fires all that is due by the clock, in order, including what that schedules in the past. Returns
  // how many. Safe with several replicas: a row is removed by exactly one. `go_on` is asked before each.
  absl::StatusOr<int> FireDue(absl::FunctionRef<bool()> go_on = [] { return true; });

  // A thread that fires what is due while `leading` says so.
  void Start(std::function<bool()> leading);
  // After the timer that fires now, however many more are due.
  void Stop();

  struct Counts {
    int64_t pending = 0, overdue = 0;  // overdue: due more than 5 s ago
  };
  absl::StatusOr<Counts> Count();

 private:
  Database& db_;
  std::map<std::string, Handler, std::less<>> handlers_;
  std::function<bool()> leading_;
  Worker worker_;  // goes first
};

}  // namespace mestring
