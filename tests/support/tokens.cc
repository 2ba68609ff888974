#include "tests/support/tokens.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"

namespace mestring {
namespace {

using nlohmann::json;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

// "rs256", "ps256", "es256" and "foreign".
const std::map<std::string, Key, std::less<>>& Keys() {
  static const auto& keys = *[] {
    auto* made = new std::map<std::string, Key, std::less<>>();
    (*made)["rs256"] = Key(EVP_RSA_gen(2048));
    (*made)["ps256"] = Key(EVP_RSA_gen(2048));
    (*made)["foreign"] = Key(EVP_RSA_gen(2048));
    (*made)["es256"] = Key(EVP_EC_gen("P-256"));
    return made;
  }();
  return keys;
}

std::string NumberOf(EVP_PKEY* key, const char* parameter, int width) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &number) != 1) abort();
  std::string bytes(width != 0 ? width : BN_num_bytes(number), '\0');
  BN_bn2binpad(number, reinterpret_cast<uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  BN_free(number);
  return Base64Url(bytes);
}

json PublicJwk(const std::string& kid) {
  EVP_PKEY* key = Keys().at(kid).get();
  json jwk = {{"kid", kid}, {"use", "sig"}};
  if (kid == "es256") {
    jwk.update({{"kty", "EC"},
                {"crv", "P-256"},
                {"x", NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_X, 32)},
                {"y", NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, 32)}});
  } else {
    jwk.update({{"kty", "RSA"},
                {"n", NumberOf(key, OSSL_PKEY_PARAM_RSA_N, 0)},
                {"e", NumberOf(key, OSSL_PKEY_PARAM_RSA_E, 0)}});
  }
  if (kid == "ps256") jwk["alg"] = "PS256";
  return jwk;
}

// ECDSA signatures are ASN.1 in OpenSSL and two numbers side by side in a JWT.
std::string SideBySide(const std::string& der) {
  const auto* begin = reinterpret_cast<const uint8_t*>(der.data());
  ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size()));
  std::string bytes(64, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(signature), reinterpret_cast<uint8_t*>(bytes.data()), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature), reinterpret_cast<uint8_t*>(bytes.data()) + 32, 32);
  ECDSA_SIG_free(signature);
  return bytes;
}

std::string SignatureOver(std::string_view algorithm, std::string_view signer, const std::string& text,
                          std::string_view secret) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  if (algorithm == "HS256") {
    std::string mac(32, '\0');
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes, text.size(),
         reinterpret_cast<uint8_t*>(mac.data()), nullptr);
    return mac;
  }
  const auto key = Keys().find(signer);
  if (key == Keys().end()) abort();
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* options = nullptr;
  EVP_DigestSignInit(context, &options, EVP_sha256(), nullptr, key->second.get());
  if (algorithm == "PS256") {
    EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST);
  }
  size_t size = 0;
  EVP_DigestSign(context, nullptr, &size, bytes, text.size());
  std::string signature(size, '\0');
  if (EVP_DigestSign(context, reinterpret_cast<uint8_t*>(signature.data()), &size, bytes, text.size()) != 1) abort();
  signature.resize(size);
  EVP_MD_CTX_free(context);
  return algorithm == "ES256" ? SideBySide(signature) : signature;
}

}  // namespace

std::string TestKeySet() {
  return json({{"keys", {PublicJwk("rs256"), PublicJwk("ps256"), PublicJwk("es256")}}}).dump();
}

std::string TestKeySetOf(std::string_view kid) {
  return json({{"keys", json::array({PublicJwk(std::string(kid))})}}).dump();
}

std::string TestPublicKeyPem() {
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(memory, Keys().at("rs256").get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  std::string pem(text, size);
  BIO_free(memory);
  return pem;
}

std::string ToJson(const Claims& claims) {
  const absl::Time expires = claims.expires == absl::UnixEpoch() ? absl::Now() + absl::Hours(1) : claims.expires;
  json roles = json::array();
  for (const access::v1::Role role : claims.roles) roles.push_back(access::v1::Role_Name(role).substr(5));
  json all = {{"iss", claims.issuer},
              {"aud", claims.audience},
              {"sub", claims.subject},
              {"exp", absl::ToUnixSeconds(expires)},
              {"roles", roles}};
  if (!claims.person_ref.empty()) all["person_ref"] = claims.person_ref;
  if (!claims.organisation_id.empty()) all["organisation_id"] = claims.organisation_id;
  return all.dump();
}

std::string Token(const Claims& claims) {
  return SignRaw("ES256", "es256", HeaderJson("ES256", "es256"), ToJson(claims));
}

std::string Token(const std::vector<access::v1::Role>& roles, std::string person_ref, std::string organisation_id,
                  std::string subject) {
  Claims claims;
  claims.roles = roles;
  claims.person_ref = std::move(person_ref);
  claims.organisation_id = std::move(organisation_id);
  claims.subject = std::move(subject);
  return Token(claims);
}

std::string Base64Url(std::string_view bytes) { return absl::WebSafeBase64Escape(bytes); }

std::string SignRaw(std::string_view algorithm, std::string_view signer, std::string_view header,
                    std::string_view payload, std::string_view secret) {
  const std::string text = absl::StrCat(Base64Url(header), ".", Base64Url(payload));
  return absl::StrCat(text, ".", Base64Url(SignatureOver(algorithm, signer, text, secret)));
}

std::string HeaderJson(std::string_view algorithm, std::string_view kid) {
  return json({{"alg", std::string(algorithm)}, {"kid", std::string(kid)}, {"typ", "JWT"}}).dump();
}

void ReplaceFile(const std::string& path, std::string_view text) {
  const std::string next = path + ".next";
  std::ofstream(next, std::ios::binary | std::ios::trunc) << text;
  if (rename(next.c_str(), path.c_str()) != 0) abort();
}

}  // namespace mestring
