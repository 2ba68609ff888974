#include "common/base/digest.h"

// OpenSSL 3 looks an algorithm up by its name, under a lock, at each call of its one-shot functions, which costs more
// than hashing a token. So we look it up once, and each thread keeps its context.

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdlib>
#include <memory>

#include "absl/strings/escaping.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace mestring {
namespace {

constexpr size_t kKeyedHashBytes = 8;

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

absl::string_view Bytes(const Digest& digest, size_t count) {
  return absl::string_view(reinterpret_cast<const char*>(digest.data()), count);
}

}  // namespace

Digest Sha256(std::string_view bytes) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  Digest digest;
  // It can only fail without memory or without the algorithm: then nothing here is safe.
  if (EVP_DigestInit_ex(context.get(), Algorithm(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) {
    abort();
  }
  return digest;
}

std::string Sha256Hex(std::string_view bytes) {
  const Digest digest = Sha256(bytes);
  return absl::BytesToHexString(Bytes(digest, digest.size()));
}

std::string KeyedHash(std::string_view key, std::string_view text) {
  Digest digest;
  HMAC(Algorithm(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const uint8_t*>(text.data()),
       text.size(), digest.data(), nullptr);
  return absl::BytesToHexString(Bytes(digest, kKeyedHashBytes));
}

std::string DeterministicBytes(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

}  // namespace mestring
