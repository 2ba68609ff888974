// Seats: enrolment, the waiting list, and offers.
//
// Every use case here ends with ReallocateSeats (seat_changes.cc), which counts and offers. The use case itself only
// decides whether this person may do this now. So no path can give a seat away twice, or forget to.
//
// An offer is a state of an entry of the waiting list: a person gets one offer at a time, and a row of its own could
// disagree with the list. Entries that ended stay as they are; a person who wants to wait again gets a new one, at the
// end (A3).

#include <functional>
#include <map>
#include <utility>

#include "common/base/ids.h"
#include "services/activities/activities.h"
#include "services/activities/events.h"
#include "services/activities/fund_changes.h"
#include "services/activities/fund_rules.h"
#include "services/activities/reads.h"
#include "services/activities/seat_changes.h"
#include "services/activities/seat_rules.h"

namespace mestring::activities {
namespace {

// What both ways into a session (enrol, wait) need to know.
struct Wish {
  pb::Session session;
  pb::Audience quota_audience;
  pb::SeatCount count;  // of that quota
  int waiting_in_all = 0;
};

// Whether the person is in the session already, by a seat or on the list. One statement for both.
absl::Status CheckMayJoin(Tx& tx, const std::string& session_id, const std::string& person_ref) {
  static const std::string sql = absl::StrCat(
      "SELECT (SELECT COUNT(*) FROM enrolments WHERE session_id = :session1 AND person_ref = :person1 AND ",
      InStates<pb::EnrolmentState>(IsLive),
      "), (SELECT COUNT(*) FROM wait_entries WHERE session_id = :session2 AND person_ref = :person2 AND ",
      InStates<pb::WaitEntryState>(IsLive), ")");
  ASSIGN(const auto rows, (tx.Query<int64_t, int64_t>(sql, session_id, person_ref, session_id, person_ref)));
  const auto [seats, entries] = rows.front();
  return MayJoin(seats > 0, entries > 0);
}

template <class Request>
absl::StatusOr<Wish> WishOf(Tx& tx, const Call& call, const Request& request) {
  Wish wish;
  ASSIGN(wish.session, Load<pb::Session>(tx, request.session_id()));
  ASSIGN(const pb::Activity activity, Load<pb::Activity>(tx, wish.session.activity_id()));
  TRY(MayTakePart(call.caller, activity, request.person_ref(), request.audience()));
  TRY(MayEnrolNow(wish.session, tx.now()));
  ASSIGN(wish.quota_audience, QuotaFor(wish.session, request.audience()));
  TRY(CheckMayJoin(tx, wish.session.id(), request.person_ref()));
  ASSIGN(const SeatCounts counts, SeatCountsOf(tx, wish.session));
  for (const pb::SeatCount& count : counts) {
    wish.waiting_in_all += count.waiting();
    if (count.audience() == wish.quota_audience) wish.count = count;
  }
  return wish;
}

absl::Status EndEnrolment(Tx& tx, pb::EnrolmentState state, std::string_view reason_code, pb::Enrolment* enrolment) {
  ASSIGN(pb::Session session, Load<pb::Session>(tx, enrolment->session_id()));
  TRY(MayEnd(*enrolment, session, tx.now()));
  enrolment->set_state(state);
  enrolment->set_end_reason_code(std::string(reason_code));
  TRY(Save(tx, *enrolment));
  auto event = About<pb::EnrolmentEnded>(*enrolment);
  event.set_state(state);
  TRY(tx.Publish(event, *enrolment));
  TRY(EndGrants(tx, session.id(), enrolment->person_ref(), kSeatEnded.code));
  return ReallocateSeats(tx, &session);
}

// Saves a new seat and publishes it.
absl::Status ConfirmSeat(Tx& tx, pb::Enrolment* enrolment) {
  TRY(Insert(tx, *enrolment));
  auto event = About<pb::EnrolmentConfirmed>(*enrolment);
  event.set_audience(enrolment->audience());
  return tx.Publish(event, *enrolment);
}

// Sets the position of an entry in the line of its quota.
absl::Status FillPosition(Tx& tx, pb::WaitEntry* entry) {
  if (entry->state() != pb::WAIT_ENTRY_STATE_WAITING) return absl::OkStatus();
  ASSIGN(const auto before,
         tx.Query<int64_t>(
             absl::StrCat("SELECT COUNT(*) FROM wait_entries WHERE session_id = :session AND quota_audience = "
                          ":quota AND sequence < :own AND ",
                          InState(pb::WAIT_ENTRY_STATE_WAITING)),
             entry->session_id(), pb::Audience_Name(entry->quota_audience()), entry->sequence()));
  entry->set_position(static_cast<int>(std::get<0>(before.front())) + 1);
  return absl::OkStatus();
}

}  // namespace

absl::Status Activities::Enrol(Tx& tx, Call& call, const pb::EnrolRequest& request, pb::EnrolResponse* response) {
  ASSIGN(Wish wish, WishOf(tx, call, request));
  TRY(MayTakeSeat(wish.count));
  pb::Enrolment enrolment =
      NewEnrolment(NewId(tx.now()), wish.session, request.person_ref(), request.audience(), wish.quota_audience);
  TRY(ConfirmSeat(tx, &enrolment));
  TRY(ReallocateSeats(tx, &wish.session));
  *response->mutable_enrolment() = std::move(enrolment);
  return absl::OkStatus();
}

absl::Status Activities::WithdrawEnrolment(Tx& tx, Call& call, const pb::WithdrawEnrolmentRequest& request,
                                           pb::WithdrawEnrolmentResponse* response) {
  ASSIGN(pb::Enrolment enrolment,
         AtVersion(request.expected_version(), LoadVisible<pb::Enrolment>(tx, call, request.enrolment_id())));
  TRY(EndEnrolment(tx, pb::ENROLMENT_STATE_WITHDRAWN, "", &enrolment));
  *response->mutable_enrolment() = std::move(enrolment);
  return absl::OkStatus();
}

absl::Status Activities::RemoveEnrolment(Tx& tx, Call& call, const pb::RemoveEnrolmentRequest& request,
                                         pb::RemoveEnrolmentResponse* response) {
  ASSIGN(pb::Enrolment enrolment,
         AtVersion(request.expected_version(), LoadVisible<pb::Enrolment>(tx, call, request.enrolment_id())));
  TRY(EndEnrolment(tx, pb::ENROLMENT_STATE_REMOVED, request.reason_code(), &enrolment));
  *response->mutable_enrolment() = std::move(enrolment);
  return absl::OkStatus();
}

absl::Status Activities::JoinWaitingList(Tx& tx, Call& call, const pb::JoinWaitingListRequest& request,
                                         pb::JoinWaitingListResponse* response) {
  ASSIGN(const Wish wish, WishOf(tx, call, request));
  TRY(MayWait(wish.session, wish.count, wish.waiting_in_all));
  ASSIGN(const auto last,
         tx.Query<int64_t>("SELECT MAX(sequence) FROM wait_entries WHERE session_id = :session", wish.session.id()));
  pb::WaitEntry entry;
  entry.set_id(NewId(tx.now()));
  entry.set_state(pb::WAIT_ENTRY_STATE_WAITING);
  entry.set_session_id(wish.session.id());
  entry.set_activity_id(wish.session.activity_id());
  entry.set_person_ref(request.person_ref());
  entry.set_audience(request.audience());
  entry.set_quota_audience(wish.quota_audience);
  entry.set_sequence(std::get<0>(last.front()) + 1);
  TRY(Insert(tx, entry));
  TRY(tx.Publish(About<pb::WaitEntryCreated>(entry), entry));
  TRY(FillPosition(tx, &entry));
  *response->mutable_wait_entry() = std::move(entry);
  return absl::OkStatus();
}

absl::Status Activities::LeaveWaitingList(Tx& tx, Call& call, const pb::LeaveWaitingListRequest& request,
                                          pb::LeaveWaitingListResponse* response) {
  ASSIGN(pb::WaitEntry entry,
         AtVersion(request.expected_version(), LoadVisible<pb::WaitEntry>(tx, call, request.wait_entry_id())));
  TRY(MayLeave(entry));
  TRY(EndWaitEntry(tx, pb::WAIT_ENTRY_STATE_LEFT, &entry));
  ASSIGN(pb::Session session, Load<pb::Session>(tx, entry.session_id()));
  TRY(ReallocateSeats(tx, &session));
  *response->mutable_wait_entry() = std::move(entry);
  return absl::OkStatus();
}

absl::Status Activities::AnswerSeatOffer(Tx& tx, Call& call, const pb::AnswerSeatOfferRequest& request,
                                         pb::AnswerSeatOfferResponse* response) {
  ASSIGN(pb::WaitEntry entry,
         AtVersion(request.expected_version(), LoadVisible<pb::WaitEntry>(tx, call, request.wait_entry_id())));
  ASSIGN(pb::Session session, Load<pb::Session>(tx, entry.session_id()));
  TRY(MayAnswer(entry, session, tx.now()));
  const bool takes = request.answer() == pb::ANSWER_TAKE;
  entry.set_state(takes ? pb::WAIT_ENTRY_STATE_TAKEN : pb::WAIT_ENTRY_STATE_DECLINED);
  TRY(Save(tx, entry));
  TRY(tx.CancelTimer(kOfferTimer, entry.id()));
  auto event = About<pb::SeatOfferAnswered>(entry);
  event.set_answer(request.answer());
  TRY(tx.Publish(event, entry));
  if (takes) {
    pb::Enrolment enrolment =
        NewEnrolment(NewId(tx.now()), session, entry.person_ref(), entry.audience(), entry.quota_audience());
    enrolment.set_wait_entry_id(entry.id());
    TRY(ConfirmSeat(tx, &enrolment));
    *response->mutable_enrolment() = std::move(enrolment);
  }
  TRY(ReallocateSeats(tx, &session));
  *response->mutable_wait_entry() = std::move(entry);
  return absl::OkStatus();
}

absl::Status Activities::ListEnrolments(Tx& tx, Call& call, const pb::ListEnrolmentsRequest& request,
                                        pb::ListEnrolmentsResponse* response) {
  TRY(MayWorkWith(tx, call.caller, request.session_id()));
  Filter filter;
  filter.Is("session_id", request.session_id()).IsState("state", request.state());
  TRY(ListPage(tx, std::move(filter), request, response->mutable_enrolments(), response));
  if (!WorksWithActivities(call.caller)) {
    for (pb::Enrolment& enrolment : *response->mutable_enrolments()) HideMoney(&enrolment);
  }
  return absl::OkStatus();
}

// Entries in the order of the list. One query counts those before the page by quota; the page counts on from there.
absl::Status Activities::ListWaitEntries(Tx& tx, Call&, const pb::ListWaitEntriesRequest& request,
                                         pb::ListWaitEntriesResponse* response) {
  Filter filter;
  filter.IsExactly("session_id", request.session_id()).Where(InStates<pb::WaitEntryState>(IsLive));
  TRY(ListPage(tx, std::move(filter), request, response->mutable_wait_entries(), response, {.key = "sequence"}));
  const int64_t first = response->wait_entries().empty() ? 0 : response->wait_entries(0).sequence();
  ASSIGN(const auto before,
         (tx.Query<std::string, int64_t>(
             absl::StrCat("SELECT quota_audience, COUNT(*) FROM wait_entries WHERE session_id = "
                          ":session AND ",
                          InState(pb::WAIT_ENTRY_STATE_WAITING), " AND sequence < :first GROUP BY quota_audience"),
             request.session_id(), first)));
  std::map<std::string, int64_t, std::less<>> in_line;
  for (const auto& [audience, count] : before) in_line[audience] = count;
  for (pb::WaitEntry& entry : *response->mutable_wait_entries()) {
    if (entry.state() != pb::WAIT_ENTRY_STATE_WAITING) continue;
    entry.set_position(static_cast<int>(++in_line[pb::Audience_Name(entry.quota_audience())]));
  }
  return absl::OkStatus();
}

absl::Status Activities::GetMySeats(Tx& tx, Call& call, const pb::GetMySeatsRequest& request,
                                    pb::GetMySeatsResponse* response) {
  TRY(MaySee(call.caller, request.person_ref(), "person"));
  // Enrolments that have ended do not count.
  ASSIGN(
      std::vector<pb::Enrolment> enrolments,
      Select<pb::Enrolment>(tx,
                            absl::StrCat("WHERE person_ref = :person AND ", InState(pb::ENROLMENT_STATE_CONFIRMED),
                                         " AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = session_id AND s.end_time "
                                         "> :now) ORDER BY id LIMIT :most"),
                            request.person_ref(), tx.now(), kPageSizeMax));
  for (pb::Enrolment& enrolment : enrolments) *response->add_enrolments() = std::move(enrolment);
  ASSIGN(std::vector<pb::WaitEntry> entries,
         Select<pb::WaitEntry>(tx,
                               absl::StrCat("WHERE person_ref = :person AND ", InStates<pb::WaitEntryState>(IsLive),
                                            " ORDER BY id LIMIT :most"),
                               request.person_ref(), kPageSizeMax));
  for (pb::WaitEntry& entry : entries) {
    TRY(FillPosition(tx, &entry));
    *response->add_wait_entries() = std::move(entry);
  }
  return SetAsOf(tx, response);
}

}  // namespace mestring::activities
