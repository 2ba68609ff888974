// The contracts as one text: every RPC with the roles that may call it, every field with its number,
// every event with who sees it. A change of access or of the wire is a change of tests/protos/api.golden,
// seen in review. To accept one: UPDATE_GOLDEN=1 <this program>.
//
// Read from the .proto files themselves, so that a new contract is in the text the moment it exists.

#include <gmock/gmock.h>
#include <google/protobuf/compiler/importer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/field_rules.h"
#include "mestring/access/v1/access.pb.h"
#include "mestring/common/v1/field_rule.pb.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

const std::string kRoot = MESTRING_SOURCE_DIR;

class Contracts : public google::protobuf::compiler::MultiFileErrorCollector {
 public:
  Contracts() : importer_(&tree_, this) {
    tree_.MapPath("", kRoot + "/protos");
    tree_.MapPath("", "/usr/include");  // google/protobuf
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot + "/protos")) {
      if (entry.path().extension() == ".proto") names_.push_back(entry.path().lexically_relative(kRoot + "/protos"));
    }
    std::sort(names_.begin(), names_.end());
    for (const std::string& name : names_) files_.push_back(importer_.Import(name));
  }
  void AddError(const std::string& file, int line, int, const std::string& message) override {
    ADD_FAILURE() << file << ":" << line + 1 << ": " << message;
  }
  const std::vector<const FileDescriptor*>& files() const { return files_; }

 private:
  google::protobuf::compiler::DiskSourceTree tree_;
  google::protobuf::compiler::Importer importer_;
  std::vector<std::string> names_;
  std::vector<const FileDescriptor*> files_;
};

// Options of the imported descriptors hold our extensions as unknown fields; parsed anew, as ours.
template <class Options>
Options Known(const Options& options) {
  Options known;
  known.ParseFromString(options.SerializeAsString());
  return known;
}

std::string Roles(const access::v1::Allow& allow) {
  std::vector<std::string> names;
  for (int role : allow.roles()) {
    names.emplace_back(absl::StripPrefix(access::v1::Role_Name(static_cast<access::v1::Role>(role)), "ROLE_"));
  }
  std::sort(names.begin(), names.end());
  return absl::StrJoin(names, " ");
}

std::string TypeName(const FieldDescriptor& field) {
  if (field.message_type() != nullptr) return field.message_type()->full_name();
  if (field.enum_type() != nullptr) return field.enum_type()->full_name();
  return field.type_name();
}

void Describe(const Descriptor& message, std::string* text) {
  const auto options = Known(message.options());
  absl::StrAppend(text, "message ", message.full_name(),
                  options.HasExtension(access::v1::visible_to)
                      ? absl::StrCat("  visible to ", Roles(options.GetExtension(access::v1::visible_to)))
                      : "",
                  "\n");
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    absl::StrAppend(text, "  ", field.number(), " ", field.is_repeated() ? "repeated " : "", TypeName(field), " ",
                    field.name(), "\n");
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
        absl::StrAppend(&text, "  ", method.name(), method.server_streaming() ? " stream" : "", ": ",
                        Roles(Known(method.options()).GetExtension(access::v1::allow)), "\n");
      }
    }
    for (int i = 0; i < file->message_type_count(); ++i) Describe(*file->message_type(i), &text);
    for (int i = 0; i < file->enum_type_count(); ++i) {
      const EnumDescriptor& type = *file->enum_type(i);
      absl::StrAppend(&text, "enum ", type.full_name(), "\n");
      for (int v = 0; v < type.value_count(); ++v) {
        absl::StrAppend(&text, "  ", type.value(v)->number(), " ", type.value(v)->name(), "\n");
      }
    }
    absl::StrAppend(&text, "\n");
  }
  return text;
}

TEST(Contracts, AreThoseOfTheGoldenFile) {
  const Contracts contracts;
  const std::string now = Describe(contracts.files());
  const std::string path = kRoot + "/tests/protos/api.golden";
  if (const char* update = getenv("UPDATE_GOLDEN"); update != nullptr && std::string(update) == "1") {
    std::ofstream(path) << now;
  }
  std::ostringstream golden;
  golden << std::ifstream(path).rdbuf();
  EXPECT_EQ(now, golden.str()) << "a contract has changed; if that is meant, run this test with UPDATE_GOLDEN=1";
}

TEST(Contracts, EveryRpcSaysWhoMayCall) {
  const Contracts contracts;
  for (const FileDescriptor* file : contracts.files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto& method = *file->service(s)->method(m);
        EXPECT_GT(Known(method.options()).GetExtension(access::v1::allow).roles_size(), 0) << method.full_name();
      }
    }
  }
}

// Every request that changes something can be repeated safely.
TEST(Contracts, EveryChangeHasARequestId) {
  const Contracts contracts;
  for (const FileDescriptor* file : contracts.files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        const auto& method = *file->service(s)->method(m);
        if (file->package() == "mestring.events.v1" ||
            method.options().idempotency_level() == google::protobuf::MethodOptions::NO_SIDE_EFFECTS) {
          continue;
        }
        const FieldDescriptor* id = method.input_type()->FindFieldByName("request_id");
        ASSERT_NE(id, nullptr) << method.full_name();
        EXPECT_EQ(id->number(), 1) << method.full_name();
        const auto& rule = Known(id->options()).GetExtension(common::v1::rule);
        EXPECT_TRUE(rule.required() && rule.format() == common::v1::FORMAT_UUID) << method.full_name();
      }
    }
  }
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

TEST(Contracts, NoEventHoldsFreeTextAndEachSaysWhoSeesIt) {
  const Contracts contracts;
  int events = 0;
  for (const FileDescriptor* file : contracts.files()) {
    const bool holds_events = file->name().ends_with("_events.proto");
    for (int i = 0; holds_events && i < file->message_type_count(); ++i) {
      const Descriptor& event = *file->message_type(i);
      ExpectNoFreeText(event, event.full_name());
      EXPECT_GT(Known(event.options()).GetExtension(access::v1::visible_to).roles_size(), 0) << event.full_name();
      ++events;
    }
  }
  EXPECT_GT(events, 40);
}

}  // namespace
}  // namespace mestring
