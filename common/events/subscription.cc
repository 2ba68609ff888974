// One thread for each subscription. One row of the subscriber's own database has all that it relies on: the cursor of
// the last event whose effects are in that database. Everything else is a hint.
//
// Events come from two sources: the stream, from which only the exact successor of the cursor is accepted; and the
// owner, who knows its own history and says if our cursor is not part of it. The stream can lose its end, be flushed,
// be trimmed past our cursor, or carry a foreign entry. Each of these shows as "not the successor" or as silence while
// the heartbeat is ahead, and then the subscriber asks the owner.
//
// The effects of an event and the new cursor are one transaction, in which the cursor must move from where we believe
// it to be. Two instances of a subscriber, or a commit whose answer was lost, move no row and roll back, so nothing
// happens twice. A table of the ids seen was rejected: it grows for ever or forgets, and it cannot see a gap.
#include "common/events/subscription.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/fault.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/random.h"
#include "common/base/worker.h"
#include "common/events/parked.h"

namespace mestring {
namespace {

using events::v1::Event;
using events::v1::EventErased;
using events::v1::ListResponse;
using events::v1::SubscriptionStatus;

// The column `state`.
constexpr char kRunning[] = "running", kForked[] = "forked", kPruned[] = "pruned";
// How often the heartbeat is read while events come without a pause, for the lag.
constexpr absl::Duration kHeartbeatEvery = absl::Seconds(1);
// How often a stopped subscription checks whether another instance has been rebased.
constexpr absl::Duration kStoppedPoll = absl::Seconds(2);
// How many bytes of an error's text are stored.
constexpr size_t kErrorLengthMax = 500;

bool IsEpoch(const Event& event) { return event.type() == events::v1::EpochStarted::descriptor()->full_name(); }

// C2. A foreign entry has no type.
bool Follows(Cursor cursor, const Event& event) {
  const absl::StatusOr<Cursor> next = ParseCursor(event.cursor());
  return next.ok() && !event.type().empty() && Follows(cursor, *next, IsEpoch(event));
}

// Errors that may pass without anybody changing anything.
bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return true;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
      return ReasonOf(status).empty();
    default:
      return false;
  }
}

std::string TextOf(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  std::string text = reason.empty() ? std::string(status.message()) : absl::StrCat(reason, ": ", status.message());
  text.resize(std::min(text.size(), kErrorLengthMax));
  return text;
}

absl::Status CursorMoved() { return absl::AbortedError("another instance of this subscriber has moved the cursor"); }

}  // namespace

struct Subscription::Impl {
  Impl(Database& database, Options given)
      : db(database),
        options(std::move(given)),
        stream(options.redis, options.key),
        worker([this] { return Step(); }, {.first = options.retry_min, .most = options.retry_max}) {}

  // Some events in order, and the cursor that stands behind them.
  struct Batch {
    std::vector<Event> events;
    Cursor end;
  };

  // --- the thread ---------------------------------------------------------------------------------
  absl::StatusOr<absl::Duration> Step();
  absl::Status Round();
  absl::Status LoadPlace();

  // --- where events come from (C2, C4, C5) -----------------------------------------------------------
  absl::StatusOr<Batch> Next();
  absl::StatusOr<Batch> FromStream();
  absl::StatusOr<Batch> FromOwner();
  absl::Status ReadHeartbeat();
  absl::Status StopAt(std::string_view why, const absl::Status& answer);
  void SignOfLife();

  // --- what becomes of them (C3, C6) -----------------------------------------------------------------
  absl::Status Apply();
  absl::Status ApplyFirst(size_t count, size_t* failed);
  absl::Status ApplyOne(Tx& tx, const Event& event, bool any_parked);
  absl::Status RunHandlers(Tx& tx, const Event& event);
  absl::Status MoveCursor(Tx& tx, Cursor to);
  absl::Status HandlerFailed(const absl::Status& why);
  absl::Status Park(const absl::Status& why);
  void Applied(size_t count);

  enum class Retried { kApplied, kFailed, kNone };
  absl::StatusOr<Retried> RetryFirstOf(const std::string& subject);

