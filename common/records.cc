#include "common/records.h"

// A list is one query: conditions joined in the order in which their values are bound, ordered by a unique
// text column that the page token names. Offsets instead of keys would read and throw away the pages before.

namespace mestring {

Filter& Filter::Is(std::string_view column, std::string_view value) {
  return value.empty() ? *this : IsExactly(column, value);
}

Filter& Filter::IsExactly(std::string_view column, std::string_view value) {
  names_person_ = names_person_ || column == "person_ref";
  return Where(absl::StrCat(column, " = ?"), std::string(value));
}

Filter& Filter::Where(std::string_view condition) {
  absl::StrAppend(&where, " AND ", condition);
  return *this;
}

Filter& Filter::Where(std::string_view condition, Value value) {
  const size_t mark = condition.find('?');
  absl::StrAppend(&where, " AND ", condition.substr(0, mark), ":v", values.size(), condition.substr(mark + 1));
  values.push_back(std::move(value));
  return *this;
}

}  // namespace mestring
