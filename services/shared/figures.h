// Figures that leave a service, and the rule of small numbers for all of them.
//
// [X4] "Suppress cells < 3 or round" (SSB); the threshold of each service is data, 5 by default. A number of few people
// could point at one of them, and so could the difference of published numbers and their sum. Zero points at nobody.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "mestring/common/v1/figure.pb.h"

namespace mestring {

// A number, or nullopt if it is suppressed.
using SuppressedCount = std::optional<int64_t>;

// Suppresses a number of people that is not part of a sum.
SuppressedCount SuppressSmall(int64_t people, int cell_min);

// Suppresses parts of one whole whose sum is published or can be computed: those of fewer than `cell_min` people, and
// then the next smallest, until at least two are suppressed that together have at least `cell_min`. A part that came
// suppressed counts as one that is large enough, because its publisher knew it.
void HideSmallParts(int cell_min, std::vector<SuppressedCount>* parts);

// A figure such as "REQUESTS_OPENED" with its value; or suppressed, with the value 0.
common::v1::Figure MakeFigure(std::string_view code, SuppressedCount value);

}  // namespace mestring
