// One seat, one item, many hands at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "grpcpp/create_channel.h"
#include "tests/council/room.h"
#include "tests/support/race.h"

namespace mestring::council {
namespace {

using testing::ElementsAre;
using testing::Pair;
using Stub = Room::Stub;

constexpr int kCallers = 200;

class RaceTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Engines, RaceTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(RaceTest, TwoHundredRecordTheAdviceAndOneDoes) {
  Room room(GetParam());
  const pb::Meeting meeting = room.Opened(room.Called(room.wheel[0]));
  room.Present(meeting, room.user, pb::HOLDER_ROLE_PRINCIPAL);
  const pb::AgendaItem item = room.Item(meeting, "Doors");
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    pb::RecordAdviceRequest request;
    request.set_agenda_item_id(item.id());
    request.set_advice(absl::StrCat("Advice ", i));
    request.add_votes()->set_seat_id(room.user.id);
    request.mutable_votes(0)->set_vote(pb::VOTE_FOR);
    return room.Call(&Stub::RecordAdvice, Secretary(), request).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 1), Pair("ITEM_SETTLED", kCallers - 1)));
  EXPECT_EQ(room.EventsOf<pb::AgendaItemSettled>().size(), 1);
}

TEST_P(RaceTest, TwoHundredWantTheSeatOfAnOrganisationAndItHasOne) {
  Room room(GetParam());
  const auto counts = AllAtOnce(kCallers, [&](int) {
    pb::RegisterSeatRequest request;
    request.set_kind(pb::SEAT_KIND_USER_ORGANISATION);
    request.set_organisation_id("rio");
    request.set_name("RIO");
    return room.Call(&Stub::RegisterSeat, Secretary(), request).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 1), Pair("ALREADY_EXISTS", kCallers - 1)));
}

TEST(RaceOfTwoServers, OnOneDatabaseConfirmOneReportBackOnce) {
  Room room("postgresql");
  // A second server of the same service, as a second replica would be.
  Config second_config = room.service().config();
  second_config.listen = second_config.metrics_listen = second_config.health_listen = "127.0.0.1:0";
  auto second = Server::Start(CouncilDefinition(), second_config);
  ASSERT_TRUE(second.ok()) << second.status();
  auto second_stub = pb::CouncilService::NewStub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", (*second)->port()), grpc::InsecureChannelCredentials()));

  const std::string code = SomePerson();
  const std::string id = room.Dropped("Longer evenings", code);
  const pb::Meeting meeting = room.Opened(room.Called(room.wheel[0]));
  room.Answered(id, meeting);
  pb::ReportBackRequest report;
  report.set_suggestion_id(id);
  report.set_report("Open until ten.");
  ASSERT_TRUE(room.Call(&Stub::ReportBack, Secretary(), report).ok());
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    pb::AnswerReportBackByClaimRequest request;
    request.set_request_id(SomePerson());
    request.set_claim_code(code);
    request.set_confirmed(true);
    if (i % 2 == 0) return room.Call(&Stub::AnswerReportBackByClaim, Passer(), request).status();
    pb::AnswerReportBackByClaimResponse response;
    const auto context = room.service().As({access::v1::ROLE_RESIDENT});
    return FromWire(second_stub->AnswerReportBackByClaim(context.get(), request, &response));
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 1), Pair("WRONG_STATE", kCallers - 1)));
  EXPECT_EQ(room.EventsOf<pb::SuggestionConfirmed>().size(), 1);
  (*second)->Stop();
}

}  // namespace
}  // namespace mestring::council
