// Drop-in without a name: what is counted, and that nothing of anybody is left afterwards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "tests/activities/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"

namespace mestring::activities {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Stub = Town::Stub;

class DropInTest : public testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { ExpectVersionsAreTold(town_); }

  Town town_{GetParam()};
  const std::string first_day_ = town_.Today();

  pb::Period Open(std::string from, std::string to) {
    pb::OpenPeriodRequest request;
    request.set_from_date(from);
    request.set_to_date(to);
    return Must(town_.Call(&Stub::OpenPeriod, Staff(), request)).period();
  }
  // Daily from today, so many times.
  std::vector<pb::Session> Daily(int times) {
    pb::ScheduleSessionsRequest plan = town_.Plan(town_.Activity(pb::ACTIVITY_MODE_OPEN_DROP_IN), 0, 0);
    plan.set_recurrence(absl::StrCat("FREQ=DAILY;COUNT=", times));
    return town_.Scheduled(plan);
  }
  std::vector<std::string> Cards(int number) {
    pb::IssueVisitCardsRequest request;
    request.set_number(number);
    const auto response = Must(town_.Call(&Stub::IssueVisitCards, Staff(), request));
    return {response.card_tokens().begin(), response.card_tokens().end()};
  }
  absl::StatusOr<pb::RecordDropInResponse> Record(const pb::Session& session, int headcount,
                                                  const std::vector<std::string>& cards) {
    pb::RecordDropInRequest request;
    request.set_session_id(session.id());
    request.set_headcount(headcount);
    for (const std::string& card : cards) request.add_card_tokens(card);
    return town_.Call(&Stub::RecordDropIn, Staff(), request);
  }
  // Three weekday evenings: nine come to the first, six of them to all three.
  pb::Period AWeek(std::vector<std::string>* cards) {
    const pb::Period period = Open(first_day_, PlusDays(first_day_, 6));
    const std::vector<pb::Session> sessions = Daily(3);
    *cards = Cards(15);
    const std::vector<std::string> core(cards->begin(), cards->begin() + 6);
    for (int i = 0; i < 3; ++i) {
      town_.GoTo(FromProto(sessions[i].start_time()) + absl::Minutes(10));
      EXPECT_DONE(Record(sessions[i], 10, core));
      EXPECT_DONE(Record(sessions[i], 14, {cards->begin() + 6 + 3 * i, cards->begin() + 9 + 3 * i}));
    }
    return period;
  }
  // Every value of every table, as text: what any query could find.
  std::string WholeDatabase() {
    std::string text;
    const absl::Status read = town_.service().db().Read([&](Tx& tx) -> absl::Status {
      const bool sqlite = std::string_view(GetParam()) == "sqlite";
      ASSIGN(const auto tables,
             tx.Query<std::string>(sqlite ? "SELECT name FROM sqlite_master WHERE type = 'table'"
                                          : "SELECT table_name FROM information_schema.tables WHERE table_schema = "
                                            "'public'"));
      EXPECT_THAT(tables.size(), testing::Gt(25));
      for (const auto& [table] : tables) {
        ASSIGN(const auto columns,
               tx.Query<std::string>(sqlite ? absl::StrCat("SELECT name FROM pragma_table_info('", table, "')")
                                            : absl::StrCat("SELECT column_name FROM information_schema.columns WHERE "
                                                           "table_name = '",
                                                           table, "'")));
        for (const auto& [column] : columns) {
          ASSIGN(const auto values,
                 tx.Query<std::string>(absl::StrCat("SELECT CAST(", column, " AS TEXT) FROM ", table)));
          for (const auto& [value] : values) absl::StrAppend(&text, table, ".", column, "=", value, "\n");
        }
      }
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return text;
  }
  std::string Secret(const pb::Period& period) {
    std::string secret;
    EXPECT_TRUE(town_.service()
                    .db()
                    .Read([&](Tx& tx) -> absl::Status {
                      ASSIGN(const auto rows, tx.Query<std::string>(
                                                  "SELECT secret FROM period_keys WHERE period_id = :id", period.id()));
                      if (!rows.empty()) secret = std::get<0>(rows.front());
                      return absl::OkStatus();
                    })
                    .ok());
    return secret;
  }
  static std::string Text(const pb::Period& period) {
    std::string text;
    for (const auto& figure : period.figures()) {
      absl::StrAppend(&text, figure.code(), "=", figure.suppressed() ? "few" : absl::StrCat(figure.value()), " ");
    }
    return text;
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, DropInTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(DropInTest, AWeekClosesWithUniqueAndCoreUsers) {
  std::vector<std::string> cards;
  const pb::Period period = AWeek(&cards);
  pb::ClosePeriodRequest close;
  close.set_period_id(period.id());
  EXPECT_REFUSED(town_.Call(&Stub::ClosePeriod, Staff(), close), "NOT_YET");
  town_.GoDays(7);
  const auto closed = town_.Call(&Stub::ClosePeriod, Staff(), close);
  ASSERT_TRUE(closed.ok()) << closed.status();
  EXPECT_EQ(Text(closed->period()), "SESSIONS=3 VISITS=42 UNIQUE_USERS=15 CORE_USERS=6 ");
  ASSERT_THAT(town_.EventsOf<pb::PeriodClosed>(), SizeIs(1));
  EXPECT_EQ(town_.EventsOf<pb::PeriodClosed>()[0].figures_size(), 4);
  EXPECT_REFUSED(town_.Call(&Stub::ClosePeriod, Staff(), close), "WRONG_STATE");
}

// The promise to those who come: afterwards nobody, with every right to the database, can tell two visitors
// apart or find one again by the card in their hand.
TEST_P(DropInTest, AfterTheCloseNoQueryTellsTwoVisitorsApartOrLinksOneToAPerson) {
  std::vector<std::string> cards;
  const pb::Period period = AWeek(&cards);
  const std::string secret = Secret(period);
  ASSERT_THAT(secret, SizeIs(32));
  const std::string before = WholeDatabase();
  ASSERT_THAT(cards, Not(IsEmpty()));
  EXPECT_THAT(before, HasSubstr(KeyedHash(secret, cards[0]))) << "while it is open, visits are told apart";
  for (const std::string& card : cards) EXPECT_THAT(before, Not(HasSubstr(card))) << "but no card is stored";
  EXPECT_THAT(before, HasSubstr("RecordDropIn")) << "the kernel remembers answers";

  town_.GoDays(7);
  pb::ClosePeriodRequest close;
  close.set_period_id(period.id());
  EXPECT_DONE(town_.Call(&Stub::ClosePeriod, Staff(), close));
  const std::string after = WholeDatabase();
  EXPECT_THAT(after, Not(HasSubstr(secret)));
  for (const std::string& card : cards) {
    EXPECT_THAT(after, Not(HasSubstr(card)));
    EXPECT_THAT(after, Not(HasSubstr(KeyedHash(secret, card))));
  }
  EXPECT_THAT(after, Not(HasSubstr("RecordDropIn\n"))) << "no fingerprint of a request with tokens is left";
  EXPECT_THAT(after, Not(HasSubstr("drop_in_visits."))) << "the table is empty";
  EXPECT_THAT(after, Not(HasSubstr("period_keys.")));
  // What is left of a drop-in are counts: no column of it is, or could be, a person or a card.
  EXPECT_THAT(after, HasSubstr("drop_in_tallies.headcount=14"));
  EXPECT_THAT(after, Not(HasSubstr("drop_in_tallies.person")));
}

TEST_P(DropInTest, TheSameCardIsAnotherOneInTheNextPeriod) {
  const pb::Period one = Open(first_day_, first_day_);
  const pb::Period other = Open(PlusDays(first_day_, 1), PlusDays(first_day_, 1));
  EXPECT_NE(Secret(one), Secret(other));
  const std::vector<std::string> cards = Cards(1);
  EXPECT_NE(KeyedHash(Secret(one), cards[0]), KeyedHash(Secret(other), cards[0]));
}

TEST_P(DropInTest, TheHeadcountIsNeverBelowTheCards) {
  Open(first_day_, first_day_);
  const pb::Session session = Daily(1).front();
  const std::vector<std::string> cards = Cards(3);
  EXPECT_REFUSED(Record(session, 3, cards), "NOT_YET");
  town_.GoTo(FromProto(session.start_time()));
  EXPECT_REFUSED(Record(session, 2, cards), "HEADCOUNT_BELOW_CARDS");
  EXPECT_DONE(Record(session, 3, cards));
  const auto again = Record(session, 3, {cards[0], cards[0]});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->tally().cards(), 3) << "a card counts once a session";
}

TEST_P(DropInTest, SmallNumbersAreSuppressedAlsoWhereTwoFiguresGiveThemAway) {
  const pb::Period period = Open(first_day_, PlusDays(first_day_, 2));
  const std::vector<pb::Session> sessions = Daily(3);
  const std::vector<std::string> cards = Cards(8);
  const std::vector<std::string> core(cards.begin(), cards.begin() + 6);
  for (const pb::Session& session : sessions) {
    town_.GoTo(FromProto(session.start_time()));
    EXPECT_DONE(Record(session, 10, core));
  }
  EXPECT_DONE(Record(sessions[2], 10, {cards[6], cards[7]}));
  town_.GoDays(10);
  EXPECT_EQ(Text(town_.Stored<pb::Period>(period.id())), "SESSIONS=3 VISITS=30 UNIQUE_USERS=8 CORE_USERS=few ")
      << "eight and six would tell of two";
}

TEST_P(DropInTest, APeriodClosesByItselfAlsoAfterDaysOfDowntime) {
  std::vector<std::string> cards;
  const pb::Period period = AWeek(&cards);
  town_.GoTo(PlusDays(first_day_, 9));
  EXPECT_EQ(town_.Stored<pb::Period>(period.id()).state(), pb::PERIOD_STATE_OPEN) << "three days for late tallies";
  town_.service().Stop();
  town_.service().clock().Advance(absl::Hours(72));
  town_.service().Restart();
  town_.GoDays(0);
  EXPECT_EQ(town_.Stored<pb::Period>(period.id()).state(), pb::PERIOD_STATE_CLOSED);
  EXPECT_THAT(Secret(period), IsEmpty());
}

TEST_P(DropInTest, FiguresAreComparedWithTheYearBefore) {
  std::vector<std::string> cards;
  const pb::Period first = AWeek(&cards);
  town_.GoDays(20);
  const std::string next = PlusMonths(first_day_, 12);
  town_.GoTo(next);
  const pb::Period second = Open(next, PlusDays(next, 6));
  town_.GoDays(20);
  pb::GetPeriodStatisticsRequest request;
  const auto statistics = town_.Call(&Stub::GetPeriodStatistics, Resident(SomePerson()), request);
  ASSERT_TRUE(statistics.ok()) << statistics.status();
  EXPECT_EQ(statistics->period().id(), second.id()) << "the one closed last";
  EXPECT_EQ(statistics->year_before().id(), first.id());
}

TEST_P(DropInTest, PeriodsDoNotOverlapAndVisitsNeedOne) {
  Open(first_day_, PlusDays(first_day_, 6));
  pb::OpenPeriodRequest overlapping;
  overlapping.set_from_date(PlusDays(first_day_, 6));
  overlapping.set_to_date(PlusDays(first_day_, 8));
  EXPECT_REFUSED(town_.Call(&Stub::OpenPeriod, Staff(), overlapping), "PERIOD_OVERLAPS");
  const pb::Session run = town_.Run(5, 1);
  EXPECT_REFUSED(Record(run, 1, {}), "NOT_DROP_IN");
  const pb::Session session = Daily(9).back();
  town_.GoTo(FromProto(session.start_time()));
  EXPECT_REFUSED(Record(session, 1, {}), "NO_OPEN_PERIOD");
}

TEST_P(DropInTest, PeriodsAreListedPageByPageAndByTheirState) {
  std::vector<std::string> cards;
  const pb::Period closed = AWeek(&cards);
  town_.GoDays(10);
  const pb::Period second = Open(town_.Today(), PlusDays(town_.Today(), 6));
  const pb::Period third = Open(PlusDays(town_.Today(), 7), PlusDays(town_.Today(), 13));
  std::vector<std::string> got;
  pb::ListPeriodsRequest request;
  request.set_page_size(2);
  do {
    const pb::ListPeriodsResponse page = Must(town_.Call(&Stub::ListPeriods, NextOfKin(SomePerson()), request));
    EXPECT_NE(page.as_of(), "");
    for (const pb::Period& period : page.periods()) got.push_back(period.id());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(got, testing::UnorderedElementsAre(closed.id(), second.id(), third.id()));
  request.set_state(pb::PERIOD_STATE_CLOSED);
  const pb::ListPeriodsResponse list = Must(town_.Call(&Stub::ListPeriods, NextOfKin(SomePerson()), request));
  ASSERT_THAT(list.periods(), SizeIs(1));
  EXPECT_THAT(Text(list.periods(0)), HasSubstr("VISITS=42"));
}

}  // namespace
}  // namespace mestring::activities
