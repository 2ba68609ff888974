// What holds for every RPC of housing because its contract says so: who may call, and what a wrong
// request is answered. Derived from the contract, so that a new RPC is covered at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/housing/town.h"
#include "tests/support/contract_checks.h"

namespace mestring::housing {
namespace {

constexpr char kService[] = "mestring.housing.v1.HousingService";

class ContractTest : public testing::Test {
 protected:
  Town town_{"sqlite"};
};

TEST_F(ContractTest, EveryRpcLetsInTheRolesOfItsContractAndNobodyElse) {
  ExpectRolesOfContract(town_.service(), kService);
}

TEST_F(ContractTest, EveryWrongFieldIsNamedAndNothingChangesOrLeaks) {
  EXPECT_GT(ExpectWrongFieldsNamed(town_.service(), kService), 1000);
}

TEST_F(ContractTest, NoRpcAnswersInternal) { ExpectNoInternal(town_.service(), kService); }

TEST_F(ContractTest, WhoHasLookedStandsInTheAccessLogRefusalsToo) {
  const std::string person = SomePerson();
  pb::GetStayRequest request;
  request.set_stay_id(town_.LivesIn(person, town_.akutten).id());
  EXPECT_TRUE(town_.Call(&Town::Stub::GetStay, Staff(), request).ok());
  EXPECT_FALSE(town_.Call(&Town::Stub::GetStay, Resident(SomePerson()), request).ok());
  EXPECT_THAT(OutcomesLogged(town_.service(), person, "GetStay"), testing::UnorderedElementsAre("OK", "NOT_FOUND"));
}

}  // namespace
}  // namespace mestring::housing
