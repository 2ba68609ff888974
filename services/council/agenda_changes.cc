#include "services/council/agenda_changes.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "services/council/agenda_rules.h"
#include "services/council/council_rules.h"
#include "services/council/figure_changes.h"
#include "services/council/minutes_rules.h"
#include "services/council/tables.h"

namespace mestring::council {
namespace {

// Moves an approval of minutes here from another meeting's agenda, if this meeting is earlier than that one.
absl::Status TakeOver(Tx& tx, const pb::Meeting& meeting, pb::AgendaItem* item) {
  ASSIGN(const pb::Meeting other, Load<pb::Meeting>(tx, item->meeting_id()));
  if (!ApprovesBefore(meeting, other)) return absl::OkStatus();
  item->set_meeting_id(meeting.id());
  return SavePlaced(tx, item, other.id());
}

}  // namespace

absl::StatusOr<int> NextPosition(Tx& tx, std::string_view meeting_id) {
  ASSIGN(const auto rows,
         tx.Query<int64_t>("SELECT MAX(position) FROM agenda_items WHERE meeting_id = :meeting", meeting_id));
  return static_cast<int>(std::get<0>(rows.at(0))) + 1;
}

absl::Status AddItem(Tx& tx, pb::AgendaItem* item) {
  TRY(Insert(tx, *item));
  pb::AgendaItemAdded event;
  event.set_agenda_item_id(item->id());
  event.set_meeting_id(item->meeting_id());
  event.set_kind(item->kind());
  event.set_state(item->state());
  return tx.Publish(event, *item);
}

absl::Status SettleItem(Tx& tx, pb::AgendaItem* item, pb::AgendaItemSettled event) {
  TRY(Save(tx, *item));
  event.set_agenda_item_id(item->id());
  event.set_meeting_id(item->meeting_id());
  event.set_state(item->state());
  event.set_revision(item->revision());
  TRY(tx.Publish(event, *item));
  if (item->suggestion_id().empty() || item->state() == pb::AGENDA_ITEM_STATE_ADVISED) return absl::OkStatus();
  ASSIGN(pb::Suggestion suggestion, Load<pb::Suggestion>(tx, item->suggestion_id()));
  if (suggestion.state() != pb::SUGGESTION_STATE_ON_AGENDA || suggestion.agenda_item_id() != item->id()) {
    return absl::OkStatus();
  }
  suggestion.set_state(suggestion.times_reopened() > 0 ? pb::SUGGESTION_STATE_REOPENED : pb::SUGGESTION_STATE_RECEIVED);
  TRY(Save(tx, suggestion));
  pb::SuggestionReturned returned;
  returned.set_suggestion_id(suggestion.id());
  returned.set_state(suggestion.state());
  return tx.Publish(returned, suggestion);
}

absl::Status SavePlaced(Tx& tx, pb::AgendaItem* item, std::string_view former_meeting_id) {
  TRY(Save(tx, *item));
  pb::AgendaItemScheduled event;
  event.set_agenda_item_id(item->id());
  event.set_meeting_id(item->meeting_id());
  event.set_former_meeting_id(std::string(former_meeting_id));
  event.set_state(item->state());
  event.set_position(item->position());
  return tx.Publish(event, *item);
}

// A query finds the minutes and figures that wait. So a meeting that is cancelled needs no list of what to give back.
absl::Status PrepareAgenda(Tx& tx, const pb::Meeting& meeting) {
  ASSIGN(const pb::Mandate mandate, Load<pb::Mandate>(tx, meeting.mandate_id()));
  const pb::MinutesWords words = WordsOf(mandate);  // the titles are headings of the minutes
  // Also minutes of a meeting that is not finalised: the chair sees at the table that they cannot be approved yet.
  static const std::string sent =
      absl::StrCat("WHERE ", InState(pb::MINUTES_STATE_SENT),
                   " AND meeting_id IN (SELECT id FROM meetings WHERE meeting_date < :date AND ", InStates(WasHeld),
                   ") AND meeting_id NOT IN (SELECT meeting_id FROM minutes WHERE ",
                   InState(pb::MINUTES_STATE_APPROVED), ") ORDER BY meeting_id");
  ASSIGN(const std::vector<pb::Minutes> waiting, Select<pb::Minutes>(tx, sent, meeting.meeting_date()));
  for (const pb::Minutes& minutes : waiting) {
    // If this meeting had the approval on its agenda and settled it, the opening does not add it again.
    ASSIGN(const bool had, Exists<pb::AgendaItem>(tx, "WHERE meeting_id = :meeting AND minutes_meeting_id = :of",
                                                  meeting.id(), minutes.meeting_id()));
    if (had) continue;
    ASSIGN(std::optional<pb::AgendaItem> known,
           Find<pb::AgendaItem>(tx, absl::StrCat("WHERE minutes_meeting_id = :meeting AND ", InStates(IsUp)),
                                minutes.meeting_id()));
    if (known) {
      TRY(TakeOver(tx, meeting, &*known));
      continue;
    }
    ASSIGN(const pb::Meeting of, Load<pb::Meeting>(tx, minutes.meeting_id()));
    pb::AgendaItem item;
    item.set_id(NewId(tx.now()));
    item.set_state(pb::AGENDA_ITEM_STATE_SCHEDULED);
    item.set_kind(pb::AGENDA_ITEM_KIND_MINUTES);
    item.set_meeting_id(meeting.id());
    item.set_title(absl::StrCat(words.approval_of(), " ", of.meeting_date()));
    item.set_minutes_meeting_id(of.id());
    TRY(AddItem(tx, &item));
  }
  ASSIGN(const std::vector<pb::AgendaItem> figures,
         Select<pb::AgendaItem>(tx, "WHERE meeting_id = :meeting AND kind = :kind ORDER BY id", meeting.id(),
                                pb::AgendaItemKind_Name(pb::AGENDA_ITEM_KIND_FIGURES)));
  // If this meeting settled its item about figures, the opening does not add another.
  if (!figures.empty() && std::all_of(figures.begin(), figures.end(), IsSettled)) return absl::OkStatus();
  ASSIGN(std::vector<pb::FigureSet> papers, Select<pb::FigureSet>(tx, "WHERE meeting_id IS NULL ORDER BY id"));
  for (pb::FigureSet& set : papers) TRY(PlaceFigures(tx, meeting.id(), &set));
  if (papers.empty() || !figures.empty()) return absl::OkStatus();
  pb::AgendaItem item;
  item.set_id(NewId(tx.now()));
  item.set_state(pb::AGENDA_ITEM_STATE_SCHEDULED);
  item.set_kind(pb::AGENDA_ITEM_KIND_FIGURES);
  item.set_meeting_id(meeting.id());
  ASSIGN(const int position, NextPosition(tx, meeting.id()));
  item.set_position(position);
  item.set_title(words.figures());
  return AddItem(tx, &item);
}

}  // namespace mestring::council
