// Between the two string views. Debian compiles abseil with a string_view of its own (its option
// ABSL_OPTION_USE_STD_STRING_VIEW is 0), which does not convert to and from the standard one by itself:
//
//   absl::StrCat("no such ", View(what))        std::string_view name = View(absl_view);
#pragma once

#include <string>
#include <string_view>

#include "absl/strings/string_view.h"

namespace mestring {

inline absl::string_view View(std::string_view text) { return absl::string_view(text.data(), text.size()); }
inline std::string_view View(absl::string_view text) { return std::string_view(text.data(), text.size()); }
inline absl::string_view View(const std::string& text) { return absl::string_view(text); }

}  // namespace mestring
