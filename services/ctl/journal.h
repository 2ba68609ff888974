// The journal: a complete subscriber of one or more streams. Each event is written, exactly once and in the order of
// its stream, into a table of its own database; the position moves in the same transaction.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/ids.h"
#include "common/events/subscription.h"
#include "common/store/database.h"
#include "services/ctl/json.h"
#include "services/ctl/settings.h"

struct sqlite3;

namespace mestring::ctl {

class Journal {
 public:
  // Subscribes to the streams of `services` with the journal in the SQLite file `path`, which is made if it is
  // missing. `settings` outlives it.
  static absl::StatusOr<std::unique_ptr<Journal>> Start(const Settings& settings,
                                                        const std::vector<std::string>& services,
                                                        const std::string& path);
  ~Journal();
  // Of each stream, in the order of the services.
  std::vector<events::v1::SubscriptionStatus> Status() const;

 private:
  Journal() = default;
  absl::Status Follow(const Settings& settings, const std::string& service);
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Database> database_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
};

// An event and its place in the journal. Places grow in the order in which events arrived, over all streams; within a
// stream that is the order of the stream.
struct JournalEntry {
  int64_t place = 0;
  Json event;
};

// Reads a journal that another process, or this one, is writing. Not thread-safe.
class JournalReader {
 public:
  // NOT_FOUND while the file or its table is not there yet.
  static absl::StatusOr<std::unique_ptr<JournalReader>> Open(const std::string& path);
  ~JournalReader();

  // What arrived after a place, oldest first; of all streams, or of the one with this key.
  absl::StatusOr<std::vector<JournalEntry>> After(int64_t place, int limit, const std::string& stream = "");
  // The place of the last event, 0 if there is none.
  absl::StatusOr<int64_t> Last();

 private:
  explicit JournalReader(sqlite3* database) : database_(database) {}
  sqlite3* const database_;
};

}  // namespace mestring::ctl
