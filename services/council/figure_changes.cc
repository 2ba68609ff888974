#include "services/council/figure_changes.h"

// The council stores figures with their source and days as published, and suppresses them again by its own threshold:
// what one publisher lets through by mistake does not reach an agenda.

#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/suggestion_rules.h"
#include "services/council/tables.h"

namespace mestring::council {

absl::Status StoreFigures(Tx& tx, pb::FigureSet set) {
  ASSIGN(const auto known,
         Find<pb::FigureSet>(tx, "WHERE source = :source AND source_id = :id", set.source(), set.source_id()));
  if (known) return absl::OkStatus();
  ASSIGN(const auto mandate, Newest<pb::Mandate>(tx));
  Suppress(CellMin(mandate), &set);
  set.set_id(NewId(tx.now()));
  set.set_receive_date(Today(tx));
  TRY(Insert(tx, set));
  pb::FiguresReceived event;
  event.set_figure_set_id(set.id());
  event.set_source(set.source());
  return tx.Publish(event, set);
}

absl::Status PlaceFigures(Tx& tx, std::string_view meeting_id, pb::FigureSet* set) {
  set->set_meeting_id(std::string(meeting_id));
  TRY(Save(tx, *set));
  pb::FiguresPlaced event;
  event.set_figure_set_id(set->id());
  event.set_meeting_id(set->meeting_id());
  return tx.Publish(event, *set);
}

absl::Status MovePapers(Tx& tx, std::string_view from_meeting_id, std::string_view to_meeting_id) {
  ASSIGN(std::vector<pb::FigureSet> papers,
         Select<pb::FigureSet>(tx, "WHERE meeting_id = :meeting ORDER BY id", from_meeting_id));
  for (pb::FigureSet& set : papers) TRY(PlaceFigures(tx, to_meeting_id, &set));
  return absl::OkStatus();
}

}  // namespace mestring::council
