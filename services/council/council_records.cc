#include "services/council/council_records.h"

// The questions to many rows, and the few changes that belong to more than one use case.
//
// What meetings share with each other (minutes that wait, figures that lie on no agenda, suggestions that
// wait for one) is found by query each time and held nowhere else: a meeting that is cancelled or postpones
// its items needs no list of what to give back.

#include <algorithm>
#include <utility>

#include "common/digest.h"
#include "services/code_lists/code_lists.h"

namespace mestring::council {
namespace {

// What decides whether the deputy of a seat is asked to a meeting, and how they were.
struct Asking {
  Holders holders;
  std::vector<pb::Apology> apologies;
  std::vector<pb::Summons> summonses;  // in force
};

absl::StatusOr<Asking> AskingOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id) {
  Asking asking;
  ASSIGN(asking.holders, HoldersOf(tx, seat_id));
  // Terms that began together end together: this one's timer comes next.
  std::optional<pb::SeatHolder>& deputy = asking.holders.deputy;
  if (deputy && deputy->until_date() < Today(tx)) deputy.reset();
  ASSIGN(asking.apologies, ApologiesOf(tx, meeting_id, seat_id));
  ASSIGN(asking.summonses,
         Select<pb::Summons>(
             tx, "WHERE meeting_id = :meeting AND seat_id = :seat AND state = 'SUMMONS_STATE_IN_FORCE' ORDER BY id",
             meeting_id, seat_id));
  return asking;
}

}  // namespace

// ---- Loads -----------------------------------------------------------------------------------------

absl::StatusOr<pb::Mandate> CurrentMandate(Tx& tx) {
  ASSIGN(auto mandate, Newest<pb::Mandate>(tx, "mandate_version"));
  if (!mandate) return Refused("MANDATE_MISSING", "no mandate is in force");
  return *std::move(mandate);
}

absl::Status CheckCode(Tx& tx, pb::CodeListKind kind, std::string_view code) {
  ASSIGN(const auto list, CodeListOfVersion<pb::CodeList>(tx, kind, 0));
  return !list || HasCode(*list, code) ? absl::OkStatus() : UnknownCode(kind);
}

absl::StatusOr<Holders> HoldersOf(Tx& tx, std::string_view seat_id) {
  Holders holders;
  // A seat has a few terms in ten years.
  ASSIGN(std::vector<pb::SeatHolder> rows, Select<pb::SeatHolder>(tx, "WHERE seat_id = :seat ORDER BY id", seat_id));
  for (pb::SeatHolder& row : rows) {
    if (row.state() != pb::HOLDER_STATE_ACTIVE) {
      holders.ended.push_back(std::move(row));
    } else {
      (row.role() == pb::HOLDER_ROLE_PRINCIPAL ? holders.principal : holders.deputy) = std::move(row);
    }
  }
  return holders;
}

absl::StatusOr<std::vector<pb::Apology>> ApologiesOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id) {
  return Select<pb::Apology>(tx, "WHERE meeting_id = :meeting AND seat_id = :seat AND state = 'APOLOGY_STATE_IN_FORCE'",
                             meeting_id, seat_id);
}

absl::StatusOr<std::string> SeatOf(Tx& tx, std::string_view person_ref) {
  if (person_ref.empty()) return std::string();
  ASSIGN(
      const auto rows,
      tx.Query<std::string>(
          "SELECT seat_id FROM seat_holders WHERE person_ref = :person AND state = 'HOLDER_STATE_ACTIVE'", person_ref));
  return rows.empty() ? std::string() : std::get<0>(rows[0]);
}

absl::StatusOr<std::string> OwnSeat(Tx& tx, const Caller& caller) { return SeatOf(tx, caller.person_ref); }

absl::StatusOr<std::vector<pb::AgendaItem>> AgendaOf(Tx& tx, std::string_view meeting_id) {
  return Select<pb::AgendaItem>(tx, "WHERE meeting_id = :meeting ORDER BY position, id", meeting_id);
}

absl::StatusOr<std::vector<pb::EntitledSeat>> SeatsOf(Tx& tx, std::string_view meeting_id) {
  return Select<pb::EntitledSeat>(tx, "WHERE meeting_id = :meeting ORDER BY seat_id", meeting_id);
}

absl::StatusOr<pb::EntitledSeat> EntitledSeatOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id) {
  ASSIGN(auto seat, Find<pb::EntitledSeat>(tx, "WHERE meeting_id = :meeting AND seat_id = :seat", meeting_id, seat_id));
  TRY(CheckEntitled(seat.has_value()));
  return *std::move(seat);
}

absl::StatusOr<std::optional<pb::Minutes>> NewestMinutes(Tx& tx, std::string_view meeting_id) {
  return Find<pb::Minutes>(tx, "WHERE meeting_id = :meeting ORDER BY minutes_version DESC LIMIT 1", meeting_id);
}

