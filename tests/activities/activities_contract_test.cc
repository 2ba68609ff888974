// What holds for every RPC of activities because its contract says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/activities/centre.h"
#include "tests/support/contract_suite.h"
#include "tests/support/expect.h"

namespace mestring::activities {
namespace {

constexpr std::string_view kService = "mestring.activities.v1.ActivityService";

class ContractTest : public testing::Test {
 protected:
  Centre centre_{"sqlite"};
};

TEST_F(ContractTest, EveryRpcLetsInTheRolesOfItsContractAndNobodyElse) { ExpectRolesHold(centre_, kService); }

TEST_F(ContractTest, EveryWrongFieldIsNamedAndNothingChangesOrLeaks) {
  ExpectWrongFieldsAreNamed(centre_, kService, 700);
}

TEST_F(ContractTest, NoRpcAnswersInternal) { ExpectNoInternalErrors(centre_, kService); }

TEST_F(ContractTest, WhoHasLookedStandsInTheAccessLogRefusalsToo) {
  const std::string person = SomePerson();
  pb::WithdrawEnrolmentRequest request;
  request.set_enrolment_id(centre_.Enrolled(centre_.Run(1), person).id());
  EXPECT_REFUSED(centre_.Call(&Centre::Stub::WithdrawEnrolment, Resident(SomePerson()), request), "NOT_FOUND");
  EXPECT_DONE(centre_.Call(&Centre::Stub::WithdrawEnrolment, Staff(), request));
  EXPECT_THAT(OutcomesLogged(centre_, person, "WithdrawEnrolment"), testing::UnorderedElementsAre("OK", "NOT_FOUND"));
}

}  // namespace
}  // namespace mestring::activities
