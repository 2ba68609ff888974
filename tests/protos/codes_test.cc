// Every code that a caller can send says in the contract which codes there are: those of a code list (code_list), which
// the services then check (services/shared/code_lists.h), or those of a message (defined_by).
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "mestring/common/v1/field_rule.pb.h"
#include "tests/support/contract_files.h"

namespace mestring {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using testing::ElementsAre;
using testing::IsEmpty;

// What is wrong with a field that is a code by its name or by its rule; "" if nothing is, or if it is no code.
std::string ProblemOf(const FieldDescriptor& field) {
  const common::v1::FieldRule rule = Known(field.options()).GetExtension(common::v1::rule);
  const auto& pool = *field.file()->pool();
  const std::string& package = field.file()->package();
  if (!rule.code_list().empty()) {
    const auto* lists = pool.FindEnumTypeByName(absl::StrCat(package, ".CodeListKind"));
    if (lists == nullptr || lists->FindValueByName(absl::StrCat("CODE_LIST_KIND_", rule.code_list())) == nullptr) {
      return absl::StrCat("is of the list ", rule.code_list(), ", which ", package, " does not have");
    }
    return rule.format() == common::v1::FORMAT_CODE ? "" : "has a code_list, and is no FORMAT_CODE";
  }
  if (!rule.defined_by().empty()) {
    return pool.FindMessageTypeByName(absl::StrCat(package, ".", rule.defined_by())) != nullptr
               ? ""
               : absl::StrCat("is defined by ", rule.defined_by(), ", which ", package, " does not have");
  }
  const bool is_code = absl::EndsWith(field.name(), "_code") || absl::EndsWith(field.name(), "_codes");
  // A receipt code is called one by people, and is a UUID.
  return is_code && rule.format() != common::v1::FORMAT_UUID ? "says neither code_list nor defined_by" : "";
}

// Adds the problems of a message and of those below; counts the fields that have a code_list.
int Look(const Descriptor& type, std::set<const Descriptor*>* seen, std::vector<std::string>* problems) {
  if (!seen->insert(&type).second) return 0;
  int listed = 0;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.message_type() != nullptr) listed += Look(*field.message_type(), seen, problems);
    if (field.type() != FieldDescriptor::TYPE_STRING) continue;
    const std::string problem = ProblemOf(field);
    if (!problem.empty()) problems->push_back(absl::StrCat(field.full_name(), " ", problem));
    listed += Known(field.options()).GetExtension(common::v1::rule).code_list().empty() ? 0 : 1;
  }
  return listed;
}

TEST(Codes, EveryCodeOfARequestIsOfAListThatThereIsOrOfAMessage) {
  const ContractFiles contracts;
  std::set<const Descriptor*> seen;
  std::vector<std::string> problems;
  int listed = 0;
  for (const auto* file : contracts.files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        listed += Look(*file->service(s)->method(m)->input_type(), &seen, &problems);
      }
    }
  }
  EXPECT_THAT(problems, IsEmpty());
  EXPECT_GT(listed, 30);
}

TEST(Codes, ACodeOfNoListIsFound) {
  google::protobuf::FileDescriptorProto made;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        name: "made.proto"
        package: "made"
        syntax: "proto3"
        dependency: "mestring/common/v1/field_rule.proto"
        enum_type {
          name: "CodeListKind"
          value { name: "CODE_LIST_KIND_UNSPECIFIED" number: 0 }
          value { name: "CODE_LIST_KIND_REASON" number: 1 }
        }
        message_type {
          name: "Request"
          field { name: "bare_code" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
          field {
            name: "reason_code"
            number: 2
            type: TYPE_STRING
            label: LABEL_OPTIONAL
            options {
              [mestring.common.v1.rule] { format: FORMAT_CODE code_list: "REASON" }
            }
          }
          field {
            name: "other_codes"
            number: 3
            type: TYPE_STRING
            label: LABEL_REPEATED
            options {
              [mestring.common.v1.rule] { format: FORMAT_CODE code_list: "OTHER" }
            }
          }
          field {
            name: "loose"
            number: 4
            type: TYPE_STRING
            label: LABEL_OPTIONAL
            options {
              [mestring.common.v1.rule] { code_list: "REASON" }
            }
          }
          field {
            name: "receipt_code"
            number: 5
            type: TYPE_STRING
            label: LABEL_OPTIONAL
            options {
              [mestring.common.v1.rule] { format: FORMAT_UUID }
            }
          }
          field {
            name: "factor_code"
            number: 6
            type: TYPE_STRING
            label: LABEL_OPTIONAL
            options {
              [mestring.common.v1.rule] { defined_by: "Nothing" }
            }
          }
          field {
            name: "self_code"
            number: 7
            type: TYPE_STRING
            label: LABEL_OPTIONAL
            options {
              [mestring.common.v1.rule] { defined_by: "Request" }
            }
          }
        })pb",
      &made));
  google::protobuf::DescriptorPool pool(google::protobuf::DescriptorPool::generated_pool());
  const auto* file = pool.BuildFile(made);
  ASSERT_NE(file, nullptr);
  std::set<const Descriptor*> seen;
  std::vector<std::string> problems;
  EXPECT_EQ(Look(*file->message_type(0), &seen, &problems), 3);
  EXPECT_THAT(problems, ElementsAre("made.Request.bare_code says neither code_list nor defined_by",
                                    "made.Request.other_codes is of the list OTHER, which made does not have",
                                    "made.Request.loose has a code_list, and is no FORMAT_CODE",
                                    "made.Request.factor_code is defined by Nothing, which made does not have"));
}

}  // namespace
}  // namespace mestring
