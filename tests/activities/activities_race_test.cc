// One seat and one krone, many hands: two hundred callers at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/activities/centre.h"
#include "tests/support/race.h"
#include "tests/support/service_process.h"

namespace mestring::activities {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::SizeIs;
using Stub = Centre::Stub;

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

std::vector<pb::Grant> TwoHundredGrants(Centre& centre, const pb::Fund& fund) {
  std::vector<pb::Grant> grants;
  for (int i = 0; i < kCallers; ++i) grants.push_back(centre.Requested(fund, 1000));
  return grants;
}

class RaceTest : public testing::TestWithParam<const char*> {};

INSTANTIATE_TEST_SUITE_P(Engines, RaceTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(RaceTest, TwoHundredEnrolInTwelveSeatsAndTwelveGetOne) {
  Centre centre(GetParam());
  const pb::Session session = centre.Run(12);
  const auto counts = AllAtOnce(kCallers, [&](int) {
    const std::string person = SomePerson();
    return centre.Call(&Stub::Enrol, Resident(person), EnrolIn(session, person)).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 12), Pair("QUOTA_FULL", kCallers - 12)));
  EXPECT_EQ(centre.Session(session.id()).seat_counts(0).confirmed(), 12);
  EXPECT_EQ(centre.Session(session.id()).state(), pb::SESSION_STATE_FULL);
  EXPECT_THAT(centre.EventsOf<pb::EnrolmentConfirmed>(), SizeIs(12));
}

TEST_P(RaceTest, FreedSeatsAmongLeaversTakersAndJoinersNeverExceedTheQuota) {
  Centre centre(GetParam());
  const pb::Session session = centre.Run(10);
  std::vector<pb::Enrolment> enrolled;
  for (int i = 0; i < 10; ++i) enrolled.push_back(centre.Enrolled(session, SomePerson()));
  std::vector<pb::WaitEntry> waiting;
  for (int i = 0; i < 15; ++i) waiting.push_back(centre.Waiting(session, SomePerson()));
  AllAtOnce(kCallers, [&](int i) {
    if (i < 10) {
      pb::WithdrawEnrolmentRequest request;
      request.set_enrolment_id(enrolled[i].id());
      return centre.Call(&Stub::WithdrawEnrolment, Resident(enrolled[i].person_ref()), request).status();
    }
    if (i < 100) return centre.Answer(waiting[i % 15], i % 2 == 0 ? pb::ANSWER_TAKE : pb::ANSWER_DECLINE).status();
    const std::string person = SomePerson();
    return centre.Call(&Stub::Enrol, Resident(person), EnrolIn(session, person)).status();
  });
  const pb::SeatCount count = centre.Session(session.id()).seat_counts(0);
  EXPECT_LE(count.confirmed() + count.offered(), 10);
  EXPECT_TRUE(count.confirmed() + count.offered() == 10 || count.waiting() == 0) << "no seat is left while one waits";
  // Each offer was to one, and each was answered at most once.
  size_t taken = 0;
  for (const auto& event : centre.EventsOf<pb::SeatOfferAnswered>()) taken += event.answer() == pb::ANSWER_TAKE;
  size_t by_offer = 0;
  for (const pb::WaitEntry& entry : waiting) by_offer += centre.StateOf(entry) == pb::WAIT_ENTRY_STATE_TAKEN;
  EXPECT_EQ(taken, by_offer);
}

TEST_P(RaceTest, TwoHundredApprovalsNeverOverdrawTheFund) {
  Centre centre(GetParam());
  const pb::Fund fund = centre.FundWith(25'500);
  const std::vector<pb::Grant> grants = TwoHundredGrants(centre, fund);
  const auto counts =
      AllAtOnce(kCallers, [&](int i) { return centre.Call(&Stub::DecideGrant, Board(), Approve(grants[i])).status(); });
  EXPECT_THAT(counts, ElementsAre(Pair("", 25), Pair("FUND_EXHAUSTED", kCallers - 25)));
  EXPECT_EQ(centre.Statement(fund).available_ore(), 500);
  EXPECT_EQ(centre.Statement(fund).reserved_ore(), 25'000);
}

TEST(RaceOfTwoProcesses, OnOneDatabaseNeverExceedAQuota) {
  Centre centre("postgresql");
  const pb::Session session = centre.Run(12);
  TwoReplicas<pb::ActivityService> replicas(centre);
  const auto counts = AllAtOnce(kCallers, [&](int i) {
    const std::string person = SomePerson();
    return replicas.For(i).Call(&Stub::Enrol, Resident(person), EnrolIn(session, person)).status();
  });
  EXPECT_THAT(counts, ElementsAre(Pair("", 12), Pair("QUOTA_FULL", kCallers - 12)));
  EXPECT_THAT(replicas.For(1).EventsOf<pb::EnrolmentConfirmed>(), SizeIs(12));
  EXPECT_TRUE(replicas.BothRun());
}

TEST(RaceOfTwoProcesses, OnOneDatabaseNeverOverdrawTheFund) {
  Centre centre("postgresql");
  const pb::Fund fund = centre.FundWith(25'500);
  const std::vector<pb::Grant> grants = TwoHundredGrants(centre, fund);
  TwoReplicas<pb::ActivityService> replicas(centre);
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
