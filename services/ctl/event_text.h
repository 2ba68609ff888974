// An event for people and scripts: its type says which message its bytes are.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "mestring/events/v1/events.pb.h"
#include "services/ctl/json.h"

namespace mestring::ctl {

// {"cursor", "id", "type", "subject", "subject_version", "time", "data": {…}}; in the data, 0 and false stand, too. A
// type that this program does not know keeps its bytes, as "data_base64".
Json EventJson(const events::v1::Event& event);

struct LineStyle {
  bool colour = false;
  bool stream = false;  // the service's name, which a cursor alone does not tell
  bool time = false;    // date and time of the event, in `zone`
  absl::TimeZone zone;
};
// One line: the cursor, the short type and the data, shortened to what a terminal holds. Empty values are left out.
std::string EventLine(const Json& event, const LineStyle& style);

// "StayReserved" of "mestring.housing.v1.StayReserved".
std::string ShortType(const std::string& type);

// A value in few characters: of a UUID only its end, which tells ids of one time apart.
std::string Brief(const Json& value);

// Bold, dim, green, red …, or `text` itself where there is no colour. `code` is of ECMA-48, such as "1" or "32".
std::string Styled(const std::string& text, const char* code, bool colour);

}  // namespace mestring::ctl
