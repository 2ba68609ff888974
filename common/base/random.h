// Random bytes from the operating system, and the one place that asks for them: for ids, keys and secrets, never the
// same twice and never guessed. A process that gets none ends at once, with a line in its log: with anything else in
// their place ids would repeat and secrets be guessed. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "absl/types/span.h"

namespace mestring {

void FillRandom(absl::Span<uint8_t> bytes);
std::string RandomBytes(size_t count);

// A part of `full` by chance, between half of it and all of it: so that not everybody comes back in the same instant.
absl::Duration Jittered(absl::Duration full);

// How long to wait after this many failures before the last one: doubles from `first` up to `most`, jittered.
absl::Duration BackoffAfter(int failures, absl::Duration first, absl::Duration most);

}  // namespace mestring
