#include "common/ids.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"

namespace mestring {
namespace {

// Completes nine digits to a number with right control digits; "" if there is none.
std::string WithControlDigits(const std::string& nine) {
  constexpr int kFirst[] = {3, 7, 6, 1, 8, 9, 4, 5, 2}, kSecond[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  int first = 0, second = 0;
  for (int i = 0; i < 9; ++i) first += kFirst[i] * (nine[static_cast<size_t>(i)] - '0');
  first = (11 - first % 11) % 11;
  const std::string ten = nine + std::to_string(first);
  if (first == 10) return "";
  for (int i = 0; i < 10; ++i) second += kSecond[i] * (ten[static_cast<size_t>(i)] - '0');
  second = (11 - second % 11) % 11;
  return second == 10 ? "" : ten + std::to_string(second);
}

// A number that begins with these six digits.
std::string Number(const std::string& date) {
  for (int individual = 100; individual < 1000; ++individual) {
    const std::string number = WithControlDigits(date + std::to_string(individual));
    if (!number.empty()) return number;
  }
  return "";
}

TEST(IdsTest, NewIdsAreUuidsOfVersionSevenInTheOrderOfTime) {
  const absl::Time now = absl::FromUnixMillis(0x0123456789ab);
  const std::string id = NewId(now);
  EXPECT_TRUE(IsUuid(id)) << id;
  EXPECT_EQ(id.substr(0, 15), "01234567-89ab-7");
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
  EXPECT_LT(id, NewId(now + absl::Milliseconds(1)));
  std::set<std::string> ids;
  for (int i = 0; i < 10000; ++i) ids.insert(NewId(now));
  EXPECT_EQ(ids.size(), 10000u);
}

TEST(IdsTest, OnlyTheOneFormIsAUuid) {
  EXPECT_TRUE(IsUuid("01890a5d-ac96-774b-bcce-b302099a8057"));
  for (const char* text : {"", "01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5dac96774bbcceb302099a8057",
                           "01890a5d-ac96-774b-bcce-b302099a805", "01890a5d-ac96-774b-bcce-b302099a80577",
                           "01890a5d-ac96-774b-bcce-b302099a805g", "01890a5d_ac96-774b-bcce-b302099a8057"}) {
    EXPECT_FALSE(IsUuid(text)) << text;
  }
}

TEST(IdsTest, AUuidIsFoundInWordsInAnySpelling) {
  for (const char* text : {"0196c0de-7a11-7c0d-8bad-feedfacecafe", "see 0196C0DE-7A11-7C0D-8BAD-FEEDFACECAFE.",
                           "(0196c0de7a117c0d8badfeedfacecafe)", "a b 0196c0de-7a11-7c0d-8badfeedfacecafe"}) {
    EXPECT_TRUE(HoldsUuid(text)) << text;
  }
  for (const char* text :
       {"", "feed a cafe", "0196c0de-7a11-7c0d-8bad-feedfacecaf", "x0196c0de7a117c0d8badfeedfacecafe",
        "0196c0de7a117c0d8badfeedfacecafe1", "----", "2026-11-23 to 2026-12-24"}) {
    EXPECT_FALSE(HoldsUuid(text)) << text;
  }
}

TEST(IdsTest, ACursorHasOneForm) {
  for (const char* text : {"0-0", "1795417200-12", "9223372036854775807-1"}) {
    const auto cursor = ParseCursor(text);
    ASSERT_TRUE(cursor.ok()) << text;
    EXPECT_EQ(cursor->ToString(), text);
  }
  for (const char* text : {"", "-", "1-", "-1", "1", "01-1", "1-01", "+1-1", " 1-1", "1-1 ", "1-1-1", "a-1", "-1-1",
                           "1--1", "9223372036854775808-1"}) {
    EXPECT_FALSE(ParseCursor(text).ok()) << text;
  }
  EXPECT_LT((Cursor{1, 9}), (Cursor{2, 0}));
  EXPECT_LT((Cursor{2, 0}), (Cursor{2, 1}));
}

TEST(IdsTest, NationalIdsOfEveryKindAreFound) {
  // Day and month as the kinds write them, on 15 June.
  for (const char* date : {"150680",  // ordinary
                           "550680",  // D-number: day + 40
                           "154680",  // H-number, or NAV's synthetic: month + 40
                           "158680",  // Skatteetaten's synthetic: month + 80
                           "157180",  // NAV's synthetic of Skatteetaten's: month + 65
                           "558680", "554680", "290200", "310119"}) {
    const std::string number = Number(date);
    ASSERT_FALSE(number.empty());
    EXPECT_TRUE(HoldsNationalId(number)) << number;
    EXPECT_TRUE(HoldsNationalId(absl::StrCat("born ", number, ", moved in")));
    EXPECT_TRUE(HoldsNationalId(absl::StrCat("(", number, ")")));
    EXPECT_TRUE(HoldsNationalId(absl::StrCat("æ", number, "å")));
    EXPECT_TRUE(HoldsNationalId(absl::StrCat(number.substr(0, 6), " ", number.substr(6))));
    EXPECT_TRUE(HoldsNationalId(absl::StrCat("f.nr. ", number.substr(0, 6), ".", number.substr(6), ".")));
  }
}

TEST(IdsTest, WhatOnlyLooksLikeANationalIdIsNotOne) {
  const std::string number = Number("150680");
  for (size_t i = 9; i < 11; ++i) {
    std::string wrong = number;
    wrong[i] = wrong[i] == '9' ? '0' : static_cast<char>(wrong[i] + 1);
    EXPECT_FALSE(HoldsNationalId(wrong)) << wrong;
  }
  EXPECT_FALSE(HoldsNationalId(number + "1"));
  EXPECT_FALSE(HoldsNationalId("1" + number));
  EXPECT_FALSE(HoldsNationalId("a" + number));
  EXPECT_FALSE(HoldsNationalId(number + "b"));
  EXPECT_FALSE(HoldsNationalId(number.substr(0, 10)));
  EXPECT_FALSE(HoldsNationalId(Number("320180")));  // no such day
  EXPECT_FALSE(HoldsNationalId(Number("151380")));  // no such month
  EXPECT_FALSE(HoldsNationalId(Number("300280")));  // no 30 February
  EXPECT_FALSE(HoldsNationalId(""));
  EXPECT_FALSE(HoldsNationalId("1795417200-123456"));
  EXPECT_FALSE(HoldsNationalId("2026-11-23T15:40:00Z"));
}

TEST(IdsTest, NoUuidHoldsANationalId) {
  const std::string number = Number("150680");
  EXPECT_FALSE(HoldsNationalId(absl::StrCat("01890a5d-ac96-774b-bcce-a", number)));
  EXPECT_FALSE(HoldsNationalId(absl::StrCat("01890a5d-ac96-774b-bcce-", number, "a")));
  for (int i = 0; i < 200000; ++i) ASSERT_FALSE(HoldsNationalId(NewId(absl::FromUnixSeconds(1795417200 + i))));
}

}  // namespace
}  // namespace mestring
