// The newest events of the log, in its order, for readers of different speeds. Not thread-safe; const methods may run
// at the same time.
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
  // The place of a reader. A new reader has none: Look finds it by the cursor.
  struct Place {
    uint64_t ring = 0;   // the number of the ring to which it belongs
    uint64_t entry = 0;  // the number of the next entry to look at
  };
  enum class Found {
    kEntry,    // a wanted entry
    kEnd,      // no wanted entry before the end
    kMore,     // no wanted entry so far; call again
    kBehind,   // the cursor is before the ring: read the log
    kOverrun,  // the reader was too slow: the ring has overtaken it
  };

  explicit WatchRing(int size) : entries_(static_cast<size_t>(size)) {}

  // Empties the ring, which goes on after `end` of the log; all places become invalid.
  void Restart(Cursor end);
  void Add(WatchEntryPtr entry);
  // Looks from a place for the next wanted entry after `cursor`, and moves both as far as it has looked.
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
