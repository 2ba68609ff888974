// Hides: where the repository lies, how a region is found, and what UPDATE_GOLDEN does.
// Invariants: a comparison never passes because something was not found: a missing file reads as empty, a missing
// mark is a failure. What is written is what was compared.
#include "tests/support/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace mestring {
namespace {

constexpr std::string_view kAdvice = "if that is meant, run tests/run update";

bool Updating() {
  const char* update = getenv("UPDATE_GOLDEN");
  return update != nullptr && std::string_view(update) == "1";
}

// Where the line after the one that holds `mark` begins; npos if there is none.
size_t AfterLineWith(const std::string& text, const std::string& mark, size_t from) {
  const size_t found = text.find(mark, from);
  const size_t end = found == std::string::npos ? found : text.find('\n', found);
  return end == std::string::npos ? end : end + 1;
}

}  // namespace

std::string SourcePath(std::string_view path) { return absl::StrCat(MESTRING_SOURCE_DIR, "/", path); }

std::string ReadSource(std::string_view path) {
  std::ifstream file(SourcePath(path), std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

void ExpectGolden(std::string_view path, const std::string& now) {
  if (Updating()) std::ofstream(SourcePath(path), std::ios::binary) << now;
  EXPECT_EQ(now, ReadSource(path)) << path << " says something else; " << kAdvice;
}

void ExpectGoldenRegion(std::string_view path, std::string_view name, const std::string& now) {
  std::string text = ReadSource(path);
  const size_t begin = AfterLineWith(text, absl::StrCat("begin generated: ", name), 0);
  const size_t mark = text.find(absl::StrCat("end generated: ", name), begin == std::string::npos ? 0 : begin);
  ASSERT_TRUE(begin != std::string::npos && mark != std::string::npos)
      << path << " has no lines \"begin generated: " << name << "\" and \"end generated: " << name << "\"";
  const size_t end = text.rfind('\n', mark) + 1;
  if (Updating()) {
    text.replace(begin, end - begin, now);
    std::ofstream(SourcePath(path), std::ios::binary) << text;
    return;
  }
  EXPECT_EQ(now, text.substr(begin, end - begin)) << path << ", " << name << ", says something else; " << kAdvice;
}

}  // namespace mestring
