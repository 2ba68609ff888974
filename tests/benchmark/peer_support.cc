// RPCs of peer support: a wish for a peer (write) and who is free (read); beside the empty gated RPC.
#include "services/peer_support/peer_support.h"

#include "mestring/peer_support/v1/peer_support.pb.h"
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"

namespace mestring {
namespace {

namespace pb = peer_support::v1;

using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

void SetUp(ServerProcess& service) {
  pb::SetPeerRulesRequest request;
  request.set_request_id(NewId(absl::Now()));
  pb::PeerRules& rules = *request.mutable_peer_rules();
  rules.set_approval_months(12);
  rules.set_renewal_window_days(60);
  rules.set_grace_days(30);
  rules.set_guidance_interval_days(30);
  rules.add_requirements(pb::REQUIREMENT_KIND_SECRECY_DECLARATION);
  rules.set_capacity_max(10);
  rules.set_answer_days(14);
  rules.set_evaluation_answers_min(3);
  rules.set_statistics_cell_min(2);
  Bench::Must<pb::SetPeerRulesResponse>(service.client().Once(
      CallOf<pb::SetPeerRulesRequest>(Token({ROLE_UNIT_LEADER}), [request](int64_t) { return request; })));
}

RpcCall RequestPeer() {
  return CallOf<pb::RequestPeerRequest>(Token({ROLE_STAFF}), [](int64_t) {
    pb::RequestPeerRequest request;
    request.set_request_id(NewId(absl::Now()));
    request.set_person_ref(NewId(absl::Now()));
    request.set_asks_as(pb::EXPERIENCE_OWN_USE);
    return request;
  });
}

RpcCall WhoIsFree() {
  return CallOf<pb::ListAvailablePeersRequest>(Token({ROLE_STAFF}),
                                               [](int64_t) { return pb::ListAvailablePeersRequest(); });
}

}  // namespace

void MeasurePeerSupport(Bench& bench) {
  bench.Heading("RPCs of peer support, 64 callers");
  std::vector<std::unique_ptr<ServerProcess>> services;
  std::vector<Bench::Contender> contenders;
  for (const char* engine : kEngines) {
    services.push_back(std::make_unique<ServerProcess>(PeerSupportDefinition(), engine));
    services.back()->Start();
    SetUp(*services.back());
    const std::string on = absl::StrCat(", ", EngineTitle(engine));
    contenders.push_back(
        {"ask for a peer" + on, services.back().get(), RequestPeer(), AtLeast(ByEngine(engine, 0.3, 0.2))});
    contenders.push_back(
        {"who is free" + on, services.back().get(), WhoIsFree(), AtLeast(ByEngine(engine, 0.3, 0.25))});
  }
  bench.CompareWithGated(contenders);
}

}  // namespace mestring
