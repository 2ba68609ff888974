// Lists of figures that other services published, and indicators: a measure before and after a change.

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/council.h"
#include "services/council/suggestion_rules.h"
#include "services/council/tables.h"

namespace mestring::council {
absl::Status Council::ListFigures(Tx& tx, Call&, const pb::ListFiguresRequest& request,
                                  pb::ListFiguresResponse* response) {
  return ListPage(tx, Filter().Is("source", request.source()), request, response->mutable_figure_sets(), response,
                  {.descending = true});
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
  TRY(tx.Publish(event, indicator));
  *response->mutable_indicator() = std::move(indicator);
  return absl::OkStatus();
}

absl::Status Council::ListIndicators(Tx& tx, Call&, const pb::ListIndicatorsRequest& request,
                                     pb::ListIndicatorsResponse* response) {
  return ListPage(tx, Filter().Is("suggestion_id", request.suggestion_id()), request, response->mutable_indicators(),
                  response);
}

}  // namespace mestring::council
