// The service's own thread may fire timers too while a test moves the clock; each timer is fired by one of the
// two. What FireDue here does not find is done when it returns, because writes come one at a time. So a test
// needs no wait after GoTo.
#include "tests/support/scene.h"

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "mestring/events/v1/events.grpc.pb.h"
#include "tests/support/tokens.h"

namespace mestring {

using access::v1::ROLE_RESIDENT;
using access::v1::ROLE_SERVICE;
using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

Who Staff() { return {{ROLE_STAFF}, "", ""}; }
Who UnitLeader() { return {{ROLE_UNIT_LEADER}, "", ""}; }
Who Resident(std::string person_ref) { return {{ROLE_RESIDENT}, std::move(person_ref), ""}; }

std::string SomePerson() { return NewId(absl::Now()); }

Scene::Scene(const ServiceDefinition& definition, std::string_view engine, std::function<void(Config&)> adjust)
    : package_(absl::StrCat("mestring.", definition.name, ".v1.")), service_(definition, engine, std::move(adjust)) {
  absl::LoadTimeZone("Europe/Oslo", &zone_);
}

std::unique_ptr<grpc::ClientContext> Scene::Context(const Who& who) const {
  auto context = RunningService::Nobody();
  context->AddMetadata("authorization",
                       absl::StrCat("Bearer ", Token(who.roles, who.person_ref, who.organisation_id, who.subject)));
  return context;
}

std::string Scene::Today() const { return FormatDate(DateIn(zone_, const_cast<Scene*>(this)->service_.clock().Now())); }

void Scene::GoTo(absl::Time time) {
  service_.clock().Set(time);
  Must(service_.kernel().timers.FireDue());
}

void Scene::GoTo(std::string_view date) { GoTo(StartOfDay(zone_, *ParseDate(date)) + absl::Hours(8)); }

void Scene::GoDays(int days) { GoTo(FormatDate(*ParseDate(Today()) + days)); }

std::vector<events::v1::Event> Scene::Events() {
  auto stub = events::v1::EventService::NewStub(service_.channel());
  std::vector<events::v1::Event> all;
  std::string after;
  while (true) {
    events::v1::ListRequest request;
    request.set_after(after);
    request.set_page_size(1000);
    events::v1::ListResponse response;
    const auto context = Context({{ROLE_SERVICE}, "", ""});
    const grpc::Status status = stub->List(context.get(), request, &response);
    if (!status.ok()) Must<int>(FromWire(status));
    for (const auto& event : response.events()) all.push_back(event);
    if (response.as_of() == after || response.as_of() == response.head()) return all;
    after = response.as_of();
  }
}

std::vector<std::string> Scene::EventTypes() {
  std::vector<std::string> types;
  for (const events::v1::Event& event : Events()) {
    if (event.type().starts_with(package_)) types.push_back(event.type().substr(package_.size()));
  }
  return types;
}

}  // namespace mestring
