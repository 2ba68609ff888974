// Paths into a response, such as "minutes.body", checked against its contract before anything is called.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"

namespace mestring::ctl {

// Is there a text at `path` of a response of this type? A usage error that lists the fields if not.
absl::Status CheckText(const google::protobuf::Descriptor& response, std::string_view path);

// Is `layout` (table.h) of a list that a response of this type has, and of fields that its elements have?
absl::Status CheckTable(const google::protobuf::Descriptor& response, std::string_view layout);

// What may stand at the end of `begun`, for completion: the whole words, "availabilities:scheme_code,free".
std::vector<std::string> TextPaths(const google::protobuf::Descriptor& response);
std::vector<std::string> TableLayouts(const google::protobuf::Descriptor& response, std::string_view begun);

}  // namespace mestring::ctl
