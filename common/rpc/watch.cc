#include "common/rpc/watch.h"

// The hub of the watchers.
//
// One thread (the tail) reads the log as it grows, parses each event once, computes who may see it and what is sent,
// and puts it into the ring. A watcher has a place in the ring and at most one write under way. At any time exactly one
// thread owns a watcher, which moves along this chain:
//
//   catching up (a page of the log at a time) -> advancing -> writing -> advancing -> … -> waiting
//
// OnWriteDone advances a watcher on a thread of gRPC; when the tail has added events, a few wakers advance those that
// wait. So no watcher has a thread, queue or timer of its own, and an event for a thousand of them is parsed and
// serialised once: they all send the same slice.
//
// Only Finish breaks the chain. It may come at any time (the client is gone, the sweeper finds a write that does not
// end, the service drains), once, and then the watcher does nothing more.
//
// A watcher gets events and bookmarks in the order of the log: a bookmark says how far it has looked, and the same
// chain sends it. A queue for each watcher would have been simpler, but a thousand slow readers would have held a
// thousand queues.

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/time/clock.h"
#include "common/base/field_rules.h"
#include "common/base/log.h"
#include "common/base/mutex.h"
#include "common/base/worker.h"
#include "common/events/outbox.h"
#include "common/rpc/audience.h"
#include "common/rpc/watch_entry.h"
#include "common/rpc/watch_ring.h"
#include "common/rpc/watcher.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "mestring/events/v1/events.grpc.pb.h"

namespace mestring {
namespace {

namespace pb = events::v1;

// Entries that the tail reads at once.
constexpr int kTailPage = 512;
// Entries that a watcher behind the ring holds at a time. They bound its memory, and that of a thousand who come back
// together after a restart.
constexpr int kCatchUpPage = 32;
// Reads of the log at once for watchers behind the ring: they must leave connections to RPCs.
constexpr int kCatchUpThreads = 2;
constexpr int kWakers = 2;
// Watchers that a waker takes at once.
constexpr size_t kWakeBatch = 16;
// How often the sweeper looks for due bookmarks, expired tokens and writes that do not end.
constexpr absl::Duration kSweep = absl::Seconds(1);
constexpr absl::Duration kTooManyRetry = absl::Seconds(5);

constexpr int kListDefault = 50;
constexpr int kListMax = 1000;
// gRPC clients accept 4 MB by default.
constexpr size_t kListBytesMax = 1 << 20;

absl::Status Draining() {
  return Unavailable("DRAINING", "the service is stopping; watch again from your last cursor");
}

// One page of the log for a caller, without the events that they may not see.
absl::Status ListEvents(Tx& tx, Call& call, const pb::ListRequest& request, pb::ListResponse* response) {
  Cursor at;
  if (!request.after().empty()) {
    ASSIGN(at, ParseCursor(request.after()));
  }
  ASSIGN(const Cursor head, tx.Head());
  const int size = request.page_size() == 0 ? kListDefault : std::min(request.page_size(), kListMax);
  const bool sees_all = SeesWholeStream(call.caller);
  size_t bytes = 0;
  int looked = 0;
  while (response->events_size() < size && looked < kListMax && bytes < kListBytesMax) {
    ASSIGN(std::vector<pb::Event> events, ReadLog(tx, at, std::min(size - response->events_size(), kListMax - looked)));
    if (events.empty()) break;
    for (pb::Event& event : events) {
      if (bytes >= kListBytesMax) break;
      ++looked;
      ASSIGN(at, ParseCursor(event.cursor()));
      if (!sees_all) {
        const Audience audience = AudienceOfEvent(event);
        if (!MaySee(call.caller, audience)) continue;
        for (const std::string& person : audience.persons) call.RecordAccess(person);
      }
      bytes += event.ByteSizeLong();
      *response->add_events() = std::move(event);
    }
  }
  response->set_as_of(at.ToString());
  response->set_head(head.ToString());
  return absl::OkStatus();
}

}  // namespace

// The gRPC service. Watch sends raw bytes, because an event is serialised once for all watchers.
class Watch::Edges : public pb::EventService::WithRawCallbackMethod_Watch<
                         pb::EventService::WithCallbackMethod_List<pb::EventService::Service>> {
 public:
  explicit Edges(Hub& hub, RpcPipeline& edge) : hub_(hub), edge_(edge) {}

  MESTRING_READ_RPC(pb, List) { return ListEvents(tx, call, request, response); }

  MESTRING_ASKS(pb, Watch);
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Watch(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request) override;

 private:
  Hub& hub_;
  RpcPipeline& edge_;
};

class Watch::Hub : public Watcher::Hub {
 public:
  Hub(Database& db, RpcPipeline& edge, Options options)
      : db(db), edge(edge), options(options), edges(*this, edge), ring_(options.ring_size) {
    for (int i = 0; i < kWakers; ++i) wakers_.emplace_back([this] { return AdvanceSome(); });
    for (int i = 0; i < kCatchUpThreads; ++i) catchers_up_.emplace_back([this] { return CatchUpOne(); });
    // The database may commit after the hub is gone, so it gets a waker that stays valid.
    db.OnCommit([wake = tail_worker_.Waker()](Cursor) { wake(); });
  }
  ~Hub() override { Stop(); }

