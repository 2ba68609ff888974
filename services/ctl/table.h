// Aligned columns for a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "services/ctl/json.h"

namespace mestring::ctl {

// Columns are as wide as their widest cell, counted in characters.
std::string AlignedTable(const std::vector<std::vector<std::string>>& rows);

// A list of a response as a table; `layout` is "offers:code,policy.route". A usage error names what is wrong.
absl::StatusOr<std::string> TableOf(const Json& response, std::string_view layout);

// How many columns `text` takes: the bytes that continue a character of UTF-8 take none.
size_t Columns(std::string_view text);

}  // namespace mestring::ctl
