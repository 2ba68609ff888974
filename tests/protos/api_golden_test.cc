// The contracts as one text: every RPC with the roles that may call it and the reasons that it refuses with, every
// field with its number and its rule, every event with who sees it. A change of access, of the wire, or of what a
// caller may send or is answered is a change of tests/protos/api.golden, seen in review. To accept one: tests/run
// update.
//
// Read from the .proto files themselves, so that a new contract is in the text the moment it exists.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/base/field_rules.h"
#include "common/base/reasons.h"
#include "mestring/access/v1/access.pb.h"
#include "mestring/common/v1/field_rule.pb.h"
#include "tests/support/contract_files.h"
#include "tests/support/golden.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

std::string Roles(const absl::StatusOr<std::vector<Role>>& roles) { return absl::StrJoin(RoleNames(roles), " "); }

std::string BreadthName(access::v1::Breadth breadth) {
  return std::string(absl::StripPrefix(access::v1::Breadth_Name(breadth), "BREADTH_"));
}

std::string TypeName(const FieldDescriptor& field) {
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

void Describe(const Descriptor& message, std::string* text) {
  const auto options = Known(message.options());
  absl::StrAppend(
      text, "message ", message.full_name(),
      options.HasExtension(access::v1::visible_to) ? absl::StrCat("  visible to ", Roles(VisibleTo(message))) : "",
      "\n");
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const auto rules = Known(field.options());
    absl::StrAppend(text, "  ", field.number(), " ", field.is_repeated() ? "repeated " : "", TypeName(field), " ",
                    field.name());
    if (rules.HasExtension(common::v1::rule)) {
      absl::StrAppend(text, "  {", rules.GetExtension(common::v1::rule).ShortDebugString(), "}");
    }
    absl::StrAppend(text, "\n");
  }
  for (const std::string& fields : options.GetRepeatedExtension(common::v1::exactly_one_of)) {
    absl::StrAppend(text, "  exactly one of ", fields, "\n");
  }
  for (int i = 0; i < message.nested_type_count(); ++i) Describe(*message.nested_type(i), text);
}

std::string Describe(const std::vector<const FileDescriptor*>& files) {
  std::string text;
  for (const FileDescriptor* file : files) {
    absl::StrAppend(&text, "# ", file->name(), "\n");
    for (int s = 0; s < file->service_count(); ++s) {
      absl::StrAppend(&text, "service ", file->service(s)->full_name(), "\n");
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto& method = *file->service(s)->method(m);
        const auto options = Known(method.options());
        const std::string& no_event_because = options.GetExtension(access::v1::no_event_because);
        const std::vector<std::string> reasons = ReasonsOf(method);
        absl::StrAppend(&text, "  ", method.name(), method.server_streaming() ? " stream" : "", ": ",
                        Roles(AllowedRoles(method)),
                        options.HasExtension(access::v1::oversight)
                            ? absl::StrCat("  about anybody: ", Roles(OversightRoles(method)))
                            : "",
                        options.GetExtension(access::v1::anonymous) ? "  for nobody" : "",
                        no_event_because.empty() ? "" : absl::StrCat("  no_event_because: ", no_event_because),
                        reasons.empty() ? "" : absl::StrCat("  refuses with: ", absl::StrJoin(reasons, " ")), "\n");
      }
    }
    for (int i = 0; i < file->message_type_count(); ++i) Describe(*file->message_type(i), &text);
    for (int i = 0; i < file->enum_type_count(); ++i) {
      const EnumDescriptor& type = *file->enum_type(i);
      absl::StrAppend(&text, "enum ", type.full_name(), "\n");
      for (int v = 0; v < type.value_count(); ++v) {
        const auto options = Known(type.value(v)->options());
        absl::StrAppend(&text, "  ", type.value(v)->number(), " ", type.value(v)->name(),
                        options.HasExtension(access::v1::breadth)
                            ? absl::StrCat("  sees ", BreadthName(options.GetExtension(access::v1::breadth)))
                            : "",
                        "\n");
      }
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

TEST(Contracts, AreThoseOfTheGoldenFile) {
  const ContractFiles contracts;
  ExpectGolden("tests/protos/api.golden", Describe(contracts.files()));
}

TEST(Contracts, EveryAudienceIsDefinedAndNamed) {
  const ContractFiles contracts;
  std::map<std::string, const FileDescriptor*> files;
  for (const FileDescriptor* file : contracts.files()) files[file->name()] = file;
  for (const FileDescriptor* file : contracts.files()) {
    const auto events = files.find(EventsFileOf(*file));
    for (int s = 0; s < file->service_count(); ++s) {
      EXPECT_EQ(CheckAudiences(*file->service(s), events == files.end() ? nullptr : events->second), absl::OkStatus());
    }
  }
}

TEST(Contracts, TheRulesOfEveryMessageMakeSense) {
  const ContractFiles contracts;
  for (const FileDescriptor* file : contracts.files()) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      EXPECT_EQ(CheckRules(*file->message_type(i)), absl::OkStatus());
    }
  }
}

