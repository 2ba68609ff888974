// Random bytes, and what happens where there are none.
#include "common/base/random.h"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <set>
#include <thread>

namespace mestring {
namespace {

TEST(RandomTest, NoTwoAreTheSame) {
  std::set<std::string> seen;
  // Longer than one fetch, too.
  for (const size_t count : {16, 32, 250, 251, 1000}) {
    for (int i = 0; i < 100; ++i) {
      const std::string bytes = RandomBytes(count);
      EXPECT_EQ(bytes.size(), count);
      EXPECT_TRUE(seen.insert(bytes.substr(0, 16)).second);
    }
  }
  std::string here = RandomBytes(32), there;
  std::thread([&] { there = RandomBytes(32); }).join();
  EXPECT_NE(here, there);
  EXPECT_EQ(RandomBytes(0), "");
}

TEST(RandomTest, EveryByteTakesEveryValue) {
  const std::string bytes = RandomBytes(64 << 10);
  EXPECT_EQ(std::set<char>(bytes.begin(), bytes.end()).size(), 256u);
}

TEST(RandomTest, JitterIsBetweenHalfAndAll) {
  std::set<absl::Duration> seen;
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration jittered = Jittered(absl::Seconds(10));
    EXPECT_GE(jittered, absl::Seconds(5));
    EXPECT_LE(jittered, absl::Seconds(10));
    seen.insert(jittered);
  }
  EXPECT_GT(seen.size(), 900u);
  EXPECT_EQ(Jittered(absl::ZeroDuration()), absl::ZeroDuration());
}

TEST(RandomTest, AWaitDoublesUpToTheMost) {
  const auto expect_about = [](int failures, absl::Duration full) {
    const absl::Duration wait = BackoffAfter(failures, absl::Milliseconds(50), absl::Seconds(5));
    EXPECT_GE(wait, full / 2) << failures;
    EXPECT_LE(wait, full) << failures;
  };
  expect_about(0, absl::Milliseconds(50));
  expect_about(1, absl::Milliseconds(100));
  expect_about(6, absl::Milliseconds(3200));
  for (const int failures : {7, 16, 17, 1000, 2'000'000'000}) expect_about(failures, absl::Seconds(5));
}

// From now on the operating system gives this process no random bytes.
void TakeRandomnessAway() {
  sock_filter rules[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),  // the number of the system call
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getrandom, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program = {sizeof(rules) / sizeof(rules[0]), rules};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    _exit(0);
}

TEST(RandomDeathTest, AProcessWithoutRandomnessEnds) {
  EXPECT_DEATH(
      {
        TakeRandomnessAway();
        // More than may be left of an earlier fetch.
        RandomBytes(1000);
      },
      "random.unavailable");
}

}  // namespace
}  // namespace mestring
