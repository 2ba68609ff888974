#include "tests/housing/places_model.h"

#include <algorithm>

#include "services/housing/stay_rules.h"

namespace mestring::housing {
namespace {

constexpr int kToday = 0;

// Whether it holds its place in one of the nights [from, until). Whoever lives there is there tonight, even if their
// departure was planned for today or earlier.
bool Holds(const ModelHold& hold, int from, int until) {
  if (hold.what == ModelHold::kLivesThere && from <= kToday && kToday < until) return true;
  return hold.from < until && from < hold.until;
}

}  // namespace

bool PlacesModel::IsHeld(int place, int from, int until, const std::string& own_id) const {
  return std::any_of(holds.begin(), holds.end(), [&](const ModelHold& hold) {
    return hold.place == place && hold.id != own_id && Holds(hold, from, until);
  });
}

v1::PlaceState PlacesModel::StateOf(int place, int night) const {
  if (removed.contains(place)) return v1::PLACE_STATE_REMOVED;
  bool occupied = false, reserved = false, made_ready = false, closed = false;
  for (const ModelHold& hold : holds) {
    if (hold.place != place || !Holds(hold, night, night + 1)) continue;
    if (hold.what == ModelHold::kLivesThere && (night < hold.end || night == kToday)) {
      occupied = true;
    } else if (hold.what == ModelHold::kVacant || (hold.what == ModelHold::kReserved && night < hold.end)) {
      reserved = true;
    } else if (hold.what == ModelHold::kClosed) {
      closed = true;
    } else {
      made_ready = true;
    }
  }
  if (occupied) return v1::PLACE_STATE_OCCUPIED;
  if (reserved) return v1::PLACE_STATE_RESERVED;
  if (made_ready) return v1::PLACE_STATE_TURNAROUND;
  return closed ? v1::PLACE_STATE_CLOSED : v1::PLACE_STATE_FREE;
}

int PlacesModel::FreeFrom(int place) const {
  for (int day = kToday; day < 200; ++day) {
    if (!IsHeld(place, day, kForever)) return day;
  }
  return kForever;
}

bool PlacesModel::IsInUse(int place) const {
  return std::any_of(holds.begin(), holds.end(), [&](const ModelHold& hold) {
    const bool makes_ready = hold.what == ModelHold::kLeft, closed = hold.what == ModelHold::kClosed;
    return hold.place == place && !makes_ready && !closed && Holds(hold, kToday, kForever);
  });
}

ModelHold* PlacesModel::Find(int place, ModelHold::What what) {
  for (ModelHold& hold : holds) {
    if (hold.place == place && hold.what == what) return &hold;
  }
  return nullptr;
}

void PlacesModel::MakeWay(const ModelHold& stay, int until) {
  std::vector<ModelHold> kept;
  for (ModelHold hold : holds) {
    const bool is_in_the_way = hold.place == stay.place && hold.id != stay.id && Holds(hold, stay.from, until);
    if (is_in_the_way && hold.what == ModelHold::kReserved) continue;
    if (is_in_the_way && (hold.what == ModelHold::kClosed || hold.what == ModelHold::kVacant)) {
      hold.from = until;
      if (hold.until <= until) continue;
    }
    kept.push_back(hold);
  }
  holds = std::move(kept);
}

void PlacesModel::Erase(const std::string& id) {
  std::erase_if(holds, [&](const ModelHold& hold) { return hold.id == id; });
}

}  // namespace mestring::housing
