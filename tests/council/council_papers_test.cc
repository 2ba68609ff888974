// The figures of activities and peer support on the council's table: both services running, on a real Redis, each
// closing what it closes by its own RPC, and the council hearing of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/digest.h"
#include "tests/activities/town.h"
#include "tests/council/town.h"
#include "tests/peer_support/town.h"
#include "tests/support/bus.h"
#include "tests/support/contract_suite.h"
#include "tests/support/redis.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring::council {
namespace {

namespace apb = activities::v1;
namespace ppb = peer_support::v1;

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using Stub = Town::Stub;
using Activities = activities::Town::Stub;
using Peers = peer_support::Town::Stub;

class PapersTest : public testing::TestWithParam<const char*> {
 protected:
  PapersTest() { ReplaceFile(token_file_, Token({access::v1::ROLE_SERVICE})); }

  std::function<void(Config&)> At(const std::string& address, const std::string& owners) {
    return [this, address, owners](Config& config) {
      config.listen = address;
      config.redis_url = redis_.url();
      config.token_file = token_file_;
      config.owners = owners;
    };
  }

  // A drop-in that so many came to, all with a card and once. Closed after its day.
  apb::Period CountedPeriod(int visitors) {
    apb::OpenPeriodRequest open;
    open.set_from_date(activities_.Today());
    open.set_to_date(activities_.Today());
    const auto period = Must(activities_.Call(&Activities::OpenPeriod, Staff(), open)).period();
    apb::ScheduleSessionsRequest plan = activities_.Plan(activities_.Activity(apb::ACTIVITY_MODE_OPEN_DROP_IN), 0, 0);
    plan.set_recurrence("FREQ=DAILY;COUNT=1");
    const apb::Session session = activities_.Scheduled(plan).at(0);
    apb::IssueVisitCardsRequest issue;
    issue.set_number(visitors);
    apb::RecordDropInRequest record;
    record.set_session_id(session.id());
    record.set_headcount(visitors);
    *record.mutable_card_tokens() = Must(activities_.Call(&Activities::IssueVisitCards, Staff(), issue)).card_tokens();
    activities_.GoTo(FromProto(session.start_time()) + absl::Minutes(10));
    Must(activities_.Call(&Activities::RecordDropIn, Staff(), record));
    activities_.GoDays(1);
    apb::ClosePeriodRequest close;
    close.set_period_id(period.id());
    return Must(activities_.Call(&Activities::ClosePeriod, Staff(), close)).period();
  }
  // A round with one question; of each group, what each of its members answered.
  ppb::EvaluationRound ClosedRound(const std::vector<std::pair<ppb::Stakeholder, std::vector<int>>>& groups) {
    ppb::OpenEvaluationRequest open;
    open.set_name("Høsten");
    open.set_close_by("2027-01-31");
    open.add_questions()->set_code("HELP");
    open.mutable_questions(0)->set_text("Does it help?");
    const auto round = Must(peers_.Call(&Peers::OpenEvaluation, UnitLeader(), open)).round();
    for (const auto& [stakeholder, scores] : groups) {
      std::vector<std::string> codes;
      ppb::InviteToEvaluationRequest invite;
      invite.set_evaluation_round_id(round.id());
      invite.set_stakeholder(stakeholder);
      for (size_t i = 0; i < scores.size(); ++i) invite.add_code_digests(Sha256Hex(codes.emplace_back(SomePerson())));
      Must(peers_.Call(&Peers::InviteToEvaluation, UnitLeader(), invite));
      for (size_t i = 0; i < scores.size(); ++i) {
        ppb::SubmitAnswerRequest answer;
        answer.set_code(codes[i]);
        answer.add_scores()->set_question_code("HELP");
        answer.mutable_scores(0)->set_score(scores[i]);
        Must(peers_.Call(&Peers::SubmitAnswer, Staff(), answer));
      }
    }
    ppb::CloseEvaluationRequest close;
    close.set_evaluation_round_id(round.id());
    return Must(peers_.Call(&Peers::CloseEvaluation, UnitLeader(), close)).round();
  }
  // Has the council applied all that both have said?
  bool TheCouncilHasHeard() {
    return WaitUntil([&] {
      return PlaceOf(town_.service().db(), StreamKey("1108", "activities")) == HeadOf(activities_.service().db()) &&
             PlaceOf(town_.service().db(), StreamKey("1108", "peer_support")) == HeadOf(peers_.service().db());
    });
  }
  // By their source.
  std::map<std::string, pb::FigureSet> Sets() {
    std::map<std::string, pb::FigureSet> sets;
    const auto list = Must(town_.Call(&Stub::ListFigures, Staff(), pb::ListFiguresRequest()));
    for (const pb::FigureSet& set : list.figure_sets()) {
      EXPECT_TRUE(sets.emplace(set.source(), set).second) << "twice from " << set.source();
    }
    return sets;
  }
  // Codes and values, "few" for what is suppressed; of that no value goes out.
  static std::map<std::string, std::string> FiguresOf(const pb::FigureSet& set) {
    std::map<std::string, std::string> figures;
    for (const auto& figure : set.figures()) {
      if (figure.suppressed()) {
        EXPECT_EQ(figure.value(), 0) << figure.code();
      }
      figures[figure.code()] = figure.suppressed() ? "few" : absl::StrCat(figure.value());
    }
    return figures;
  }

