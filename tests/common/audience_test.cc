// What the contract lets a role do: which RPCs it may call, which events it sees, and that a contract which does not
// say so keeps a service from starting.
#include "common/rpc/audience.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "mestring/test/v1/test.pb.h"

namespace mestring {
namespace {

namespace tpb = test::v1;
using access::v1::ROLE_HOUSING_OFFICE;
using access::v1::ROLE_NAV;
using access::v1::ROLE_NEXT_OF_KIN;
using access::v1::ROLE_OPERATOR;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_SERVICE;
using access::v1::ROLE_STAFF;

constexpr char kPerson[] = "01890a5d-ac96-774b-bcce-b302099a8057";

Caller Of(std::vector<Role> roles, std::string person = "", std::string organisation = "") {
  Caller caller;
  caller.subject = "somebody";
  caller.roles = std::move(roles);
  caller.person_ref = std::move(person);
  caller.organisation_id = std::move(organisation);
  return caller;
}

bool MaySeeEvent(const Caller& caller, const google::protobuf::Message* event) {
  return MaySee(caller, AudienceOf(event));
}

TEST(AudienceTest, AnEventIsSeenByThoseItsContractNames) {
  tpb::NoteWritten event;
  event.set_person_ref(kPerson);
  event.set_organisation_id("nav-sandnes");
  EXPECT_TRUE(MaySeeEvent(Of({ROLE_STAFF}), &event));
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_HOUSING_OFFICE}), &event));
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_OPERATOR}), &event));
  EXPECT_FALSE(MaySeeEvent(Of({}), &event));
  EXPECT_TRUE(MaySeeEvent(Of({ROLE_PERSON}, kPerson), &event));
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_PERSON}, "01890a5d-ac96-774b-bcce-b302099a8058"), &event));
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_PERSON}), &event));
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_NEXT_OF_KIN}, kPerson), &event));
  EXPECT_TRUE(MaySeeEvent(Of({ROLE_NAV}, "", "nav-sandnes"), &event));
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_NAV}, "", "nav-oslo"), &event));
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_NAV}, kPerson), &event));
  EXPECT_TRUE(MaySeeEvent(Of({ROLE_PERSON, ROLE_STAFF}), &event));
  EXPECT_TRUE(MaySeeEvent(Of({ROLE_SERVICE}), &event));
}

TEST(AudienceTest, AnEventThatNamesNobodyIsForSubscribers) {
  const tpb::NoteHidden event;
  EXPECT_TRUE(MaySeeEvent(Of({ROLE_SERVICE}), &event));
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_STAFF}), &event));
  EXPECT_TRUE(MaySeeEvent(Of({ROLE_STAFF}), nullptr));
}

TEST(AudienceTest, AnEventWithoutAPersonIsNobodysOwn) {
  const tpb::NoteWritten event;
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_PERSON}), &event));
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_NAV}), &event));
}

TEST(AudienceTest, AnEventAboutNobodyIsSeenByEveryRoleThatItsContractLists) {
  const tpb::NotebookClosed event;
  EXPECT_TRUE(MaySeeEvent(Of({ROLE_PERSON}, kPerson), &event));
  EXPECT_TRUE(MaySeeEvent(Of({ROLE_NAV}, "", "nav-oslo"), &event));
  EXPECT_FALSE(MaySeeEvent(Of({access::v1::ROLE_PEER}, kPerson), &event));
  EXPECT_FALSE(MaySeeEvent(Of({ROLE_STAFF}), &event));
}

// Each breadth by a role that has it, over an event that names two and one that names nobody.
TEST(AudienceTest, ARoleSeesAsFarAsItsContractSays) {
  const auto audience = [](const std::vector<Role>& roles, bool names_nobody) {
    Audience seen_by;
    seen_by.roles = roles;
    seen_by.names_nobody = names_nobody;
    if (!names_nobody) seen_by.persons = {kPerson}, seen_by.organisations = {"nav-sandnes"};
    return seen_by;
  };
  struct Case {
    Role role;
    bool as_stranger, as_person, as_organisation;
  };
  for (const Case& c :
       {Case{ROLE_OPERATOR, false, false, false}, Case{ROLE_PERSON, false, true, false},
        Case{ROLE_NAV, false, false, true}, Case{ROLE_STAFF, true, true, true}, Case{ROLE_SERVICE, true, true, true}}) {
    const Audience about_two = audience({c.role}, false);
    EXPECT_EQ(MaySee(Of({c.role}), about_two), c.as_stranger) << c.role;
    EXPECT_EQ(MaySee(Of({c.role}, kPerson), about_two), c.as_person) << c.role;
    EXPECT_EQ(MaySee(Of({c.role}, "", "nav-sandnes"), about_two), c.as_organisation) << c.role;
    EXPECT_TRUE(MaySee(Of({c.role}), audience({c.role}, true))) << c.role;
    // Not listed: for whoever sees the whole stream only.
    EXPECT_EQ(MaySee(Of({c.role}, kPerson, "nav-sandnes"), audience({}, true)), c.role == ROLE_SERVICE);
    EXPECT_EQ(SeesWholeStream(Of({c.role})), c.role == ROLE_SERVICE);
  }
  // A role that no contract knows sees nothing.
  const Role unknown = static_cast<Role>(1000);
  EXPECT_FALSE(MaySee(Of({unknown, access::v1::ROLE_UNSPECIFIED}, kPerson, "nav-sandnes"), audience({unknown}, true)));
}

