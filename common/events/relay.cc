// One thread copies the log to the stream. It remembers three things and checks each again after any error:
// - the lease: this process is the one that publishes. It saves work; two that publish for a moment do no harm, because
//   both copy the same rows and only one append of each can match.
// - the term: the log grows under the epoch that this relay began. If the head has another epoch, or went back, the
//   database is not the one it was, and the relay begins a new term.
// - the end of the stream. After each error, reconnect and surprise the relay looks it up again (Verify): an entry that
//   is in the log stays, another is an orphan and is removed. Then, and now and then, it also looks for holes before
//   the end (CheckMiddle).
// After any failure the relay forgets these three, waits and looks again. After a restart it knows only what the
// database says.
//
// Marking rows as published was rejected: the mark and Redis disagree after one of them lost its tail, which is when
// the mark matters; and it would be one more write for each event.
#include "common/events/relay.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <set>

#include "common/base/fault.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/random.h"
#include "common/base/worker.h"
#include "common/events/outbox.h"
#include "common/events/stream_check.h"
#include "common/store/lease.h"

namespace mestring {
namespace {

using events::v1::Event;
using events::v1::RelayStatus;

constexpr char kLeaseName[] = "relay";
// Reading the stream at the beginning of a term must not delay the start of a service.
constexpr absl::Duration kProbeTimeout = absl::Milliseconds(500);
// How often to look for commits of other replicas, which do not wake this thread.
constexpr absl::Duration kPoll = absl::Milliseconds(100);
constexpr absl::Duration kBackoffMin = absl::Milliseconds(50), kBackoffMax = absl::Seconds(5);
// Rows read from the log at once, and pages copied before the relay sees to its heartbeat and lease again.
constexpr int kPageRows = 4 * Stream::kAppendRowsMax, kPagesPerRound = 32;
// Entries of the stream in which to look for the epoch of another relay.
constexpr int kProbeRows = 256;
// How far another relay's clock may be ahead of ours.
constexpr absl::Duration kClockSkewMax = absl::Hours(24);
// Rows of the log removed in one write, so that others do not wait long; and how many heartbeats lie between two looks.
constexpr int kPruneRows = 1000, kPruneEveryBeats = 30;
// Trims in one heartbeat: up to 50,000 entries a second, more than are ever written.
constexpr int kTrimsPerBeat = 10;
// Erased entries that one round removes from the stream; a window holds far fewer.
constexpr int64_t kErasedMax = 100'000;

}  // namespace

struct Relay::Impl {
  Impl(Database& database, Options given)
      : db(database),
        options(std::move(given)),
        lease(db, kLeaseName, options.holder, options.lease),
        worker([this] { return Round(); }, {.first = kBackoffMin, .most = kBackoffMax}) {
    options.redis.command_timeout = options.command_timeout;
    // The database may commit after the relay is gone, so it gets a waker that stays valid.
    db.OnCommit([wake = worker.Waker()](Cursor) { wake(); });
  }

  // --- the thread's life -------------------------------------------------------------------------
  absl::StatusOr<absl::Duration> Round();
  absl::Status Serve();
  void Failed(const absl::Status& status);

  // --- lease and term (R1, R5) -------------------------------------------------------------------
  absl::Status Lead();
  absl::Status BeginTerm();
  int64_t SeenOnStream();
  absl::Status LookAtHead();
  absl::Status CheckHead(Cursor found);
  absl::Status TermOver(std::string_view reason, std::string_view sentence);

  // --- the stream (R2 to R4, R6, R7) -------------------------------------------------------------
  absl::Status Verify();
  absl::Status Repair(const StreamEnd& end);
  absl::StatusOr<bool> Copy();
  absl::StatusOr<std::vector<Event>> ReadAfter(Cursor cursor);
  absl::Status SendRows(absl::Span<const Event> rows);
  absl::Status TakeAnswer();
  void NowPublished(Cursor cursor);
  absl::Status MakeRoom();
  absl::Status RemoveErased(Cursor first);
  absl::Status CheckMiddle();
  absl::Status Prune();

