#include "common/store/plain_json.h"

// A message's members stand in the order of their numbers, in which protobuf writes them. Reader and writer walk the
// fields in the order of the contract; where that is another one, neither finds the form plain.

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The characters of a plain text that JSON cannot hold as they are, and what follows the backslash instead.
struct Escape {
  char character, letter;
};
constexpr Escape kEscapes[] = {{'"', '"'}, {'\\', '\\'}, {'\n', 'n'}};

// How many bytes at the beginning of a text stand in JSON as they are: printable ASCII, and whole letters of two bytes.
// protobuf escapes "<", ">", control characters and the soft hyphen (U+00AD).
size_t AsTheyAre(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first >= 0x20 && first < 0x7f) {
      if (first == '"' || first == '\\' || first == '<' || first == '>') break;
      ++at;
      continue;
    }
    if (first < 0xc2 || first > 0xd7 || at + 1 == text.size()) break;
    const auto second = static_cast<unsigned char>(text[at + 1]);
    const unsigned letter = (first & 0x1fu) << 6 | (second & 0x3fu);
    if ((second & 0xc0) != 0x80 || letter < 0xa0 || letter == 0xad) break;
    at += 2;
  }
  return at;
}

bool IsPlain(const FieldDescriptor* field, int depth) {
  if (field->is_map() || field->type() == FieldDescriptor::TYPE_BYTES) return false;
  if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) return true;
  return depth < kPlainDepthMax && field->message_type()->well_known_type() == Descriptor::WELLKNOWNTYPE_UNSPECIFIED;
}

// ---- Writing ---------------------------------------------------------------------------------------

bool WriteText(std::string_view text, std::string* json) {
  json->push_back('"');
  while (true) {
    const size_t size = AsTheyAre(text);
    json->append(text.data(), size);
    text.remove_prefix(size);
    if (text.empty()) break;
    const char* letter = nullptr;
    for (const Escape& escape : kEscapes) {
      if (escape.character == text.front()) letter = &escape.letter;
    }
    if (letter == nullptr) return false;
    json->push_back('\\');
    json->push_back(*letter);
    text.remove_prefix(1);
  }
  json->push_back('"');
  return true;
}

bool WriteField(const Message& row, const FieldDescriptor* field, int depth, std::string* json);

bool WriteMessage(const Message& message, int depth, std::string* json) {
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& values = *message.GetReflection();
  json->push_back('{');
  int last_number = 0;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->is_repeated() ? values.FieldSize(message, field) == 0 : !values.HasField(message, field)) continue;
    if (field->number() < last_number) return false;
    absl::StrAppend(json, last_number == 0 ? "\"" : ",\"", field->name(), "\":");
    last_number = field->number();
    if (!WriteField(message, field, depth, json)) return false;
  }
  json->push_back('}');
  return true;
}

// Of item `at`, if the field is a list.
bool WriteValue(const Message& row, const FieldDescriptor* field, int at, int depth, std::string* json) {
  const Reflection& values = *row.GetReflection();
  const bool list = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string copy;  // for a message that holds no std::string
      return WriteText(list ? values.GetRepeatedStringReference(row, field, at, &copy)
                            : values.GetStringReference(row, field, &copy),
                       json);
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      json->append((list ? values.GetRepeatedBool(row, field, at) : values.GetBool(row, field)) ? "true" : "false");
      return true;
    case FieldDescriptor::CPPTYPE_INT32:
      absl::StrAppend(json, list ? values.GetRepeatedInt32(row, field, at) : values.GetInt32(row, field));
      return true;
    case FieldDescriptor::CPPTYPE_INT64:
      absl::StrAppend(json, "\"", list ? values.GetRepeatedInt64(row, field, at) : values.GetInt64(row, field), "\"");
      return true;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const EnumValueDescriptor* value = field->enum_type()->FindValueByNumber(
          list ? values.GetRepeatedEnumValue(row, field, at) : values.GetEnumValue(row, field));
      if (value != nullptr) absl::StrAppend(json, "\"", value->name(), "\"");
      return value != nullptr;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return WriteMessage(list ? values.GetRepeatedMessage(row, field, at) : values.GetMessage(row, field), depth + 1,
                          json);
    default:
      return false;
  }
}

bool WriteField(const Message& row, const FieldDescriptor* field, int depth, std::string* json) {
  if (!IsPlain(field, depth)) return false;
  if (!field->is_repeated()) return WriteValue(row, field, 0, depth, json);
  const int size = row.GetReflection()->FieldSize(row, field);
  for (int i = 0; i < size; ++i) {
    json->push_back(i == 0 ? '[' : ',');
    if (!WriteValue(row, field, i, depth, json)) return false;
  }
  json->push_back(']');
  return true;
}

// ---- Reading ---------------------------------------------------------------------------------------
// Each function takes what it has read from the beginning of `json`.

using absl::ConsumePrefix;

