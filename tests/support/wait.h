// Waits for a condition, with a bound that only a broken test reaches.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace mestring {

// True as soon as `condition` holds; false if it does not within `seconds`.
inline bool WaitUntil(const std::function<bool()>& condition, double seconds = 30) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace mestring