  // Reads, and notes if the database could not be reached: then a new term must begin.
  absl::Status Read(absl::FunctionRef<absl::Status(Tx&)> fn) { return Noted(db.Read(fn)); }
  absl::Status Write(absl::FunctionRef<absl::Status(Tx&)> fn) { return Noted(db.Write(fn)); }
  auto Reading() {
    return [this](absl::FunctionRef<absl::Status(Tx&)> fn) { return Read(fn); };
  }
  absl::Status Noted(absl::Status status) {
    if (absl::IsUnavailable(status)) new_term = "reconnect";
    return status;
  }
  bool embedded() const { return db.engine() == "sqlite"; }

  Database& db;
  Options options;
  Lease lease;
  std::unique_ptr<Stream> stream;  // null without a URL
  std::atomic<bool> leading{false};

  // Only the thread uses these, and Start before the thread runs.
  bool has_lease = false;
  std::string new_term = "start";  // why a term must begin; empty in a term
  int64_t seen_epoch = 0;          // the largest found on the stream
  int64_t epoch = 0;               // the epoch of our term
  Cursor head;                     // of the log, when it was last read
  bool verified = false;           // the next two are true
  Cursor stream_last;              // the stream's last ID
  Cursor published;                // up to here the stream has, or had, the log
  std::deque<Cursor> in_flight;    // the last IDs of the appends sent and not answered
  std::set<Cursor> removed;        // erased entries taken off the stream since it was last repaired
  absl::Time next_beat = absl::InfinitePast(), next_lease = absl::InfinitePast(), next_check = absl::InfinitePast(),
             next_prune = absl::InfinitePast();
  std::string policy;

  mutable Mutex mutex;
  RelayStatus status ABSL_GUARDED_BY(mutex);   // head, published, redis_up, counters, error
  Cursor counted_from ABSL_GUARDED_BY(mutex);  // published, or where the term began if that is not known

