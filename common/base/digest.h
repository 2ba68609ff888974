// SHA-256: for remembered tokens, repeated requests, lists and their page tokens, and the name of a caller in a log
// line.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "google/protobuf/message.h"

namespace mestring {

using Digest = std::array<uint8_t, 32>;

Digest Sha256(std::string_view bytes);
// In lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);
// The bytes of a message, always the same for the same content.
std::string DeterministicBytes(const google::protobuf::Message& message);
// The first 16 hexadecimal digits of HMAC-SHA256: enough to follow one caller through the lines of a day, too few,
// without the key, to find out who it is.
std::string KeyedHash(std::string_view key, std::string_view text);

}  // namespace mestring