  RedisServer redis_;
  TempFolder folder_;
  const std::string token_file_ = folder_.path() + "/token";
  // Each must know where the others answer before they are there.
  const std::string at_activities_ = absl::StrCat("127.0.0.1:", FreePort());
  const std::string at_peers_ = absl::StrCat("127.0.0.1:", FreePort());
  const std::string at_council_ = absl::StrCat("127.0.0.1:", FreePort());
  // The engine is the council's: what the others store is tested where they are.
  peer_support::Town peers_{"sqlite", At(at_peers_, "activities=" + at_activities_ + ",council=" + at_council_)};
  activities::Town activities_{"sqlite", At(at_activities_, "peer_support=" + at_peers_ + ",council=" + at_council_)};
  Town town_{GetParam(), At(at_council_, "activities=" + at_activities_ + ",peer_support=" + at_peers_)};
};

INSTANTIATE_TEST_SUITE_P(Engines, PapersTest, testing::ValuesIn(kEngines),
                         [](const auto& info) { return EngineName(info); });

TEST_P(PapersTest, AClosedPeriodAndAClosedRoundLieBeforeTheNextMeetingWithSourceAndDays) {
  const apb::Period period = CountedPeriod(7);
  // Four and five answers are enough for peer support (three), four are not for the council (five).
  const ppb::EvaluationRound round = ClosedRound({{ppb::STAKEHOLDER_USER, {5, 4, 4, 3, 4}},
                                                  {ppb::STAKEHOLDER_NEXT_OF_KIN, {2, 2, 2, 2}},
                                                  {ppb::STAKEHOLDER_NAV, {1, 1}}});
  ASSERT_TRUE(TheCouncilHasHeard());

  const auto sets = Sets();
  ASSERT_THAT(sets, ElementsAre(Pair("activities", testing::_), Pair("peer_support", testing::_)));
  const pb::FigureSet& counted = sets.at("activities");
  EXPECT_EQ(counted.source_id(), period.id());
  EXPECT_EQ(counted.from_date(), period.from_date());
  EXPECT_EQ(counted.to_date(), period.to_date());
  EXPECT_EQ(counted.receive_date(), town_.Today());
  EXPECT_THAT(FiguresOf(counted), ElementsAre(Pair("CORE_USERS", "0"), Pair("SESSIONS", "few"),
                                              Pair("UNIQUE_USERS", "7"), Pair("VISITS", "7")));
  const pb::FigureSet& evaluated = sets.at("peer_support");
  EXPECT_EQ(evaluated.source_id(), round.id());
  EXPECT_EQ(evaluated.from_date(), "");
  EXPECT_EQ(evaluated.to_date(), round.close_date());
  EXPECT_THAT(
      FiguresOf(evaluated),
      ElementsAre(Pair("NAV_ANSWERS", "few"), Pair("NAV_MEAN_CENTI", "few"), Pair("NEXT_OF_KIN_ANSWERS", "few"),
                  Pair("NEXT_OF_KIN_MEAN_CENTI", "few"), Pair("USER_ANSWERS", "5"), Pair("USER_MEAN_CENTI", "400")));

  const pb::Meeting meeting = town_.Opened(town_.Called(town_.annual_plan[0]));
  const pb::GetMeetingResponse opened = town_.Meeting(meeting.id());
  ASSERT_THAT(opened.papers(), SizeIs(2));
  ASSERT_THAT(opened.agenda(), SizeIs(1));
  EXPECT_EQ(opened.agenda(0).kind(), pb::AGENDA_ITEM_KIND_FIGURES);
  town_.Advised(opened.agenda(0));
  town_.Ended(meeting);
  const std::string minutes = town_.Minuted(meeting).body();
  EXPECT_THAT(minutes, HasSubstr(absl::StrCat("activities, ", period.from_date())));
  EXPECT_THAT(minutes, HasSubstr("NEXT\\_OF\\_KIN\\_MEAN\\_CENTI: too few to show"));
  EXPECT_THAT(minutes, HasSubstr(absl::StrCat("peer_support, ", round.close_date())));
  ExpectVersionsAreTold(town_);
}

TEST_P(PapersTest, WhatIsClosedWhileTheCouncilIsAwayIsHeardOnce) {
  town_.service().Stop();
  CountedPeriod(3);  // too few for activities, too
  ClosedRound({{ppb::STAKEHOLDER_USER, {5, 5, 5, 5, 5, 5}}});
  redis_.FlushAll();
  town_.service().Restart();
  ASSERT_TRUE(TheCouncilHasHeard());
  redis_.FlushAll();
  town_.service().Restart();
  // Something new of each, after which all that is old was seen again.
  activities_.Activity(apb::ACTIVITY_MODE_OPEN_DROP_IN);
  peers_.Registered(peer_support::Town::Profile());
  ASSERT_TRUE(TheCouncilHasHeard());
  const auto sets = Sets();
  ASSERT_THAT(sets, SizeIs(2));
  EXPECT_EQ(FiguresOf(sets.at("activities")).at("VISITS"), "few");
  EXPECT_EQ(FiguresOf(sets.at("peer_support")).at("USER_MEAN_CENTI"), "500");
  EXPECT_THAT(town_.EventsOf<pb::FiguresReceived>(), SizeIs(2));
}

}  // namespace
}  // namespace mestring::council
