// Changes of figures: the council stores what other services publish and makes it the papers of a meeting.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/store/database.h"
#include "mestring/council/v1/council.pb.h"

namespace mestring::council {

namespace pb = v1;

// The services whose figures the council stores.
inline constexpr std::string_view kHousing = "housing", kActivities = "activities", kPeerSupport = "peer_support";

// Each for the first day of the month whose missed deadlines it counts; the second is scheduled if the first fired
// late.
inline constexpr std::string_view kMonthTimer = "month_over";
inline constexpr std::string_view kMonthHeardTimer = "month_heard";
// A council that was down when a month ended, or that is new, first reads the events that it missed. A day is far more
// than that takes, and far less than the time between two meetings.
inline constexpr absl::Duration kCatchUp = absl::Hours(24);

// Stores published figures; a second copy of the same figures changes nothing.
absl::Status StoreFigures(Tx& tx, pb::FigureSet set);
// Makes figures a paper of a meeting, or of none (""), and publishes FiguresPlaced.
absl::Status PlaceFigures(Tx& tx, std::string_view meeting_id, pb::FigureSet* set);
// Moves the papers of a meeting to another meeting, or, with "", to the next whose notice is sent.
absl::Status MovePapers(Tx& tx, std::string_view from_meeting_id, std::string_view to_meeting_id);

}  // namespace mestring::council
