// Who gets in: right tokens of each algorithm, and every forgery we can think of. The tokens are made
// with OpenSSL directly (tests/support/tokens.h), not with the library that checks them.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/rpc/token.h"
#include "nlohmann/json.hpp"
#include "tests/support/process.h"
#include "tests/support/tokens.h"
#include "tests/support/wait.h"

namespace mestring {
namespace {

using access::v1::ROLE_HOUSING_OFFICE;
using access::v1::ROLE_NAV;
using access::v1::ROLE_PERSON;
using access::v1::ROLE_STAFF;
using nlohmann::json;

constexpr char kPerson[] = "01890a5d-ac96-774b-bcce-b302099a8057";

class AccessTest : public testing::Test {
 protected:
  AccessTest() { Restart(TestKeySet()); }
  void Restart(const std::string& keys) {
    ReplaceFile(file_, keys);
    auto verifier = TokenVerifier::Make({.jwks_file = file_, .issuer = kTestIssuer, .audience = kTestAudience});
    ASSERT_TRUE(verifier.ok()) << verifier.status();
    verifier_ = *std::move(verifier);
  }
  // OK, or why the token is refused; every refusal is UNAUTHENTICATED and does not repeat the token.
  std::string Try(const std::string& token) { return TryAt(token, now_); }
  std::string TryAt(const std::string& token, absl::Time now) {
    const auto caller = verifier_->Verify(token, now);
    if (caller.ok()) return "OK";
    EXPECT_EQ(caller.status().code(), absl::StatusCode::kUnauthenticated);
    EXPECT_EQ(ReasonOf(caller.status()), "UNAUTHENTICATED");
    const std::string why(caller.status().message());
    if (token.size() > 20) {
      EXPECT_EQ(why.find(token.substr(0, 20)), std::string::npos);
    }
    return why;
  }
  static json Right() {
    Claims claims;
    claims.roles = {ROLE_STAFF};
    return json::parse(ToJson(claims));
  }
  // Signed rightly, whatever it says.
  static std::string Signed(const json& claims) { return SignedText(claims.dump()); }
  static std::string SignedText(const std::string& claims) {
    return SignRaw("RS256", "rs256", HeaderJson("RS256", "rs256"), claims);
  }
  static std::string WithHeader(const std::string& header) { return SignRaw("RS256", "rs256", header, Right().dump()); }
  static std::string WithHeader(const json& header) { return WithHeader(header.dump()); }
  std::string TryClaim(const std::string& name, const json& value) {
    json claims = Right();
    claims[name] = value;
    return Try(Signed(claims));
  }
  std::string TryWithout(const std::string& name) {
    json claims = Right();
    claims.erase(name);
    return Try(Signed(claims));
  }

