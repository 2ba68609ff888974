// Queries over many sessions and over the entries of a fund: lists in an order of their own, and the calendar.
//
// Sessions are listed by their start. A page goes on from (start, id), which the index has, so its cost does not depend
// on the number of sessions. A partial index holds the sessions that are OPEN, which ReallocateSeats keeps right;
// counting seats here would read every enrolment of the week.

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "services/activities/activities.h"
#include "services/activities/reads.h"
#include "services/activities/seat_rules.h"
#include "services/shared/calendar.h"

namespace mestring::activities {
namespace {

// The longest period that one list or calendar shows.
constexpr int kPeriodDaysMax = 366;
constexpr int kListDays = 30, kOpenDays = 6, kCalendarDays = 90;
// Entries of one calendar, one for each module of a course: some 300 bytes each, far below what a client accepts in one
// message.
constexpr int kCalendarMax = 2000;

// The time [from, to).
struct Period {
  absl::Time from, to;
};

absl::StatusOr<Period> PeriodOf(Tx& tx, const std::string& from_date, const std::string& to_date, int days) {
  const std::string from = OrToday(tx, from_date);
  const std::string to = to_date.empty() ? PlusDays(from, days) : to_date;
  TRY(CheckDateRange(from, to, kPeriodDaysMax));
  TRY(CheckPlannable("to_date", to, Today(tx)));
  return Period{BeginOf(tx, from), EndOf(tx, to)};
}

Filter& BeginsIn(const Period& period, Filter& filter) {
  return filter.Where("start_time >= ?", period.from).Where("start_time < ?", period.to);
}

// The first sessions of a filter that begin in a period, by their start.
absl::StatusOr<std::vector<pb::Session>> ByStart(Tx& tx, Filter filter, const Period& period, int limit) {
  BeginsIn(period, filter).values.push_back(int64_t{limit});
  std::vector<pb::Session> sessions;
  TRY(SelectRows(tx, LayoutOf<pb::Session>(), absl::StrCat(filter.where, " ORDER BY start_time, id LIMIT :limit"),
                 filter.values, [&sessions] { return &sessions.emplace_back(); }));
  return sessions;
}

constexpr Paging kByStart = {.key = "start_time", .then_by_id = true};

// Reads the activity of each session once.
class ActivitiesRead {
 public:
  absl::StatusOr<const pb::Activity*> Of(Tx& tx, const pb::Session& session) {
    const auto found = activities_.find(session.activity_id());
    if (found != activities_.end()) return &found->second;
    ASSIGN(pb::Activity activity, Load<pb::Activity>(tx, session.activity_id()));
    return &activities_.emplace(session.activity_id(), std::move(activity)).first->second;
  }

