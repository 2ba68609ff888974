#include "common/records.h"

// A list is one query: conditions joined in the order in which their values are bound, ordered by a field, and by
// the id where rows share it; the page token names both of the last row. Offsets instead of keys would read and
// throw away the pages before.

namespace mestring {
namespace {

using google::protobuf::FieldDescriptor;

bool IsNumber(const FieldDescriptor& field) { return field.cpp_type() != FieldDescriptor::CPPTYPE_STRING; }

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
  const google::protobuf::Reflection& fields = *last.GetReflection();
  const auto field = [&last](std::string_view name) {
    return last.GetDescriptor()->FindFieldByName(std::string(name));
  };
  PageEnd end;
  const FieldDescriptor* key = field(paging.key);
  if (!IsNumber(*key)) {
    end.key = fields.GetString(last, key);
  } else if (key->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    end.key = absl::StrCat(fields.GetInt64(last, key));
  } else {
    const auto& time = static_cast<const google::protobuf::Timestamp&>(fields.GetMessage(last, key));
    end.key = absl::StrCat(absl::ToUnixMicros(FromProto(time)));
  }
  if (paging.then_by_id) end.id = fields.GetString(last, field("id"));
  return PageToken(end);
}

}  // namespace mestring
