// The local key: what it signs is what the services accept.
#include "services/ctl/token.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/rpc/token.h"
#include "gtest/gtest.h"
#include "services/ctl/failure.h"
#include "tests/support/process.h"

namespace mestring::ctl {
namespace {

class LocalKeyTest : public testing::Test {
 protected:
  LocalKeyTest() { EXPECT_TRUE(LocalKey::Make(folder_).ok()); }

  absl::StatusOr<std::shared_ptr<const Caller>> Verify(const Claims& claims, absl::Time signed_at,
                                                       absl::Time verified_at) {
    absl::StatusOr<LocalKey> key = LocalKey::Open(folder_);
    if (!key.ok()) return key.status();
    absl::StatusOr<std::string> token = key->Sign(claims, signed_at);
    if (!token.ok()) return token.status();
    TokenVerifier::Options options;
    options.jwks_file = folder_ + "/jwks.json";
    options.issuer = Claims().issuer;
    options.audience = Claims().audience;
    auto verifier = TokenVerifier::Make(options);
    if (!verifier.ok()) return verifier.status();
    return (*verifier)->Verify(*token, verified_at);
  }

  Claims Nav() {
    Claims claims;
    claims.roles = {"NAV", "STAFF"};
    claims.organisation_id = "nav-sandnes";
    return claims;
  }

  TempFolder temporary_;
  const std::string folder_ = temporary_.path();
  const absl::Time now_ = absl::Now();
};

TEST_F(LocalKeyTest, AServiceAcceptsATokenThatItSigned) {
  Claims claims = Nav();
  claims.person_ref = "5f0c51f5-32c1-4b1e-9f5c-1d2f3a4b5c6d";
  auto caller = Verify(claims, now_, now_);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ((*caller)->subject, "local-nav");
  EXPECT_TRUE((*caller)->Is(access::v1::ROLE_NAV));
  EXPECT_TRUE((*caller)->Is(access::v1::ROLE_STAFF));
  EXPECT_EQ((*caller)->organisation_id, "nav-sandnes");
  EXPECT_EQ((*caller)->person_ref, claims.person_ref);
}

TEST_F(LocalKeyTest, ATokenEndsWithItsLifetime) {
  Claims claims = Nav();
  claims.lifetime = absl::Minutes(5);
  EXPECT_TRUE(Verify(claims, now_, now_ + absl::Minutes(4)).ok());
  EXPECT_EQ(Verify(claims, now_, now_ + absl::Minutes(6)).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(LocalKeyTest, ATokenForAnotherAudienceIsRefused) {
  Claims claims = Nav();
  claims.audience = "somewhere-else";
  EXPECT_EQ(Verify(claims, now_, now_).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(LocalKeyTest, TheKeyIsForItsOwnerOnlyAndTheKeySetHoldsNoPrivatePart) {
  struct stat info {};
  ASSERT_EQ(stat((folder_ + "/key.json").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  std::ifstream file(folder_ + "/jwks.json");
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(content.find("\"d\""), std::string::npos);
  EXPECT_NE(content.find("\"ES256\""), std::string::npos);
}

TEST_F(LocalKeyTest, MakingItAgainKeepsTheKey) {
  absl::StatusOr<LocalKey> before = LocalKey::Open(folder_);
  ASSERT_TRUE(before.ok());
  ASSERT_TRUE(LocalKey::Make(folder_).ok());
  EXPECT_TRUE(Verify(Nav(), now_, now_).ok());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 2);
}

TEST_F(LocalKeyTest, AMissingKeySaysHowToMakeOne) {
  absl::StatusOr<LocalKey> key = LocalKey::Open(folder_ + "/nowhere");
  ASSERT_FALSE(key.ok());
  EXPECT_NE(key.status().message().find("mestringctl token --init"), std::string::npos);
}

TEST(RolesTest, RolesAreReadInAnyCaseAndWithTheirPrefix) {
  absl::StatusOr<std::vector<std::string>> roles = ParseRoles("nav, ROLE_STAFF");
  ASSERT_TRUE(roles.ok());
  EXPECT_EQ(*roles, (std::vector<std::string>{"NAV", "STAFF"}));
}

TEST(RolesTest, AnUnknownRoleIsAUsageErrorThatListsThem) {
  const absl::Status status = ParseRoles("MAYOR").status();
  EXPECT_EQ(ExitCodeOf(status), kUsage);
  EXPECT_NE(status.message().find("HOUSING_OFFICE"), std::string::npos);
}

}  // namespace
}  // namespace mestring::ctl
