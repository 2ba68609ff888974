// A service started for real, with what the tests of every service do again and again: calls by somebody, the
// clock, and what has happened.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/errors.h"
#include "common/ids.h"
#include "mestring/events/v1/events.pb.h"
#include "tests/support/running_service.h"

namespace mestring {

// Who calls.
struct Who {
  std::vector<Role> roles;
  std::string person_ref, organisation_id;
  std::string subject = "test-caller";
};
Who Staff();
Who UnitLeader();
Who Resident(std::string person_ref);

// A person nobody has met.
std::string SomePerson();

// The value of a step that a test stands on. One that fails ends the test program: nothing after it would mean
// anything.
template <class T>
T Must(absl::StatusOr<T> result, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (!result.ok()) {
    fprintf(stderr, "%s:%d: %s\n", file, line, result.status().ToString().c_str());
    abort();
  }
  return *std::move(result);
}

class Scene {
 public:
  Scene(const ServiceDefinition& definition, std::string_view engine, std::function<void(Config&)> adjust);

  RunningService& service() { return service_; }
  std::unique_ptr<grpc::ClientContext> Context(const Who& who) const;

  std::string Today() const;
  absl::TimeZone zone() const { return zone_; }
  // Moves the clock to a moment of the future and fires all that is due by then; a day begins at eight.
  void GoTo(absl::Time time);
  void GoTo(std::string_view date);
  void GoDays(int days);

  // All that happened since the start, in order, and their types, as "StayReserved".
  std::vector<events::v1::Event> Events();
  std::vector<std::string> EventTypes();
  // The events of one type, parsed.
  template <class Event>
  std::vector<Event> EventsOf() {
    std::vector<Event> found;
    for (const events::v1::Event& event : Events()) {
      if (event.type() == Event::descriptor()->full_name()) found.emplace_back().ParseFromString(event.data());
    }
    return found;
  }

 private:
  const std::string package_;  // "mestring.housing.v1."
  absl::TimeZone zone_;
  RunningService service_;
};

// With the stub of its service: SceneOf<housing::v1::HousingService>.
template <class GrpcService>
class SceneOf : public Scene {
 public:
  using Stub = typename GrpcService::Stub;

  SceneOf(const ServiceDefinition& definition, std::string_view engine, std::function<void(Config&)> adjust)
      : Scene(definition, engine, std::move(adjust)), stub_(GrpcService::NewStub(service().channel())) {}

  Stub& stub() { return *stub_; }

  // Calls an RPC; a request_id is made if the request has room for one and names none.
  template <class Request, class Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Who& who, Request request) {
    return CallAt(stub(), method, who, std::move(request));
  }
  // The same by another stub: of a second server.
  template <class Request, class Response>
  absl::StatusOr<Response> CallAt(Stub& stub,
                                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                  const Who& who, Request request) {
    if constexpr (requires { request.set_request_id(""); }) {
      if (request.request_id().empty()) request.set_request_id(NewId(absl::Now()));
    }
    Response response;
    const auto context = Context(who);
    const grpc::Status status = (stub.*method)(context.get(), request, &response);
    if (!status.ok()) return FromWire(status);
    return response;
  }

 private:
  std::unique_ptr<Stub> stub_;
};

}  // namespace mestring
