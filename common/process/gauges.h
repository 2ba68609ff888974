// The metrics of a service's parts, each read when it is scraped. (Those of calls are counted where calls end, in
// pipeline.cc.)
#pragma once

#include "common/base/metrics.h"
#include "common/process/health.h"
#include "common/process/operations.h"

namespace mestring {

// All of what is given stays where it is as long as the metrics are scraped.
void RegisterGauges(Metrics& metrics, const ServiceParts& parts, const Health& health);

}  // namespace mestring
