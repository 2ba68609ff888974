// Many callers at once.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"

namespace mestring {

// Calls `call(i)` from as many threads at once, and counts how it ended: "" or the reason. Whoever is told that the
// service is full tries again, as every client does.
std::map<std::string, int> AllAtOnce(int callers, const std::function<absl::Status(int)>& call);

}  // namespace mestring
