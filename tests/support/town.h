// A service started for real, as tests call it: whoever may call, the calls, the calendar, and all that
// happened. Each service's own town (tests/housing/town.h …) adds its people and places.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "tests/support/expect.h"
#include "tests/support/running_service.h"

namespace mestring {

// Who calls.
struct Who {
  std::vector<Role> roles;
  std::string person_ref, organisation_id;
};
Who Staff();
Who UnitLeader();
Who Resident(std::string person_ref);
Who NextOfKin(std::string person_ref);
Who AsPeer(std::string person_ref);

// A person nobody has met.
std::string SomePerson();

// The whole log of a service behind `channel`, by EventService.List; `keys` signs the calls.
std::vector<events::v1::Event> AllEvents(const std::shared_ptr<grpc::Channel>& channel, const RunningService& keys);

// Those of one type, parsed.
template <class Event>
std::vector<Event> OfType(const std::vector<events::v1::Event>& events) {
  std::vector<Event> found;
  for (const events::v1::Event& event : events) {
    if (event.type() == Event::descriptor()->full_name()) found.emplace_back().ParseFromString(event.data());
  }
  return found;
}

// Of the service whose generated class is Service: RunningTown<pb::HousingService>.
class TownOfAnyService {
 public:
  TownOfAnyService(const ServiceDefinition& definition, std::string_view engine, std::function<void(Config&)> adjust);

  std::unique_ptr<grpc::ClientContext> Context(const Who& who) const;
  RunningService& service() { return service_; }
  // "housing"
  const std::string& name() const { return name_; }

  // As a transaction of this moment has it.
  absl::Time Now();
  std::string Today();
  // Moves the clock to a day of the future, eight in the morning, and fires all that is due by then.
  void GoTo(std::string_view date);
  void GoDays(int days);
  // All that happened since the start, in order, as "StayReserved".
  std::vector<std::string> EventTypes();
  std::vector<events::v1::Event> Events() { return AllEvents(service_.channel(), service_); }
  // The events of one type, parsed.
  template <class Event>
  std::vector<Event> EventsOf() {
    return OfType<Event>(Events());
  }
  // The table and column of every column.
  std::vector<std::pair<std::string, std::string>> Columns();
  // The table, id and version of everything that has these.
  std::vector<std::tuple<std::string, std::string, int64_t>> StoredVersions();
  // An answer to a write holds no time that is finer than a column, so a later read gives the same. The town's clock
  // is finer.
  static void ExpectStorableTimes(const google::protobuf::Message& answer);
  // Calls an RPC of whatever serves this town; a request_id is made if the request has room for one and names none.
  template <class Stub, class Request, class Response>
  absl::StatusOr<Response> CallOn(Stub& stub,
                                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                  const Who& who, Request request) {
    if constexpr (requires { request.set_request_id(""); }) {
      if (request.request_id().empty()) request.set_request_id(NewId(absl::Now()));
    }
    Response response;
    const auto context = Context(who);
    const grpc::Status status = (stub.*method)(context.get(), request, &response);
    if (!status.ok()) return FromWire(status);
    ExpectStorableTimes(response);
    return response;
  }

 protected:
  RunningService service_;
  const std::string name_;
};

template <class Service>
class RunningTown : public TownOfAnyService {
 public:
  using Stub = typename Service::Stub;

  RunningTown(const ServiceDefinition& definition, std::string_view engine, std::function<void(Config&)> adjust)
      : TownOfAnyService(definition, engine, std::move(adjust)), stub_(Service::NewStub(service_.channel())) {}

  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Who& who, Request request) {
    return CallOn(stub(), method, who, std::move(request));
  }

  Stub& stub() { return *stub_; }

 private:
  std::unique_ptr<Stub> stub_;
};

}  // namespace mestring
