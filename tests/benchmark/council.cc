// RPCs of the council: a seat (write) and the mandate (read); beside the empty gated RPC.
#include "services/council/council.h"

#include "mestring/council/v1/council.pb.h"
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"
#include "tests/council/town.h"

namespace mestring {
namespace {

namespace pb = council::v1;

using access::v1::ROLE_COUNCIL_SECRETARY;
using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

void SetUp(ServerProcess& service) {
  pb::SetMandateRequest request;
  request.set_request_id(NewId(absl::Now()));
  *request.mutable_mandate() = council::TestMandate();
  Bench::Must<pb::SetMandateResponse>(service.client().Once(
      CallOf<pb::SetMandateRequest>(Token({ROLE_UNIT_LEADER}), [request](int64_t) { return request; })));
}

// The box has a limit, organisations have none.
RpcCall RegisterSeat() {
  return CallOf<pb::RegisterSeatRequest>(Token({ROLE_COUNCIL_SECRETARY}), [](int64_t) {
    pb::RegisterSeatRequest request;
    request.set_request_id(NewId(absl::Now()));
    request.set_kind(pb::SEAT_KIND_USER_ORGANISATION);
    request.set_organisation_id(NewId(absl::Now()));
    request.set_name("An organisation");
    return request;
  });
}

RpcCall GetMandate() {
  return CallOf<pb::GetMandateRequest>(Token({ROLE_STAFF}), [](int64_t) { return pb::GetMandateRequest(); });
}

}  // namespace

void MeasureCouncil(Bench& bench) {
  bench.Heading("RPCs of the council, 64 callers");
  std::vector<std::unique_ptr<ServerProcess>> services;
  std::vector<Bench::Contender> contenders;
  for (const char* engine : kEngines) {
    services.push_back(std::make_unique<ServerProcess>(CouncilDefinition(), engine));
    services.back()->Start();
    SetUp(*services.back());
    const std::string on = absl::StrCat(", ", EngineTitle(engine));
    contenders.push_back(
        {"register a seat" + on, services.back().get(), RegisterSeat(), AtLeast(ByEngine(engine, 0.3, 0.2))});
    contenders.push_back(
        {"read the mandate" + on, services.back().get(), GetMandate(), AtLeast(ByEngine(engine, 0.3, 0.25))});
  }
  bench.CompareWithGated(contenders);
}

}  // namespace mestring
