// Identifiers.
//
// UUIDv7 and not v4: its time prefix puts new rows next to each other at the end of every index, so that an insert
// costs the same with a million rows as with a thousand. (Person references are random; another system makes them.)
//
// A national identity number is recognised by its arithmetic and not only by its form, because eleven digits can also
// be a telephone number with a prefix or a case number. First, digits in a form that no such number has are removed.
// Then the remaining groups of digits are joined whatever separates them, because people write "150680 12345",
// "15.06.80-12345" and "1 5 0 6 8 0 …". A usual form counts beside other numbers too; any other form only where it
// stands alone.
#include "common/base/ids.h"

#include <algorithm>
#include <array>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/random.h"
#include "re2/re2.h"

namespace mestring {
namespace {

constexpr size_t kUuidBytes = 16;
constexpr size_t kUuidLength = 36;
bool IsHyphenPlace(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

// The text of a UUID of this version, whose other bits stand in `bytes`.
std::string UuidText(int version, std::array<uint8_t, kUuidBytes> bytes) {
  bytes[6] = static_cast<uint8_t>(version << 4 | (bytes[6] & 0x0f));
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  text.reserve(kUuidLength);
  for (size_t i = 0; i < kUuidBytes; ++i) {
    if (IsHyphenPlace(text.size())) text.push_back('-');
    text.push_back(kHex[bytes[i] >> 4]);
    text.push_back(kHex[bytes[i] & 15]);
  }
  return text;
}

constexpr size_t kNationalIdLength = 11;
using Digits = std::array<int, kNationalIdLength>;

// The two control digits (modulus 11) of an eleven-digit number. The synthetic numbers of
// Skatteetaten and NAV and the D- and H-numbers use the same weights over the digits as written. From 2032 on the
// first one leaves a remainder of 0 to 3, where today it is always 0 (Skatteetaten, "nytt fødselsnummer fra 2032").
bool ControlDigitsFit(const Digits& d) {
  constexpr int kFirst[] = {3, 7, 6, 1, 8, 9, 4, 5, 2, 1}, kSecond[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1};
  constexpr int kFirstRemainderMax = 3;
  int first = 0, second = 0;
  for (int i = 0; i < 10; ++i) first += kFirst[i] * d[i];
  for (int i = 0; i < 11; ++i) second += kSecond[i] * d[i];
  return first % 11 <= kFirstRemainderMax && second % 11 == 0;
}

// Whether the first six digits can be a date. The day may carry 40 (D-number); the month may carry 40
// (H-number, and NAV's synthetic ones), 80 (Skatteetaten's synthetic ones) or 65 (NAV's synthetic
// copies of Skatteetaten's). The century stands in the individual number, so 29 February is let through.
bool DateIsPossible(const Digits& d) {
  constexpr int kDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int day = d[0] * 10 + d[1], month = d[2] * 10 + d[3];
  if (day > 40) day -= 40;
  for (int added : {80, 65, 40}) {
    if (month > added && month <= added + 12) {
      month -= added;
      break;
    }
  }
  return month >= 1 && month <= 12 && day >= 1 && day <= kDays[month - 1];
}

// Texts with digits that are no national identity number because of their form.
const RE2& OtherForms() {
  static const RE2& kForms = *new RE2(
      // A UUID; a hash or another long hexadecimal word.
      R"(\b(?:[[:xdigit:]]{8}(?:-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}|[[:xdigit:]]{32,})"
      // A date, or an instant as RFC 3339 has it, to the minute or finer; a date as people write it.
      R"(|(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:[0-2]\d|3[01])(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)"
      R"((?:[Zz]|[+-]\d\d:\d\d)?)?|[0-3]?\d\.(?:0?[1-9]|1[0-2])\.(?:19|20)\d\d)"
      // A cursor, whose epoch is a count of seconds (here between 2023 and 2052). One with a position of one digit is
      // a number with a hyphen before its last digit, too.
      R"(|(?:1[7-9]|2[0-5])\d{8}-\d{2,})"
      // An address of this machine with its port.
      R"(|127\.0\.0\.1:\d+)\b)");
  return kForms;
}

// What stands before a group of digits.
enum class Gap {
  kWide,       // more than a separator, or a letter
  kSpacedOut,  // a separator with spaces around it
  kSeparator,  // one character that is neither letter nor digit
};

struct Group {
  Gap before;
  std::string_view digits;
};

std::vector<Group> GroupsIn(const std::string& text) {
  static const RE2& kDigits = *new RE2(R"(\d+)");
  static const RE2& kSeparator = *new RE2(R"([^\pL\pN])");
  static const RE2& kSpacedOut = *new RE2(R"([\pZ\s]?[^\pL\pN][\pZ\s]?)");
  std::vector<Group> groups;
  const re2::StringPiece whole(text);
  size_t end = 0;
  re2::StringPiece found;
  while (kDigits.Match(whole, end, whole.size(), RE2::UNANCHORED, &found, 1)) {
    const size_t begin = found.data() - whole.data();
    const re2::StringPiece between = whole.substr(end, begin - end);
    const Gap before = end == 0                              ? Gap::kWide
                       : RE2::FullMatch(between, kSeparator) ? Gap::kSeparator
                       : RE2::FullMatch(between, kSpacedOut) ? Gap::kSpacedOut
                                                             : Gap::kWide;
    groups.push_back({before, std::string_view(found.data(), found.size())});
    end = begin + found.size();
  }
  return groups;
}

bool IsNationalId(const std::string& digits) {
  Digits d;
  for (size_t i = 0; i < d.size(); ++i) d[i] = digits[i] - '0';
  return DateIsPossible(d) && ControlDigitsFit(d);
}

// Whether a national identity number begins with the group at `first`.
bool NumberAt(const std::vector<Group>& groups, size_t first) {
  constexpr size_t kDate = 6;
  std::string digits;
  bool usual = true;  // in groups of 11, of 6 and 5, or of 2, 2, 2 and 5
  size_t i = first;
  for (; i < groups.size() && digits.size() < kNationalIdLength; ++i) {
    const auto& [before, more] = groups[i];
    const size_t begin = digits.size(), end = begin + more.size();
    if (i > first && (before == Gap::kWide || (before == Gap::kSpacedOut && begin != kDate))) return false;
    usual = usual && (end == kNationalIdLength ? begin == 0 || begin == kDate
                                               : more.size() == 2 || (begin == 0 && end == kDate));
    absl::StrAppend(&digits, more);
  }
  if (digits.size() != kNationalIdLength) return false;
  const auto separated = [&](size_t group) {
    return group == groups.size() || groups[group].before != Gap::kSeparator;
  };
  return (usual || (separated(first) && separated(i))) && IsNationalId(digits);
}

}  // namespace

std::string NewId(absl::Time now) {
  std::array<uint8_t, kUuidBytes> bytes;
  const uint64_t millis = static_cast<uint64_t>(absl::ToUnixMillis(now));
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(millis >> (40 - 8 * i));
  FillRandom(absl::MakeSpan(bytes).subspan(6));
  return UuidText(7, bytes);
}

std::string NewRandomId() {
  std::array<uint8_t, kUuidBytes> bytes;
  FillRandom(absl::MakeSpan(bytes));
  return UuidText(4, bytes);
}

bool HoldsUuid(std::string_view text) {
  constexpr size_t kDigits = 2 * kUuidBytes;
  const auto is_word = [&](size_t i) { return i < text.size() && absl::ascii_isalnum(text[i]); };
  for (size_t begin = 0; begin < text.size(); ++begin) {
    if (begin > 0 && is_word(begin - 1)) continue;
    size_t digits = 0, i = begin;
    for (; i < text.size() && digits < kDigits; ++i) {
      const bool hyphen = text[i] == '-' && digits > 0;
      if (!hyphen && !absl::ascii_isxdigit(text[i])) break;
      if (!hyphen) ++digits;
    }
    if (digits == kDigits && !is_word(i)) return true;
  }
  return false;
}

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidLength) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (IsHyphenPlace(i) ? c != '-' : !(absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

bool IsAttribute(std::string_view text) { return std::all_of(text.begin(), text.end(), absl::ascii_isprint); }

bool HoldsNationalId(std::string_view text) {
  // Nearly every text has fewer digits, and is done here.
  if (std::count_if(text.begin(), text.end(), absl::ascii_isdigit) < static_cast<int>(kNationalIdLength)) return false;
  std::string rest(text);
  RE2::GlobalReplace(&rest, OtherForms(), "x");
  const std::vector<Group> groups = GroupsIn(rest);
  for (size_t i = 0; i < groups.size(); ++i) {
    if (NumberAt(groups, i)) return true;
  }
  return false;
}

std::string Cursor::ToString() const { return absl::StrCat(epoch, "-", position); }

absl::StatusOr<Cursor> ParseCursor(std::string_view text) {
  const size_t hyphen = text.find('-');
  Cursor cursor;
  if (hyphen == std::string_view::npos || !absl::SimpleAtoi(text.substr(0, hyphen), &cursor.epoch) ||
      !absl::SimpleAtoi(text.substr(hyphen + 1), &cursor.position) || cursor.epoch < 0 || cursor.position < 0 ||
      cursor.ToString() != text) {
    return InvalidArgument("cursor", "must be \"<epoch>-<position>\"");
  }
  return cursor;
}

bool Follows(Cursor after, Cursor entry, bool begins_epoch) {
  if (begins_epoch) return entry.epoch > after.epoch && entry.position == after.position;
  return entry.epoch == after.epoch && entry.position == after.position + 1;
}

}  // namespace mestring
