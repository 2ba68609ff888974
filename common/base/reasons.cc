#include "common/base/reasons.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_split.h"
#include "common/base/options.h"
#include "mestring/common/v1/reasons.pb.h"

namespace mestring {

bool IsOfEveryService(std::string_view reason) {
  return std::any_of(std::begin(kReasons), std::end(kReasons),
                     [reason](const Reason& known) { return known.name == reason; });
}

std::vector<std::string> ReasonsOf(const google::protobuf::MethodDescriptor& method) {
  std::vector<std::string> reasons;
  const auto options = Known(method.options());
  for (const std::string& names : options.GetRepeatedExtension(common::v1::reasons)) {
    for (const std::string_view name : absl::StrSplit(names, ", ")) reasons.emplace_back(name);
  }
  return reasons;
}

}  // namespace mestring
