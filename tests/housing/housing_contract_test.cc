// What holds for every RPC of housing because its contract says so.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "mestring/access/v1/access.pb.h"
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

// The types of the resources in a message, as Stay.
void AddResourcesIn(const google::protobuf::Descriptor& message, std::set<std::string>* types) {
  for (int i = 0; i < message.field_count(); ++i) {
    const google::protobuf::Descriptor* type = message.field(i)->message_type();
    if (type != nullptr && types->insert(type->name()).second) AddResourcesIn(*type, types);
  }
}

// stay_id: Stay.
std::string ResourceOf(std::string_view id_field) {
  std::string name;
  bool begins_word = true;
  for (const char c : id_field.substr(0, id_field.size() - std::string_view("_id").size())) {
    if (c != '_') name += begins_word ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c;
    begins_word = c == '_';
  }
  return name == "Closure" ? "PlaceClosure" : name;
}

// A subscriber whose cursor was pruned takes a snapshot by the RPCs that read: the resource that an event is
// about, which its comment and its first field name, must be among what they show a service.
TEST_F(ContractTest, AServiceCanReadWhateverItIsToldOf) {
  std::set<std::string> readable;
  const google::protobuf::ServiceDescriptor& service = *pb::Stay::descriptor()->file()->service(0);
  ASSERT_EQ(service.full_name(), kService);
  for (int i = 0; i < service.method_count(); ++i) {
    const google::protobuf::MethodDescriptor& rpc = *service.method(i);
    const auto& roles = rpc.options().GetExtension(access::v1::allow).roles();
    const bool reads = rpc.options().idempotency_level() == google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
    if (reads && std::find(roles.begin(), roles.end(), access::v1::ROLE_SERVICE) != roles.end()) {
      AddResourcesIn(*rpc.output_type(), &readable);
    }
  }
  int events = 0;
  const google::protobuf::FileDescriptor& file = *pb::StayEnded::descriptor()->file();
  for (int i = 0; i < file.message_type_count(); ++i) {
    const google::protobuf::Descriptor& event = *file.message_type(i);
    const std::string& subject = event.field(0)->name();
    if (!subject.ends_with("_id")) continue;  // a deadline of another subject, or figures
    EXPECT_TRUE(readable.contains(ResourceOf(subject))) << event.name() << " is about " << ResourceOf(subject);
    ++events;
  }
  EXPECT_GT(events, 40);
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
