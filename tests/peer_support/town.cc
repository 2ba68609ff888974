#include "tests/peer_support/town.h"

// Each step stands on the ones before it: register, train, approve, guide; ask, propose, consent, start.

#include "tests/support/contract_suite.h"

namespace mestring::peer_support {

Town::Town(std::string_view engine, std::function<void(Config&)> adjust)
    : RunningTown(PeerSupportDefinition(), engine, [&](Config& config) {
        config.owners = "activities=127.0.0.1:1";
        if (adjust) adjust(config);
      }) {
  pb::SetPeerRulesRequest rules;
  *rules.mutable_peer_rules() = Rules();
  Must(Call(&Stub::SetPeerRules, UnitLeader(), rules));
  guide_id = Guided().id();
}

pb::PeerRules Town::Rules() {
  pb::PeerRules rules;
  rules.set_approval_months(12);
  rules.set_renewal_window_days(60);
  rules.set_grace_days(30);
  rules.set_guidance_interval_days(30);
  rules.add_requirements(pb::REQUIREMENT_KIND_SECRECY_DECLARATION);
  rules.add_requirements(pb::REQUIREMENT_KIND_COURSE_HOURS);
  rules.set_course_hours_min(16);
  rules.set_capacity_max(10);
  rules.set_answer_days(14);
  rules.set_evaluation_answers_min(3);
  rules.set_statistics_cell_min(2);
  return rules;
}

pb::PeerProfile Town::Profile(pb::Experience experience, int capacity, pb::Employment employment) {
  pb::PeerProfile profile;
  profile.set_employment(employment);
  profile.set_experience(experience);
  profile.set_capacity(capacity);
  profile.add_languages("nb");
  profile.set_gender(pb::GENDER_FEMALE);
  return profile;
}

pb::Guide Town::Guided() {
  pb::RegisterGuideRequest request;
  request.set_person_ref(SomePerson());
  return Must(Call(&Stub::RegisterGuide, UnitLeader(), request)).guide();
}

pb::Peer Town::Registered(const pb::PeerProfile& profile) {
  pb::RegisterPeerRequest request;
  request.set_person_ref(SomePerson());
  *request.mutable_profile() = profile;
  return Must(Call(&Stub::RegisterPeer, Staff(), request)).peer();
}

pb::Peer Town::Trained(const pb::Peer& peer) {
  pb::RecordRequirementRequest request;
  request.set_peer_id(peer.id());
  request.set_outcome(pb::REQUIREMENT_OUTCOME_MET);
  request.set_kind(pb::REQUIREMENT_KIND_SECRECY_DECLARATION);
  Must(Call(&Stub::RecordRequirement, Staff(), request));
  request.set_kind(pb::REQUIREMENT_KIND_COURSE_HOURS);
  request.set_hours(16);
  return Must(Call(&Stub::RecordRequirement, Staff(), request)).peer();
}

pb::Peer Town::Approved(const pb::PeerProfile& profile) {
  pb::ApprovePeerRequest request;
  request.set_peer_id(Trained(Registered(profile)).id());
  return Must(Call(&Stub::ApprovePeer, UnitLeader(), request)).peer();
}

pb::Peer Town::Active(const pb::PeerProfile& profile) {
  pb::AssignGuideRequest request;
  request.set_peer_id(Approved(profile).id());
  request.set_guide_id(guide_id);
  return Must(Call(&Stub::AssignGuide, Staff(), request)).peer();
}

pb::PeerRequest Town::Asked(const std::string& person, pb::Experience asks_as) {
  pb::RequestPeerRequest request;
  request.set_person_ref(person);
  request.set_asks_as(asks_as);
  return Must(Call(&Stub::RequestPeer, Resident(person), request)).peer_request();
}

pb::Proposal Town::Proposed(const pb::PeerRequest& peer_request, const pb::Peer& peer) {
  pb::ProposeMatchRequest request;
  request.set_peer_request_id(peer_request.id());
  request.set_peer_id(peer.id());
  return Must(Call(&Stub::ProposeMatch, Staff(), request)).proposal();
}

pb::Proposal Town::Answered(const pb::Proposal& proposal, const Who& who, pb::Answer answer) {
  pb::AnswerProposalRequest request;
  request.set_proposal_id(proposal.id());
  request.set_answer(answer);
  return Must(Call(&Stub::AnswerProposal, who, request)).proposal();
}

pb::Proposal Town::AcceptedByBoth(const pb::Proposal& proposal) {
  Answered(proposal, AsPeer(proposal.peer_person_ref()));
  return Answered(proposal, Resident(proposal.person_ref()));
}

pb::Match Town::Started(const pb::Proposal& proposal) {
  pb::StartMatchRequest request;
  request.set_proposal_id(proposal.id());
  return Must(Call(&Stub::StartMatch, Staff(), request)).match();
}

pb::Match Town::Matched(const pb::Peer& peer, const std::string& person) {
  return Started(AcceptedByBoth(Proposed(Asked(person), peer)));
}

pb::Peer Town::Paused(const pb::Peer& peer) {
  pb::PausePeerRequest request;
  request.set_peer_id(peer.id());
  return Must(Call(&Stub::PausePeer, AsPeer(peer.person_ref()), request)).peer();
}

pb::Peer Town::Now(const pb::Peer& peer) {
  pb::GetPeerRequest request;
  request.set_peer_id(peer.id());
  return Must(Call(&Stub::GetPeer, Staff(), request)).peer();
}

pb::Match Town::Now(const pb::Match& match) {
  pb::GetMatchRequest request;
  request.set_match_id(match.id());
  return Must(Call(&Stub::GetMatch, Staff(), request)).match();
}

pb::PeerRequest Town::Now(const pb::PeerRequest& peer_request) {
  pb::GetRequestRequest request;
  request.set_peer_request_id(peer_request.id());
  return Must(Call(&Stub::GetRequest, Staff(), request)).peer_request();
}

pb::Proposal Town::Now(const pb::Proposal& proposal) {
  pb::ListProposalsRequest request;
  request.set_peer_request_id(proposal.peer_request_id());
  request.set_page_size(200);
  const auto response = Must(Call(&Stub::ListProposals, Staff(), request));
  for (const pb::Proposal& one : response.proposals()) {
    if (one.id() == proposal.id()) return one;
  }
  return {};
}

std::vector<pb::HandOverTask> Town::OpenTasks() {
  pb::ListHandOverTasksRequest request;
  request.set_page_size(200);
  const auto response = Must(Call(&Stub::ListHandOverTasks, Staff(), request));
  return {response.hand_over_tasks().begin(), response.hand_over_tasks().end()};
}

void Town::ExpectVersionsAreTold() { mestring::ExpectVersionsAreTold(*this, {"conflicts"}); }

}  // namespace mestring::peer_support
