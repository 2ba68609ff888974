// Tables on a terminal.
//
// Hides: padding. Characters outside ASCII are counted as one column each, which is right for Norwegian.
#include "services/ctl/table.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/ctl/story.h"

namespace mestring::ctl {

size_t Columns(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string AlignedTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      absl::StrAppend(&out, row[i], i + 1 < row.size() ? std::string(widths[i] - Columns(row[i]) + 2, ' ') : "\n");
    }
  }
  return out;
}

namespace {

std::string CellText(const Json& cell) {
  if (cell.is_null()) return "-";
  if (cell.is_string()) return cell.get<std::string>();
  if (!cell.is_array()) return cell.dump();
  return cell.empty() ? "-" : absl::StrJoin(cell, " ", [](std::string* out, const Json& element) {
    absl::StrAppend(out, CellText(element));
  });
}

}  // namespace

std::pair<std::string, std::vector<std::string>> SplitLayout(std::string_view layout) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(layout, absl::MaxSplits(':', 1));
  return {parts.first, absl::StrSplit(parts.second, ',', absl::SkipEmpty())};
}

std::string TableOf(const Json& response, std::string_view layout) {
  const auto [path, columns] = SplitLayout(layout);
  const Json list = At(response, path);
  std::vector<std::vector<std::string>> rows(1);
  for (const std::string& column : columns)
    rows[0].push_back(absl::AsciiStrToUpper(column.substr(column.rfind('.') + 1)));
  for (const Json& element : list.is_array() ? list : Json::array()) {
    std::vector<std::string>& row = rows.emplace_back();
    for (const std::string& column : columns) {
      row.push_back(CellText(At(element, column)));
    }
  }
  return AlignedTable(rows);
}

}  // namespace mestring::ctl
