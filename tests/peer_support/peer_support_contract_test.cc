// What holds for every RPC of peer support because its contract says so; and what a peer may not do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/rpc/audience.h"
#include "common/rpc/token.h"
#include "tests/peer_support/town.h"
#include "tests/support/contract_checks.h"
#include "tests/support/contract_suite.h"

namespace mestring::peer_support {
namespace {

constexpr std::string_view kService = "mestring.peer_support.v1.PeerSupportService";

class ContractTest : public testing::Test {
 protected:
  Town town_{"sqlite"};
};

TEST_F(ContractTest, EveryRpcLetsInTheRolesOfItsContractAndNobodyElse) { ExpectRolesHold(town_, kService); }

TEST_F(ContractTest, EveryWrongFieldIsNamedAndNothingChangesOrLeaks) {
  ExpectWrongFieldsAreNamed(town_, kService, 500);
}

TEST_F(ContractTest, APageTokenIsOfOneListAskedForInOneWay) { ExpectPageTokensBelongToTheirList(town_, kService); }

TEST_F(ContractTest, NoRpcAnswersInternal) { ExpectNoInternalErrors(town_, kService); }

// [P7] A peer has no decision or medical authority. What a peer may call changes only what is their own.
TEST_F(ContractTest, P7APeerCanCallNoRpcThatDecides) {
  std::set<std::string> writes;
  for (const auto* method : MethodsOf(kService)) {
    const std::vector<Role> allowed = *AllowedRoles(*method);
    if (method->service()->full_name() != kService) continue;
    if (method->options().idempotency_level() == google::protobuf::MethodOptions::NO_SIDE_EFFECTS) continue;
    if (std::find(allowed.begin(), allowed.end(), access::v1::ROLE_PEER) != allowed.end()) {
      writes.insert(method->name());
    }
  }
  EXPECT_THAT(writes, testing::ElementsAre("AnswerProposal", "EndMatch", "LeaveGroup", "LogContact", "NameConflict",
                                           "OptOut", "PausePeer", "SubmitAnswer", "WithdrawContact"));
}

// No text of a conversation can be stored: the only words that anybody can send are the names of groups and
// rounds, and the questions of an evaluation.
TEST_F(ContractTest, NoFieldOfAnyRequestTakesFreeTextButNamesAndQuestions) {
  std::set<std::string> texts;
  for (const auto* method : MethodsOf(kService)) {
    if (method->service()->full_name() != kService) continue;
    std::vector<const google::protobuf::Descriptor*> open = {method->input_type()};
    while (!open.empty()) {
      const google::protobuf::Descriptor* type = open.back();
      open.pop_back();
      for (int i = 0; i < type->field_count(); ++i) {
        const auto* field = type->field(i);
        const auto& rule = field->options().GetExtension(common::v1::rule);
        if (field->message_type() != nullptr && field->message_type() != type) open.push_back(field->message_type());
        if (field->type() != google::protobuf::FieldDescriptor::TYPE_STRING) continue;
        if (rule.format() == common::v1::FORMAT_TEXT || rule.format() == common::v1::FORMAT_UNSPECIFIED) {
          texts.insert(field->full_name());
        }
      }
    }
  }
  EXPECT_THAT(texts, testing::ElementsAre("mestring.peer_support.v1.EvaluationQuestion.text",
                                          "mestring.peer_support.v1.OpenEvaluationRequest.name",
                                          "mestring.peer_support.v1.OpenGroupRequest.name",
                                          "mestring.peer_support.v1.PeerRules.id"));
}

TEST_F(ContractTest, WhoHasLookedStandsInTheAccessLogOfBothRefusalsToo) {
  const pb::Match match = town_.Matched(town_.Active());
  pb::GetMatchRequest request;
  request.set_match_id(match.id());
  EXPECT_TRUE(town_.Call(&Town::Stub::GetMatch, Staff(), request).ok());
  EXPECT_FALSE(town_.Call(&Town::Stub::GetMatch, Resident(SomePerson()), request).ok());
  for (const std::string& person : {match.person_ref(), match.peer_person_ref()}) {
    EXPECT_THAT(OutcomesLogged(town_, person, "GetMatch"), testing::UnorderedElementsAre("OK", "NOT_FOUND"));
  }
}

}  // namespace
}  // namespace mestring::peer_support
