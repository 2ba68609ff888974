// Figures that leave a service, and the one rule of small numbers in them.
//
// [X4] "Suppress cells < 3 or round" (SSB); each service's threshold is data, 5 by default. A number of few
// people could point at one of them, and so could what is left when those that are told are subtracted from their
// sum. Zero points at nobody. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "mestring/common/v1/figure.pb.h"

namespace mestring {

// A number that is told, or is not.
using SuppressedCount = std::optional<int64_t>;

// A number of people that stands alone.
SuppressedCount SuppressSmall(int64_t people, int cell_min);

// The parts of one whole, whose sum is told or can be: not told are those of fewer than `cell_min`, and then the next
// smallest, until at least two are not, which together come to `cell_min`. A part that came untold was held back
// by somebody who knew it: it counts as one, and as enough.
void HideSmallParts(int cell_min, std::vector<SuppressedCount>* parts);

// "REQUESTS_OPENED" with its value; or suppressed, and then 0.
common::v1::Figure MakeFigure(std::string_view code, SuppressedCount value);

}  // namespace mestring
