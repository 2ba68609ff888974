// The whole loop across services: real servers of the council and of each service that can own an action, on a
// real Redis, each with its own database, with restarts in between. What one tells the other goes by events only.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "mestring/common/v1/assigned_actions.grpc.pb.h"
#include "mestring/common/v1/assigned_actions_events.pb.h"
#include "mestring/housing/v1/housing.grpc.pb.h"
#include "services/activities/activities.h"
#include "services/housing/housing.h"
#include "services/peer_support/peer_support.h"
#include "tests/council/town.h"
#include "tests/support/redis.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring::council {
namespace {

using common::v1::AssignedActionService;
using testing::SizeIs;
using Stub = Town::Stub;

// The engine, and the service that owns the action.
class LoopTest : public testing::TestWithParam<std::tuple<const char*, const char*>> {
 protected:
  LoopTest() {
    std::ofstream(folder_.path() + "/token") << Token({access::v1::ROLE_SERVICE});
    const char* engine = std::get<0>(GetParam());
    town_ = std::make_unique<Town>(engine, Adjust(council_port_, ""));
    // A service may need others to listen to; nobody has to answer there.
    service_ = std::make_unique<RunningService>(
        Definition(), engine, Adjust(owner_port_, ",activities=127.0.0.1:1,peer_support=127.0.0.1:1"));
    service_->clock().Set(town_->service().clock().Now());
    actions_ = AssignedActionService::NewStub(service_->channel());
  }

  std::string owner() const { return std::get<1>(GetParam()); }
  ServiceDefinition Definition() const {
    return owner() == "housing"      ? HousingDefinition()
           : owner() == "activities" ? ActivitiesDefinition()
                                     : PeerSupportDefinition();
  }
  std::function<void(Config&)> Adjust(int port, std::string others) {
    return [this, port, others](Config& config) {
      config.redis_url = redis_.url();
      config.listen = absl::StrCat("127.0.0.1:", port);
      config.token_file = folder_.path() + "/token";
      config.owners =
          absl::StrCat("council=127.0.0.1:", council_port_, ",", owner(), "=127.0.0.1:", owner_port_, others);
    };
  }

