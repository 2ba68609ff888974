// Peer support as its callers meet it: through the real stub, on both engines.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "common/base/dates.h"
#include "tests/peer_support/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"

namespace mestring::peer_support {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Ge;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using Stub = Town::Stub;

class PeerSupportTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { town_.ExpectVersionsAreTold(); }

  Town town_{GetParam()};

  absl::StatusOr<pb::ProposeMatchResponse> Propose(const pb::PeerRequest& peer_request, const pb::Peer& peer) {
    pb::ProposeMatchRequest request;
    request.set_peer_request_id(peer_request.id());
    request.set_peer_id(peer.id());
    return town_.Call(&Stub::ProposeMatch, Staff(), request);
  }
  absl::StatusOr<pb::AnswerProposalResponse> Answer(const pb::Proposal& proposal, const Who& who, pb::Answer answer) {
    pb::AnswerProposalRequest request;
    request.set_proposal_id(proposal.id());
    request.set_answer(answer);
    return town_.Call(&Stub::AnswerProposal, who, request);
  }
  absl::StatusOr<pb::StartMatchResponse> Start(const pb::Proposal& proposal) {
    pb::StartMatchRequest request;
    request.set_proposal_id(proposal.id());
    return town_.Call(&Stub::StartMatch, Staff(), request);
  }
  absl::StatusOr<pb::EndMatchResponse> End(const pb::Match& match, const Who& who) {
    pb::EndMatchRequest request;
    request.set_match_id(match.id());
    return town_.Call(&Stub::EndMatch, who, request);
  }
  absl::StatusOr<pb::HandOverMatchResponse> HandOver(const pb::Match& match, const std::string& peer_id) {
    pb::HandOverMatchRequest request;
    request.set_match_id(match.id());
    request.set_peer_id(peer_id);
    return town_.Call(&Stub::HandOverMatch, Staff(), request);
  }
  absl::StatusOr<pb::NameConflictResponse> NameConflict(const pb::Peer& peer, const std::string& person,
                                                        const Who& who) {
    pb::NameConflictRequest request;
    request.set_peer_id(peer.id());
    request.set_person_ref(person);
    return town_.Call(&Stub::NameConflict, who, request);
  }
  std::vector<std::string> Available(pb::ListAvailablePeersRequest request = {}) {
    std::vector<std::string> ids;
    const auto response = town_.Call(&Stub::ListAvailablePeers, Staff(), request);
    for (const pb::Peer& peer : response->peers()) {
      ids.push_back(peer.id());
    }
    return ids;
  }
  std::vector<std::string> Concerning(pb::PeerConcern concern) {
    pb::ListPeersRequest request;
    request.set_concern(concern);
    std::vector<std::string> ids;
    const auto response = town_.Call(&Stub::ListPeers, Staff(), request);
    for (const pb::Peer& peer : response->peers()) ids.push_back(peer.id());
    return ids;
  }
  absl::StatusOr<pb::LogContactResponse> Log(const pb::Match& match, const Who& who, int minutes,
                                             std::string date = "") {
    pb::LogContactRequest request;
    request.set_match_id(match.id());
    request.set_kind(pb::CONTACT_KIND_IN_PERSON);
    request.set_contact_date(std::move(date));
    request.set_minutes(minutes);
    request.set_met(minutes > 0);
    return town_.Call(&Stub::LogContact, who, request);
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, PeerSupportTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

// ---- Becoming a peer ----

TEST_P(PeerSupportTest, AFormerUserBecomesAPeerStepByStep) {
  const pb::Peer prospect = town_.Registered(Town::Profile());
  EXPECT_EQ(prospect.state(), pb::PEER_STATE_PROSPECT);
  pb::ApprovePeerRequest approve;
  approve.set_peer_id(prospect.id());
  EXPECT_REFUSED(town_.Call(&Stub::ApprovePeer, UnitLeader(), approve), "REQUIREMENTS_NOT_MET");
  EXPECT_EQ(town_.Trained(prospect).state(), pb::PEER_STATE_IN_TRAINING);
  const auto approved = town_.Call(&Stub::ApprovePeer, UnitLeader(), approve);
  ASSERT_TRUE(approved.ok()) << approved.status();
  EXPECT_EQ(approved->peer().state(), pb::PEER_STATE_APPROVED) << "no guide yet";
  EXPECT_EQ(approved->approval().valid_until(), "2027-11-22");

  pb::AssignGuideRequest guide;
  guide.set_peer_id(prospect.id());
  guide.set_guide_id(town_.guide_id);
  const auto active = town_.Call(&Stub::AssignGuide, Staff(), guide);
  EXPECT_EQ(active->peer().state(), pb::PEER_STATE_ACTIVE);
  EXPECT_THAT(Available(), ElementsAre(prospect.id()));
  EXPECT_THAT(town_.EventTypes(),
              ElementsAre("PeerRulesSet", "GuideRegistered", "PeerRegistered", "RequirementRecorded",
                          "RequirementRecorded", "ApprovalGranted", "GuideAssigned"));
  EXPECT_EQ(town_.EventsOf<pb::ApprovalGranted>()[0].valid_until(), "2027-11-22");

  pb::GetPeerRequest own;
  const auto seen = town_.Call(&Stub::GetPeer, AsPeer(prospect.person_ref()), own);
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_THAT(seen->requirements(), SizeIs(2));
  EXPECT_THAT(seen->approvals(), SizeIs(1));
  EXPECT_REFUSED(town_.Call(&Stub::GetPeer, AsPeer(SomePerson()), own), "NOT_FOUND");
}

TEST_P(PeerSupportTest, APersonIsAPeerOnce) {
  const pb::Peer peer = town_.Registered(Town::Profile());
  pb::RegisterPeerRequest again;
  again.set_person_ref(peer.person_ref());
  EXPECT_REFUSED(town_.Call(&Stub::RegisterPeer, Staff(), again), "ALREADY_EXISTS");
  again.set_person_ref(SomePerson());
  *again.mutable_profile() = Town::Profile(pb::EXPERIENCE_BOTH, 11);
  EXPECT_REFUSED(town_.Call(&Stub::RegisterPeer, Staff(), again), "CAPACITY_TOO_LARGE");
}

TEST_P(PeerSupportTest, NobodyApprovesThemself) {
  const pb::Peer peer = town_.Trained(town_.Registered(Town::Profile()));
  pb::ApprovePeerRequest approve;
  approve.set_peer_id(peer.id());
  Who leader = UnitLeader();
  leader.person_ref = peer.person_ref();
  EXPECT_REFUSED(town_.Call(&Stub::ApprovePeer, leader, approve), "OWN_CASE");
  approve.set_expected_version(1);
  EXPECT_REFUSED(town_.Call(&Stub::ApprovePeer, UnitLeader(), approve), "STALE_VERSION");
}

// [P7] A peer who is hired is staff, too.
TEST_P(PeerSupportTest, NobodyMovesTheirOwnCapacityGuideOrGuidance) {
  const pb::Peer peer = town_.Active();
  Who self = Staff();
  self.person_ref = peer.person_ref();
  pb::UpdatePeerRequest update;
  update.set_peer_id(peer.id());
  *update.mutable_profile() = Town::Profile(pb::EXPERIENCE_OWN_USE, 10, pb::EMPLOYMENT_PAID);
  EXPECT_REFUSED(town_.Call(&Stub::UpdatePeer, self, update), "OWN_CASE");
  pb::AssignGuideRequest guide;
  guide.set_peer_id(peer.id());
  guide.set_guide_id(town_.Guided().id());
  EXPECT_REFUSED(town_.Call(&Stub::AssignGuide, self, guide), "OWN_CASE");
  pb::LogGuidanceRequest log;
  log.set_peer_id(peer.id());
  log.set_minutes(60);
  EXPECT_REFUSED(town_.Call(&Stub::LogGuidance, self, log), "OWN_CASE");
  EXPECT_EQ(town_.Now(peer).version(), peer.version());
  EXPECT_DONE(town_.Call(&Stub::UpdatePeer, Staff(), update));
  EXPECT_DONE(town_.Call(&Stub::AssignGuide, Staff(), guide));
  EXPECT_DONE(town_.Call(&Stub::LogGuidance, Staff(), log));
}

TEST_P(PeerSupportTest, WhoStoppedIsReinstatedAsANewCycle) {
  const pb::Peer peer = town_.Active();
  pb::OptOutRequest opt_out;
  opt_out.set_peer_id(peer.id());
  EXPECT_REFUSED(town_.Call(&Stub::OptOut, AsPeer(SomePerson()), opt_out), "NOT_FOUND");
  EXPECT_DONE(town_.Call(&Stub::OptOut, AsPeer(peer.person_ref()), opt_out));
  EXPECT_THAT(Available(), IsEmpty());
  pb::ReinstatePeerRequest reinstate;
  reinstate.set_peer_id(peer.id());
  const auto again = town_.Call(&Stub::ReinstatePeer, UnitLeader(), reinstate);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->peer().cycle(), 2);
  pb::ApprovePeerRequest approve;
  approve.set_peer_id(peer.id());
  EXPECT_REFUSED(town_.Call(&Stub::ApprovePeer, UnitLeader(), approve), "REQUIREMENTS_NOT_MET");
  town_.Trained(again->peer());
  EXPECT_DONE(town_.Call(&Stub::ApprovePeer, UnitLeader(), approve));
  pb::GetPeerRequest get;
  get.set_peer_id(peer.id());
  const auto whole = town_.Call(&Stub::GetPeer, Staff(), get);
  EXPECT_THAT(whole->approvals(), SizeIs(2)) << "what was before is kept";
  EXPECT_FALSE(whole->approvals(1).renewal());
  EXPECT_THAT(town_.EventTypes(), IsSupersetOf({"ApprovalStopped", "PeerReinstated"}));
}

// [P9] What a stop put on hold waits for its hand-over, and is no part of a pause a year later.
TEST_P(PeerSupportTest, APauseOfANewCycleResumesWhatItHeldAndNothingOfBefore) {
  const pb::Peer peer = town_.Active();
  const pb::Match before = town_.Matched(peer);
  pb::OptOutRequest opt_out;
  opt_out.set_peer_id(peer.id());
  EXPECT_DONE(town_.Call(&Stub::OptOut, AsPeer(peer.person_ref()), opt_out));
  town_.service().clock().Advance(absl::Seconds(1));  // so that even a return on the same day is one
  pb::ReinstatePeerRequest reinstate;
  reinstate.set_peer_id(peer.id());
  town_.Trained(Must(town_.Call(&Stub::ReinstatePeer, UnitLeader(), reinstate)).peer());
  pb::ApprovePeerRequest approve;
  approve.set_peer_id(peer.id());
  EXPECT_DONE(town_.Call(&Stub::ApprovePeer, UnitLeader(), approve));
  pb::AssignGuideRequest guide;
  guide.set_peer_id(peer.id());
  guide.set_guide_id(town_.guide_id);
  EXPECT_DONE(town_.Call(&Stub::AssignGuide, Staff(), guide));
  const pb::Match now = town_.Matched(peer);

  town_.Paused(peer);
  pb::ResumePeerRequest resume;
  resume.set_peer_id(peer.id());
  EXPECT_DONE(town_.Call(&Stub::ResumePeer, Staff(), resume));
  EXPECT_EQ(town_.Now(now).state(), pb::MATCH_STATE_STARTED);
  EXPECT_EQ(town_.Now(before).state(), pb::MATCH_STATE_ON_HOLD);
  ASSERT_THAT(town_.OpenTasks(), SizeIs(1));
  EXPECT_EQ(town_.OpenTasks()[0].match_id(), before.id());
  ASSERT_THAT(town_.EventsOf<pb::MatchResumed>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::MatchResumed>()[0].match_id(), now.id());

  town_.GoTo(PlusDays(town_.Now(peer).valid_until(), Town::Rules().grace_days() + 1));
  ASSERT_EQ(town_.Now(peer).state(), pb::PEER_STATE_EXPIRED);
  EXPECT_EQ(town_.Now(now).state(), pb::MATCH_STATE_ON_HOLD);
  pb::RenewApprovalRequest renew;
  renew.set_peer_id(peer.id());
  EXPECT_DONE(town_.Call(&Stub::RenewApproval, UnitLeader(), renew));
  EXPECT_EQ(town_.Now(now).state(), pb::MATCH_STATE_STARTED) << "nor does a renewal leave out what it held";
  EXPECT_EQ(town_.Now(before).state(), pb::MATCH_STATE_ON_HOLD);
  EXPECT_DONE(HandOver(before, "")) << "what is left of before is handed over";
}

// ---- Asking and meeting ----

TEST_P(PeerSupportTest, APersonAsksWithoutAReferralAndTwoConsentsMakeAMatch) {
  const std::string person = SomePerson();
  const pb::Peer peer = town_.Active();
  const pb::PeerRequest request = town_.Asked(person);
  EXPECT_EQ(request.state(), pb::PEER_REQUEST_STATE_OPEN);
  pb::RequestPeerRequest twice;
  twice.set_person_ref(person);
  twice.set_asks_as(pb::EXPERIENCE_OWN_USE);
  EXPECT_REFUSED(town_.Call(&Stub::RequestPeer, Resident(person), twice), "REQUEST_OPEN");
  EXPECT_REFUSED(town_.Call(&Stub::RequestPeer, Resident(SomePerson()), twice), "NOT_FOUND");

  const pb::Proposal proposal = town_.Proposed(request, peer);
  EXPECT_EQ(town_.Now(request).state(), pb::PEER_REQUEST_STATE_PROPOSED);
  EXPECT_EQ(proposal.peer_experience(), pb::EXPERIENCE_OWN_USE);
  EXPECT_REFUSED(Propose(request, peer), "PROPOSAL_OPEN");
  EXPECT_REFUSED(Start(proposal), "WRONG_STATE");
  EXPECT_REFUSED(Answer(proposal, Resident(SomePerson()), pb::ANSWER_ACCEPT), "NOT_FOUND");
  EXPECT_REFUSED(Answer(proposal, AsPeer(person), pb::ANSWER_ACCEPT), "NOT_FOUND") << "not that person's part";
  EXPECT_DONE(Answer(proposal, Resident(person), pb::ANSWER_ACCEPT));
  EXPECT_REFUSED(Answer(proposal, Resident(person), pb::ANSWER_ACCEPT), "ALREADY_ANSWERED");
  EXPECT_REFUSED(Answer(proposal, Staff(), pb::ANSWER_ACCEPT), "ALREADY_ANSWERED") << "staff never answers for a peer";
  EXPECT_DONE(Answer(proposal, AsPeer(peer.person_ref()), pb::ANSWER_ACCEPT));

  const auto started = Start(proposal);
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->match().state(), pb::MATCH_STATE_STARTED);
  EXPECT_EQ(town_.Now(request).state(), pb::PEER_REQUEST_STATE_MATCHED);
  EXPECT_EQ(town_.Now(peer).load(), 1);
  EXPECT_THAT(town_.EventTypes(), IsSupersetOf({"PeerRequested", "MatchProposed", "ProposalAccepted", "MatchStarted"}));

