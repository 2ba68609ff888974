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

TEST_F(ContractTest, NoRpcAnswersInternal) { ExpectNoInternalErrors(town_, kService); }

TEST_F(ContractTest, WhoHasLookedStandsInTheAccessLogRefusalsToo) {
  const std::string person = SomePerson();
  pb::GetStayRequest request;
  request.set_stay_id(town_.LivesIn(person, town_.akutten).id());
  EXPECT_TRUE(town_.Call(&Town::Stub::GetStay, Staff(), request).ok());
  EXPECT_FALSE(town_.Call(&Town::Stub::GetStay, Resident(SomePerson()), request).ok());
  std::vector<std::string> looks;
  EXPECT_TRUE(town_.service()
                  .db()
                  .Read([&](Tx& tx) -> absl::Status {
                    ASSIGN(const auto rows,
                           (tx.Query<std::string, std::string>(
                               "SELECT rpc, outcome FROM access_log WHERE person_ref = :person", person)));
                    for (const auto& [rpc, outcome] : rows) {
                      if (rpc.ends_with("/GetStay")) looks.push_back(outcome);
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_THAT(looks, testing::UnorderedElementsAre("OK", "NOT_FOUND"));
}

}  // namespace
}  // namespace mestring::housing
