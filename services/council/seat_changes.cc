#include "services/council/seat_changes.h"

#include <string>
#include <vector>

#include "common/base/ids.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/attendance_rules.h"
#include "services/council/reads.h"

namespace mestring::council {
namespace {

// What decides whether a meeting needs the deputy of a seat, and the summonses that were sent.
struct Asking {
  Holders holders;
  std::vector<pb::Apology> apologies;
  std::vector<pb::Summons> summonses;  // in force
};

absl::StatusOr<Asking> AskingOf(Tx& tx, std::string_view meeting_id, std::string_view seat_id) {
  Asking asking;
  ASSIGN(asking.holders, HoldersOf(tx, seat_id));
  // A deputy whose last day has passed is deputy no more, even if the timer of their term has not fired yet.
  std::optional<pb::SeatHolder>& deputy = asking.holders.deputy;
  if (deputy && deputy->until_date() < Today(tx)) deputy.reset();
  ASSIGN(asking.apologies, ApologiesOf(tx, meeting_id, seat_id));
  ASSIGN(asking.summonses, Select<pb::Summons>(tx,
                                               absl::StrCat("WHERE meeting_id = :meeting AND seat_id = :seat AND ",
                                                            InState(pb::SUMMONS_STATE_IN_FORCE), " ORDER BY id"),
                                               meeting_id, seat_id));
  return asking;
}

}  // namespace

absl::Status EndHolder(Tx& tx, std::string_view reason_code, pb::SeatHolder* holder) {
  ApplyEnd(reason_code, Today(tx), holder);
  TRY(Save(tx, *holder));
  TRY(tx.CancelTimer(kTermTimer, holder->id()));
  ASSIGN(pb::Seat seat, Load<pb::Seat>(tx, holder->seat_id()));
  TRY(Save(tx, seat));  // for the version of the event
  pb::SeatVacated event;
  event.set_seat_id(holder->seat_id());
  event.set_role(holder->role());
  event.set_holder_id(holder->id());
  event.set_reason_code(std::string(reason_code));
  return tx.Publish(event, seat);
}

absl::StatusOr<pb::Summons> Summon(Tx& tx, std::string_view meeting_id, const pb::VotingSeat& deputy_of,
                                   pb::SummonsCause cause, std::string_view agenda_item_id) {
  pb::Summons summons;
  summons.set_id(NewId(tx.now()));
  summons.set_state(pb::SUMMONS_STATE_IN_FORCE);
  summons.set_meeting_id(std::string(meeting_id));
  summons.set_seat_id(deputy_of.seat_id());
  summons.set_holder_id(deputy_of.deputy_id());
  summons.set_cause(cause);
  summons.set_agenda_item_id(std::string(agenda_item_id));
  TRY(Insert(tx, summons));
  pb::DeputySummoned event;
  event.set_summons_id(summons.id());
  event.set_meeting_id(summons.meeting_id());
  event.set_seat_id(summons.seat_id());
  event.set_person_ref(deputy_of.deputy_ref());
  event.set_cause(cause);
  event.set_agenda_item_id(summons.agenda_item_id());
  if (cause == pb::SUMMONS_CAUSE_NOT_MET) event.set_voting_seat_id(deputy_of.id());
  TRY(tx.Publish(event, summons));
  return summons;
}

absl::Status VoidSummons(Tx& tx, pb::Summons* summons) {
  summons->set_state(pb::SUMMONS_STATE_VOID);
  TRY(Save(tx, *summons));
  pb::SummonsVoided event;
  event.set_summons_id(summons->id());
  event.set_meeting_id(summons->meeting_id());
  event.set_seat_id(summons->seat_id());
  return tx.Publish(event, *summons);
}

absl::StatusOr<std::optional<pb::Summons>> SummonIfNeeded(Tx& tx, const pb::Meeting& meeting, const pb::Seat& seat) {
  if (seat.state() != pb::SEAT_STATE_ACTIVE) return std::nullopt;
  ASSIGN(const Asking asking, AskingOf(tx, meeting.id(), seat.id()));
  const pb::SummonsCause cause = WhySummoned(meeting, asking.holders, asking.apologies);
  if (cause == pb::SUMMONS_CAUSE_UNSPECIFIED) return std::nullopt;
  for (const pb::Summons& known : asking.summonses) {
    if (asking.holders.IsTermOf(pb::HOLDER_ROLE_DEPUTY, known.holder_id())) return std::nullopt;
  }
  const pb::VotingSeat as_of_now = NewVotingSeat("", meeting, seat, asking.holders, asking.apologies);
  ASSIGN(pb::Summons summons, Summon(tx, meeting.id(), as_of_now, cause, ""));
  return summons;
}

absl::Status ReviewSummonses(Tx& tx, std::string_view seat_id) {
  ASSIGN(const pb::Seat seat, Load<pb::Seat>(tx, seat_id));
  ASSIGN(const std::vector<pb::Meeting> called,
         Select<pb::Meeting>(
             tx, absl::StrCat("WHERE ", InState(pb::MEETING_STATE_NOTICE_SENT), " ORDER BY meeting_date, id")));
  for (const pb::Meeting& meeting : called) {
    ASSIGN(Asking asking, AskingOf(tx, meeting.id(), seat.id()));
    for (pb::Summons& summons : asking.summonses) {
      if (HoldsStill(summons, meeting, seat, asking.holders, asking.apologies)) continue;
      TRY(VoidSummons(tx, &summons));
    }
    TRY(SummonIfNeeded(tx, meeting, seat).status());
  }
  return absl::OkStatus();
}

}  // namespace mestring::council
