// The pages of a service's HTTP port: its metrics, whether it is ready, and its state for people.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "common/base/metrics.h"
#include "common/process/health.h"
#include "common/process/http.h"
#include "common/process/operations.h"

namespace mestring {

// The pages by path. Everything passed in must outlive them.
std::map<std::string, std::function<HttpServer::Page()>> PagesOf(const ServiceParts& parts, const Metrics& metrics,
                                                                 const Health& health);

}  // namespace mestring
