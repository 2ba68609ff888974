#include "common/rpc/watcher.h"

#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/fault.h"
#include "grpcpp/server_context.h"
#include "mestring/events/v1/events.pb.h"

namespace mestring {
namespace {

absl::Duration Uptime() { return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch()); }

absl::Status TokenOver() {
  return Unauthenticated("the token has expired; watch again from your last cursor with a new one");
}

}  // namespace

absl::Status WatcherTooSlow() {
  return Overloaded("WATCHER_TOO_SLOW", "you do not take events fast enough; watch again from your last cursor",
                    absl::Seconds(1));
}

Watcher::Watcher(Hub& hub, grpc::CallbackServerContext* context) : hub_(hub), context_(context), started_(Uptime()) {}

bool Watcher::Wants(const WatchEntry& entry) const {
  // Everybody who may have got the event must get its erasure, whatever subjects they asked for.
  if (TellsErasure(entry.type)) return MaySee(*caller, entry.audience);
  return (types.empty() || types.contains(entry.type)) && (subjects.empty() || subjects.contains(entry.subject)) &&
         MaySee(*caller, entry.audience);
}

void Watcher::WriteBookmark() {
  events::v1::WatchResponse bookmark;
  bookmark.set_cursor(cursor.ToString());
  Write(WireOf(bookmark));
}

bool Watcher::BookmarkDue(absl::Duration every) const {
  MutexLock lock(mutex_);
  return !last_write_ || Uptime() - *last_write_ >= every;
}

void Watcher::Write(grpc::ByteBuffer message) {
  MutexLock lock(mutex_);
  if (ended_) return;
  PassFaultPoint("watch.before_write");
  message_ = std::move(message);
  writing_ = true;
  last_write_ = Uptime();
  StartWrite(&message_);
}

void Watcher::OnWriteDone(bool ok) {
  // Advancing may end the call, and OnDone drops `self` on another thread.
  const std::shared_ptr<Watcher> keep = [this] {
    MutexLock lock(mutex_);
    writing_ = false;
    message_.Clear();
    return self;
  }();
  if (!ok) return End(CallCancelled());
  hub_.Advance(keep);
}

void Watcher::End(const absl::Status& status) {
  MutexLock lock(mutex_);
  if (ended_ || context_ == nullptr) return;
  ended_ = Uptime();
  Finish(hub_.Ended(*context_, caller.get(), status, Uptime() - started_));
}

void Watcher::Sweep(absl::Duration write_timeout) {
  bool too_slow = false;
  {
    MutexLock lock(mutex_);
    if (context_ == nullptr) return;
    if (ended_) {
      if (Uptime() - *ended_ > write_timeout) context_->TryCancel();
      return;
    }
    too_slow = writing_ && Uptime() - *last_write_ > write_timeout;
  }
  // Real time, like the check of the token.
  if (absl::Now() >= caller->until) return End(TokenOver());
  if (too_slow) End(WatcherTooSlow());
}

void Watcher::OnDone() {
  std::shared_ptr<Watcher> keep;
  {
    MutexLock lock(mutex_);
    context_ = nullptr;
    keep = std::move(self);
  }
  hub_.Forget(keep);
}

}  // namespace mestring
