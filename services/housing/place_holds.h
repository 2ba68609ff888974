// Who and what holds a place: the one answer to H1, for everybody who asks.
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

// One place, the places of one scheme, or all if both are empty.
struct PlacesAsked {
  std::string_view place_id = "";
  std::string_view scheme_id = "";
};

// A time for which somebody wants a place.
struct Hold {
  std::string start_date;
  std::string held_until;
  // What does not count, because it is what asks: a stay, a vacancy.
  std::string_view own_stay_id = "";
  std::string_view own_vacancy_id = "";
};

// Which holders count. Who means less than all says it by one of these.
enum class Holders {
  kAll,
  // Who lives in the place or will, and those from the list for whom it is kept: neither closures nor the days in which
  // a place is made ready.
  kPeople,
  // Who lives there, whatever the time that is asked about.
  kResidents,
  // What keeps the place for the list.
  kVacancies,
};

// [H1] Who and what holds these places in that time, in the order of their beginnings: stays that are reserved, lived
// in or followed by their turnaround days, closures, vacancies that keep a place for the list. Who lives there holds
// the place tonight, too, even if their departure was planned for an earlier day.
absl::StatusOr<std::vector<PlaceHold>> HoldsOf(Tx& tx, const PlacesAsked& places, const Hold& hold,
                                               Holders holders = Holders::kAll);

absl::StatusOr<bool> IsHeld(Tx& tx, std::string_view place_id, const Hold& hold, Holders holders = Holders::kAll);
// PLACE_TAKEN if it is held.
absl::Status CheckFree(Tx& tx, std::string_view place_id, const Hold& hold);
// The first place of a scheme that is free for that time, in the order of their labels, or PLACE_TAKEN.
absl::StatusOr<pb::Place> FirstFreePlace(Tx& tx, std::string_view scheme_id, const Hold& hold);

// What places are on a night.
struct Night {
  pb::PlaceState StateOf(const pb::Place& place) const;

  std::string date, today;
  std::map<std::string, std::vector<PlaceHold>, std::less<>> holds;  // by place
};
// Of the places of one scheme, or of all if it is empty.
absl::StatusOr<Night> NightOf(Tx& tx, std::string_view date, std::string_view scheme_id);

}  // namespace mestring::housing
