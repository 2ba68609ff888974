// The values of statements and rows: TEXT, BIGINT and NULL in C++.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace mestring {

// A column's value as the engine sent it; nullopt is NULL.
using Cell = std::optional<std::string>;
// A bound parameter.
using Value = std::variant<std::monostate, int64_t, std::string>;

// How C++ values are bound: times as microseconds, dates as ISO text, nullopt as NULL.
inline Value ToValue(std::nullopt_t) { return std::monostate{}; }
inline Value ToValue(int value) { return int64_t{value}; }
inline Value ToValue(int64_t value) { return value; }
inline Value ToValue(bool value) { return int64_t{value}; }
inline Value ToValue(const char* value) { return std::string(value); }
inline Value ToValue(std::string_view value) { return std::string(value); }
inline Value ToValue(const std::string& value) { return value; }
inline Value ToValue(const Value& value) { return value; }
inline Value ToValue(absl::Time value) { return absl::ToUnixMicros(value); }
inline Value ToValue(absl::CivilDay value) { return FormatDate(value); }
template <class T>
Value ToValue(const std::optional<T>& value) {
  return value ? ToValue(*value) : Value(std::monostate{});
}

// Not inline: where it is, g++ 12 warns wrongly of the bounds of a variant.
[[gnu::noinline]] inline void PushValue(std::vector<Value>& values, Value&& value) {
  values.push_back(std::move(value));
}
// Parameters of a statement, in order.
template <class... P>
std::vector<Value> Bind(const P&... parameters) {
  std::vector<Value> values;
  values.reserve(sizeof...(P));
  (PushValue(values, ToValue(parameters)), ...);
  return values;
}

// A column as a string (NULL reads as ""), a number (NULL reads as 0), or a std::optional of either.
inline void FromCell(Cell& cell, std::string* out) { *out = std::move(cell).value_or(""); }
inline void FromCell(Cell& cell, int64_t* out) {
  if (!cell || !absl::SimpleAtoi(*cell, out)) *out = 0;
}
template <class T>
void FromCell(Cell& cell, std::optional<T>* out) {
  if (cell) FromCell(cell, &out->emplace());
}
template <class... C, size_t... I>
std::tuple<C...> ToTuple(std::vector<Cell>& row, std::index_sequence<I...>) {
  std::tuple<C...> out;
  (FromCell(row[I], &std::get<I>(out)), ...);
  return out;
}

}  // namespace mestring
