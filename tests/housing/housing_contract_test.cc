// What holds for every RPC of housing because its contract says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/housing/town.h"
#include "tests/support/contract_suite.h"

namespace mestring::housing {
namespace {

constexpr std::string_view kService = "mestring.housing.v1.HousingService";

class ContractTest : public testing::Test {
 protected:
  Town town_{"sqlite"};
};

TEST_F(ContractTest, EveryRpcLetsInTheRolesOfItsContractAndNobodyElse) { ExpectRolesHold(town_, kService); }

TEST_F(ContractTest, EveryWrongFieldIsNamedAndNothingChangesOrLeaks) {
  ExpectWrongFieldsAreNamed(town_, kService, 1000);
}

TEST_F(ContractTest, APageTokenIsOfOneListAskedForInOneWay) { ExpectPageTokensBelongToTheirList(town_, kService); }

TEST_F(ContractTest, NoRpcAnswersInternal) { ExpectNoInternalErrors(town_, kService); }

TEST_F(ContractTest, AServiceCanReadWhateverItIsToldOf) {
  ExpectServicesCanReadWhatTheyAreToldOf(kService, *pb::StayEnded::descriptor()->file(), 40);
}

TEST_F(ContractTest, WhoHasLookedStandsInTheAccessLogRefusalsToo) {
  const std::string person = SomePerson();
  pb::GetStayRequest request;
  request.set_stay_id(town_.LivesIn(person, town_.akutten).id());
  EXPECT_TRUE(town_.Call(&Town::Stub::GetStay, Staff(), request).ok());
  EXPECT_FALSE(town_.Call(&Town::Stub::GetStay, Resident(SomePerson()), request).ok());
  EXPECT_THAT(OutcomesLogged(town_, person, "GetStay"), testing::UnorderedElementsAre("OK", "NOT_FOUND"));
}

}  // namespace
}  // namespace mestring::housing