  const auto ended = End(started->match(), Resident(person));
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->match().ended_by(), pb::MATCH_SIDE_UNSPECIFIED) << "by whom is for the unit only";
  EXPECT_EQ(town_.Now(started->match()).ended_by(), pb::MATCH_SIDE_PERSON);
  EXPECT_EQ(town_.Now(started->match()).end_reason(), pb::END_REASON_UNSPECIFIED);
  EXPECT_EQ(town_.Now(peer).load(), 0);
  EXPECT_REFUSED(End(started->match(), Staff()), "WRONG_STATE");
}

TEST_P(PeerSupportTest, ListsShowWhatEachPeerHas) {
  const pb::PeerProfile profile = Town::Profile(pb::EXPERIENCE_OWN_USE, /*capacity=*/4);
  const pb::Peer idle = town_.Active(profile), one = town_.Active(profile), both = town_.Active(profile);
  town_.Matched(one);
  EXPECT_DONE(End(town_.Matched(one), Staff()));
  town_.Proposed(town_.Asked(SomePerson()), one);
  town_.Matched(both);
  town_.AcceptedByBoth(town_.Proposed(town_.Asked(SomePerson()), both));
  const std::map<std::string, int> expected = {{idle.id(), 0}, {one.id(), 1}, {both.id(), 2}};
  const auto loads = [](const auto& response) {
    std::map<std::string, int> shown;
    for (const pb::Peer& peer : response->peers()) shown[peer.id()] = peer.load();
    return shown;
  };
  EXPECT_EQ(loads(town_.Call(&Stub::ListPeers, Staff(), pb::ListPeersRequest())), expected);
  EXPECT_EQ(loads(town_.Call(&Stub::ListAvailablePeers, Staff(), pb::ListAvailablePeersRequest())), expected);
}

