// What the owner program and the test that starts it must agree on.
#pragma once

namespace mestring {

// Threads that write, so that writes meet in groups. Writer w writes the numbers FIRST + w, FIRST + w +
// kWriters, …
inline constexpr int kWriters = 3;
// Begins the line that says that a write was answered; its number follows.
inline constexpr char kAnswered[] = "answered ";

}  // namespace mestring
