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

// Schedules the timer of the notice of a meeting that is only planned, and cancels it for any other. A deadline that
// has passed gets no timer: the person who plans or moves a meeting to such a day knows it.
absl::Status ScheduleNotice(Tx& tx, const pb::Meeting& meeting);
// Schedules the timer of the minutes of a meeting that was opened.
absl::Status ScheduleMinutes(Tx& tx, const pb::Meeting& meeting);

}  // namespace mestring::council
