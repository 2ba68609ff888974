// The journal: a complete subscriber. Each event of a stream is written, exactly once and in order, into a table of
// its own database; the position moves in the same transaction.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/database.h"
#include "common/ids.h"
#include "common/subscription.h"
#include "services/ctl/json.h"
#include "services/ctl/settings.h"

struct sqlite3;

namespace mestring::ctl {

class Journal {
 public:
  // Subscribes to the stream of `service` with the journal in the SQLite file `path`, which is made if it is missing.
  // `settings` outlives it.
  static absl::StatusOr<std::unique_ptr<Journal>> Start(const Settings& settings, const std::string& service,
                                                        const std::string& path);
  ~Journal();
  events::v1::SubscriptionStatus Status() const { return subscription_->Status(); }

 private:
  Journal() = default;
  std::unique_ptr<Clock> clock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Subscription> subscription_;
};

// Reads a journal that another process, or this one, is writing. Not thread-safe.
class JournalReader {
 public:
  // NOT_FOUND while the file or its table is not there yet.
  static absl::StatusOr<std::unique_ptr<JournalReader>> Open(const std::string& path);
  ~JournalReader();

  // The events after a cursor, oldest first.
  absl::StatusOr<std::vector<Json>> After(Cursor after, int limit);
  // The last one's cursor, {0,0} if there is none.
  absl::StatusOr<Cursor> Last();

 private:
  explicit JournalReader(sqlite3* database) : database_(database) {}
  sqlite3* const database_;
};

}  // namespace mestring::ctl
