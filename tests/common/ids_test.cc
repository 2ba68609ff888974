#include "common/base/ids.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/substitute.h"

namespace mestring {
namespace {

// Completes nine digits to a number with right control digits; "" if there is none. The rule from 2032 on leaves a
// remainder of up to 3 where today's leaves 0.
std::string WithControlDigits(const std::string& nine, int remainder = 0) {
  constexpr int kFirst[] = {3, 7, 6, 1, 8, 9, 4, 5, 2}, kSecond[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  int first = 0, second = 0;
  for (int i = 0; i < 9; ++i) first += kFirst[i] * (nine[static_cast<size_t>(i)] - '0');
  first = (11 + remainder - first % 11) % 11;
  const std::string ten = nine + std::to_string(first);
  if (first == 10) return "";
  for (int i = 0; i < 10; ++i) second += kSecond[i] * (ten[static_cast<size_t>(i)] - '0');
  second = (11 - second % 11) % 11;
  return second == 10 ? "" : ten + std::to_string(second);
}

// A number that begins with these six digits.
std::string Number(const std::string& date, int remainder = 0) {
  for (int individual = 100; individual < 1000; ++individual) {
    const std::string number = WithControlDigits(date + std::to_string(individual), remainder);
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

// S7
TEST(IdsTest, ARandomIdIsAUuidOfVersionFourAndTellsNoOrder) {
  std::set<std::string> ids;
  int ascending = 0;
  std::string last;
  for (int i = 0; i < 10000; ++i) {
    const std::string id = NewRandomId();
    ASSERT_TRUE(IsUuid(id)) << id;
    ASSERT_EQ(id[14], '4') << id;
    ASSERT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
    ascending += last < id;
    last = id;
    ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 10000u);
  // As often up as down: by chance it is further off than this once in 10^15 runs.
  EXPECT_GT(ascending, 4700);
  EXPECT_LT(ascending, 5300);
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
  EXPECT_FALSE(HoldsNationalId(number.substr(0, 10)));
  EXPECT_FALSE(HoldsNationalId(Number("320180")));  // no such day
  EXPECT_FALSE(HoldsNationalId(Number("151380")));  // no such month
  EXPECT_FALSE(HoldsNationalId(Number("300280")));  // no 30 February
  EXPECT_FALSE(HoldsNationalId(""));
  EXPECT_FALSE(HoldsNationalId("1795417200-123456"));
  EXPECT_FALSE(HoldsNationalId("2026-11-23T15:40:00Z"));
}

// S3.
TEST(IdsTest, NationalIdsAreFoundBySpellingsOfEveryKind) {
  for (const char* text : {"018190-12365",
                           "0 1 8 1 9 0 1 2 3 6 5",
                           "018190\u00a012365",
                           "01819012373",
                           "f01819012365",
                           "fnr01819012365",
                           "01819012365og",
                           "01.81.90 12365",
                           "01 81 90 123 65",
                           "018190 - 12365",
                           "018190 \u2013 12365",
                           "018190  12365",
                           "018190, 12365",
                           "(018190)12365",
                           "018190\n12365",
                           "0181.9012.365",
                           "01819012365 2 barn",
                           "rom 3 01819012365",
                           "3, 0181 9012 365.",
                           "01819012365 01819012365",
                           "2026-11-30 01819012365",
                           "30.11.2026 018190 12365",
                           "01890a5d-ac96-774b-bcce-b302099a8057 01819012365",
                           "se 01819012365-1795417200-1"}) {
    EXPECT_TRUE(HoldsNationalId(text)) << text;
  }
}

TEST(IdsTest, AnySeparatorMayStandBetweenAnyTwoDigits) {
  std::vector<std::string> separators;
  for (char c = ' '; c < 0x7f; ++c) {
    if (!absl::ascii_isalnum(c)) separators.push_back(std::string(1, c));
  }
  for (const char* wide :
       {"\t",     "\n",     "\u00a0", "\u00ad", "\u00b7", "\u2007", "\u2009", "\u200b", "\u2010", "\u2011", "\u2012",
        "\u2013", "\u2014", "\u2015", "\u2022", "\u202f", "\u2060", "\u2212", "\u3000", "\ufe63", "\ufeff", "\uff0d"}) {
    separators.push_back(wide);
  }
  // Those of the 18th and of the 25th begin as the epoch of a cursor does.
  for (const std::string& number : {Number("150680"), Number("180190"), Number("250590")}) {
    for (const std::string& separator : separators) {
      std::string everywhere = number.substr(0, 1);
      for (size_t i = 1; i < number.size(); ++i) {
        const std::string once = absl::StrCat(number.substr(0, i), separator, number.substr(i));
        EXPECT_TRUE(HoldsNationalId(once)) << once;
        EXPECT_TRUE(HoldsNationalId(absl::StrCat("født ", once, ", flyttet"))) << once;
        absl::StrAppend(&everywhere, separator, number.substr(i, 1));
      }
      EXPECT_TRUE(HoldsNationalId(everywhere)) << everywhere;
    }
    for (const char* mixed : {"$1:$2:$3.$4", "$1.$2.$3:$4", "abcdef$1$2$3$4"}) {
      const std::string text =
          absl::Substitute(mixed, "", number.substr(0, 2), number.substr(2, 2), number.substr(4, 2), number.substr(6));
      EXPECT_TRUE(HoldsNationalId(text)) << text;
    }
  }
  const std::string number = Number("150680");
  for (const char* letter : {"a", "æ", "x1x"}) {
    EXPECT_FALSE(HoldsNationalId(absl::StrCat(number.substr(0, 6), letter, number.substr(6)))) << letter;
  }
}

TEST(IdsTest, NationalIdsOfTheRuleFrom2032AreFound) {
  for (int remainder = 0; remainder <= 3; ++remainder) {
    EXPECT_TRUE(HoldsNationalId(Number("150632", remainder))) << remainder;
    EXPECT_TRUE(HoldsNationalId(Number("158632", remainder))) << remainder;
  }
  for (int remainder = 4; remainder <= 10; ++remainder) {
    EXPECT_FALSE(HoldsNationalId(Number("150632", remainder))) << remainder;
  }
}

TEST(IdsTest, WhatHasAFormOfItsOwnHoldsNoNationalId) {
  const std::string number = Number("150680");
  EXPECT_FALSE(HoldsNationalId(absl::StrCat("01890a5d-ac96-774b-bcce-a", number)));
  EXPECT_FALSE(HoldsNationalId(absl::StrCat("01890a5d-ac96-774b-bcce-", number, "a")));
  EXPECT_FALSE(HoldsNationalId(absl::StrCat("4bf92f3577b34da6a", number, "bcce")));
  std::mt19937_64 random(2032);
  std::uniform_int_distribution<int64_t> second(1'700'000'000, 2'599'999'999), position(0, 100'000'000);
  for (int i = 0; i < 500'000; ++i) {
    const std::string id = NewId(absl::FromUnixSeconds(1795417200 + i)), random_id = NewRandomId();
    ASSERT_FALSE(HoldsNationalId(id)) << id;
    ASSERT_FALSE(HoldsNationalId(random_id)) << random_id;
    ASSERT_FALSE(HoldsNationalId(absl::StrCat(id, ",", random_id, " ", id)));
    const Cursor cursor{second(random), 10 + (position(random) >> (i % 27))};
    ASSERT_FALSE(HoldsNationalId(cursor.ToString())) << cursor.ToString();
  }
  for (int i = 0; i < 100'000; ++i) {
    const absl::Time time = absl::FromUnixMicros(second(random) * 1'000'000 + position(random) % 1'000'000);
    for (const char* format : {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%E*SZ", "%Y-%m-%d %H:%M:%E5S", "%d.%m.%Y",
                               "%Y-%m-%dT%H:%M:%S+01:00", "%d.%m.%Y 100", "%Y-%m-%d 100", "%d.%m.%Y kl. %H.%M"}) {
      const std::string text = absl::FormatTime(format, time, absl::UTCTimeZone());
      ASSERT_FALSE(HoldsNationalId(text)) << text;
    }
  }
  for (int port = 10'000; port < 65'536; ++port) {
    ASSERT_FALSE(HoldsNationalId(absl::StrCat("127.0.0.1:", port)));
  }
  for (const char* text : {"1 250 000,00 kr", "12 500 000.00", "+47 51 97 50 00", "kr 400000, 365000 og 12000"}) {
    EXPECT_FALSE(HoldsNationalId(text)) << text;
  }
}

// The rate that ids.h states.
TEST(IdsTest, OneInAHundredOtherNumbersOfElevenDigitsIsTakenForANationalId) {
  std::mt19937_64 random(11);
  std::uniform_int_distribution<int64_t> number(0, 99'999'999'999);
  int taken = 0;
  constexpr int kTried = 200'000;
  for (int i = 0; i < kTried; ++i) taken += HoldsNationalId(absl::StrFormat("%011d", number(random)));
  EXPECT_GT(taken, kTried / 200);
  EXPECT_LT(taken, kTried / 67);
}

}  // namespace
}  // namespace mestring