// Every request that changes something can be repeated safely.
TEST(Contracts, EveryChangeHasARequestId) {
  const ContractFiles contracts;
  int changes = 0;
  for (const FileDescriptor* file : contracts.files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto& method = *file->service(s)->method(m);
        if (file->package() == "mestring.events.v1" ||
            method.options().idempotency_level() == google::protobuf::MethodOptions::NO_SIDE_EFFECTS) {
          continue;
        }
        // A stored answer to an answer of an evaluation would link it to its invitation; a repeat changes nothing,
        // because the invitation is gone.
        if (method.full_name() == "mestring.peer_support.v1.PeerSupportService.SubmitAnswer") continue;
        const FieldDescriptor* id = method.input_type()->FindFieldByName("request_id");
        ASSERT_NE(id, nullptr) << method.full_name();
        EXPECT_EQ(id->number(), 1) << method.full_name();
        const common::v1::FieldRule rule = Known(id->options()).GetExtension(common::v1::rule);
        EXPECT_TRUE(rule.required() && rule.format() == common::v1::FORMAT_UUID) << method.full_name();
        ++changes;
      }
    }
  }
  EXPECT_GT(changes, 50);
}

// Strings of an event are ids, dates, codes; a name or a sentence has no place to stand.
void ExpectNoFreeText(const Descriptor& message, const std::string& path) {
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    const auto format = Known(field.options()).GetExtension(common::v1::rule).format();
    if (field.type() == FieldDescriptor::TYPE_STRING) {
      EXPECT_TRUE(format != common::v1::FORMAT_UNSPECIFIED && format != common::v1::FORMAT_TEXT)
          << path << "." << field.name() << " could hold free text";
    }
    EXPECT_NE(field.type(), FieldDescriptor::TYPE_BYTES) << path << "." << field.name();
    if (field.message_type() != nullptr) ExpectNoFreeText(*field.message_type(), absl::StrCat(path, ".", field.name()));
  }
}

TEST(Contracts, NoEventHoldsFreeText) {
  const ContractFiles contracts;
  int events = 0;
  for (const FileDescriptor* file : contracts.files()) {
    const bool holds_events = file->name().ends_with("_events.proto");
    for (int i = 0; holds_events && i < file->message_type_count(); ++i) {
      const Descriptor& event = *file->message_type(i);
      ExpectNoFreeText(event, event.full_name());
      ++events;
    }
  }
  EXPECT_GT(events, 40);
}

bool HasField(const Descriptor& message, common::v1::Format format) {
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (Known(field.options()).GetExtension(common::v1::rule).format() == format) return true;
    if (field.message_type() != nullptr && HasField(*field.message_type(), format)) return true;
  }
  return false;
}

// Nobody is listed for events of which the breadth of their role shows them none: whoever reads the contract would
// believe that they hear of them.
TEST(Contracts, ARoleThatAnEventListsCanSeeSomeOfThem) {
  const ContractFiles contracts;
  int listed = 0;
  for (const FileDescriptor* file : contracts.files()) {
    const bool holds_events = file->name().ends_with("_events.proto");
    for (int i = 0; holds_events && i < file->message_type_count(); ++i) {
      const Descriptor& event = *file->message_type(i);
      const bool persons = HasField(event, common::v1::FORMAT_PERSON_REF);
      const bool organisations = HasField(event, common::v1::FORMAT_ORGANISATION);
      if (!persons && !organisations) continue;
      for (const Role role : VisibleTo(event).value_or(std::vector<Role>())) {
        const auto& value = *access::v1::Role_descriptor()->FindValueByNumber(role);
        const auto breadth = value.options().GetExtension(access::v1::breadth);
        EXPECT_FALSE(breadth == access::v1::BREADTH_IMPERSONAL || (breadth == access::v1::BREADTH_SELF && !persons) ||
                     (breadth == access::v1::BREADTH_ORGANISATION && !organisations))
            << event.full_name() << " lists " << value.name();
        ++listed;
      }
    }
  }
  EXPECT_GT(listed, 50);
}

}  // namespace
}  // namespace mestring
