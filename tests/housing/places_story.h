// Random stories of stays, closures, vacancies and place offers, told to the service's own use cases and to a plain
// model (places_model.h) side by side.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "services/housing/housing_rules.h"
#include "tests/housing/places_model.h"
#include "tests/housing/town.h"

namespace mestring::housing {

enum What {
  kHistory,  // somebody lives there already, has left, or was reserved earlier and has not come
  kReserve,
  kReserveAny,
  kOpenVacancy,
  kCloseVacancy,
  kReserveOffered,
  kClosePlace,
  kReopenPlace,
  kRemovePlace,
  kArrive,
  kExtend,
  kMove,
  kEnd,
  kNotVacated,  // the night has come, and who lives there is past their end
  kWhats
};
// What is done, where and when, and what is asked then. Days are counted from today.
struct Step {
  What what;
  int place, day, nights, choice;
  int ask_place, ask_day, ask_nights;
};

Step SomeStep(std::mt19937& random);
std::string Text(const Step& step);

// A town whose service can be asked inside a transaction.
class OpenTown {
 public:
  explicit OpenTown(std::string_view engine) : town_(engine) {
    for (const std::string* scheme : {&town_.akutten, &town_.bokollektivet}) {
      for (const pb::Place& place : town_.Places(*scheme)) {
        // Akutten's three, and two of Bokollektivet's.
        if (places.size() < 5) places.push_back(place);
        all.push_back(place);
      }
    }
    pb::GetHousingSchemeRequest get;
    get.set_scheme_id(town_.akutten);
    shelter_policy = Must(town_.Call(&Town::Stub::GetHousingScheme, Staff(), get)).scheme().policy();
    get.set_scheme_id(town_.bokollektivet);
    home_policy = Must(town_.Call(&Town::Stub::GetHousingScheme, Staff(), get)).scheme().policy();
  }
  Town& town() { return town_; }

  std::vector<pb::Place> places;  // of the stories
  std::vector<pb::Place> all;     // of the two schemes
  pb::SchemePolicy shelter_policy, home_policy;

 private:
  Town town_;
};

// One story: the service's tables and the model, side by side.
class Story {
 public:
  Story(OpenTown& town, Tx& tx) : town_(town), tx_(tx) { caller_.roles = {access::v1::ROLE_STAFF}; }

  // Where the service and the model differ, or "".
  std::string Tell(const Step& step) {
    const std::string difference = Do(step);
    return difference.empty() ? Ask(step) : difference;
  }

 private:
  std::string Date(int day) const { return day >= kForever ? std::string(kNoEnd) : FormatDate(tx_.today() + day); }
  int Turnaround(int place) const { return IsShelter(place) ? town_.shelter_policy.turnaround_days() : 0; }
  bool IsShelter(int place) const { return town_.places[place].scheme_id() == town_.town().akutten; }
  const std::string& PlaceId(int place) const { return town_.places[place].id(); }

  template <class Request, class Response>
  absl::Status Call(absl::Status (*method)(Tx&, mestring::Call&, const Request&, Response*), const Request& request,
                    Response* response) {
    mestring::Call call(caller_, "");
    return method(tx_, call, request, response);
  }
  template <class Request, class Response>
  absl::Status Call(absl::Status (*method)(Tx&, mestring::Call&, const Request&, Response*), const Request& request) {
    Response response;
    return Call(method, request, &response);
  }
  std::string Do(const Step& step);
  std::string History(const Step& step);
  std::string Reserve(const Step& step, bool any);
  std::string OpenVacancy(const Step& step);
  std::string CloseVacancy(const Step& step);
  std::string ReserveOffered(const Step& step);
  std::string ClosePlace(const Step& step);
  std::string ReopenPlace(const Step& step);
  std::string RemovePlace(const Step& step);
  std::string Arrive(const Step& step);
  std::string Extend(const Step& step);
  std::string Move(const Step& step);
  std::string End(const Step& step);
  std::string NotVacated(const Step& step);
  std::string Ask(const Step& step);
  std::string AskForATime(const Step& step);
  std::string AskForANight(const Step& step);
  std::string AskForVacancies(const Step& step);

  pb::Requisition SomeRequisition(pb::RequisitionState state);
  pb::PlaceOffer AcceptedOffer(const pb::Vacancy& vacancy);

  OpenTown& town_;
  Tx& tx_;
  Caller caller_;
  PlacesModel model_;
};

}  // namespace mestring::housing
