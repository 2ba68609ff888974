// What holds for every RPC of activities because its contract says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/activities/town.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"

namespace mestring::activities {
namespace {

constexpr std::string_view kService = "mestring.activities.v1.ActivityService";

class ContractTest : public testing::Test {
 protected:
  Town town_{"sqlite"};
};

TEST_F(ContractTest, EveryRpcLetsInTheRolesOfItsContractAndNobodyElse) { ExpectRolesHold(town_, kService); }

TEST_F(ContractTest, EveryWrongFieldIsNamedAndNothingChangesOrLeaks) {
  ExpectWrongFieldsAreNamed(town_, kService, 700);
}

TEST_F(ContractTest, APageTokenIsOfOneListAskedForInOneWay) { ExpectPageTokensBelongToTheirList(town_, kService); }

TEST_F(ContractTest, NoRpcAnswersInternal) { ExpectNoInternalErrors(town_, kService); }

TEST_F(ContractTest, WhoHasLookedStandsInTheAccessLogRefusalsToo) {
  const std::string person = SomePerson();
  pb::WithdrawEnrolmentRequest request;
  request.set_enrolment_id(town_.Enrolled(town_.Run(1), person).id());
  EXPECT_REFUSED(town_.Call(&Town::Stub::WithdrawEnrolment, Resident(SomePerson()), request), "NOT_FOUND");
  EXPECT_DONE(town_.Call(&Town::Stub::WithdrawEnrolment, Staff(), request));
  EXPECT_THAT(OutcomesLogged(town_, person, "WithdrawEnrolment"), testing::UnorderedElementsAre("OK", "NOT_FOUND"));
}

}  // namespace
}  // namespace mestring::activities
