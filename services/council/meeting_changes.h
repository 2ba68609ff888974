// The timers of a meeting.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "common/store/database.h"
#include "mestring/council/v1/council.pb.h"

namespace mestring::council {

namespace pb = v1;

// Each for the id of the meeting.
inline constexpr std::string_view kNoticeTimer = "notice_by", kMinutesTimer = "minutes_by";

// Sets the clock of a meeting's notice while it is only planned, and stops it afterwards. A day that has passed
// already gets none: whoever plans a meeting for so soon, or moves it there, knows.
absl::Status ScheduleNotice(Tx& tx, const pb::Meeting& meeting);
// Sets the clock of its minutes, from its opening on.
absl::Status ClockMinutes(Tx& tx, const pb::Meeting& meeting);

}  // namespace mestring::council
