#include "common/process/tls.h"

#include <unistd.h>

#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"

namespace mestring {
namespace {

// How often certificate files are looked at.
constexpr int kCertificateEverySeconds = 1;

bool IsLoopback(std::string_view address) {
  const std::string_view host = address.substr(0, address.rfind(':'));
  return host == "localhost" || host == "[::1]" || absl::StartsWith(host, "127.");
}

absl::Status CheckReadable(std::string_view variable, const std::string& path) {
  if (path.empty() || ::access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the file of ", variable, ", ", path, ", cannot be read"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentialsFor(const Config& config) {
  if (config.tls_certificate_file.empty()) {
    if (!IsLoopback(config.listen)) {
      return absl::FailedPreconditionError(
          absl::StrCat("plain text is spoken on a loopback address only, and MESTRING_LISTEN is ", config.listen,
                       ": set MESTRING_TLS_CERTIFICATE_FILE and MESTRING_TLS_KEY_FILE"));
    }
    return grpc::experimental::LocalServerCredentials(LOCAL_TCP);
  }
  TRY(CheckReadable("MESTRING_TLS_CERTIFICATE_FILE", config.tls_certificate_file));
  TRY(CheckReadable("MESTRING_TLS_KEY_FILE", config.tls_key_file));
  TRY(CheckReadable("MESTRING_TLS_CLIENT_CA_FILE", config.tls_client_ca_file));
  const bool mutual = !config.tls_client_ca_file.empty();
  grpc::experimental::TlsServerCredentialsOptions options(
      std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
          config.tls_key_file, config.tls_certificate_file, config.tls_client_ca_file, kCertificateEverySeconds));
  options.watch_identity_key_cert_pairs();
  if (mutual) options.watch_root_certs();
  options.set_cert_request_type(mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                       : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> ClientCredentialsFor(const Config& config) {
  if (config.tls_certificate_file.empty()) return grpc::InsecureChannelCredentials();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      config.tls_key_file, config.tls_certificate_file, config.tls_client_ca_file, kCertificateEverySeconds));
  options.watch_identity_key_cert_pairs();
  if (!config.tls_client_ca_file.empty()) options.watch_root_certs();
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace mestring
