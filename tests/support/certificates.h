// Certificates for tests of TLS: an authority and what it signs, for 127.0.0.1.
#pragma once

#include <string>
#include <string_view>

namespace mestring {

struct CertifiedKey {
  std::string certificate, key;  // PEM
};

// A new authority, or a certificate and key for `name` signed by one.
CertifiedKey NewAuthority();
CertifiedKey NewCertificate(const CertifiedKey& authority, std::string_view name);

}  // namespace mestring