  Database& db;
  const Options options;
  std::map<std::string, Handler, std::less<>> handlers;
  std::vector<Handler> any;
  Stream stream;

  // Only the thread uses these.
  bool loaded = false;  // cursor and state are those of the row
  Cursor cursor;
  std::string state;
  Batch batch;                   // not applied yet
  bool alone = false;            // one event at a time, until the one that failed is over
  int attempts = 0;              // of the batch's first event
  absl::Duration rest;           // after this step
  bool ask_owner = false;        // until the owner has no more events
  std::optional<Cursor> behind;  // the heartbeat was ahead of this cursor when the stream had nothing
  absl::Time heard = absl::Now(), next_stream = absl::InfinitePast(), next_owner = absl::InfinitePast();
  absl::Time next_heartbeat = absl::InfinitePast();
  int stream_failures = 0;

  mutable Mutex mutex;
  bool reload ABSL_GUARDED_BY(mutex) = false;
  Cursor shown_cursor ABSL_GUARDED_BY(mutex);
  std::string shown_state ABSL_GUARDED_BY(mutex) = kRunning;
  std::string error ABSL_GUARDED_BY(mutex), stream_error ABSL_GUARDED_BY(mutex);
  std::optional<Cursor> head ABSL_GUARDED_BY(mutex);                     // of the owner, when it was last heard of
  absl::Time fresh_until ABSL_GUARDED_BY(mutex) = absl::InfinitePast();  // by the last sign of life
  absl::Time owner_until ABSL_GUARDED_BY(mutex) = absl::InfinitePast();  // by the owner's own answer

  Worker worker;  // goes first
};

// --- the thread ----------------------------------------------------------------------------------

absl::StatusOr<absl::Duration> Subscription::Impl::Step() {
  rest = absl::ZeroDuration();
  const absl::Status done = Round();
  // A failure during a stop comes from the interruption.
  if (worker.stopping()) return rest;
  MutexLock lock(mutex);
  if (done.ok()) {
    if (state == kRunning) error.clear();
    return rest;
  }
  if (error != TextOf(done)) {
    error = TextOf(done);
    Log(Severity::kWarning, "subscription.failed", {{"stream", options.key}, {"error", error}});
  }
  return done;
}

absl::Status Subscription::Impl::Round() {
  TRY(LoadPlace());
  if (state != kRunning) {
    rest = kStoppedPoll;
    loaded = false;
    return absl::OkStatus();
  }
  if (batch.events.empty()) {
    ASSIGN(batch, Next());
  }
  return Apply();
}

absl::Status Subscription::Impl::LoadPlace() {
  {
    MutexLock lock(mutex);
    if (loaded && !reload) return absl::OkStatus();
    reload = false;
  }
  Cursor found;
  std::string why;
  TRY(db.Read([&](Tx& tx) -> absl::Status {
    ASSIGN(const auto rows,
           (tx.Query<int64_t, int64_t, std::string, std::string>(
               "SELECT epoch, position, state, error FROM subscription WHERE stream = :stream", options.key)));
    if (rows.empty()) return absl::NotFoundError("the subscription's row is gone");
    std::tie(found.epoch, found.position, state, why) = rows[0];
    return absl::OkStatus();
  }));
  cursor = found;
  batch = Batch();
  alone = false;
  attempts = 0;
  loaded = true;
  MutexLock lock(mutex);
  shown_cursor = cursor;
  shown_state = state;
  if (state != kRunning) error = why;
  return absl::OkStatus();
}

// --- where events come from ------------------------------------------------------------------------

void Subscription::Impl::SignOfLife() {
  heard = absl::Now();
  MutexLock lock(mutex);
  fresh_until = heard + options.stale;
}

