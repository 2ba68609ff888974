// Figures of the services, and measures before and after a change.
//
// Figures are stored as they were published, with their source and their days, and suppressed once more by
// the council's own threshold: what one publisher lets through by mistake does not reach an agenda.
//
// Housing tells of each missed deadline, with the person it is about. The council counts by month and kind and
// keeps nothing else of it (C9). That a deadline counts once is the subscription's promise (an event is applied
// once); an id here to tell repeats by would be the very trail that is not wanted. A month becomes one set of
// figures some days after its end; what is heard of it later counts in the month in which it is heard, because
// a set that the members have had in their hands is not changed.

#include "services/figures/figures.h"

#include <algorithm>
#include <utility>

#include "mestring/activities/v1/activities_events.pb.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/council/council.h"
#include "services/council/council_records.h"

namespace mestring::council {
namespace {

using events::v1::Event;

// A council that was down when a month ended, or is new, first hears what it missed. Far more than it takes to
// read what was told meanwhile, far less than from one meeting to the next.
constexpr absl::Duration kCatchUp = absl::Hours(24);

// Stores published figures once, whatever comes again.
absl::Status StoreFigures(Tx& tx, pb::FigureSet set) {
  ASSIGN(const auto known,
         Find<pb::FigureSet>(tx, "WHERE source = :source AND source_id = :id", set.source(), set.source_id()));
  if (known) return absl::OkStatus();
  ASSIGN(const auto mandate, Newest<pb::Mandate>(tx, "mandate_version"));
  Suppress(CellMin(mandate), &set);
  set.set_id(NewId(tx.now()));
  set.set_receive_date(Today(tx));
  TRY(Insert(tx, set));
  pb::FiguresReceived event;
  event.set_figure_set_id(set.id());
  event.set_source(set.source());
  return tx.Publish(event, set.id(), set.version());
}

// Housing counts by list and code: "waiting_by_kind.OFFER_KIND_COLLECTIVE".
absl::Status OnHousingStatistics(Tx& tx, const Event& header, const housing::v1::StatisticsPublished& published) {
  const housing::v1::NeedStatistics& statistics = published.statistics();
  pb::FigureSet set;
  set.set_source(std::string(kHousing));
  set.set_source_id(header.subject());
  set.set_from_date(statistics.from_date());
  set.set_to_date(statistics.to_date());
  const auto add = [&set](std::string_view list, const housing::v1::Count& count) {
    *set.add_figures() =
        MakeFigure(absl::StrCat(list, ".", count.code()), count.has_count() ? Told(count.count()) : Told());
  };
  add("waiting", statistics.waiting());
  for (const auto& count : statistics.waiting_by_kind()) add("waiting_by_kind", count);
  for (const auto& count : statistics.waiting_by_reason()) add("waiting_by_reason", count);
  for (const auto& count : statistics.applications_by_state()) add("applications", count);
  for (const auto& count : statistics.requisitions_by_state()) add("requisitions", count);
  return StoreFigures(tx, std::move(set));
}

absl::Status OnPeriodClosed(Tx& tx, const Event&, const activities::v1::PeriodClosed& closed) {
  pb::FigureSet set;
  set.set_source(std::string(kActivities));
  set.set_source_id(closed.period_id());
  set.set_from_date(closed.from_date());
  set.set_to_date(closed.to_date());
  *set.mutable_figures() = closed.figures();
  return StoreFigures(tx, std::move(set));
}

absl::Status OnEvaluationClosed(Tx& tx, const Event&, const peer_support::v1::EvaluationClosed& closed) {
  pb::FigureSet set;
  set.set_source(std::string(kPeerSupport));
  set.set_source_id(closed.evaluation_round_id());
  set.set_to_date(closed.closed_date());
  *set.mutable_figures() = closed.figures();
  return StoreFigures(tx, std::move(set));
}

// Whether the figures of a month are made already.
absl::StatusOr<bool> MonthIsMade(Tx& tx, std::string_view month) {
  ASSIGN(const auto made,
         Find<pb::FigureSet>(tx, "WHERE source = :source AND source_id = :id", kHousing, MissedDeadlinesId(month)));
  return made.has_value();
}

absl::Status OnDeadlineMissed(Tx& tx, const Event&, const housing::v1::DeadlineMissed& deadline) {
  // A day that has not come was not missed: then it counts today, as what is heard too late does.
  const bool dated = ParseDate(deadline.due_date()).ok() && deadline.due_date() <= Today(tx);
  std::string month = MonthOf(dated ? deadline.due_date() : Today(tx));
  ASSIGN(const bool made, MonthIsMade(tx, month));
  if (made) month = MonthOf(Today(tx));
  ASSIGN(const auto counting, tx.Query<int64_t>("SELECT 1 FROM missed_deadlines WHERE month = :month LIMIT 1", month));
  if (counting.empty()) {
    const absl::Time closes = EndOf(tx, MonthClosesOn(month));
    // Of a month that is long over, more is still to be heard.
    TRY(closes > tx.now() ? tx.Schedule(kMonthTimer, month, closes)
                          : tx.Schedule(kMonthHeardTimer, month, tx.now() + kCatchUp));
  }
  // A kind that is newer than our copy of the contract counts too.
  const std::string& name = housing::v1::DeadlineKind_Name(deadline.kind());
  return tx
      .Exec(
          "INSERT INTO missed_deadlines (month, kind, missed) VALUES (:month, :kind, 1) "
          "ON CONFLICT (month, kind) DO UPDATE SET missed = missed_deadlines.missed + 1",
          month, name.empty() ? "DEADLINE_KIND_UNSPECIFIED" : name)
      .status();
}

}  // namespace

absl::Status MakeMissedDeadlineFigures(Tx& tx, std::string_view month, absl::Time) {
  ASSIGN(const auto rows, (tx.Query<std::string, int64_t>(
                              "SELECT kind, missed FROM missed_deadlines WHERE month = :month ORDER BY kind", month)));
  std::vector<std::pair<std::string, int64_t>> counts;
  for (const auto& [kind, missed] : rows) counts.emplace_back(kind, missed);
  TRY(StoreFigures(tx, MissedDeadlineFigures(kHousing, month, counts)));
  return tx.Exec("DELETE FROM missed_deadlines WHERE month = :month", month).status();
}

absl::Status OnMonthOver(Tx& tx, std::string_view month, absl::Time due) {
  if (tx.now() - due < kCatchUp) return MakeMissedDeadlineFigures(tx, month, due);
  // Once: a clock that is always late (a rehearsal that moves by months) comes to its figures, too.
  return tx.Schedule(kMonthHeardTimer, month, tx.now() + kCatchUp);
}

void HearFigures(Subscription& subscription, std::string_view owner) {
  if (owner == kHousing) {
    subscription.On<housing::v1::StatisticsPublished>(OnHousingStatistics);
    subscription.On<housing::v1::DeadlineMissed>(OnDeadlineMissed);
  }
  if (owner == kActivities) subscription.On<activities::v1::PeriodClosed>(OnPeriodClosed);
  if (owner == kPeerSupport) subscription.On<peer_support::v1::EvaluationClosed>(OnEvaluationClosed);
}

absl::Status Council::ListFigures(Tx& tx, Call&, const pb::ListFiguresRequest& request,
                                  pb::ListFiguresResponse* response) {
  TRY(Page(tx, Filter().Is("source", request.source()),
           {.size = request.page_size(), .token = request.page_token(), .descending = true},
           response->mutable_figure_sets(), response->mutable_next_page_token()));
  return SetAsOf(tx, response);
}

absl::Status Council::RecordIndicator(Tx& tx, Call&, const pb::RecordIndicatorRequest& request,
                                      pb::RecordIndicatorResponse* response) {
  TRY(Load<pb::Suggestion>(tx, request.suggestion_id()).status());
  ASSIGN(auto known, Find<pb::Indicator>(tx, "WHERE suggestion_id = :suggestion AND code = :code",
                                         request.suggestion_id(), request.code()));
  TRY(MayRecordIndicator(known, request));
  pb::Indicator indicator = known.value_or(pb::Indicator());
  ApplyIndicator(request, &indicator);
  if (known) {
    TRY(Save(tx, indicator));
  } else {
    indicator.set_id(NewId(tx.now()));
    TRY(Insert(tx, indicator));
  }
  pb::IndicatorRecorded event;
  event.set_indicator_id(indicator.id());
  event.set_suggestion_id(indicator.suggestion_id());
  event.set_code(indicator.code());
  event.set_phase(request.phase());
  TRY(tx.Publish(event, indicator.id(), indicator.version()));
  *response->mutable_indicator() = std::move(indicator);
  return absl::OkStatus();
}

absl::Status Council::ListIndicators(Tx& tx, Call&, const pb::ListIndicatorsRequest& request,
                                     pb::ListIndicatorsResponse* response) {
  TRY(Page(tx, Filter().Is("suggestion_id", request.suggestion_id()), {request.page_size(), request.page_token()},
           response->mutable_indicators(), response->mutable_next_page_token()));
  return SetAsOf(tx, response);
}

}  // namespace mestring::council
