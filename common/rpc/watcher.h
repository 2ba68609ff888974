// One Watch call: a caller, what they want to see, and how far they have looked. It has at most one write under way.
// Members that are not guarded belong to the thread that owns the watcher at the moment.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/mutex.h"
#include "common/rpc/token.h"
#include "common/rpc/watch_entry.h"
#include "common/rpc/watch_ring.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"

namespace mestring {

// Only the thread that has the watcher at the moment uses the members that are not marked as guarded.
class Watcher : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  // The owner of all watchers; outlives them.
  class Hub {
   public:
    virtual ~Hub() = default;
    // After a write: moves the watcher to its next write, or to where it waits.
    virtual void Advance(const std::shared_ptr<Watcher>& watcher) = 0;
    // The call has ended: removes the watcher.
    virtual void Forget(const std::shared_ptr<Watcher>& watcher) = 0;
    // The wire form of its end.
    virtual grpc::Status Ended(const grpc::ServerContextBase& context, const Caller* caller, const absl::Status& status,
                               absl::Duration took) = 0;
  };

  Watcher(Hub& hub, grpc::CallbackServerContext* context);

  void OnWriteDone(bool ok) override;
  void OnCancel() override { End(CallCancelled()); }
  void OnDone() override;

  // The caller, and what they want to see.
  std::shared_ptr<const Caller> caller;
  absl::flat_hash_set<std::string> types, subjects;
  bool from_now = false;

  // How far this watcher has looked. Nothing at or before it is sent again.
  Cursor cursor;
  WatchRing::Place place;
  // While behind the ring: a page of the log.
  std::vector<WatchEntryPtr> page;
  size_t page_next = 0;
  // Keeps this object until OnDone.
  std::shared_ptr<Watcher> self;

  bool Wants(const WatchEntry& entry) const;

  void Write(grpc::ByteBuffer message) ABSL_LOCKS_EXCLUDED(mutex_);
  // Sends a bookmark: how far this watcher has looked.
  void WriteBookmark();
  // Ends the call, if it has not ended.
  void End(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  bool ended() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    return ended_.has_value();
  }
  // Whether nothing was sent for so long.
  bool BookmarkDue(absl::Duration every) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends the call if its token has expired or its write takes too long; cancels it if even the end is not taken.
  void Sweep(absl::Duration write_timeout) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Hub& hub_;
  mutable Mutex mutex_;
  grpc::CallbackServerContext* context_ ABSL_GUARDED_BY(mutex_);  // null after OnDone
  const absl::Duration started_;
  grpc::ByteBuffer message_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Duration> last_write_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Duration> ended_ ABSL_GUARDED_BY(mutex_);
};

// A watcher that does not take events fast enough ends with this.
absl::Status WatcherTooSlow();

}  // namespace mestring
