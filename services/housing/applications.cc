// Applications for municipal housing, from submission to their end.
//
// Two deadlines run, and neither depends on vacancies: that of the decision (one month, or the date of a preliminary
// answer) and, after an approval, the end of its term (12 months). An approval is a decision, and having a home needs a
// free place, so they are different states; allocation.cc has the list and the place offers that lie between them.

#include <utility>

#include "common/base/ids.h"
#include "common/store/records.h"
#include "mestring/housing/v1/housing_events.pb.h"
#include "services/housing/allocation_changes.h"
#include "services/housing/application_rules.h"
#include "services/housing/events.h"
#include "services/housing/housing.h"
#include "services/housing/reads.h"
#include "services/housing/tables.h"

namespace mestring::housing {
namespace {

absl::Status CheckNoOther(Tx& tx, std::string_view person_ref) {
  static const std::string live = absl::StrCat("WHERE person_ref = :person AND ", InStates(IsLive));
  ASSIGN(const bool has_one, Exists<pb::Application>(tx, live, person_ref));
  return MayHaveAnother(has_one);
}

absl::Status CancelTimersOf(Tx& tx, const pb::Application& application) {
  TRY(tx.CancelTimer(kApplicationDecisionTimer, application.id()));
  TRY(tx.CancelTimer(kInformationTimer, application.id()));
  return tx.CancelTimer(kApprovalTimer, application.id());
}

absl::Status PublishDecided(Tx& tx, const pb::Application& application, const pb::Decision& decision,
                            const std::string& superseded_id) {
  auto event = About<pb::ApplicationDecided>(application);
  event.set_decision_id(decision.id());
  event.set_superseded_decision_id(superseded_id);
  event.set_outcome(decision.outcome());
  event.set_reason_code(decision.reason_code());
  event.set_alternative_route_code(decision.alternative_route_code());
  event.set_overridden(!decision.override_reason_code().empty() || !decision.exception_code().empty());
  event.set_complaint_deadline(decision.complaint_deadline());
  event.set_approved_until(application.approved_until());
  return tx.Publish(event, application);
}

}  // namespace

absl::Status Housing::SubmitApplication(Tx& tx, Call& call, const pb::SubmitApplicationRequest& request,
                                        pb::SubmitApplicationResponse* response) {
  const std::string today = Today(tx);
  TRY(MaySubmit(call.caller, request));
  TRY(CheckResidenceSince(request.residence_since(), today));
  TRY(CheckPlannable("needed_by", request.needed_by(), today));
  TRY(CheckNoOther(tx, request.person_ref()));
  ASSIGN(const pb::CaseRules rules, CurrentCaseRules(tx));
  pb::Application application = NewApplication(NewId(tx.now()), request, rules, today);
  TRY(Insert(tx, application));
  TRY(tx.Schedule(kApplicationDecisionTimer, application.id(), EndOf(tx, application.decide_by())));
  auto event = About<pb::ApplicationSubmitted>(application);
  event.set_decide_by(application.decide_by());
  TRY(tx.Publish(event, application));
  *response->mutable_application() = std::move(application);
  return absl::OkStatus();
}

absl::Status Housing::RequestInformation(Tx& tx, Call& call, const pb::RequestInformationRequest& request,
                                         pb::RequestInformationResponse* response) {
  ASSIGN(pb::Application application,
         AtVersion(request.expected_version(), LoadVisible<pb::Application>(tx, call, request.application_id())));
  TRY(MayRequestInformation(application, request.information_by(), Today(tx)));
  application.set_state(pb::APPLICATION_STATE_INCOMPLETE);
  *application.mutable_information_codes() = request.information_codes();
  application.set_information_by(request.information_by());
  TRY(Save(tx, application));
  TRY(tx.Schedule(kInformationTimer, application.id(), EndOf(tx, application.information_by())));
  auto event = About<pb::InformationRequested>(application);
  *event.mutable_information_codes() = application.information_codes();
  event.set_information_by(application.information_by());
  TRY(tx.Publish(event, application));
  *response->mutable_application() = std::move(application);
  return absl::OkStatus();
}

absl::Status Housing::CompleteApplication(Tx& tx, Call& call, const pb::CompleteApplicationRequest& request,
                                          pb::CompleteApplicationResponse* response) {
  ASSIGN(pb::Application application,
         AtVersion(request.expected_version(), LoadVisible<pb::Application>(tx, call, request.application_id())));
  TRY(MayComplete(application));
  application.set_state(pb::APPLICATION_STATE_UNDER_REVIEW);
  application.clear_information_codes();
  application.clear_information_by();
  TRY(Save(tx, application));
  TRY(tx.CancelTimer(kInformationTimer, application.id()));
  TRY(tx.Publish(About<pb::ApplicationCompleted>(application), application));
  *response->mutable_application() = std::move(application);
  return absl::OkStatus();
}

absl::Status Housing::GivePreliminaryAnswer(Tx& tx, Call& call, const pb::GivePreliminaryAnswerRequest& request,
                                            pb::GivePreliminaryAnswerResponse* response) {
  ASSIGN(pb::Application application,
         AtVersion(request.expected_version(), LoadVisible<pb::Application>(tx, call, request.application_id())));
  TRY(MayGivePreliminaryAnswer(application, request.decide_by(), Today(tx)));
  application.set_decide_by(request.decide_by());
  application.set_deadline_missed(false);
  TRY(Save(tx, application));
  TRY(tx.Schedule(kApplicationDecisionTimer, application.id(), EndOf(tx, application.decide_by())));
  auto event = About<pb::PreliminaryAnswerGiven>(application);
  event.set_decide_by(application.decide_by());
  TRY(tx.Publish(event, application));
  *response->mutable_application() = std::move(application);
  return absl::OkStatus();
}

absl::Status Housing::DecideApplication(Tx& tx, Call& call, const pb::DecideApplicationRequest& request,
                                        pb::DecideApplicationResponse* response) {
  TRY(Check(request));
  const std::string today = Today(tx);
  ASSIGN(pb::Application application,
         AtVersion(request.expected_version(), LoadVisible<pb::Application>(tx, call, request.application_id())));
  ASSIGN(const pb::CaseRules rules, CurrentCaseRules(tx));
  TRY(MayDecide(application, rules, request, today));
  if (!IsLive(application.state())) TRY(CheckNoOther(tx, application.person_ref()));
  pb::Decision decision = NewDecision(NewId(tx.now()), call.caller, application, request, rules, today);
  const std::string superseded_id = application.decision_id();
  TRY(SaveDecision(tx, superseded_id, &decision));
  ApplyDecision(decision, rules, &application);
  TRY(Save(tx, application));
  TRY(CancelTimersOf(tx, application));
  TRY(PublishDecided(tx, application, decision, superseded_id));
  if (IsApproved(application.state())) {
    TRY(tx.Schedule(kApprovalTimer, application.id(), EndOf(tx, application.approved_until())));
  }
  if (application.state() == pb::APPLICATION_STATE_LISTED) {
    ASSIGN(const pb::NeedAssessment assessment, Load<pb::NeedAssessment>(tx, application.assessment_id()));
    ASSIGN(*response->mutable_list_entry(), EnterList(tx, application, assessment));
  }
  *response->mutable_application() = std::move(application);
  *response->mutable_decision() = std::move(decision);
  return absl::OkStatus();
}

absl::Status Housing::RenewApproval(Tx& tx, Call& call, const pb::RenewApprovalRequest& request,
                                    pb::RenewApprovalResponse* response) {
  const std::string today = Today(tx);
  ASSIGN(pb::Application application,
         AtVersion(request.expected_version(), LoadVisible<pb::Application>(tx, call, request.application_id())));
  TRY(MayRenew(application, today));
  ASSIGN(const pb::CaseRules rules, CurrentCaseRules(tx));
  pb::Decision decision = NewDecision(NewId(tx.now()), call.caller, application, request, rules, today);
  // The earlier approval stays in force: the renewal does not correct it.
  TRY(SaveDecision(tx, "", &decision));
  ApplyDecision(decision, rules, &application);
  TRY(Save(tx, application));
  TRY(tx.Schedule(kApprovalTimer, application.id(), EndOf(tx, application.approved_until())));
  auto event = About<pb::ApprovalRenewed>(application);
  ASSIGN(*event.mutable_list_entry_id(), RenewListEntry(tx, application));
  event.set_decision_id(decision.id());
  event.set_approved_until(application.approved_until());
  event.set_complaint_deadline(decision.complaint_deadline());
  TRY(tx.Publish(event, application));
  *response->mutable_application() = std::move(application);
  *response->mutable_decision() = std::move(decision);
  return absl::OkStatus();
}

absl::Status Housing::WithdrawApplication(Tx& tx, Call& call, const pb::WithdrawApplicationRequest& request,
                                          pb::WithdrawApplicationResponse* response) {
  ASSIGN(pb::Application application,
         AtVersion(request.expected_version(), LoadVisible<pb::Application>(tx, call, request.application_id())));
  TRY(MayWithdraw(application));
  TRY(RevokeOfferOf(tx, application));
  application.set_state(pb::APPLICATION_STATE_WITHDRAWN);
  application.clear_place_offer_id();
  TRY(Save(tx, application));
  TRY(CancelTimersOf(tx, application));
  TRY(tx.Publish(About<pb::ApplicationWithdrawn>(application), application));
  TRY(LeaveList(tx, application.id(), pb::LIST_LEAVE_REASON_WITHDRAWN));
  *response->mutable_application() = std::move(application);
  return absl::OkStatus();
}

absl::Status Housing::LapseApplication(Tx& tx, Call& call, const pb::LapseApplicationRequest& request,
                                       pb::LapseApplicationResponse* response) {
  ASSIGN(pb::Application application,
         AtVersion(request.expected_version(), LoadVisible<pb::Application>(tx, call, request.application_id())));
  TRY(MayLapse(application));
  TRY(RevokeOfferOf(tx, application));
  application.set_state(pb::APPLICATION_STATE_LAPSED);
  application.clear_place_offer_id();
  application.set_end_reason_code(request.reason_code());
  TRY(Save(tx, application));
  TRY(CancelTimersOf(tx, application));
  auto event = About<pb::ApplicationLapsed>(application);
  event.set_reason_code(request.reason_code());
  TRY(tx.Publish(event, application));
  TRY(LeaveList(tx, application.id(), pb::LIST_LEAVE_REASON_LAPSED));
  *response->mutable_application() = std::move(application);
  return absl::OkStatus();
}

absl::Status Housing::GetApplication(Tx& tx, Call& call, const pb::GetApplicationRequest& request,
                                     pb::GetApplicationResponse* response) {
  ASSIGN(*response->mutable_application(), LoadVisible<pb::Application>(tx, call, request.application_id()));
  return absl::OkStatus();
}

absl::Status Housing::ListApplications(Tx& tx, Call& call, const pb::ListApplicationsRequest& request,
                                       pb::ListApplicationsResponse* response) {
  return ListPage(
      tx,
      VisibleTo(ScopeOf(call.caller), false).Is("person_ref", request.person_ref()).IsState("state", request.state()),
      request, response->mutable_applications(), response);
}

}  // namespace mestring::housing
