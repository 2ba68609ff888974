// What the council hears of other services: how far their actions are, and their figures. One that is not part of the
// installation is not heard.

#include "services/council/council.h"
#include "services/council/council_records.h"

namespace mestring::council {

void Subscribe(Kernel& kernel) {
  for (const std::string_view owner : {kHousing, kActivities, kPeerSupport}) {
    if (!kernel.Knows(owner)) continue;
    Subscription& subscription = kernel.Subscribe(owner);
    HearProgress(subscription, owner);
    HearFigures(subscription, owner);
  }
}

}  // namespace mestring::council
