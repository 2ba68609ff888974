#include "services/activities/period_changes.h"

// One transaction stores the figures and deletes the key, the hashes, and the stored answers to RecordDropIn, whose
// fingerprints come from requests with tokens (A6). A repeat then runs again and does no harm: it sets the same
// headcount and the same set of cards.

#include <tuple>
#include <vector>

#include "common/rpc/answers.h"
#include "common/store/records.h"
#include "mestring/activities/v1/activities_events.pb.h"
#include "services/activities/period_rules.h"
#include "services/activities/tables.h"

namespace mestring::activities {
namespace {

constexpr std::string_view kRecordDropIn = "/mestring.activities.v1.ActivityService/RecordDropIn";

absl::StatusOr<int64_t> Number(absl::StatusOr<std::vector<std::tuple<int64_t>>> rows) {
  if (!rows.ok()) return rows.status();
  return rows->empty() ? 0 : std::get<0>(rows->front());
}

absl::StatusOr<PeriodCounts> CountsOf(Tx& tx, const pb::Period& period) {
  PeriodCounts counts;
  ASSIGN(counts.sessions,
         Number(tx.Query<int64_t>("SELECT COUNT(*) FROM drop_in_tallies WHERE period_id = :period", period.id())));
  ASSIGN(counts.visits, Number(tx.Query<int64_t>("SELECT CAST(COALESCE(SUM(headcount), 0) AS BIGINT) FROM "
                                                 "drop_in_tallies WHERE period_id = :period",
                                                 period.id())));
  ASSIGN(counts.unique, Number(tx.Query<int64_t>("SELECT COUNT(DISTINCT card) FROM drop_in_visits WHERE period_id = "
                                                 ":period",
                                                 period.id())));
  ASSIGN(counts.core,
         Number(tx.Query<int64_t>("SELECT COUNT(*) FROM (SELECT card FROM drop_in_visits WHERE period_id = "
                                  ":period GROUP BY card HAVING COUNT(*) >= :core) AS c",
                                  period.id(), period.core_visits())));
  return counts;
}

}  // namespace

absl::Status ClosePeriod(Tx& tx, pb::Period* period) {
  ASSIGN(const PeriodCounts counts, CountsOf(tx, *period));
  ApplyClose(counts, period);
  TRY(Save(tx, *period));
  TRY(tx.CancelTimer(kPeriodTimer, period->id()));
  TRY(tx.Exec("DELETE FROM drop_in_visits WHERE period_id = :period", period->id()).status());
  TRY(tx.Exec("DELETE FROM period_keys WHERE period_id = :period", period->id()).status());
  TRY(ForgetAnswers(tx, kRecordDropIn));
  pb::PeriodClosed event;
  event.set_period_id(period->id());
  event.set_from_date(period->from_date());
  event.set_to_date(period->to_date());
  *event.mutable_figures() = period->figures();
  return tx.Publish(event, *period);
}

}  // namespace mestring::activities
