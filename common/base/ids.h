// Identifiers and the cursor of an event stream.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace mestring {

// A new UUIDv7 (RFC 9562): unique, and roughly ordered by `now`. Thread-safe.
std::string NewId(absl::Time now);

// A new UUIDv4: random, without order, time or place, for what must not show when it came. Thread-safe.
std::string NewRandomId();

// 8-4-4-4-12 lower-case hexadecimal digits.
bool IsUuid(std::string_view text);

// Printable ASCII: the characters of an attribute of an event (id, type, subject …). CloudEvents allows more; but one
// database would refuse a control character or broken UTF-8, and another spoil it.
bool IsAttribute(std::string_view text);

// Whether `text` has a UUID anywhere, in either case, with its hyphens or without, and not as part of a longer word or
// number.
bool HoldsUuid(std::string_view text);

// True if `text` holds a Norwegian national identity number anywhere: 11 digits whose date part is possible for an
// ordinary, D-, H- or synthetic number (Skatteetaten +80, NAV +40 on the month) and whose control digits are right
// by today's rule or by that of 2032. Letters may stand directly before and after them, one separator of any kind
// between any two, and spaces around the one after the sixth ("150680 - 12345"); further digits may not stand
// directly beside them. What has a form of its own (UUIDs, cursors from position 10 on, hashes of 32 digits and
// more, dates with a year of four digits, instants, ports of this machine) is not looked into.
//
// Of other numbers of 11 digits (accounts, "100 000 250 00"), about one in a hundred is taken for one.
bool HoldsNationalId(std::string_view text);

// A position in the history of one stream. Ordered by (epoch, position).
struct Cursor {
  int64_t epoch = 0;
  int64_t position = 0;
  auto operator<=>(const Cursor&) const = default;
  std::string ToString() const;  // "<epoch>-<position>", "0-0" before everything
};
absl::StatusOr<Cursor> ParseCursor(std::string_view text);
// Whether this entry of a log may come directly after `after`: the next position, or the same one in a later epoch.
bool Follows(Cursor after, Cursor entry, bool begins_epoch);

}  // namespace mestring