TEST_P(PeerSupportTest, StaffPassesOnThePersonsWordAndItIsSeen) {
  const pb::Peer peer = town_.Active();
  const pb::Proposal proposal = town_.Proposed(town_.Asked(SomePerson()), peer);
  const auto answered = Answer(proposal, Staff(), pb::ANSWER_ACCEPT);
  EXPECT_EQ(answered->proposal().state(), pb::PROPOSAL_STATE_ACCEPTED_BY_PERSON);
  EXPECT_TRUE(answered->proposal().answer_passed_on());
  EXPECT_EQ(Answer(proposal, AsPeer(peer.person_ref()), pb::ANSWER_ACCEPT)->proposal().state(),
            pb::PROPOSAL_STATE_BOTH);
}

// [P6] [P7] The word of a person is not passed on by the peer whom it is about.
TEST_P(PeerSupportTest, APeerWhoIsStaffPassesOnNobodysWordAboutThemself) {
  const pb::Peer peer = town_.Active();
  const std::string person = SomePerson();
  const pb::Proposal proposal = town_.Proposed(town_.Asked(person), peer);
  Who staff = Staff(), both = Staff();
  staff.person_ref = both.person_ref = peer.person_ref();
  both.roles.push_back(access::v1::ROLE_PEER);
  EXPECT_REFUSED(Answer(proposal, staff, pb::ANSWER_ACCEPT), "OWN_CASE");
  EXPECT_REFUSED(Answer(proposal, staff, pb::ANSWER_DECLINE), "OWN_CASE");
  EXPECT_EQ(Answer(proposal, both, pb::ANSWER_ACCEPT)->proposal().state(), pb::PROPOSAL_STATE_ACCEPTED_BY_PEER)
      << "for themself they answer";
  EXPECT_REFUSED(Answer(proposal, both, pb::ANSWER_ACCEPT), "ALREADY_ANSWERED");
  EXPECT_EQ(Answer(proposal, Staff(), pb::ANSWER_ACCEPT)->proposal().state(), pb::PROPOSAL_STATE_BOTH);

  pb::JoinGroupRequest join;
  join.set_person_ref(person);
  join.set_match_id(town_.Started(proposal).id());
  join.set_consent_date(town_.Today());
  EXPECT_REFUSED(town_.Call(&Stub::JoinGroup, staff, join), "OWN_CASE");
  EXPECT_REFUSED(town_.Call(&Stub::JoinGroup, both, join), "OWN_CASE");
  EXPECT_DONE(town_.Call(&Stub::JoinGroup, Staff(), join));
}

TEST_P(PeerSupportTest, ADeclinedProposalOpensTheRequestAgain) {
  const pb::Peer peer = town_.Active();
  const pb::PeerRequest request = town_.Asked(SomePerson());
  const pb::Proposal proposal = town_.Proposed(request, peer);
  EXPECT_DONE(Answer(proposal, AsPeer(peer.person_ref()), pb::ANSWER_DECLINE));
  EXPECT_EQ(town_.Now(request).state(), pb::PEER_REQUEST_STATE_OPEN);
  EXPECT_EQ(town_.Now(peer).load(), 0);
  EXPECT_DONE(Propose(request, peer));
}

