// Queries across cases: which places are free or will be, which deadlines are due, whose stay is near its limit, and
// what a person sees of their own cases.
//
// Each query uses an index that contains only current rows (schema): some hundreds of places are read whole; of perhaps
// a million stays, applications and offers only the current ones. Read models beside the tables would be faster and
// could be wrong.

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "common/store/records.h"
#include "services/housing/application_rules.h"
#include "services/housing/housing.h"
#include "services/housing/place_holds.h"
#include "services/housing/reads.h"
#include "services/housing/stay_rules.h"
#include "services/housing/tables.h"

namespace mestring::housing {
namespace {

using access::v1::ROLE_PERSON;

// How many of their newest requisitions and decisions a person sees.
constexpr int kOwnCasesMax = 10;

// One kind of deadline: its table, its date and its rows. The conditions match those of the partial indexes word for
// word, so that both engines use them.
struct DeadlineQuery {
  pb::DeadlineKind kind;
  std::string_view table, date;
  std::string condition;
  int lead_days = 0;  // how long before it is due it is listed
};
const std::vector<DeadlineQuery>& Deadlines() {
  static const std::vector<DeadlineQuery> all = {
      {pb::DEADLINE_KIND_REQUISITION_DECISION, "requisitions", "decide_by", InState(pb::REQUISITION_STATE_RECEIVED)},
      {pb::DEADLINE_KIND_APPLICATION_DECISION, "applications", "decide_by", InStates(IsUndecided)},
      {pb::DEADLINE_KIND_INFORMATION, "applications", "information_by", InState(pb::APPLICATION_STATE_INCOMPLETE)},
      {pb::DEADLINE_KIND_PLACE_OFFER_ANSWER, "place_offers", "answer_by", InState(pb::PLACE_OFFER_STATE_PENDING)},
      {pb::DEADLINE_KIND_ARRIVAL, "stays", "start_date", InState(pb::STAY_STATE_RESERVED)},
      {pb::DEADLINE_KIND_CONTACT, "contacts", "due_date", InStates(IsOpen)},
      {pb::DEADLINE_KIND_TENANCY_END, "tenancies", "end_date",
       absl::StrCat(InState(pb::TENANCY_STATE_SIGNED),
                    " AND end_date IS NOT NULL AND EXISTS (SELECT 1 FROM stays s WHERE s.id = tenancies.stay_id AND s.",
                    InState(pb::STAY_STATE_ARRIVED), ")"),
       kTenancyEndLeadDays},
  };
  return all;
}

absl::Status AddDeadlines(Tx& tx, const DeadlineQuery& query, const std::string& until, const PageEnd& after, int limit,
                          std::vector<pb::Deadline>* deadlines) {
  const std::string sql =
      absl::StrCat("SELECT id, person_ref, ", query.date, " FROM ", query.table, " WHERE ", query.condition, " AND ",
                   query.date, " <= :until AND ", query.date, " >= :from AND (", query.date,
                   " > :date OR id > :id) ORDER BY ", query.date, ", id LIMIT :limit");
  ASSIGN(auto rows,
         (tx.Query<std::string, std::string, std::string>(sql, until, after.key, after.key, after.id, limit)));
  for (auto& [id, person_ref, date] : rows) {
    pb::Deadline& deadline = deadlines->emplace_back();
    deadline.set_kind(query.kind);
    deadline.set_subject_id(std::move(id));
    deadline.set_person_ref(std::move(person_ref));
    deadline.set_missed(date < Today(tx));
    deadline.set_due_date(std::move(date));
  }
  return absl::OkStatus();
}

// The places of a scheme, or of all.
absl::StatusOr<std::vector<pb::Place>> PlacesIn(Tx& tx, const std::string& scheme_id) {
  return scheme_id.empty() ? Select<pb::Place>(tx, "") : Select<pb::Place>(tx, "WHERE scheme_id = :scheme", scheme_id);
}

void Count(pb::PlaceState state, pb::Availability* availability) {
  if (state == pb::PLACE_STATE_REMOVED) return;
  availability->set_places(availability->places() + 1);
  if (state == pb::PLACE_STATE_FREE) availability->set_free(availability->free() + 1);
  if (state == pb::PLACE_STATE_RESERVED) availability->set_reserved(availability->reserved() + 1);
  if (state == pb::PLACE_STATE_OCCUPIED) availability->set_occupied(availability->occupied() + 1);
  if (state == pb::PLACE_STATE_TURNAROUND) availability->set_turnaround(availability->turnaround() + 1);
  if (state == pb::PLACE_STATE_CLOSED) availability->set_closed(availability->closed() + 1);
}

template <class M, class... P>
absl::Status ReadNewest(Tx& tx, std::string_view tail, M* into, const P&... parameters) {
  ASSIGN(auto row, Find<M>(tx, tail, parameters...));
  if (row) *into = *std::move(row);
  return absl::OkStatus();
}

}  // namespace

absl::Status Housing::GetAvailability(Tx& tx, Call&, const pb::GetAvailabilityRequest& request,
                                      pb::GetAvailabilityResponse* response) {
  const std::string date = OrToday(tx, request.date());
  TRY(CheckNight(date, Today(tx)));
  std::vector<pb::HousingScheme> schemes;
  if (request.scheme_id().empty()) {
    ASSIGN(schemes, Select<pb::HousingScheme>(tx, "ORDER BY id"));
  } else {
    ASSIGN(schemes.emplace_back(), Load<pb::HousingScheme>(tx, request.scheme_id()));
  }
  ASSIGN(const Night night, NightOf(tx, date, request.scheme_id()));
  std::map<std::string_view, pb::Availability*> of_scheme;
  for (const pb::HousingScheme& scheme : schemes) {
    pb::Availability* availability = of_scheme[scheme.id()] = response->add_availabilities();
    availability->set_scheme_id(scheme.id());
    availability->set_scheme_code(scheme.code());
  }
  ASSIGN(const std::vector<pb::Place> places, PlacesIn(tx, request.scheme_id()));
  for (const pb::Place& place : places) Count(night.StateOf(place), of_scheme[place.scheme_id()]);
  response->set_date(date);
  return SetAsOf(tx, response);
}

absl::Status Housing::ListUpcomingVacancies(Tx& tx, Call&, const pb::ListUpcomingVacanciesRequest& request,
                                            pb::ListUpcomingVacanciesResponse* response) {
  const std::string today = Today(tx);
  const std::string until = PlusDays(today, request.days());
  ASSIGN(const PageEnd after, ParsePageToken(request.page_token()));
  ASSIGN(const std::vector<PlaceHold> holds,
         HoldsOf(tx, {.scheme_id = request.scheme_id()}, {today, std::string(kNoEnd)}));
  std::map<std::string_view, std::string_view> held_until;  // by place, the last of its holds
  for (const PlaceHold& hold : holds) {
    std::string_view& last = held_until.try_emplace(hold.place_id, today).first->second;
    last = std::max<std::string_view>(last, hold.held_until);
  }
  ASSIGN(const auto rows, (tx.Query<std::string, std::string>(
                              absl::StrCat("SELECT id, scheme_id FROM places WHERE remove_date IS NULL AND scheme_id ",
                                           request.scheme_id().empty() ? ">" : "=", " :scheme"),
                              request.scheme_id())));
  std::vector<std::tuple<std::string, std::string, std::string>> free;
  for (const auto& [id, scheme_id] : rows) {
    const auto held = held_until.find(id);
    const std::string date(held == held_until.end() ? today : held->second);
    if (date <= until && std::tie(date, id) > std::tie(after.key, after.id)) free.emplace_back(date, id, scheme_id);
  }
  std::sort(free.begin(), free.end());
  const size_t size = PageSize(request.page_size());
  for (size_t i = 0; i < std::min(size, free.size()); ++i) {
    const auto& [date, id, scheme_id] = free[i];
    pb::UpcomingVacancy* upcoming = response->add_upcoming_vacancies();
    upcoming->set_place_id(id);
    upcoming->set_scheme_id(scheme_id);
    upcoming->set_free_date(date);
    if (i + 1 == size && free.size() > size) response->set_next_page_token(PageToken({date, id}));
  }
  return SetAsOf(tx, response);
}

absl::Status Housing::ListDeadlines(Tx& tx, Call&, const pb::ListDeadlinesRequest& request,
                                    pb::ListDeadlinesResponse* response) {
  const std::string until = OrToday(tx, request.until());
  ASSIGN(const PageEnd after, ParsePageToken(request.page_token()));
  const int size = PageSize(request.page_size());
  std::vector<pb::Deadline> deadlines;
  for (const DeadlineQuery& query : Deadlines()) {
    const auto& kinds = request.kinds();
    if (!kinds.empty() && std::find(kinds.begin(), kinds.end(), query.kind) == kinds.end()) continue;
    // The later of both as text: after the year 9999 the sum sorts before it.
    const std::string ahead = std::max(until, PlusDays(until, query.lead_days));
    TRY(AddDeadlines(tx, query, ahead, after, size + 1, &deadlines));
  }
  // An application can be due twice on one day under one id. A page never ends between such rows, which the order by
  // date, id and kind puts side by side.
  std::sort(deadlines.begin(), deadlines.end(), [](const pb::Deadline& a, const pb::Deadline& b) {
    return std::forward_as_tuple(a.due_date(), a.subject_id(), a.kind()) <
           std::forward_as_tuple(b.due_date(), b.subject_id(), b.kind());
  });
  size_t end = std::min<size_t>(size, deadlines.size());
  while (end > 0 && end < deadlines.size() && deadlines[end].subject_id() == deadlines[end - 1].subject_id()) ++end;
  if (end < deadlines.size()) {
    response->set_next_page_token(PageToken({deadlines[end - 1].due_date(), deadlines[end - 1].subject_id()}));
  }
  for (size_t i = 0; i < end; ++i) *response->add_deadlines() = std::move(deadlines[i]);
  return SetAsOf(tx, response);
}

absl::Status Housing::ListStaysNearLimit(Tx& tx, Call&, const pb::ListStaysNearLimitRequest& request,
                                         pb::ListStaysNearLimitResponse* response) {
  const Filter filter = Filter()
                            .Where(InState(pb::STAY_STATE_ARRIVED))
                            .Where("limit_date IS NOT NULL")
                            .Where("limit_date <= ?", PlusDays(Today(tx), request.days()));
  return ListPage(tx, filter, request, response->mutable_stays(), response, {.key = "limit_date", .then_by_id = true});
}

absl::Status Housing::GetTeamLoads(Tx& tx, Call&, const pb::GetTeamLoadsRequest&, pb::GetTeamLoadsResponse* response) {
  ASSIGN(const std::vector<pb::SupportTeam> teams, Select<pb::SupportTeam>(tx, "ORDER BY code"));
  ASSIGN(const auto residents,
         (tx.Query<std::string, int64_t>(absl::StrCat("SELECT support_team_id, COUNT(*) FROM stays WHERE ",
                                                      InState(pb::STAY_STATE_ARRIVED), " GROUP BY support_team_id"))));
  ASSIGN(const auto contacts,
         (tx.Query<std::string, int64_t>(absl::StrCat("SELECT support_team_id, COUNT(*) FROM contacts WHERE ",
                                                      InStates(IsOpen), " GROUP BY support_team_id"))));
  for (const pb::SupportTeam& team : teams) {
    pb::TeamLoad* load = response->add_team_loads();
    *load->mutable_support_team() = team;
    for (const auto& [id, count] : residents) {
      if (id == team.id()) load->set_residents(static_cast<int32_t>(count));
    }
    for (const auto& [id, count] : contacts) {
      if (id == team.id()) load->set_open_contacts(static_cast<int32_t>(count));
    }
  }
  return SetAsOf(tx, response);
}

// [B2] A person sees their own case on the list, never the rank of others.
absl::Status Housing::GetMyStatus(Tx& tx, Call& call, const pb::GetMyStatusRequest&,
                                  pb::GetMyStatusResponse* response) {
  const std::string& person = call.caller.person_ref;
  if (!call.caller.Is(ROLE_PERSON) || person.empty()) return NotFound("person");
  call.RecordAccess(person);
  TRY(ReadNewest(tx, "WHERE person_ref = :person ORDER BY id DESC LIMIT 1", response->mutable_application(), person));
  if (response->application().id().empty()) response->clear_application();
  const pb::Application& application = response->application();
  if (!application.assessment_id().empty()) {
    ASSIGN(*response->mutable_assessment(), Load<pb::NeedAssessment>(tx, application.assessment_id()));
  }
  if (!application.place_offer_id().empty()) {
    ASSIGN(*response->mutable_place_offer(), Load<pb::PlaceOffer>(tx, application.place_offer_id()));
  }
  ASSIGN(
      std::vector<pb::Stay> stays,
      Select<pb::Stay>(tx, absl::StrCat("WHERE person_ref = :person AND ", InState(pb::STAY_STATE_ARRIVED)), person));
  ASSIGN(
      std::vector<pb::Stay> reserved,
      Select<pb::Stay>(tx, absl::StrCat("WHERE person_ref = :person AND ", InState(pb::STAY_STATE_RESERVED)), person));
  stays.insert(stays.end(), reserved.begin(), reserved.end());
  for (pb::Stay& stay : stays) {
    ASSIGN(Tenancies tenancies, TenanciesOf(tx, stay));
    std::optional<pb::Tenancy>& tenancy = tenancies.contract ? tenancies.contract : tenancies.notice;
    if (tenancy && !response->has_tenancy()) *response->mutable_tenancy() = *std::move(tenancy);
    *response->add_stays() = std::move(stay);
  }
  ASSIGN(std::vector<pb::Requisition> requisitions,
         Select<pb::Requisition>(tx, "WHERE person_ref = :person ORDER BY id DESC LIMIT :limit", person, kOwnCasesMax));
  for (pb::Requisition& requisition : requisitions) *response->add_requisitions() = std::move(requisition);
  ASSIGN(std::vector<pb::Decision> decisions,
         Select<pb::Decision>(tx, "WHERE person_ref = :person ORDER BY id DESC LIMIT :limit", person, kOwnCasesMax));
  for (pb::Decision& decision : decisions) *response->add_decisions() = std::move(decision);
  return SetAsOf(tx, response);
}

}  // namespace mestring::housing
