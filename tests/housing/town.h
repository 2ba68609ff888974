// A small Sandnes for tests: the housing service started for real, with case rules, code lists, a need
// rule, a team and four offers, and the calls that tests make again and again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/errors.h"
#include "common/ids.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "mestring/housing/v1/housing.grpc.pb.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/housing.h"
#include "tests/support/running_service.h"

namespace mestring::housing {

using access::v1::Role;

// Who calls.
struct Who {
  std::vector<Role> roles;
  std::string person_ref, organisation_id;
};
Who Staff();
Who HousingOffice();
Who UnitLeader();
Who Nav(std::string organisation_id = "nav-sandnes");
Who Hospital(std::string organisation_id = "sus");
Who Resident(std::string person_ref);

// A person nobody has met.
std::string SomePerson();

// The whole log, by EventService.List.
std::vector<events::v1::Event> AllEvents(const std::shared_ptr<grpc::Channel>& channel, const RunningService& service);

class Town {
 public:
  explicit Town(std::string_view engine, std::function<void(Config&)> adjust = nullptr);

  using Stub = pb::HousingService::Stub;

  // Calls an RPC; a request_id is made if the request has room for one and names none.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Who& who, Request request) {
    FillRequestId(request);
    Response response;
    const auto context = Context(who);
    const grpc::Status status = (stub().*method)(context.get(), request, &response);
    if (!status.ok()) return FromWire(status);
    return response;
  }

  // A token, and patience.
  std::unique_ptr<grpc::ClientContext> Context(const Who& who) const;
  Stub& stub() { return *stub_; }
  RunningService& service() { return service_; }

  std::string Today() const;
  // Moves the clock to a day of the future, eight in the morning, and fires all that is due by then.
  void GoTo(std::string_view date);
  void GoDays(int days);
  // All that happened since the start, in order, as "StayReserved".
  std::vector<std::string> EventTypes();
  std::vector<events::v1::Event> Events() { return AllEvents(service_.channel(), service_); }
  // The events of one type, parsed.
  template <class Event>
  std::vector<Event> EventsOf() {
    std::vector<Event> found;
    for (const events::v1::Event& event : Events()) {
      if (event.type() == Event::descriptor()->full_name()) found.emplace_back().ParseFromString(event.data());
    }
    return found;
  }

  // Steps on the way, each of which must succeed.
  pb::SubmitRequisitionRequest RequisitionFor(const std::string& person, const std::string& offer_id) const;
  pb::Requisition Requisitioned(const std::string& person, const std::string& offer_id);
  pb::Requisition Granted(const std::string& person, const std::string& offer_id);
  pb::Stay Reserved(const pb::Requisition& requisition, std::string start_date = "", std::string end_date = "");
  pb::Stay Arrived(const pb::Stay& stay);
  // A granted requisition, a reservation from today, and the arrival.
  pb::Stay LivesIn(const std::string& person, const std::string& offer_id, std::string end_date = "");
  pb::Application Applied(const std::string& person);
  pb::Application Listed(const std::string& person, int level);
  pb::Vacancy Vacant(const std::string& place_id);
  pb::PlaceOffer Offered(const pb::Vacancy& vacancy, const pb::Application& application);
  pb::PlaceOffer Accepted(const pb::PlaceOffer& place_offer);
  pb::Stay ReservedBy(const pb::PlaceOffer& place_offer);
  pb::Tenancy Signed(const pb::Stay& stay);
  pb::Stay Ended(const pb::Stay& stay);

  std::vector<pb::Place> Places(const std::string& offer_id);
  pb::Availability Availability(const std::string& offer_id, std::string date = "");

  pb::OfferPolicy Policy(pb::Route route) const;

  std::string team_id, akutten, bokollektivet, smahus, lutsivegen;

 private:
  template <class Request>
  static void FillRequestId(Request& request) {
    if constexpr (requires { request.set_request_id(""); }) {
      if (request.request_id().empty()) request.set_request_id(NewId(absl::Now()));
    }
  }
  std::string Register(std::string code, pb::OfferKind kind, const pb::OfferPolicy& policy, int places);

  RunningService service_;
  std::unique_ptr<Stub> stub_;
};

}  // namespace mestring::housing
