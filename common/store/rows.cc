// Converts rows and messages by reflection over the contract.
//
// Only this file decides how a field is stored, so a table is its message with columns of the same names, and a new
// field is a new column. Reflection costs some microseconds a row, beside a commit of hundreds; generated code was
// rejected because it would be one more thing to build and read. Lists and nested messages are stored as JSON, which a
// person at the database prompt can read, and which tolerates fields that a newer program has added.
#include "common/store/rows.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/store/plain_json.h"
#include "common/store/stored_enum.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/json_util.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::Timestamp;

// The fields by which a row is saved.
constexpr char kId[] = "id", kVersion[] = "version";

bool IsTimestamp(const FieldDescriptor* field) {
  return !field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         field->message_type() == Timestamp::descriptor();
}

// Rows are messages of the program, so their instants are of this type, too.
const Timestamp& AsTimestamp(const Message& message) { return static_cast<const Timestamp&>(message); }
Timestamp& AsTimestamp(Message& message) { return static_cast<Timestamp&>(message); }

bool IsJson(const FieldDescriptor* field) {
  return field->is_repeated() || (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !IsTimestamp(field));
}

absl::Status Unstorable(const FieldDescriptor* field, std::string_view why) {
  return absl::InternalError(absl::StrCat(field->full_name(), ": ", why));
}

// The frame around one field's value in the JSON form of a message that has only this field.
std::string JsonFrame(const FieldDescriptor* field) { return absl::StrCat("{\"", field->name(), "\":"); }

// The value of one list or nested message as JSON. What is not plain protobuf writes, of a copy of the row with only
// this field.
absl::StatusOr<Value> ToJson(const Message& row, const FieldDescriptor* field) {
  std::string json;
  if (WritePlainJson(row, field, &json)) return Value(std::move(json));
  const std::unique_ptr<Message> only(row.New());
  only->CopyFrom(row);
  std::vector<const FieldDescriptor*> set;
  row.GetReflection()->ListFields(row, &set);
  for (const FieldDescriptor* other : set) {
    if (other != field) only->GetReflection()->ClearField(only.get(), other);
  }
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  json.clear();
  if (!google::protobuf::util::MessageToJsonString(*only, &json, options).ok())
    return Unstorable(field, "no JSON form");
  const std::string frame = JsonFrame(field);
  absl::string_view value = json;
  if (!absl::ConsumePrefix(&value, frame) || !absl::ConsumeSuffix(&value, "}")) {
    return Unstorable(field, "unexpected JSON form");
  }
  return Value(std::string(value));
}

// Whether a column holds only what this program's contract names, or also what a newer one has stored.
enum class Content { kKnown, kNewer };

absl::StatusOr<Content> FromJson(const std::string& json, const FieldDescriptor* field, Message* row) {
  if (ReadPlainJson(json, field, row)) return Content::kKnown;
  const std::string text = absl::StrCat(JsonFrame(field), json, "}");
  google::protobuf::util::JsonParseOptions options;
  for (const Content content : {Content::kKnown, Content::kNewer}) {
    options.ignore_unknown_fields = content == Content::kNewer;
    const std::unique_ptr<Message> only(row->New());
    if (!google::protobuf::util::JsonStringToMessage(text, only.get(), options).ok()) continue;
    row->GetReflection()->SwapFields(row, only.get(), {field});
    return content;
  }
  return Unstorable(field, "the stored JSON does not parse");
}

}  // namespace

absl::StatusOr<Value> ToColumn(const Message& row, const FieldDescriptor* field) {
  const Reflection* reflection = row.GetReflection();
  if (field->is_repeated()) {
    if (reflection->FieldSize(row, field) == 0) return Value();
    return ToJson(row, field);
  }
  if (field->has_presence() && !reflection->HasField(row, field)) return Value();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text = reflection->GetString(row, field);
      if (field->type() == FieldDescriptor::TYPE_BYTES) return Unstorable(field, "bytes have no column type");
      if (text.empty() && !field->has_presence()) return Value();
      return Value(std::move(text));
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return Value(int64_t{reflection->GetBool(row, field)});
    case FieldDescriptor::CPPTYPE_INT32:
      return Value(int64_t{reflection->GetInt32(row, field)});
    case FieldDescriptor::CPPTYPE_INT64:
      return Value(int64_t{reflection->GetInt64(row, field)});
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = reflection->GetEnumValue(row, field);
      if (number == 0) return Value();
      const auto* value = field->enum_type()->FindValueByNumber(number);
      if (value == nullptr) return Unstorable(field, "a value that the contract does not name");
      return Value(value->name());
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      if (!IsTimestamp(field)) return ToJson(row, field);
      return Value(absl::ToUnixMicros(FromProto(AsTimestamp(reflection->GetMessage(row, field)))));
    }
    default:
      return Unstorable(field, "this type has no column type");
  }
}