// Returns an empty batch if there is nothing new.
absl::StatusOr<Subscription::Impl::Batch> Subscription::Impl::Next() {
  // Without a cursor the oldest event of the owner comes first, not the oldest that Redis happens to hold.
  if (cursor == Cursor()) ask_owner = true;
  if (!ask_owner && absl::Now() >= next_stream) {
    absl::StatusOr<Batch> read = FromStream();
    if (read.ok() && !read->events.empty()) return read;
    if (!read.ok()) {
      next_stream = absl::Now() + BackoffAfter(stream_failures++, options.retry_min, options.retry_max);
      MutexLock lock(mutex);
      stream_error = TextOf(read.status());
    }
  }
  const absl::Time now = absl::Now();
  if (now - heard >= options.fallback && now >= next_owner) ask_owner = true;
  if (ask_owner) return FromOwner();
  if (now < next_stream) rest = std::min(next_stream, std::max(next_owner, heard + options.fallback)) - now;
  return Batch{{}, cursor};
}

absl::StatusOr<Subscription::Impl::Batch> Subscription::Impl::FromStream() {
  const absl::Duration block = std::min(Stream::kBlock, options.fallback);
  ASSIGN(std::vector<Event> entries, stream.Read(cursor, kBatchMax, block));
  PassFaultPoint("sub.read");
  stream_failures = 0;
  Batch found{{}, cursor};
  for (Event& entry : entries) {
    if (!Follows(found.end, entry)) break;
    found.end = *ParseCursor(entry.cursor());
    found.events.push_back(std::move(entry));
  }
  if (!found.events.empty()) SignOfLife();
  // There are entries, but not our successor: the stream was trimmed past us, or they are foreign or of another
  // history.
  if (found.events.empty() && !entries.empty()) ask_owner = true;
  if (found.events.empty() || absl::Now() >= next_heartbeat) TRY(ReadHeartbeat());
  MutexLock lock(mutex);
  stream_error.clear();
  if (!entries.empty() || !head || *head <= cursor) {
    behind.reset();
  } else if (behind == cursor) {
    // The owner has more events and two reads of the stream in a row found none: the stream lost them, or our cursor is
    // not part of it.
    ask_owner = true;
    behind.reset();
  } else {
    behind = cursor;
  }
  return found;
}

absl::Status Subscription::Impl::ReadHeartbeat() {
  next_heartbeat = absl::Now() + kHeartbeatEvery;
  ASSIGN(const std::optional<Cursor> seen, stream.Heartbeat());
  if (seen) SignOfLife();
  MutexLock lock(mutex);
  head = seen;
  // An absent heartbeat is an old one already.
  if (!seen) fresh_until = owner_until;
  return absl::OkStatus();
}

absl::StatusOr<Subscription::Impl::Batch> Subscription::Impl::FromOwner() {
  next_owner = absl::Now() + options.fallback;
  const absl::StatusOr<ListResponse> answer = options.owner(cursor, kBatchMax);
  if (!answer.ok()) {
    const std::string reason = ReasonOf(answer.status());
    ask_owner = false;
    if (reason == "CURSOR_FORKED") TRY(StopAt(kForked, answer.status()));
    if (reason == "CURSOR_PRUNED") TRY(StopAt(kPruned, answer.status()));
    if (state != kRunning) return Batch{{}, cursor};
    return absl::UnavailableError(absl::StrCat("the owner cannot be asked: ", TextOf(answer.status())));
  }
  Batch found{{}, cursor};
  for (const Event& event : answer->events()) {
    // The owner leaves out events that we may not see, so gaps are normal here; going back is not.
    const absl::StatusOr<Cursor> next = ParseCursor(event.cursor());
    if (!next.ok() || *next <= found.end) return absl::UnavailableError("the owner's answer is not in order");
    found.end = *next;
    found.events.push_back(event);
  }
  const absl::StatusOr<Cursor> as_of = ParseCursor(answer->as_of()), end = ParseCursor(answer->head());
  if (as_of.ok()) found.end = std::max(found.end, *as_of);
  ask_owner = end.ok() && found.end < *end && found.end != cursor;
  MutexLock lock(mutex);
  owner_until = fresh_until = absl::Now() + options.stale;
  if (end.ok()) head = *end;
  return found;
}

