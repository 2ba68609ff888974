// The rules of money: what a participant bears and what a fund may, grants, and how a fund stands. Somebody on
// the board of RunBack can read this file together with fund_rules.cc.
//
// Pure, as activities_rules.h, with the same tags. Amounts are in øre.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/rpc/token.h"
#include "mestring/activities/v1/activities.pb.h"
#include "services/activities/activities_rules.h"

namespace mestring::activities {

absl::Status MayHaveCostShares(const pb::Session& session);
// What a participant pays.
int64_t OwnShare(const pb::Session& session);
absl::Status MayPayOwnShare(const pb::Session& session, const pb::Enrolment& enrolment);
// When the day to pay by is over: somebody holds the seat, has not paid, and was not told of that day.
bool IsOverdue(const pb::Session& session, const pb::Enrolment& enrolment);
// As an activity leader of the session sees a seat.
void HideMoney(pb::Enrolment* enrolment);
// What a fund may bear of a session for a grant of this kind.
int64_t FundShare(const pb::Session& session, pb::GrantKind kind, const pb::Fund& fund);
absl::Status CheckShare(const pb::Session& session, pb::GrantKind kind, int64_t amount_ore, const pb::Fund& fund);
// What the person has in a session: a seat, and a live grant of the kind that they ask for.
struct InSession {
  bool seat = false, grant = false;
};
// `session` is null if none was named.
absl::Status MayRequest(const pb::RequestGrantRequest& request, const pb::Fund& fund, const pb::Session* session,
                        InSession has);
// Who says whether this person works actively to get free.
absl::Status MayStateEligibility(const Caller& caller, std::string_view person_ref);
// The person has it, or it is not decided.
bool IsLive(pb::GrantState state);
// Nothing is paid yet, and it can still be.
bool IsOpen(pb::GrantState state);
pb::Grant NewGrant(std::string id, const pb::RequestGrantRequest& request);
// `session` is that of the grant, null for equipment; `eligibility` is the newest statement about the person, null if
// there is none.
absl::Status MayDecide(const Caller& caller, const pb::Grant& grant, const pb::DecideGrantRequest& request,
                       const pb::Fund& fund, const pb::Session* session, const pb::Eligibility* eligibility,
                       std::string_view today);
absl::Status MayPay(const pb::Grant& grant);
absl::Status MayRelease(const pb::Grant& grant);
absl::Status MayReverse(const pb::Grant& grant);
int64_t Available(const pb::Fund& fund);
// A statement of how a fund stood at the end of a day.
absl::Status MayStateFund(std::string_view date, std::string_view today);
// Enters money into a fund: how the fund stands after it, and the entry that says so.
pb::LedgerEntry ApplyEntry(pb::LedgerKind kind, int64_t amount_ore, pb::Fund* fund);

}  // namespace mestring::activities
