// What becomes of figures: they are stored as they are heard, and become papers of a meeting.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/store/database.h"
#include "mestring/council/v1/council.pb.h"

namespace mestring::council {

namespace pb = v1;

// The sources of figures: services that the council hears.
inline constexpr std::string_view kHousing = "housing", kActivities = "activities", kPeerSupport = "peer_support";

// For the first day of a month whose missed deadlines are counted; the second one if the first was late.
inline constexpr std::string_view kMonthTimer = "month_over";
inline constexpr std::string_view kMonthHeardTimer = "month_heard";
// A council that was down when a month ended, or is new, first hears what it missed. Far more than it takes to
// read what was told meanwhile, far less than from one meeting to the next.
inline constexpr absl::Duration kCatchUp = absl::Hours(24);

// Stores published figures once, whatever comes again.
absl::Status StoreFigures(Tx& tx, pb::FigureSet set);
// Makes figures a paper of a meeting, or of none, and tells of it.
absl::Status PlaceFigures(Tx& tx, std::string_view meeting_id, pb::FigureSet* set);
// Gives the papers of a meeting to another, or to the next that is called ("").
absl::Status MovePapers(Tx& tx, std::string_view from_meeting_id, std::string_view to_meeting_id);

}  // namespace mestring::council