  // The action as its owner keeps it, once it does.
  absl::StatusOr<common::v1::AssignedAction> AtOwner(const std::string& action_id) {
    common::v1::ListAssignedActionsResponse response;
    const auto context = service_->As({access::v1::ROLE_STAFF});
    TRY(FromWire(actions_->ListAssignedActions(context.get(), {}, &response)));
    for (const auto& action : response.assigned_actions()) {
      if (action.id() == action_id) return action;
    }
    return NotFound("action");
  }
  absl::Status Progress(const std::string& action_id, common::v1::AssignedActionState state) {
    common::v1::RecordActionProgressRequest request;
    request.set_request_id(SomePerson());
    request.set_action_id(action_id);
    request.set_state(state);
    common::v1::RecordActionProgressResponse response;
    const auto context = service_->As({access::v1::ROLE_STAFF});
    return FromWire(actions_->RecordActionProgress(context.get(), request, &response));
  }
  bool SuggestionBecomes(const std::string& id, pb::SuggestionState state) {
    return WaitUntil([&] { return town_->Suggestion(id).state() == state; });
  }
  // Of housing.
  void PublishFigures() {
    auto stub = housing::v1::HousingService::NewStub(service_->channel());
    housing::v1::SetCaseRulesRequest rules;
    rules.set_request_id(SomePerson());
    rules.mutable_case_rules()->set_application_decision_months(1);
    rules.mutable_case_rules()->set_approval_months(12);
    rules.mutable_case_rules()->set_complaint_weeks(3);
    rules.mutable_case_rules()->set_application_residence_rule(housing::v1::RESIDENCE_RULE_NONE);
    rules.mutable_case_rules()->set_statistics_cell_min(2);
    housing::v1::SetCaseRulesResponse set;
    ASSERT_TRUE(stub->SetCaseRules(service_->As({access::v1::ROLE_UNIT_LEADER}).get(), rules, &set).ok());
    housing::v1::PublishStatisticsRequest publish;
    publish.set_request_id(SomePerson());
    publish.set_from_date("2026-10-01");
    publish.set_to_date("2026-12-31");
    housing::v1::PublishStatisticsResponse published;
    const grpc::Status status =
        stub->PublishStatistics(service_->As({access::v1::ROLE_UNIT_LEADER}).get(), publish, &published);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  RedisServer redis_;
  TempFolder folder_;
  const int council_port_ = FreePort(), owner_port_ = FreePort();
  std::unique_ptr<Town> town_;
  std::unique_ptr<RunningService> service_;
  std::unique_ptr<AssignedActionService::Stub> actions_;
};

INSTANTIATE_TEST_SUITE_P(Owners, LoopTest,
                         testing::Combine(testing::ValuesIn(kEngines),
                                          testing::Values("housing", "activities", "peer_support")),
                         [](const auto& info) {
                           return absl::StrCat(std::get<1>(info.param), "_", std::get<0>(info.param));
                         });

TEST_P(LoopTest, ASuggestionFromTheBoxIsCarriedOutElsewhereReportedBackAndConfirmed) {
  const bool has_figures = owner() == "housing";
  if (has_figures) {
    PublishFigures();
    ASSERT_TRUE(WaitUntil(
        [&] { return town_->Call(&Stub::ListFigures, Staff(), pb::ListFiguresRequest())->figure_sets_size() == 1; }));
  }
  const std::string code = SomePerson();
  const std::string id = town_->Dropped("Warmer entrances", code);
  const pb::Meeting meeting = town_->Opened(town_->Called(town_->annual_plan[0]));
  if (has_figures) {
    // They lie on the agenda, with their source and days.
    const pb::GetMeetingResponse opened = town_->Meeting(meeting.id());
    ASSERT_THAT(opened.papers(), SizeIs(1));
    EXPECT_EQ(opened.papers(0).source(), "housing");
    EXPECT_EQ(opened.papers(0).to_date(), "2026-12-31");
    EXPECT_EQ(opened.agenda(0).kind(), pb::AGENDA_ITEM_KIND_FIGURES);
  }

  town_->Answered(id, meeting);
  const pb::Action elsewhere = town_->ActionFor(id, owner() == "housing" ? "activities" : "housing", "2027-04-01");
  const pb::Action action = town_->ActionFor(id, owner(), "2027-04-01");
  ASSERT_TRUE(WaitUntil([&] { return AtOwner(action.id()).ok(); }));
  EXPECT_EQ(ReasonOf(AtOwner(elsewhere.id()).status()), "NOT_FOUND") << "another service's action";
  pb::UpdateActionRequest update;
  update.set_action_id(action.id());
  update.set_due_date("2027-05-01");
  EXPECT_DONE(town_->Call(&Stub::UpdateAction, Secretary(), update));
  EXPECT_TRUE(WaitUntil([&] { return AtOwner(action.id())->due_date() == "2027-05-01"; }));
  update.set_action_id(elsewhere.id());
  update.clear_due_date();
  update.set_cancel_reason("One of them is enough.");
  EXPECT_DONE(town_->Call(&Stub::UpdateAction, Secretary(), update));

  // The owner begins while the council is down, and the council hears of it when it is up again.
  town_->service().Stop();
  EXPECT_EQ(Progress(action.id(), common::v1::ASSIGNED_ACTION_STATE_IN_PROGRESS), absl::OkStatus());
  town_->service().Restart();
  ASSERT_TRUE(SuggestionBecomes(id, pb::SUGGESTION_STATE_IN_PROGRESS));
  EXPECT_EQ(ReasonOf(Progress(action.id(), common::v1::ASSIGNED_ACTION_STATE_IN_PROGRESS)), "WRONG_STATE");

  // The owner restarts, Redis loses everything, and the work is done.
  service_->Restart();
  redis_.FlushAll();
  EXPECT_EQ(Progress(action.id(), common::v1::ASSIGNED_ACTION_STATE_DONE), absl::OkStatus());
  ASSERT_TRUE(SuggestionBecomes(id, pb::SUGGESTION_STATE_DONE));
  town_->service().Restart();
  EXPECT_EQ(town_->Suggestion(id).state(), pb::SUGGESTION_STATE_DONE) << "never further by itself";
  EXPECT_THAT(town_->EventsOf<pb::SuggestionProgressed>(), SizeIs(2)) << "each effect once";
  EXPECT_THAT(town_->EventsOf<pb::ActionUpdated>(), SizeIs(2));

  pb::ReportBackRequest report;
  report.set_suggestion_id(id);
  report.set_report("The entrances are heated.");
  EXPECT_DONE(town_->Call(&Stub::ReportBack, Secretary(), report));
  pb::AnswerReportBackByReceiptRequest confirm;
  confirm.set_receipt_code(code);
  confirm.set_confirmed(true);
  EXPECT_DONE(town_->Call(&Stub::AnswerReportBackByReceipt, Passer(), confirm));
  EXPECT_EQ(town_->Suggestion(id).state(), pb::SUGGESTION_STATE_CONFIRMED);
}

TEST_P(LoopTest, ACancelledActionIsCancelledAtItsOwnerAndWhatIsDoneStaysDone) {
  const std::string id = town_->Dropped("Warmer entrances", SomePerson());
  const pb::Meeting meeting = town_->Opened(town_->Called(town_->annual_plan[0]));
  town_->Answered(id, meeting);
  const pb::Action action = town_->ActionFor(id, owner(), "2027-04-01");
  ASSERT_TRUE(WaitUntil([&] { return AtOwner(action.id()).ok(); }));
  pb::UpdateActionRequest cancel;
  cancel.set_action_id(action.id());
  cancel.set_cancel_reason("Not needed.");
  EXPECT_DONE(town_->Call(&Stub::UpdateAction, Secretary(), cancel));
  ASSERT_TRUE(WaitUntil([&] { return AtOwner(action.id())->state() == common::v1::ASSIGNED_ACTION_STATE_CANCELLED; }));
  EXPECT_EQ(ReasonOf(Progress(action.id(), common::v1::ASSIGNED_ACTION_STATE_DONE)), "WRONG_STATE");
  // S10: whoever watches the owner hears of both.
  const auto told = OfType<common::v1::AssignedActionReceived>(AllEvents(service_->channel(), *service_));
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_EQ(told[0].action_id(), action.id());
  EXPECT_EQ(told[0].state(), common::v1::ASSIGNED_ACTION_STATE_ASSIGNED);
  EXPECT_EQ(told[0].due_date(), "2027-04-01");
  EXPECT_EQ(told[1].state(), common::v1::ASSIGNED_ACTION_STATE_CANCELLED);
}

}  // namespace
}  // namespace mestring::council