  absl::Status Start();
  void Stop();
  void Drain();
  int watchers() const {
    MutexLock lock(mutex_);
    return static_cast<int>(all_.size());
  }

  // Adds a new watcher, or returns why not.
  absl::Status Admit(const std::shared_ptr<Watcher>& watcher);
  void Advance(const std::shared_ptr<Watcher>& watcher) override;
  void Forget(const std::shared_ptr<Watcher>& watcher) override;
  grpc::Status Ended(const grpc::ServerContextBase& context, const Caller* caller, const absl::Status& status,
                     absl::Duration took) override {
    return edge.Ended(context, *pb::WatchRequest::descriptor(), caller, status, took);
  }

  Database& db;
  RpcPipeline& edge;
  const Options options;
  // Waiting watchers are checked once in a sweep.
  const absl::Duration bookmark_in_time = std::max(options.bookmark - kSweep, options.bookmark / 2);
  Edges edges;

 private:
  WatchRing::Found LookInRing(Watcher& watcher, WatchEntryPtr* found) const {
    MutexLock lock(mutex_);
    return ring_.Look(
        watcher.place, watcher.cursor, [&](const WatchEntry& entry) { return watcher.Wants(entry); }, found);
  }
  bool Wait(const std::shared_ptr<Watcher>& watcher);
  void CatchUp(const std::shared_ptr<Watcher>& watcher);
  bool ReadTail();
  absl::Status Jump();
  void Restart();
  absl::StatusOr<absl::Duration> AdvanceSome();
  absl::StatusOr<absl::Duration> CatchUpOne();
  absl::StatusOr<absl::Duration> Sweep();
  // Makes all waiting watchers ready, because there is something to look at.
  void ReadyAll() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PutBehind(const std::shared_ptr<Watcher>& watcher) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Wake(std::deque<Worker>& workers) {
    for (Worker& worker : workers) worker.Wake();
  }
  std::vector<std::shared_ptr<Watcher>> All() const {
    MutexLock lock(mutex_);
    return {all_.begin(), all_.end()};
  }

  mutable Mutex mutex_;
  CondVar forgotten_;  // the last of all_
  WatchRing ring_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::shared_ptr<Watcher>> all_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Watcher>> waiting_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Watcher>> ready_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Watcher>> behind_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;

  // Only the tail's thread uses these.
  Cursor tail_;
  bool asleep_ = false;  // it has not followed the log, because nobody watched

