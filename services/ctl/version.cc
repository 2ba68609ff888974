#include "services/ctl/version.h"

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "ctl_version.h"
#include "services/ctl/contract.h"

namespace mestring::ctl {
namespace {

// As many digits as a short commit has.
constexpr size_t kDigits = 12;

}  // namespace

std::string VersionText() {
  const std::string commit(kCommit);
  return absl::StrCat("mestringctl ", kVersion, commit.empty() ? "" : absl::StrCat(" (", commit, ")"), "\ncontracts ",
                      Sha256Hex(Contract::BuiltInBytes()).substr(0, kDigits), "\n");
}

}  // namespace mestring::ctl
