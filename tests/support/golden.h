// Files of the repository that say what the code says: a test compares them with it. `tests/run update` writes them
// anew (it sets UPDATE_GOLDEN=1), so that one command accepts a change, and the reviewer sees it.
#pragma once

#include <string>
#include <string_view>

namespace mestring {

// The path of a file of the repository, and its text.
std::string SourcePath(std::string_view path);
std::string ReadSource(std::string_view path);

// The whole file is `now`.
void ExpectGolden(std::string_view path, const std::string& now);

// In a file that people write, the lines between the one with "begin generated: <name>" and the one with
// "end generated: <name>" are `now`, which ends with a line's end.
void ExpectGoldenRegion(std::string_view path, std::string_view name, const std::string& now);

}  // namespace mestring
