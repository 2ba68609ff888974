// A plain model of H1, to ask what the service's SQL is asked. Days are counted from today, which is 0; every question
// looks at every hold, one after the other.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "mestring/housing/v1/housing.pb.h"
#include "services/housing/stay_rules.h"

namespace mestring::housing {

inline constexpr int kForever = 1'000'000;

// A stay, a closure or a vacancy: what holds a place in the nights [from, until).
struct ModelHold {
  enum What { kReserved, kLivesThere, kLeft, kClosed, kVacant } what;
  int place;
  int from, until;
  int end = kForever;  // of a stay: the day of departure
  int turnaround = 0;  // of a stay: the days in which the place is made ready after it
  int arrived = 0;     // of a stay that somebody lives in: since when
  std::string id = "";
};

struct PlacesModel {
  // Somebody or something holds the place in one of these nights. `own_id` is what asks.
  bool IsHeld(int place, int from, int until, const std::string& own_id = "") const;
  v1::PlaceState StateOf(int place, int night) const;
  // The first day from which on nothing holds the place; kForever if there is none.
  int FreeFrom(int place) const;
  // Somebody lives there or will, or it is kept for the list: the place cannot be removed.
  bool IsInUse(int place) const;
  // What is there of one kind, the first; null if there is nothing.
  ModelHold* Find(int place, ModelHold::What what);
  // What was to follow in the place gives way to one who is there until a later day.
  void MakeWay(const ModelHold& stay, int until);
  void Erase(const std::string& id);

  std::vector<ModelHold> holds;
  std::set<int> removed;
};

}  // namespace mestring::housing
