// One seat and one krone, many hands: two hundred callers at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/activities/town.h"
#include "tests/support/race.h"
#include "tests/support/service_process.h"

namespace mestring::activities {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::SizeIs;
using Stub = Town::Stub;

constexpr int kCallers = 200;

pb::EnrolRequest EnrolIn(const pb::Session& session, const std::string& person) {
  pb::EnrolRequest request;
  request.set_session_id(session.id());
  request.set_person_ref(person);
  request.set_audience(pb::AUDIENCE_USER);
  return request;
}

pb::DecideGrantRequest Approve(const pb::Grant& grant) {
  pb::DecideGrantRequest request;
  request.set_grant_id(grant.id());
  request.set_approve(true);
  return request;
}

std::vector<pb::Grant> TwoHundredGrants(Town& town, const pb::Fund& fund) {
  std::vector<pb::Grant> grants;
  for (int i = 0; i < kCallers; ++i) grants.push_back(town.Requested(fund, 1000));
  return grants;
}

class RaceTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Engines, RaceTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(RaceTest, TwoHundredEnrolInTwelveSeatsAndTwelveGetOne) {
  Town town(GetParam());
  const pb::Session session = town.Run(12);
  const auto counts = AllAtOnce(kCallers, [&](int) {
    const std::string person = SomePerson();
    return town.Call(&Stub::Enrol, Resident(person), EnrolIn(session, person)).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 12), Pair("QUOTA_FULL", kCallers - 12)));
  EXPECT_EQ(town.Session(session.id()).seat_counts(0).confirmed(), 12);
  EXPECT_EQ(town.Session(session.id()).state(), pb::SESSION_STATE_FULL);
  EXPECT_THAT(town.EventsOf<pb::EnrolmentConfirmed>(), SizeIs(12));
}

TEST_P(RaceTest, FreedSeatsAmongLeaversTakersAndJoinersNeverExceedTheQuota) {
  Town town(GetParam());
  const pb::Session session = town.Run(10);
  std::vector<pb::Enrolment> enrolled;
  for (int i = 0; i < 10; ++i) enrolled.push_back(town.Enrolled(session, SomePerson()));
  std::vector<pb::WaitEntry> waiting;
  for (int i = 0; i < 15; ++i) waiting.push_back(town.Waiting(session, SomePerson()));
  AllAtOnce(kCallers, [&](int i) {
    if (i < 10) {
      pb::WithdrawEnrolmentRequest request;
      request.set_enrolment_id(enrolled[i].id());
      return town.Call(&Stub::WithdrawEnrolment, Resident(enrolled[i].person_ref()), request).status();
    }
    if (i < 100) return town.Answer(waiting[i % 15], i % 2 == 0 ? pb::ANSWER_TAKE : pb::ANSWER_DECLINE).status();
    const std::string person = SomePerson();
    return town.Call(&Stub::Enrol, Resident(person), EnrolIn(session, person)).status();
  });
  const pb::SeatCount count = town.Session(session.id()).seat_counts(0);
  EXPECT_LE(count.confirmed() + count.offered(), 10);
  EXPECT_TRUE(count.confirmed() + count.offered() == 10 || count.waiting() == 0) << "no seat is left while one waits";
  // Each offer was to one, and each was answered at most once.
  size_t taken = 0;
  for (const auto& event : town.EventsOf<pb::SeatOfferAnswered>()) taken += event.answer() == pb::ANSWER_TAKE;
  size_t by_offer = 0;
  for (const pb::WaitEntry& entry : waiting) by_offer += town.StateOf(entry) == pb::WAIT_ENTRY_STATE_TAKEN;
  EXPECT_EQ(taken, by_offer);
}

TEST_P(RaceTest, TwoHundredApprovalsNeverOverdrawTheFund) {
  Town town(GetParam());
  const pb::Fund fund = town.FundWith(25'500);
  const std::vector<pb::Grant> grants = TwoHundredGrants(town, fund);
  const auto counts =
      AllAtOnce(kCallers, [&](int i) { return town.Call(&Stub::DecideGrant, Board(), Approve(grants[i])).status(); });
  EXPECT_THAT(counts, ElementsAre(Pair("", 25), Pair("FUND_EXHAUSTED", kCallers - 25)));
  EXPECT_EQ(town.Statement(fund).available_ore(), 500);
  EXPECT_EQ(town.Statement(fund).reserved_ore(), 25'000);
}

TEST(RaceOfTwoProcesses, OnOneDatabaseNeverExceedAQuota) {
  Town town("postgresql");
  const pb::Session session = town.Run(12);
  TwoReplicas<pb::ActivityService> replicas(town);
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    const std::string person = SomePerson();
    return replicas.For(i).Call(&Stub::Enrol, Resident(person), EnrolIn(session, person)).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 12), Pair("QUOTA_FULL", kCallers - 12)));
  EXPECT_THAT(replicas.For(1).EventsOf<pb::EnrolmentConfirmed>(), SizeIs(12));
  EXPECT_TRUE(replicas.BothRun());
}

TEST(RaceOfTwoProcesses, OnOneDatabaseNeverOverdrawTheFund) {
  Town town("postgresql");
  const pb::Fund fund = town.FundWith(25'500);
  const std::vector<pb::Grant> grants = TwoHundredGrants(town, fund);
  TwoReplicas<pb::ActivityService> replicas(town);
  const auto counts = AllAtOnce(
      kCallers, [&](int i) { return replicas.For(i).Call(&Stub::DecideGrant, Board(), Approve(grants[i])).status(); });
  EXPECT_THAT(counts, ElementsAre(Pair("", 25), Pair("FUND_EXHAUSTED", kCallers - 25)));
  pb::GetFundRequest get;
  get.set_fund_id(fund.id());
  const pb::Fund now = replicas.For(1).Call(&Stub::GetFund, Board(), get)->fund();
  EXPECT_EQ(now.available_ore(), 500);
  EXPECT_EQ(now.reserved_ore(), 25'000);
  EXPECT_TRUE(replicas.BothRun());
}

}  // namespace
}  // namespace mestring::activities