TEST_P(PeerSupportTest, AMotherMeetsSomebodyWhoIsNextOfKin) {
  const pb::Peer former_user = town_.Active(), mother = town_.Active(Town::Profile(pb::EXPERIENCE_NEXT_OF_KIN)),
                 both = town_.Active(Town::Profile(pb::EXPERIENCE_BOTH));
  const pb::PeerRequest request = town_.Asked(SomePerson(), pb::EXPERIENCE_NEXT_OF_KIN);
  EXPECT_REFUSED(Propose(request, former_user), "KIN_REQUIRED");
  pb::ListAvailablePeersRequest fitting;
  fitting.set_peer_request_id(request.id());
  EXPECT_THAT(Available(fitting), UnorderedElementsAre(mother.id(), both.id()));
  EXPECT_DONE(Propose(request, mother));

  pb::RequestPeerRequest otherwise;
  otherwise.set_person_ref(SomePerson());
  otherwise.set_asks_as(pb::EXPERIENCE_NEXT_OF_KIN);
  otherwise.set_any_experience(true);
  const auto open = town_.Call(&Stub::RequestPeer, NextOfKin(otherwise.person_ref()), otherwise);
  EXPECT_DONE(Propose(open->peer_request(), former_user));
}

TEST_P(PeerSupportTest, WhoIsListedAsAvailableForARequestIsExactlyWhoCanBeProposed) {
  std::vector<pb::Peer> peers;
  for (const auto experience : {pb::EXPERIENCE_OWN_USE, pb::EXPERIENCE_NEXT_OF_KIN, pb::EXPERIENCE_BOTH}) {
    pb::PeerProfile profile = Town::Profile(experience, 1);
    peers.push_back(town_.Active(profile));
    profile.set_gender(pb::GENDER_MALE);
    profile.clear_languages();
    profile.add_languages("EN");
    peers.push_back(town_.Active(profile));
  }
  peers.push_back(town_.Approved(Town::Profile()));
  town_.Matched(peers[0]);
  peers.push_back(town_.Active());
  town_.Paused(peers.back());
  const std::string person = SomePerson();
  peers.push_back(town_.Active());
  EXPECT_DONE(NameConflict(peers.back(), person, Staff()));
  for (int wish = 0; wish < 6; ++wish) {
    pb::RequestPeerRequest ask;
    ask.set_person_ref(person);
    ask.set_asks_as(wish % 2 == 0 ? pb::EXPERIENCE_OWN_USE : pb::EXPERIENCE_NEXT_OF_KIN);
    if (wish == 2 || wish == 3) ask.set_wish_language("en");
    if (wish == 4) ask.set_wish_gender(pb::GENDER_FEMALE);
    if (wish == 5) ask.set_wish_experience(pb::EXPERIENCE_BOTH);
    const pb::PeerRequest request = town_.Call(&Stub::RequestPeer, Resident(person), ask)->peer_request();
    pb::ListAvailablePeersRequest fitting;
    fitting.set_peer_request_id(request.id());
    const std::vector<std::string> listed = Available(fitting);
    EXPECT_THAT(listed, Not(IsEmpty()));
    for (const pb::Peer& peer : peers) {
      const auto proposed = Propose(request, peer);
      EXPECT_EQ(proposed.ok(), std::find(listed.begin(), listed.end(), peer.id()) != listed.end())
          << "wish " << wish << ": " << proposed.status();
      if (!proposed.ok()) continue;
      EXPECT_DONE(Answer(proposed->proposal(), Resident(person), pb::ANSWER_DECLINE));
    }
    pb::WithdrawRequestRequest withdraw;
    withdraw.set_peer_request_id(request.id());
    EXPECT_DONE(town_.Call(&Stub::WithdrawRequest, Resident(person), withdraw));
  }
}

// [P5] Who the person may meet, and wished for, is asked of the peer as they are and not as they were proposed.
TEST_P(PeerSupportTest, KinAndWishesAreCheckedWhenProposedWhenAcceptedAndWhenStarted) {
  const pb::Peer peer = town_.Active(Town::Profile(pb::EXPERIENCE_NEXT_OF_KIN));
  const pb::PeerRequest of_kin = town_.Asked(SomePerson(), pb::EXPERIENCE_NEXT_OF_KIN);
  const pb::Proposal proposal = town_.Proposed(of_kin, peer);
  pb::UpdatePeerRequest update;
  update.set_peer_id(peer.id());
  const auto change = [&](const pb::PeerProfile& profile) {
    *update.mutable_profile() = profile;
    EXPECT_DONE(town_.Call(&Stub::UpdatePeer, Staff(), update));
  };
  change(Town::Profile(pb::EXPERIENCE_OWN_USE));
  EXPECT_REFUSED(Answer(proposal, AsPeer(peer.person_ref()), pb::ANSWER_ACCEPT), "KIN_REQUIRED");
  EXPECT_DONE(Answer(proposal, Resident(proposal.person_ref()), pb::ANSWER_ACCEPT)) << "the person's yes stands";
  change(Town::Profile(pb::EXPERIENCE_BOTH));
  EXPECT_DONE(Answer(proposal, AsPeer(peer.person_ref()), pb::ANSWER_ACCEPT));
  change(Town::Profile(pb::EXPERIENCE_OWN_USE));
  EXPECT_REFUSED(Start(proposal), "KIN_REQUIRED");
  change(Town::Profile(pb::EXPERIENCE_NEXT_OF_KIN));
  EXPECT_DONE(Start(proposal));

  pb::RequestPeerRequest ask;
  ask.set_person_ref(SomePerson());
  ask.set_asks_as(pb::EXPERIENCE_OWN_USE);
  ask.set_wish_gender(pb::GENDER_FEMALE);
  const auto wishing = town_.Call(&Stub::RequestPeer, Resident(ask.person_ref()), ask);
  const pb::Proposal wished = town_.Proposed(wishing->peer_request(), peer);
  pb::PeerProfile man = Town::Profile(pb::EXPERIENCE_NEXT_OF_KIN);
  man.set_gender(pb::GENDER_MALE);
  change(man);
  EXPECT_REFUSED(Answer(wished, AsPeer(peer.person_ref()), pb::ANSWER_ACCEPT), "WISH_NOT_MET");
  change(Town::Profile(pb::EXPERIENCE_NEXT_OF_KIN));
  town_.AcceptedByBoth(wished);
  change(man);
  EXPECT_REFUSED(Start(wished), "WISH_NOT_MET");
  EXPECT_DONE(Answer(wished, AsPeer(peer.person_ref()), pb::ANSWER_DECLINE)) << "a no is always open";
}

