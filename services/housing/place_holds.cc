#include "services/housing/place_holds.h"

// A stay holds its place in [start_date, held_until). The row stores the end with its turnaround days, so one range on
// one index finds what overlaps, and reads only what ends after the wanted start. To compute the end in SQL from the
// policy would need the date functions of both engines and could use no index. No row says that a resident is still
// there tonight after the planned end: this file works it out, so that no night changes a stay.

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/store/records.h"
#include "services/housing/application_rules.h"
#include "services/housing/stay_rules.h"
#include "services/housing/tables.h"

namespace mestring::housing {
namespace {

// A statement made of parts with their values. The number of a part ends the names of its placeholders.
struct Parts {
  template <class... P>
  void Add(std::string_view part, const P&... parameters) {
    absl::StrAppend(&sql, sql.empty() ? "" : " UNION ", part);
    for (Value& value : Bind(parameters...)) values.push_back(std::move(value));
  }

  std::string sql;
  std::vector<Value> values;
};

// The condition on the place, in a form that lets both engines use their indexes on it and skip history.
std::string AreAsked(const PlacesAsked& places, int part) {
  if (!places.place_id.empty()) return absl::StrCat("place_id = :place", part);
  return absl::StrCat("place_id IN (SELECT id FROM places WHERE ",
                      places.scheme_id.empty() ? "id >" : "scheme_id =", " :scheme", part, ")");
}

// [H1] The only SQL that says who holds a place. `tonight`: the time in question includes tonight.
Parts StatementOf(const PlacesAsked& places, const Hold& hold, Holders holders, bool tonight) {
  constexpr std::string_view kColumns = "SELECT place_id, id, start_date, held_until, state, end_date FROM ";
  const std::string_view asked = places.place_id.empty() ? places.scheme_id : places.place_id;
  const bool all = holders == Holders::kAll, people = holders == Holders::kPeople;
  Parts parts;
  if (all || people) {
    const std::string of_people = people ? absl::StrCat(" AND ", InStates(HoldsPlace)) : "";
    parts.Add(absl::StrCat(kColumns, "stays WHERE ", AreAsked(places, 1),
                           " AND held_until > :start1 AND start_date < :until1 AND id <> :own1", of_people),
              asked, hold.start_date, hold.held_until, hold.own_stay_id);
  }
  if (holders == Holders::kResidents || ((all || people) && tonight)) {
    parts.Add(absl::StrCat(kColumns, "stays WHERE ", AreAsked(places, 2), " AND ", InState(pb::STAY_STATE_ARRIVED),
                           " AND id <> :own2"),
              asked, hold.own_stay_id);
  }
  if (all) {
    parts.Add(absl::StrCat(kColumns, "place_closures WHERE ", AreAsked(places, 3),
                           " AND held_until > :start3 AND start_date < :until3"),
              asked, hold.start_date, hold.held_until);
  }
  if (holders != Holders::kResidents) {
    parts.Add(absl::StrCat("SELECT place_id, id, from_date AS start_date, NULL, state, NULL FROM vacancies WHERE ",
                           AreAsked(places, 4), " AND from_date < :until4 AND id <> :own4 AND ", InStates(KeepsPlace)),
              asked, hold.held_until, hold.own_vacancy_id);
  }
  absl::StrAppend(&parts.sql, " ORDER BY start_date, id");
  return parts;
}

}  // namespace

absl::StatusOr<std::vector<PlaceHold>> HoldsOf(Tx& tx, const PlacesAsked& places, const Hold& hold, Holders holders) {
  const std::string today = Today(tx), tomorrow = PlusDays(today, 1);
  const Parts statement = StatementOf(places, hold, holders, hold.start_date <= today && today < hold.held_until);
  ASSIGN(std::vector<std::vector<Cell>> rows, tx.QueryCells(statement.sql, statement.values, 6));
  std::vector<PlaceHold> holds;
  for (std::vector<Cell>& row : rows) {
    const auto text = [&row](int column) { return std::move(row[column]).value_or(""); };
    PlaceHold& found = holds.emplace_back();
    found.place_id = text(0), found.id = text(1), found.start_date = text(2), found.held_until = text(3);
    const std::string state = text(4);
    found.end_date = text(5);
    if (pb::StayState_Parse(state, &found.stay_state)) {
      // A resident is there tonight.
      if (found.stay_state == pb::STAY_STATE_ARRIVED) found.held_until = std::max(found.held_until, tomorrow);
    } else if (pb::VacancyState vacancy; pb::VacancyState_Parse(state, &vacancy)) {
      found.kind = PlaceHold::kVacancy;
      found.held_until = kNoEnd;
    } else {
      found.kind = PlaceHold::kClosure;
    }
  }
  return holds;
}

absl::StatusOr<bool> IsHeld(Tx& tx, std::string_view place_id, const Hold& hold, Holders holders) {
  ASSIGN(const std::vector<PlaceHold> holds, HoldsOf(tx, {.place_id = place_id}, hold, holders));
  return !holds.empty();
}

absl::Status CheckFree(Tx& tx, std::string_view place_id, const Hold& hold) {
  ASSIGN(const bool held, IsHeld(tx, place_id, hold));
  return MayHold(held, place_id);
}

absl::StatusOr<pb::Place> FirstFreePlace(Tx& tx, std::string_view scheme_id, const Hold& hold) {
  ASSIGN(const std::vector<PlaceHold> holds, HoldsOf(tx, {.scheme_id = scheme_id}, hold));
  std::set<std::string_view> held;
  for (const PlaceHold& found : holds) held.insert(found.place_id);
  ASSIGN(std::vector<pb::Place> places,
         Select<pb::Place>(tx, "WHERE scheme_id = :scheme AND remove_date IS NULL ORDER BY label, id", scheme_id));
  const auto free = std::find_if(places.begin(), places.end(),
                                 [&held](const pb::Place& place) { return !held.contains(place.id()); });
  TRY(MayHold(free == places.end()));
  return std::move(*free);
}

pb::PlaceState Night::StateOf(const pb::Place& place) const {
  static const std::vector<PlaceHold> kNothing;
  const auto found = holds.find(place.id());
  return housing::StateOf(place, found == holds.end() ? kNothing : found->second, date, today);
}

absl::StatusOr<Night> NightOf(Tx& tx, std::string_view date, std::string_view scheme_id) {
  Night night{.date = std::string(date), .today = Today(tx), .holds = {}};
  ASSIGN(std::vector<PlaceHold> holds, HoldsOf(tx, {.scheme_id = scheme_id}, {night.date, PlusDays(date, 1)}));
  for (PlaceHold& hold : holds) night.holds[hold.place_id].push_back(std::move(hold));
  return night;
}

}  // namespace mestring::housing
