# Debian builds abseil for C++14, where absl::string_view is a class of its own. Ours is C++20 with std::string_view
# everywhere; copies of three headers, found before the originals, let the one become the other. Only inline members
# are added, so what is linked stays the same; an abseil built for C++17 needs none of it
# (common/decisions/absl_patch.md). Sets ABSL_HEADERS, the folder of the copies.
find_path(ABSL_INCLUDE absl/strings/string_view.h REQUIRED)
set(ABSL_HEADERS ${CMAKE_BINARY_DIR}/absl_headers)
file(STRINGS ${ABSL_INCLUDE}/absl/base/options.h OWN_STRING_VIEW REGEX "define ABSL_OPTION_USE_STD_STRING_VIEW 0")
if(NOT OWN_STRING_VIEW)
  return()
endif()

# add(<text> <addition>): puts the addition behind the text, which must be there, in the variable `header`.
macro(add text addition)
  string(REPLACE "${text}" "${text}${addition}" patched "${header}")
  if(patched STREQUAL header)
    message(FATAL_ERROR "A header of abseil in ${ABSL_INCLUDE} does not contain \"${text}\", which "
      "common/absl_headers.cmake wants to patch. Read common/decisions/absl_patch.md, and mend that file.")
  endif()
  set(header "${patched}")
endmacro()

file(READ ${ABSL_INCLUDE}/absl/strings/string_view.h header)
add("#include <string>" "\n#include <string_view>")
add("constexpr string_view() noexcept : ptr_(nullptr), length_(0) {}"
  "\n  constexpr string_view(std::string_view s) noexcept : ptr_(s.data()), length_(s.size()) {}
  constexpr operator std::string_view() const noexcept { return {ptr_, length_}; }")
file(CONFIGURE OUTPUT ${ABSL_HEADERS}/absl/strings/string_view.h CONTENT "${header}" @ONLY)

file(READ ${ABSL_INCLUDE}/absl/strings/str_cat.h header)
add("AlphaNum(absl::string_view pc) : piece_(pc) {}" "\n  AlphaNum(std::string_view pc) : piece_(pc) {}")
file(CONFIGURE OUTPUT ${ABSL_HEADERS}/absl/strings/str_cat.h CONTENT "${header}" @ONLY)

file(READ ${ABSL_INCLUDE}/absl/strings/internal/str_split_internal.h header)
add("ConvertibleToStringView(char* s) : value_(s) {}  // NOLINT(runtime/explicit)"
  "\n  ConvertibleToStringView(std::string_view s) : value_(s) {}")
file(CONFIGURE OUTPUT ${ABSL_HEADERS}/absl/strings/internal/str_split_internal.h CONTENT "${header}" @ONLY)
