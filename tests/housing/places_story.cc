#include "tests/housing/places_story.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_join.h"
#include "common/base/ids.h"
#include "common/store/records.h"
#include "services/housing/place_holds.h"
#include "services/housing/stay_changes.h"
#include "services/housing/stay_rules.h"
#include "services/housing/tables.h"

namespace mestring::housing {
namespace {

constexpr const char* kNames[kWhats] = {"history",       "reserve",         "reserve any", "open vacancy",
                                        "close vacancy", "reserve offered", "close place", "reopen place",
                                        "remove place",  "arrive",          "extend",      "move",
                                        "end",           "not vacated"};

std::string Said(const absl::Status& status) {
  if (status.ok()) return "OK";
  const std::string reason = ReasonOf(status);
  return reason.empty() ? status.ToString() : reason;
}

// What a use case that the model foretells has answered otherwise.
std::string Differs(std::string_view who, std::string_view model, std::string_view service) {
  return service == model ? "" : absl::StrCat(who, ": the model says ", model, ", the service ", service);
}
std::string Differs(std::string_view who, std::string_view model, const absl::Status& service) {
  return Differs(who, model, std::string_view(Said(service)));
}

}  // namespace

Step SomeStep(std::mt19937& random) {
  const auto below = [&](int limit) { return static_cast<int>(random() % limit); };
  // A removed place tells no more stories.
  const What what = below(60) == 0 ? kRemovePlace : static_cast<What>(below(kWhats));
  return {.what = what == kRemovePlace && below(8) != 0 ? kHistory : what,
          .place = below(5),
          .day = below(16),
          .nights = 1 + below(12),
          .choice = below(12),
          .ask_place = below(5),
          .ask_day = below(24) - 3,
          .ask_nights = 1 + below(20)};
}

std::string Text(const Step& step) {
  return absl::StrCat(kNames[step.what], " place ", step.place, " day ", step.day, " nights ", step.nights, " choice ",
                      step.choice, "; ask place ", step.ask_place, " day ", step.ask_day, " nights ", step.ask_nights);
}

std::string Story::Do(const Step& step) {
  switch (step.what) {
    case kHistory:
      return History(step);
    case kReserve:
      return Reserve(step, /*any=*/false);
    case kReserveAny:
      return Reserve(step, /*any=*/true);
    case kOpenVacancy:
      return OpenVacancy(step);
    case kCloseVacancy:
      return CloseVacancy(step);
    case kReserveOffered:
      return ReserveOffered(step);
    case kClosePlace:
      return ClosePlace(step);
    case kReopenPlace:
      return ReopenPlace(step);
    case kRemovePlace:
      return RemovePlace(step);
    case kArrive:
      return Arrive(step);
    case kExtend:
      return Extend(step);
    case kMove:
      return Move(step);
    case kEnd:
      return End(step);
    case kNotVacated:
      return NotVacated(step);
    case kWhats:
      break;
  }
  return "no such step";
}

pb::Requisition Story::SomeRequisition(pb::RequisitionState state) {
  pb::Requisition requisition;
  requisition.set_id(NewId(tx_.now()));
  requisition.set_state(state);
  requisition.set_person_ref(SomePerson());
  requisition.set_scheme_id(town_.town().akutten);
  requisition.set_policy_id(town_.shelter_policy.id());
  requisition.set_route(pb::ROUTE_REQUISITION);
  requisition.set_organisation_id("nav-sandnes");
  requisition.set_channel(pb::CHANNEL_ORAL);
  requisition.set_origin(pb::ORIGIN_HOMELESS);
  requisition.set_residence(pb::RESIDENCE_REGISTERED);
  requisition.set_decide_by(Date(0));
  requisition.set_use_by(Date(30));
  EXPECT_TRUE(Insert(tx_, requisition).ok());
  return requisition;
}

// A stay from before the story, which began no later than today. It was promised when nothing else held the place.
std::string Story::History(const Step& step) {
  const ModelHold::What what = static_cast<ModelHold::What>(step.choice % 3);  // reserved, lives there, left
  const int place = step.place, from = -step.day, turnaround = step.choice % 2 + Turnaround(place) % 2;
  const int end = what == ModelHold::kLeft ? std::min(0, from + step.nights) : from + step.nights;
  ModelHold hold{what, place, from, end + turnaround, end, turnaround, from};
  if (model_.removed.contains(place) || (what == ModelHold::kLeft && end == from)) return "";
  if (what == ModelHold::kLivesThere && model_.Find(place, what) != nullptr) return "";
  for (const ModelHold& other : model_.holds) {
    if (other.place == place && other.from < hold.until && hold.from < other.until) return "";
  }
  const pb::Requisition requisition = SomeRequisition(pb::REQUISITION_STATE_PLACED);
  pb::Stay stay;
  stay.set_id(NewId(tx_.now()));
  stay.set_state(what == ModelHold::kReserved     ? pb::STAY_STATE_RESERVED
                 : what == ModelHold::kLivesThere ? pb::STAY_STATE_ARRIVED
                                                  : pb::STAY_STATE_ENDED);
  stay.set_person_ref(requisition.person_ref());
  stay.set_requisition_id(requisition.id());
  stay.set_place_id(PlaceId(place));
  stay.set_scheme_id(town_.places[place].scheme_id());
  stay.set_policy_id(town_.shelter_policy.id());
  stay.set_start_date(Date(from));
  stay.set_end_date(Date(end));
  if (what != ModelHold::kReserved) stay.set_arrive_date(Date(from)), stay.set_count_from(Date(from));
  if (what == ModelHold::kLeft) stay.set_destination_code("410");
  stay.set_turnaround_days(turnaround);
  stay.set_held_until(Date(hold.until));
  if (const absl::Status status = Insert(tx_, stay); !status.ok()) return status.ToString();
  hold.id = stay.id();
  model_.holds.push_back(hold);
  return "";
}

std::string Story::Reserve(const Step& step, bool any) {
  pb::ReserveStayRequest request;
  int place = step.place % 3, until = step.day + step.nights + Turnaround(0);
  request.set_requisition_id(SomeRequisition(pb::REQUISITION_STATE_GRANTED).id());
  request.set_start_date(Date(step.day));
  request.set_end_date(Date(step.day + step.nights));
  std::string expected = "OK";
  if (any) {
    for (place = 0; place < 3; ++place) {
      if (!model_.removed.contains(place) && !model_.IsHeld(place, step.day, until)) break;
    }
    if (place == 3) expected = "PLACE_TAKEN";
  } else {
    request.set_place_id(PlaceId(place));
    if (model_.IsHeld(place, step.day, until)) expected = "PLACE_TAKEN";
    if (model_.removed.contains(place)) expected = "PLACE_REMOVED";
  }
  pb::ReserveStayResponse response;
  const absl::Status status = Call(&Housing::ReserveStay, request, &response);
  if (!status.ok() || expected != "OK") return Differs("ReserveStay", expected, status);
  model_.holds.push_back(
      {ModelHold::kReserved, place, step.day, until, step.day + step.nights, Turnaround(0), 0, response.stay().id()});
  return Differs("ReserveStay's place", PlaceId(place), response.stay().place_id());
}

std::string Story::OpenVacancy(const Step& step) {
  const int place = 3 + step.place % 2;
  pb::OpenVacancyRequest request;
  request.set_place_id(PlaceId(place));
  request.set_from_date(Date(step.day));
  std::string expected = model_.IsHeld(place, step.day, kForever) ? "PLACE_TAKEN" : "OK";
  if (model_.Find(place, ModelHold::kVacant) != nullptr) expected = "PLACE_IN_USE";
  if (model_.removed.contains(place)) expected = "PLACE_REMOVED";
  pb::OpenVacancyResponse response;
  const absl::Status status = Call(&Housing::OpenVacancy, request, &response);
  if (status.ok()) {
    model_.holds.push_back({.what = ModelHold::kVacant,
                            .place = place,
                            .from = step.day,
                            .until = kForever,
                            .id = response.vacancy().id()});
  }
  return Differs("OpenVacancy", expected, status);
}

std::string Story::CloseVacancy(const Step& step) {
  const ModelHold* vacancy = model_.Find(step.place, ModelHold::kVacant);
  if (vacancy == nullptr) return "";
  pb::CloseVacancyRequest request;
  request.set_vacancy_id(vacancy->id);
  model_.Erase(request.vacancy_id());
  return Differs("CloseVacancy", "OK", Call(&Housing::CloseVacancy, request));
}

// What the steps from a list entry to an accepted offer leave behind.
pb::PlaceOffer Story::AcceptedOffer(const pb::Vacancy& vacancy) {
  pb::Application application;
  application.set_id(NewId(tx_.now()));
  application.set_state(pb::APPLICATION_STATE_OFFERED);
  application.set_person_ref(SomePerson());
  application.set_residence(pb::RESIDENCE_REGISTERED);
  application.set_submit_date(Date(0));
  application.set_decide_by(Date(30));
  application.set_approved_until(Date(300));
  pb::ListEntry entry;
  entry.set_id(NewId(tx_.now()));
  entry.set_state(pb::LIST_ENTRY_STATE_OFFERED);
  entry.set_application_id(application.id());
  entry.set_person_ref(application.person_ref());
  entry.set_assessment_id(NewId(tx_.now()));
  entry.set_reason_code("A");
  entry.add_suitable_kinds(pb::SCHEME_KIND_COLLECTIVE);
  entry.set_approved_until(application.approved_until());
  entry.set_enter_date(Date(0));
  entry.set_rank_key(entry.id());
  pb::PlaceOffer place_offer;
  place_offer.set_id(NewId(tx_.now()));
  place_offer.set_state(pb::PLACE_OFFER_STATE_ACCEPTED);
  place_offer.set_vacancy_id(vacancy.id());
  place_offer.set_place_id(vacancy.place_id());
  place_offer.set_scheme_id(vacancy.scheme_id());
  place_offer.set_policy_id(town_.home_policy.id());
  place_offer.set_application_id(application.id());
  place_offer.set_list_entry_id(entry.id());
  place_offer.set_person_ref(application.person_ref());
  place_offer.set_from_date(vacancy.from_date());
  place_offer.set_answer_by(Date(7));
  EXPECT_TRUE(Insert(tx_, application).ok() && Insert(tx_, entry).ok() && Insert(tx_, place_offer).ok());
  return place_offer;
}

// Somebody from the list has accepted the place, and gets it from a day on which it is kept for them.
std::string Story::ReserveOffered(const Step& step) {
  const ModelHold* found = model_.Find(step.place, ModelHold::kVacant);
  if (found == nullptr) return "";
  const ModelHold kept = *found;
  absl::StatusOr<pb::Vacancy> vacancy = Load<pb::Vacancy>(tx_, kept.id);
  vacancy->set_state(pb::VACANCY_STATE_OFFERED);
  if (const absl::Status status = Save(tx_, *vacancy); !status.ok()) return status.ToString();
  if (std::string difference = Ask(step); !difference.empty()) return difference;
  const int from = kept.from + step.day % 4, end = step.choice == 0 ? kForever : from + step.nights;
  pb::ReserveStayRequest request;
  request.set_place_offer_id(AcceptedOffer(*vacancy).id());
  request.set_start_date(Date(from));
  if (end != kForever) request.set_end_date(Date(end));
  pb::ReserveStayResponse response;
  const absl::Status status = Call(&Housing::ReserveStay, request, &response);
  const bool held = model_.IsHeld(kept.place, from, end, kept.id);
  if (status.ok()) {
    model_.Erase(kept.id);
    model_.holds.push_back({ModelHold::kReserved, kept.place, from, end, end, 0, 0, response.stay().id()});
  }
  return Differs("ReserveStay of a place offer", held ? "PLACE_TAKEN" : "OK", status);
}

std::string Story::ClosePlace(const Step& step) {
  const int until = step.choice == 0 ? kForever : step.day + step.nights;
  pb::ClosePlaceRequest request;
  request.set_place_id(PlaceId(step.place));
  request.set_start_date(Date(step.day));
  if (until != kForever) request.set_end_date(Date(until));
  request.set_reason_code("A");
  std::string expected = model_.IsHeld(step.place, step.day, until) ? "PLACE_IN_USE" : "OK";
  if (model_.removed.contains(step.place)) expected = "PLACE_REMOVED";
  pb::ClosePlaceResponse response;
  const absl::Status status = Call(&Housing::ClosePlace, request, &response);
  if (status.ok()) {
    model_.holds.push_back({.what = ModelHold::kClosed,
                            .place = step.place,
                            .from = step.day,
                            .until = until,
                            .id = response.closure().id()});
  }
  return Differs("ClosePlace", expected, status);
}

std::string Story::ReopenPlace(const Step& step) {
  const ModelHold* closure = model_.Find(step.place, ModelHold::kClosed);
  if (closure == nullptr) return "";
  pb::ReopenPlaceRequest request;
  request.set_closure_id(closure->id);
  model_.Erase(request.closure_id());
  return Differs("ReopenPlace", "OK", Call(&Housing::ReopenPlace, request));
}

std::string Story::RemovePlace(const Step& step) {
  pb::RemovePlaceRequest request;
  request.set_place_id(PlaceId(step.place));
  std::string expected = model_.IsInUse(step.place) ? "PLACE_IN_USE" : "OK";
  if (model_.removed.contains(step.place)) expected = "PLACE_REMOVED";
  const absl::Status status = Call(&Housing::RemovePlace, request);
  if (status.ok()) model_.removed.insert(step.place);
  return Differs("RemovePlace", expected, status);
}

std::string Story::Arrive(const Step& step) {
  ModelHold* stay = model_.Find(step.place % 3, ModelHold::kReserved);
  if (stay == nullptr) return "";
  pb::ConfirmArrivalRequest request;
  request.set_stay_id(stay->id);
  std::string expected = model_.Find(stay->place, ModelHold::kLivesThere) == nullptr ? "OK" : "PLACE_OCCUPIED";
  if (stay->end <= 0) expected = "DATE_OUT_OF_ORDER";
  if (stay->from > 0) expected = "NOT_YET";
  const absl::Status status = Call(&Housing::ConfirmArrival, request);
  if (status.ok()) stay->what = ModelHold::kLivesThere, stay->arrived = 0;
  return Differs("ConfirmArrival", expected, status);
}

std::string Story::Extend(const Step& step) {
  ModelHold* stay = model_.Find(step.place, step.choice % 2 == 0 ? ModelHold::kReserved : ModelHold::kLivesThere);
  if (stay == nullptr || stay->end == kForever) return "";
  const int end = std::max(stay->end, 0) + step.nights, until = end + stay->turnaround;
  pb::ExtendStayRequest request;
  request.set_stay_id(stay->id);
  request.set_end_date(Date(end));
  request.set_reason_code("A");
  const bool held = model_.IsHeld(stay->place, stay->from, until, stay->id);
  const absl::Status status = Call(&Housing::ExtendStay, request);
  if (status.ok()) stay->end = end, stay->until = until;
  return Differs("ExtendStay", held ? "PLACE_TAKEN" : "OK", status);
}

std::string Story::Move(const Step& step) {
  const int place = step.place % 3, to = (place + 1 + step.choice % 2) % 3;
  ModelHold* stay = model_.Find(place, step.choice % 4 < 2 ? ModelHold::kReserved : ModelHold::kLivesThere);
  if (stay == nullptr) return "";
  pb::MoveStayRequest request;
  request.set_stay_id(stay->id);
  request.set_place_id(PlaceId(to));
  const bool arrived = stay->what == ModelHold::kLivesThere;
  std::string expected = model_.IsHeld(to, arrived ? 0 : stay->from, stay->until, stay->id) ? "PLACE_TAKEN" : "OK";
  if (stay->end <= 0) expected = "DATE_OUT_OF_ORDER";
  if (model_.removed.contains(to)) expected = "PLACE_REMOVED";
  pb::MoveStayResponse response;
  const absl::Status status = Call(&Housing::MoveStay, request, &response);
  if (status.ok() && !arrived) stay->place = to;
  if (status.ok() && arrived) {
    ModelHold next = *stay;
    next.place = to, next.from = 0, next.arrived = 0, next.id = response.stay().id();
    stay->what = ModelHold::kLeft, stay->end = 0, stay->until = stay->turnaround;
    const ModelHold left = *stay;
    model_.MakeWay(left, left.until);
    model_.holds.push_back(next);
  }
  return Differs("MoveStay", expected, status);
}

std::string Story::End(const Step& step) {
  ModelHold* stay = model_.Find(step.place, ModelHold::kLivesThere);
  if (stay == nullptr) return "";
  stay->what = ModelHold::kLeft;
  stay->end = std::max(stay->arrived, -step.choice / 4);
  stay->until = stay->end + stay->turnaround;
  const ModelHold left = *stay;
  pb::EndStayRequest request;
  request.set_stay_id(left.id);
  request.set_end_date(Date(left.end));
  request.set_destination_code("410");
  request.set_reason_code("A");
  model_.MakeWay(left, left.until);
  return Differs("EndStay", "OK", Call(&Housing::EndStay, request));
}

std::string Story::NotVacated(const Step& step) {
  const ModelHold* stay = model_.Find(step.place, ModelHold::kLivesThere);
  if (stay == nullptr || stay->end >= 0) return "";
  absl::StatusOr<pb::Stay> row = Load<pb::Stay>(tx_, stay->id);
  model_.MakeWay(ModelHold(*stay), 1);
  return Differs("MakeWay", "OK", row.ok() ? MakeWay(tx_, *row, Date(1)) : row.status());
}

// ---- What everybody is asked -----------------------------------------------------------------------

std::string Story::Ask(const Step& step) {
  for (std::string difference : {AskForATime(step), AskForANight(step), AskForVacancies(step)}) {
    if (!difference.empty()) return difference;
  }
  return "";
}

std::string Story::AskForATime(const Step& step) {
  const int until = step.ask_day + step.ask_nights;
  // A stay or a vacancy that asks does not stand in its own way.
  std::string own;
  for (const ModelHold& hold : model_.holds) {
    if (hold.place == step.ask_place && hold.what != ModelHold::kClosed && step.choice % 3 == 0) own = hold.id;
  }
  const Hold asked{Date(step.ask_day), Date(until), own, own};
  const absl::StatusOr<bool> held = IsHeld(tx_, PlaceId(step.ask_place), asked);
  if (!held.ok()) return held.status().ToString();
  if (*held != model_.IsHeld(step.ask_place, step.ask_day, until, own)) {
    return absl::StrCat("IsHeld: the service says ", *held);
  }
  int first = 0;
  while (first < 3 && (model_.removed.contains(first) || model_.IsHeld(first, step.ask_day, until))) ++first;
  const absl::StatusOr<pb::Place> place = FirstFreePlace(tx_, town_.town().akutten, {Date(step.ask_day), Date(until)});
  return Differs("FirstFreePlace", first == 3 ? "PLACE_TAKEN" : PlaceId(first),
                 place.ok() ? place->id() : Said(place.status()));
}

std::string Story::AskForANight(const Step& step) {
  const int night = std::max(step.ask_day, 0);
  const std::string& scheme = town_.places[step.ask_place].scheme_id();
  pb::ListPlacesRequest list;
  list.set_scheme_id(scheme);
  list.set_date(Date(night));
  pb::ListPlacesResponse places;
  if (const absl::Status status = Call(&Housing::ListPlaces, list, &places); !status.ok()) return status.ToString();
  pb::Availability expected;
  for (const pb::Place& row : places.places()) {
    int place = 0;
    while (town_.all[place].id() != row.id()) ++place;
    const pb::PlaceState state = model_.StateOf(place, night);
    if (row.state() != state) {
      return absl::StrCat("ListPlaces: place ", place, " is ", pb::PlaceState_Name(row.state()), ", the model says ",
                          pb::PlaceState_Name(state));
    }
    expected.set_places(expected.places() + (state != pb::PLACE_STATE_REMOVED));
    expected.set_free(expected.free() + (state == pb::PLACE_STATE_FREE));
    expected.set_reserved(expected.reserved() + (state == pb::PLACE_STATE_RESERVED));
    expected.set_occupied(expected.occupied() + (state == pb::PLACE_STATE_OCCUPIED));
    expected.set_turnaround(expected.turnaround() + (state == pb::PLACE_STATE_TURNAROUND));
    expected.set_closed(expected.closed() + (state == pb::PLACE_STATE_CLOSED));
  }
  pb::GetAvailabilityRequest get;
  if (step.choice % 2 == 0) get.set_scheme_id(scheme);
  get.set_date(Date(night));
  pb::GetAvailabilityResponse availability;
  if (const absl::Status status = Call(&Housing::GetAvailability, get, &availability); !status.ok()) {
    return status.ToString();
  }
  for (const pb::Availability& one : availability.availabilities()) {
    if (one.scheme_id() != scheme) continue;
    expected.set_scheme_id(one.scheme_id());
    expected.set_scheme_code(one.scheme_code());
    return Differs("GetAvailability", expected.ShortDebugString(), one.ShortDebugString());
  }
  return "GetAvailability: the scheme is missing";
}

std::string Story::AskForVacancies(const Step& step) {
  pb::ListUpcomingVacanciesRequest request;
  const bool of_one_offer = step.choice % 2 == 0;
  const std::string& scheme = town_.places[step.ask_place].scheme_id();
  if (of_one_offer) request.set_scheme_id(scheme);
  request.set_days(step.ask_nights * 2);
  request.set_page_size(200);
  pb::ListUpcomingVacanciesResponse response;
  if (const absl::Status status = Call(&Housing::ListUpcomingVacancies, request, &response); !status.ok()) {
    return status.ToString();
  }
  std::vector<std::pair<std::string, std::string>> expected, upcoming;
  for (size_t place = 0; place < town_.all.size(); ++place) {
    const int free = model_.FreeFrom(static_cast<int>(place));
    if (of_one_offer && town_.all[place].scheme_id() != scheme) continue;
    if (model_.removed.contains(static_cast<int>(place)) || free > request.days()) continue;
    expected.emplace_back(Date(free), town_.all[place].id());
  }
  for (const pb::UpcomingVacancy& one : response.upcoming_vacancies()) {
    const bool asked = one.scheme_id() == town_.town().akutten || one.scheme_id() == town_.town().bokollektivet;
    if (asked) upcoming.emplace_back(one.free_date(), one.place_id());
  }
  std::sort(expected.begin(), expected.end());
  if (expected == upcoming) return "";
  return absl::StrCat("ListUpcomingVacancies: the model says ", absl::StrJoin(expected, ", ", absl::PairFormatter(" ")),
                      "; the service ", absl::StrJoin(upcoming, ", ", absl::PairFormatter(" ")));
}

}  // namespace mestring::housing
