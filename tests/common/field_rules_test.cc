#include "common/base/field_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/dynamic_message.h"
#include "mestring/events/v1/events.pb.h"
#include "mestring/test/v1/test.pb.h"

namespace mestring {
namespace {

namespace tpb = test::v1;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr char kUuid[] = "01890a5d-ac96-774b-bcce-b302099a8057";
constexpr char kOther[] = "01890a5d-ac96-774b-bcce-b302099a8058";
constexpr char kNationalId[] = "15076500565";

using testing::HasSubstr;

std::vector<std::string> Fields(const google::protobuf::Message& message) {
  std::vector<std::string> fields;
  for (const Violation& violation : ViolationsOf(CheckFields(message))) fields.push_back(violation.field);
  return fields;
}

// The wrong fields of a message with one field set.
#define WITH(field, value)      \
  [&] {                         \
    tpb::Everything message;    \
    message.set_##field(value); \
    return Fields(message);     \
  }()

TEST(FieldRulesTest, AnEmptyMessageWithoutRequiredFieldsIsRight) {
  EXPECT_EQ(CheckFields(tpb::Everything()), absl::OkStatus());
}

TEST(FieldRulesTest, RequiredFieldsMustBeSet) {
  EXPECT_THAT(Fields(tpb::Required()), UnorderedElementsAre("name", "kind", "part", "codes", "number"));
  tpb::Required message;
  message.set_name("a");
  message.set_kind(tpb::Everything::KIND_ONE);
  message.mutable_part()->set_code("c");
  message.add_codes("c");
  message.set_number(0);
  EXPECT_THAT(Fields(message), IsEmpty());
  message.mutable_part()->clear_code();
  EXPECT_THAT(Fields(message), ElementsAre("part.code"));
}

TEST(FieldRulesTest, FormatsAreTheirsAndNothingElse) {
  EXPECT_THAT(WITH(uuid, kUuid), IsEmpty());
  for (const char* wrong : {"x", "01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5dac96774bbcceb302099a8057"}) {
    EXPECT_THAT(WITH(uuid, wrong), ElementsAre("uuid")) << wrong;
  }
  EXPECT_THAT(WITH(date, "2026-11-23"), IsEmpty());
  for (const char* wrong : {"2026-02-30", "23.11.2026", "2026-11-23T00:00", "2026-1-1"}) {
    EXPECT_THAT(WITH(date, wrong), ElementsAre("date")) << wrong;
  }
  EXPECT_THAT(WITH(cursor, "1795417200-17"), IsEmpty());
  for (const char* wrong : {"1795417200", "-1-1", "a-b", "1-2-3"}) {
    EXPECT_THAT(WITH(cursor, wrong), ElementsAre("cursor")) << wrong;
  }
  EXPECT_THAT(WITH(organisation_id, "nav-sandnes"), IsEmpty());
  EXPECT_THAT(WITH(organisation_id, "nav sandnes"), ElementsAre("organisation_id"));
  EXPECT_THAT(WITH(organisation_id, std::string(65, 'a')), ElementsAre("organisation_id"));
  EXPECT_THAT(WITH(token, std::string(512, 'a')), IsEmpty());
  EXPECT_THAT(WITH(token, std::string(513, 'a')), ElementsAre("token"));
  EXPECT_THAT(WITH(perhaps, ""), IsEmpty());
  EXPECT_THAT(WITH(perhaps, "no good"), ElementsAre("perhaps"));
}

TEST(FieldRulesTest, LengthCountsCharactersNotBytes) {
  std::string letters;
  for (int i = 0; i < 20; ++i) letters += "å";
  EXPECT_THAT(WITH(text, letters), IsEmpty());
  EXPECT_THAT(WITH(text, letters + "a"), ElementsAre("text"));
  EXPECT_THAT(WITH(plain, std::string(200, 'a')), IsEmpty());
  EXPECT_THAT(WITH(plain, std::string(201, 'a')), ElementsAre("plain"));
  EXPECT_THAT(WITH(data, std::string(8, '\0')), IsEmpty());
  EXPECT_THAT(WITH(data, std::string(9, '\0')), ElementsAre("data"));
}

TEST(FieldRulesTest, ControlCharactersAreRefusedButNewlinesInText) {
  for (const std::string& control : {std::string("\t"), std::string("\0", 1), std::string("\x1b[2J"),
                                     std::string("\x7f"), std::string("\xc2\x85"), std::string("\r")}) {
    EXPECT_THAT(WITH(plain, "a" + control), ElementsAre("plain"));
    EXPECT_THAT(WITH(text, "a" + control), ElementsAre("text"));
  }
  EXPECT_THAT(WITH(text, "a\nb"), IsEmpty());
  EXPECT_THAT(WITH(plain, "a\nb"), ElementsAre("plain"));
  EXPECT_THAT(WITH(plain, "blåbærsyltetøy"), IsEmpty());
}

TEST(FieldRulesTest, NumbersStayWithinTheirLimits) {
  EXPECT_THAT(WITH(count, 10), IsEmpty());
  EXPECT_THAT(WITH(count, 11), ElementsAre("count"));
  EXPECT_THAT(WITH(count, -1), ElementsAre("count"));
  EXPECT_THAT(WITH(signed_count, -5), IsEmpty());
  EXPECT_THAT(WITH(signed_count, -6), ElementsAre("signed_count"));
  EXPECT_THAT(WITH(ratio, 1.0), IsEmpty());
  EXPECT_THAT(WITH(ratio, 1.1), ElementsAre("ratio"));
  EXPECT_THAT(WITH(ratio, std::numeric_limits<double>::quiet_NaN()), ElementsAre("ratio"));
  EXPECT_THAT(WITH(natural, 4000000000u), IsEmpty());
}

TEST(FieldRulesTest, OnlyDeclaredEnumValuesArePassed) {
  EXPECT_THAT(WITH(kind, tpb::Everything::KIND_ONE), IsEmpty());
  EXPECT_THAT(WITH(kind, static_cast<tpb::Everything::Kind>(7)), ElementsAre("kind"));
  tpb::Everything message;
  message.add_kinds(tpb::Everything::KIND_ONE);
  message.add_kinds(static_cast<tpb::Everything::Kind>(-1));
  EXPECT_THAT(Fields(message), ElementsAre("kinds[1]"));
}

TEST(FieldRulesTest, ListsAreBoundedAndTheirElementsNamed) {
  tpb::Everything message;
  message.add_codes("fine");
  message.add_codes("not fine");
  message.add_codes("");
  EXPECT_THAT(Fields(message), ElementsAre("codes[1]", "codes[2]"));
  message.clear_codes();
  for (int i = 0; i < 3; ++i) message.add_parts()->set_code("c");
  EXPECT_THAT(Fields(message), ElementsAre("parts"));
  message.clear_parts();
  for (int i = 0; i < 101; ++i) message.add_numbers(1);
  EXPECT_THAT(Fields(message), ElementsAre("numbers"));
}

TEST(FieldRulesTest, EveryViolationIsFoundHoweverDeep) {
  tpb::Everything message;
  message.set_plain(std::string(300, 'x'));
  message.add_parts()->set_code("fine");
  auto* part = message.add_parts();
  part->add_persons(kUuid);
  part->add_persons("x");
  part->mutable_whole()->mutable_part()->mutable_whole()->set_uuid("x");
  EXPECT_THAT(Fields(message), UnorderedElementsAre("plain", "parts[1].code", "parts[1].persons[1]",
                                                    "parts[1].whole.part.code", "parts[1].whole.part.whole.uuid"));
}

TEST(FieldRulesTest, ATimeIsOneSince1970) {
  tpb::Everything message;
  message.mutable_time()->set_seconds(1795417200);
  EXPECT_THAT(Fields(message), IsEmpty());
  message.mutable_time()->set_nanos(1000000000);
  EXPECT_THAT(Fields(message), ElementsAre("time"));
  message.mutable_time()->set_nanos(0);
  message.mutable_time()->set_seconds(-1);
  EXPECT_THAT(Fields(message), ElementsAre("time"));
  message.mutable_time()->set_seconds(std::numeric_limits<int64_t>::max());
  EXPECT_THAT(Fields(message), ElementsAre("time"));
}

TEST(FieldRulesTest, ANationalIdentityNumberIsRefusedInAnyStringAndNeverRepeated) {
  tpb::Everything message;
  message.set_plain(absl::StrCat("of ", kNationalId));
  message.set_text(kNationalId);
  message.set_token(kNationalId);
  message.set_organisation_id(kNationalId);
  message.set_uuid(kNationalId);
  message.add_codes(kNationalId);
  message.mutable_part()->set_code(kNationalId);
  (*message.mutable_labels())["who"] = kNationalId;
  const absl::Status status = CheckFields(message);
  EXPECT_EQ(ViolationsOf(status).size(), 8u);
  EXPECT_EQ(status.ToString().find(kNationalId), std::string::npos);
}

TEST(FieldRulesTest, PersonsAndOrganisationsAreFoundOnceAndAtAnyDepth) {
  tpb::Everything message;
  message.set_organisation_id("nav-sandnes");
  message.mutable_part()->add_persons(kUuid);
  message.add_parts()->add_persons(kOther);
  message.mutable_parts(0)->add_persons(kUuid);
  message.mutable_part()->mutable_whole()->set_organisation_id("hospital");
  EXPECT_THAT(PersonsIn(message), UnorderedElementsAre(kUuid, kOther));
  EXPECT_THAT(OrganisationsIn(message), UnorderedElementsAre("nav-sandnes", "hospital"));
  EXPECT_THAT(PersonsIn(tpb::Everything()), IsEmpty());
}

TEST(FieldRulesTest, EveryCodeIsFoundWithItsListHoweverDeepItStands) {
  tpb::Everything message;
  message.set_perhaps("NO_CODE_OF_A_LIST");
  message.mutable_part()->set_code("A");
  message.mutable_part()->mutable_whole()->add_codes("B");
  message.add_parts();
  message.add_parts()->set_code("C");
  message.add_codes("D");
  std::vector<std::string> found;
  for (const ListedCode& code : ListedCodesIn(message)) found.push_back(absl::StrCat(code.list, " ", code.code));
  EXPECT_THAT(found, ElementsAre("PART A", "THING B", "PART C", "THING D"));
  EXPECT_THAT(ListedCodesIn(tpb::Note()), IsEmpty());
  EXPECT_THAT(std::string(CheckRules(*tpb::Miscoded::descriptor()).message()),
              HasSubstr("mestring.test.v1.Miscoded.number has a code_list and is no string"));
}

TEST(FieldRulesTest, AnEventHoldsNoFreeText) {
  EXPECT_THAT(FreeTextFields(*tpb::NoteWritten::descriptor()), IsEmpty());
  EXPECT_THAT(FreeTextFields(*events::v1::EpochStarted::descriptor()), IsEmpty());
  const std::vector<std::string> free_text = FreeTextFields(*tpb::Note::descriptor());
  EXPECT_THAT(free_text, ElementsAre("id", "text"));
  tpb::NoteWritten event;
  event.set_note_id(kUuid);
  EXPECT_EQ(CheckEvent(event), absl::OkStatus());
  event.set_person_ref("x");
  EXPECT_EQ(CheckEvent(event).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CheckEvent(tpb::Note()).code(), absl::StatusCode::kInvalidArgument);
}

TEST(FieldRulesTest, AMessageTypeMadeAtRunTimeIsCheckedToo) {
  google::protobuf::FileDescriptorProto file;
  file.set_name("made.proto");
  file.set_syntax("proto3");
  auto* type = file.add_message_type();
  type->set_name("Made");
  auto* field = type->add_field();
  field->set_name("words");
  field->set_number(1);
  field->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
  for (int i = 0; i < 3; ++i) {
    google::protobuf::DescriptorPool pool;
    const auto* descriptor = pool.BuildFile(file)->message_type(0);
    google::protobuf::DynamicMessageFactory factory(&pool);
    const std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(descriptor)->New());
    message->GetReflection()->SetString(message.get(), descriptor->field(0), std::string(201, 'x'));
    EXPECT_THAT(Fields(*message), ElementsAre("words"));
  }
}

// Whatever the kind of a field: a list, a message, a number, and a string that is set to nothing count as set or not as
// any other field does.
TEST(ExactlyOneOfTest, OneFieldIsSetAndTheFieldsAreNamed) {
  tpb::Either either;
  EXPECT_THAT(Fields(either), ElementsAre("name", "count"));
  const std::vector<Violation> violations = ViolationsOf(CheckFields(either));
  EXPECT_EQ(violations[0].problem, "exactly one of name, codes and part must be set");
  EXPECT_EQ(violations[1].problem, "exactly one of count and perhaps must be set");
  either.set_count(1);
  either.add_codes("A");
  EXPECT_THAT(Fields(either), IsEmpty());
  either.set_perhaps("");
  EXPECT_THAT(Fields(either), ElementsAre("count"));
  either.clear_count();
  either.mutable_part()->set_code("A");
  EXPECT_THAT(Fields(either), ElementsAre("name"));
  either.clear_codes();
  either.add_below()->set_name("below");
  EXPECT_THAT(Fields(either), ElementsAre("below[0].count"));
}

TEST(ExactlyOneOfTest, AFieldThatTheMessageDoesNotHaveIsFoundBeforeAServiceStarts) {
  EXPECT_EQ(CheckRules(*tpb::Either::descriptor()), absl::OkStatus());
  EXPECT_THAT(std::string(CheckRules(*tpb::Misnamed::descriptor()).message()),
              HasSubstr("mestring.test.v1.Misnamed.Below must name at least two of its own fields"));
}

}  // namespace
}  // namespace mestring