  Worker tail_worker_{
      [this]() -> absl::StatusOr<absl::Duration> { return ReadTail() ? absl::ZeroDuration() : options.poll; }};
  Worker sweeper_{[this] { return Sweep(); }};
  std::deque<Worker> wakers_, catchers_up_;
};

// --- The service ---------------------------------------------------------------------------------

grpc::ServerWriteReactor<grpc::ByteBuffer>* Watch::Edges::Watch(grpc::CallbackServerContext* context,
                                                                const grpc::ByteBuffer* request) {
  auto watcher = std::make_shared<Watcher>(hub_, context);
  watcher->self = watcher;
  const absl::Status status = [&]() -> absl::Status {
    ASSIGN(watcher->caller, edge_.CallerOf(*context, *pb::WatchRequest::descriptor(), request->Length()));
    pb::WatchRequest parsed;
    grpc::ByteBuffer bytes(*request);
    if (!grpc::SerializationTraits<pb::WatchRequest>::Deserialize(&bytes, &parsed).ok()) {
      return InvalidArgument("request", "must be a WatchRequest");
    }
    TRY(CheckFields(parsed));
    watcher->types.insert(parsed.types().begin(), parsed.types().end());
    watcher->subjects.insert(parsed.subjects().begin(), parsed.subjects().end());
    watcher->from_now = parsed.after().empty();
    if (!watcher->from_now) {
      ASSIGN(watcher->cursor, ParseCursor(parsed.after()));
    }
    return hub_.Admit(watcher);
  }();
  if (!status.ok()) watcher->End(status);
  return watcher.get();
}

// --- The hub -------------------------------------------------------------------------------------

absl::Status Watch::Hub::Start() {
  TRY(db.Read([this](Tx& tx) -> absl::Status {
    ASSIGN(tail_, tx.Head());
    return absl::OkStatus();
  }));
  {
    MutexLock lock(mutex_);
    ring_.Restart(tail_);
  }
  tail_worker_.Start();
  sweeper_.Start();
  for (std::deque<Worker>* workers : {&wakers_, &catchers_up_}) {
    for (Worker& worker : *workers) worker.Start();
  }
  return absl::OkStatus();
}

void Watch::Hub::Stop() {
  Drain();
  tail_worker_.Stop();
  sweeper_.Stop();
  for (std::deque<Worker>* workers : {&wakers_, &catchers_up_}) {
    for (Worker& worker : *workers) worker.Stop();
  }
  // The server shuts down before this object is destroyed: every call has ended, but its OnDone may not have run yet.
  MutexLock lock(mutex_);
  while (!all_.empty()) forgotten_.Wait(mutex_);
}

void Watch::Hub::Drain() {
  {
    MutexLock lock(mutex_);
    draining_ = true;
  }
  for (const std::shared_ptr<Watcher>& watcher : All()) watcher->End(Draining());
}

absl::Status Watch::Hub::Admit(const std::shared_ptr<Watcher>& watcher) {
  {
    MutexLock lock(mutex_);
    if (draining_) return Draining();
    if (static_cast<int>(all_.size()) >= options.watchers_max) {
      return Overloaded("TOO_MANY_WATCHERS", "the service has as many watchers as it can; try again", kTooManyRetry);
    }
    all_.insert(watcher);
    PutBehind(watcher);
  }
  // The tail may be asleep.
  tail_worker_.Wake();
  return absl::OkStatus();
}

void Watch::Hub::Forget(const std::shared_ptr<Watcher>& watcher) {
  MutexLock lock(mutex_);
  all_.erase(watcher);
  if (all_.empty()) forgotten_.NotifyAll();
}

// Moves a watcher to its next write, or to where it waits.
void Watch::Hub::Advance(const std::shared_ptr<Watcher>& watcher) {
  while (!watcher->ended()) {
    while (watcher->page_next < watcher->page.size()) {
      const WatchEntryPtr entry = std::move(watcher->page[watcher->page_next++]);
      watcher->cursor = entry->cursor;
      if (watcher->Wants(*entry)) return watcher->Write(entry->wire);
    }
    watcher->page.clear();
    watcher->page_next = 0;
    WatchEntryPtr found;
    switch (LookInRing(*watcher, &found)) {
      case WatchRing::Found::kEntry:
        return watcher->Write(found->wire);
      case WatchRing::Found::kOverrun:
        return watcher->End(WatcherTooSlow());
      case WatchRing::Found::kMore:
        continue;
      case WatchRing::Found::kBehind: {
        if (watcher->BookmarkDue(options.bookmark)) return watcher->WriteBookmark();
        MutexLock lock(mutex_);
        return PutBehind(watcher);
      }
      case WatchRing::Found::kEnd:
        // At the end of the ring for the first time, or for a while: send a bookmark.
        if (watcher->BookmarkDue(bookmark_in_time)) return watcher->WriteBookmark();
        if (Wait(watcher)) return;
    }
  }
}

void Watch::Hub::ReadyAll() {
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(ready_));
  waiting_.clear();
  Wake(wakers_);
}

void Watch::Hub::PutBehind(const std::shared_ptr<Watcher>& watcher) {
  behind_.push_back(watcher);
  Wake(catchers_up_);
}

// False if an event has come meanwhile.
bool Watch::Hub::Wait(const std::shared_ptr<Watcher>& watcher) {
  MutexLock lock(mutex_);
  if (!ring_.AtEnd(watcher->place)) return false;
  waiting_.push_back(watcher);
  return true;
}

// Reads one page of the log for a watcher behind the ring. Every watcher begins here, because only the database can say
// whether its cursor is known.
void Watch::Hub::CatchUp(const std::shared_ptr<Watcher>& watcher) {
  if (watcher->ended()) return;
  std::vector<pb::Event> events;
  const absl::Status status = db.Read([&](Tx& tx) -> absl::Status {
    events.clear();
    if (watcher->from_now) {
      ASSIGN(watcher->cursor, tx.Head());
      return absl::OkStatus();
    }
    ASSIGN(events, ReadLog(tx, watcher->cursor, kCatchUpPage));
    return absl::OkStatus();
  });
  if (!status.ok()) return watcher->End(status);
  watcher->from_now = false;
  watcher->page.reserve(events.size());
  for (pb::Event& event : events) watcher->page.push_back(WatchEntryOf(std::move(event)));
  Advance(watcher);
}