  TempFolder folder_;
  const std::string file_ = folder_.path() + "/jwks.json";
  const absl::Time now_ = absl::Now();
  std::unique_ptr<TokenVerifier> verifier_;
};

TEST_F(AccessTest, ARightTokenOfEachAlgorithmIsTaken) {
  const std::string claims = Right().dump();
  EXPECT_EQ(Try(SignRaw("RS256", "rs256", HeaderJson("RS256", "rs256"), claims)), "OK");
  EXPECT_EQ(Try(SignRaw("PS256", "ps256", HeaderJson("PS256", "ps256"), claims)), "OK");
  EXPECT_EQ(Try(SignRaw("ES256", "es256", HeaderJson("ES256", "es256"), claims)), "OK");
}

TEST_F(AccessTest, TheCallerIsWhatTheTokenSays) {
  Claims claims;
  claims.roles = {ROLE_HOUSING_OFFICE, ROLE_PERSON};
  claims.person_ref = kPerson;
  claims.organisation_id = "office-1";
  claims.subject = "ann";
  const auto caller = verifier_->Verify(Token(claims), now_);
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ((*caller)->issuer, kTestIssuer);
  EXPECT_EQ((*caller)->subject, "ann");
  EXPECT_EQ((*caller)->roles, (std::vector<Role>{ROLE_HOUSING_OFFICE, ROLE_PERSON}));
  EXPECT_EQ((*caller)->person_ref, kPerson);
  EXPECT_EQ((*caller)->organisation_id, "office-1");
  EXPECT_TRUE((*caller)->IsAny({ROLE_NAV, ROLE_PERSON}));
  EXPECT_FALSE((*caller)->IsAny({ROLE_NAV}));
}

TEST_F(AccessTest, UnknownRolesAreDropped) {
  json claims = Right();
  claims["roles"] = {"KING", "STAFF", "UNSPECIFIED", "ROLE_NAV", "staff", "STAFF"};
  const auto caller = verifier_->Verify(Signed(claims), now_);
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ((*caller)->roles, std::vector<Role>{ROLE_STAFF});
}

TEST_F(AccessTest, AnUnsignedTokenIsRefused) {
  for (const char* none : {"none", "None", "NONE", ""}) {
    const std::string text = absl::StrCat(Base64Url(HeaderJson(none, "rs256")), ".", Base64Url(Right().dump()));
    EXPECT_NE(Try(text + "."), "OK");
    EXPECT_NE(Try(text + ".AA"), "OK");
    EXPECT_NE(Try(text), "OK");
  }
}

TEST_F(AccessTest, ThePublicKeyIsNoSharedSecret) {
  const std::string claims = Right().dump();
  const std::string keys = TestKeySet();
  for (const std::string& secret : {TestPublicKeyPem(), keys, std::string(), std::string("rs256")}) {
    EXPECT_EQ(Try(SignRaw("HS256", "", HeaderJson("HS256", "rs256"), claims, secret)),
              "the token's algorithm is not that of its key");
    EXPECT_EQ(Try(SignRaw("HS256", "", HeaderJson("RS256", "rs256"), claims, secret)),
              "the token's signature is wrong");
  }
}

TEST_F(AccessTest, TheAlgorithmIsThatOfTheKeyAndNotOfTheToken) {
  const std::string claims = Right().dump();
  EXPECT_EQ(Try(SignRaw("PS256", "rs256", HeaderJson("PS256", "rs256"), claims)),
            "the token's algorithm is not that of its key");
  EXPECT_EQ(Try(SignRaw("RS256", "ps256", HeaderJson("RS256", "ps256"), claims)),
            "the token's algorithm is not that of its key");
  EXPECT_EQ(Try(SignRaw("RS256", "rs256", HeaderJson("ES256", "es256"), claims)), "the token's signature is wrong");
  EXPECT_EQ(Try(SignRaw("RS256", "rs256", HeaderJson("RS512", "rs256"), claims)),
            "the token's algorithm is not that of its key");
}

TEST_F(AccessTest, AKeyThatWeDoNotHaveIsRefused) {
  const std::string claims = Right().dump();
  EXPECT_EQ(Try(SignRaw("RS256", "foreign", HeaderJson("RS256", "foreign"), claims)),
            "the token is signed by an unknown key");
  EXPECT_EQ(Try(SignRaw("RS256", "foreign", HeaderJson("RS256", "rs256"), claims)), "the token's signature is wrong");
  EXPECT_EQ(Try(WithHeader(json{{"alg", "RS256"}})), "the token names no key (kid)");
  EXPECT_EQ(Try(WithHeader(json{{"alg", "RS256"}, {"kid", 7}})), "the token names no key (kid)");
  EXPECT_EQ(Try(WithHeader(json{{"alg", "RS256"}, {"kid", "../rs256"}})), "the token is signed by an unknown key");
}

TEST_F(AccessTest, AKeyInsideTheTokenIsNotTrusted) {
  const json own = json::parse(TestKeySetOf("foreign"))["keys"][0];
  EXPECT_EQ(
      Try(SignRaw("RS256", "foreign", json{{"alg", "RS256"}, {"kid", "rs256"}, {"jwk", own}}.dump(), Right().dump())),
      "the token's signature is wrong");
  EXPECT_EQ(Try(SignRaw("RS256", "foreign", json{{"alg", "RS256"}, {"jwk", own}}.dump(), Right().dump())),
            "the token names no key (kid)");
}

TEST_F(AccessTest, ATamperedTokenIsRefused) {
  const std::string token = Signed(Right());
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  json claims = Right();
  claims["roles"] = {"UNIT_LEADER"};
  EXPECT_EQ(Try(absl::StrCat(parts[0], ".", Base64Url(claims.dump()), ".", parts[2])),
            "the token's signature is wrong");
  std::string signature = parts[2];
  signature[10] = signature[10] == 'A' ? 'B' : 'A';
  EXPECT_EQ(Try(absl::StrCat(parts[0], ".", parts[1], ".", signature)), "the token's signature is wrong");
  EXPECT_NE(Try(absl::StrCat(parts[0], ".", parts[1], ".", parts[2].substr(0, 100))), "OK");
}

TEST_F(AccessTest, AnEmptyEllipticSignatureIsRefused) {
  const std::string text = absl::StrCat(Base64Url(HeaderJson("ES256", "es256")), ".", Base64Url(Right().dump()), ".");
  EXPECT_NE(Try(text + Base64Url(std::string(64, '\0'))), "OK");
  EXPECT_NE(Try(text + Base64Url(std::string(1, '\0'))), "OK");
}

TEST_F(AccessTest, AnythingThatIsNoTokenIsRefused) {
  const std::string token = Signed(Right());
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  for (const std::string& wrong : {std::string(),
                                   std::string("x"),
                                   std::string("."),
                                   std::string(".."),
                                   std::string("..."),
                                   token + ".x",
                                   "." + token,
                                   parts[0] + "." + parts[1],
                                   token + "=",
                                   token + " ",
                                   "\n" + token,
                                   absl::StrReplaceAll(token, {{".", ".."}}),
                                   absl::StrCat("!!!.", parts[1], ".", parts[2]),
                                   absl::StrCat(parts[0], ".", parts[1], ".", parts[2], "+/"),
                                   std::string(100, '.'),
                                   std::string("\0.\0.\0", 5),
                                   SignRaw("RS256", "rs256", "not json", Right().dump()),
                                   SignRaw("RS256", "rs256", "[]", Right().dump()),
                                   SignRaw("RS256", "rs256", "null", Right().dump()),
                                   SignedText("not json"),
                                   SignedText("[]"),
                                   SignedText("7"),
                                   SignedText("{\"sub\":\"\xff\"}")}) {
    EXPECT_NE(Try(wrong), "OK") << wrong;
  }
  for (size_t length = 0; length < token.size(); length += 7) EXPECT_NE(Try(token.substr(0, length)), "OK");
}

TEST_F(AccessTest, ATokenThatIsTooLargeIsRefused) {
  json claims = Right();
  claims["padding"] = std::string(TokenVerifier::kTokenBytesMax, 'x');
  EXPECT_EQ(Try(Signed(claims)), "the token is too large");
}

TEST_F(AccessTest, DemandsOfTheHeaderThatWeDoNotKnowAreRefused) {
  json header = json::parse(HeaderJson("RS256", "rs256"));
  header["crit"] = {"exp"};
  EXPECT_EQ(Try(WithHeader(header)), "the token demands an extension (crit)");
  header["crit"] = json::array();
  EXPECT_EQ(Try(WithHeader(header)), "the token demands an extension (crit)");
  header.erase("crit");
  for (const json& type :
       {json("JWE"), json("dpop+jwt"), json("jwt "), json("text/jwt"), json("application/"),
        json("application/application/jwt"), json("xapplication/jwt"), json(""), json(1), json(nullptr)}) {
    header["typ"] = type;
    EXPECT_EQ(Try(WithHeader(header)), "the token is of an unknown type (typ)") << type;
  }
  header.erase("typ");
  EXPECT_EQ(Try(WithHeader(header)), "OK");
}

// S5: RFC 7515 section 4.1.9, RFC 9068 section 4.
TEST_F(AccessTest, TheTypeOfATokenIsAMediaType) {
  json header = json::parse(HeaderJson("RS256", "rs256"));
  for (const char* type : {"JWT", "jwt", "Jwt", "at+jwt", "at+JWT", "AT+JWT", "application/at+jwt",
                           "application/at+JWT", "Application/JWT", "APPLICATION/AT+JWT"}) {
    header["typ"] = type;
    EXPECT_EQ(Try(WithHeader(header)), "OK") << type;
  }
}

TEST_F(AccessTest, ANameThatStandsTwiceIsRefused) {
  std::string claims = Right().dump();
  claims.insert(1, "\"sub\":\"king\",");
  EXPECT_EQ(Try(SignedText(claims)), "the token's claims are not JSON");
  claims = Right().dump();
  claims.insert(1, "\"nested\":{\"a\":1,\"a\":2},");
  EXPECT_EQ(Try(SignedText(claims)), "the token's claims are not JSON");
  EXPECT_EQ(Try(WithHeader(std::string("{\"alg\":\"none\",\"alg\":\"RS256\",\"kid\":\"rs256\"}"))),
            "the token's header is not JSON in base64url");
}

TEST_F(AccessTest, TheIssuerIsExact) {
  for (const json& issuer : {json("other"), json("test-issuer/"), json("TEST-ISSUER"), json(""), json(7),
                             json::array({kTestIssuer}), json(nullptr)}) {
    EXPECT_EQ(TryClaim("iss", issuer), "the token is from another issuer") << issuer;
  }
  EXPECT_EQ(TryWithout("iss"), "the token is from another issuer");
}

TEST_F(AccessTest, TheAudienceIsExactAndMayBeOneOfSeveral) {
  EXPECT_EQ(TryClaim("aud", json::array({"other", kTestAudience})), "OK");
  for (const json& audience : {json("other"), json(""), json::array(), json::array({"other"}), json(7),
                               json{{kTestAudience, 1}}, json::array({json::array({kTestAudience})}), json(nullptr)}) {
    EXPECT_EQ(TryClaim("aud", audience), "the token is for another audience") << audience;
  }
  EXPECT_EQ(TryWithout("aud"), "the token is for another audience");
}

TEST_F(AccessTest, ATokenExpiresTenSecondsAfterItsTime) {
  const int64_t now = absl::ToUnixSeconds(now_);
  EXPECT_EQ(TryClaim("exp", now - 8), "OK");
  EXPECT_EQ(TryClaim("exp", now - 12), "the token has expired");
  EXPECT_EQ(TryClaim("exp", now + 0.5), "OK");
  for (const json& wrong :
       {json("tomorrow"), json(true), json(-1), json(1e300), json(nullptr), json::array({now + 60})}) {
    EXPECT_EQ(TryClaim("exp", wrong), "the token does not say when it expires") << wrong;
  }
  EXPECT_EQ(TryWithout("exp"), "the token does not say when it expires");
}

TEST_F(AccessTest, ATokenIsNotValidBeforeItsTime) {
  const int64_t now = absl::ToUnixSeconds(now_);
  EXPECT_EQ(TryClaim("nbf", now + 8), "OK");
  EXPECT_EQ(TryClaim("nbf", now + 12), "the token is not valid yet");
  EXPECT_EQ(TryClaim("nbf", "soon"), "the token's nbf is not a time");
}

TEST_F(AccessTest, ClaimsOfAWrongTypeAreRefused) {
  EXPECT_EQ(TryWithout("sub"), "the token names no caller (sub)");
  for (const json& wrong :
       {json(""), json(7), json::array({"a"}), json(std::string(300, 'a')), json("a\nb"), json(nullptr)}) {
    EXPECT_EQ(TryClaim("sub", wrong), "the token names no caller (sub)") << wrong;
  }
  EXPECT_NE(TryClaim("roles", "STAFF"), "OK");
  EXPECT_NE(TryClaim("roles", json{{"STAFF", true}}), "OK");
  EXPECT_NE(TryClaim("roles", json::array({1})), "OK");
  EXPECT_EQ(TryWithout("roles"), "OK");
  for (const json& wrong : {json("somebody"), json(7), json(nullptr)}) EXPECT_NE(TryClaim("person_ref", wrong), "OK");
  EXPECT_NE(TryClaim("organisation_id", 7), "OK");
}

TEST_F(AccessTest, ANationalIdentityNumberIsNoNameForACaller) {
  EXPECT_EQ(TryClaim("sub", "15076500565"), "the token's sub holds a national identity number");
  EXPECT_NE(TryClaim("person_ref", "15076500565"), "OK");
  EXPECT_NE(TryClaim("organisation_id", "15076500565"), "OK");
}

TEST_F(AccessTest, ARememberedTokenStillExpires) {
  Claims claims;
  claims.roles = {ROLE_STAFF};
  claims.expires = now_ + absl::Seconds(30);
  const std::string token = Token(claims);
  EXPECT_EQ(Try(token), "OK");
  EXPECT_EQ(TryAt(token, now_ + absl::Seconds(39)), "OK");
  EXPECT_EQ(TryAt(token, now_ + absl::Seconds(41)), "the token has expired");
}

TEST_F(AccessTest, TheCallerIsOneUntilTheTokenIsRefused) {
  Claims claims;
  claims.expires = absl::FromUnixSeconds(absl::ToUnixSeconds(now_) + 30);
  const auto caller = verifier_->Verify(Token(claims), now_);
  ASSERT_TRUE(caller.ok());
  EXPECT_EQ((*caller)->until, claims.expires + absl::Seconds(10));
  EXPECT_EQ(TryAt(Token(claims), (*caller)->until - absl::Milliseconds(1)), "OK");
  EXPECT_EQ(TryAt(Token(claims), (*caller)->until), "the token has expired");
}

TEST_F(AccessTest, ARefusedTokenIsNotRememberedAsRight) {
  const std::string token = Signed(Right());
  const std::string forged = token.substr(0, token.size() - 8) + "AAAAAAAA";
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(Try(forged), "OK");
    EXPECT_EQ(Try(token), "OK");
  }
}

TEST_F(AccessTest, KeysThatAreReplacedForgetWhatTheySigned) {
  const std::string token = Token({ROLE_STAFF});
  EXPECT_EQ(Try(token), "OK");
  ReplaceFile(file_, TestKeySetOf("rs256"));
  EXPECT_TRUE(WaitUntil([&] { return Try(token) == "the token is signed by an unknown key"; }));
  EXPECT_EQ(Try(Signed(Right())), "OK");
}

TEST_F(AccessTest, AKeyFileThatBecomesUnusableLeavesTheKeysAsTheyWere) {
  const std::string token = Token({ROLE_STAFF});
  // A pipe: whoever opens it for writing waits for the verifier that opens it for reading, and so knows of its look.
  const std::string pipe = file_ + ".pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  ASSERT_EQ(rename(pipe.c_str(), file_.c_str()), 0);
  std::atomic<bool> read = false;
  std::thread editor([&] {
    std::ofstream half(file_);
    half << "{\"keys\":" << std::flush;
    ReplaceFile(file_, TestKeySet());
    // Only now does the verifier see the end; its next look finds the file that is whole.
    half.close();
    read = true;
  });
  while (!read) EXPECT_EQ(Try(token), "OK");
  editor.join();
}

TEST_F(AccessTest, KeysForOtherUsesAreNoKeysOfOurs) {
  json rsa = json::parse(TestKeySetOf("rs256"))["keys"][0];
  const auto refused = [&](const json& jwk) {
    ReplaceFile(file_, json{{"keys", json::array({jwk})}}.dump());
    return !TokenVerifier::Make({.jwks_file = file_, .issuer = kTestIssuer, .audience = kTestAudience}).ok();
  };
  EXPECT_FALSE(refused(rsa));
  json other = rsa;
  other["use"] = "enc";
  EXPECT_TRUE(refused(other));
  other = rsa;
  other["alg"] = "HS256";
  EXPECT_TRUE(refused(other));
  other["alg"] = "RSA-OAEP";
  EXPECT_TRUE(refused(other));
  other = rsa;
  other["key_ops"] = {"sign"};
  EXPECT_TRUE(refused(other));
  other = rsa;
  other.erase("kid");
  EXPECT_TRUE(refused(other));
  EXPECT_TRUE(refused(json{{"kty", "oct"}, {"kid", "rs256"}, {"k", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}}));
}

// A set of keys is somebody else's document, and one doubtful key in it is no reason to refuse the others.
TEST_F(AccessTest, AKeyThatIsListedTwiceIsOneKey) {
  const json rsa = json::parse(TestKeySetOf("rs256"))["keys"][0];
  testing::internal::CaptureStderr();
  Restart(json{{"keys", {rsa, rsa}}}.dump());
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_EQ(Try(Signed(Right())), "OK");
  EXPECT_NE(logged.find("access.key_skipped"), std::string::npos) << logged;
  EXPECT_NE(logged.find("it is listed twice"), std::string::npos) << logged;
}

TEST_F(AccessTest, TwoKeysOfOneNameAreToldApartByTheirAlgorithm) {
  json elliptic = json::parse(TestKeySetOf("es256"))["keys"][0], pss = json::parse(TestKeySetOf("ps256"))["keys"][0];
  elliptic["kid"] = pss["kid"] = "rs256";
  Restart(json{{"keys", {elliptic, json::parse(TestKeySetOf("rs256"))["keys"][0], pss}}}.dump());
  const std::string claims = Right().dump();
  EXPECT_EQ(Try(SignRaw("RS256", "rs256", HeaderJson("RS256", "rs256"), claims)), "OK");
  EXPECT_EQ(Try(SignRaw("ES256", "es256", HeaderJson("ES256", "rs256"), claims)), "OK");
  EXPECT_EQ(Try(SignRaw("PS256", "ps256", HeaderJson("PS256", "rs256"), claims)), "OK");
  EXPECT_EQ(Try(SignRaw("PS256", "rs256", HeaderJson("PS256", "rs256"), claims)), "the token's signature is wrong");
  EXPECT_EQ(Try(SignRaw("HS256", "", HeaderJson("HS256", "rs256"), claims, "rs256")),
            "the token's algorithm is not that of its key");
}

TEST_F(AccessTest, TwoKeysOfOneNameAndAlgorithmAreSkippedAndTheRestWorks) {
  json foreign = json::parse(TestKeySetOf("foreign"))["keys"][0];
  foreign["kid"] = "rs256";
  json keys = json::parse(TestKeySet());
  // In whatever place they stand, and the third one is doubtful too.
  keys["keys"].insert(keys["keys"].begin(), foreign);
  keys["keys"].push_back(keys["keys"][1]);
  testing::internal::CaptureStderr();
  Restart(keys.dump());
  const std::string logged = testing::internal::GetCapturedStderr();
  const std::string claims = Right().dump();
  EXPECT_EQ(Try(SignRaw("RS256", "rs256", HeaderJson("RS256", "rs256"), claims)),
            "the token is signed by an unknown key");
  EXPECT_EQ(Try(SignRaw("RS256", "foreign", HeaderJson("RS256", "rs256"), claims)),
            "the token is signed by an unknown key");
  EXPECT_EQ(Try(SignRaw("ES256", "es256", HeaderJson("ES256", "es256"), claims)), "OK");
  EXPECT_EQ(Try(SignRaw("PS256", "ps256", HeaderJson("PS256", "ps256"), claims)), "OK");
  EXPECT_NE(logged.find("another key has its kid"), std::string::npos) << logged;
  // With nothing left there is no service.
  ReplaceFile(file_, json{{"keys", {foreign, json::parse(TestKeySetOf("rs256"))["keys"][0]}}}.dump());
  EXPECT_FALSE(TokenVerifier::Make({.jwks_file = file_, .issuer = kTestIssuer, .audience = kTestAudience}).ok());
}

}  // namespace
}  // namespace mestring
