// The rules of a drop-in, where nobody gives a name: the periods in which visits are counted, and the figures of a
// period.
//
// The functions are pure; the tags are those of activities_rules.h.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "mestring/activities/v1/activities.pb.h"
#include "services/activities/activities_rules.h"

namespace mestring::activities {

// `overlaps`: another period has some of its days.
absl::Status MayOpen(const pb::OpenPeriodRequest& request, bool overlaps, std::string_view today);
pb::Period NewPeriod(std::string id, const pb::OpenPeriodRequest& request, const pb::ActivityPolicy& policy);
// `in_open_period`: an open period includes the day of the session.
absl::Status MayCount(const pb::Session& session, bool in_open_period, absl::Time now);
// `cards`: how many different cards were shown in the session so far.
absl::Status CheckHeadcount(int64_t headcount, int64_t cards);
absl::Status MayClose(const pb::Period& period, std::string_view today);
struct PeriodCounts {
  int64_t sessions, visits, unique, core;
};
// Sets the figures, with small ones suppressed.
void ApplyClose(const PeriodCounts& counts, pb::Period* period);

}  // namespace mestring::activities