// Reads new entries of the log into the ring. True if there may be more. Without watchers it reads nothing, so that
// commits do not pay for events that nobody waits for.
bool Watch::Hub::ReadTail() {
  if (watchers() == 0) {
    asleep_ = true;
    return false;
  }
  if (asleep_ && !Jump().ok()) return false;
  std::vector<pb::Event> events;
  const absl::Status status = db.Read([&](Tx& tx) -> absl::Status {
    ASSIGN(events, ReadLog(tx, tail_, kTailPage));
    return absl::OkStatus();
  });
  if (!status.ok()) {
    if (status.code() == absl::StatusCode::kOutOfRange) Restart();
    return false;
  }
  if (events.empty()) return false;
  // The ring still has the erased event and the log does not, so everybody goes on from the log.
  if (std::any_of(events.begin(), events.end(), [](const auto& event) { return TellsErasure(event.type()); })) {
    return Jump().ok();
  }
  std::vector<WatchEntryPtr> entries;
  entries.reserve(events.size());
  for (pb::Event& event : events) entries.push_back(WatchEntryOf(std::move(event)));
  tail_ = entries.back()->cursor;
  MutexLock lock(mutex_);
  for (WatchEntryPtr& entry : entries) ring_.Add(std::move(entry));
  ReadyAll();
  return static_cast<int>(events.size()) == kTailPage;
}

// Empties the ring and goes on at the end of the log. Watchers before that end catch up by pages.
absl::Status Watch::Hub::Jump() {
  TRY(db.Read([this](Tx& tx) -> absl::Status {
    ASSIGN(tail_, tx.Head());
    return absl::OkStatus();
  }));
  asleep_ = false;
  MutexLock lock(mutex_);
  ring_.Restart(tail_);
  // Watchers that waited at the end of the old ring may lack events before the new one.
  ReadyAll();
  return absl::OkStatus();
}

// The log is no longer the one that the tail followed: the database went back in time. Watchers come back with their
// cursors, and get CURSOR_FORKED if theirs is in the lost part.
void Watch::Hub::Restart() {
  const Cursor before = tail_;
  if (!Jump().ok()) return;
  Log(Severity::kError, "watch.log_changed", {{"before", before.ToString()}, {"after", tail_.ToString()}});
  for (const std::shared_ptr<Watcher>& watcher : All()) {
    watcher->End(Unavailable("LOG_CHANGED", "the log is another one; watch again from your last cursor"));
  }
}

absl::StatusOr<absl::Duration> Watch::Hub::AdvanceSome() {
  std::vector<std::shared_ptr<Watcher>> batch;
  {
    MutexLock lock(mutex_);
    while (!ready_.empty() && batch.size() < kWakeBatch) {
      batch.push_back(std::move(ready_.front()));
      ready_.pop_front();
    }
  }
  for (const std::shared_ptr<Watcher>& watcher : batch) Advance(watcher);
  return batch.empty() ? absl::InfiniteDuration() : absl::ZeroDuration();
}

absl::StatusOr<absl::Duration> Watch::Hub::CatchUpOne() {
  std::shared_ptr<Watcher> watcher;
  {
    MutexLock lock(mutex_);
    if (behind_.empty()) return absl::InfiniteDuration();
    watcher = std::move(behind_.front());
    behind_.pop_front();
  }
  CatchUp(watcher);
  return absl::ZeroDuration();
}

absl::StatusOr<absl::Duration> Watch::Hub::Sweep() {
  {
    MutexLock lock(mutex_);
    // Watchers whose bookmark is due go on; those that have ended are removed.
    std::vector<std::shared_ptr<Watcher>> still;
    for (std::shared_ptr<Watcher>& watcher : waiting_) {
      if (watcher->ended()) continue;
      const bool due = watcher->BookmarkDue(bookmark_in_time);
      (due ? ready_.emplace_back() : still.emplace_back()) = std::move(watcher);
    }
    waiting_ = std::move(still);
    if (!ready_.empty()) Wake(wakers_);
  }
  for (const std::shared_ptr<Watcher>& watcher : All()) watcher->Sweep(options.write_timeout);
  return kSweep;
}

// --- The face ------------------------------------------------------------------------------------

Watch::Watch(Database& db, RpcPipeline& edge, Options options) : hub_(std::make_unique<Hub>(db, edge, options)) {}
Watch::~Watch() = default;
grpc::Service* Watch::service() { return &hub_->edges; }
absl::Status Watch::Start() { return hub_->Start(); }
void Watch::Drain() { hub_->Drain(); }
int Watch::watchers() const { return hub_->watchers(); }

}  // namespace mestring
