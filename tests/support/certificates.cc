#include "tests/support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdlib>

namespace mestring {
namespace {

std::string Pem(const auto& write) {
  BIO* memory = BIO_new(BIO_s_mem());
  if (write(memory) != 1) abort();
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory, &text);
  std::string pem(text, size);
  BIO_free(memory);
  return pem;
}

void AddExtension(X509* certificate, int kind, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

// Signs with `issuer_key`; without one, with its own.
CertifiedKey Make(std::string_view name, X509* issuer, EVP_PKEY* issuer_key) {
  static std::atomic<long> serial{1};
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const uint8_t*>(name.data()), static_cast<int>(name.size()), -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer == nullptr ? certificate : issuer));
  if (issuer == nullptr) {
    AddExtension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    AddExtension(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  } else {
    AddExtension(certificate, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  }
  if (X509_sign(certificate, issuer_key == nullptr ? key : issuer_key, EVP_sha256()) == 0) abort();
  CertifiedKey made;
  made.certificate = Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
  made.key = Pem([&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); });
  X509_free(certificate);
  EVP_PKEY_free(key);
  return made;
}

}  // namespace

CertifiedKey NewAuthority() { return Make("test authority", nullptr, nullptr); }

CertifiedKey NewCertificate(const CertifiedKey& authority, std::string_view name) {
  BIO* certificate = BIO_new_mem_buf(authority.certificate.data(), static_cast<int>(authority.certificate.size()));
  BIO* key = BIO_new_mem_buf(authority.key.data(), static_cast<int>(authority.key.size()));
  X509* issuer = PEM_read_bio_X509(certificate, nullptr, nullptr, nullptr);
  EVP_PKEY* issuer_key = PEM_read_bio_PrivateKey(key, nullptr, nullptr, nullptr);
  CertifiedKey made = Make(name, issuer, issuer_key);
  X509_free(issuer);
  EVP_PKEY_free(issuer_key);
  BIO_free(certificate);
  BIO_free(key);
  return made;
}

}  // namespace mestring
