// Paths into a response, such as "minutes.body", checked against its contract before anything is called.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"

namespace mestring::ctl {

// OK if a response of this type has a text at `path`; otherwise a usage error that lists the fields.
absl::Status CheckText(const google::protobuf::Descriptor& response, std::string_view path);

// OK if `layout` (table.h) names a list that a response of this type has, and fields that its elements have.
absl::Status CheckTable(const google::protobuf::Descriptor& response, std::string_view layout);

// How `begun` may end, for completion: the whole words, "availabilities:scheme_code,free".
std::vector<std::string> TextPaths(const google::protobuf::Descriptor& response);
std::vector<std::string> TableLayouts(const google::protobuf::Descriptor& response, std::string_view begun);

}  // namespace mestring::ctl
