#include "tests/activities/town.h"

// Every step goes through the real stub, so that what a test stands on was done by the same RPCs as in life.

#include "absl/strings/str_cat.h"

namespace mestring::activities {
namespace {

using access::v1::ROLE_ACTIVITY_LEADER;
using access::v1::ROLE_FUND_BOARD;

}  // namespace

Who Leader(std::string person_ref) { return {{ROLE_ACTIVITY_LEADER}, std::move(person_ref), ""}; }
Who Board() { return {{ROLE_FUND_BOARD}, "", ""}; }

Town::Town(std::string_view engine, std::function<void(Config&)> adjust)
    : RunningTown(ActivitiesDefinition(), engine, [adjust](Config& config) {
        // Nobody answers there; tests of the subscription say where somebody does.
        config.owners = "peer_support=127.0.0.1:1";
        if (adjust) adjust(config);
      }) {
  for (int kind = pb::CodeListKind_MIN + 1; kind <= pb::CodeListKind_MAX; ++kind) {
    pb::SetCodeListRequest list;
    list.set_kind(static_cast<pb::CodeListKind>(kind));
    for (const char* code : {"A", "B"}) {
      pb::CodeEntry* entry = list.add_entries();
      entry->set_code(code);
      entry->set_name("a code");
    }
    Must(Call(&Stub::SetCodeList, UnitLeader(), list));
  }
  SetPolicy([](pb::ActivityPolicy&) {});
}

void Town::GoTo(absl::Time time) {
  service().clock().Set(time);
  Must(service().kernel().timers.FireDue());
}

void Town::SetPolicy(const std::function<void(pb::ActivityPolicy&)>& adjust) {
  pb::SetPolicyRequest request;
  pb::ActivityPolicy& policy = *request.mutable_policy();
  policy.set_offer_hours(24);
  policy.set_waiting_list_max(20);
  policy.set_correction_days(7);
  policy.set_leader_notice_hours(48);
  policy.set_core_visits(3);
  policy.set_cell_min(5);
  policy.set_period_close_days(3);
  policy.set_eligibility_days(180);
  policy.set_lapse_absences(2);
  pb::StepRequirement* requirement = policy.add_step_requirements();
  requirement->set_step(pb::LEADER_STEP_LEADER);
  requirement->set_requirement_code("A");
  adjust(policy);
  Must(Call(&Stub::SetPolicy, UnitLeader(), request));
}

pb::Activity Town::Activity(pb::ActivityMode mode, pb::Audience audience, int modules_required) {
  pb::CreateActivityRequest request;
  request.set_code(absl::StrCat("activity-", ++codes_));
  request.set_name("Løpegruppe, hver tirsdag; ute");
  request.set_mode(mode);
  request.set_audience(audience);
  request.set_drug_free(true);
  request.set_modules_required(modules_required);
  request.add_recovery_tags(pb::RECOVERY_TAG_IDENTITY);
  return Must(Call(&Stub::CreateActivity, Staff(), request)).activity();
}

pb::ScheduleSessionsRequest Town::Plan(const pb::Activity& activity, int days, int seats) {
  pb::ScheduleSessionsRequest request;
  request.set_activity_id(activity.id());
  request.set_first_date(PlusDays(Today(), days));
  request.set_time_of_day("18:00");
  request.set_duration_minutes(90);
  request.set_place("Sandnes stadion");
  if (seats > 0) {
    pb::Quota* quota = request.add_quotas();
    quota->set_audience(activity.audience() == pb::AUDIENCE_MIXED ? pb::AUDIENCE_USER : activity.audience());
    quota->set_seats(seats);
  }
  return request;
}

std::vector<pb::Session> Town::Scheduled(const pb::ScheduleSessionsRequest& request) {
  const pb::ScheduleSessionsResponse response = Must(Call(&Stub::ScheduleSessions, Staff(), request));
  for (const pb::Session& session : response.sessions()) Staffed(session);
  return {response.sessions().begin(), response.sessions().end()};
}

void Town::Staffed(const pb::Session& session) {
  pb::AssignLeaderRequest request;
  request.set_session_id(session.id());
  request.set_staff_id("kari");
  Must(Call(&Stub::AssignLeader, Staff(), request));
}

pb::Session Town::Run(int seats, int days) {
  return Scheduled(Plan(Activity(pb::ACTIVITY_MODE_REGISTERED), days, seats)).front();
}

absl::StatusOr<pb::EnrolResponse> Town::Enrol(const pb::Session& session, const Who& who, const std::string& person,
                                              pb::Audience audience) {
  pb::EnrolRequest request;
  request.set_session_id(session.id());
  request.set_person_ref(person);
  request.set_audience(audience);
  return Call(&Stub::Enrol, who, request);
}

pb::Enrolment Town::Enrolled(const pb::Session& session, const std::string& person) {
  return Must(Enrol(session, Resident(person), person)).enrolment();
}

absl::StatusOr<pb::JoinWaitingListResponse> Town::Join(const pb::Session& session, const std::string& person) {
  pb::JoinWaitingListRequest request;
  request.set_session_id(session.id());
  request.set_person_ref(person);
  request.set_audience(pb::AUDIENCE_USER);
  return Call(&Stub::JoinWaitingList, Resident(person), request);
}

pb::WaitEntry Town::Waiting(const pb::Session& session, const std::string& person) {
  return Must(Join(session, person)).wait_entry();
}

void Town::Withdrawn(const pb::Enrolment& enrolment) {
  pb::WithdrawEnrolmentRequest request;
  request.set_enrolment_id(enrolment.id());
  Must(Call(&Stub::WithdrawEnrolment, Resident(enrolment.person_ref()), request));
}

absl::StatusOr<pb::AnswerSeatOfferResponse> Town::Answer(const pb::WaitEntry& entry, pb::Answer answer) {
  pb::AnswerSeatOfferRequest request;
  request.set_wait_entry_id(entry.id());
  request.set_answer(answer);
  return Call(&Stub::AnswerSeatOffer, Resident(entry.person_ref()), request);
}

absl::StatusOr<pb::RecordAttendanceResponse> Town::Record(const pb::Enrolment& enrolment, int module, bool present,
                                                          std::string reason, const Who& who) {
  pb::RecordAttendanceRequest request;
  request.set_session_id(enrolment.session_id());
  request.set_module(module);
  pb::AttendanceMark* mark = request.add_marks();
  mark->set_enrolment_id(enrolment.id());
  mark->set_present(present);
  mark->set_reason_code(reason);
  return Call(&Stub::RecordAttendance, who, request);
}

absl::StatusOr<pb::SetQuotasResponse> Town::SetSeats(const pb::Session& session, int seats) {
  pb::SetQuotasRequest request;
  request.set_session_id(session.id());
  pb::Quota* quota = request.add_quotas();
  quota->set_audience(pb::AUDIENCE_USER);
  quota->set_seats(seats);
  return Call(&Stub::SetQuotas, Staff(), request);
}

pb::Session Town::Session(const std::string& id) {
  pb::GetSessionRequest request;
  request.set_session_id(id);
  return Must(Call(&Stub::GetSession, Staff(), request)).session();
}

pb::LeaderPath Town::Wished(const std::string& person, pb::LeaderStep step) {
  pb::WishLeaderStepRequest request;
  request.set_step(step);
  return Must(Call(&Stub::WishLeaderStep, Resident(person), request)).leader_path();
}

pb::LeaderPath Town::LeaderOf(const std::string& person) {
  pb::LeaderPath path;
  for (pb::LeaderStep step :
       {pb::LEADER_STEP_REGULAR, pb::LEADER_STEP_HELPER, pb::LEADER_STEP_TRAINEE_LEADER, pb::LEADER_STEP_LEADER}) {
    path = Wished(person, step);
    if (step == pb::LEADER_STEP_REGULAR) {
      pb::AssignGuideRequest guide;
      guide.set_leader_path_id(path.id());
      guide.set_guide_id("test-caller");
      Must(Call(&Stub::AssignGuide, Staff(), guide));
      pb::RecordRequirementRequest requirement;
      requirement.set_leader_path_id(path.id());
      requirement.set_requirement_code("A");
      Must(Call(&Stub::RecordRequirement, Staff(), requirement));
    }
    pb::ConfirmLeaderStepRequest confirm;
    confirm.set_leader_path_id(path.id());
    confirm.set_step(step);
    path = Must(Call(&Stub::ConfirmLeaderStep, Staff(), confirm)).leader_path();
  }
  return path;
}

pb::Session Town::Camp() {
  pb::ScheduleSessionsRequest plan = Plan(Activity(pb::ACTIVITY_MODE_CAMP), 28, 8);
  plan.set_duration_minutes(7 * 24 * 60);
  return PayBy(Scheduled(plan).front(), PlusDays(Today(), 14));
}

pb::Session Town::PayBy(const pb::Session& session, std::string pay_by_date) {
  pb::SetCostSharesRequest shares;
  shares.set_session_id(session.id());
  const auto add = [&](pb::CostKind kind, int64_t amount, pb::Payer payer) {
    pb::CostItem* item = shares.add_cost_items();
    item->set_kind(kind);
    item->set_amount_ore(amount);
    item->set_payer(payer);
  };
  add(pb::COST_KIND_LODGING, 400'000, pb::PAYER_FUND);
  add(pb::COST_KIND_FOOD, 150'000, pb::PAYER_OWN);
  add(pb::COST_KIND_TRAVEL, 250'000, pb::PAYER_FUND);
  shares.set_pay_by_date(std::move(pay_by_date));
  return Must(Call(&Stub::SetCostShares, Staff(), shares)).session();
}

absl::StatusOr<pb::RecordOwnSharePaidResponse> Town::Paid(const pb::Enrolment& enrolment) {
  pb::RecordOwnSharePaidRequest request;
  request.set_enrolment_id(enrolment.id());
  return Call(&Stub::RecordOwnSharePaid, Staff(), request);
}

pb::Fund Town::FundWith(int64_t amount_ore, int64_t low_balance_ore) {
  pb::OpenFundRequest open;
  open.set_code(absl::StrCat("fund-", ++codes_));
  open.set_name("RunBack");
  open.set_low_balance_ore(low_balance_ore);
  const pb::Fund fund = Must(Call(&Stub::OpenFund, Board(), open)).fund();
  pb::RecordDonationRequest donation;
  donation.set_fund_id(fund.id());
  donation.set_amount_ore(amount_ore);
  return Must(Call(&Stub::RecordDonation, Board(), donation)).fund();
}

pb::Grant Town::Requested(const pb::Fund& fund, int64_t amount_ore, const std::string& person) {
  pb::RecordEligibilityRequest eligibility;
  eligibility.set_person_ref(person);
  eligibility.set_works_actively(true);
  Must(Call(&Stub::RecordEligibility, Staff(), eligibility));
  pb::RequestGrantRequest request;
  request.set_fund_id(fund.id());
  request.set_person_ref(person);
  request.set_kind(pb::GRANT_KIND_EQUIPMENT);
  request.set_amount_ore(amount_ore);
  return Must(Call(&Stub::RequestGrant, Resident(person), request)).grant();
}

absl::StatusOr<pb::DecideGrantResponse> Town::Decide(const pb::Grant& grant, bool approve) {
  pb::DecideGrantRequest request;
  request.set_grant_id(grant.id());
  request.set_approve(approve);
  if (!approve) request.set_reason_code("A");
  return Call(&Stub::DecideGrant, Board(), request);
}

pb::Fund Town::Statement(const pb::Fund& fund, std::string date) {
  pb::GetFundRequest request;
  request.set_fund_id(fund.id());
  request.set_date(date);
  return Must(Call(&Stub::GetFund, Board(), request)).fund();
}

}  // namespace mestring::activities
