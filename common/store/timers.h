// Timers: rows in `timers` that Tx::Schedule writes in the transaction that needs them. Each fires exactly once, the
// earliest due first, also after days of downtime. A timer whose handler fails is put off, and later ones overtake it.
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
  // Handles a timer of one kind: `subject` and `due` are those of Schedule. The timer's row is removed in the same
  // transaction; what the handler schedules, publishes and saves commits with it. After an error the timer stays, and
  // is tried again with growing pauses.
  using Handler = std::function<absl::Status(Tx&, std::string_view subject, absl::Time due)>;

  // How often due timers are looked for. A timer is late by at most this, if the process runs, holds the lease and
  // keeps up.
  static constexpr absl::Duration kTick = absl::Milliseconds(200);

  explicit Timers(Database& db);

  void On(std::string kind, Handler handler);

  // Fires the timers that are due by the clock, the earliest first, including those that handlers schedule in the past.
  // Returns how many. Safe with several replicas: only one removes a row. Calls `go_on` before each.
  absl::StatusOr<int> FireDue(absl::FunctionRef<bool()> go_on = [] { return true; });

  // Starts a thread that fires due timers while `leading` returns true.
  void Start(std::function<bool()> leading);
  // Stops after the timer that fires now, however many more are due.
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
