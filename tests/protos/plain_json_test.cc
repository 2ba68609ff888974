// The short way from rows to messages is the long one: for every message of every contract, whatever stands in it, the
// plain form is what protobuf writes, and is read as protobuf reads it.
#include "common/store/plain_json.h"

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/digest.h"
#include "mestring/test/v1/test.pb.h"
#include "tests/support/contract_files.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kMessagesEach = 12, kMutationsEach = 6, kDepthMax = 3;

// ---- What protobuf does ----------------------------------------------------------------------------

std::string Frame(const FieldDescriptor* field) { return absl::StrCat("{\"", field->name(), "\":"); }

std::unique_ptr<Message> Only(const Message& message, const FieldDescriptor* field) {
  std::unique_ptr<Message> only(message.New());
  only->CopyFrom(message);
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  for (const FieldDescriptor* other : set) {
    if (other != field) only->GetReflection()->ClearField(only.get(), other);
  }
  return only;
}

// The value of a field; none if protobuf has no form for it.
std::optional<std::string> Printed(const Message& only, const FieldDescriptor* field) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(only, &json, options).ok()) return std::nullopt;
  absl::string_view value = json;
  EXPECT_TRUE(absl::ConsumePrefix(&value, Frame(field)) && absl::ConsumeSuffix(&value, "}")) << json;
  return std::string(value);
}

// The bytes of a message with only this field; none if protobuf does not read the text.
std::optional<std::string> Parsed(const std::string& json, const FieldDescriptor* field, const Message& prototype) {
  const std::unique_ptr<Message> message(prototype.New());
  if (!google::protobuf::util::JsonStringToMessage(absl::StrCat(Frame(field), json, "}"), message.get()).ok()) {
    return std::nullopt;
  }
  return DeterministicBytes(*message);
}

std::optional<std::string> PlainParsed(const std::string& json, const FieldDescriptor* field,
                                       const Message& prototype) {
  const std::unique_ptr<Message> message(prototype.New());
  const bool plain = ReadPlainJson(json, field, message.get());
  if (plain) return DeterministicBytes(*message);
  EXPECT_EQ(message->ByteSizeLong(), 0u) << "what is not plain leaves nothing behind: " << json;
  return std::nullopt;
}

// ---- Whatever stands in a message ------------------------------------------------------------------

constexpr const char* kTame[] = {"", "HOMELESS", "«æøå» §", "say \"no\" \\ or\nyes"};
constexpr const char* kHostile[] = {"<",      ">",      "&",      "'",      "/",      "\x01",    "\x1f",
                                    "\x7f",   "\b",     "\r",     "\t",     "\u0080", "\u009f",  "\u00a0",
                                    "\u00ad", "\u05ff", "\u0601", "\u06dd", "\u07ff", "\u200b",  "\u2013",
                                    "\u2028", "\uFEFF", "\uFFFD", "😀",      "𝄞",      "\\u0041", "]}\",\""};

class PlainJson : public testing::Test {
 protected:
  size_t Below(size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(random_); }

  std::string Text() {
    std::string text = kTame[Below(std::size(kTame))];
    if (!tame_ && Below(3) == 0) text += kHostile[Below(std::size(kHostile))];
    return text;
  }

  int64_t Number() {
    constexpr int64_t kNumbers[] = {0,
                                    1,
                                    -1,
                                    7,
                                    500000,
                                    std::numeric_limits<int32_t>::max(),
                                    std::numeric_limits<int32_t>::min(),
                                    std::numeric_limits<int64_t>::max(),
                                    std::numeric_limits<int64_t>::min()};
    return kNumbers[Below(std::size(kNumbers))];
  }

  int EnumValue(const google::protobuf::EnumDescriptor& values) {
    if (!tame_ && Below(20) == 0) return 4711;
    return values.value(static_cast<int>(Below(static_cast<size_t>(values.value_count()))))->number();
  }

