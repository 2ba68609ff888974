// Reports of the council on itself: which suggestions are open and who owns their actions, and the statistics of a
// period.
//
// Attendance and representations count rows that never change once the meeting is over, so the figures of a past period
// stay the same. Answers count by their latest day: a suggestion that is answered again counts on its new day only.

#include <map>
#include <set>
#include <utility>

#include "common/store/stored_enum.h"
#include "services/council/attendance_rules.h"
#include "services/council/council.h"
#include "services/council/reads.h"
#include "services/council/suggestion_rules.h"

namespace mestring::council {
namespace {

absl::Status CountAttendance(Tx& tx, const std::string& from, const std::string& to,
                             pb::GetCouncilStatisticsResponse* response) {
  ASSIGN(const auto rows,
         (tx.Query<int64_t, std::string, int64_t>(
             "SELECT principal_employed, principal_presence, COUNT(*) FROM voting_seats WHERE principal_id IS NOT "
             "NULL AND meeting_id IN (SELECT id FROM meetings WHERE meeting_date >= :from AND meeting_date <= :to) "
             "GROUP BY principal_employed, principal_presence",
             from, to)));
  for (const auto& [employed, name, count] : rows) {
    ASSIGN(const pb::Presence presence, StoredEnum<pb::Presence>(tx, name));
    pb::Attendance* attendance = employed != 0 ? response->mutable_employed() : response->mutable_not_employed();
    attendance->set_entitled(attendance->entitled() + static_cast<int>(count));
    if (WasThere(presence)) attendance->set_present(attendance->present() + static_cast<int>(count));
  }
  return absl::OkStatus();
}

// For each entitled seat: on how many advised items its principal, its deputy or nobody represented it.
absl::Status CountSeats(Tx& tx, const std::string& from, const std::string& to,
                        pb::GetCouncilStatisticsResponse* response) {
  std::map<std::string, pb::SeatUse> uses;
  ASSIGN(const auto entitled,
         (tx.Query<std::string, std::string, int64_t>(
             absl::StrCat("SELECT s.seat_id, MAX(s.seat_name), COUNT(*) FROM voting_seats s JOIN agenda_items i ON "
                          "i.meeting_id = s.meeting_id JOIN meetings m ON m.id = s.meeting_id WHERE m.meeting_date >= "
                          ":from AND m.meeting_date <= :to AND i.kind <> :minutes AND i.",
                          InState(pb::AGENDA_ITEM_STATE_ADVISED), " GROUP BY s.seat_id"),
             from, to, pb::AgendaItemKind_Name(pb::AGENDA_ITEM_KIND_MINUTES))));
  for (const auto& [seat_id, name, items] : entitled) {
    pb::SeatUse& use = uses[seat_id];
    use.set_seat_id(seat_id);
    use.set_seat_name(name);
    use.set_empty(static_cast<int>(items));
  }
  ASSIGN(const auto represented, (tx.Query<std::string, std::string, int64_t>(
                                     "SELECT seat_id, basis, COUNT(*) FROM seat_representations WHERE meeting_id IN "
                                     "(SELECT id FROM meetings WHERE "
                                     "meeting_date >= :from AND meeting_date <= :to) GROUP BY seat_id, basis",
                                     from, to)));
  for (const auto& [seat_id, basis, count] : represented) {
    pb::SeatUse& use = uses[seat_id];
    const int times = static_cast<int>(count);
    use.set_empty(use.empty() - times);
    if (basis == "REPRESENTATION_BASIS_PRINCIPAL") {
      use.set_by_principal(use.by_principal() + times);
    } else {
      use.set_by_deputy(use.by_deputy() + times);
    }
  }
  for (auto& [seat_id, use] : uses) *response->add_seats() = std::move(use);
  return absl::OkStatus();
}

}  // namespace

absl::Status Council::ListOpenLoops(Tx& tx, Call&, const pb::ListOpenLoopsRequest& request,
                                    pb::ListOpenLoopsResponse* response) {
  Filter filter;
  filter.Where(absl::StrCat("NOT ", InStates(IsClosedLoop)));  // "state NOT IN" of the partial index
  filter.Where("receive_date <= ?", PlusDays(Today(tx), -request.open_days()));
  google::protobuf::RepeatedPtrField<pb::Suggestion> open;
  TRY(ListPage(tx, filter, request, &open, response));
  for (const pb::Suggestion& suggestion : open) {
    pb::OpenLoop* loop = response->add_open_loops();
    loop->set_suggestion_id(suggestion.id());
    loop->set_state(suggestion.state());
    loop->set_open_days(static_cast<int>(tx.today() - Day(suggestion.receive_date())));
    ASSIGN(const std::vector<pb::Action> actions, ActionsOf(tx, suggestion.id()));
    std::set<std::string> owners;
    for (const pb::Action& action : actions) {
      if (!IsOpen(action)) continue;
      owners.insert(action.owner_service());
      if (action.overdue()) loop->set_overdue(true);
    }
    for (const std::string& owner : owners) loop->add_owner_services(owner);
  }
  return absl::OkStatus();
}

absl::Status Council::ListDeadlines(Tx& tx, Call&, const pb::ListDeadlinesRequest& request,
                                    pb::ListDeadlinesResponse* response) {
  const std::string today = Today(tx), until = OrToday(tx, request.until_date());
  // Few meetings have deadlines, so the whole list is made and then cut into pages.
  ASSIGN(const std::vector<pb::Meeting> meetings,
         Select<pb::Meeting>(tx, absl::StrCat("WHERE ", InStates(HasDeadlines), " ORDER BY id")));
  ASSIGN(const std::set<std::string> with_minutes, MeetingsWithMinutes(tx));
  std::map<std::pair<std::string, std::string>, pb::Deadline> due;
  for (const pb::Meeting& meeting : meetings) {
    for (pb::Deadline& deadline : DeadlinesOf(meeting, with_minutes.contains(meeting.id()), today)) {
      if (deadline.due_date() > until) continue;
      due[{deadline.due_date(), absl::StrCat(meeting.id(), " ", deadline.kind())}] = std::move(deadline);
    }
  }
  ASSIGN(const PageEnd after, ParsePageToken(request.page_token()));
  const int size = PageSize(request.page_size());
  for (auto it = due.upper_bound({after.key, after.id}); it != due.end(); ++it) {
    if (response->deadlines_size() == size) {
      const auto& [date, id] = std::prev(it)->first;
      response->set_next_page_token(PageToken({date, id}));
      break;
    }
    *response->add_deadlines() = std::move(it->second);
  }
  return SetAsOf(tx, response);
}

absl::Status Council::GetCouncilStatistics(Tx& tx, Call&, const pb::GetCouncilStatisticsRequest& request,
                                           pb::GetCouncilStatisticsResponse* response) {
  TRY(CheckPeriod(request.from_date(), request.to_date()));
  ASSIGN(const auto answers,
         (tx.Query<std::string, int64_t>("SELECT answer, COUNT(*) FROM suggestions WHERE answer_date >= :from AND "
                                         "answer_date <= :to GROUP BY answer",
                                         request.from_date(), request.to_date())));
  for (const auto& [answer, count] : answers) {
    const int number = static_cast<int>(count);
    if (answer == pb::Answer_Name(pb::ANSWER_YES)) response->set_answers_yes(number);
    if (answer == pb::Answer_Name(pb::ANSWER_PARTLY)) response->set_answers_partly(number);
    if (answer == pb::Answer_Name(pb::ANSWER_NO)) response->set_answers_no(number);
  }
  TRY(CountAttendance(tx, request.from_date(), request.to_date(), response));
  return CountSeats(tx, request.from_date(), request.to_date(), response);
}

}  // namespace mestring::council
