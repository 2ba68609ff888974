// The rules of money: the shares of participants and funds, grants, and the state of a fund. Somebody on the board of
// RunBack can read this file together with fund_rules.cc.
//
// The functions are pure; the tags are those of activities_rules.h. Amounts are in øre.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/rpc/token.h"
#include "mestring/activities/v1/activities.pb.h"
#include "services/activities/activities_rules.h"

namespace mestring::activities {

absl::Status MayHaveCostShares(const pb::Session& session);
// The amount that a participant pays.
int64_t OwnShare(const pb::Session& session);
absl::Status MayPayOwnShare(const pb::Session& session, const pb::Enrolment& enrolment);
// After the last day to pay: whether somebody holds the seat, has not paid, and no event has said so for that day.
bool IsOverdue(const pb::Session& session, const pb::Enrolment& enrolment);
// Removes what an activity leader of the session may not see.
void HideMoney(pb::Enrolment* enrolment);
// The amount that a fund may pay for a session by a grant of this kind.
int64_t FundShare(const pb::Session& session, pb::GrantKind kind, const pb::Fund& fund);
absl::Status CheckShare(const pb::Session& session, pb::GrantKind kind, int64_t amount_ore, const pb::Fund& fund);
// Whether the person has a seat in a session, and a live grant of the kind that they ask for.
struct InSession {
  bool seat = false, grant = false;
};
// `session`: null if the request names none.
absl::Status MayRequest(const pb::RequestGrantRequest& request, const pb::Fund& fund, const pb::Session* session,
                        InSession has);
// Whether the caller may state that this person works actively to get free.
absl::Status MayStateEligibility(const Caller& caller, std::string_view person_ref);
// Paid, approved, or not decided yet.
bool IsLive(pb::GrantState state);
// Approved or not decided yet: it can still be paid.
bool IsOpen(pb::GrantState state);
pb::Grant NewGrant(std::string id, const pb::RequestGrantRequest& request);
// `session`: that of the grant, null for equipment. `eligibility`: the newest statement about the person, null if there
// is none.
absl::Status MayDecide(const Caller& caller, const pb::Grant& grant, const pb::DecideGrantRequest& request,
                       const pb::Fund& fund, const pb::Session* session, const pb::Eligibility* eligibility,
                       std::string_view today);
absl::Status MayPay(const pb::Grant& grant);
absl::Status MayRelease(const pb::Grant& grant);
absl::Status MayReverse(const pb::Grant& grant);
int64_t Available(const pb::Fund& fund);
// Whether a fund can be stated at the end of that day.
absl::Status MayStateFund(std::string_view date, std::string_view today);
// Changes the sums of a fund, and returns the entry that says so.
pb::LedgerEntry ApplyEntry(pb::LedgerKind kind, int64_t amount_ore, pb::Fund* fund);

}  // namespace mestring::activities
