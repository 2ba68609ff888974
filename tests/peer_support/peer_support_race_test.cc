// One peer, many hands: two hundred callers at once, and a peer has no more people than they can take.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/peer_support/town.h"
#include "tests/support/race.h"
#include "tests/support/service_process.h"

namespace mestring::peer_support {
namespace {

using testing::ElementsAre;
using testing::Pair;
using Stub = Town::Stub;

constexpr int kCallers = 200;
constexpr int kCapacity = 7;

class RaceTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Engines, RaceTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

std::vector<pb::Proposal> ManyProposals(Town& town, const pb::Peer& peer) {
  std::vector<pb::Proposal> proposals;
  for (int i = 0; i < kCallers; ++i) proposals.push_back(town.Proposed(town.Asked(SomePerson()), peer));
  return proposals;
}

pb::AnswerProposalRequest Yes(const pb::Proposal& proposal) {
  pb::AnswerProposalRequest request;
  request.set_request_id(SomePerson());
  request.set_proposal_id(proposal.id());
  request.set_answer(pb::ANSWER_ACCEPT);
  return request;
}

TEST_P(RaceTest, TwoHundredAcceptancesAtOnceAndSevenAreTaken) {
  Town town(GetParam());
  const pb::Peer peer = town.Active(Town::Profile(pb::EXPERIENCE_OWN_USE, kCapacity));
  const std::vector<pb::Proposal> proposals = ManyProposals(town, peer);
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    return town.Call(&Stub::AnswerProposal, AsPeer(peer.person_ref()), Yes(proposals[i])).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", kCapacity), Pair("CAPACITY_FULL", kCallers - kCapacity)));
  EXPECT_EQ(town.Now(peer).load(), kCapacity);
}

// Seven were agreed to while the peer could take seven; then they can take three, and all start at once.
TEST_P(RaceTest, ParallelStartsNeverExceedACapacityThatShrank) {
  Town town(GetParam());
  const pb::Peer peer = town.Active(Town::Profile(pb::EXPERIENCE_OWN_USE, kCapacity));
  std::vector<pb::Proposal> proposals;
  for (int i = 0; i < kCapacity; ++i) {
    proposals.push_back(town.AcceptedByBoth(town.Proposed(town.Asked(SomePerson()), peer)));
  }
  pb::UpdatePeerRequest update;
  update.set_peer_id(peer.id());
  *update.mutable_profile() = Town::Profile(pb::EXPERIENCE_OWN_USE, 3);
  ASSERT_TRUE(town.Call(&Stub::UpdatePeer, Staff(), update).ok());
  const auto start = [&](int i) {
    pb::StartMatchRequest request;
    request.set_proposal_id(proposals[i % kCapacity].id());
    return town.Call(&Stub::StartMatch, Staff(), request).status();
  };
  EXPECT_THAT(AllAtOnce(kCallers, start), ElementsAre(Pair("CAPACITY_FULL", kCallers)))
      << "seven accepted proposals hold seven places";
  for (int i = 0; i < kCapacity - 3; ++i) {
    town.Answered(proposals[i], Resident(proposals[i].person_ref()), pb::ANSWER_DECLINE);
  }
  auto counts = AllAtOnce(kCallers, start);
  EXPECT_EQ(counts[""], 3);
  EXPECT_EQ(town.EventsOf<pb::MatchStarted>().size(), 3);
  EXPECT_EQ(town.Now(peer).load(), 3);
}

TEST_P(RaceTest, APauseAmongParallelStartsLeavesNoMatchWithoutATask) {
  Town town(GetParam());
  const pb::Peer peer = town.Active(Town::Profile(pb::EXPERIENCE_OWN_USE, 10));
  std::vector<pb::Proposal> proposals;
  for (int i = 0; i < 10; ++i) {
    proposals.push_back(town.AcceptedByBoth(town.Proposed(town.Asked(SomePerson()), peer)));
  }
  auto counts = AllAtOnce(11, [&](int i) {
    if (i == 5) {
      pb::PausePeerRequest pause;
      pause.set_peer_id(peer.id());
      return town.Call(&Stub::PausePeer, AsPeer(peer.person_ref()), pause).status();
    }
    pb::StartMatchRequest request;
    request.set_proposal_id(proposals[i < 5 ? i : i - 1].id());
    return town.Call(&Stub::StartMatch, Staff(), request).status();
  });
  const size_t started = town.EventsOf<pb::MatchStarted>().size();
  EXPECT_EQ(counts[""], static_cast<int>(started) + 1);
  EXPECT_EQ(town.EventsOf<pb::MatchPutOnHold>().size(), started);
  EXPECT_EQ(town.OpenTasks().size(), started);
  pb::ListMatchesRequest list;
  list.set_state(pb::MATCH_STATE_STARTED);
  EXPECT_EQ(town.Call(&Stub::ListMatches, Staff(), list)->matches_size(), 0);
}

TEST(RaceOfTwoProcesses, OnOneDatabaseFillAPeerToTheLastPlaceAndNoFurther) {
  Town town("postgresql");
  const pb::Peer peer = town.Active(Town::Profile(pb::EXPERIENCE_OWN_USE, kCapacity));
  const std::vector<pb::Proposal> proposals = ManyProposals(town, peer);
  TwoReplicas<pb::PeerSupportService> replicas(town);
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    return replicas.For(i).Call(&Stub::AnswerProposal, AsPeer(peer.person_ref()), Yes(proposals[i])).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", kCapacity), Pair("CAPACITY_FULL", kCallers - kCapacity)));
  pb::GetPeerRequest get;
  get.set_peer_id(peer.id());
  EXPECT_EQ(replicas.For(1).Call(&Stub::GetPeer, Staff(), get)->peer().load(), kCapacity);
  EXPECT_TRUE(replicas.BothRun());
}

}  // namespace
}  // namespace mestring::peer_support