// Stops the subscription until a person rebases it.
absl::Status Subscription::Impl::StopAt(std::string_view why, const absl::Status& answer) {
  const auto metadata = MetadataOf(answer);
  const auto common = metadata.find("common");
  const std::string text =
      why == kForked
          ? absl::StrCat("the owner's history no longer holds what was applied here after ",
                         common == metadata.end() ? "an unknown place" : common->second, " up to ", cursor.ToString())
          : absl::StrCat("the owner no longer keeps what follows ", cursor.ToString(), ": a snapshot is needed");
  TRY(db.Write([&](Tx& tx) -> absl::Status {
    ASSIGN(const int64_t rows,
           tx.Exec("UPDATE subscription SET state = :state, error = :error, updated_at = :time"
                   " WHERE stream = :stream AND epoch = :epoch AND position = :position AND state = :running",
                   why, text, tx.now(), options.key, cursor.epoch, cursor.position, kRunning));
    return rows == 1 ? absl::OkStatus() : CursorMoved();
  }));
  Log(Severity::kError, why == kForked ? "subscription.forked" : "subscription.pruned",
      {{"stream", options.key}, {"error", text}});
  loaded = false;
  return LoadPlace();
}

// --- what becomes of them --------------------------------------------------------------------------

absl::Status Subscription::Impl::Apply() {
  if (batch.events.empty() && batch.end == cursor) return absl::OkStatus();
  const size_t count = alone ? 1 : batch.events.size();
  size_t failed = count;
  absl::Status status = ApplyFirst(count, &failed);
  if (!status.ok() && failed > 0 && failed < count && !IsTransient(status)) {
    // Apply the events before the one that failed, and then that one alone.
    alone = true;
    size_t none = failed;
    status = ApplyFirst(failed, &none);
    if (status.ok()) return absl::OkStatus();
    failed = none;
  }
  if (status.ok()) return absl::OkStatus();
  if (absl::IsAborted(status) && ReasonOf(status).empty()) {
    loaded = false;
    return absl::OkStatus();
  }
  const bool of_handler = failed < count;
  return of_handler && !IsTransient(status) ? HandlerFailed(status) : status;
}

// Applies the first `count` events of the batch and moves the cursor, or does nothing. If a handler failed, `failed` is
// then the index of its event.
absl::Status Subscription::Impl::ApplyFirst(size_t count, size_t* failed) {
  const bool all = count == batch.events.size();
  ASSIGN(const Cursor to, all ? absl::StatusOr<Cursor>(batch.end) : ParseCursor(batch.events[count - 1].cursor()));
  const size_t none = *failed;
  TRY(db.Write([&](Tx& tx) -> absl::Status {
    *failed = none;
    ASSIGN(const int64_t parked, CountParked(tx, options.key));
    for (size_t i = 0; i < count; ++i) {
      if (absl::Status status = ApplyOne(tx, batch.events[i], parked > 0); !status.ok()) {
        *failed = i;
        return status;
      }
    }
    PassFaultPoint("sub.effects_done");
    return MoveCursor(tx, to);
  }));
  PassFaultPoint("sub.after_commit");
  cursor = to;
  Applied(count);
  return absl::OkStatus();
}

void Subscription::Impl::Applied(size_t count) {
  batch.events.erase(batch.events.begin(), batch.events.begin() + static_cast<int64_t>(count));
  if (attempts > 0) alone = false;
  attempts = 0;
  MutexLock lock(mutex);
  shown_cursor = cursor;
}

absl::Status Subscription::Impl::ApplyOne(Tx& tx, const Event& event, bool any_parked) {
  if (any_parked && event.type() == EventErased::descriptor()->full_name()) {
    TRY(ForgetParked(tx, options.key, event));
  }
  if (any.empty() && handlers.find(event.type()) == handlers.end()) return absl::OkStatus();
  if (any_parked) {
    ASSIGN(const bool behind_another, IsSubjectParked(tx, options.key, event));
    if (behind_another) return mestring::Park(tx, options.key, event, "waits for an earlier event of this subject", 0);
  }
  return RunHandlers(tx, event);
}

