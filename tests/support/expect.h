// How a call or a rule came out, as one line of a test.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mestring {

inline const absl::Status& OutcomeOf(const absl::Status& status) { return status; }
template <class T>
const absl::Status& OutcomeOf(const absl::StatusOr<T>& result) {
  return result.status();
}

// A step without which nothing after it in the test would mean anything: throws if it failed, and GoogleTest makes that
// a failure of this one test.
inline void Must(const absl::Status& step, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (!step.ok()) throw std::runtime_error(absl::StrCat(file, ":", line, ": ", step.ToString()));
}
// The same of a step that has a result, which it returns.
template <class T>
T Must(absl::StatusOr<T> result, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  Must(result.status(), file, line);
  return *std::move(result);
}

}  // namespace mestring

#define EXPECT_REFUSED(result, reason) EXPECT_EQ(::mestring::ReasonOf(::mestring::OutcomeOf(result)), reason)
#define EXPECT_DONE(result) EXPECT_EQ(::mestring::OutcomeOf(result).ToString(), "OK")
