#include "common/store/records.h"

// A list is one query: conditions in the order of their bound values, ordered by a field, and by id where rows share
// it; the page token names both of the last row. With offsets the database would read the pages before again.
//
// A token is four lines in base64: a hash of its list, its as_of, key and id. The hash protects a caller's program from
// mistakes and is no secret: only the request selects the rows of a page.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/base/digest.h"

namespace mestring {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Hexadecimal digits of the hash: two lists share one by chance once in 2^64.
constexpr size_t kListDigits = 16;

struct Token {
  std::string list, as_of;
  PageEnd end;
};

// No part of a token has a line break.
std::string Encode(const Token& token) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(token.list, "\n", token.as_of, "\n", token.end.key, "\n", token.end.id));
}

absl::StatusOr<Token> Decode(std::string_view page_token) {
  std::string text;
  if (!absl::WebSafeBase64Unescape(page_token, &text)) return NotOurPage();
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  if (lines.size() != 4) return NotOurPage();
  return Token{lines[0], lines[1], {lines[2], lines[3]}};
}

// A text field, "" if the message has none of this name.
std::string TextOf(const Message& message, const char* field) {
  const FieldDescriptor* found = message.GetDescriptor()->FindFieldByName(field);
  return found == nullptr ? "" : message.GetReflection()->GetString(message, found);
}

void SetText(Message* message, const char* field, std::string text) {
  const FieldDescriptor* found = message->GetDescriptor()->FindFieldByName(field);
  if (found != nullptr) message->GetReflection()->SetString(message, found, std::move(text));
}

// A hash of the list that a request asks for; each RPC has a request type of its own.
std::string ListOf(const Message& request) {
  const std::unique_ptr<Message> asked(request.New());
  asked->CopyFrom(request);
  for (const char* field : {"page_size", "page_token"}) {
    const FieldDescriptor* found = asked->GetDescriptor()->FindFieldByName(field);
    if (found != nullptr) asked->GetReflection()->ClearField(asked.get(), found);
  }
  return Sha256Hex(absl::StrCat(request.GetTypeName(), "\n", DeterministicBytes(*asked))).substr(0, kListDigits);
}

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

const FieldDescriptor& VersionField(const google::protobuf::Descriptor& row) {
  for (int i = 0; i < row.field_count(); ++i) {
    if (absl::EndsWith(row.field(i)->name(), "_version")) return *row.field(i);
  }
  fprintf(stderr, "%s has no field whose name ends in _version\n", row.full_name().c_str());
  abort();
}

void FollowVersion(const Message& last, Message* next) {
  const FieldDescriptor& field = VersionField(*next->GetDescriptor());
  const google::protobuf::Reflection& values = *next->GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
    values.SetInt32(next, &field, values.GetInt32(last, &field) + 1);
  } else {
    values.SetInt64(next, &field, values.GetInt64(last, &field) + 1);
  }
}

absl::Status NotOurPage() { return InvalidArgument("page_token", "must be a page token that this service returned"); }

std::string PageToken(const PageEnd& end) { return Encode({"", "", end}); }

absl::StatusOr<PageEnd> ParsePageToken(std::string_view page_token) {
  if (page_token.empty()) return PageEnd();
  ASSIGN(Token token, Decode(page_token));
  return std::move(token.end);
}

void BindPage(const Message& request, Message* response) {
  const absl::StatusOr<Token> before = Decode(TextOf(request, "page_token"));
  if (before.ok()) SetText(response, "as_of", before->as_of);
  absl::StatusOr<Token> next = Decode(TextOf(*response, "next_page_token"));
  if (!next.ok()) return;
  // For a later page the hash is known, and was checked.
  next->list = before.ok() ? before->list : ListOf(request);
  next->as_of = TextOf(*response, "as_of");
  SetText(response, "next_page_token", Encode(*next));
}

absl::Status CheckPage(const Message& request) {
  const std::string page_token = TextOf(request, "page_token");
  if (page_token.empty()) return absl::OkStatus();
  ASSIGN(const Token token, Decode(page_token));
  if (token.list == ListOf(request)) return absl::OkStatus();
  return InvalidArgument("page_token",
                         "belongs to another list, or to this one with other fields; begin at the first page");
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
