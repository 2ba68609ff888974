// How a call or a rule came out, as one line of a test.
#pragma once

#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/errors.h"

namespace mestring {

inline const absl::Status& OutcomeOf(const absl::Status& status) { return status; }
template <class T>
const absl::Status& OutcomeOf(const absl::StatusOr<T>& result) {
  return result.status();
}

}  // namespace mestring

#define EXPECT_REFUSED(result, reason) EXPECT_EQ(::mestring::ReasonOf(::mestring::OutcomeOf(result)), reason)
#define EXPECT_DONE(result) EXPECT_EQ(::mestring::OutcomeOf(result).ToString(), "OK")
