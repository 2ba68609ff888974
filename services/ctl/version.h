// What this program was built from.
#pragma once

#include <string>

namespace mestring::ctl {

// "mestringctl 0.1.0 (0123456789ab)", the commit where the sources lay in a repository, and a digest of the contracts
// that stand in protos/, comments included. One line each.
std::string VersionText();

}  // namespace mestring::ctl
