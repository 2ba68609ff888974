// RPCs of activities: an enrolment (write) and what is open in the coming days (read); beside the empty gated RPC, and
// with few and with many sessions.
#include "services/activities/activities.h"

#include "mestring/activities/v1/activities.pb.h"
#include "tests/benchmark/benchmark.h"
#include "tests/benchmark/notes.h"

namespace mestring {
namespace {

namespace pb = activities::v1;

using access::v1::ROLE_STAFF;
using access::v1::ROLE_UNIT_LEADER;

// Of the sessions, so many are this week; half of the others are over, half lie further ahead.
constexpr int kThisWeek = 100;

pb::CreateActivityResponse SetUp(ServerProcess& service) {
  pb::SetPolicyRequest policy;
  policy.set_request_id(NewId(absl::Now()));
  policy.mutable_policy()->set_offer_hours(24);
  policy.mutable_policy()->set_waiting_list_max(20);
  policy.mutable_policy()->set_core_visits(4);
  policy.mutable_policy()->set_cell_min(5);
  policy.mutable_policy()->set_eligibility_days(180);
  Bench::Must<pb::SetPolicyResponse>(service.client().Once(
      CallOf<pb::SetPolicyRequest>(Token({ROLE_UNIT_LEADER}), [policy](int64_t) { return policy; })));
  pb::CreateActivityRequest activity;
  activity.set_request_id(NewId(absl::Now()));
  activity.set_code("lopegruppe");
  activity.set_name("Løpegruppa");
  activity.set_mode(pb::ACTIVITY_MODE_REGISTERED);
  activity.set_audience(pb::AUDIENCE_USER);
  return Bench::Must<pb::CreateActivityResponse>(service.client().Once(
      CallOf<pb::CreateActivityRequest>(Token({ROLE_STAFF}), [activity](int64_t) { return activity; })));
}

absl::Status AddSessions(Database& db, int64_t count) {
  constexpr int64_t kMinute = 60'000'000;
  const int64_t now = absl::ToUnixMicros(absl::Now());
  const std::string start = absl::StrCat("(CASE WHEN n <= ", kThisWeek, " THEN ", now + 60 * kMinute, " + n * ",
                                         80 * kMinute, " WHEN n <= ", count / 2, " THEN ", now, " - n * ", kMinute,
                                         " ELSE ", now + 10 * 24 * 60 * kMinute, " + n * ", kMinute, " END)");
  return FillRows(
      db, count,
      "INSERT INTO sessions (id, version, state, activity_id, mode, start_time, end_time, place, enrol_from_time,"
      " enrol_until_time, quotas, waiting_list_max, waiting_list_suspended, leaders, create_time, update_time)",
      absl::StrCat("SELECT ", kBulkIdSql, ", 1, CASE WHEN n > ", kThisWeek, " AND n <= ", count / 2,
                   " THEN 'SESSION_STATE_DONE' ELSE 'SESSION_STATE_OPEN' END, (SELECT MIN(id) FROM activities),"
                   " 'ACTIVITY_MODE_REGISTERED', ",
                   start, ", ", start, " + 1000000, 'Sandnes', 0, ", start,
                   ", '[{\"audience\":\"AUDIENCE_USER\",\"seats\":1000}]', 20, 0, 1, 0, 0 FROM numbers"));
}

// In any session that lies ahead, all over the table.
RpcCall Enrol(int64_t count) {
  return CallOf<pb::EnrolRequest>(Token({ROLE_STAFF}), [count](int64_t number) {
    pb::EnrolRequest request;
    request.set_request_id(NewId(absl::Now()));
    request.set_session_id(BulkId(count / 2 + 1 + number * 7'368'787 % (count - count / 2)));
    request.set_person_ref(NewId(absl::Now()));
    request.set_audience(pb::AUDIENCE_USER);
    return request;
  });
}

RpcCall WhatIsOpen() {
  return CallOf<pb::ListOpenSessionsRequest>(Token({ROLE_STAFF}),
                                             [](int64_t) { return pb::ListOpenSessionsRequest(); });
}

}  // namespace

void MeasureActivities(Bench& bench) {
  bench.Heading("RPCs of activities, 64 callers");
  const int64_t little = 1000, much = 100'000;
  std::vector<std::unique_ptr<ServerProcess>> services, grown;
  std::vector<Bench::Contender> contenders;
  for (const char* engine : kEngines) {
    for (const int64_t count : {little, much}) {
      auto service = std::make_unique<ServerProcess>(ActivitiesDefinition(), engine);
      service->Start();
      SetUp(*service);
      service->Stop();
      service->Fill([&](Database& db) { return AddSessions(db, count); });
      service->Start();
      (count == little ? services : grown).push_back(std::move(service));
    }
    const std::string on = absl::StrCat(", ", EngineTitle(engine));
    contenders.push_back({"enrol" + on, services.back().get(), Enrol(little), AtLeast(ByEngine(engine, 0.3, 0.2))});
    // Fifty sessions in each answer.
    contenders.push_back(
        {"what is open" + on, services.back().get(), WhatIsOpen(), AtLeast(ByEngine(engine, 0.3, 0.25))});
  }
  bench.CompareWithGated(contenders);
  bench.Heading(absl::StrCat("Activities at ", Grouped(little), " and at ", Grouped(much), " sessions"));
  for (size_t i = 0; i < services.size(); ++i) {
    const std::string on = absl::StrCat(", ", EngineTitle(kEngines[i]));
    bench.CompareGrowth(
        *services[i], *grown[i],
        {{"enrol" + on, Enrol(little), Enrol(much)}, {"what is open" + on, WhatIsOpen(), WhatIsOpen()}});
  }
}

}  // namespace mestring
