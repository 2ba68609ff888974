#include "common/store/stored_enum.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace mestring {

absl::Status StoredByNewerVersion(std::string_view what) {
  return Unavailable("STORED_BY_NEWER_VERSION",
                     absl::StrCat("a newer version of this service has stored a value that this one does not know (",
                                  what, ") and therefore must not change: try again until a newer replica answers"));
}

}  // namespace mestring
