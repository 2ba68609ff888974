// One seat, one item, many hands at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/council/town.h"
#include "tests/support/race.h"
#include "tests/support/service_process.h"

namespace mestring::council {
namespace {

using testing::ElementsAre;
using testing::Pair;
using Stub = Town::Stub;

constexpr int kCallers = 200;

pb::RegisterSeatRequest SeatOfRio() {
  pb::RegisterSeatRequest request;
  request.set_kind(pb::SEAT_KIND_USER_ORGANISATION);
  request.set_organisation_id("rio");
  request.set_name("RIO");
  return request;
}

class RaceTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Engines, RaceTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(RaceTest, TwoHundredRecordTheAdviceAndOneDoes) {
  Town town(GetParam());
  const pb::Meeting meeting = town.Opened(town.Called(town.annual_plan[0]));
  town.Present(meeting, town.user, pb::HOLDER_ROLE_PRINCIPAL);
  const pb::AgendaItem item = town.Item(meeting, "Doors");
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    pb::RecordAdviceRequest request;
    request.set_agenda_item_id(item.id());
    request.set_advice(absl::StrCat("Advice ", i));
    request.add_votes()->set_seat_id(town.user.id);
    request.mutable_votes(0)->set_vote(pb::VOTE_FOR);
    return town.Call(&Stub::RecordAdvice, Secretary(), request).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 1), Pair("ITEM_SETTLED", kCallers - 1)));
  EXPECT_EQ(town.EventsOf<pb::AgendaItemSettled>().size(), 1);
}

TEST_P(RaceTest, TwoHundredWantTheSeatOfAnOrganisationAndItHasOne) {
  Town town(GetParam());
  const auto counts =
      AllAtOnce(kCallers, [&](int) { return town.Call(&Stub::RegisterSeat, Secretary(), SeatOfRio()).status(); });
  EXPECT_THAT(counts, ElementsAre(Pair("", 1), Pair("ALREADY_EXISTS", kCallers - 1)));
}

// [C5] Exactly four.
TEST(RaceOfTwoProcesses, OnOneDatabaseReplaceACancelledMeetingOnce) {
  Town town("postgresql");
  pb::CancelMeetingRequest cancel;
  cancel.set_meeting_id(town.annual_plan[0].id());
  cancel.set_reason("Snow.");
  ASSERT_TRUE(town.Call(&Stub::CancelMeeting, Secretary(), cancel).ok());
  TwoReplicas<pb::CouncilService> replicas(town);
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    pb::PlanMeetingRequest plan;
    plan.set_replaces_meeting_id(town.annual_plan[0].id());
    plan.mutable_meeting()->set_theme(town.annual_plan[0].theme());
    plan.mutable_meeting()->set_meeting_date("2027-03-03");
    plan.mutable_meeting()->set_start_time("17:00");
    plan.mutable_meeting()->set_place("here");
    return replicas.For(i).Call(&Stub::PlanMeeting, Secretary(), plan).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 1), Pair("ALREADY_EXISTS", kCallers - 1)));
  EXPECT_TRUE(replicas.BothRun());
}

TEST(RaceOfTwoProcesses, OnOneDatabaseConfirmOneReportBackOnce) {
  Town town("postgresql");
  const std::string code = SomePerson();
  const std::string id = town.Dropped("Longer evenings", code);
  const pb::Meeting meeting = town.Opened(town.Called(town.annual_plan[0]));
  town.Answered(id, meeting);
  pb::ReportBackRequest report;
  report.set_suggestion_id(id);
  report.set_report("Open until ten.");
  ASSERT_TRUE(town.Call(&Stub::ReportBack, Secretary(), report).ok());
  TwoReplicas<pb::CouncilService> replicas(town);
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    pb::AnswerReportBackByReceiptRequest request;
    request.set_receipt_code(code);
    request.set_confirmed(true);
    return replicas.For(i).Call(&Stub::AnswerReportBackByReceipt, Passer(), request).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 1), Pair("WRONG_STATE", kCallers - 1)));
  EXPECT_EQ(replicas.For(1).EventsOf<pb::SuggestionConfirmed>().size(), 1);
  EXPECT_TRUE(replicas.BothRun());
}

// [C1] "Each organisation has exactly one seat", whichever replica is asked.
TEST(RaceOfTwoProcesses, OnOneDatabaseGiveAnOrganisationOneSeat) {
  Town town("postgresql");
  TwoReplicas<pb::CouncilService> replicas(town);
  const auto counts = AllAtOnce(
      kCallers, [&](int i) { return replicas.For(i).Call(&Stub::RegisterSeat, Secretary(), SeatOfRio()).status(); });
  EXPECT_THAT(counts, ElementsAre(Pair("", 1), Pair("ALREADY_EXISTS", kCallers - 1)));
  EXPECT_TRUE(replicas.BothRun());
}

}  // namespace
}  // namespace mestring::council
