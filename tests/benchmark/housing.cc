// RPCs of housing: an application and a reservation (writes), what is free tonight (read), an application read by staff
// (read of a person's data); beside the empty gated RPC, and with a history of stays and applications.
#include "services/housing/housing.h"

#include "mestring/housing/v1/housing.pb.h"
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"

namespace mestring {
namespace {

namespace pb = housing::v1;

using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

constexpr int kPlaces = 30;

template <class Request>
RpcCall Always(access::v1::Role role, Request request) {
  return CallOf<Request>(Token({role}), [request](int64_t) { return request; });
}

// Once, in set-up.
template <class Response, class Request>
Response Do(ServerProcess& service, access::v1::Role role, Request request) {
  request.set_request_id(NewId(absl::Now()));
  return Bench::Must<Response>(service.client().Once(Always(role, request)));
}

std::string RegisterScheme(ServerProcess& service) {
  pb::RegisterHousingSchemeRequest scheme;
  scheme.set_code("akutten");
  scheme.set_name("Akutten");
  scheme.set_kind(pb::SCHEME_KIND_SHELTER);
  return Do<pb::RegisterHousingSchemeResponse>(service, ROLE_UNIT_LEADER, scheme).scheme().id();
}

// Rules, and one scheme with its places.
void SetUp(ServerProcess& service) {
  pb::SetCaseRulesRequest rules;
  rules.mutable_case_rules()->set_application_decision_months(1);
  rules.mutable_case_rules()->set_approval_months(12);
  rules.mutable_case_rules()->set_complaint_weeks(3);
  rules.mutable_case_rules()->set_application_residence_rule(pb::RESIDENCE_RULE_NONE);
  rules.mutable_case_rules()->set_statistics_cell_min(2);
  Do<pb::SetCaseRulesResponse>(service, ROLE_UNIT_LEADER, rules);
  const std::string id = RegisterScheme(service);
  for (int i = 1; i <= kPlaces; ++i) {
    pb::AddPlaceRequest place;
    place.set_scheme_id(id);
    place.set_label(absl::StrCat(i));
    Do<pb::AddPlaceResponse>(service, ROLE_UNIT_LEADER, place);
  }
}

// Half of them stays that have ended, in the places of SetUp, half applications that came to nothing.
absl::Status AddHistory(Database& db, int64_t count) {
  TRY(FillRows(db, count / 2,
               "INSERT INTO applications (id, version, state, person_ref, residence, submit_date, decide_by,"
               " end_reason_code, create_time, update_time, deadline_missed)",
               absl::StrCat("SELECT ", kBulkIdSql, ", 3, 'APPLICATION_STATE_WITHDRAWN', ", kBulkIdSql,
                            ", 'RESIDENCE_REGISTERED', '2024-01-01', '2024-02-01', 'A', 0, 0, 0 FROM numbers")));
  return FillRows(
      db, count / 2,
      "INSERT INTO stays (id, version, state, person_ref, place_id, scheme_id, policy_id, start_date, end_date,"
      " arrive_date, held_until, turnaround_days, destination_code, create_time, update_time, arrival_missed)",
      absl::StrCat("SELECT ", kBulkIdSql, ", 3, 'STAY_STATE_ENDED', ", kBulkIdSql,
                   ", (SELECT MIN(id) FROM places), (SELECT MIN(id) FROM schemes), 'p', '2024-01-01', '2024-01-02',"
                   " '2024-01-01', '2024-01-02', 0, '116', 0, 0, 0 FROM numbers"));
}

// A scheme with a policy, for the places and requisitions of AddRequisitions.
void SetUpScheme(ServerProcess& service) {
  pb::SetCodeListRequest list;
  list.set_kind(pb::CODE_LIST_KIND_DESTINATION);
  list.add_entries()->set_code("116");
  list.mutable_entries(0)->set_name("a destination");
  Do<pb::SetCodeListResponse>(service, ROLE_UNIT_LEADER, list);
  pb::SetSchemePolicyRequest set;
  set.set_scheme_id(RegisterScheme(service));
  pb::SchemePolicy& policy = *set.mutable_policy();
  policy.set_valid_from("2026-01-01");
  policy.set_route(pb::ROUTE_REQUISITION);
  policy.set_residence_rule(pb::RESIDENCE_RULE_NONE);
  policy.set_tenancy_kind(pb::TENANCY_KIND_NONE);
  policy.set_treatment_responsibility(pb::TREATMENT_RESPONSIBILITY_MUNICIPALITY);
  policy.set_max_stay_days(90);
  policy.add_alert_days(60);
  policy.set_turnaround_days(1);
  policy.set_answer_days(7);
  policy.set_grant_days(7);
  policy.set_destination_code("116");
  Do<pb::SetSchemePolicyResponse>(service, ROLE_UNIT_LEADER, set);
}

// So many granted requisitions, each of another person, and as many places.
absl::Status AddRequisitions(Database& db, int64_t count) {
  TRY(FillRows(db, count, "INSERT INTO places (id, version, scheme_id, label, create_time, update_time)",
               absl::StrCat("SELECT ", kBulkIdSql, ", 1, (SELECT MIN(id) FROM schemes), 'p' || n, 0, 0 FROM numbers")));
  return FillRows(
      db, count,
      "INSERT INTO requisitions (id, version, state, person_ref, scheme_id, policy_id, route, organisation_id, channel,"
      " origin, residence, decide_by, use_by, create_time, update_time, deadline_missed)",
      absl::StrCat("SELECT ", kBulkIdSql, ", 2, 'REQUISITION_STATE_GRANTED', ", kBulkIdSql,
                   ", (SELECT MIN(id) FROM schemes), (SELECT MIN(id) FROM offer_policies), 'ROUTE_REQUISITION', "
                   "'nav-sandnes', 'CHANNEL_ORAL', 'ORIGIN_HOMELESS', 'RESIDENCE_REGISTERED', '2026-01-01',"
                   " '2100-01-01', 0, 0, 0 FROM numbers"));
}

// The place of the requisition's own number; so each call reserves, as long as there are requisitions.
RpcCall ReserveStay() {
  return CallOf<pb::ReserveStayRequest>(Token({ROLE_STAFF}), [](int64_t number) {
    pb::ReserveStayRequest request;
    request.set_request_id(NewId(absl::Now()));
    request.set_requisition_id(BulkId(number + 1));
    request.set_place_id(BulkId(number + 1));
    return request;
  });
}

RpcCall SubmitApplication() {
  return CallOf<pb::SubmitApplicationRequest>(Token({ROLE_STAFF}), [](int64_t) {
    pb::SubmitApplicationRequest request;
    request.set_request_id(NewId(absl::Now()));
    request.set_person_ref(NewId(absl::Now()));
    request.set_residence(pb::RESIDENCE_REGISTERED);
    return request;
  });
}

RpcCall GetApplication(ServerProcess& service) {
  pb::GetApplicationRequest request;
  request.set_application_id(
      Bench::Must<pb::SubmitApplicationResponse>(service.client().Once(SubmitApplication())).application().id());
  return Always(ROLE_STAFF, request);
}

RpcCall GetAvailability() { return Always(ROLE_STAFF, pb::GetAvailabilityRequest()); }

}  // namespace

void MeasureHousing(Bench& bench) {
  bench.Heading("RPCs of housing, 64 callers");
  const int64_t little = 1000, much = bench.Choose(1'000'000, 100'000);
  // More than are reserved: none can be used twice.
  const int64_t requisitions = bench.Choose(200'000, 40'000);
  std::vector<std::unique_ptr<ServerProcess>> services, grown, reserving;
  std::vector<Bench::Contender> contenders;
  for (const char* engine : kEngines) {
    for (const int64_t count : {little, much}) {
      auto service = std::make_unique<ServerProcess>(HousingDefinition(), engine);
      service->Start();
      SetUp(*service);
      service->Stop();
      service->Fill([&](Database& db) { return AddHistory(db, count); });
      service->Start();
      (count == little ? services : grown).push_back(std::move(service));
    }
    // Another one, because what is free tonight costs by the number of places.
    ServerProcess& reserved = *reserving.emplace_back(std::make_unique<ServerProcess>(HousingDefinition(), engine));
    reserved.Start();
    SetUpScheme(reserved);
    reserved.Stop();
    reserved.Fill([&](Database& db) { return AddRequisitions(db, requisitions); });
    reserved.Start();
    ServerProcess& service = *services.back();
    const std::string on = absl::StrCat(", ", EngineTitle(engine));
    const Target write = AtLeast(ByEngine(engine, 0.3, 0.2)), read = AtLeast(ByEngine(engine, 0.3, 0.25));
    contenders.push_back({"submit an application" + on, &service, SubmitApplication(), write});
    contenders.push_back({"reserve a stay" + on, &reserved, ReserveStay(), write});
    contenders.push_back({"what is free tonight" + on, &service, GetAvailability(), read});
    contenders.push_back({"read an application, logged" + on, &service, GetApplication(service), std::nullopt});
  }
  bench.CompareWithGated(contenders);
  bench.Heading(absl::StrCat("Housing at ", Grouped(little), " and at ", Grouped(much), " stays and applications"));
  for (size_t i = 0; i < services.size(); ++i) {
    const std::string on = absl::StrCat(", ", EngineTitle(kEngines[i]));
    bench.CompareGrowth(
        *services[i], *grown[i],
        {{"submit an application" + on, SubmitApplication(), SubmitApplication()},
         {"what is free tonight" + on, GetAvailability(), GetAvailability()},
         {"read an application, logged" + on, GetApplication(*services[i]), GetApplication(*grown[i])}});
  }
}

}  // namespace mestring
