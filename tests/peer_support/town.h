// A small Sandnes of peers for tests: the service started for real, with rules and a guide, and the steps
// that tests take again and again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mestring/peer_support/v1/peer_support.grpc.pb.h"
#include "mestring/peer_support/v1/peer_support_events.pb.h"
#include "services/peer_support/peer_support.h"
#include "tests/support/town.h"

namespace mestring::peer_support {

class Town : public RunningTown<pb::PeerSupportService> {
 public:
  // Unless `adjust` says where activities answers, it is nowhere.
  explicit Town(std::string_view engine, std::function<void(Config&)> adjust = nullptr);

  static pb::PeerRules Rules();
  static pb::PeerProfile Profile(pb::Experience experience = pb::EXPERIENCE_OWN_USE, int capacity = 2,
                                 pb::Employment employment = pb::EMPLOYMENT_VOLUNTEER);

  // Steps on the way, each of which must succeed.
  pb::Guide Guided();
  pb::Peer Registered(const pb::PeerProfile& profile);
  pb::Peer Trained(const pb::Peer& peer);
  pb::Peer Approved(const pb::PeerProfile& profile);
  // Approved, with the town's guide.
  pb::Peer Active(const pb::PeerProfile& profile = Profile());
  pb::PeerRequest Asked(const std::string& person, pb::Experience asks_as = pb::EXPERIENCE_OWN_USE);
  pb::Proposal Proposed(const pb::PeerRequest& request, const pb::Peer& peer);
  pb::Proposal Answered(const pb::Proposal& proposal, const Who& who, pb::Answer answer = pb::ANSWER_ACCEPT);
  pb::Proposal AcceptedByBoth(const pb::Proposal& proposal);
  pb::Match Started(const pb::Proposal& proposal);
  // From the request to the start.
  pb::Match Matched(const pb::Peer& peer, const std::string& person = SomePerson());
  pb::Peer Paused(const pb::Peer& peer);

  // As they are now.
  pb::Peer Now(const pb::Peer& peer);
  pb::Match Now(const pb::Match& match);
  pb::PeerRequest Now(const pb::PeerRequest& request);
  pb::Proposal Now(const pb::Proposal& proposal);
  std::vector<pb::HandOverTask> OpenTasks();
  // But for conflicts of interest, which no event names (P4).
  void ExpectVersionsAreTold();

  std::string guide_id;
};

}  // namespace mestring::peer_support
