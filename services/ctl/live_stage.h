// The stage of a real run: services that answer over gRPC, a subscriber's journal, and a clock that can be moved.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "services/ctl/call.h"
#include "services/ctl/journal.h"
#include "services/ctl/play.h"

namespace mestring::ctl {

class LiveStage : public Stage {
 public:
  // How long a service may take to notice that the clock was moved (it looks once a second).
  static constexpr absl::Duration kClockWait = absl::Seconds(15);
  // How long to wait for a journal that is being made, or for an event on its way to it.
  static constexpr absl::Duration kJournalWait = absl::Seconds(20);

  // `journal`: the file of a subscriber's journal; "" leaves the events unchecked. `settings` outlives it.
  static absl::StatusOr<std::unique_ptr<LiveStage>> Open(const Settings& settings, const std::string& journal);

  absl::StatusOr<Json> Call(const std::string& method, Json& request, const Identity& identity,
                            const std::string& request_id) override;
  bool HasEvents() const override { return journal_ != nullptr; }
  absl::StatusOr<std::vector<JournalEntry>> EventsAfter(int64_t place) override;
  absl::Time Now() override;
  absl::Status MoveClock(absl::Time to) override;
  void Pause() override;

  // The whole journal against the owner's whole log: the same events, each once, in the same order. Waits for a
  // journal that is behind. Returns how many.
  absl::StatusOr<int> CompareWithLog(const std::string& service);

 private:
  // The first entry of a stream after a place, waited for; none if it does not come.
  absl::StatusOr<std::vector<JournalEntry>> NextOf(const std::string& stream, int64_t place);

  explicit LiveStage(const Settings& settings) : settings_(settings), caller_(settings) {}

  const Settings& settings_;
  Caller caller_;
  std::unique_ptr<JournalReader> journal_;
  absl::Duration offset_;
};

}  // namespace mestring::ctl
