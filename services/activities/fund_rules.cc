#include "services/activities/fund_rules.h"

// Cost shares, then grants from request to end, then the fund.
//
// A fund has two sums, posted and reserved; available is the difference. A single sum, from which pending grants are
// subtracted when somebody asks, would be shorter, and two payments at once would overdraw it.

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "services/activities/attendance_rules.h"
#include "services/activities/seat_rules.h"

namespace mestring::activities {

absl::Status MayHaveCostShares(const pb::Session& session) {
  TRY(MayChange(session));
  if (session.mode() == pb::ACTIVITY_MODE_CAMP || session.mode() == pb::ACTIVITY_MODE_RACE) return absl::OkStatus();
  return Refused("NO_COST_SHARES", "only camps and races have cost shares");
}

int64_t OwnShare(const pb::Session& session) {
  int64_t share = 0;
  for (const pb::CostItem& item : session.cost_items()) {
    if (item.payer() == pb::PAYER_OWN) share += item.amount_ore();
  }
  return share;
}

// The holder of a seat pays, even late; nobody owes for a seat that was given up.
absl::Status MayPayOwnShare(const pb::Session& session, const pb::Enrolment& enrolment) {
  if (!IsLive(enrolment.state())) return WrongState(enrolment.state(), "the seat is no longer held");
  if (OwnShare(session) == 0) return Refused("NO_OWN_SHARE", "this session has no own share to pay");
  if (!enrolment.own_share_paid_date().empty())
    return Refused("ALREADY_PAID", "the own share of this seat is paid already");
  return absl::OkStatus();
}

// [S0] Lack of money limits who can take part: a late own share is something to talk about. So the timer only publishes
// it and takes nothing away.
bool IsOverdue(const pb::Session& session, const pb::Enrolment& enrolment) {
  return OwnShare(session) > 0 && !session.pay_by_date().empty() && IsLive(enrolment.state()) &&
         enrolment.own_share_paid_date().empty() && enrolment.own_share_overdue_date() != session.pay_by_date();
}

// Activity leaders are users themselves (S1): they do not see what another user owes.
void HideMoney(pb::Enrolment* enrolment) {
  enrolment->clear_own_share_paid_date();
  enrolment->clear_own_share_overdue_date();
}

// [A10, S0] Participants pay food and travel themselves: a fund never pays them, whatever the plan says, unless a rule
// of the fund allows it. An entry fee is a grant of its own kind; a trip is everything else.
int64_t FundShare(const pb::Session& session, pb::GrantKind kind, const pb::Fund& fund) {
  int64_t share = 0;
  for (const pb::CostItem& item : session.cost_items()) {
    if ((item.kind() == pb::COST_KIND_ENTRY_FEE) != (kind == pb::GRANT_KIND_ENTRY_FEE)) continue;
    const bool is_own_share = item.kind() == pb::COST_KIND_FOOD || item.kind() == pb::COST_KIND_TRAVEL;
    const bool bears = is_own_share ? fund.covers_own_share() && item.payer() != pb::PAYER_MUNICIPALITY
                                    : item.payer() == pb::PAYER_FUND;
    if (bears) share += item.amount_ore();
  }
  return share;
}

// [A10] The fund pays no more than its part of the cost shares as they are now.
absl::Status CheckShare(const pb::Session& session, pb::GrantKind kind, int64_t amount_ore, const pb::Fund& fund) {
  const int64_t share = FundShare(session, kind, fund);
  if (share == 0)
    return Refused("NO_COST_SHARES", "the cost shares of this session leave nothing to the fund; set them first");
  if (amount_ore <= share) return absl::OkStatus();
  return Refused("SHARE_EXCEEDED", "amount_ore must be at most what the cost shares leave to the fund",
                 {{"share_ore", absl::StrCat(share)}});
}

// [S0] RunBack gives training trips, entry fees and equipment. A person gets one trip and one entry fee for a session.
absl::Status MayRequest(const pb::RequestGrantRequest& request, const pb::Fund& fund, const pb::Session* session,
                        InSession has) {
  if ((request.kind() == pb::GRANT_KIND_EQUIPMENT) != (session == nullptr)) {
    return Refused("SESSION_REQUIRED", "name the session of a trip or entry fee; leave it out for equipment");
  }
  if (session == nullptr) return absl::OkStatus();
  TRY(MayHaveCostShares(*session));
  if (!has.seat) return Refused("NOT_ENROLLED", "the person has no seat in the session; enrol them first");
  TRY(CheckShare(*session, request.kind(), request.amount_ore(), fund));
  return has.grant ? Refused("GRANT_EXISTS", "the person has a grant of this kind for the session already")
                   : absl::OkStatus();
}

// [A11] Staff, the unit leader or a peer states yes or no, without any detail of health, and never about themself.
absl::Status MayStateEligibility(const Caller& caller, std::string_view person_ref) {
  return caller.IsSelf(person_ref) ? Refused("OWN_GRANT", "let somebody else state your eligibility")
                                   : absl::OkStatus();
}

bool IsLive(pb::GrantState state) { return IsOpen(state) || state == pb::GRANT_STATE_PAID; }

bool IsOpen(pb::GrantState state) { return state == pb::GRANT_STATE_REQUESTED || state == pb::GRANT_STATE_APPROVED; }

pb::Grant NewGrant(std::string id, const pb::RequestGrantRequest& request) {
  pb::Grant grant;
  grant.set_id(std::move(id));
  grant.set_state(pb::GRANT_STATE_REQUESTED);
  grant.set_fund_id(request.fund_id());
  grant.set_person_ref(request.person_ref());
  grant.set_kind(request.kind());
  grant.set_amount_ore(request.amount_ore());
  grant.set_session_id(request.session_id());
  return grant;
}

// [A11, S0] The newest statement must say that the person works actively to get free, and must still be valid. [A10] A
// grant is at most what is available, which the same write reserves (OpenCollective #688: two payments at once went
// below zero), and at most the share of the fund, which may have changed since the request.
absl::Status MayDecide(const Caller& caller, const pb::Grant& grant, const pb::DecideGrantRequest& request,
                       const pb::Fund& fund, const pb::Session* session, const pb::Eligibility* eligibility,
                       std::string_view today) {
  if (grant.state() != pb::GRANT_STATE_REQUESTED) return WrongState(grant.state(), "the grant was decided already");
  if (caller.IsSelf(grant.person_ref())) return Refused("OWN_GRANT", "let somebody else decide on your own grant");
  TRY(CheckReason(!request.approve(), request.reason_code()));
  if (!request.approve()) return absl::OkStatus();
  if (eligibility == nullptr || !eligibility->works_actively() || eligibility->valid_until() < today) {
    return Refused("ELIGIBILITY_REQUIRED", "record a current statement that the person works actively to get free");
  }
  if (session != nullptr) TRY(CheckShare(*session, grant.kind(), grant.amount_ore(), fund));
  if (grant.amount_ore() > Available(fund)) {
    return Refused("FUND_EXHAUSTED", "the fund has less available; wait for money or ask for less",
                   {{"available_ore", absl::StrCat(Available(fund))}});
  }
  return absl::OkStatus();
}

// Neither rule asks for the seat: a seat that ends also ends its open grants in the same write.
absl::Status MayPay(const pb::Grant& grant) {
  return grant.state() == pb::GRANT_STATE_APPROVED ? absl::OkStatus()
                                                   : WrongState(grant.state(), "approve the grant first");
}

absl::Status MayRelease(const pb::Grant& grant) { return MayPay(grant); }

absl::Status MayReverse(const pb::Grant& grant) {
  return grant.state() == pb::GRANT_STATE_PAID
             ? absl::OkStatus()
             : WrongState(grant.state(), "only a grant that was paid can be reversed");
}

int64_t Available(const pb::Fund& fund) { return fund.posted_ore() - fund.reserved_ore(); }

// A future day has no last entry; today the statement shows the fund as it is now.
absl::Status MayStateFund(std::string_view date, std::string_view today) {
  return date <= today ? absl::OkStatus() : Refused("NOT_YET", "date must be today or earlier");
}

// [A10] Available is posted less reserved. An approval reserves, a payment debits what was reserved, a release gives it
// back, a reversal is a new entry that puts money back.
pb::LedgerEntry ApplyEntry(pb::LedgerKind kind, int64_t amount_ore, pb::Fund* fund) {
  int64_t posted = 0, reserved = 0;
  if (kind == pb::LEDGER_KIND_DONATION || kind == pb::LEDGER_KIND_REVERSAL) posted = amount_ore;
  if (kind == pb::LEDGER_KIND_PAYMENT) posted = -amount_ore;
  if (kind == pb::LEDGER_KIND_RESERVATION) reserved = amount_ore;
  if (kind == pb::LEDGER_KIND_RELEASE || kind == pb::LEDGER_KIND_PAYMENT) reserved = -amount_ore;
  fund->set_posted_ore(fund->posted_ore() + posted);
  fund->set_reserved_ore(fund->reserved_ore() + reserved);
  pb::LedgerEntry entry;
  entry.set_fund_id(fund->id());
  entry.set_kind(kind);
  entry.set_amount_ore(amount_ore);
  entry.set_posted_after_ore(fund->posted_ore());
  entry.set_reserved_after_ore(fund->reserved_ore());
  return entry;
}

}  // namespace mestring::activities
