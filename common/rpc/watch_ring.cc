#include "common/rpc/watch_ring.h"

#include <algorithm>
#include <utility>

namespace mestring {
namespace {

// Entries to look at in one call, while the caller holds its lock.
constexpr int kScanMax = 256;

}  // namespace

void WatchRing::Restart(Cursor end) {
  std::fill(entries_.begin(), entries_.end(), nullptr);
  ++number_;
  first_ = next_;
  before_first_ = end;
}

void WatchRing::Add(WatchEntryPtr entry) {
  WatchEntryPtr& slot = entries_[next_++ % entries_.size()];
  if (next_ - first_ > entries_.size()) {
    before_first_ = slot->cursor;
    ++first_;
  }
  slot = std::move(entry);
}

WatchRing::Found WatchRing::Look(Place& place, Cursor& cursor, absl::FunctionRef<bool(const WatchEntry&)> wanted,
                                 WatchEntryPtr* found) const {
  if (place.ring != number_) {
    if (cursor < before_first_) return Found::kBehind;
    // The first entry after the cursor.
    uint64_t low = first_, high = next_;
    while (low < high) {
      const uint64_t middle = low + (high - low) / 2;
      if (At(middle)->cursor <= cursor) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    place = {number_, low};
  }
  if (place.entry < first_) return Found::kOverrun;
  for (int looked = 0; place.entry < next_; ++looked) {
    if (looked == kScanMax) return Found::kMore;
    const WatchEntryPtr& entry = At(place.entry++);
    // The page that led here may have gone further than the tail.
    if (entry->cursor <= cursor) continue;
    cursor = entry->cursor;
    if (!wanted(*entry)) continue;
    *found = entry;
    return Found::kEntry;
  }
  return Found::kEnd;
}

}  // namespace mestring
