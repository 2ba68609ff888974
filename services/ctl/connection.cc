// The way to a server.
//
// Hides: the words in which gRPC and OpenSSL say what went wrong. They name sockets and lines of source, and none of
// the files and options that the user has in hand.
// Invariants: words that are not known here are shown as they are.
#include "services/ctl/connection.h"

#include <openssl/pem.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "services/ctl/failure.h"

namespace mestring::ctl {
namespace {

bool HoldsCertificate(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      &BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr),
                                                                &X509_free);
  return certificate != nullptr;
}

bool SaysAny(const std::string& message, std::initializer_list<std::string_view> words) {
  const std::string lower = absl::AsciiStrToLower(message);
  return std::any_of(words.begin(), words.end(),
                     [&lower](std::string_view word) { return absl::StrContains(lower, word); });
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsOf(const Settings& settings) {
  if (settings.ca_file.empty()) return grpc::InsecureChannelCredentials();
  std::optional<std::string> content = ReadFile(settings.ca_file);
  if (!content) return Usage(absl::StrCat("The authority's file ", settings.ca_file, " (--ca) cannot be read."));
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = *std::move(content);
  if (!HoldsCertificate(options.pem_root_certs)) {
    return Usage(absl::StrCat("The authority's file ", settings.ca_file,
                              " (--ca) holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)."));
  }
  return grpc::SslCredentials(options);
}

std::string WhatIsInTheWay(const Settings& settings, std::string_view service, std::string_view address,
                           const grpc::Status& status) {
  // A service's own answers have details.
  if (!status.error_details().empty()) return "";
  const std::string who = service == address ? std::string(address) : absl::StrCat(service, " at ", address);
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return absl::StrCat(who, " did not answer within ", absl::FormatDuration(settings.deadline),
                        "; --deadline gives it longer.");
  }
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) return "";
  const std::string& said = status.error_message();
  if (SaysAny(said, {"peer name", "hostname verification"})) {
    return absl::StrCat("The certificate of ", who, " is for another name than the one in this address.");
  }
  if (SaysAny(said, {"wrong_version_number", "wrong version number"})) {
    return absl::StrCat(who, " does not speak TLS; leave --ca out.");
  }
  if (SaysAny(said, {"ssl handshake failed"})) {
    return absl::StrCat("The certificate of ", who, " is not signed by the authority in ", settings.ca_file,
                        " (--ca), or it has expired.");
  }
  const std::string settings_hint = settings.config_file.empty() ? absl::StrCat(" ", kNoSettingsFile) : "";
  if (SaysAny(said, {"dns resolution", "name resolution", "domain name not found"})) {
    return absl::StrCat("There is no machine of the name in the address ", address, " of ", service, ".");
  }
  if (SaysAny(said, {"connection refused"})) {
    return absl::StrCat("Nobody answers for ", who, " (connection refused): is the service running there?",
                        settings_hint);
  }
  if (settings.ca_file.empty() && SaysAny(said, {"socket closed", "connection reset"})) {
    return absl::StrCat(who, " closed the connection; if it speaks TLS, say --ca FILE.");
  }
  return absl::StrCat(who, " cannot be reached: ", said, settings_hint);
}

}  // namespace mestring::ctl
