// Performing a story, on a stage of the test's own.
#include "services/ctl/play.h"

#include <deque>
#include <sstream>

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "grpcpp/support/status.h"
#include "gtest/gtest.h"
#include "services/ctl/failure.h"

namespace mestring::ctl {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// Answers what it was told to, remembers what it was asked, and has a clock that obeys.
class FakeStage : public Stage {
 public:
  absl::StatusOr<Json> Call(const std::string& method, Json& request, const Identity& identity,
                            const std::string& request_id) override {
    if (!request.contains("request_id")) request["request_id"] = request_id;
    calls.push_back({method, request, identity});
    if (answers.empty()) return Json::object();
    auto answer = answers.front();
    if (answers.size() > 1) answers.pop_front();
    return answer;
  }
  bool HasEvents() const override { return has_events; }
  absl::StatusOr<std::vector<JournalEntry>> EventsAfter(int64_t place) override {
    std::vector<JournalEntry> out;
    for (size_t i = static_cast<size_t>(place); i < events.size(); ++i) {
      out.push_back({static_cast<int64_t>(i) + 1, events[i]});
    }
    return out;
  }
  absl::Time Now() override { return now; }
  absl::Status MoveClock(absl::Time to) override {
    if (move_fails) return absl::DeadlineExceededError("the clock stands");
    if (to > now) ++moves;
    now = to;
    return absl::OkStatus();
  }
  void Pause() override { ++pauses; }

  struct Made {
    std::string method;
    Json request;
    Identity identity;
  };
  std::vector<Made> calls;
  std::deque<absl::StatusOr<Json>> answers;
  std::vector<Json> events;
  bool has_events = false;
  absl::Time now = absl::FromCivil(absl::CivilMinute(2026, 11, 23, 8, 0), absl::UTCTimeZone());
  int moves = 0, pauses = 0;
  bool move_fails = false;
};

class PlayTest : public testing::Test {
 protected:
  absl::Status Run(const std::string& steps) {
    absl::StatusOr<Story> story =
        ParseStory("[{\"story\": \"test\", \"let\": {\"office\": \"nav-sandnes\"}}, " + steps + "]");
    if (!story.ok()) return story.status();
    Play::Options options;
    options.seed = "seed";
    options.zone = absl::UTCTimeZone();
    options.progress = progress_;
    options.events_wait = absl::Milliseconds(50);
    options.save = [this](const Json& progress) {
      progress_ = progress;
      return absl::OkStatus();
    };
    Play play(*story, stage_, options, out_);
    return play.Run();
  }

  Json Event(int position, const std::string& type, Json data = Json::object()) {
    return {{"cursor", absl::StrCat("1-", position)},
            {"source", "/municipalities/1108/housing"},
            {"type", "mestring.housing.v1." + type},
            {"data", data}};
  }

  FakeStage stage_;
  std::ostringstream out_;
  Json progress_;
};

TEST_F(PlayTest, VariablesGoFromAnswersIntoLaterRequests) {
  stage_.answers = {Json::parse(R"({"stay": {"id": "s1"}})"), Json::object()};
  ASSERT_TRUE(Run(R"({"say": "First.", "as": "NAV", "organisation": "${office}", "call": "housing.A",
                      "save": {"stay": "stay.id"}},
                     {"say": "Then ${stay}.", "call": "housing.B", "request": {"stay_id": "${stay}"}})")
                  .ok());
  ASSERT_EQ(stage_.calls.size(), 2u);
  EXPECT_EQ(stage_.calls[0].identity.roles, std::vector<std::string>{"NAV"});
  EXPECT_EQ(stage_.calls[0].identity.organisation_id, "nav-sandnes");
  EXPECT_EQ(stage_.calls[1].request["stay_id"], "s1");
  EXPECT_THAT(out_.str(), HasSubstr("Then s1."));
}

TEST_F(PlayTest, AFailedExpectationStopsTheStoryAndIsShown) {
  stage_.answers = {Json::parse(R"({"stay": {"state": "RESERVED"}})")};
  const absl::Status status =
      Run(R"({"call": "housing.A", "expect": {"stay": {"state": "ARRIVED"}}}, {"call": "housing.B"})");
  EXPECT_EQ(ExitCodeOf(status), kNo);
  EXPECT_THAT(std::string(status.message()), HasSubstr("step 1 of 2"));
  EXPECT_THAT(out_.str(), HasSubstr("stay.state\n        expected \"ARRIVED\"\n        got      \"RESERVED\""));
  EXPECT_EQ(stage_.calls.size(), 1u);
}

