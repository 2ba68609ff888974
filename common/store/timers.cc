// Timers: rows that become calls.
//
// One Write chooses the timer, removes its row and runs its handler. So a timer fires exactly once whenever a process
// dies, two replicas cannot fire the same one, and what a handler schedules in the past takes its place in the order.
// If a handler fails, everything that it did is rolled back, and another Write puts the timer off; the others do not
// wait for it. Firing many timers in one Write would be faster after days of downtime, but one failure would undo its
// neighbours.
#include "common/store/timers.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"

namespace mestring {
namespace {

// Pauses after a failure double from the first to the longest. After ten minutes we try again: soon enough after a
// repair, and seldom enough to keep the log short.
constexpr absl::Duration kPauseFirst = absl::Seconds(1);
constexpr absl::Duration kPauseLongest = absl::Minutes(10);
constexpr int64_t kPauseDoublings = 10;
// A timer that is later than this counts as overdue. It is well above kTick; after a restart it shows how long the
// service was down.
constexpr absl::Duration kOverdueAfter = absl::Seconds(5);
// The most timers that one FireDue fires, so that a handler that always schedules itself in the past does not run for
// ever.
constexpr int kFireMax = 100'000;

// What one attempt did.
struct Attempt {
  bool found = false;
  std::string kind, subject;
  absl::Time due;
  absl::Status handled;
};

absl::Duration PauseAfter(int64_t attempts) {
  return std::min(kPauseFirst * (int64_t{1} << std::min(attempts, kPauseDoublings)), kPauseLongest);
}

// Puts a failed timer off, unless somebody has moved or cancelled it meanwhile.
absl::Status PutOff(Tx& tx, const Attempt& attempt) {
  ASSIGN(auto rows,
         tx.Query<int64_t>("SELECT attempts FROM timers WHERE kind = :kind AND subject = :subject AND due_time = :due",
                           attempt.kind, attempt.subject, attempt.due));
  if (rows.empty()) return absl::OkStatus();
  const int64_t attempts = std::get<0>(rows[0]);
  return tx
      .Exec("UPDATE timers SET attempts = :attempts, next_try = :next WHERE kind = :kind AND subject = :subject",
            attempts + 1, tx.now() + PauseAfter(attempts), attempt.kind, attempt.subject)
      .status();
}

}  // namespace

Timers::Timers(Database& db)
    : db_(db), worker_([this]() -> absl::StatusOr<absl::Duration> {
        const auto go_on = [this] { return !worker_.stopping() && leading_(); };
        // An error comes from the database; the next tick tries again, and health reports it.
        if (go_on()) FireDue(go_on).status().IgnoreError();
        return kTick;
      }) {}

void Timers::On(std::string kind, Handler handler) { handlers_[std::move(kind)] = std::move(handler); }

absl::StatusOr<int> Timers::FireDue(absl::FunctionRef<bool()> go_on) {
  // Read first, without the writer's lock: five times a second there is usually nothing due.
  bool any = false;
  TRY(db_.Read([&](Tx& tx) -> absl::Status {
    ASSIGN(auto due, tx.Query<int64_t>("SELECT 1 FROM timers WHERE due_time <= :now AND next_try <= :now2 LIMIT 1",
                                       tx.now(), tx.now()));
    any = !due.empty();
    return absl::OkStatus();
  }));
  int fired = 0;
  for (int i = 0; any && i < kFireMax && go_on(); ++i) {
    Attempt attempt;
    const absl::Status status = db_.Write([&](Tx& tx) -> absl::Status {
      attempt = Attempt();
      ASSIGN(auto due, (tx.Query<std::string, std::string, int64_t>(
                           "SELECT kind, subject, due_time FROM timers WHERE due_time <= :now AND next_try <= :now2"
                           " ORDER BY due_time, kind, subject LIMIT 1",
                           tx.now(), tx.now())));
      if (due.empty()) return absl::OkStatus();
      const auto& [kind, subject, micros] = due[0];
      attempt = {.found = true, .kind = kind, .subject = subject, .due = absl::FromUnixMicros(micros), .handled = {}};
      TRY(tx.CancelTimer(kind, subject));
      const auto handler = handlers_.find(kind);
      attempt.handled = handler == handlers_.end()
                            ? absl::InternalError(absl::StrCat("nothing handles timers of kind ", kind))
                            : handler->second(tx, subject, attempt.due);
      if (attempt.handled.ok()) attempt.handled = tx.moves().Check();
      return attempt.handled;
    });
    if (status.ok() && !attempt.found) break;
    if (status.ok()) {
      ++fired;
    } else if (!attempt.handled.ok()) {
      Log(Severity::kError, "timer.failed",
          {{"kind", attempt.kind}, {"subject", attempt.subject}, {"error", attempt.handled.message()}});
      TRY(db_.Write([&](Tx& tx) { return PutOff(tx, attempt); }));
    } else {
      return status;  // the database's own trouble, not the timer's
    }
  }
  return fired;
}

void Timers::Start(std::function<bool()> leading) {
  leading_ = std::move(leading);
  worker_.Start();
}

void Timers::Stop() { worker_.Stop(); }

absl::StatusOr<Timers::Counts> Timers::Count() {
  Counts counts;
  TRY(db_.Read([&](Tx& tx) -> absl::Status {
    ASSIGN(auto pending, tx.Query<int64_t>("SELECT COUNT(*) FROM timers"));
    ASSIGN(auto overdue,
           tx.Query<int64_t>("SELECT COUNT(*) FROM timers WHERE due_time < :late", tx.now() - kOverdueAfter));
    counts = {.pending = std::get<0>(pending.at(0)), .overdue = std::get<0>(overdue.at(0))};
    return absl::OkStatus();
  }));
  return counts;
}

}  // namespace mestring