TEST_P(PeerSupportTest, CapacityIsCheckedWhenProposedWhenAcceptedAndWhenStarted) {
  const pb::Peer peer = town_.Active(Town::Profile(pb::EXPERIENCE_OWN_USE, 1));
  const pb::Proposal first = town_.Proposed(town_.Asked(SomePerson()), peer);
  const pb::Proposal second = town_.Proposed(town_.Asked(SomePerson()), peer);
  const pb::Proposal ready = town_.AcceptedByBoth(first);
  EXPECT_REFUSED(Answer(second, AsPeer(peer.person_ref()), pb::ANSWER_ACCEPT), "CAPACITY_FULL");
  EXPECT_REFUSED(Propose(town_.Asked(SomePerson()), peer), "CAPACITY_FULL");
  pb::UpdatePeerRequest update;
  update.set_peer_id(peer.id());
  *update.mutable_profile() = Town::Profile(pb::EXPERIENCE_OWN_USE, 0);
  EXPECT_DONE(town_.Call(&Stub::UpdatePeer, Staff(), update));
  EXPECT_REFUSED(Start(ready), "CAPACITY_FULL");
  update.mutable_profile()->set_capacity(1);
  EXPECT_DONE(town_.Call(&Stub::UpdatePeer, Staff(), update));
  EXPECT_DONE(Start(ready));
  pb::GetCaseloadRequest caseload;
  caseload.set_peer_id(peer.id());
  const auto seen = town_.Call(&Stub::GetCaseload, AsPeer(peer.person_ref()), caseload);
  EXPECT_THAT(seen->matches(), SizeIs(1));
  EXPECT_EQ(seen->free(), 0);
}

// [X1] "every read or change of a person's data": a pause of the peer is one for the people they are with.
TEST_P(PeerSupportTest, WhatHappensToAPeerIsInTheAccessLogOfTheirPeople) {
  const std::string person = SomePerson();
  const pb::Peer peer = town_.Active();
  town_.Matched(peer, person);
  pb::PausePeerRequest pause;
  pause.set_peer_id(peer.id());
  EXPECT_DONE(town_.Call(&Stub::PausePeer, AsPeer(peer.person_ref()), pause));
  EXPECT_THAT(AccessShown(town_, Resident(person), person), Contains("PausePeer"));
  pb::OptOutRequest out;
  out.set_peer_id(peer.id());
  EXPECT_DONE(town_.Call(&Stub::OptOut, AsPeer(peer.person_ref()), out));
  EXPECT_THAT(AccessShown(town_, Resident(person), person), Contains("OptOut"));
}

// [P4] "a flag with no reason shown": the log of who has looked does not say it by a detour.
TEST_P(PeerSupportTest, WhoNamedAConflictIsInNoAccessLogOfTheOther) {
  const std::string person = SomePerson();
  const pb::Peer peer = town_.Active();
  town_.Matched(peer, person);
  EXPECT_DONE(NameConflict(peer, person, AsPeer(peer.person_ref())));
  EXPECT_THAT(AccessShown(town_, Resident(person), person), Not(Contains("NameConflict")));
  EXPECT_THAT(AccessShown(town_, AsPeer(peer.person_ref()), peer.person_ref()), Contains("NameConflict"));
  EXPECT_THAT(AccessShown(town_, UnitLeader(), person), Contains("NameConflict"));
}

// [P6] "either ends at any time with no reason"
TEST_P(PeerSupportTest, WhichOfTheTwoEndedAMatchIsInNoAccessLogOfTheOther) {
  const std::string person = SomePerson();
  const pb::Peer peer = town_.Active();
  EXPECT_DONE(End(town_.Matched(peer, person), Resident(person)));
  EXPECT_THAT(AccessShown(town_, AsPeer(peer.person_ref()), peer.person_ref()), Not(Contains("EndMatch")));
  EXPECT_THAT(AccessShown(town_, Resident(person), person), Contains("EndMatch"));
  const std::string other = SomePerson();
  const pb::Match match = town_.Matched(peer, other);
  EXPECT_DONE(End(match, AsPeer(peer.person_ref())));
  EXPECT_REFUSED(End(match, AsPeer(peer.person_ref())), "WRONG_STATE");
  EXPECT_THAT(AccessShown(town_, Resident(other), other), Not(Contains("EndMatch")));
}

TEST_P(PeerSupportTest, AConflictOfInterestEndsWhatIsOpenAndShowsNoReason) {
  const std::string person = SomePerson();
  const pb::Peer peer = town_.Active();
  const pb::Match match = town_.Matched(peer, person);
  EXPECT_REFUSED(NameConflict(peer, person, Resident(SomePerson())), "NOT_FOUND");
  EXPECT_DONE(NameConflict(peer, person, AsPeer(peer.person_ref())));
  EXPECT_EQ(town_.Now(match).state(), pb::MATCH_STATE_ENDED);
  EXPECT_EQ(town_.Now(match).ended_by(), pb::MATCH_SIDE_UNIT) << "who named it is not told";
  const pb::PeerRequest request = town_.Asked(person);
  EXPECT_REFUSED(Propose(request, peer), "CONFLICT_OF_INTEREST");
  EXPECT_DONE(NameConflict(peer, person, Resident(person))) << "naming it twice tells nothing";
  pb::LiftConflictRequest lift;
  lift.set_peer_id(peer.id());
  lift.set_person_ref(person);
  EXPECT_DONE(town_.Call(&Stub::LiftConflict, Staff(), lift));
  EXPECT_REFUSED(town_.Call(&Stub::LiftConflict, Staff(), lift), "NOT_FOUND");
  const auto proposed = Propose(request, peer);
  EXPECT_DONE(proposed);
  EXPECT_DONE(NameConflict(peer, person, Resident(person)));
  EXPECT_EQ(town_.Now(proposed->proposal()).state(), pb::PROPOSAL_STATE_WITHDRAWN);
  EXPECT_EQ(town_.Now(request).state(), pb::PEER_REQUEST_STATE_OPEN);
}

TEST_P(PeerSupportTest, ARequestIsWithdrawnOrClosedAndItsProposalWithIt) {
  const pb::Peer peer = town_.Active();
  const pb::PeerRequest one = town_.Asked(SomePerson()), other = town_.Asked(SomePerson());
  const pb::Proposal proposal = town_.Proposed(one, peer);
  pb::WithdrawRequestRequest withdraw;
  withdraw.set_peer_request_id(one.id());
  EXPECT_REFUSED(town_.Call(&Stub::WithdrawRequest, Resident(other.person_ref()), withdraw), "NOT_FOUND");
  EXPECT_DONE(town_.Call(&Stub::WithdrawRequest, Resident(one.person_ref()), withdraw));
  EXPECT_EQ(town_.Now(one).state(), pb::PEER_REQUEST_STATE_WITHDRAWN);
  EXPECT_EQ(town_.Now(proposal).state(), pb::PROPOSAL_STATE_WITHDRAWN);
  pb::CloseRequestRequest close;
  close.set_peer_request_id(other.id());
  close.set_close_reason(pb::CLOSE_REASON_NO_CAPACITY);
  EXPECT_DONE(town_.Call(&Stub::CloseRequest, Staff(), close));
  EXPECT_EQ(town_.EventsOf<pb::PeerRequestClosed>()[0].close_reason(), pb::CLOSE_REASON_NO_CAPACITY);
  EXPECT_REFUSED(town_.Call(&Stub::CloseRequest, Staff(), close), "WRONG_STATE");
}

// ---- Pause and hand-over ----