absl::StatusOr<bool> HasApprovedMinutes(Tx& tx, std::string_view meeting_id) {
  return Exists<pb::Minutes>(tx, "WHERE meeting_id = :meeting AND state = 'MINUTES_STATE_APPROVED'", meeting_id);
}

absl::StatusOr<std::set<std::string>> MeetingsWithMinutes(Tx& tx) {
  ASSIGN(const auto rows,
         tx.Query<std::string>(absl::StrCat("SELECT DISTINCT meeting_id FROM minutes WHERE sent_date IS NOT NULL AND "
                                            "meeting_id IN (SELECT id FROM meetings WHERE ",
                                            InStates(AwaitsMinutes), ")")));
  std::set<std::string> ids;
  for (const auto& [id] : rows) ids.insert(id);
  return ids;
}

absl::StatusOr<std::vector<pb::Action>> ActionsOf(Tx& tx, std::string_view suggestion_id) {
  return Select<pb::Action>(tx, "WHERE suggestion_id = :suggestion ORDER BY id", suggestion_id);
}

int OpenAmong(const std::vector<pb::Action>& actions) {
  return static_cast<int>(std::count_if(actions.begin(), actions.end(), IsOpen));
}

std::string ClaimDigest(std::string_view claim_code) { return Sha256Hex(claim_code); }

// ---- What one case does to another -----------------------------------------------------------------

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
  return tx.Publish(event, item->id(), item->version());
}

absl::Status SettleItem(Tx& tx, pb::AgendaItem* item, pb::AgendaItemSettled event) {
  TRY(Save(tx, *item));
  event.set_agenda_item_id(item->id());
  event.set_meeting_id(item->meeting_id());
  event.set_state(item->state());
  event.set_revision(item->revision());
  TRY(tx.Publish(event, item->id(), item->version()));
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
  return tx.Publish(returned, suggestion.id(), suggestion.version());
}

absl::Status SavePlaced(Tx& tx, pb::AgendaItem* item, std::string_view former_meeting_id) {
  TRY(Save(tx, *item));
  pb::AgendaItemScheduled event;
  event.set_agenda_item_id(item->id());
  event.set_meeting_id(item->meeting_id());
  event.set_former_meeting_id(std::string(former_meeting_id));
  event.set_state(item->state());
  event.set_position(item->position());
  return tx.Publish(event, item->id(), item->version());
}

// An approval of minutes that another meeting has on its agenda, if this one comes before it.
absl::Status TakeOver(Tx& tx, const pb::Meeting& meeting, pb::AgendaItem* item) {
  ASSIGN(const pb::Meeting other, Load<pb::Meeting>(tx, item->meeting_id()));
  if (!ApprovesBefore(meeting, other)) return absl::OkStatus();
  item->set_meeting_id(meeting.id());
  return SavePlaced(tx, item, other.id());
}