TEST_F(PlayTest, ARefusalIsExpectedByItsReason) {
  stage_.answers = {Refused("RESIDENCE_REQUIRED", "The residence rule is not met.")};
  // Over the wire, as a client sees it.
  stage_.answers[0] = FromRpc(ToWire(stage_.answers[0].status(), "mestring.housing", "e"));
  EXPECT_TRUE(
      Run(R"({"call": "housing.A", "refused": {"code": "FAILED_PRECONDITION", "reason": "RESIDENCE_REQUIRED"}})").ok());
  EXPECT_THAT(out_.str(), HasSubstr("RESIDENCE_REQUIRED"));
  progress_ = Json();
  EXPECT_FALSE(Run(R"({"call": "housing.A", "refused": {"reason": "PLACE_TAKEN"}})").ok());
  progress_ = Json();
  EXPECT_FALSE(Run(R"({"call": "housing.A"})").ok());
  progress_ = Json();
  stage_.answers = {Json::object()};
  EXPECT_FALSE(Run(R"({"call": "housing.A", "refused": {"reason": "PLACE_TAKEN"}})").ok());
}

TEST_F(PlayTest, WithinAsksAgainUntilItIsSo) {
  stage_.answers = {Json::parse(R"({"n": 1})"), Json::parse(R"({"n": 2})"), Json::parse(R"({"n": 3})")};
  EXPECT_TRUE(Run(R"({"call": "housing.A", "expect": {"n": 3}, "within": "10s"})").ok());
  EXPECT_EQ(stage_.calls.size(), 3u);
  EXPECT_EQ(stage_.pauses, 2);
}

TEST_F(PlayTest, WithinHasAnEnd) {
  stage_.answers = {Json::parse(R"({"n": 1})")};
  EXPECT_FALSE(Run(R"({"call": "housing.A", "expect": {"n": 3}, "within": "20ms"})").ok());
}

TEST_F(PlayTest, EachEventMustReachTheSubscriber) {
  stage_.has_events = true;
  absl::StatusOr<Json> answer = Json::object();
  stage_.answers = {answer};
  progress_ = {{"next_step", 0}, {"place", 0}};
  stage_.events = {Event(1, "StayReserved", {{"place_id", "p1"}}), Event(2, "VacancyFilled")};
  EXPECT_TRUE(
      Run(R"({"call": "housing.A", "events": [{"type": "StayReserved", "data": {"place_id": "p1"}}, "VacancyFilled"]})")
          .ok());
  EXPECT_THAT(out_.str(), ContainsRegex("event housing +1-1  StayReserved"));

  progress_ = {{"next_step", 0}, {"place", 0}};
  EXPECT_FALSE(Run(R"({"call": "housing.A", "events": ["VacancyFilled", "VacancyFilled"]})").ok());
  EXPECT_THAT(out_.str(), HasSubstr("did not reach the subscriber"));
}

TEST_F(PlayTest, TimesAreToldWithTheirYear) {
  EXPECT_TRUE(Run(R"({"say": "A year later.", "advance": "365d"})").ok());
  EXPECT_THAT(out_.str(), HasSubstr("… until Tuesday 23 November 2027 08:00"));
  EXPECT_THAT(out_.str(), HasSubstr("Tue 23 Nov 2027 08:00  A year later."));
}

TEST_F(PlayTest, EventsFromBeforeTheStoryAreNotTold) {
  stage_.has_events = true;
  stage_.events = {Event(1, "StayReserved")};
  EXPECT_TRUE(Run(R"({"say": "Nothing happens."})").ok());
  EXPECT_THAT(out_.str(), Not(HasSubstr("StayReserved")));
}

TEST_F(PlayTest, ARepeatSendsTheSameRequestAndWantsTheSameAnswer) {
  stage_.answers = {Json::parse(R"({"stay": {"version": 2}})"), Json::parse(R"({"stay": {"version": 2}})")};
  EXPECT_TRUE(
      Run(R"({"call": "housing.A", "name": "arrival", "request": {"stay_id": "s"}}, {"repeat": "arrival"})").ok());
  ASSERT_EQ(stage_.calls.size(), 2u);
  EXPECT_EQ(stage_.calls[0].request, stage_.calls[1].request);

  progress_ = Json();
  stage_.answers = {Json::parse(R"({"stay": {"version": 2}})"), Json::parse(R"({"stay": {"version": 3}})")};
  EXPECT_FALSE(Run(R"({"call": "housing.A", "name": "arrival"}, {"repeat": "arrival"})").ok());
}

TEST_F(PlayTest, ALoopDoesItsStepForEachValueWithItsOwnRequestId) {
  EXPECT_TRUE(Run(R"({"for": {"n": "1..3"}, "call": "housing.A", "request": {"label": "${n}"}})").ok());
  ASSERT_EQ(stage_.calls.size(), 3u);
  EXPECT_EQ(stage_.calls[2].request["label"], "3");
  EXPECT_NE(stage_.calls[0].request["request_id"], stage_.calls[1].request["request_id"]);
}

