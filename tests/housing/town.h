// A small Sandnes for tests: the housing service started for real, with case rules, code lists, a need
// rule, a team and four schemes, and the calls that tests make again and again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mestring/housing/v1/housing.grpc.pb.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/housing.h"
#include "tests/support/town.h"

namespace mestring::housing {

Who HousingOffice();
Who Nav(std::string organisation_id = "nav-sandnes");
Who Hospital(std::string organisation_id = "sus");

class Town : public RunningTown<pb::HousingService> {
 public:
  explicit Town(std::string_view engine, std::function<void(Config&)> adjust = nullptr);

  // Steps on the way, each of which must succeed.
  pb::SubmitRequisitionRequest RequisitionFor(const std::string& person, const std::string& scheme_id) const;
  pb::Requisition Requisitioned(const std::string& person, const std::string& scheme_id);
  pb::Requisition Granted(const std::string& person, const std::string& scheme_id);
  pb::Stay Reserved(const pb::Requisition& requisition, std::string start_date = "", std::string end_date = "");
  pb::Stay Arrived(const pb::Stay& stay);
  // A granted requisition, a reservation from today, and the arrival.
  pb::Stay LivesIn(const std::string& person, const std::string& scheme_id, std::string end_date = "");
  pb::Application Applied(const std::string& person, std::string needed_by = "");
  pb::Application Listed(const std::string& person, int level, std::string needed_by = "");
  pb::Vacancy Vacant(const std::string& place_id, std::string from_date = "");
  pb::PlaceOffer Offered(const pb::Vacancy& vacancy, const pb::Application& application);
  pb::PlaceOffer Accepted(const pb::PlaceOffer& place_offer);
  pb::Stay ReservedBy(const pb::PlaceOffer& place_offer, std::string end_date = "");
  pb::Tenancy Signed(const pb::Stay& stay);
  pb::Stay Ended(const pb::Stay& stay);

  // In the order of their labels, in which the service gives them.
  std::vector<pb::Place> Places(const std::string& scheme_id);
  pb::Availability Availability(const std::string& scheme_id, std::string date = "");

  pb::SchemePolicy Policy(pb::Route route) const;

  std::string team_id, akutten, bokollektivet, smahus, lutsivegen;

 private:
  std::string Register(std::string code, pb::SchemeKind kind, const pb::SchemePolicy& policy, int places);
};

}  // namespace mestring::housing
