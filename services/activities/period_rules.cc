#include "services/activities/period_rules.h"

#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/dates.h"
#include "common/base/errors.h"
#include "services/shared/figures.h"

namespace mestring::activities {

// At most a year: figures over more time would be about a person rather than a place (A6). No day is in two periods, so
// each visit counts once.
absl::Status MayOpen(const pb::OpenPeriodRequest& request, bool overlaps, std::string_view today) {
  constexpr int kDaysMax = 366;
  TRY(CheckDateRange(request.from_date(), request.to_date(), kDaysMax));
  TRY(CheckPlannable("to_date", request.to_date(), today));
  return overlaps ? Refused("PERIOD_OVERLAPS", "another period has some of these days; choose others")
                  : absl::OkStatus();
}

// [A7] The policy says how many visits make a core user, and the period keeps that number from its opening on, like the
// smallest figure that is shown (A6).
pb::Period NewPeriod(std::string id, const pb::OpenPeriodRequest& request, const pb::ActivityPolicy& policy) {
  pb::Period period;
  period.set_id(std::move(id));
  period.set_state(pb::PERIOD_STATE_OPEN);
  period.set_from_date(request.from_date());
  period.set_to_date(request.to_date());
  period.set_core_visits(policy.core_visits());
  period.set_cell_min(policy.cell_min());
  return period;
}

// [A6] Only in an open period: everything made from the cards of a closed one is destroyed, and its figures are final.
absl::Status MayCount(const pb::Session& session, bool in_open_period, absl::Time now) {
  if (session.mode() != pb::ACTIVITY_MODE_OPEN_DROP_IN)
    return Refused("NOT_DROP_IN", "record attendance instead; only an open drop-in counts people without a name");
  if (session.state() == pb::SESSION_STATE_CANCELLED) return WrongState(session.state(), "the session was cancelled");
  if (now < FromProto(session.start_time())) return Refused("NOT_YET", "count people after the start");
  if (!in_open_period)
    return Refused("NO_OPEN_PERIOD", "no open period includes the day of the session; open one first");
  return absl::OkStatus();
}

// [A7] A session never has fewer people than different cards, so a period never has more unique users than visits.
absl::Status CheckHeadcount(int64_t headcount, int64_t cards) {
  if (headcount >= cards) return absl::OkStatus();
  return Refused("HEADCOUNT_BELOW_CARDS", "headcount must be at least the number of different cards shown");
}

absl::Status MayClose(const pb::Period& period, std::string_view today) {
  if (period.state() != pb::PERIOD_STATE_OPEN) return WrongState(period.state(), "the period is closed already");
  if (today <= period.to_date()) return Refused("NOT_YET", "close the period after its last day");
  return absl::OkStatus();
}

// [A6] Suppresses small numbers. [A7] Core users and the others are parts of all users, so the two figures together
// must not reveal the few who are not core users.
void ApplyClose(const PeriodCounts& counts, pb::Period* period) {
  const int minimum = period->cell_min();
  std::vector<SuppressedCount> core_and_others = {counts.core, counts.unique - counts.core};
  HideSmallParts(minimum, &core_and_others);
  *period->add_figures() = MakeFigure(kSessions, counts.sessions);
  *period->add_figures() = MakeFigure(kVisits, SuppressSmall(counts.visits, minimum));
  *period->add_figures() = MakeFigure(kUniqueUsers, SuppressSmall(counts.unique, minimum));
  *period->add_figures() = MakeFigure(kCoreUsers, core_and_others.front());
  period->set_state(pb::PERIOD_STATE_CLOSED);
}

}  // namespace mestring::activities