TEST_F(PlayTest, ALoopMayMakeSeveralCallsForEachValue) {
  stage_.answers = {Json::parse(R"({"id": "x"})")};
  ASSERT_TRUE(Run(R"({"for": {"n": ["a", "b"]}, "do": [{"call": "housing.A", "save": {"id_${n}": "id"}},
                                                       {"call": "housing.B", "request": {"of": "${id_${n}}"}}]})")
                  .ok());
  ASSERT_EQ(stage_.calls.size(), 4u);
  EXPECT_EQ(stage_.calls[1].method, "housing.B");
  EXPECT_EQ(stage_.calls[2].method, "housing.A");
  EXPECT_EQ(stage_.calls[3].request["of"], "x");
  EXPECT_FALSE(Run(R"({"do": [{"call": "housing.A"}]})").ok());
}

TEST_F(PlayTest, TheClockIsMovedBeforeTheCall) {
  const absl::Time before = stage_.now;
  EXPECT_TRUE(Run(R"({"advance": "60d", "call": "housing.A", "request": {"date": "${today}"}})").ok());
  EXPECT_EQ(stage_.now, before + absl::Hours(24 * 60));
  EXPECT_EQ(stage_.calls[0].request["date"], "2027-01-22");
}

TEST_F(PlayTest, ANextTimeLiesAhead) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::Time monday = absl::FromCivil(absl::CivilMinute(2026, 11, 23, 8, 0), utc);
  EXPECT_EQ(*NextTime("15:40", monday, utc), absl::FromCivil(absl::CivilMinute(2026, 11, 23, 15, 40), utc));
  EXPECT_EQ(*NextTime("08:00", monday, utc), absl::FromCivil(absl::CivilMinute(2026, 11, 24, 8, 0), utc));
  EXPECT_EQ(*NextTime("Monday 08:00", monday, utc), absl::FromCivil(absl::CivilMinute(2026, 11, 30, 8, 0), utc));
  EXPECT_EQ(*NextTime("2027-02-10 17:00", monday, utc), absl::FromCivil(absl::CivilMinute(2027, 2, 10, 17, 0), utc));
  EXPECT_FALSE(NextTime("2026-11-22 17:00", monday, utc).ok());
  EXPECT_FALSE(NextTime("2027-02-30 17:00", monday, utc).ok());
  EXPECT_FALSE(NextTime("25:00", monday, utc).ok());
  EXPECT_FALSE(NextTime("someday 08:00", monday, utc).ok());
}

TEST_F(PlayTest, AnInterruptedStoryGoesOnWithTheSameIdsAndMovesTheClockOnce) {
  const std::string steps =
      R"({"call": "housing.A", "save": {"a": "id"}}, {"advance": "1d", "call": "housing.B", "request": {"a": "${a}"}})";
  stage_.answers = {Json::parse(R"({"id": "x"})"), absl::UnavailableError("gone")};
  EXPECT_FALSE(Run(steps).ok());
  EXPECT_EQ(progress_["next_step"], 1);
  stage_.answers = {Json::object()};
  EXPECT_TRUE(Run(steps).ok());
  ASSERT_EQ(stage_.calls.size(), 3u);
  EXPECT_EQ(stage_.calls[1].request, stage_.calls[2].request);
  EXPECT_EQ(stage_.calls[2].request["a"], "x");
  EXPECT_EQ(stage_.moves, 1);
}

TEST_F(PlayTest, AMoveOfTheClockThatWasCutOffIsFinishedAndNotMadeTwice) {
  const absl::Time before = stage_.now;
  stage_.move_fails = true;
  EXPECT_FALSE(Run(R"({"advance": "35d"})").ok());
  // What was written before the cut may have taken hold already.
  stage_.now = before + absl::Hours(24 * 35);
  stage_.move_fails = false;
  EXPECT_TRUE(Run(R"({"advance": "35d"})").ok());
  EXPECT_EQ(stage_.now, before + absl::Hours(24 * 35));
}

TEST_F(PlayTest, AStoryIsNotPlayedTwice) {
  EXPECT_TRUE(Run(R"({"call": "housing.A"})").ok());
  EXPECT_EQ(progress_["done"], true);
  EXPECT_TRUE(Run(R"({"call": "housing.A"})").ok());
  EXPECT_EQ(stage_.calls.size(), 1u);
  EXPECT_THAT(out_.str(), HasSubstr("not played twice"));
}

}  // namespace
}  // namespace mestring::ctl