TEST_P(PeerSupportTest, APausePutsEveryMatchOnHoldWithATaskInOneStep) {
  const pb::Peer peer = town_.Active(Town::Profile(pb::EXPERIENCE_OWN_USE, 3)), other = town_.Active();
  const pb::Match first = town_.Matched(peer), second = town_.Matched(peer), third = town_.Matched(peer);
  town_.Paused(peer);
  EXPECT_EQ(town_.Now(first).state(), pb::MATCH_STATE_ON_HOLD);
  EXPECT_THAT(town_.OpenTasks(), SizeIs(3));
  const auto held = town_.EventsOf<pb::MatchPutOnHold>();
  std::vector<std::string> told;
  for (const pb::MatchPutOnHold& event : held) told.push_back(event.person_ref());
  EXPECT_THAT(told, UnorderedElementsAre(first.person_ref(), second.person_ref(), third.person_ref()))
      << "each is told, and nothing of why";

  const auto handed = HandOver(first, other.id());
  ASSERT_TRUE(handed.ok()) << handed.status();
  EXPECT_EQ(handed->match().state(), pb::MATCH_STATE_HANDED_OVER);
  EXPECT_EQ(handed->proposal().peer_id(), other.id());
  EXPECT_REFUSED(Start(handed->proposal()), "WRONG_STATE") << "the person is asked, as ever";
  const pb::Match after = town_.Started(town_.AcceptedByBoth(handed->proposal()));
  EXPECT_EQ(after.person_ref(), first.person_ref());

  EXPECT_DONE(HandOver(second, ""));
  EXPECT_THAT(town_.OpenTasks(), SizeIs(1));
  pb::ResumePeerRequest resume;
  resume.set_peer_id(peer.id());
  const auto resumed = town_.Call(&Stub::ResumePeer, Staff(), resume);
  EXPECT_EQ(resumed->peer().state(), pb::PEER_STATE_ACTIVE);
  EXPECT_EQ(town_.Now(third).state(), pb::MATCH_STATE_STARTED);
  EXPECT_EQ(town_.Now(second).state(), pb::MATCH_STATE_HANDED_OVER);
  EXPECT_THAT(town_.OpenTasks(), IsEmpty());
  EXPECT_THAT(town_.EventTypes(),
              IsSupersetOf({"ApprovalPaused", "MatchHandedOver", "ApprovalResumed", "MatchResumed"}));
}

TEST_P(PeerSupportTest, AHandOverThatCannotBeLeavesEverythingAsItWas) {
  const pb::Peer peer = town_.Active(), full = town_.Active(Town::Profile(pb::EXPERIENCE_OWN_USE, 1));
  const pb::Match match = town_.Matched(peer);
  town_.Matched(full);
  town_.Paused(peer);
  EXPECT_REFUSED(HandOver(match, full.id()), "CAPACITY_FULL");
  EXPECT_REFUSED(HandOver(match, peer.id()), "INVALID_FIELD");
  EXPECT_EQ(town_.Now(match).state(), pb::MATCH_STATE_ON_HOLD);
  EXPECT_THAT(town_.OpenTasks(), SizeIs(1));
}

TEST_P(PeerSupportTest, AStopHoldsMatchesAndWithdrawsProposals) {
  const pb::Peer peer = town_.Active();
  const pb::Match match = town_.Matched(peer);
  const pb::PeerRequest request = town_.Asked(SomePerson());
  const pb::Proposal proposal = town_.Proposed(request, peer);
  pb::StopPeerRequest stop;
  stop.set_peer_id(peer.id());
  stop.set_kind(pb::STOP_KIND_ENDED);
  const auto stopped = town_.Call(&Stub::StopPeer, UnitLeader(), stop);
  ASSERT_TRUE(stopped.ok()) << stopped.status();
  EXPECT_EQ(stopped->matches(), 1);
  EXPECT_EQ(town_.Now(match).state(), pb::MATCH_STATE_ON_HOLD);
  EXPECT_EQ(town_.Now(proposal).state(), pb::PROPOSAL_STATE_WITHDRAWN);
  EXPECT_EQ(town_.Now(request).state(), pb::PEER_REQUEST_STATE_OPEN);
  EXPECT_REFUSED(town_.Call(&Stub::StopPeer, UnitLeader(), stop), "WRONG_STATE");
}

// ---- Contacts and groups ----

TEST_P(PeerSupportTest, ContactsAreRecordedWithoutContentAndMistakesTakenBack) {
  const pb::Peer peer = town_.Active();
  const pb::Match match = town_.Matched(peer);
  EXPECT_REFUSED(Log(match, AsPeer(SomePerson()), 60), "NOT_FOUND");
  const auto contact = Log(match, AsPeer(peer.person_ref()), 60);
  ASSERT_TRUE(contact.ok()) << contact.status();
  EXPECT_EQ(contact->contact().employment(), pb::EMPLOYMENT_VOLUNTEER);
  EXPECT_EQ(town_.Now(match).last_contact_date(), town_.Today());
  EXPECT_DONE(Log(match, AsPeer(peer.person_ref()), 0)) << "they did not meet";
  pb::ListContactsRequest list;
  list.set_match_id(match.id());
  EXPECT_THAT(town_.Call(&Stub::ListContacts, Resident(match.person_ref()), list)->contacts(), SizeIs(2));
  EXPECT_REFUSED(town_.Call(&Stub::ListContacts, Resident(SomePerson()), list), "NOT_FOUND");
  pb::WithdrawContactRequest withdraw;
  withdraw.set_contact_id(contact->contact().id());
  EXPECT_DONE(town_.Call(&Stub::WithdrawContact, AsPeer(peer.person_ref()), withdraw));
  EXPECT_EQ(town_.Now(match).last_contact_date(), "");
  const auto logged = town_.EventsOf<pb::ContactLogged>();
  ASSERT_THAT(logged, SizeIs(2));
  EXPECT_TRUE(logged[0].met());
}

TEST_P(PeerSupportTest, MatchesWithoutContactForTwoWeeksAreListed) {
  const pb::Peer peer = town_.Active();
  const pb::Match quiet = town_.Matched(peer), spoken = town_.Matched(peer);
  town_.GoDays(14);
  EXPECT_DONE(Log(spoken, AsPeer(peer.person_ref()), 30));
  pb::ListMatchesRequest list;
  list.set_without_contact_days(14);
  EXPECT_THAT(town_.Call(&Stub::ListMatches, Staff(), list)->matches(), IsEmpty());
  town_.GoDays(1);
  const auto gaps = town_.Call(&Stub::ListMatches, Staff(), list);
  ASSERT_THAT(gaps->matches(), SizeIs(1));
  EXPECT_EQ(gaps->matches(0).id(), quiet.id());
}