namespace {

absl::StatusOr<int64_t> ToNumber(const FieldDescriptor* field, const std::string& text) {
  int64_t number = 0;
  if (!absl::SimpleAtoi(text, &number)) return Unstorable(field, "the stored value is not a number");
  return number;
}

// Sets a field from its column; NULL leaves it unset.
absl::StatusOr<Content> FromColumn(Cell& cell, const FieldDescriptor* field, Message* row) {
  if (!cell) return Content::kKnown;
  if (IsJson(field)) return FromJson(*cell, field, row);
  const Reflection* reflection = row->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      reflection->SetString(row, field, *std::move(cell));
      return Content::kKnown;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto* value = field->enum_type()->FindValueByName(*cell);
      if (value == nullptr) return Content::kNewer;
      reflection->SetEnum(row, field, value);
      return Content::kKnown;
    }
    default:
      break;
  }
  ASSIGN(const int64_t number, ToNumber(field, *cell));
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      reflection->SetBool(row, field, number != 0);
      return Content::kKnown;
    case FieldDescriptor::CPPTYPE_INT32:
      reflection->SetInt32(row, field, static_cast<int32_t>(number));
      return Content::kKnown;
    case FieldDescriptor::CPPTYPE_INT64:
      reflection->SetInt64(row, field, number);
      return Content::kKnown;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      AsTimestamp(*reflection->MutableMessage(row, field)) = ToProto(absl::FromUnixMicros(number));
      return Content::kKnown;
    default:
      return Unstorable(field, "this type has no column type");
  }
}

std::string JoinNames(const TableLayout& layout, std::string_view before) {
  return absl::StrJoin(layout.columns, ", ", [before](std::string* out, const FieldDescriptor* field) {
    absl::StrAppend(out, before, field->name());
  });
}

}  // namespace

TableLayout::TableLayout(const Descriptor& row, std::string_view table, absl::Span<const std::string_view> derived) {
  std::vector<std::string> assignments;
  for (int i = 0; i < row.field_count(); ++i) {
    const FieldDescriptor* field = row.field(i);
    const std::string& name = field->name();
    if (std::find(derived.begin(), derived.end(), name) != derived.end()) continue;
    columns.push_back(field);
    if (name != kId) assignments.push_back(absl::StrCat(name, " = :", name));
  }
  const std::string names = JoinNames(*this, "");
  select = absl::StrCat("SELECT ", names, " FROM ", table, " ");
  insert = absl::StrCat("INSERT INTO ", table, " (", names, ") VALUES (", JoinNames(*this, ":"), ")");
  if (row.FindFieldByName(kId) == nullptr || row.FindFieldByName(kVersion) == nullptr) return;
  update = absl::StrCat("UPDATE ", table, " SET ", absl::StrJoin(assignments, ", "),
                        " WHERE id = :id AND version = :loaded_version");
}

absl::Status InsertRow(Tx& tx, const TableLayout& layout, const Message& row) {
  std::vector<Value> values;
  values.reserve(layout.columns.size());
  for (const FieldDescriptor* field : layout.columns) {
    ASSIGN(values.emplace_back(), ToColumn(row, field));
  }
  TRY(tx.ExecValuesLater(layout.insert, std::move(values)));
  tx.moves().Saved(row, /*is_new=*/true);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> UpdateRow(Tx& tx, const TableLayout& layout, const Message& row) {
  if (layout.update.empty()) {
    return absl::InternalError(absl::StrCat(row.GetTypeName(), " has no id and version to update by"));
  }
  std::vector<Value> values;
  values.reserve(layout.columns.size() + 1);
  Value id, loaded_version;
  for (const FieldDescriptor* field : layout.columns) {
    ASSIGN(Value value, ToColumn(row, field));
    if (field->name() == kId) {
      id = std::move(value);
      continue;
    }
    if (field->name() == kVersion) loaded_version = std::get<int64_t>(value) - 1;
    values.push_back(std::move(value));
  }
  values.push_back(std::move(id));
  values.push_back(std::move(loaded_version));
  ASSIGN(const int64_t changed, tx.ExecOneLater(layout.update, std::move(values)));
  if (changed == 1) tx.moves().Saved(row, /*is_new=*/false);
  return changed;
}

absl::Status SelectRows(Tx& tx, const TableLayout& layout, std::string_view tail, const std::vector<Value>& parameters,
                        absl::FunctionRef<Message*()> add) {
  ASSIGN(std::vector<std::vector<Cell>> rows,
         tx.QueryCells(absl::StrCat(layout.select, tail), parameters, static_cast<int>(layout.columns.size())));
  for (std::vector<Cell>& cells : rows) {
    Message* row = add();
    for (size_t i = 0; i < cells.size(); ++i) {
      const FieldDescriptor* field = layout.columns[i];
      ASSIGN(const Content content, FromColumn(cells[i], field, row));
      if (content == Content::kNewer && tx.writes()) {
        return StoredByNewerVersion(absl::StrCat(row->GetDescriptor()->name(), ".", field->name()));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace mestring
