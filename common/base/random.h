// Random bytes from the operating system, for ids, keys and secrets; no other file asks for them. If there are none the
// process logs a line and ends at once: with anything else ids would repeat and secrets could be guessed. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "absl/types/span.h"

namespace mestring {

void FillRandom(absl::Span<uint8_t> bytes);
std::string RandomBytes(size_t count);

// A random part of `full`, between half of it and all of it, so that not everybody comes back at the same moment.
absl::Duration Jittered(absl::Duration full);

// How long to wait after this many failures before the last one: doubles from `first` up to `most`, jittered.
absl::Duration BackoffAfter(int failures, absl::Duration first, absl::Duration most);

}  // namespace mestring
