// Identifiers.
//
// UUIDv7 rather than v4: its time prefix keeps new rows together at the right edge of every index,
// so that inserting costs the same with a million rows as with a thousand. (Person references are not
// made here; they are random, and somebody else's.)
//
// A national identity number is looked for by its arithmetic and not only by its form, because
// eleven digits alone are also a telephone number with a prefix or a case number. Digits beside a
// letter do not count, and no group of a UUID is eleven long, so no UUID is ever taken for a person.
#include "common/ids.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/errors.h"
#include "common/random.h"

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

// The two control digits (modulus 11) of an eleven-digit number. The synthetic numbers of
// Skatteetaten and NAV and the D- and H-numbers use the same weights over the digits as written.
bool ControlDigitsFit(const std::array<int, 11>& d) {
  constexpr int kFirst[] = {3, 7, 6, 1, 8, 9, 4, 5, 2}, kSecond[] = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2};
  int first = 0, second = 0;
  for (int i = 0; i < 9; ++i) first += kFirst[i] * d[i];
  for (int i = 0; i < 10; ++i) second += kSecond[i] * d[i];
  return (11 - first % 11) % 11 == d[9] && (11 - second % 11) % 11 == d[10];
}

// Whether the first six digits can be a date. The day may carry 40 (D-number); the month may carry 40
// (H-number, and NAV's synthetic ones), 80 (Skatteetaten's synthetic ones) or 65 (NAV's synthetic
// copies of Skatteetaten's). The century stands in the individual number, so 29 February is let through.
bool DateIsPossible(const std::array<int, 11>& d) {
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

// A separator as people write it: "010190 12345", "010190.12345".
bool IsSeparator(char c) { return c == ' ' || c == '.'; }

// Whether a national identity number begins at `i`, where the text before is already known not to be
// part of a word or a longer number.
bool NumberAt(std::string_view text, size_t i) {
  std::array<int, 11> digits;
  for (size_t n = 0; n < digits.size(); ++n, ++i) {
    if (n == 6 && i < text.size() && IsSeparator(text[i])) ++i;
    if (i >= text.size() || !absl::ascii_isdigit(text[i])) return false;
    digits[n] = text[i] - '0';
  }
  if (i < text.size() && absl::ascii_isalnum(text[i])) return false;
  return DateIsPossible(digits) && ControlDigitsFit(digits);
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
  size_t i = 0;
  while (i < text.size()) {
    if (NumberAt(text, i)) return true;
    // On to the next place where a number can begin: not in the middle of a word or a longer number.
    if (absl::ascii_isalnum(text[i])) {
      while (i < text.size() && absl::ascii_isalnum(text[i])) ++i;
    } else {
      ++i;
    }
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
