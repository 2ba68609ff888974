// Who and what holds a place: every question about H1 is answered here.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/database.h"
#include "services/housing/housing_rules.h"
#include "services/housing/stay_rules.h"

namespace mestring::housing {

// Which places the question is about: one place, the places of one scheme, or all if both are empty.
struct PlacesAsked {
  std::string_view place_id = "";
  std::string_view scheme_id = "";
};

// The time for which somebody wants a place.
struct Hold {
  std::string start_date;
  std::string held_until;
  // The stay or vacancy for which the question is asked; it does not count as a holder.
  std::string_view own_stay_id = "";
  std::string_view own_vacancy_id = "";
};

// Which holders count; every caller that does not mean all names one of these.
enum class Holders {
  kAll,
  // Residents, reservations and vacancies: neither closures nor the turnaround days after a stay.
  kPeople,
  // Residents, at whatever time the question is about.
  kResidents,
  // Vacancies, which keep the place for the list.
  kVacancies,
};

// [H1] What holds these places in that time, in the order of the first days: stays that are reserved, lived in or
// followed by their turnaround days; closures; vacancies that keep a place for the list. A resident holds the place
// tonight even if their planned end has passed.
absl::StatusOr<std::vector<PlaceHold>> HoldsOf(Tx& tx, const PlacesAsked& places, const Hold& hold,
                                               Holders holders = Holders::kAll);

absl::StatusOr<bool> IsHeld(Tx& tx, std::string_view place_id, const Hold& hold, Holders holders = Holders::kAll);
// PLACE_TAKEN if it is held.
absl::Status CheckFree(Tx& tx, std::string_view place_id, const Hold& hold);
// The first place of a scheme that is free for that time, in the order of their labels, or PLACE_TAKEN.
absl::StatusOr<pb::Place> FirstFreePlace(Tx& tx, std::string_view scheme_id, const Hold& hold);

// The states of places on a night.
struct Night {
  pb::PlaceState StateOf(const pb::Place& place) const;

  std::string date, today;
  std::map<std::string, std::vector<PlaceHold>, std::less<>> holds;  // by place
};
// For the places of one scheme, or for all places if `scheme_id` is empty.
absl::StatusOr<Night> NightOf(Tx& tx, std::string_view date, std::string_view scheme_id);

}  // namespace mestring::housing
