// Statistics: the overview of need that the law requires (boligsosial lov section 5), and the outcomes of stays. The
// service counts a period by its dates and suppresses small numbers before it answers.
//
// Each request counts the rows themselves. Stored counters would be cheaper to read and would have to be right after
// every correction.

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/housing.h"
#include "services/housing/reads.h"
#include "services/housing/stay_rules.h"
#include "services/housing/tables.h"

namespace mestring::housing {
namespace {

using Counts = google::protobuf::RepeatedPtrField<pb::Count>;

void Add(std::string_view code, int64_t number, Counts* counts) {
  for (pb::Count& count : *counts) {
    if (count.code() != code) continue;
    count.set_count(count.count() + static_cast<int32_t>(number));
    return;
  }
  pb::Count* count = counts->Add();
  count->set_code(std::string(code));
  count->set_count(static_cast<int32_t>(number));
}

// Adds the rows of a statement, each a code and a number, to the counts.
template <class... P>
absl::Status CountInto(Tx& tx, std::string_view sql, Counts* counts, const P&... parameters) {
  ASSIGN(const auto rows, (tx.Query<std::string, int64_t>(sql, parameters...)));
  for (const auto& [code, number] : rows) Add(code, number, counts);
  return absl::OkStatus();
}

// Who waits today: a person counts in each kind that suits, and once in all.
absl::Status CountWaiting(Tx& tx, int cell_min, pb::NeedStatistics* statistics) {
  Counts all;
  Add("ALL", 0, &all);
  const std::string waiting = absl::StrCat(" FROM list_entries WHERE ", InState(pb::LIST_ENTRY_STATE_WAITING));
  TRY(CountInto(tx, absl::StrCat("SELECT 'ALL', COUNT(*)", waiting), &all));
  Suppress(cell_min, &all);
  *statistics->mutable_waiting() = all[0];
  TRY(CountInto(tx, absl::StrCat("SELECT reason_code, COUNT(*)", waiting, " GROUP BY reason_code ORDER BY reason_code"),
                statistics->mutable_waiting_by_reason()));
  ASSIGN(const auto sets, (tx.Query<std::string, int64_t>(
                              absl::StrCat("SELECT suitable_kinds, COUNT(*)", waiting, " GROUP BY suitable_kinds"))));
  for (int kind = pb::SchemeKind_MIN + 1; kind <= pb::SchemeKind_MAX; ++kind) {
    const std::string& name = pb::SchemeKind_Name(static_cast<pb::SchemeKind>(kind));
    for (const auto& [kinds, number] : sets) {
      const bool suits = kinds.find(absl::StrCat("\"", name, "\"")) != std::string::npos;
      Add(name, suits ? number : 0, statistics->mutable_waiting_by_kind());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<pb::NeedStatistics> CountNeed(Tx& tx, const std::string& from_date, const std::string& to_date) {
  TRY(CheckPeriod(from_date, to_date));
  ASSIGN(const pb::CaseRules rules, CurrentCaseRules(tx));
  const int cell_min = rules.statistics_cell_min();
  pb::NeedStatistics statistics;
  statistics.set_from_date(from_date);
  statistics.set_to_date(to_date);
  TRY(CountWaiting(tx, cell_min, &statistics));
  TRY(CountInto(tx,
                "SELECT state, COUNT(*) FROM applications WHERE submit_date >= :from AND submit_date <= :to "
                "GROUP BY state ORDER BY state",
                statistics.mutable_applications_by_state(), from_date, to_date));
  TRY(CountInto(tx,
                "SELECT state, COUNT(*) FROM requisitions WHERE create_time >= :from AND create_time < :to "
                "GROUP BY state ORDER BY state",
                statistics.mutable_requisitions_by_state(), BeginOf(tx, from_date), EndOf(tx, to_date)));
  for (Counts* counts : {statistics.mutable_waiting_by_kind(), statistics.mutable_waiting_by_reason(),
                         statistics.mutable_applications_by_state(), statistics.mutable_requisitions_by_state()}) {
    Suppress(cell_min, counts);
  }
  return statistics;
}

}  // namespace

absl::Status Housing::GetOutcomeStatistics(Tx& tx, Call&, const pb::GetOutcomeStatisticsRequest& request,
                                           pb::GetOutcomeStatisticsResponse* response) {
  TRY(CheckPeriod(request.from_date(), request.to_date()));
  ASSIGN(const pb::CaseRules rules, CurrentCaseRules(tx));
  const std::string_view scheme = request.scheme_id().empty() ? " AND scheme_id > :scheme" : " AND scheme_id = :scheme";
  // A move inside a scheme is not an outcome.
  TRY(CountInto(tx,
                absl::StrCat("SELECT destination_code, COUNT(*) FROM stays WHERE ", InState(pb::STAY_STATE_ENDED),
                             " AND end_date >= :from AND end_date <= :to AND end_reason_code <> :inside", scheme,
                             " GROUP BY destination_code ORDER BY destination_code"),
                response->mutable_destinations(), request.from_date(), request.to_date(), kMovedInside.code,
                request.scheme_id()));
  Add("ARRIVED", 0, response->mutable_arrivals());
  Add("NOT_ARRIVED", 0, response->mutable_arrivals());
  // A stay that began with a move inside a scheme had no reservation, so it is no arrival. A move into a reserved place
  // of another scheme is one.
  TRY(CountInto(
      tx,
      absl::StrCat(
          "SELECT CASE WHEN ", InState(pb::STAY_STATE_NOT_ARRIVED),
          " THEN 'NOT_ARRIVED' ELSE 'ARRIVED' END AS code, COUNT(*) FROM stays WHERE start_date >= :from AND "
          "start_date <= :to AND ",
          InStates(IsArrivalKnown),
          " AND NOT EXISTS (SELECT 1 FROM stays f WHERE f.id = stays.moved_from_stay_id AND f.end_reason_code = "
          ":inside)",
          scheme, " GROUP BY 1"),
      response->mutable_arrivals(), request.from_date(), request.to_date(), kMovedInside.code, request.scheme_id()));
  Suppress(rules.statistics_cell_min(), response->mutable_destinations());
  Suppress(rules.statistics_cell_min(), response->mutable_arrivals());
  const pb::Count& arrived = response->arrivals(0);
  const pb::Count& missed = response->arrivals(1);
  if (arrived.has_count() && missed.has_count() && arrived.count() + missed.count() > 0) {
    const int sum = arrived.count() + missed.count();
    response->set_not_arrived_percent((100 * missed.count() + sum / 2) / sum);
  }
  return absl::OkStatus();
}

absl::Status Housing::GetNeedStatistics(Tx& tx, Call&, const pb::GetNeedStatisticsRequest& request,
                                        pb::GetNeedStatisticsResponse* response) {
  ASSIGN(*response->mutable_statistics(), CountNeed(tx, request.from_date(), request.to_date()));
  return absl::OkStatus();
}

absl::Status Housing::PublishStatistics(Tx& tx, Call&, const pb::PublishStatisticsRequest& request,
                                        pb::PublishStatisticsResponse* response) {
  ASSIGN(*response->mutable_statistics(), CountNeed(tx, request.from_date(), request.to_date()));
  pb::StatisticsPublished event;
  *event.mutable_statistics() = response->statistics();
  return tx.Publish(event, NewId(tx.now()), 1);
}

}  // namespace mestring::housing
