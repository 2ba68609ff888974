// Codes that a service itself sets, beside those that people choose from its lists (code_lists.h). Pure.
//
// A municipality may leave these codes out of its list. So each has a name here, which is shown where the list has
// none, in old versions too. A list without them is not refused, because nobody has to know what the program sets by
// itself.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace mestring {

template <class Kind>
struct OwnCode {
  Kind kind;  // of the list that it belongs to
  std::string_view code;
  std::string_view name;  // bokmål, as the lists are
};

// Marks the codes of a list that the service itself sets, and adds those that it leaves out.
template <class OwnCodes, class CodeList>
void NameOwnCodes(const OwnCodes& own_codes, CodeList* list) {
  for (const auto& own : own_codes) {
    if (own.kind != list->kind()) continue;
    auto* entries = list->mutable_entries();
    auto entry =
        std::find_if(entries->begin(), entries->end(), [&](const auto& known) { return known.code() == own.code; });
    auto* named = entry == entries->end() ? entries->Add() : &*entry;
    if (named->code().empty()) {
      named->set_code(std::string(own.code));
      named->set_name(std::string(own.name));
    }
    named->set_automatic(true);
  }
}

}  // namespace mestring