absl::Status Subscription::Impl::RunHandlers(Tx& tx, const Event& event) {
  if (const auto own = handlers.find(event.type()); own != handlers.end()) TRY(own->second(tx, event));
  for (const Handler& handler : any) TRY(handler(tx, event));
  return tx.moves().Check();
}

absl::Status Subscription::Impl::MoveCursor(Tx& tx, Cursor to) {
  ASSIGN(const int64_t rows,
         tx.ExecOneLater("UPDATE subscription SET epoch = :epoch, position = :position, updated_at = :time WHERE"
                         " stream = :stream AND epoch = :from_epoch AND position = :from_position AND state = :running",
                         Bind(to.epoch, to.position, tx.now(), options.key, cursor.epoch, cursor.position, kRunning)));
  return rows == 1 ? absl::OkStatus() : CursorMoved();
}

// Counts a permanent failure of the first event of a batch; the fifth parks it.
absl::Status Subscription::Impl::HandlerFailed(const absl::Status& why) {
  alone = true;
  if (++attempts < kAttemptsMax) return why;
  return Park(why);
}

absl::Status Subscription::Impl::Park(const absl::Status& why) {
  const Event& event = batch.events.front();
  ASSIGN(const Cursor to, batch.events.size() == 1 ? absl::StatusOr<Cursor>(batch.end) : ParseCursor(event.cursor()));
  const absl::Status parked = db.Write([&](Tx& tx) -> absl::Status {
    TRY(mestring::Park(tx, options.key, event, TextOf(why), attempts));
    return MoveCursor(tx, to);
  });
  if (absl::IsAborted(parked)) {
    loaded = false;
    return absl::OkStatus();
  }
  TRY(parked);
  Log(Severity::kError, "subscription.parked",
      {{"stream", options.key}, {"cursor", event.cursor()}, {"type", event.type()}, {"error", TextOf(why)}});
  cursor = to;
  Applied(1);
  return absl::OkStatus();
}

// Applies the oldest parked event of a subject once more.
absl::StatusOr<Subscription::Impl::Retried> Subscription::Impl::RetryFirstOf(const std::string& subject) {
  Cursor place;
  bool found = false, failed = false;
  const absl::Status status = db.Write([&](Tx& tx) -> absl::Status {
    found = failed = false;
    ASSIGN(const std::optional<Event> event, OldestParked(tx, options.key, subject));
    if (!event) return absl::OkStatus();
    found = true;
    ASSIGN(place, ParseCursor(event->cursor()));
    if (absl::Status handled = RunHandlers(tx, *event); !handled.ok()) {
      failed = true;
      return handled;
    }
    return Unpark(tx, options.key, place);
  });
  if (status.ok()) return found ? Retried::kApplied : Retried::kNone;
  if (!failed || IsTransient(status)) return status;
  TRY(db.Write([&](Tx& tx) { return NoteParkedFailure(tx, options.key, place, TextOf(status)); }));
  return Retried::kFailed;
}

// --- the interface -------------------------------------------------------------------------------

Subscription::Subscription(Database& db, Options options) : impl_(std::make_unique<Impl>(db, std::move(options))) {}
Subscription::~Subscription() { Stop(); }

void Subscription::On(std::string type, Handler handler) { impl_->handlers[std::move(type)] = std::move(handler); }
void Subscription::OnAny(Handler handler) { impl_->any.push_back(std::move(handler)); }

absl::Status Subscription::Start() {
  TRY(impl_->db.Write([&](Tx& tx) -> absl::Status {
    return tx
        .Exec(
            "INSERT INTO subscription (stream, epoch, position, state, error, updated_at)"
            " VALUES (:stream, 0, 0, :state, '', :time) ON CONFLICT (stream) DO NOTHING",
            impl_->options.key, kRunning, tx.now())
        .status();
  }));
  TRY(impl_->LoadPlace());
  impl_->worker.Start();
  return absl::OkStatus();
}

void Subscription::Stop() {
  impl_->worker.BeginStop();
  impl_->stream.Interrupt();
  impl_->worker.Stop();
}

