#include "common/records.h"

// A list is one query: conditions joined in the order in which their values are bound, ordered by a field, and by
// the id where rows share it; the page token names both of the last row. Offsets instead of keys would read and
// throw away the pages before.

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"

namespace mestring {
namespace {

using google::protobuf::FieldDescriptor;

// An instant is one in its column (rows.h).
bool IsNumber(const FieldDescriptor& field) {
  return field.cpp_type() != FieldDescriptor::CPPTYPE_STRING && field.cpp_type() != FieldDescriptor::CPPTYPE_ENUM;
}

}  // namespace

Filter& Filter::Is(std::string_view column, std::string_view value) {
  return value.empty() ? *this : IsExactly(column, value);
}

Filter& Filter::IsExactly(std::string_view column, std::string_view value) {
  names_person_ = names_person_ || column == "person_ref";
  return Where(absl::StrCat(column, " = ?"), value);
}

Filter& Filter::Add(std::string_view condition, std::vector<Value> more) {
  absl::StrAppend(&where, " AND ");
  for (Value& value : more) {
    const size_t mark = condition.find('?');
    absl::StrAppend(&where, condition.substr(0, mark), ":v", values.size());
    condition.remove_prefix(mark + 1);
    values.push_back(std::move(value));
  }
  absl::StrAppend(&where, condition);
  return *this;
}

absl::Status NotOurPage() { return InvalidArgument("page_token", "is not one that this service handed out"); }

// No key and no id has a line break.
std::string PageToken(const PageEnd& end) { return absl::WebSafeBase64Escape(absl::StrCat(end.key, "\n", end.id)); }

absl::StatusOr<PageEnd> ParsePageToken(std::string_view page_token) {
  PageEnd end;
  if (page_token.empty()) return end;
  std::string text;
  if (!absl::WebSafeBase64Unescape(page_token, &text)) return NotOurPage();
  const size_t line = text.find('\n');
  if (line == text.npos) return NotOurPage();
  end.key = text.substr(0, line);
  end.id = text.substr(line + 1);
  return end;
}

absl::StatusOr<int64_t> PageNumber(std::string_view key_or_id, int64_t if_first) {
  int64_t number = if_first;
  if (!key_or_id.empty() && !absl::SimpleAtoi(key_or_id, &number)) return NotOurPage();
  return number;
}

absl::StatusOr<std::string> PageTail(const google::protobuf::Descriptor& row, const Paging& paging, Filter* filter) {
  ASSIGN(const PageEnd end, ParsePageToken(paging.token));
  const std::string_view key = paging.key, beyond = paging.descending ? " < ?" : " > ?";
  if (!paging.token.empty()) {
    Value last = end.key;
    if (IsNumber(*row.FindFieldByName(std::string(key)))) {
      ASSIGN(last, PageNumber(end.key));
    }
    if (paging.then_by_id) {
      filter->Where(absl::StrCat(key, paging.descending ? " <= ?" : " >= ?"), last)
          .Where(absl::StrCat("(", key, beyond, " OR id", beyond, ")"), last, end.id);
    } else {
      filter->Where(absl::StrCat(key, beyond), last);
    }
  }
  const std::string_view direction = paging.descending ? " DESC" : "";
  filter->values.push_back(int64_t{PageSize(paging.size)} + 1);
  return absl::StrCat(filter->where, key == "id" ? filter->page_condition() : "", " ORDER BY ", key, direction,
                      paging.then_by_id ? absl::StrCat(", id", direction) : "", " LIMIT :limit");
}

std::string TokenAfter(const google::protobuf::Message& last, const Paging& paging) {
  const auto text = [&last](std::string_view name) {
    const Value value = ToColumn(last, last.GetDescriptor()->FindFieldByName(std::string(name))).value_or(Value());
    const int64_t* number = std::get_if<int64_t>(&value);
    const std::string* words = std::get_if<std::string>(&value);
    return number != nullptr ? absl::StrCat(*number) : words != nullptr ? *words : "";
  };
  return PageToken({text(paging.key), paging.then_by_id ? text("id") : ""});
}

}  // namespace mestring
