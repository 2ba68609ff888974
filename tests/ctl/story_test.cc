// The language of stories: reading, variables, expectations.
#include "services/ctl/story.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mestring::ctl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Variables OfRun(const std::string& seed) {
  return Variables(seed, [] { return absl::CivilDay(2026, 11, 23); });
}

TEST(StoryTest, ArrayAndLinesSayTheSame) {
  absl::StatusOr<Story> array = ParseStory(R"([{"story": "s"}, {"say": "a"}, {"say": "b"}])");
  absl::StatusOr<Story> lines = ParseStory("{\"story\": \"s\"}\n\n{\"say\": \"a\"}\n{\"say\": \"b\"}\n");
  ASSERT_TRUE(array.ok()) << array.status();
  ASSERT_TRUE(lines.ok()) << lines.status();
  EXPECT_EQ(array->steps, lines->steps);
  EXPECT_EQ(array->name, "s");
}

TEST(StoryTest, NothingIsSilentlyIgnored) {
  EXPECT_THAT(std::string(ParseStory(R"([{"story": "s"}, {"expct": {}}])").status().message()), HasSubstr("expct"));
  EXPECT_FALSE(ParseStory(R"([{"say": "no name"}])").ok());
  EXPECT_FALSE(ParseStory(R"([{"story": "s"}, {"call": "a.B", "expect": {}, "refused": {}}])").ok());
  EXPECT_FALSE(ParseStory(R"([{"story": "s"}, {"request": {}}])").ok());
  EXPECT_FALSE(ParseStory(R"([{"story": "s"}, {"call": 7}])").ok());
  EXPECT_FALSE(ParseStory("{\"story\": \"s\"}\nnot json\n").ok());
}

TEST(VariablesTest, AVariableAloneKeepsItsValueAndInsideTextItsWords) {
  Variables variables = OfRun("seed");
  variables.Set("n", 7);
  variables.Set("list", Json::array({1, 2}));
  absl::StatusOr<Json> out =
      variables.Expand(Json::parse(R"({"a": "${n}", "b": "place ${n}", "c": ["${list}"], "${n}": 1})"));
  ASSERT_TRUE(out.ok()) << out.status();
  EXPECT_EQ(*out, Json::parse(R"({"a": 7, "b": "place 7", "c": [[1, 2]], "7": 1})"));
}

TEST(VariablesTest, DatesAreThoseOfTheRehearsal) {
  absl::StatusOr<Json> out = OfRun("seed").Expand(Json::parse(R"(["${today}", "${today+8}", "${today-1}"])"));
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(*out, Json::parse(R"(["2026-11-23", "2026-12-01", "2026-11-22"])"));
  out = OfRun("seed").Expand(Json::parse(R"(["${year}", "${year+1}-02-10"])"));
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(*out, Json::parse(R"([2026, "2027-02-10"])"));
}

TEST(VariablesTest, AnUnknownVariableIsNamed) {
  EXPECT_THAT(std::string(OfRun("seed").Expand(Json("${nobody}")).status().message()), HasSubstr("nobody"));
  EXPECT_FALSE(OfRun("seed").Expand(Json("${open")).ok());
}

TEST(VariablesTest, AUuidIsTheSameWithinARunAndAnotherInTheNext) {
  EXPECT_EQ(OfRun("one").Uuid("ada"), OfRun("one").Uuid("ada"));
  EXPECT_NE(OfRun("one").Uuid("ada"), OfRun("one").Uuid("bo"));
  EXPECT_NE(OfRun("one").Uuid("ada"), OfRun("two").Uuid("ada"));
  EXPECT_EQ(OfRun("one").Uuid("ada").size(), 36u);
  EXPECT_EQ(OfRun("one").Uuid("ada")[14], '4');
}

TEST(MatchTest, AnObjectMayHoldMoreThanExpected) {
  EXPECT_THAT(Match(Json::parse(R"({"a": {"b": 1}})"), Json::parse(R"({"a": {"b": 1, "c": 2}, "d": 3})")), IsEmpty());
}

TEST(MatchTest, AMismatchNamesThePlaceWhatWasExpectedAndWhatCame) {
  const auto mismatches =
      Match(Json::parse(R"({"stay": {"state": "ARRIVED"}})"), Json::parse(R"({"stay": {"state": "RESERVED"}})"));
  ASSERT_THAT(mismatches, SizeIs(1));
  EXPECT_EQ(mismatches[0].path, "stay.state");
  EXPECT_EQ(mismatches[0].expected, "\"ARRIVED\"");
  EXPECT_EQ(mismatches[0].got, "\"RESERVED\"");
}

TEST(MatchTest, AListMustHaveEachElementInOrder) {
  EXPECT_THAT(Match(Json::parse("[1, 2]"), Json::parse("[1, 2]")), IsEmpty());
  EXPECT_THAT(Match(Json::parse("[1, 2]"), Json::parse("[2, 1]")), SizeIs(2));
  EXPECT_THAT(Match(Json::parse("[1]"), Json::parse("[1, 2]")), SizeIs(1));
  EXPECT_THAT(Match(Json::parse("[1]"), Json()), SizeIs(1));
}

TEST(MatchTest, LongNumbersAreTextInJsonAndStillNumbers) {
  EXPECT_THAT(Match(Json(3), Json("3")), IsEmpty());
  EXPECT_THAT(Match(Json("3"), Json(3)), IsEmpty());
  EXPECT_THAT(Match(Json(3), Json("4")), SizeIs(1));
}

TEST(MatchTest, WhatIsAbsentHasItsDefault) {
  EXPECT_THAT(Match(Json::parse(R"({"n": 0, "b": false, "s": "", "o": {"x": ""}})"), Json::object()), IsEmpty());
  EXPECT_THAT(Match(Json::parse(R"({"n": 1})"), Json::object()), SizeIs(1));
}

TEST(MatchTest, SpecialMatchers) {
  const Json list = Json::parse(R"([{"code": "a", "n": 1}, {"code": "b", "n": 2}])");
  EXPECT_THAT(Match(Json::parse(R"({"$contains": [{"code": "b"}]})"), list), IsEmpty());
  EXPECT_THAT(Match(Json::parse(R"({"$contains": [{"code": "b", "n": 1}]})"), list), SizeIs(1));
  EXPECT_THAT(Match(Json::parse(R"({"$size": 2})"), list), IsEmpty());
  EXPECT_THAT(Match(Json::parse(R"({"$size": 0})"), Json()), IsEmpty());
  EXPECT_THAT(Match(Json::parse(R"({"$set": true})"), Json("x")), IsEmpty());
  EXPECT_THAT(Match(Json::parse(R"({"$set": true})"), Json("")), SizeIs(1));
  EXPECT_THAT(Match(Json::parse(R"({"$set": false})"), Json()), IsEmpty());
  EXPECT_THAT(Match(Json::parse(R"({"$almost": 1})"), Json(1)), SizeIs(1));
}

TEST(AtTest, PathsGoThroughMembersIndicesAndConditions) {
  const Json json = Json::parse(R"({"schemes": [{"code": "akutten", "id": 1}, {"code": "smahus", "id": 2}]})");
  EXPECT_EQ(At(json, "schemes.1.id"), 2);
  EXPECT_EQ(At(json, "schemes[code=akutten].id"), 1);
  EXPECT_TRUE(At(json, "schemes[code=none].id").is_null());
  EXPECT_TRUE(At(json, "schemes.7.id").is_null());
  EXPECT_TRUE(At(json, "nowhere").is_null());
}

}  // namespace
}  // namespace mestring::ctl
