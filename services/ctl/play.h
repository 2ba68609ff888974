// Performs a story (story.h): prints each sentence, makes its call, checks the answer and the events, and prints both.
#pragma once

#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/ctl/arguments.h"
#include "services/ctl/journal.h"
#include "services/ctl/json.h"
#include "services/ctl/settings.h"
#include "services/ctl/story.h"

namespace mestring::ctl {

// Where a story is performed. The real one speaks to services; a test has its own.
class Stage {
 public:
  virtual ~Stage() = default;
  // One call. If the method takes a request_id and `request` has none, it gets `request_id`, and holds it afterwards.
  virtual absl::StatusOr<Json> Call(const std::string& method, Json& request, const Identity& identity,
                                    const std::string& request_id) = 0;
  // Whether a subscriber listens to the bus, so that the story can check events.
  virtual bool HasEvents() const = 0;
  // What the subscriber has received after a place in its journal, in order.
  virtual absl::StatusOr<std::vector<JournalEntry>> EventsAfter(int64_t place) = 0;
  // The rehearsal's time, and moving it forward: returns when the services have it (also if it is there already).
  virtual absl::Time Now() = 0;
  virtual absl::Status MoveClock(absl::Time to) = 0;
  // Lets a little time pass before something is asked again.
  virtual void Pause() = 0;
};

class Play {
 public:
  // How long an event may take to the subscriber. Far above what it takes (some milliseconds), because a start of
  // Redis or of the subscriber may fall into it.
  static constexpr absl::Duration kEventsWait = absl::Seconds(20);

  struct Options {
    std::string seed;     // of this run: request ids and ${uuid:…} derive from it
    Json let;             // variables from outside; override those of the story
    absl::TimeZone zone;  // of ${today} and "advance_to"
    bool colour = false;
    bool brief = false;  // tell only the sentences
    // Called after each step with what a later run needs to go on (or to know that all is done).
    std::function<absl::Status(const Json& progress)> save;
    Json progress;  // what an earlier run saved; null if there was none
    absl::Duration events_wait = kEventsWait;
  };

  Play(const Story& story, Stage& stage, Options options, std::ostream& out);

  // The first failed expectation ends the story: it is printed, and the status says where. A story that was played to
  // its end is not played again.
  absl::Status Run();
  int steps_played() const { return steps_played_; }

 private:
  absl::Status RunStep(size_t index);
  absl::Status RunOnce(size_t index, const std::string& iteration, const Json& step);
  absl::Status Advance(size_t index, const Json& step);
  absl::Status Perform(const Json& step, const std::string& request_id);
  absl::Status PerformUntil(const Json& step, const std::string& request_id);
  absl::Status CheckAnswer(const Json& step, const absl::StatusOr<Json>& answer, std::vector<Mismatch>& mismatches);
  absl::Status Keep(const Json& step, const Json& answer);
  absl::Status AwaitEvents(const Json& expected);
  absl::Status Save(size_t next_step, bool done);
  void Tell(const Json& step, const absl::StatusOr<Json>& answer);
  void ShowFailure(const Json& step, const absl::StatusOr<Json>& answer, const std::vector<Mismatch>& mismatches);

  const Story& story_;
  Stage& stage_;
  const Options options_;
  std::ostream& out_;
  Variables variables_;
  Json sent_ = Json::object();  // named steps: what was sent and answered
  int64_t place_ = 0;           // in the journal, of the last event that was told
  size_t first_step_ = 0;
  // The step that moves the clock, and to when: decided once, so that a step that is begun again does not move it
  // twice.
  size_t moving_step_ = SIZE_MAX;
  absl::Time moving_to_;
  int steps_played_ = 0;
};

// The command "play".
absl::StatusOr<int> PlayCommand(const Arguments& arguments, const Settings& settings);

// "15:40" or "monday 08:00": the next such time after `now`. "2027-02-10 17:00": that time, if it lies ahead.
absl::StatusOr<absl::Time> NextTime(std::string_view text, absl::Time now, absl::TimeZone zone);

}  // namespace mestring::ctl
