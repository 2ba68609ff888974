// Each thread fetches a block of bytes at a time: a system call for every id would cost more than its insert. Used
// bytes are wiped from the block.
//
// Rejected: the generator of OpenSSL. It has states of its own that can fail, and asks the same kernel.
#include "common/base/random.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "common/base/log.h"

namespace mestring {
namespace {

// 25 ids' worth; getrandom never returns short up to 256.
constexpr size_t kBlock = 250;

}  // namespace

void FillRandom(absl::Span<uint8_t> bytes) {
  thread_local std::array<uint8_t, kBlock> block;
  thread_local size_t used = kBlock;
  for (uint8_t& byte : bytes) {
    if (used == kBlock) {
      if (getrandom(block.data(), kBlock, 0) != static_cast<ssize_t>(kBlock)) {
        Log(Severity::kError, "random.unavailable", {{"problem", "the operating system gives no random bytes"}});
        abort();
      }
      used = 0;
    }
    byte = std::exchange(block[used++], uint8_t{0});
  }
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  FillRandom(absl::MakeSpan(reinterpret_cast<uint8_t*>(bytes.data()), count));
  return bytes;
}

absl::Duration Jittered(absl::Duration full) {
  uint32_t random = 0;
  FillRandom(absl::MakeSpan(reinterpret_cast<uint8_t*>(&random), sizeof(random)));
  return full * (0.5 + std::ldexp(random, -33));
}

absl::Duration BackoffAfter(int failures, absl::Duration first, absl::Duration most) {
  constexpr int kDoublingsMax = 16;  // far beyond the most, and no overflow
  return Jittered(std::min(most, first * (1 << std::min(failures, kDoublingsMax))));
}

}  // namespace mestring