SubscriptionStatus Subscription::Status() const {
  SubscriptionStatus status;
  int64_t parked = 0;
  impl_->db
      .Read([&](Tx& tx) -> absl::Status {
        ASSIGN(parked, CountParked(tx, impl_->options.key));
        return absl::OkStatus();
      })
      .IgnoreError();
  MutexLock lock(impl_->mutex);
  status.set_stream(impl_->options.key);
  status.set_cursor(impl_->shown_cursor.ToString());
  status.set_parked_events(parked);
  status.set_error(impl_->error.empty() ? impl_->stream_error : impl_->error);
  status.set_lag_events(-1);
  if (impl_->head) status.set_lag_events(std::max<int64_t>(0, impl_->head->position - impl_->shown_cursor.position));
  if (impl_->shown_state == kForked) {
    status.set_state(SubscriptionStatus::STATE_FORKED);
  } else if (impl_->shown_state == kPruned) {
    status.set_state(SubscriptionStatus::STATE_PRUNED);
  } else {
    const bool fresh = absl::Now() < impl_->fresh_until;
    status.set_state(fresh ? SubscriptionStatus::STATE_RUNNING : SubscriptionStatus::STATE_STALE);
  }
  return status;
}

absl::StatusOr<events::v1::RetryParkedEventsResponse> Subscription::RetryParked(std::string_view subject) {
  std::vector<std::string> subjects;
  TRY(impl_->db.Read([&](Tx& tx) -> absl::Status {
    ASSIGN(subjects, ParkedSubjects(tx, impl_->options.key, subject));
    return absl::OkStatus();
  }));
  events::v1::RetryParkedEventsResponse response;
  for (const std::string& each : subjects) {
    while (response.applied() < kRetryMax) {
      ASSIGN(const Impl::Retried retried, impl_->RetryFirstOf(each));
      if (retried != Impl::Retried::kApplied) break;
      response.set_applied(response.applied() + 1);
    }
  }
  TRY(impl_->db.Read([&](Tx& tx) -> absl::Status {
    ASSIGN(const int64_t parked, CountParked(tx, impl_->options.key));
    response.set_still_parked(parked);
    return absl::OkStatus();
  }));
  return response;
}

absl::Status Subscription::Rebase(Cursor cursor) {
  const auto stopped = [&](Tx& tx) -> absl::Status {
    ASSIGN(const auto rows,
           tx.Query<std::string>("SELECT state FROM subscription WHERE stream = :stream", impl_->options.key));
    if (rows.empty()) return NotFound("subscription");
    if (std::get<0>(rows[0]) != kRunning) return absl::OkStatus();
    return Refused("NOT_FORKED", "the subscription runs; only a forked or pruned one can be rebased");
  };
  TRY(impl_->db.Read(stopped));
  TRY(impl_->options.owner(cursor, 1).status());
  TRY(impl_->db.Write([&](Tx& tx) -> absl::Status {
    TRY(stopped(tx));
    return SetCursor(tx, impl_->options.key, cursor);
  }));
  Log(Severity::kWarning, "subscription.rebased", {{"stream", impl_->options.key}, {"cursor", cursor.ToString()}});
  {
    MutexLock lock(impl_->mutex);
    impl_->reload = true;
    impl_->shown_cursor = cursor;
    impl_->shown_state = kRunning;
    impl_->error.clear();
  }
  impl_->worker.Retry();
  return absl::OkStatus();
}

absl::Status Subscription::SetCursor(Tx& tx, std::string_view key, Cursor cursor) {
  return tx
      .Exec(
          "INSERT INTO subscription (stream, epoch, position, state, error, updated_at)"
          " VALUES (:stream, :epoch, :position, :state, '', :time) ON CONFLICT (stream) DO UPDATE SET"
          " epoch = excluded.epoch, position = excluded.position, state = excluded.state, error = '',"
          " updated_at = excluded.updated_at",
          key, cursor.epoch, cursor.position, kRunning, tx.now())
      .status();
}

}  // namespace mestring
