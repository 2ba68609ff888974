// What users of other systems ran into with peers and volunteers, tried here under the number of its issue.
// (What is a rule alone is tried in peer_support_rules_test.cc.)

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/peer_support/town.h"

namespace mestring::peer_support {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Stub = Town::Stub;

class BugsOfOthers : public testing::TestWithParam<const char*> {
 protected:
  Town town_{GetParam()};

  std::vector<std::string> Listed(pb::PeerConcern concern) {
    pb::ListPeersRequest request;
    request.set_concern(concern);
    std::vector<std::string> ids;
    const auto response = town_.Call(&Stub::ListPeers, Staff(), request);
    for (const pb::Peer& peer : response->peers()) ids.push_back(peer.id());
    return ids;
  }
  std::vector<std::string> Available() {
    std::vector<std::string> ids;
    const auto response = town_.Call(&Stub::ListAvailablePeers, Staff(), pb::ListAvailablePeersRequest());
    for (const pb::Peer& peer : response->peers()) ids.push_back(peer.id());
    return ids;
  }
  absl::Status Propose(const pb::PeerRequest& peer_request, const pb::Peer& peer) {
    pb::ProposeMatchRequest request;
    request.set_peer_request_id(peer_request.id());
    request.set_peer_id(peer.id());
    return town_.Call(&Stub::ProposeMatch, Staff(), request).status();
  }
  absl::Status End(const pb::Match& match) {
    pb::EndMatchRequest request;
    request.set_match_id(match.id());
    return town_.Call(&Stub::EndMatch, Staff(), request).status();
  }
  absl::Status SetGuide(pb::GuideState state) {
    pb::ChangeGuideStateRequest request;
    request.set_guide_id(town_.guide_id);
    request.set_state(state);
    return town_.Call(&Stub::ChangeGuideState, Staff(), request).status();
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, BugsOfOthers, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

// A unique pair blocked the assignment after the un-assignment.
TEST_P(BugsOfOthers, Casa457And1432TheTwoMeetAgainAfterTheirMatchEnded) {
  const pb::Peer peer = town_.Active();
  const std::string person = SomePerson();
  const pb::Match first = town_.Matched(peer, person);
  EXPECT_EQ(ReasonOf(Propose(town_.Asked(person), peer)), "ALREADY_MATCHED");
  pb::ListRequestsRequest open;
  open.set_state(pb::PEER_REQUEST_STATE_OPEN);
  pb::WithdrawRequestRequest withdraw;
  withdraw.set_peer_request_id(town_.Call(&Stub::ListRequests, Resident(person), open)->peer_requests(0).id());
  EXPECT_TRUE(town_.Call(&Stub::WithdrawRequest, Resident(person), withdraw).ok());
  EXPECT_TRUE(End(first).ok());
  const pb::Match second = town_.Matched(peer, person);
  EXPECT_NE(second.id(), first.id());
  EXPECT_EQ(second.state(), pb::MATCH_STATE_STARTED);
}

// Un-assigning destroyed the assignment.
TEST_P(BugsOfOthers, Casa230AnEndedMatchIsKeptWithItsContacts) {
  const pb::Peer peer = town_.Active();
  const pb::Match match = town_.Matched(peer);
  pb::LogContactRequest log;
  log.set_match_id(match.id());
  log.set_kind(pb::CONTACT_KIND_PHONE);
  log.set_minutes(15);
  log.set_met(true);
  EXPECT_TRUE(town_.Call(&Stub::LogContact, AsPeer(peer.person_ref()), log).ok());
  EXPECT_TRUE(End(match).ok());
  EXPECT_EQ(town_.Now(match).state(), pb::MATCH_STATE_ENDED);
  pb::ListContactsRequest list;
  list.set_match_id(match.id());
  EXPECT_THAT(town_.Call(&Stub::ListContacts, Staff(), list)->contacts(), SizeIs(1));
}

// Inactive volunteers were still offered.
TEST_P(BugsOfOthers, Casa535And1184AnInactivePeerIsNeitherListedNorProposed) {
  const pb::Peer peer = town_.Active();
  const pb::PeerRequest request = town_.Asked(SomePerson());
  EXPECT_THAT(Available(), ElementsAre(peer.id()));
  town_.Paused(peer);
  EXPECT_THAT(Available(), IsEmpty());
  EXPECT_EQ(ReasonOf(Propose(request, peer)), "PEER_NOT_AVAILABLE");
}

// The supervisor is away, and nobody sees that volunteers lack guidance.
TEST_P(BugsOfOthers, Casa2139PeersWhoseGuideIsAwayAreListedAndKeepTheirPeople) {
  const pb::Peer peer = town_.Active();
  const pb::Match match = town_.Matched(peer);
  EXPECT_THAT(Listed(pb::PEER_CONCERN_WITHOUT_GUIDE), IsEmpty());
  EXPECT_TRUE(SetGuide(pb::GUIDE_STATE_AWAY).ok());
  EXPECT_EQ(town_.EventsOf<pb::GuideStateChanged>()[0].peers(), 1);
  EXPECT_THAT(Listed(pb::PEER_CONCERN_WITHOUT_GUIDE), ElementsAre(peer.id()));
  EXPECT_THAT(Available(), IsEmpty());
  EXPECT_EQ(town_.Now(match).state(), pb::MATCH_STATE_STARTED);
  EXPECT_TRUE(SetGuide(pb::GUIDE_STATE_ACTIVE).ok());
  EXPECT_THAT(Available(), ElementsAre(peer.id()));
}

// A reminder failed because there was no supervisor to send it to.
TEST_P(BugsOfOthers, Casa2590And2611OverdueGuidanceIsToldAlsoWithoutAGuide) {
  const pb::Peer peer = town_.Approved(Town::Profile());
  ASSERT_EQ(peer.guide_id(), "");
  town_.GoDays(31);
  const auto overdue = town_.EventsOf<pb::GuidanceOverdue>();
  ASSERT_THAT(overdue, SizeIs(1));
  EXPECT_EQ(overdue[0].peer_id(), peer.id());
  EXPECT_THAT(Listed(pb::PEER_CONCERN_GUIDANCE_OVERDUE), ElementsAre(peer.id()));
}

// Volunteers of another organisation leaked into a list.
TEST_P(BugsOfOthers, Casa5511APeerSeesTheirOwnPeopleAndNobodyElses) {
  const pb::Peer one = town_.Active(), other = town_.Active();
  const pb::Match own = town_.Matched(one);
  town_.Matched(other);
  const auto seen = town_.Call(&Stub::ListMatches, AsPeer(one.person_ref()), pb::ListMatchesRequest());
  ASSERT_THAT(seen->matches(), SizeIs(1));
  EXPECT_EQ(seen->matches(0).id(), own.id());
  pb::ListMatchesRequest of_other;
  of_other.set_peer_id(other.id());
  EXPECT_THAT(town_.Call(&Stub::ListMatches, AsPeer(one.person_ref()), of_other)->matches(), IsEmpty());
  pb::GetCaseloadRequest caseload;
  caseload.set_peer_id(other.id());
  EXPECT_EQ(ReasonOf(town_.Call(&Stub::GetCaseload, AsPeer(one.person_ref()), caseload).status()), "NOT_FOUND");
}

// Nobody saw who was approved and had no assignment.
TEST_P(BugsOfOthers, CareTogetherCMS1205WhoIsApprovedAndHasNobodyIsListed) {
  const pb::Peer idle = town_.Active(), busy = town_.Active(), new_one = town_.Approved(Town::Profile());
  const pb::Match match = town_.Matched(busy);
  EXPECT_THAT(Listed(pb::PEER_CONCERN_WITHOUT_MATCH), testing::UnorderedElementsAre(idle.id(), new_one.id()));
  EXPECT_TRUE(End(match).ok());
  EXPECT_THAT(Listed(pb::PEER_CONCERN_WITHOUT_MATCH), Contains(busy.id()));
}

// A closed arrangement could not be reopened.
TEST_P(BugsOfOthers, CareTogetherCMS331AHandedOverPersonWaitsAgainWithTheirWishes) {
  const pb::Peer peer = town_.Active();
  pb::RequestPeerRequest ask;
  ask.set_person_ref(SomePerson());
  ask.set_asks_as(pb::EXPERIENCE_OWN_USE);
  ask.set_wish_gender(pb::GENDER_FEMALE);
  const pb::PeerRequest request = town_.Call(&Stub::RequestPeer, Resident(ask.person_ref()), ask)->peer_request();
  const pb::Match match = town_.Started(town_.AcceptedByBoth(town_.Proposed(request, peer)));
  town_.Paused(peer);
  pb::HandOverMatchRequest hand_over;
  hand_over.set_match_id(match.id());
  EXPECT_TRUE(town_.Call(&Stub::HandOverMatch, Staff(), hand_over).ok());
  EXPECT_EQ(town_.Now(request).state(), pb::PEER_REQUEST_STATE_OPEN);
  EXPECT_EQ(town_.Now(request).wish_gender(), pb::GENDER_FEMALE);
  EXPECT_TRUE(Propose(request, town_.Active()).ok());
}

// A volunteer who had declined still counted towards the maximum.
TEST_P(BugsOfOthers, VolunTrack501ADeclinedProposalAndAnEndedMatchFreeTheirPlace) {
  const pb::Peer peer = town_.Active(Town::Profile(pb::EXPERIENCE_OWN_USE, 1));
  const pb::Proposal proposal = town_.AcceptedByBoth(town_.Proposed(town_.Asked(SomePerson()), peer));
  EXPECT_EQ(ReasonOf(Propose(town_.Asked(SomePerson()), peer)), "CAPACITY_FULL");
  town_.Answered(proposal, Resident(proposal.person_ref()), pb::ANSWER_DECLINE);
  const pb::Match match = town_.Matched(peer);
  EXPECT_EQ(ReasonOf(Propose(town_.Asked(SomePerson()), peer)), "CAPACITY_FULL");
  EXPECT_TRUE(End(match).ok());
  EXPECT_TRUE(Propose(town_.Asked(SomePerson()), peer).ok());
}

// A task was assigned to somebody who had not said yes.
TEST_P(BugsOfOthers, AllReady2242NobodyIsMatchedWithoutTheirOwnYes) {
  const pb::Peer peer = town_.Active();
  const pb::Proposal proposal = town_.Proposed(town_.Asked(SomePerson()), peer);
  town_.Answered(proposal, Resident(proposal.person_ref()));
  pb::StartMatchRequest start;
  start.set_proposal_id(proposal.id());
  EXPECT_EQ(ReasonOf(town_.Call(&Stub::StartMatch, Staff(), start).status()), "WRONG_STATE");
  pb::AnswerProposalRequest for_the_peer;
  for_the_peer.set_proposal_id(proposal.id());
  for_the_peer.set_answer(pb::ANSWER_ACCEPT);
  EXPECT_EQ(ReasonOf(town_.Call(&Stub::AnswerProposal, UnitLeader(), for_the_peer).status()), "ALREADY_ANSWERED")
      << "the unit speaks for the person at most";
}

// A role was lost when a volunteer was moved.
TEST_P(BugsOfOthers, CivicrmVolunteer488AVolunteerWhoIsHiredKeepsApprovalGuideAndPeople) {
  const pb::Peer peer = town_.Active();
  const pb::Match match = town_.Matched(peer);
  pb::UpdatePeerRequest update;
  update.set_peer_id(peer.id());
  *update.mutable_profile() = Town::Profile(pb::EXPERIENCE_OWN_USE, 2, pb::EMPLOYMENT_PAID);
  const auto updated = town_.Call(&Stub::UpdatePeer, Staff(), update);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->peer().state(), pb::PEER_STATE_ACTIVE);
  EXPECT_EQ(updated->peer().guide_id(), town_.guide_id);
  EXPECT_EQ(updated->peer().valid_until(), peer.valid_until());
  EXPECT_EQ(town_.Now(match).state(), pb::MATCH_STATE_STARTED);
}

// Volunteers changed the shifts of others.
TEST_P(BugsOfOthers, CivicrmVolunteerPr634APeerPausesAndLogsForThemselfOnly) {
  const pb::Peer one = town_.Active(), other = town_.Active();
  const pb::Match match = town_.Matched(other);
  pb::PausePeerRequest pause;
  pause.set_peer_id(other.id());
  EXPECT_EQ(ReasonOf(town_.Call(&Stub::PausePeer, AsPeer(one.person_ref()), pause).status()), "NOT_FOUND");
  pb::EndMatchRequest end;
  end.set_match_id(match.id());
  EXPECT_EQ(ReasonOf(town_.Call(&Stub::EndMatch, AsPeer(one.person_ref()), end).status()), "NOT_FOUND");
}

}  // namespace
}  // namespace mestring::peer_support
