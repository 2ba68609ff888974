// Fees and expenses of members who are not paid to be there.
//
// A claim rests on the seats that the opening of its meeting copied: who was there, and in which role. The claim copies
// the fee from the mandate of the meeting, so a later mandate changes no claim.

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/council/v1/council_events.pb.h"
#include "services/council/council.h"
#include "services/council/council_rules.h"
#include "services/council/suggestion_rules.h"
#include "services/council/tables.h"

namespace mestring::council {

absl::Status Council::SubmitFeeClaim(Tx& tx, Call& call, const pb::SubmitFeeClaimRequest& request,
                                     pb::SubmitFeeClaimResponse* response) {
  const std::string& person = call.caller.person_ref;
  if (person.empty()) return Forbidden("claim a fee with a token that names your own person");
  call.RecordAccess(person);
  ASSIGN(const pb::Meeting meeting, Load<pb::Meeting>(tx, request.meeting_id()));
  ASSIGN(const pb::Mandate mandate, Load<pb::Mandate>(tx, meeting.mandate_id()));
  ASSIGN(
      const auto seat,
      Find<pb::VotingSeat>(tx, "WHERE meeting_id = :meeting AND (principal_ref = :principal OR deputy_ref = :deputy)",
                           meeting.id(), person, person));
  ASSIGN(const auto known,
         Find<pb::FeeClaim>(tx, "WHERE meeting_id = :meeting AND person_ref = :person", meeting.id(), person));
  TRY(MayClaimFee(person, meeting, seat, mandate, request, known.has_value()));
  pb::FeeClaim claim;
  claim.set_id(NewId(tx.now()));
  claim.set_state(pb::FEE_CLAIM_STATE_SUBMITTED);
  claim.set_meeting_id(meeting.id());
  claim.set_person_ref(person);
  claim.set_name(seat->principal_ref() == person ? seat->principal_name() : seat->deputy_name());
  claim.set_fee_ore(mandate.meeting_fee_ore());
  claim.set_expense_ore(request.expense_ore());
  claim.set_expense_note(request.expense_note());
  TRY(Insert(tx, claim));
  pb::FeeClaimSubmitted event;
  event.set_fee_claim_id(claim.id());
  event.set_meeting_id(claim.meeting_id());
  event.set_person_ref(claim.person_ref());
  TRY(tx.Publish(event, claim));
  *response->mutable_fee_claim() = std::move(claim);
  return absl::OkStatus();
}

absl::Status Council::DecideFeeClaim(Tx& tx, Call& call, const pb::DecideFeeClaimRequest& request,
                                     pb::DecideFeeClaimResponse* response) {
  ASSIGN(pb::FeeClaim claim, AtVersion(request.expected_version(), Load<pb::FeeClaim>(tx, request.fee_claim_id())));
  call.RecordAccess(claim.person_ref());
  TRY(MayDecideFeeClaim(claim, request));
  claim.set_state(request.approved() ? pb::FEE_CLAIM_STATE_APPROVED : pb::FEE_CLAIM_STATE_REJECTED);
  claim.set_reason(request.reason());
  claim.set_decide_date(Today(tx));
  TRY(Save(tx, claim));
  pb::FeeClaimDecided event;
  event.set_fee_claim_id(claim.id());
  event.set_person_ref(claim.person_ref());
  event.set_state(claim.state());
  TRY(tx.Publish(event, claim));
  *response->mutable_fee_claim() = std::move(claim);
  return absl::OkStatus();
}

absl::Status Council::ListFeeClaims(Tx& tx, Call& call, const pb::ListFeeClaimsRequest& request,
                                    pb::ListFeeClaimsResponse* response) {
  Filter filter;
  filter.IsState("state", request.state()).Is("meeting_id", request.meeting_id());
  // A member sees their own; a caller without a person sees none.
  if (!KeepsCouncil(call.caller) && !IsSubscriber(call.caller)) {
    filter.IsExactly("person_ref", call.caller.person_ref);
  }
  TRY(ListPage(tx, filter, request, response->mutable_fee_claims(), response));
  for (pb::FeeClaim& claim : *response->mutable_fee_claims()) ShowTo(call.caller, &claim);
  return absl::OkStatus();
}

}  // namespace mestring::council