  // Sets a field, or adds an item to it.
  void Put(const FieldDescriptor* field, int depth, Message* message) {
    const auto& values = *message->GetReflection();
    const bool list = field->is_repeated();
    const auto number = Number();
    switch (field->cpp_type()) {
#define PUT(TYPE, Name, value)                                                                \
  case FieldDescriptor::CPPTYPE_##TYPE:                                                       \
    list ? values.Add##Name(message, field, value) : values.Set##Name(message, field, value); \
    break
      PUT(STRING, String, Text());
      PUT(BOOL, Bool, number > 0);
      PUT(INT32, Int32, static_cast<int32_t>(number));
      PUT(INT64, Int64, number);
      PUT(UINT32, UInt32, static_cast<uint32_t>(number));
      PUT(UINT64, UInt64, static_cast<uint64_t>(number));
      PUT(FLOAT, Float, 0.5f);
      PUT(DOUBLE, Double, 0.1);
      PUT(ENUM, EnumValue, EnumValue(*field->enum_type()));
#undef PUT
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth == kDepthMax) break;
        Fill(depth + 1, list ? values.AddMessage(message, field) : values.MutableMessage(message, field));
    }
  }

  void Fill(int depth, Message* message) {
    const Descriptor& type = *message->GetDescriptor();
    // Only some instants have a form; an Any and the like have none without a type.
    if (type.file()->package() == "google.protobuf") return;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor* field = type.field(i);
      // An entry of a map that lacks its key or its value has another form than one that has both.
      const size_t times = type.options().map_entry() ? 1 : field->is_repeated() ? Below(4) : Below(2);
      for (size_t time = 0; time < times; ++time) Put(field, depth, message);
    }
  }

  // A text that differs from this one somewhere.
  std::string Mutated(std::string json) {
    constexpr std::string_view kBytes = "\"\\{}[]:,-+.0123456789eEtrufalsn _< \n\x01\x7f\xc3\xa6\xc2\xad\xe2\xff";
    for (size_t times = 1 + Below(3); times > 0; --times) {
      const size_t at = Below(json.size() + 1), size = Below(12);
      switch (Below(5)) {
        case 0:
          json.insert(at, 1, kBytes[Below(kBytes.size())]);
          break;
        case 1:
          json.erase(at, 1);
          break;
        case 2:
          if (at < json.size()) json[at] = kBytes[Below(kBytes.size())];
          break;
        case 3:
          json.insert(Below(json.size() + 1), json.substr(at, size));
          break;
        default:
          json.erase(at, size);
      }
    }
    return json;
  }

  // Random messages of a type, field by field.
  void ForFields(const Message& prototype,
                 const std::function<void(const Message& only, const FieldDescriptor*)>& see) {
    for (int i = 0; i < kMessagesEach; ++i) {
      const std::unique_ptr<Message> message(prototype.New());
      Fill(0, message.get());
      std::vector<const FieldDescriptor*> set;
      message->GetReflection()->ListFields(*message, &set);
      for (const FieldDescriptor* field : set) see(*Only(*message, field), field);
    }
  }

  // Of every message of every contract, and of the one of the tests that has every kind of field.
  void ForEveryField(const std::function<void(const Message& only, const FieldDescriptor*)>& see) {
    const std::function<void(const Descriptor&)> visit = [&](const Descriptor& type) {
      if (!type.options().map_entry()) ForFields(*factory_.GetPrototype(&type), see);
      for (int i = 0; i < type.nested_type_count(); ++i) visit(*type.nested_type(i));
    };
    for (const auto* file : contracts_.files()) {
      for (int i = 0; i < file->message_type_count(); ++i) visit(*file->message_type(i));
    }
    for (int i = 0; i < 20; ++i) ForFields(test::v1::Everything::default_instance(), see);
  }

  bool tame_ = false;
  std::mt19937 random_{20261201};
  ContractFiles contracts_;
  google::protobuf::DynamicMessageFactory factory_;
};

TEST_F(PlainJson, IsWhatProtobufWritesAndReads) {
  int plain = 0, others = 0;
  ForEveryField([&](const Message& only, const FieldDescriptor* field) {
    std::string written;
    if (!WritePlainJson(only, field, &written)) {
      ++others;
      return;
    }
    ++plain;
    EXPECT_EQ(Printed(only, field), written) << field->full_name();
    EXPECT_EQ(PlainParsed(written, field, only), DeterministicBytes(only)) << field->full_name() << ": " << written;
  });
  EXPECT_GT(plain, 5000);
  EXPECT_GT(others, 1000);
}

// Else every row would take the long way, and only a benchmark would show it.
TEST_F(PlainJson, HoldsAllThatIsMadeOfTextsNumbersAndNames) {
  const std::function<bool(const FieldDescriptor*, int)> is_covered = [&](const FieldDescriptor* field, int depth) {
    if (field->is_map() || field->type() == FieldDescriptor::TYPE_BYTES || field->real_containing_oneof() != nullptr) {
      return false;
    }
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
      case FieldDescriptor::CPPTYPE_BOOL:
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_ENUM:
        return true;
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        const Descriptor& type = *field->message_type();
        if (type.file()->package() == "google.protobuf" || depth > kDepthMax) return false;
        for (int i = 0; i < type.field_count(); ++i) {
          if (!is_covered(type.field(i), depth + 1)) return false;
        }
        return true;
      }
      default:
        return false;
    }
  };
  tame_ = true;
  int covered = 0;
  ForEveryField([&](const Message& only, const FieldDescriptor* field) {
    if (!is_covered(field, 0)) return;
    ++covered;
    std::string written;
    EXPECT_TRUE(WritePlainJson(only, field, &written)) << only.ShortDebugString();
    EXPECT_TRUE(PlainParsed(written, field, only)) << field->full_name() << ": " << written;
  });
  EXPECT_GT(covered, 10000);
}