TEST_P(PeerSupportTest, ASeatIsByConsentHeldWithItsMatchAndEndedWithIt) {
  const pb::Peer peer = town_.Active();
  const std::string person = SomePerson();
  const pb::Match match = town_.Matched(peer, person);
  pb::JoinGroupRequest join;
  join.set_person_ref(person);
  join.set_match_id(match.id());
  join.set_consent_date("2026-11-24");
  EXPECT_REFUSED(town_.Call(&Stub::JoinGroup, Resident(person), join), "NOT_YET");
  join.set_consent_date("2026-11-23");
  EXPECT_REFUSED(town_.Call(&Stub::JoinGroup, Resident(SomePerson()), join), "NOT_FOUND");
  const auto seat = town_.Call(&Stub::JoinGroup, Resident(person), join);
  ASSERT_TRUE(seat.ok()) << seat.status();
  EXPECT_EQ(seat->group_seat().kind(), pb::GROUP_SEAT_KIND_RESPONSIBILITY_GROUP);
  EXPECT_REFUSED(town_.Call(&Stub::JoinGroup, Resident(person), join), "SEAT_TAKEN");
  const auto state = [&] {
    return town_.Call(&Stub::ListGroupSeats, AsPeer(peer.person_ref()), pb::ListGroupSeatsRequest())
        ->group_seats(0)
        .state();
  };
  town_.Paused(peer);
  EXPECT_EQ(state(), pb::GROUP_SEAT_STATE_ON_HOLD);
  pb::ResumePeerRequest resume;
  resume.set_peer_id(peer.id());
  EXPECT_DONE(town_.Call(&Stub::ResumePeer, Staff(), resume));
  EXPECT_EQ(state(), pb::GROUP_SEAT_STATE_ACTIVE);
  EXPECT_DONE(End(match, Resident(person)));
  EXPECT_EQ(state(), pb::GROUP_SEAT_STATE_ENDED);
  EXPECT_THAT(town_.EventsOf<pb::GroupSeatLeft>(), SizeIs(1));
}

TEST_P(PeerSupportTest, ASelfHelpGroupIsOpenToAnybodyAndLeavingItToo) {
  const pb::Peer peer = town_.Active();
  pb::OpenGroupRequest open;
  open.set_name("Tirsdagsgruppa");
  open.set_peer_id(peer.id());
  open.set_experience(pb::EXPERIENCE_OWN_USE);
  const auto group = town_.Call(&Stub::OpenGroup, Staff(), open);
  ASSERT_TRUE(group.ok()) << group.status();
  const std::string one = SomePerson(), other = SomePerson();
  pb::JoinGroupRequest join;
  join.set_person_ref(one);
  join.set_self_help_group_id(group->group().id());
  join.set_consent_date(town_.Today());
  const auto seat = town_.Call(&Stub::JoinGroup, Resident(one), join);
  ASSERT_TRUE(seat.ok()) << seat.status();
  join.set_person_ref(other);
  EXPECT_DONE(town_.Call(&Stub::JoinGroup, Resident(other), join));
  EXPECT_EQ(town_.Call(&Stub::ListGroups, Resident(one), pb::ListGroupsRequest())->groups(0).seats(), 2);
  EXPECT_THAT(town_.Call(&Stub::ListGroupSeats, Resident(one), pb::ListGroupSeatsRequest())->group_seats(), SizeIs(1));
  pb::LeaveGroupRequest leave;
  leave.set_group_seat_id(seat->group_seat().id());
  EXPECT_REFUSED(town_.Call(&Stub::LeaveGroup, Resident(other), leave), "NOT_FOUND");
  EXPECT_DONE(town_.Call(&Stub::LeaveGroup, Resident(one), leave));
  join.set_person_ref(one);
  EXPECT_DONE(town_.Call(&Stub::JoinGroup, Resident(one), join)) << "and come back";
  pb::CloseGroupRequest close;
  close.set_self_help_group_id(group->group().id());
  EXPECT_DONE(town_.Call(&Stub::CloseGroup, Staff(), close));
  EXPECT_THAT(town_.EventsOf<pb::GroupSeatLeft>(), SizeIs(3));
  EXPECT_THAT(town_.Call(&Stub::ListGroups, Resident(one), pb::ListGroupsRequest())->groups(), IsEmpty());
}

TEST_P(PeerSupportTest, AGroupTakesNobodyNewWhileItsPeerIsAwayAndClosesWhenTheyStop) {
  const pb::Peer peer = town_.Active(), other = town_.Active();
  pb::OpenGroupRequest open;
  open.set_name("Tirsdagsgruppa");
  open.set_peer_id(peer.id());
  open.set_experience(pb::EXPERIENCE_OWN_USE);
  const pb::SelfHelpGroup group = Must(town_.Call(&Stub::OpenGroup, Staff(), open)).group();
  const pb::SelfHelpGroup second = Must(town_.Call(&Stub::OpenGroup, Staff(), open)).group();
  open.set_peer_id(other.id());
  const pb::SelfHelpGroup of_other = Must(town_.Call(&Stub::OpenGroup, Staff(), open)).group();
  pb::JoinGroupRequest join;
  join.set_self_help_group_id(group.id());
  join.set_consent_date(town_.Today());
  const auto enter = [&](const std::string& person) {
    join.set_person_ref(person);
    return town_.Call(&Stub::JoinGroup, Resident(person), join);
  };
  const std::string member = SomePerson(), late = SomePerson();
  const pb::GroupSeat seat = Must(enter(member)).group_seat();
  town_.Paused(peer);
  EXPECT_REFUSED(enter(late), "PEER_NOT_AVAILABLE");
  pb::ResumePeerRequest resume;
  resume.set_peer_id(peer.id());
  EXPECT_DONE(town_.Call(&Stub::ResumePeer, Staff(), resume));
  EXPECT_DONE(enter(late));

  pb::OptOutRequest opt_out;
  opt_out.set_peer_id(peer.id());
  EXPECT_DONE(town_.Call(&Stub::OptOut, AsPeer(peer.person_ref()), opt_out));
  std::vector<std::string> closed;
  for (const pb::GroupClosed& event : town_.EventsOf<pb::GroupClosed>()) closed.push_back(event.self_help_group_id());
  EXPECT_THAT(closed, UnorderedElementsAre(group.id(), second.id()));
  std::vector<std::string> left;
  for (const pb::GroupSeatLeft& event : town_.EventsOf<pb::GroupSeatLeft>()) left.push_back(event.person_ref());
  EXPECT_THAT(left, UnorderedElementsAre(member, late));
  pb::ListGroupSeatsRequest seats;
  EXPECT_EQ(town_.Call(&Stub::ListGroupSeats, Resident(member), seats)->group_seats(0).state(),
            pb::GROUP_SEAT_STATE_ENDED);
  const auto groups = town_.Call(&Stub::ListGroups, Resident(member), pb::ListGroupsRequest());
  ASSERT_THAT(groups->groups(), SizeIs(1));
  EXPECT_EQ(groups->groups(0).id(), of_other.id());
  EXPECT_THAT(AccessShown(town_, Resident(member), member), Contains("OptOut"))
      << "it is a change to each who sat there";
}

// ---- Guides and queries ----

