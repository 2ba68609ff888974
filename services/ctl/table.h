// Aligned columns for a terminal.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/ctl/json.h"

namespace mestring::ctl {

// Columns are as wide as their widest cell, counted in characters.
std::string AlignedTable(const std::vector<std::vector<std::string>>& rows);

// The list and the columns of a layout such as "offers:code,policy.route".
std::pair<std::string, std::vector<std::string>> SplitLayout(std::string_view layout);

// A list of a response as a table; the layout fits the response's type (fields.h). What is not set is "-".
std::string TableOf(const Json& response, std::string_view layout);

// How many columns `text` takes: the bytes that continue a character of UTF-8 take none.
size_t Columns(std::string_view text);

}  // namespace mestring::ctl
