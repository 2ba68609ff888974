// The newest events of the log, in the order of the log, for those who read them one by one at different speeds.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "common/base/ids.h"
#include "common/rpc/watch_entry.h"

namespace mestring {

// Not thread-safe; const methods may run side by side.
class WatchRing {
 public:
  // Where a reader stands. A new one stands nowhere: it is placed by its cursor.
  struct Place {
    uint64_t ring = 0;   // the number of the ring that it is in
    uint64_t entry = 0;  // there, of the next entry to look at
  };
  enum class Found {
    kEntry,    // one that it wants
    kEnd,      // none before the end
    kMore,     // none so far; look again
    kBehind,   // it stands before the ring: only the log knows what is between
    kOverrun,  // the ring has come round: it was too slow
  };

  explicit WatchRing(int size) : entries_(static_cast<size_t>(size)) {}

  // Empties the ring: it goes on after `end` of the log, and every place means nothing any more.
  void Restart(Cursor end);
  void Add(WatchEntryPtr entry);
  // Looks from a place for the next entry after `cursor` that is wanted, and moves both on as far as it has looked.
  Found Look(Place& place, Cursor& cursor, absl::FunctionRef<bool(const WatchEntry&)> wanted,
             WatchEntryPtr* entry) const;
  bool AtEnd(const Place& place) const { return place.ring == number_ && place.entry == next_; }

 private:
  const WatchEntryPtr& At(uint64_t entry) const { return entries_[entry % entries_.size()]; }

  // Entries first_ … next_ - 1, each at its number modulo the size.
  std::vector<WatchEntryPtr> entries_;
  uint64_t first_ = 0, next_ = 0;
  uint64_t number_ = 1;  // grows when the ring is emptied
  Cursor before_first_;
};

}  // namespace mestring
