// What the commands "events …" have in common: which service, from which cursor, with which identity, and how an
// event is printed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/ids.h"
#include "mestring/events/v1/events.pb.h"
#include "services/ctl/arguments.h"
#include "services/ctl/client.h"
#include "services/ctl/event_text.h"
#include "services/ctl/json.h"
#include "services/ctl/settings.h"

namespace mestring::ctl {

// The first argument; without one, the only service that is configured.
absl::StatusOr<std::string> ServiceOf(const Arguments& arguments, const Settings& settings);
// The services of the arguments, or else all that are configured.
absl::StatusOr<std::vector<std::string>> ServicesOf(const Arguments& arguments, const Settings& settings);
// A cursor that was given as `where` ("--after"); a usage error if it has another form.
absl::StatusOr<Cursor> CursorOf(const std::string& text, const std::string& where);
// The user's identity, or else `role`.
Identity Or(const Identity& given, const char* role);

// How many events one read takes, from Redis or from the owner.
inline constexpr int kReadMax = 200;
// The next page of the owner's log after a cursor (empty: from the beginning), as a SERVICE unless the user says
// otherwise.
absl::StatusOr<events::v1::ListResponse> ListAfter(const Client& client, const Settings& settings,
                                                   const std::string& after);

// Prints events, each as a line that is flushed, so that a pipe sees it at once, and counts down by --count.
class Printer {
 public:
  // `several_streams`: each line names its stream.
  static absl::StatusOr<Printer> Make(const Arguments& arguments, const Settings& settings, bool several_streams);
  // False after the event that was the last one of --count.
  bool Take(const Json& event);

 private:
  Printer(bool json, LineStyle style, int64_t count) : json_(json), style_(style), left_(count) {}
  bool json_;
  LineStyle style_;
  int64_t left_;  // negative: without end
};

}  // namespace mestring::ctl
