#include "services/activities/seat_changes.h"

// Every freed seat goes through ReallocateSeats, whatever freed it. So exactly one person gets the next offer (A4), and
// a waiting person who leaves frees nothing: ReallocateSeats counts seats, it does not pass one on.

#include "common/store/records.h"
#include "services/activities/activities_rules.h"
#include "services/activities/events.h"
#include "services/activities/reads.h"
#include "services/activities/seat_rules.h"

namespace mestring::activities {
namespace {

// Offers a seat to the first in line of a quota.
absl::Status OfferNext(Tx& tx, const pb::Session& session, pb::Audience quota_audience) {
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  ASSIGN(pb::WaitEntry entry, OrNotFound(Find<pb::WaitEntry>(
                                  tx,
                                  absl::StrCat("WHERE session_id = :session AND quota_audience = :quota AND ",
                                               InState(pb::WAIT_ENTRY_STATE_WAITING), " ORDER BY sequence LIMIT 1"),
                                  session.id(), pb::Audience_Name(quota_audience))));
  const absl::Time expires = OfferExpireTime(session, policy, tx.now(), tx.zone());
  entry.set_state(pb::WAIT_ENTRY_STATE_OFFERED);
  *entry.mutable_offer_expire_time() = ToProto(expires);
  TRY(Save(tx, entry));
  TRY(tx.Schedule(kOfferTimer, entry.id(), expires));
  auto event = About<pb::SeatOffered>(entry);
  *event.mutable_expire_time() = entry.offer_expire_time();
  return tx.Publish(event, entry);
}

absl::Status PublishState(Tx& tx, pb::SessionState before, const pb::Session& session) {
  if (session.state() == pb::SESSION_STATE_FULL) {
    return tx.Publish(About<pb::SessionFilled>(session), session);
  }
  if (before == pb::SESSION_STATE_PLANNED) {
    return tx.Publish(About<pb::SessionOpened>(session), session);
  }
  return tx.Publish(About<pb::SessionReopened>(session), session);
}

}  // namespace

absl::Status ReallocateSeats(Tx& tx, pb::Session* session) {
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

absl::Status EndWaitEntry(Tx& tx, pb::WaitEntryState state, pb::WaitEntry* entry) {
  const bool was_offered = entry->state() == pb::WAIT_ENTRY_STATE_OFFERED;
  entry->set_state(state);
  TRY(Save(tx, *entry));
  if (was_offered) TRY(tx.CancelTimer(kOfferTimer, entry->id()));
  if (was_offered && state == pb::WAIT_ENTRY_STATE_EXPIRED) {
    return tx.Publish(About<pb::SeatOfferExpired>(*entry), *entry);
  }
  auto event = About<pb::WaitEntryEnded>(*entry);
  event.set_state(state);
  return tx.Publish(event, *entry);
}

}  // namespace mestring::activities
