// What holds for every RPC of the council because its contract says so: who may call, and what a wrong
// request is answered. Derived from the contract, so that a new RPC is covered at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "mestring/common/v1/field_rule.pb.h"
#include "services/council/minutes_rules.h"
#include "tests/council/town.h"
#include "tests/support/contract_files.h"
#include "tests/support/contract_suite.h"

namespace mestring::council {
namespace {

constexpr char kService[] = "mestring.council.v1.CouncilService";

class ContractTest : public testing::Test {
 protected:
  Town town_{"sqlite"};
};

TEST_F(ContractTest, EveryRpcLetsInTheRolesOfItsContractAndNobodyElse) { ExpectRolesHold(town_, kService); }

// A person in a text (C9) is among what is wrong.
TEST_F(ContractTest, EveryWrongFieldIsNamedAndNothingChangesOrLeaks) {
  ExpectWrongFieldsAreNamed(town_, kService, 700);
}

TEST_F(ContractTest, APageTokenIsOfOneListAskedForInOneWay) { ExpectPageTokensBelongToTheirList(town_, kService); }

TEST_F(ContractTest, NoRpcAnswersInternal) { ExpectNoInternalErrors(town_, kService); }

TEST_F(ContractTest, AServiceCanReadWhateverItIsToldOf) {
  ExpectServicesCanReadWhatTheyAreToldOf(kService, *pb::NoticeSent::descriptor()->file(), 40);
}

TEST_F(ContractTest, WhoHasLookedStandsInTheAccessLogRefusalsToo) {
  pb::EndTermRequest end;
  end.set_holder_id(town_.user.principal_holder);
  end.set_reason_code("OWN_WISH");
  EXPECT_REFUSED(town_.Call(&Town::Stub::EndTerm, Member(town_.kin.principal), end), "FORBIDDEN");
  EXPECT_DONE(town_.Call(&Town::Stub::EndTerm, Member(town_.user.principal), end));
  EXPECT_THAT(OutcomesLogged(town_, town_.user.principal, "EndTerm"),
              testing::UnorderedElementsAre("OK", "PERMISSION_DENIED"));
}

// Every text and every code that a caller can send is marked, so that the guard of C9 has no hole: where no list of
// codes is in force, a code is what somebody typed.
TEST(CouncilContract, EveryTextAndCodeOfARequestIsImpersonal) {
  std::set<const google::protobuf::Descriptor*> seen;
  std::function<void(const google::protobuf::Descriptor&, const std::string&)> look =
      [&](const google::protobuf::Descriptor& type, const std::string& path) {
        if (!seen.insert(&type).second) return;
        for (int i = 0; i < type.field_count(); ++i) {
          const auto& field = *type.field(i);
          const std::string name = absl::StrCat(path, ".", field.name());
          if (field.message_type() != nullptr) look(*field.message_type(), name);
          if (field.type() != google::protobuf::FieldDescriptor::TYPE_STRING) continue;
          const auto& rule = field.options().GetExtension(common::v1::rule);
          const bool words = rule.format() == common::v1::FORMAT_UNSPECIFIED ||
                             rule.format() == common::v1::FORMAT_TEXT || rule.format() == common::v1::FORMAT_CODE;
          EXPECT_TRUE(!words || rule.forbid_person_ref()) << name;
        }
      };
  const auto& service = *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(kService);
  for (int i = 0; i < service.method_count(); ++i) {
    look(*service.method(i)->input_type(), std::string(service.method(i)->input_type()->name()));
  }
}

// Who sets a mandate reads in the contract what an empty word of the minutes stands for.
TEST(CouncilContract, EveryWordOfTheMinutesSaysWhatItIsInEnglish) {
  const ContractFiles contracts;
  const pb::MinutesWords english = WordsOf(pb::Mandate());
  for (const auto* file : contracts.files()) {
    const auto* words = file->FindMessageTypeByName("MinutesWords");
    if (words == nullptr) continue;
    ASSERT_EQ(words->field_count(), english.GetDescriptor()->field_count());
    for (int i = 0; i < words->field_count(); ++i) {
      google::protobuf::SourceLocation location;
      ASSERT_TRUE(words->field(i)->GetSourceLocation(&location));
      EXPECT_THAT(location.leading_comments,
                  testing::HasSubstr(absl::StrCat(
                      "\"", english.GetReflection()->GetString(english, english.GetDescriptor()->field(i)), "\"")));
    }
    return;
  }
  ADD_FAILURE() << "no contract has them";
}

}  // namespace
}  // namespace mestring::council