TEST_P(PeerSupportTest, GuidanceIsLoggedAndTheNextIsDue) {
  const pb::Peer peer = town_.Active();
  EXPECT_EQ(peer.guidance_due_date(), "2026-12-23");
  town_.GoDays(10);
  pb::LogGuidanceRequest log;
  log.set_peer_id(peer.id());
  log.set_minutes(60);
  const auto logged = town_.Call(&Stub::LogGuidance, Staff(), log);
  ASSERT_TRUE(logged.ok()) << logged.status();
  EXPECT_EQ(logged->peer().guidance_due_date(), "2027-01-02");
  EXPECT_EQ(logged->guidance().guide_id(), town_.guide_id);
}

TEST_P(PeerSupportTest, AListIsPagedAndAPersonSeesTheirOwn) {
  const std::string person = SomePerson();
  town_.Asked(person);
  town_.Asked(SomePerson());
  town_.Asked(SomePerson());
  pb::ListRequestsRequest list;
  list.set_page_size(2);
  const auto page = town_.Call(&Stub::ListRequests, Staff(), list);
  EXPECT_THAT(page->peer_requests(), SizeIs(2));
  list.set_page_token(page->next_page_token());
  const auto rest = town_.Call(&Stub::ListRequests, Staff(), list);
  EXPECT_THAT(rest->peer_requests(), SizeIs(1));
  EXPECT_EQ(rest->next_page_token(), "");
  EXPECT_NE(rest->as_of(), "");
  const auto own = town_.Call(&Stub::ListRequests, Resident(person), pb::ListRequestsRequest());
  ASSERT_THAT(own->peer_requests(), SizeIs(1));
  EXPECT_EQ(own->peer_requests(0).person_ref(), person);
  EXPECT_THAT(town_.Call(&Stub::ListRequests, Resident(""), pb::ListRequestsRequest())->peer_requests(), IsEmpty());
}

TEST_P(PeerSupportTest, WhoHasWaitedIsListed) {
  const pb::PeerRequest old = town_.Asked(SomePerson());
  town_.GoDays(10);
  town_.Asked(SomePerson());
  pb::ListRequestsRequest list;
  list.set_waiting_days(10);
  const auto waiting = town_.Call(&Stub::ListRequests, Staff(), list);
  ASSERT_THAT(waiting->peer_requests(), SizeIs(1));
  EXPECT_EQ(waiting->peer_requests(0).id(), old.id());
}

TEST_P(PeerSupportTest, HoursAreCountedPaidAndVolunteerAndFewPeopleSuppressed) {
  const pb::Peer volunteer = town_.Active();
  const pb::Peer paid = town_.Active(Town::Profile(pb::EXPERIENCE_OWN_USE, 3, pb::EMPLOYMENT_PAID));
  EXPECT_DONE(Log(town_.Matched(volunteer), AsPeer(volunteer.person_ref()), 90));
  EXPECT_DONE(Log(town_.Matched(paid), AsPeer(paid.person_ref()), 120));
  EXPECT_DONE(Log(town_.Matched(paid), AsPeer(paid.person_ref()), 180));
  const pb::Peer mother = town_.Active(Town::Profile(pb::EXPERIENCE_NEXT_OF_KIN));
  const pb::Match kin = town_.Started(
      town_.AcceptedByBoth(town_.Proposed(town_.Asked(SomePerson(), pb::EXPERIENCE_NEXT_OF_KIN), mother)));
  EXPECT_DONE(Log(kin, AsPeer(mother.person_ref()), 60));
  pb::GetStatisticsRequest request;
  request.set_from_date("2026-11-01");
  request.set_to_date("2026-11-30");
  const auto statistics = town_.Call(&Stub::GetStatistics, Staff(), request);
  ASSERT_TRUE(statistics.ok()) << statistics.status();
  std::map<std::string, std::pair<int64_t, bool>> figures;
  for (const auto& figure : statistics->figures()) figures[figure.code()] = {figure.value(), figure.suppressed()};
  EXPECT_EQ(figures["PAID_HOURS"].first, 5);
  EXPECT_EQ(figures["VOLUNTEER_HOURS"].first, 3) << "150 minutes, rounded";
  EXPECT_EQ(figures["CONTACTS"].first, 4);
  EXPECT_EQ(figures["PERSONS_SERVED"], std::pair(int64_t{3}, false));
  EXPECT_EQ(figures["NEXT_OF_KIN_SERVED"], std::pair(int64_t{0}, true)) << "one person is not published";
  EXPECT_EQ(figures["PEERS_ACTIVE"].first, 3);
  request.set_to_date("2026-10-31");
  EXPECT_REFUSED(town_.Call(&Stub::GetStatistics, Staff(), request), "INVALID_FIELD");
}

TEST_P(PeerSupportTest, ARepeatedRequestDoesNothingTwice) {
  const pb::Peer peer = town_.Active();
  const pb::Match match = town_.Matched(peer);
  pb::LogContactRequest request;
  request.set_request_id(SomePerson());
  request.set_match_id(match.id());
  request.set_kind(pb::CONTACT_KIND_PHONE);
  request.set_minutes(20);
  request.set_met(true);
  const auto first = town_.Call(&Stub::LogContact, AsPeer(peer.person_ref()), request);
  const auto second = town_.Call(&Stub::LogContact, AsPeer(peer.person_ref()), request);
  EXPECT_EQ(first->contact().id(), second->contact().id());
  EXPECT_THAT(town_.EventsOf<pb::ContactLogged>(), SizeIs(1));
}

TEST_P(PeerSupportTest, EveryEventHasTheVersionThatFollowsTheOneBeforeOfItsSubject) {
  const pb::Peer peer = town_.Active();
  const pb::Match match = town_.Matched(peer);
  town_.Paused(peer);
  EXPECT_DONE(End(match, Staff()));
}

// X3: each version can be read.
TEST_P(PeerSupportTest, EarlierRulesAreReadByTheirVersion) {
  pb::GetPeerRulesRequest of;
  pb::SetPeerRulesRequest set;
  *set.mutable_peer_rules() = Must(town_.Call(&Stub::GetPeerRules, Staff(), of)).peer_rules();
  const int64_t version = set.peer_rules().rules_version();
  const int32_t days = set.peer_rules().answer_days();
  set.mutable_peer_rules()->set_answer_days(days + 1);
  EXPECT_DONE(town_.Call(&Stub::SetPeerRules, UnitLeader(), set));
  EXPECT_EQ(Must(town_.Call(&Stub::GetPeerRules, Staff(), of)).peer_rules().answer_days(), days + 1);
  of.set_rules_version(version);
  EXPECT_EQ(Must(town_.Call(&Stub::GetPeerRules, Staff(), of)).peer_rules().answer_days(), days);
  of.set_rules_version(version + 2);
  EXPECT_REFUSED(town_.Call(&Stub::GetPeerRules, Staff(), of), "NOT_FOUND");
}

}  // namespace
}  // namespace mestring::peer_support
