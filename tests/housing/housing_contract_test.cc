// What holds for every RPC of housing because its contract says so: who may call, and what a wrong
// request is answered. Derived from the contract, so that a new RPC is covered at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/housing/town.h"
#include "tests/support/contract_checks.h"
#include "tests/support/tokens.h"

namespace mestring::housing {
namespace {

using google::protobuf::MethodDescriptor;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// Those of housing itself; the kernel's own services are tested with the kernel.
std::vector<const MethodDescriptor*> Methods() {
  std::vector<const MethodDescriptor*> methods;
  for (const MethodDescriptor* method : MethodsOf("mestring.housing.v1.HousingService")) {
    if (method->service()->name() == "HousingService") methods.push_back(method);
  }
  return methods;
}

class ContractTest : public testing::Test {
 protected:
  std::unique_ptr<grpc::ClientContext> As(const std::vector<Role>& roles) {
    auto context = RunningService::Nobody();
    context->AddMetadata("authorization", absl::StrCat("Bearer ", Token(roles, person_, "nav-sandnes")));
    return context;
  }
  grpc::Status Call(const MethodDescriptor& method, grpc::ClientContext& context,
                    const google::protobuf::Message& request) {
    return CallByPath(*town_.service().channel(), PathOf(method), context, request, nullptr);
  }
  static std::vector<Role> AllowedTo(const MethodDescriptor& method) { return *AllowedRoles(method); }

  Town town_{"sqlite"};
  const std::string person_ = SomePerson();
};

TEST_F(ContractTest, EveryRpcLetsInTheRolesOfItsContractAndNobodyElse) {
  for (const MethodDescriptor* method : Methods()) {
    const auto request = NewMessage(*method->input_type());
    const auto nobody = RunningService::Nobody();
    EXPECT_EQ(Call(*method, *nobody, *request).error_code(), grpc::StatusCode::UNAUTHENTICATED) << method->full_name();
    const std::vector<Role> allowed = AllowedTo(*method);
    for (int role = access::v1::Role_MIN + 1; role <= access::v1::Role_MAX; ++role) {
      const bool may = std::find(allowed.begin(), allowed.end(), role) != allowed.end();
      const auto context = As({static_cast<Role>(role)});
      const grpc::Status status = Call(*method, *context, *request);
      EXPECT_EQ(status.error_code() != grpc::StatusCode::PERMISSION_DENIED, may)
          << method->full_name() << " as " << access::v1::Role_Name(static_cast<Role>(role)) << ": "
          << status.error_message();
    }
  }
}

TEST_F(ContractTest, EveryWrongFieldIsNamedAndNothingChangesOrLeaks) {
  const size_t events = town_.Events().size();
  std::string answers;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  int tried = 0;
  std::vector<std::string> poisons;
  for (const MethodDescriptor* method : Methods()) {
    for (const BadRequest& bad : BadRequestsFor(*method->input_type())) {
      const auto context = As(AllowedTo(*method));
      const grpc::Status status = Call(*method, *context, *bad.request);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
          << method->full_name() << " " << bad.field << " " << bad.what << ": " << status.error_message();
      EXPECT_THAT(FieldsNamed(status), Contains(bad.field)) << method->full_name() << " " << bad.what;
      answers += status.error_message() + status.error_details();
      if (!bad.poison.empty()) poisons.push_back(bad.poison);
      ++tried;
    }
  }
  const std::string logged = testing::internal::GetCapturedStdout() + testing::internal::GetCapturedStderr();
  EXPECT_GT(tried, 1000);
  for (const std::string& poison : std::set<std::string>(poisons.begin(), poisons.end())) {
    EXPECT_EQ(answers.find(poison), std::string::npos) << "an answer repeats what was sent";
    EXPECT_EQ(logged.find(poison), std::string::npos) << "a log line repeats what was sent";
  }
  EXPECT_EQ(town_.Events().size(), events) << "nothing has changed";
}

// A request about things that do not exist gets an error of the contract, never INTERNAL.
TEST_F(ContractTest, NoRpcAnswersInternal) {
  for (const MethodDescriptor* method : Methods()) {
    const auto request = NewMessage(*method->input_type());
    FillRequired(*request);
    const auto context = As(AllowedTo(*method));
    const grpc::Status status = Call(*method, *context, *request);
    EXPECT_THAT(status.error_code(), Not(testing::AnyOf(grpc::StatusCode::INTERNAL, grpc::StatusCode::UNKNOWN,
                                                        grpc::StatusCode::UNIMPLEMENTED)))
        << method->full_name() << ": " << status.error_message();
  }
}

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
