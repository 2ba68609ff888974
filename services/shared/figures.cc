#include "services/shared/figures.h"

// Rounding, the other way of SSB, was rejected: a rounded number looks exact on an agenda, and the sums of a table
// would be wrong.

#include <string>

namespace mestring {
namespace {

bool IsSmall(int64_t people, int cell_min) { return people > 0 && people < cell_min; }

}  // namespace

SuppressedCount SuppressSmall(int64_t people, int cell_min) {
  return IsSmall(people, cell_min) ? std::nullopt : SuppressedCount(people);
}

void HideSmallParts(int cell_min, std::vector<SuppressedCount>* parts) {
  int hidden = 0;
  int64_t together = 0;
  const auto hide = [&](SuppressedCount& part) {
    ++hidden;
    together += part.value_or(cell_min);
    part.reset();
  };
  for (SuppressedCount& part : *parts) {
    if (!part || IsSmall(*part, cell_min)) hide(part);
  }
  while (hidden == 1 || (hidden > 1 && together < cell_min)) {
    SuppressedCount* smallest = nullptr;
    for (SuppressedCount& part : *parts) {
      if (part.value_or(0) > 0 && (smallest == nullptr || *part < **smallest)) smallest = &part;
    }
    if (smallest == nullptr) return;  // the sum itself is small, and is not published
    hide(*smallest);
  }
}

common::v1::Figure MakeFigure(std::string_view code, SuppressedCount value) {
  common::v1::Figure figure;
  figure.set_code(std::string(code));
  figure.set_suppressed(!value);
  figure.set_value(value.value_or(0));
  return figure;
}

}  // namespace mestring
