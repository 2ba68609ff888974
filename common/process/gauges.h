// The metrics of a service's parts; each is read when it is scraped. (pipeline.cc counts calls.)
#pragma once

#include "common/base/metrics.h"
#include "common/process/health.h"
#include "common/process/operations.h"

namespace mestring {

// Everything passed in must outlive the metrics.
void RegisterGauges(Metrics& metrics, const ServiceParts& parts, const Health& health);

}  // namespace mestring