bool ReadText(absl::string_view* json, std::string* text) {
  if (!ConsumePrefix(json, "\"")) return false;
  while (true) {
    const size_t size = AsTheyAre(*json);
    text->append(json->data(), size);
    json->remove_prefix(size);
    if (ConsumePrefix(json, "\"")) return true;
    if (!ConsumePrefix(json, "\\") || json->empty()) return false;
    const char* character = nullptr;
    for (const Escape& escape : kEscapes) {
      if (escape.letter == json->front()) character = &escape.character;
    }
    if (character == nullptr) return false;
    text->push_back(*character);
    json->remove_prefix(1);
  }
}

// What stands between quotes, without any escapes.
bool ReadName(absl::string_view* json, absl::string_view* name) {
  if (!ConsumePrefix(json, "\"")) return false;
  *name = json->substr(0, json->find('"'));
  json->remove_prefix(name->size());
  return ConsumePrefix(json, "\"");
}

template <class Int>
bool ReadNumber(absl::string_view* json, Int* number) {
  const absl::string_view digits = json->substr(0, json->find_first_not_of("-0123456789"));
  json->remove_prefix(digits.size());
  return absl::SimpleAtoi(digits, number) && absl::AlphaNum(*number).Piece() == digits;
}

bool ReadField(absl::string_view* json, const FieldDescriptor* field, int depth, Message* row);

bool ReadMessage(absl::string_view* json, int depth, Message* message) {
  if (!ConsumePrefix(json, "{")) return false;
  if (ConsumePrefix(json, "}")) return true;
  const Descriptor& type = *message->GetDescriptor();
  int next = 0;  // the first field that may follow
  do {
    absl::string_view name;
    if (!ReadName(json, &name) || !ConsumePrefix(json, ":")) return false;
    while (next < type.field_count() && type.field(next)->name() != name) ++next;
    if (next == type.field_count() || !ReadField(json, type.field(next++), depth, message)) return false;
  } while (ConsumePrefix(json, ","));
  return ConsumePrefix(json, "}");
}

// Adds an item, if the field is a list.
template <class T>
void Put(Message* row, const FieldDescriptor* field, T value,
         void (Reflection::*set)(Message*, const FieldDescriptor*, T) const,
         void (Reflection::*add)(Message*, const FieldDescriptor*, T) const) {
  (row->GetReflection()->*(field->is_repeated() ? add : set))(row, field, std::move(value));
}

bool ReadEnum(absl::string_view* json, const FieldDescriptor* field, Message* row) {
  absl::string_view name;
  if (!ReadName(json, &name)) return false;
  const EnumValueDescriptor* value = field->enum_type()->FindValueByName(std::string(name));
  if (value == nullptr) return false;
  Put(row, field, value, &Reflection::SetEnum, &Reflection::AddEnum);
  return true;
}

bool ReadValue(absl::string_view* json, const FieldDescriptor* field, int depth, Message* row) {
  const Reflection& values = *row->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string text;
      if (!ReadText(json, &text)) return false;
      Put(row, field, std::move(text), &Reflection::SetString, &Reflection::AddString);
      return true;
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool yes = ConsumePrefix(json, "true");
      if (!yes && !ConsumePrefix(json, "false")) return false;
      Put(row, field, yes, &Reflection::SetBool, &Reflection::AddBool);
      return true;
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t number = 0;
      if (!ReadNumber(json, &number)) return false;
      Put(row, field, number, &Reflection::SetInt32, &Reflection::AddInt32);
      return true;
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      int64_t number = 0;
      if (!ConsumePrefix(json, "\"") || !ReadNumber(json, &number) || !ConsumePrefix(json, "\"")) return false;
      Put(row, field, number, &Reflection::SetInt64, &Reflection::AddInt64);
      return true;
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return ReadEnum(json, field, row);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadMessage(json, depth + 1,
                         field->is_repeated() ? values.AddMessage(row, field) : values.MutableMessage(row, field));
    default:
      return false;
  }
}

bool ReadField(absl::string_view* json, const FieldDescriptor* field, int depth, Message* row) {
  if (!IsPlain(field, depth) || field->real_containing_oneof() != nullptr) return false;
  if (!field->is_repeated()) return ReadValue(json, field, depth, row);
  if (!ConsumePrefix(json, "[")) return false;
  if (ConsumePrefix(json, "]")) return true;
  do {
    if (!ReadValue(json, field, depth, row)) return false;
  } while (ConsumePrefix(json, ","));
  return ConsumePrefix(json, "]");
}

}  // namespace

bool WritePlainJson(const Message& row, const FieldDescriptor* field, std::string* json) {
  return WriteField(row, field, 0, json);
}

bool ReadPlainJson(std::string_view json, const FieldDescriptor* field, Message* row) {
  absl::string_view rest = json;
  if (ReadField(&rest, field, 0, row) && rest.empty()) return true;
  row->GetReflection()->ClearField(row, field);
  return false;
}

}  // namespace mestring
