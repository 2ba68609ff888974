// Funds and grants: money for trips, entry fees and equipment (RunBack, S0). Also the own share of a participant, of
// which only is stored whether it is paid: that money goes to no fund.
//
// Every change of money is an entry in the ledger, which only grows. The fund stores the sums, and each entry the sums
// after it, so a statement at any date is the last entry of that day. Approvals cannot overdraw a fund because writes
// run one at a time: one write reads what is available and reserves it (A10), and a check of the schema refuses a
// mistake. Entries name no person.

#include <utility>

#include "common/base/ids.h"
#include "services/activities/activities.h"
#include "services/activities/events.h"
#include "services/activities/fund_changes.h"
#include "services/activities/fund_rules.h"
#include "services/activities/reads.h"

namespace mestring::activities {
namespace {

using access::v1::ROLE_FUND_BOARD;

// The board may load the grants that it decides on; others as everything about a person.
absl::StatusOr<pb::Grant> LoadGrant(Tx& tx, Call& call, std::string_view id, int64_t expected_version) {
  ASSIGN(pb::Grant grant, Load<pb::Grant>(tx, id));
  call.RecordAccess(grant.person_ref());
  if (!call.caller.Is(ROLE_FUND_BOARD)) TRY(MaySee(call.caller, grant.person_ref(), Table<pb::Grant>::kNoun));
  TRY(CheckVersion(expected_version, grant.version()));
  return grant;
}

// The newest statement about a person, or none.
absl::StatusOr<std::optional<pb::Eligibility>> EligibilityOf(Tx& tx, std::string_view person_ref) {
  return Find<pb::Eligibility>(tx, "WHERE person_ref = :person ORDER BY create_time DESC, id DESC LIMIT 1", person_ref);
}

// Enters the money of a grant and sets its state; returns the id of the entry.
absl::StatusOr<std::string> MoveGrant(Tx& tx, pb::LedgerKind kind, pb::GrantState state, pb::Fund* fund,
                                      pb::Grant* grant) {
  ASSIGN(const pb::LedgerEntry entry, PostLedgerEntry(tx, kind, grant->amount_ore(), grant->id(), fund));
  grant->set_state(state);
  TRY(Save(tx, *grant));
  return entry.id();
}

// The same, and publishes Event.
template <class Event>
absl::Status MoveGrantAndPublish(Tx& tx, pb::LedgerKind kind, pb::GrantState state, pb::Grant* grant) {
  ASSIGN(pb::Fund fund, Load<pb::Fund>(tx, grant->fund_id()));
  ASSIGN(std::string entry_id, MoveGrant(tx, kind, state, &fund, grant));
  auto event = About<Event>(*grant);
  event.set_ledger_entry_id(std::move(entry_id));
  return tx.Publish(event, *grant);
}

absl::StatusOr<int64_t> RequestedOre(Tx& tx, const pb::Fund& fund) {
  ASSIGN(
      const auto sum,
      tx.Query<int64_t>(absl::StrCat("SELECT CAST(COALESCE(SUM(amount_ore), 0) AS BIGINT) FROM grants WHERE fund_id = "
                                     ":fund AND ",
                                     InState(pb::GRANT_STATE_REQUESTED)),
                        fund.id()));
  return std::get<0>(sum.front());
}

absl::Status FillSums(Tx& tx, pb::Fund* fund) {
  fund->set_available_ore(Available(*fund));
  ASSIGN(const int64_t requested, RequestedOre(tx, *fund));
  fund->set_forecast_ore(fund->available_ore() - requested);
  return absl::OkStatus();
}

absl::Status PublishIfLow(Tx& tx, int64_t available_before, const pb::Fund& fund) {
  if (available_before < fund.low_balance_ore() || Available(fund) >= fund.low_balance_ore()) return absl::OkStatus();
  pb::FundRanLow event;
  event.set_fund_id(fund.id());
  event.set_available_ore(Available(fund));
  return tx.Publish(event, fund);
}

}  // namespace

absl::Status Activities::RecordOwnSharePaid(Tx& tx, Call& call, const pb::RecordOwnSharePaidRequest& request,
                                            pb::RecordOwnSharePaidResponse* response) {
  ASSIGN(pb::Enrolment enrolment,
         AtVersion(request.expected_version(), LoadVisible<pb::Enrolment>(tx, call, request.enrolment_id())));
  ASSIGN(const pb::Session session, Load<pb::Session>(tx, enrolment.session_id()));
  TRY(MayPayOwnShare(session, enrolment));
  enrolment.set_own_share_paid_date(Today(tx));
  TRY(Save(tx, enrolment));
  TRY(tx.Publish(About<pb::OwnSharePaid>(enrolment), enrolment));
  *response->mutable_enrolment() = std::move(enrolment);
  return absl::OkStatus();
}

absl::Status Activities::OpenFund(Tx& tx, Call&, const pb::OpenFundRequest& request, pb::OpenFundResponse* response) {
  ASSIGN(const bool taken, Exists<pb::Fund>(tx, "WHERE code = :code", request.code()));
  if (taken) return AlreadyExists("fund with this code");
  pb::Fund fund;
  fund.set_id(NewId(tx.now()));
  fund.set_code(request.code());
  fund.set_name(request.name());
  fund.set_low_balance_ore(request.low_balance_ore());
  fund.set_covers_own_share(request.covers_own_share());
  TRY(Insert(tx, fund));
  pb::FundOpened event;
  event.set_fund_id(fund.id());
  event.set_code(fund.code());
  TRY(tx.Publish(event, fund));
  *response->mutable_fund() = std::move(fund);
  return absl::OkStatus();
}

absl::Status Activities::RecordDonation(Tx& tx, Call&, const pb::RecordDonationRequest& request,
                                        pb::RecordDonationResponse* response) {
  ASSIGN(pb::Fund fund, Load<pb::Fund>(tx, request.fund_id()));
  ASSIGN(*response->mutable_ledger_entry(),
         PostLedgerEntry(tx, pb::LEDGER_KIND_DONATION, request.amount_ore(), "", &fund));
  pb::FundDeposited event;
  event.set_fund_id(fund.id());
  event.set_ledger_entry_id(response->ledger_entry().id());
  event.set_amount_ore(request.amount_ore());
  TRY(tx.Publish(event, fund));
  TRY(FillSums(tx, &fund));
  *response->mutable_fund() = std::move(fund);
  return absl::OkStatus();
}

absl::Status Activities::RecordEligibility(Tx& tx, Call& call, const pb::RecordEligibilityRequest& request,
                                           pb::RecordEligibilityResponse* response) {
  TRY(MayStateEligibility(call.caller, request.person_ref()));
  ASSIGN(const pb::ActivityPolicy policy, CurrentPolicy(tx));
  pb::Eligibility eligibility;
  eligibility.set_id(NewId(tx.now()));
  eligibility.set_person_ref(request.person_ref());
  eligibility.set_works_actively(request.works_actively());
  eligibility.set_stated_date(Today(tx));
  eligibility.set_valid_until(PlusDays(Today(tx), policy.eligibility_days()));
  eligibility.set_stated_by(call.caller.subject);
  TRY(Insert(tx, eligibility));
  pb::EligibilityStated event;
  event.set_eligibility_id(eligibility.id());
  event.set_person_ref(eligibility.person_ref());
  event.set_valid_until(eligibility.valid_until());
  TRY(tx.Publish(event, eligibility));
  *response->mutable_eligibility() = std::move(eligibility);
  return absl::OkStatus();
}

absl::Status Activities::RequestGrant(Tx& tx, Call& call, const pb::RequestGrantRequest& request,
                                      pb::RequestGrantResponse* response) {
  TRY(MayActFor(call.caller, request.person_ref()));
  ASSIGN(const pb::Fund fund, Load<pb::Fund>(tx, request.fund_id()));
  if (request.session_id().empty()) {
    TRY(MayRequest(request, fund, nullptr, {}));
  } else {
    ASSIGN(const pb::Session session, Load<pb::Session>(tx, request.session_id()));
    ASSIGN(const bool has_seat, HasSeat(tx, session.id(), request.person_ref()));
    static const std::string live = absl::StrCat(
        "WHERE session_id = :session AND person_ref = :person AND kind = :kind AND ", InStates<pb::GrantState>(IsLive));
    ASSIGN(const bool has_grant,
           Exists<pb::Grant>(tx, live, session.id(), request.person_ref(), pb::GrantKind_Name(request.kind())));
    TRY(MayRequest(request, fund, &session, {.seat = has_seat, .grant = has_grant}));
  }
  pb::Grant grant = NewGrant(NewId(tx.now()), request);
  TRY(Insert(tx, grant));
  TRY(tx.Publish(About<pb::GrantRequested>(grant), grant));
  *response->mutable_grant() = std::move(grant);
  return absl::OkStatus();
}

absl::Status Activities::DecideGrant(Tx& tx, Call& call, const pb::DecideGrantRequest& request,
                                     pb::DecideGrantResponse* response) {
  ASSIGN(pb::Grant grant, LoadGrant(tx, call, request.grant_id(), request.expected_version()));
  ASSIGN(pb::Fund fund, Load<pb::Fund>(tx, grant.fund_id()));
  ASSIGN(const auto statement, EligibilityOf(tx, grant.person_ref()));
  std::optional<pb::Session> session;
  if (!grant.session_id().empty()) {
    ASSIGN(session, Load<pb::Session>(tx, grant.session_id()));
  }
  TRY(MayDecide(call.caller, grant, request, fund, session ? &*session : nullptr, statement ? &*statement : nullptr,
                Today(tx)));
  grant.set_decided_by(call.caller.subject);
  std::string ledger_entry_id;
  if (request.approve()) {
    const int64_t before = Available(fund);
    ASSIGN(ledger_entry_id, MoveGrant(tx, pb::LEDGER_KIND_RESERVATION, pb::GRANT_STATE_APPROVED, &fund, &grant));
    TRY(PublishIfLow(tx, before, fund));
  } else {
    grant.set_reason_code(request.reason_code());
    grant.set_state(pb::GRANT_STATE_REFUSED);
    TRY(Save(tx, grant));
  }
  auto event = About<pb::GrantDecided>(grant);
  event.set_ledger_entry_id(ledger_entry_id);
  event.set_state(grant.state());
  TRY(tx.Publish(event, grant));
  *response->mutable_grant() = std::move(grant);
  return absl::OkStatus();
}

absl::Status Activities::PayGrant(Tx& tx, Call& call, const pb::PayGrantRequest& request,
                                  pb::PayGrantResponse* response) {
  ASSIGN(pb::Grant grant, LoadGrant(tx, call, request.grant_id(), request.expected_version()));
  TRY(MayPay(grant));
  TRY(MoveGrantAndPublish<pb::GrantPaid>(tx, pb::LEDGER_KIND_PAYMENT, pb::GRANT_STATE_PAID, &grant));
  *response->mutable_grant() = std::move(grant);
  return absl::OkStatus();
}

absl::Status Activities::ReleaseGrant(Tx& tx, Call& call, const pb::ReleaseGrantRequest& request,
                                      pb::ReleaseGrantResponse* response) {
  ASSIGN(pb::Grant grant, LoadGrant(tx, call, request.grant_id(), request.expected_version()));
  TRY(MayRelease(grant));
  TRY(MoveGrantAndPublish<pb::GrantReleased>(tx, pb::LEDGER_KIND_RELEASE, pb::GRANT_STATE_RELEASED, &grant));
  *response->mutable_grant() = std::move(grant);
  return absl::OkStatus();
}

absl::Status Activities::ReverseGrant(Tx& tx, Call& call, const pb::ReverseGrantRequest& request,
                                      pb::ReverseGrantResponse* response) {
  ASSIGN(pb::Grant grant, LoadGrant(tx, call, request.grant_id(), request.expected_version()));
  TRY(MayReverse(grant));
  TRY(MoveGrantAndPublish<pb::GrantReversed>(tx, pb::LEDGER_KIND_REVERSAL, pb::GRANT_STATE_REVERSED, &grant));
  *response->mutable_grant() = std::move(grant);
  return absl::OkStatus();
}

absl::Status Activities::GetFund(Tx& tx, Call&, const pb::GetFundRequest& request, pb::GetFundResponse* response) {
  ASSIGN(pb::Fund fund, request.code().empty() ? Load<pb::Fund>(tx, request.fund_id())
                                               : OrNotFound(Find<pb::Fund>(tx, "WHERE code = :code", request.code())));
  if (request.date().empty()) {
    TRY(FillSums(tx, &fund));
  } else {
    TRY(MayStateFund(request.date(), Today(tx)));
    ASSIGN(const auto last, Find<pb::LedgerEntry>(tx,
                                                  "WHERE fund_id = :fund AND entry_date <= :date "
                                                  "ORDER BY entry_date DESC, number DESC LIMIT 1",
                                                  fund.id(), request.date()));
    fund.set_posted_ore(last ? last->posted_after_ore() : 0);
    fund.set_reserved_ore(last ? last->reserved_after_ore() : 0);
    fund.set_available_ore(Available(fund));
  }
  *response->mutable_fund() = std::move(fund);
  return absl::OkStatus();
}

absl::Status Activities::ListFunds(Tx& tx, Call&, const pb::ListFundsRequest& request,
                                   pb::ListFundsResponse* response) {
  TRY(ListPage(tx, Filter(), request, response->mutable_funds(), response));
  for (pb::Fund& fund : *response->mutable_funds()) TRY(FillSums(tx, &fund));
  return absl::OkStatus();
}

absl::Status Activities::ListGrants(Tx& tx, Call& call, const pb::ListGrantsRequest& request,
                                    pb::ListGrantsResponse* response) {
  Filter filter;
  filter.Is("fund_id", request.fund_id()).IsState("state", request.state());
  if (WorksWithActivities(call.caller) || call.caller.Is(ROLE_FUND_BOARD)) {
    filter.Is("person_ref", request.person_ref());
  } else {
    if (!request.person_ref().empty()) TRY(MaySee(call.caller, request.person_ref(), "person"));
    filter.IsExactly("person_ref", call.caller.person_ref);
  }
  return ListPage(tx, std::move(filter), request, response->mutable_grants(), response);
}

}  // namespace mestring::activities