  Worker worker;  // goes first
};

// --- the thread's life ---------------------------------------------------------------------------

absl::StatusOr<absl::Duration> Relay::Impl::Round() {
  absl::Status done = Lead();
  leading = has_lease && new_term.empty();
  if (done.ok() && !has_lease) return options.lease / 4;
  if (done.ok()) {
    // Prune the log whether or not Redis works (R6b). An error of Prune does not stop the copying, unless the term is
    // in doubt.
    done = Prune();
    if (new_term.empty()) done.Update(Serve());
  }
  leading = has_lease && new_term.empty();
  if (!done.ok()) {
    Failed(done);
    return done;
  }
  const absl::Duration until_beat = std::max(next_beat - absl::Now(), absl::ZeroDuration());
  return embedded() ? until_beat : std::min(until_beat, kPoll);
}

absl::Status Relay::Impl::Serve() {
  if (stream != nullptr && !verified) TRY(Verify());
  const bool beat = absl::Now() >= next_beat;
  if (stream == nullptr) {
    if (beat) TRY(LookAtHead());
  } else {
    // A full Redis accepts neither entries nor the heartbeat, but it still deletes: make room first (R6b).
    const absl::Status room = beat ? MakeRoom() : absl::OkStatus();
    if (absl::IsUnavailable(room)) return room;
    ASSIGN(const bool all, Copy());
    if (!all) worker.Wake();
    TRY(room);  // if the database is full, the relay cannot record a trim, but it still copies events
    // The heartbeat comes last: subscribers may rely on it that the stream was checked (R6).
    if (beat) TRY(stream->SetHeartbeat(head));
  }
  if (!beat) return absl::OkStatus();
  next_beat = absl::Now() + options.heartbeat;
  MutexLock lock(mutex);
  status.set_error(policy);
  return absl::OkStatus();
}

void Relay::Impl::Failed(const absl::Status& why) {
  const bool redis = ReasonOf(why) == "REDIS_UNAVAILABLE";
  verified = false;
  if (stream != nullptr) stream->Disconnect();
  in_flight.clear();
  const std::string text(why.message());
  MutexLock lock(mutex);
  if (redis) status.set_redis_up(false);
  // Log a new reason once, not at each try.
  if (status.error() != text) Log(Severity::kWarning, "relay.failed", {{"stream", options.key}, {"error", text}});
  status.set_error(text);
}

// --- lease and term ------------------------------------------------------------------------------

absl::Status Relay::Impl::Lead() {
  const bool due = absl::Now() >= next_lease || !new_term.empty();
  if (!has_lease || (due && !embedded())) {
    const bool had = has_lease;
    const absl::StatusOr<bool> taken = lease.Take();
    TRY(Noted(taken.status()));
    has_lease = *taken;
    next_lease = absl::Now() + options.lease / 3;
    if (!has_lease) {
      if (had) Log(Severity::kWarning, "relay.lease_lost", {{"stream", options.key}});
      new_term = "takeover";
      MutexLock lock(mutex);
      status.set_redis_up(false);  // only the replica that leads knows
      status.clear_error();
      return absl::OkStatus();
    }
  }
  return new_term.empty() ? absl::OkStatus() : BeginTerm();
}

absl::Status Relay::Impl::BeginTerm() {
  seen_epoch = std::max(seen_epoch, SeenOnStream());
  ASSIGN(const Cursor started, db.StartEpoch(seen_epoch, new_term));
  PassFaultPoint("relay.term_committed");
  Log(Severity::kInfo, "relay.term", {{"stream", options.key}, {"cursor", started.ToString()}, {"reason", new_term}});
  epoch = started.epoch;
  head = started;
  new_term.clear();
  verified = false;
  MutexLock lock(mutex);
  status.set_head(head.ToString());
  if (status.published().empty()) counted_from = started;
  return absl::OkStatus();
}

// The largest epoch near the end of the stream that a relay wrote; 0 if Redis does not answer at once. A term never
// waits for Redis: Verify finds a stream that is ahead later (R5).
int64_t Relay::Impl::SeenOnStream() {
  if (stream == nullptr) return 0;
  RedisOptions hurried = options.redis;
  hurried.connect_timeout = std::min(hurried.connect_timeout, kProbeTimeout);
  hurried.command_timeout = std::min(hurried.command_timeout, kProbeTimeout);
  Stream probe(hurried, options.key);
  const auto entries = probe.NewestFirst("+", kProbeRows);
  const auto last = probe.LastId();
  if (!entries.ok() || !last.ok()) return 0;
  const int64_t clock = absl::ToUnixSeconds(std::max(absl::Now(), db.clock().Now()) + kClockSkewMax);
  int64_t seen = last->epoch <= clock ? last->epoch : 0;
  for (const Stream::Entry& entry : *entries) {
    const absl::StatusOr<Cursor> cursor = ParseCursor(entry.id);
    if (cursor.ok() && !entry.event_id.empty() && cursor->epoch < kEpochMax) seen = std::max(seen, cursor->epoch);
  }
  return seen;
}

absl::Status Relay::Impl::TermOver(std::string_view reason, std::string_view sentence) {
  new_term = std::string(reason);
  return Unavailable("TERM_OVER", sentence);
}

absl::Status Relay::Impl::LookAtHead() {
  Cursor found;
  TRY(Read([&](Tx& tx) -> absl::Status {
    ASSIGN(found, tx.Head());
    return absl::OkStatus();
  }));
  return CheckHead(found);
}

// Every read of the log checks its head here.
absl::Status Relay::Impl::CheckHead(Cursor found) {
  if (found.epoch != epoch) return TermOver("reconnect", "the log has another epoch than this relay's");
  if (found < head) return TermOver("reconnect", "the log went back in time");
  head = found;
  MutexLock lock(mutex);
  status.set_head(head.ToString());
  return absl::OkStatus();
}

// --- the stream ----------------------------------------------------------------------------------

absl::Status Relay::Impl::Verify() {
  ASSIGN(const StreamEnd end, FindEnd(*stream, Reading()));
  if (end.ahead > epoch) {
    seen_epoch = end.ahead;
    return TermOver("stream_ahead", "the stream is ahead of this relay's epoch");
  }
  TRY(Repair(end));
  const absl::Status checked = stream->CheckPolicy();
  if (absl::IsUnavailable(checked)) return checked;
  if (policy.empty() && !checked.ok()) {
    Log(Severity::kWarning, "relay.policy", {{"stream", options.key}, {"error", std::string(checked.message())}});
  }
  // A policy that could not be checked is one line in the log, not a lasting error.
  policy = absl::IsFailedPrecondition(checked) ? std::string(checked.message()) : "";
  verified = true;
  next_beat = next_check = absl::InfinitePast();
  MutexLock lock(mutex);
  status.set_redis_up(true);
  return absl::OkStatus();
}

// Makes the stream a contiguous part of the log again, and decides where copying goes on.
absl::Status Relay::Impl::Repair(const StreamEnd& end) {
  Cursor first, from;   // the first entry of the window; copying goes on after `from`
  bool reset = false;   // the stream cannot be continued
  bool erased = false;  // the entries up to the last ID were erased
  TRY(Read([&](Tx& tx) -> absl::Status {
    ASSIGN(first, FirstEntrySince(tx, tx.now() - options.window));
    ASSIGN(const Cursor window, Predecessor(tx, first));
    reset = !end.valid || end.astray || *end.valid < window;
    if (!reset) {
      const absl::Status next = ReadLog(tx, *end.valid, 1).status();
      reset = ReasonOf(next) == "CURSOR_PRUNED";
      if (!reset) TRY(next);
    }
    if (!reset && end.orphans.empty() && *end.valid < end.last) {
      ASSIGN(erased, AllErased(tx, *end.valid, end.last));
    }
    from = reset ? window : erased ? end.last : *end.valid;
    return absl::OkStatus();
  }));

  if (reset) TRY(Write([&](Tx& tx) { return RecordTrim(tx, first); }));
  const bool empty = end.last == Cursor();
  stream_last = end.last;
  if (!empty && (reset || !end.orphans.empty() || end.last != from)) {
    Stream::Repair repair;
    repair.reset = reset;
    if (!reset) repair.orphans = end.orphans;
    repair.valid_last = from;
    ASSIGN(stream_last, stream->Append(end.last, {}, repair));
    if (stream_last != from) return StreamMoved();
    if (!end.orphans.empty()) {
      Log(Severity::kWarning, "relay.orphans_removed",
          {{"stream", options.key}, {"count", static_cast<int64_t>(end.orphans.size())}, {"after", from.ToString()}});
    }
  }
  const bool rebuilt = reset ? head.position > 0 : from < published;
  if (rebuilt) Log(Severity::kWarning, "relay.rebuild", {{"stream", options.key}, {"after", from.ToString()}});
  removed.clear();
  NowPublished(from);
  MutexLock lock(mutex);
  status.set_rebuilds(status.rebuilds() + (rebuilt ? 1 : 0));
  status.set_orphans_removed(status.orphans_removed() + static_cast<int64_t>(end.orphans.size()));
  return absl::OkStatus();
}

// Copies the log after `published`, at most some pages. True if that was everything. It reads the next page while Redis
// works on the one before.
absl::StatusOr<bool> Relay::Impl::Copy() {
  bool all = false;
  for (int page = 0; page < kPagesPerRound && !all && !worker.stopping(); ++page) {
    const Cursor sent = in_flight.empty() ? published : in_flight.back();
    ASSIGN(const std::vector<Event> rows, ReadAfter(sent));
    all = rows.size() < static_cast<size_t>(kPageRows);
    TRY(SendRows(rows));
  }
  while (!in_flight.empty()) TRY(TakeAnswer());
  return all;
}

absl::StatusOr<std::vector<Event>> Relay::Impl::ReadAfter(Cursor cursor) {
  std::vector<Event> rows;
  Cursor found;
  TRY(Read([&](Tx& tx) -> absl::Status {
    ASSIGN(found, tx.Head());
    if (found.epoch != epoch) return absl::OkStatus();
    ASSIGN(rows, ReadLog(tx, cursor, kPageRows));
    return absl::OkStatus();
  }));
  TRY(CheckHead(found));
  return rows;
}

absl::Status Relay::Impl::SendRows(absl::Span<const Event> rows) {
  while (!rows.empty()) {
    size_t count = 0, bytes = 0;
    while (count < rows.size() && count < Stream::kAppendRowsMax && (count == 0 || bytes < Stream::kAppendBytesMax)) {
      bytes += rows[count++].data().size();
    }
    ASSIGN(const Cursor last, ParseCursor(rows[count - 1].cursor()));
    if (in_flight.size() == Stream::kInFlightMax) TRY(TakeAnswer());
    PassFaultPoint("relay.before_append");
    TRY(stream->SendAppend(in_flight.empty() ? stream_last : in_flight.back(), rows.subspan(0, count)));
    in_flight.push_back(last);
    rows.remove_prefix(count);
  }
  return absl::OkStatus();
}

absl::Status Relay::Impl::TakeAnswer() {
  ASSIGN(const Cursor last, stream->TakeAppended());
  PassFaultPoint("relay.after_append");
  if (last != in_flight.front()) return StreamMoved();
  in_flight.pop_front();
  stream_last = last;
  NowPublished(last);
  return absl::OkStatus();
}

void Relay::Impl::NowPublished(Cursor cursor) {
  published = cursor;
  MutexLock lock(mutex);
  status.set_published(published.ToString());
  counted_from = published;
}

// Does what a full Redis still allows: checks the end (R6), trims to the window, removes erased entries (R7), and looks
// for holes.
absl::Status Relay::Impl::MakeRoom() {
  ASSIGN(const Cursor last, stream->LastId());
  if (last != stream_last) return StreamMoved();
  Cursor first, trimmed;
  TRY(Read([&](Tx& tx) -> absl::Status {
    ASSIGN(first, FirstEntrySince(tx, tx.now() - options.window));
    ASSIGN(trimmed, TrimmedUpTo(tx));
    return absl::OkStatus();
  }));
  // Another process, whose clock is ahead, may have trimmed more.
  if (first > trimmed) TRY(Write([&](Tx& tx) { return RecordTrim(tx, first); }));
  PassFaultPoint("relay.before_trim");
  int64_t removed_now = Stream::kTrimMax;
  for (int i = 0; i < kTrimsPerBeat && removed_now > 0; ++i) {
    ASSIGN(removed_now, stream->Trim(first));
  }
  TRY(RemoveErased(first));
  return absl::Now() < next_check ? absl::OkStatus() : CheckMiddle();
}

// Only in the window, which begins with `first`: older entries are trimmed anyway.
absl::Status Relay::Impl::RemoveErased(Cursor first) {
  std::vector<std::tuple<int64_t, int64_t>> erased;
  TRY(Read([&](Tx& tx) -> absl::Status {
    ASSIGN(erased, (tx.Query<int64_t, int64_t>("SELECT epoch, position FROM outbox WHERE kind = 2 AND"
                                               " (epoch, position) >= (:epoch, :position)"
                                               " ORDER BY epoch, position LIMIT :limit",
                                               first.epoch, first.position, kErasedMax)));
    return absl::OkStatus();
  }));
  for (const auto& [epoch, position] : erased) {
    const Cursor cursor{epoch, position};
    if (cursor > published || removed.count(cursor) > 0) continue;
    TRY(stream->Delete(cursor));
    removed.insert(cursor);
  }
  return absl::OkStatus();
}

// R6a. A missing entry cannot be added below the last ID, so the stream is emptied and filled again from the beginning
// of its window. Groups get some entries twice and miss none.
absl::Status Relay::Impl::CheckMiddle() {
  ASSIGN(const std::optional<Cursor> hole, FindHole(*stream, Reading(), stream_last, options.window));
  if (hole) {
    Log(Severity::kError, "relay.hole", {{"stream", options.key}, {"before", hole->ToString()}});
    // Reading a long stream takes a while: check that this relay still has the lease.
    next_lease = absl::InfinitePast();
    TRY(Lead());
    if (!has_lease) return TermOver("takeover", "another relay has the lease");
    TRY(LookAtHead());
    StreamEnd end;
    end.last = stream_last;
    TRY(Repair(end));
    MutexLock lock(mutex);
    status.set_holes(status.holes() + 1);
  }
  next_check = absl::Now() + options.check;
  return absl::OkStatus();
}

absl::Status Relay::Impl::Prune() {
  if (absl::Now() < next_prune) return absl::OkStatus();
  int64_t pruned = 0;
  TRY(Write([&](Tx& tx) -> absl::Status {
    ASSIGN(pruned, PruneLog(tx, tx.now() - options.retention, kPruneRows));
    return absl::OkStatus();
  }));
  // If more rows are due, prune again soon, but let other writes in between.
  next_prune = absl::Now() + options.heartbeat * (pruned == kPruneRows ? 1 : kPruneEveryBeats);
  return absl::OkStatus();
}

// --- the interface -------------------------------------------------------------------------------

Relay::Relay(Database& db, Options options) : impl_(std::make_unique<Impl>(db, std::move(options))) {}
Relay::~Relay() { Stop(); }

absl::Status Relay::Start() {
  if (!impl_->options.redis.url.empty()) {
    impl_->stream = std::make_unique<Stream>(impl_->options.redis, impl_->options.key);
  }
  TRY(impl_->Lead());
  impl_->leading = impl_->has_lease;
  impl_->worker.Start();
  return absl::OkStatus();
}

void Relay::Stop() {
  impl_->worker.BeginStop();
  // A batch takes milliseconds; a longer one waits for a Redis that does not answer.
  if (!impl_->worker.EndedWithin(absl::Milliseconds(500)) && impl_->stream != nullptr) impl_->stream->Interrupt();
  impl_->worker.Stop();
  if (impl_->has_lease) impl_->lease.GiveBack();
  impl_->has_lease = impl_->leading = false;
}

bool Relay::leading() const { return impl_->leading; }

RelayStatus Relay::Status() const {
  RelayStatus status;
  Cursor counted_from;
  {
    MutexLock lock(impl_->mutex);
    status = impl_->status;
    counted_from = impl_->counted_from;
  }
  status.set_stream(impl_->options.key);
  status.set_leading(leading());
  std::optional<absl::Time> waiting_since;
  absl::Time now;
  const absl::Status read = impl_->db.Read([&](Tx& tx) -> absl::Status {
    now = tx.now();
    ASSIGN(const Cursor head, tx.Head());
    status.set_head(head.ToString());
    if (!status.leading() || impl_->stream == nullptr) return absl::OkStatus();
    status.set_lag_events(std::max<int64_t>(0, head.position - counted_from.position));
    if (status.lag_events() == 0) return absl::OkStatus();
    ASSIGN(waiting_since, OldestTimeAfter(tx, counted_from));
    return absl::OkStatus();
  });
  if (waiting_since) status.set_lag_seconds(absl::ToDoubleSeconds(now - *waiting_since));
  if (status.error().empty() && !read.ok()) status.set_error(std::string(read.message()));
  return status;
}

}  // namespace mestring