absl::Status PrepareAgenda(Tx& tx, const pb::Meeting& meeting) {
  ASSIGN(const pb::Mandate mandate, Load<pb::Mandate>(tx, meeting.mandate_id()));
  const pb::MinutesWords words = WordsOf(mandate);  // the titles are headings of the minutes
  // Also of a meeting that is not closed yet: that its minutes cannot be approved then is seen at the table.
  static const std::string sent = absl::StrCat(
      "WHERE state = 'MINUTES_STATE_SENT' AND meeting_id IN (SELECT id FROM meetings WHERE meeting_date < :date AND ",
      InStates(WasHeld),
      ") AND meeting_id NOT IN (SELECT meeting_id FROM minutes WHERE state = 'MINUTES_STATE_APPROVED') "
      "ORDER BY meeting_id");
  ASSIGN(const std::vector<pb::Minutes> waiting, Select<pb::Minutes>(tx, sent, meeting.meeting_date()));
  for (const pb::Minutes& minutes : waiting) {
    // Who has put it off the agenda of this meeting does not get it back at its opening.
    ASSIGN(const bool had, Exists<pb::AgendaItem>(tx, "WHERE meeting_id = :meeting AND minutes_meeting_id = :of",
                                                  meeting.id(), minutes.meeting_id()));
    if (had) continue;
    ASSIGN(std::optional<pb::AgendaItem> known,
           Find<pb::AgendaItem>(tx,
                                "WHERE minutes_meeting_id = :meeting AND state IN ('AGENDA_ITEM_STATE_SCHEDULED', "
                                "'AGENDA_ITEM_STATE_DISCUSSED')",
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
         Select<pb::AgendaItem>(tx, "WHERE meeting_id = :meeting AND kind = 'AGENDA_ITEM_KIND_FIGURES' ORDER BY id",
                                meeting.id()));
  // Who has put them off the agenda of this meeting does not get them back at its opening.
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

absl::Status PlaceFigures(Tx& tx, std::string_view meeting_id, pb::FigureSet* set) {
  set->set_meeting_id(std::string(meeting_id));
  TRY(Save(tx, *set));
  pb::FiguresPlaced event;
  event.set_figure_set_id(set->id());
  event.set_meeting_id(set->meeting_id());
  return tx.Publish(event, set->id(), set->version());
}

absl::Status MovePapers(Tx& tx, std::string_view from_meeting_id, std::string_view to_meeting_id) {
  ASSIGN(std::vector<pb::FigureSet> papers,
         Select<pb::FigureSet>(tx, "WHERE meeting_id = :meeting ORDER BY id", from_meeting_id));
  for (pb::FigureSet& set : papers) TRY(PlaceFigures(tx, to_meeting_id, &set));
  return absl::OkStatus();
}

absl::Status EndHolder(Tx& tx, std::string_view reason_code, pb::SeatHolder* holder) {
  ApplyEnd(reason_code, Today(tx), holder);
  TRY(Save(tx, *holder));
  TRY(tx.CancelTimer(kTermTimer, holder->id()));
  ASSIGN(pb::Seat seat, Load<pb::Seat>(tx, holder->seat_id()));
  TRY(Save(tx, seat));  // for the version of the event
  pb::SeatVacated event;
  event.set_seat_id(holder->seat_id());
  event.set_role(holder->role());
  event.set_holder_id(holder->id());
  event.set_reason_code(std::string(reason_code));
  return tx.Publish(event, seat.id(), seat.version());
}

absl::StatusOr<pb::Summons> Summon(Tx& tx, std::string_view meeting_id, const pb::EntitledSeat& deputy_of,
                                   pb::SummonsCause cause, std::string_view agenda_item_id) {
  pb::Summons summons;
  summons.set_id(NewId(tx.now()));
  summons.set_state(pb::SUMMONS_STATE_IN_FORCE);
  summons.set_meeting_id(std::string(meeting_id));
  summons.set_seat_id(deputy_of.seat_id());
  summons.set_holder_id(deputy_of.deputy_id());
  summons.set_cause(cause);
  summons.set_agenda_item_id(std::string(agenda_item_id));
  TRY(Insert(tx, summons));
  pb::DeputySummoned event;
  event.set_summons_id(summons.id());
  event.set_meeting_id(summons.meeting_id());
  event.set_seat_id(summons.seat_id());
  event.set_person_ref(deputy_of.deputy_ref());
  event.set_cause(cause);
  event.set_agenda_item_id(summons.agenda_item_id());
  if (cause == pb::SUMMONS_CAUSE_NOT_MET) event.set_entitled_seat_id(deputy_of.id());
  TRY(tx.Publish(event, summons.id(), summons.version()));
  return summons;
}

absl::Status VoidSummons(Tx& tx, pb::Summons* summons) {
  summons->set_state(pb::SUMMONS_STATE_VOID);
  TRY(Save(tx, *summons));
  pb::SummonsVoided event;
  event.set_summons_id(summons->id());
  event.set_meeting_id(summons->meeting_id());
  event.set_seat_id(summons->seat_id());
  return tx.Publish(event, summons->id(), summons->version());
}

absl::StatusOr<std::optional<pb::Summons>> SummonIfNeeded(Tx& tx, const pb::Meeting& meeting, const pb::Seat& seat) {
  if (seat.state() != pb::SEAT_STATE_ACTIVE) return std::nullopt;
  ASSIGN(const Asking asking, AskingOf(tx, meeting.id(), seat.id()));
  const pb::SummonsCause cause = WhySummoned(meeting, asking.holders, asking.apologies);
  if (cause == pb::SUMMONS_CAUSE_UNSPECIFIED) return std::nullopt;
  for (const pb::Summons& known : asking.summonses) {
    if (asking.holders.IsTermOf(pb::HOLDER_ROLE_DEPUTY, known.holder_id())) return std::nullopt;
  }
  const pb::EntitledSeat as_of_now = NewEntitledSeat("", meeting, seat, asking.holders, asking.apologies);
  ASSIGN(pb::Summons summons, Summon(tx, meeting.id(), as_of_now, cause, ""));
  return summons;
}

absl::Status ReviewSummonses(Tx& tx, std::string_view seat_id) {
  ASSIGN(const pb::Seat seat, Load<pb::Seat>(tx, seat_id));
  ASSIGN(const std::vector<pb::Meeting> called,
         Select<pb::Meeting>(tx, "WHERE state = 'MEETING_STATE_SUMMONED' ORDER BY meeting_date, id"));
  for (const pb::Meeting& meeting : called) {
    ASSIGN(Asking asking, AskingOf(tx, meeting.id(), seat.id()));
    for (pb::Summons& summons : asking.summonses) {
      if (HoldsStill(summons, meeting, seat, asking.holders, asking.apologies)) continue;
      TRY(VoidSummons(tx, &summons));
    }
    TRY(SummonIfNeeded(tx, meeting, seat).status());
  }
  return absl::OkStatus();
}

}  // namespace mestring::council
