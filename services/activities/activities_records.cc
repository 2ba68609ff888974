#include "services/activities/activities_records.h"

// The questions to many rows, and the changes that belong to more than one use case.
//
// Hides how seats are counted: from the rows that hold them, each time, by one index. A counter in the session
// would be cheaper to read and would have to be right after every withdrawal, expiry and correction. Writes
// run one at a time, so a count and the seat taken after it cannot be parted (A1).
//
// Every freed seat goes through Settle, whatever freed it. That is why a place passes on to exactly one next
// (A4), and why a waiting person who leaves frees nothing: Settle counts, it does not hand on.

#include <utility>

#include "services/code_lists/code_lists.h"

namespace mestring::activities {
namespace {

// The first in line of a quota gets the seat held.
absl::Status OfferNext(Tx& tx, const pb::Session& session, pb::Audience quota_audience) {
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  ASSIGN(pb::WaitEntry entry,
         OrNotFound(Find<pb::WaitEntry>(tx,
                                        "WHERE session_id = :session AND quota_audience = :quota AND state = "
                                        "'WAIT_ENTRY_STATE_WAITING' ORDER BY sequence LIMIT 1",
                                        session.id(), pb::Audience_Name(quota_audience))));
  const absl::Time expires = OfferExpireTime(session, policy, tx.now(), tx.zone());
  entry.set_state(pb::WAIT_ENTRY_STATE_OFFERED);
  *entry.mutable_offer_expire_time() = ToProto(expires);
  TRY(Save(tx, entry));
  TRY(tx.Schedule(kOfferTimer, entry.id(), expires));
  auto event = About<pb::SeatOffered>(entry);
  *event.mutable_expire_time() = entry.offer_expire_time();
  return tx.Publish(event, entry.id(), entry.version());
}

absl::Status PublishState(Tx& tx, pb::SessionState before, const pb::Session& session) {
  if (session.state() == pb::SESSION_STATE_FULL) {
    return tx.Publish(About<pb::SessionFilled>(session), session.id(), session.version());
  }
  if (before == pb::SESSION_STATE_PLANNED) {
    return tx.Publish(About<pb::SessionOpened>(session), session.id(), session.version());
  }
  return tx.Publish(About<pb::SessionReopened>(session), session.id(), session.version());
}

// Of a leader who stays paused.
absl::Status TellOfCauses(Tx& tx, const pb::LeaderPath& path) {
  auto event = About<pb::LeaderPauseChanged>(path);
  *event.mutable_causes() = path.pause_causes();
  return tx.Publish(event, path.id(), path.version());
}

}  // namespace

// ---- Loads -----------------------------------------------------------------------------------------

absl::StatusOr<pb::ActivityPolicy> CurrentPolicy(Tx& tx) {
  ASSIGN(auto policy, Newest<pb::ActivityPolicy>(tx, "policy_version"));
  if (!policy) return Refused("POLICY_MISSING", "no policy is in force");
  return *std::move(policy);
}

absl::Status CheckCode(Tx& tx, pb::CodeListKind kind, std::string_view code) {
  ASSIGN(const auto list, CodeListOfVersion<pb::CodeList>(tx, kind, 0));
  return list && HasCode(*list, code) ? absl::OkStatus() : UnknownCode(kind);
}

absl::Status CheckArea(Tx& tx, std::string_view area_code) {
  return area_code.empty() ? absl::OkStatus() : CheckCode(tx, pb::CODE_LIST_KIND_AREA, area_code);
}

absl::StatusOr<std::optional<pb::LeaderPath>> PathOf(Tx& tx, std::string_view person_ref) {
  return Find<pb::LeaderPath>(tx, "WHERE person_ref = :person", person_ref);
}

absl::StatusOr<bool> Leads(Tx& tx, std::string_view session_id, std::string_view person_ref) {
  return Exists<pb::SessionLeader>(
      tx, "WHERE session_id = :session AND person_ref = :person AND state = 'SESSION_LEADER_STATE_ASSIGNED'",
      session_id, person_ref);
}

absl::Status MayWorkWith(Tx& tx, const Caller& caller, std::string_view session_id) {
  if (WorksWithActivities(caller)) return absl::OkStatus();
  ASSIGN(const bool leads, Leads(tx, session_id, caller.person_ref));
  return leads ? absl::OkStatus() : NotFound(Table<pb::Session>::kNoun);
}

absl::StatusOr<std::vector<pb::Enrolment>> LiveEnrolments(Tx& tx, std::string_view session_id) {
  return Select<pb::Enrolment>(
      tx, absl::StrCat("WHERE session_id = :session AND ", InStates<pb::EnrolmentState>(IsLive), " ORDER BY id"),
      session_id);
}

absl::StatusOr<bool> HasSeat(Tx& tx, std::string_view session_id, std::string_view person_ref) {
  static const std::string live =
      absl::StrCat("WHERE session_id = :session AND person_ref = :person AND ", InStates<pb::EnrolmentState>(IsLive));
  return Exists<pb::Enrolment>(tx, live, session_id, person_ref);
}

absl::StatusOr<std::vector<pb::WaitEntry>> LiveWaitEntries(Tx& tx, std::string_view session_id) {
  return Select<pb::WaitEntry>(
      tx, absl::StrCat("WHERE session_id = :session AND ", InStates<pb::WaitEntryState>(IsLive), " ORDER BY sequence"),
      session_id);
}

// ---- Seats -----------------------------------------------------------------------------------------

absl::StatusOr<SeatCounts> SeatCountsOf(Tx& tx, const pb::Session& session) {
  SeatCounts counts;
  for (const pb::Quota& quota : session.quotas()) {
    pb::SeatCount* count = counts.Add();
    count->set_audience(quota.audience());
    count->set_seats(quota.seats());
  }
  const auto count_of = [&counts](std::string_view audience) -> pb::SeatCount* {
    for (pb::SeatCount& count : counts) {
      if (pb::Audience_Name(count.audience()) == audience) return &count;
    }
    return nullptr;
  };
  // Made once: each write that touches a seat asks this.
  static const std::string seats_sql =
      absl::StrCat("SELECT quota_audience, COUNT(*) FROM enrolments WHERE session_id = :session AND ",
                   InStates<pb::EnrolmentState>(IsLive), " GROUP BY quota_audience");
  static const std::string entries_sql =
      absl::StrCat("SELECT quota_audience, state, COUNT(*) FROM wait_entries WHERE session_id = :session AND ",
                   InStates<pb::WaitEntryState>(IsLive), " GROUP BY quota_audience, state");
  ASSIGN(const auto seats, (tx.Query<std::string, int64_t>(seats_sql, session.id())));
  for (const auto& [audience, number] : seats) {
    if (pb::SeatCount* count = count_of(audience)) count->set_confirmed(static_cast<int>(number));
  }
  ASSIGN(const auto entries, (tx.Query<std::string, std::string, int64_t>(entries_sql, session.id())));
  for (const auto& [audience, state, number] : entries) {
    pb::SeatCount* count = count_of(audience);
    if (count == nullptr) continue;
    const bool is_offered = state == pb::WaitEntryState_Name(pb::WAIT_ENTRY_STATE_OFFERED);
    is_offered ? count->set_offered(static_cast<int>(number)) : count->set_waiting(static_cast<int>(number));
  }
  return counts;
}

absl::Status Settle(Tx& tx, pb::Session* session) {
  if (!IsAhead(session->state())) return absl::OkStatus();
  ASSIGN(SeatCounts counts, SeatCountsOf(tx, *session));
  if (MakesOffers(*session, tx.now())) {
    for (pb::SeatCount& count : counts) {
      while (FreeSeats(count) > 0 && count.waiting() > 0) {
        TRY(OfferNext(tx, *session, count.audience()));
        count.set_offered(count.offered() + 1);
        count.set_waiting(count.waiting() - 1);
      }
    }
  }
  const pb::SessionState before = session->state(), after = StateBySeats(*session, counts, tx.now());
  if (before == after) return absl::OkStatus();
  session->set_state(after);
  TRY(Save(tx, *session));
  return PublishState(tx, before, *session);
}

absl::Status ConfirmSeat(Tx& tx, pb::Enrolment* enrolment) {
  TRY(Insert(tx, *enrolment));
  auto event = About<pb::EnrolmentConfirmed>(*enrolment);
  event.set_audience(enrolment->audience());
  return tx.Publish(event, enrolment->id(), enrolment->version());
}

absl::Status EndWaitEntry(Tx& tx, pb::WaitEntryState state, pb::WaitEntry* entry) {
  const bool was_offered = entry->state() == pb::WAIT_ENTRY_STATE_OFFERED;
  entry->set_state(state);
  TRY(Save(tx, *entry));
  if (was_offered) TRY(tx.CancelTimer(kOfferTimer, entry->id()));
  if (was_offered && state == pb::WAIT_ENTRY_STATE_EXPIRED) {
    return tx.Publish(About<pb::SeatOfferExpired>(*entry), entry->id(), entry->version());
  }
  auto event = About<pb::WaitEntryEnded>(*entry);
  event.set_state(state);
  return tx.Publish(event, entry->id(), entry->version());
}

// ---- Sessions --------------------------------------------------------------------------------------

absl::Status CancelNow(Tx& tx, std::string_view reason_code, pb::Session* session) {
  session->set_state(pb::SESSION_STATE_CANCELLED);
  session->set_cancel_reason_code(std::string(reason_code));
  TRY(Save(tx, *session));
  for (std::string_view timer : {kOpenTimer, kNoticeTimer, kStartTimer, kEndTimer, kOwnShareTimer}) {
    TRY(tx.CancelTimer(timer, session->id()));
  }
  auto event = About<pb::SessionCancelled>(*session);
  event.set_reason_code(session->cancel_reason_code());
  TRY(tx.Publish(event, session->id(), session->version()));
  ASSIGN(std::vector<pb::Enrolment> enrolments,
         Select<pb::Enrolment>(tx, "WHERE session_id = :session AND state = 'ENROLMENT_STATE_CONFIRMED' ORDER BY id",
                               session->id()));
  for (pb::Enrolment& enrolment : enrolments) {
    enrolment.set_state(pb::ENROLMENT_STATE_SESSION_CANCELLED);
    TRY(Save(tx, enrolment));
    auto ended = About<pb::EnrolmentEnded>(enrolment);
    ended.set_state(enrolment.state());
    TRY(tx.Publish(ended, enrolment.id(), enrolment.version()));
  }
  ASSIGN(std::vector<pb::WaitEntry> entries, LiveWaitEntries(tx, session->id()));
  for (pb::WaitEntry& entry : entries) TRY(EndWaitEntry(tx, pb::WAIT_ENTRY_STATE_SESSION_CANCELLED, &entry));
  return EndGrants(tx, session->id(), "", kSessionCancelled.code);
}

absl::Status ScheduleClocks(Tx& tx, const pb::ActivityPolicy& policy, const pb::Session& session) {
  if (session.state() == pb::SESSION_STATE_PLANNED) {
    TRY(tx.Schedule(kOpenTimer, session.id(), FromProto(session.enrol_from_time())));
  }
  const absl::Time start = FromProto(session.start_time());
  if (IsAhead(session.state())) {
    const absl::Time notice = start - absl::Hours(policy.leader_notice_hours());
    TRY(notice > tx.now() ? tx.Schedule(kNoticeTimer, session.id(), notice)
                          : tx.CancelTimer(kNoticeTimer, session.id()));
    TRY(tx.Schedule(kStartTimer, session.id(), start));
  }
  return tx.Schedule(kEndTimer, session.id(), FromProto(session.end_time()));
}

// ---- Leaders ---------------------------------------------------------------------------------------

absl::Status PublishLacksLeader(Tx& tx, const pb::Session& session) {
  auto event = About<pb::SessionLacksLeader>(session);
  *event.mutable_start_time() = session.start_time();
  return tx.Publish(event, session.id(), session.version());
}

absl::Status Unassign(Tx& tx, pb::SessionLeader* leader, pb::Session* session) {
  leader->set_state(pb::SESSION_LEADER_STATE_UNASSIGNED);
  TRY(Save(tx, *leader));
  session->set_leaders(session->leaders() - 1);
  TRY(Save(tx, *session));
  auto event = About<pb::LeaderUnassigned>(*session);
  event.set_session_leader_id(leader->id());
  event.set_person_ref(leader->person_ref());
  TRY(tx.Publish(event, leader->id(), leader->version()));
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  return LacksLeaderByNow(*session, policy, tx.now()) ? PublishLacksLeader(tx, *session) : absl::OkStatus();
}

absl::Status UnassignAll(Tx& tx, std::string_view person_ref) {
  ASSIGN(
      std::vector<pb::SessionLeader> leaders,
      Select<pb::SessionLeader>(tx,
                                absl::StrCat("WHERE person_ref = :person AND state = 'SESSION_LEADER_STATE_ASSIGNED' "
                                             "AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = session_id AND s.",
                                             InStates(IsNotOver), ") ORDER BY id"),
                                person_ref));
  for (pb::SessionLeader& leader : leaders) {
    ASSIGN(pb::Session session, Load<pb::Session>(tx, leader.session_id()));
    if (MayChangeLeaders(session).ok()) TRY(Unassign(tx, &leader, &session));
  }
  return absl::OkStatus();
}

absl::Status PauseFor(Tx& tx, pb::PauseCause cause, pb::LeaderPath* path) {
  if (IsPausedFor(*path, cause) || path->step() != pb::LEADER_STEP_LEADER) return absl::OkStatus();
  const bool led = ApplyPause(cause, path);
  TRY(Save(tx, *path));
  if (!led) return TellOfCauses(tx, *path);
  auto event = About<pb::LeaderPaused>(*path);
  event.set_cause(cause);
  TRY(tx.Publish(event, path->id(), path->version()));
  return UnassignAll(tx, path->person_ref());
}

absl::Status ResumeFor(Tx& tx, pb::PauseCause cause, pb::LeaderPath* path) {
  if (!IsPausedFor(*path, cause)) return absl::OkStatus();
  const bool leads = ApplyResume(cause, path);
  TRY(Save(tx, *path));
  if (!leads) return TellOfCauses(tx, *path);
  return tx.Publish(About<pb::LeaderResumed>(*path), path->id(), path->version());
}

// ---- Fund ------------------------------------------------------------------------------------------

absl::StatusOr<pb::LedgerEntry> Enter(Tx& tx, pb::LedgerKind kind, int64_t amount_ore, std::string_view grant_id,
                                      pb::Fund* fund) {
  pb::LedgerEntry entry = ApplyEntry(kind, amount_ore, fund);
  TRY(Save(tx, *fund));
  ASSIGN(const auto last,
         tx.Query<int64_t>("SELECT MAX(number) FROM ledger_entries WHERE fund_id = :fund", fund->id()));
  entry.set_id(NewId(tx.now()));
  entry.set_number(std::get<0>(last.front()) + 1);
  entry.set_grant_id(std::string(grant_id));
  entry.set_entry_date(Today(tx));
  TRY(Insert(tx, entry));
  return entry;
}

absl::Status EndGrants(Tx& tx, std::string_view session_id, std::string_view person_ref, std::string_view reason_code) {
  const std::string open_of_session = absl::StrCat("WHERE session_id = :session AND ", InStates(IsOpen));
  ASSIGN(std::vector<pb::Grant> grants,
         person_ref.empty()
             ? Select<pb::Grant>(tx, absl::StrCat(open_of_session, " ORDER BY id"), session_id)
             : Select<pb::Grant>(tx, absl::StrCat(open_of_session, " AND person_ref = :person ORDER BY id"), session_id,
                                 person_ref));
  for (pb::Grant& grant : grants) {
    grant.set_reason_code(std::string(reason_code));
    if (grant.state() == pb::GRANT_STATE_REQUESTED) {
      grant.set_state(pb::GRANT_STATE_REFUSED);
      TRY(Save(tx, grant));
      auto event = About<pb::GrantDecided>(grant);
      event.set_state(grant.state());
      TRY(tx.Publish(event, grant.id(), grant.version()));
      continue;
    }
    ASSIGN(pb::Fund fund, Load<pb::Fund>(tx, grant.fund_id()));
    ASSIGN(const pb::LedgerEntry entry, Enter(tx, pb::LEDGER_KIND_RELEASE, grant.amount_ore(), grant.id(), &fund));
    grant.set_state(pb::GRANT_STATE_RELEASED);
    TRY(Save(tx, grant));
    auto event = About<pb::GrantReleased>(grant);
    event.set_ledger_entry_id(entry.id());
    TRY(tx.Publish(event, grant.id(), grant.version()));
  }
  return absl::OkStatus();
}

}  // namespace mestring::activities