 private:
  std::map<std::string, pb::Activity> activities_;
};

// An open session has a free seat; with several quotas it may be for another audience.
absl::StatusOr<bool> IsOpenFor(Tx& tx, const pb::Session& session, pb::Audience audience) {
  if (session.quotas().empty() || audience == pb::AUDIENCE_UNSPECIFIED || audience == pb::AUDIENCE_MIXED) return true;
  const absl::StatusOr<pb::Audience> quota = QuotaFor(session, audience);
  if (!quota.ok()) return false;
  if (session.quotas_size() == 1) return true;
  ASSIGN(const SeatCounts counts, SeatCountsOf(tx, session));
  for (const pb::SeatCount& count : counts) {
    if (count.audience() == *quota) return FreeSeats(count) > 0;
  }
  return false;
}

}  // namespace

absl::Status Activities::GetSession(Tx& tx, Call& call, const pb::GetSessionRequest& request,
                                    pb::GetSessionResponse* response) {
  ASSIGN(pb::Session session, Load<pb::Session>(tx, request.session_id()));
  ASSIGN(*session.mutable_seat_counts(), SeatCountsOf(tx, session));
  *response->mutable_session() = std::move(session);
  if (!WorksWithActivities(call.caller)) return absl::OkStatus();
  ASSIGN(std::vector<pb::SessionLeader> leaders,
         Select<pb::SessionLeader>(tx,
                                   absl::StrCat("WHERE session_id = :session AND ",
                                                InState(pb::SESSION_LEADER_STATE_ASSIGNED), " ORDER BY id"),
                                   request.session_id()));
  for (pb::SessionLeader& leader : leaders) *response->add_leaders() = std::move(leader);
  return absl::OkStatus();
}

absl::Status Activities::ListSessions(Tx& tx, Call&, const pb::ListSessionsRequest& request,
                                      pb::ListSessionsResponse* response) {
  ASSIGN(const Period period, PeriodOf(tx, request.from_date(), request.to_date(), kListDays));
  Filter filter;
  filter.Is("activity_id", request.activity_id())
      .Is("area_code", request.area_code())
      .IsState("state", request.state());
  if (request.without_leader()) {
    // LacksLeader in SQL. It includes courses and camps that began before the period and go on in it.
    filter.Where("leaders = 0").Where("start_time < ?", period.to);
    filter.Where(absl::StrCat("(", InStates(IsAhead), " AND start_time >= ? OR ", InState(pb::SESSION_STATE_STARTED),
                              " AND ", In("mode", RunsOn), " AND end_time > ?)"),
                 period.from, period.from);
  } else {
    BeginsIn(period, filter);
  }
  return ListPage(tx, std::move(filter), request, response->mutable_sessions(), response, kByStart);
}

// [S1] Low-threshold activities need no referral.
absl::Status Activities::ListOpenSessions(Tx& tx, Call&, const pb::ListOpenSessionsRequest& request,
                                          pb::ListOpenSessionsResponse* response) {
  ASSIGN(Period period, PeriodOf(tx, request.from_date(), request.to_date(), kOpenDays));
  // Nobody can enrol in a session that has begun, even if its timer is late.
  period.from = std::max(period.from, tx.now());
  Filter filter;
  filter.Where(InState(pb::SESSION_STATE_OPEN))
      .Where("enrol_until_time > ?", tx.now())
      .Where("EXISTS (SELECT 1 FROM activities a WHERE a.id = activity_id AND a.needs_referral = 0)")
      .Is("area_code", request.area_code());
  google::protobuf::RepeatedPtrField<pb::Session> sessions;
  TRY(ListPage(tx, BeginsIn(period, filter), request, &sessions, response, kByStart));
  ActivitiesRead activities;
  for (const pb::Session& session : sessions) {
    ASSIGN(const pb::Activity* activity, activities.Of(tx, session));
    const bool suits = request.audience() == pb::AUDIENCE_UNSPECIFIED || activity->audience() == pb::AUDIENCE_MIXED ||
                       activity->audience() == request.audience();
    ASSIGN(const bool is_open, IsOpenFor(tx, session, request.audience()));
    if (!suits || !is_open) continue;
    pb::OpenSession* open = response->add_sessions();
    open->set_session_id(session.id());
    open->set_activity_id(activity->id());
    open->set_name(activity->name());
    open->set_mode(activity->mode());
    open->set_audience(activity->audience());
    open->set_drug_free(activity->drug_free());
    *open->mutable_start_time() = session.start_time();
    *open->mutable_end_time() = session.end_time();
    open->set_place(session.place());
    open->set_area_code(session.area_code());
  }
  return absl::OkStatus();
}

absl::Status Activities::GetCalendar(Tx& tx, Call& call, const pb::GetCalendarRequest& request,
                                     pb::GetCalendarResponse* response) {
  ASSIGN(const Period period, PeriodOf(tx, request.from_date(), request.to_date(), kCalendarDays));
  Filter filter;
  filter.Is("activity_id", request.activity_id());
  if (request.mine()) {
    // Cancelled sessions stay, marked as such, because a calendar program would otherwise go on showing them.
    filter.Where(
        absl::StrCat("(id IN (SELECT session_id FROM enrolments WHERE person_ref = ? AND ", InStates(IsInCalendar),
                     ") OR id IN (SELECT session_id FROM session_leaders WHERE person_ref = ? AND ",
                     InState(pb::SESSION_LEADER_STATE_ASSIGNED), "))"),
        call.caller.person_ref, call.caller.person_ref);
    call.RecordAccess(call.caller.person_ref);
  }
  // Includes courses and camps that have begun and are not over.
  Filter running = filter;
  running.Where(In("mode", RunsOn)).Where("end_time > ?", period.from);
  ASSIGN(std::vector<pb::Session> sessions,
         ByStart(tx, std::move(running), {absl::UnixEpoch(), period.from}, kCalendarMax + 1));
  ASSIGN(std::vector<pb::Session> starting, ByStart(tx, std::move(filter), period, kCalendarMax + 1));
  std::move(starting.begin(), starting.end(), std::back_inserter(sessions));
  ActivitiesRead activities;
  std::vector<CalendarEntry> entries;
  for (const pb::Session& session : sessions) {
    // The calendar has all modules of a course or none.
    response->set_truncated(entries.size() + std::max(session.modules_size(), 1) > kCalendarMax);
    if (response->truncated()) break;
    ASSIGN(const pb::Activity* activity, activities.Of(tx, session));
    CalendarEntry entry{.uid = session.id(),
                        .sequence = session.version(),
                        .changed = FromProto(session.update_time()),
                        .start = FromProto(session.start_time()),
                        .end = FromProto(session.end_time()),
                        .name = activity->name(),
                        .place = session.place(),
                        .cancelled = session.state() == pb::SESSION_STATE_CANCELLED};
    if (session.modules().empty()) {
      entries.push_back(std::move(entry));
      continue;
    }
    for (const pb::Module& module : session.modules()) {
      CalendarEntry part = entry;
      part.uid = absl::StrCat(session.id(), "-", module.number());
      part.start = FromProto(module.start_time());
      part.end = FromProto(module.end_time());
      part.name = absl::StrCat(activity->name(), " (", module.number(), "/", session.modules_size(), ")");
      entries.push_back(std::move(part));
    }
  }
  response->set_calendar(CalendarText("activities", entries));
  return absl::OkStatus();
}

// Entries by number, which is the order in which money moved.
absl::Status Activities::ListLedgerEntries(Tx& tx, Call&, const pb::ListLedgerEntriesRequest& request,
                                           pb::ListLedgerEntriesResponse* response) {
  return ListPage(tx, Filter().IsExactly("fund_id", request.fund_id()), request, response->mutable_ledger_entries(),
                  response, {.key = "number"});
}

}  // namespace mestring::activities