TEST(CheckContractsTest, EachRoleSaysHowMuchItSeesOfEvents) {
  EXPECT_EQ(CheckContracts({}, *tpb::ForgetfulRole_descriptor()).message(),
            "the contract does not say how much FORGETFUL_ROLE_CARELESS sees of events (mestring.access.v1.breadth)");
  EXPECT_EQ(CheckContracts({}, *access::v1::Role_descriptor()), absl::OkStatus());
}

// A contract in a pool of its own, as those who read .proto files have it: its audiences, what its RPC and its events
// file's event name.
absl::Status CheckedAudiences(const std::string& audiences, const std::string& allow, const std::string& visible_to) {
  google::protobuf::DescriptorPool pool(google::protobuf::DescriptorPool::generated_pool());
  const auto build = [&](const std::string& text) {
    google::protobuf::FileDescriptorProto file;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &file));
    return pool.BuildFile(file);
  };
  const std::string option = "options { [mestring.access.v1.";
  const auto* contract = build(absl::StrCat(
      "name: 'a.proto' package: 'a' dependency: 'mestring/access/v1/access.proto' message_type { name: 'M' }",
      audiences, " service { name: 'S' method { name: 'Do' input_type: 'M' output_type: 'M' ",
      allow.empty() ? "" : absl::StrCat(option, "allow]: '", allow, "' }"), "} }"));
  const auto* events = build(
      absl::StrCat("name: 'a_events.proto' package: 'a' dependency: ['a.proto', 'mestring/access/v1/access.proto'] ",
                   "message_type { name: 'Done' ",
                   visible_to.empty() ? "" : absl::StrCat(option, "visible_to]: '", visible_to, "' }"), "}"));
  if (contract == nullptr || events == nullptr) return absl::InternalError("the test's contract is wrong");
  return CheckAudiences(*contract->service(0), events);
}

TEST(CheckAudiencesTest, EachIsDefinedOnceAndNamedByAnRpcOrAnEvent) {
  const auto audience = [](const std::string& fields) {
    return absl::StrCat(" options { [mestring.access.v1.audience] { ", fields, " } } ");
  };
  const std::string staff = "name: 'STAFF' who: 'They work here.' roles: ROLE_STAFF";
  const std::string both =
      absl::StrCat(" options { [mestring.access.v1.audience]: { ", staff,
                   " } [mestring.access.v1.audience]: { name: ", "'NAV' who: 'They ask.' roles: ROLE_NAV } } ");
  EXPECT_EQ(CheckedAudiences(both, "STAFF", "NAV"), absl::OkStatus());
  EXPECT_EQ(CheckedAudiences(audience(staff), "STAFF", "STAFF"), absl::OkStatus());
  EXPECT_EQ(CheckedAudiences(both, "STAFF", "STAFF").message(),
            "the audience NAV of a.proto is named by no RPC and no event");
  EXPECT_EQ(CheckedAudiences(audience(staff), "", "STAFF").message(), "the contract does not say who may call a.S.Do");
  EXPECT_EQ(CheckedAudiences(audience(staff), "STAFF", "").message(), "the contract does not say who sees a.Done");
  EXPECT_EQ(CheckedAudiences(audience(staff), "STAF", "STAFF").message(),
            "a.S.Do names the audience STAF, which its contract does not define (mestring.access.v1.audience)");
  EXPECT_EQ(CheckedAudiences(audience(staff), "STAFF", "STAF").message(),
            "a.Done names the audience STAF, which its contract does not define (mestring.access.v1.audience)");
  EXPECT_EQ(CheckedAudiences(audience("name: 'STAFF' who: 'They work here.'"), "STAFF", "STAFF").message(),
            "the audience STAFF of a.proto has no role");
  EXPECT_EQ(CheckedAudiences(audience("name: 'STAFF' roles: ROLE_STAFF"), "STAFF", "STAFF").message(),
            "the audience STAFF of a.proto does not say who they are");
  const std::string twice = absl::StrCat(" options { [mestring.access.v1.audience]: { ", staff,
                                         " } [mestring.access.v1.audience]: { ", staff, " } } ");
  EXPECT_EQ(CheckedAudiences(twice, "STAFF", "STAFF").message(), "the audience STAFF of a.proto is defined twice");
}

TEST(AllowedRolesTest, AnRpcSaysWhoMayCallOrNobodyMay) {
  const auto* file = tpb::EmptyRequest::descriptor()->file();
  const auto* empty = file->FindServiceByName("EmptyService")->method(0);
  EXPECT_EQ(*AllowedRoles(*empty), (std::vector<Role>{ROLE_PERSON, ROLE_STAFF, ROLE_NAV}));
  const auto* unguarded = file->FindServiceByName("UnguardedService")->method(0);
  EXPECT_EQ(AllowedRoles(*unguarded).status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace mestring