TEST_F(PlainJson, ReadsNoTextAsProtobufWouldNot) {
  int read = 0, left = 0;
  ForEveryField([&](const Message& only, const FieldDescriptor* field) {
    const std::optional<std::string> json = Printed(only, field);
    if (!json) return;
    for (int i = 0; i < kMutationsEach; ++i) {
      const std::string mutated = i == 0 ? *json : Mutated(*json);
      const std::optional<std::string> plain = PlainParsed(mutated, field, only);
      ++(plain ? read : left);
      if (!plain) continue;
      EXPECT_EQ(Parsed(mutated, field, only), plain) << field->full_name() << ": " << mutated;
    }
  });
  EXPECT_GT(read, 5000);
  EXPECT_GT(left, 5000);
}

// protobuf writes the members of a message by their numbers.
TEST_F(PlainJson, IsNotOfAMessageWhoseFieldsStandInAnotherOrderThanTheirNumbers) {
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "name: 'a.proto' syntax: 'proto3' message_type { name: 'Whole'"
      " field { name: 'part' number: 1 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: '.Part' } }"
      " message_type { name: 'Part' field { name: 'second' number: 2 label: LABEL_OPTIONAL type: TYPE_STRING }"
      " field { name: 'first' number: 1 label: LABEL_OPTIONAL type: TYPE_STRING } }",
      &file));
  google::protobuf::DescriptorPool pool;
  const Descriptor& type = *pool.BuildFile(file)->message_type(0);
  google::protobuf::DynamicMessageFactory factory;  // goes before the pool
  const std::unique_ptr<Message> whole(factory.GetPrototype(&type)->New());
  Message* part = whole->GetReflection()->MutableMessage(whole.get(), type.field(0));
  std::string json;
  for (const int number : {2, 1}) {
    const FieldDescriptor* field = part->GetDescriptor()->FindFieldByNumber(number);
    part->GetReflection()->SetString(part, field, field->name());
    json.clear();
    EXPECT_EQ(WritePlainJson(*whole, type.field(0), &json), number == 2) << json;
  }
  EXPECT_EQ(Printed(*whole, type.field(0)), R"({"first":"first","second":"second"})");
}

TEST_F(PlainJson, LeavesWhatAnotherProgramMayHaveWrittenToProtobuf) {
  const test::v1::Everything row;
  const auto is_plain = [&row](const char* name, const std::string& json) {
    const FieldDescriptor* field = row.GetDescriptor()->FindFieldByName(name);
    const std::optional<std::string> plain = PlainParsed(json, field, row);
    EXPECT_TRUE(!plain || plain == Parsed(json, field, row)) << json;
    return plain.has_value();
  };
  EXPECT_TRUE(is_plain("codes", R"(["A","B"])"));
  EXPECT_TRUE(is_plain("codes", "[]"));
  EXPECT_TRUE(is_plain("kinds", R"(["KIND_ONE","KIND_UNSPECIFIED"])"));
  EXPECT_TRUE(is_plain("numbers", "[-1,0,2147483647]"));
  EXPECT_TRUE(is_plain("part", "{}"));
  EXPECT_TRUE(is_plain("parts", R"([{"code":"A","persons":["p"]},{}])"));
  EXPECT_TRUE(is_plain("part", R"({"whole":{"plain":"a","count":1,"signed_count":"-9"}})"));
  for (const auto& [name, json] :
       std::vector<std::pair<const char*, std::string>>{{"codes", R"([ "A"])"},
                                                        {"codes", R"(["A",])"},
                                                        {"codes", R"(["A"]])"},
                                                        {"codes", R"(["A")"},
                                                        {"codes", R"(["\u0041"])"},
                                                        {"codes", "[\"\xc3\"]"},
                                                        {"codes", R"([null])"},
                                                        {"codes", "null"},
                                                        {"codes", ""},
                                                        {"kinds", R"(["KIND_TWO"])"},
                                                        {"kinds", "[1]"},
                                                        {"numbers", "[2147483648]"},
                                                        {"numbers", "[01]"},
                                                        {"numbers", "[-0]"},
                                                        {"numbers", "[1.0]"},
                                                        {"numbers", "[\"1\"]"},
                                                        {"part", R"({"persons":["p"],"code":"A"})"},
                                                        {"part", R"({"code":"A","code":"B"})"},
                                                        {"part", R"({"unknown":1})"},
                                                        {"part", R"({"whole":{"signedCount":"1"}})"},
                                                        {"part", R"({"whole":{"time":"2026-12-01T00:00:00Z"}})"},
                                                        {"labels", R"({"a":"b"})"},
                                                        {"labels", "{}"}}) {
    EXPECT_FALSE(is_plain(name, json)) << name << " " << json;
  }
  // As deep as a hostile row can make it.
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "{\"whole\":{\"part\":";
  EXPECT_FALSE(is_plain("part", deep));
}

}  // namespace
}  // namespace mestring
