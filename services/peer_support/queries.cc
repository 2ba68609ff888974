// Queries for leaders of peers: which peers need attention, which can take somebody, who has whom; and the figures of a
// period.
//
// ListAvailablePeers says in SQL what ProposeMatch decides by rule; a test compares the two for each peer. There are
// some hundreds of peers, so a subquery for each is cheap. A column "free places" would be cheaper, and wrong after the
// first end of a match that forgot it.

#include <utility>

#include "services/peer_support/match_rules.h"
#include "services/peer_support/peer_support.h"
#include "services/peer_support/reads.h"
#include "services/shared/figures.h"

namespace mestring::peer_support {
namespace {

// Of a page of peers, in the order of their ids.
absl::Status FillLoads(Tx& tx, google::protobuf::RepeatedPtrField<pb::Peer>* peers) {
  if (peers->empty()) return absl::OkStatus();
  ASSIGN(auto loads, LoadsOf(tx, peers->begin()->id(), peers->rbegin()->id()));
  for (pb::Peer& peer : *peers) peer.set_load(static_cast<int32_t>(loads[peer.id()]));
  return absl::OkStatus();
}

// Condition on a peer: the guide is active.
std::string HasActiveGuide() {
  return absl::StrCat("EXISTS (SELECT 1 FROM guides g WHERE g.id = peers.guide_id AND g.",
                      InState(pb::GUIDE_STATE_ACTIVE), ")");
}

void Concerning(pb::PeerConcern concern, Filter* filter) {
  switch (concern) {
    case pb::PEER_CONCERN_APPROVAL_ENDING:
      filter->Where("expiring = 1");
      break;
    case pb::PEER_CONCERN_GUIDANCE_OVERDUE:
      filter->Where("guidance_overdue = 1");
      break;
    // Guides who are away, and peers without guidance (casa#2139).
    case pb::PEER_CONCERN_WITHOUT_GUIDE:
      filter->Where(InStates(NeedsGuidance)).Where(absl::StrCat("NOT ", HasActiveGuide()));
      break;
    // Approved peers whom nobody uses (CareTogetherCMS#1205).
    case pb::PEER_CONCERN_WITHOUT_MATCH:
      filter->Where(InStates(IsApproved))
          .Where(absl::StrCat("NOT EXISTS (SELECT 1 FROM matches WHERE peer_id = peers.id AND ",
                              InStates<pb::MatchState>(IsLive), ")"));
      break;
    default:
      break;
  }
}

void HasExperience(pb::Experience experience, Filter* filter) {
  if (experience == pb::EXPERIENCE_UNSPECIFIED) return;
  filter->Where("experience IN (?, ?)", pb::Experience_Name(experience), pb::Experience_Name(pb::EXPERIENCE_BOTH));
}

void Speaks(std::string_view language, Filter* filter) {
  if (!language.empty()) filter->Where("languages LIKE ?", absl::StrCat("%\"", LanguageOf(language), "\"%"));
}

// Only peers who can be proposed for the request.
void Fits(const pb::PeerRequest& request, Filter* filter) {
  HasExperience(request.wish_experience(), filter);
  if (request.asks_as() == pb::EXPERIENCE_NEXT_OF_KIN && !request.any_experience()) {
    HasExperience(pb::EXPERIENCE_NEXT_OF_KIN, filter);
  }
  Speaks(request.wish_language(), filter);
  filter->IsState("gender", request.wish_gender());
  filter->Where("person_ref <> ?", request.person_ref())
      .Where("NOT EXISTS (SELECT 1 FROM conflicts c WHERE c.person_ref = ? AND c.other_person_ref = peers.person_ref)",
             request.person_ref())
      .Where("NOT EXISTS (SELECT 1 FROM conflicts c WHERE c.other_person_ref = ? AND c.person_ref = peers.person_ref)",
             request.person_ref())
      .Where(absl::StrCat("NOT EXISTS (SELECT 1 FROM matches WHERE peer_id = peers.id AND person_ref = ? AND ",
                          InStates<pb::MatchState>(IsLive), ")"),
             request.person_ref());
}

// One figure of a period.
template <class... P>
absl::StatusOr<int64_t> Count(Tx& tx, std::string_view sql, const P&... parameters) {
  ASSIGN(const auto rows, tx.Query<int64_t>(sql, parameters...));
  return std::get<0>(rows.front());
}

}  // namespace

absl::Status PeerSupport::ListPeers(Tx& tx, Call&, const pb::ListPeersRequest& request,
                                    pb::ListPeersResponse* response) {
  Filter filter;
  filter.IsState("state", request.state()).IsState("employment", request.employment());
  Concerning(request.concern(), &filter);
  TRY(ListPage(tx, filter, request, response->mutable_peers(), response));
  TRY(FillLoads(tx, response->mutable_peers()));
  return absl::OkStatus();
}

absl::Status PeerSupport::ListAvailablePeers(Tx& tx, Call& call, const pb::ListAvailablePeersRequest& request,
                                             pb::ListAvailablePeersResponse* response) {
  Filter filter;
  filter.IsState("state", pb::PEER_STATE_ACTIVE)
      .Where("valid_until >= ?", Today(tx))
      .Where(HasActiveGuide())
      .Where(absl::StrCat(
          "capacity > (SELECT COUNT(*) FROM matches WHERE peer_id = peers.id AND ", InStates<pb::MatchState>(IsLive),
          ") + (SELECT COUNT(*) FROM proposals WHERE peer_id = peers.id AND ", InStates(HoldsPlace), ")"));
  HasExperience(request.experience(), &filter);
  Speaks(request.language(), &filter);
  filter.IsState("gender", request.gender());
  if (!request.peer_request_id().empty()) {
    ASSIGN(const pb::PeerRequest row, LoadVisible<pb::PeerRequest>(tx, call, request.peer_request_id()));
    Fits(row, &filter);
  }
  TRY(ListPage(tx, filter, request, response->mutable_peers(), response));
  TRY(FillLoads(tx, response->mutable_peers()));
  return absl::OkStatus();
}

absl::Status PeerSupport::GetCaseload(Tx& tx, Call& call, const pb::GetCaseloadRequest& request,
                                      pb::GetCaseloadResponse* response) {
  ASSIGN(pb::Peer peer, LoadVisible<pb::Peer>(tx, call, request.peer_id()));
  ASSIGN(
      auto matches,
      Select<pb::Match>(
          tx, absl::StrCat("WHERE peer_id = :peer AND ", InStates<pb::MatchState>(IsLive), " ORDER BY id"), peer.id()));
  ASSIGN(auto proposals,
         Select<pb::Proposal>(tx, absl::StrCat("WHERE peer_id = :peer AND ", InStates(HoldsPlace), " ORDER BY id"),
                              peer.id()));
  peer.set_load(static_cast<int32_t>(matches.size() + proposals.size()));
  response->set_free(std::max(0, peer.capacity() - peer.load()));
  for (pb::Match& match : matches) *response->add_matches() = std::move(match);
  for (pb::Proposal& proposal : proposals) {
    Veil(call.caller, &proposal);
    *response->add_accepted_proposals() = std::move(proposal);
  }
  *response->mutable_peer() = std::move(peer);
  return absl::OkStatus();
}

absl::Status PeerSupport::GetStatistics(Tx& tx, Call&, const pb::GetStatisticsRequest& request,
                                        pb::GetStatisticsResponse* response) {
  TRY(CheckPeriod(request.from_date(), request.to_date()));
  ASSIGN(const pb::PeerRules rules, CurrentRules(tx));
  const std::string &from = request.from_date(), &to = request.to_date();
  const auto plain = [&](std::string_view code, int64_t value) { *response->add_figures() = MakeFigure(code, value); };
  const auto people = [&](std::string_view code, int64_t count) {
    *response->add_figures() = MakeFigure(code, SuppressSmall(count, rules.statistics_cell_min()));
  };
  const std::string recorded = InState(pb::CONTACT_STATE_RECORDED);
  // [S1] Paid and volunteer hours are in one model and counted separately.
  for (const pb::Employment employment : {pb::EMPLOYMENT_PAID, pb::EMPLOYMENT_VOLUNTEER}) {
    ASSIGN(const int64_t minutes,
           Count(tx,
                 absl::StrCat("SELECT SUM(minutes) FROM contacts WHERE ", recorded,
                              " AND contact_date >= :from AND contact_date <= :to AND employment = :employment"),
                 from, to, pb::Employment_Name(employment)));
    plain(employment == pb::EMPLOYMENT_PAID ? "PAID_HOURS" : "VOLUNTEER_HOURS", (minutes + 30) / 60);
  }
  ASSIGN(const int64_t contacts, Count(tx,
                                       absl::StrCat("SELECT COUNT(*) FROM contacts WHERE ", recorded,
                                                    " AND met = 1 AND contact_date >= :from AND contact_date <= :to"),
                                       from, to));
  plain("CONTACTS", contacts);
  for (const pb::Experience asked_as : {pb::EXPERIENCE_OWN_USE, pb::EXPERIENCE_NEXT_OF_KIN}) {
    ASSIGN(const int64_t served,
           Count(tx,
                 absl::StrCat("SELECT COUNT(DISTINCT c.person_ref) FROM contacts c JOIN matches m ON m.id = c.match_id "
                              "WHERE c.",
                              recorded,
                              " AND c.met = 1 AND c.contact_date >= :from AND c.contact_date <= :to AND m.asked_as = "
                              ":asked_as"),
                 from, to, pb::Experience_Name(asked_as)));
    people(asked_as == pb::EXPERIENCE_OWN_USE ? "PERSONS_SERVED" : "NEXT_OF_KIN_SERVED", served);
  }
  ASSIGN(const int64_t opened,
         Count(tx, "SELECT COUNT(*) FROM peer_requests WHERE open_date >= :from AND open_date <= :to", from, to));
  people("REQUESTS_OPENED", opened);
  ASSIGN(const int64_t started,
         Count(tx, "SELECT COUNT(*) FROM matches WHERE start_date >= :from AND start_date <= :to", from, to));
  people("MATCHES_STARTED", started);
  ASSIGN(const int64_t waiting,
         Count(tx, absl::StrCat("SELECT COUNT(*) FROM peer_requests WHERE ", InStates<pb::PeerRequestState>(IsOpen))));
  people("REQUESTS_WAITING", waiting);
  ASSIGN(const int64_t active,
         Count(tx, absl::StrCat("SELECT COUNT(*) FROM peers WHERE ", InState(pb::PEER_STATE_ACTIVE))));
  people("PEERS_ACTIVE", active);
  return absl::OkStatus();
}

}  // namespace mestring::peer_support
