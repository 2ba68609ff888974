#include "common/base/fault.h"

namespace mestring {

// This file defines nothing else: a program that brings its own definitions links nothing of this one.
void PassFaultPoint(const char* /*name*/) {}
bool MistakesFail() { return false; }

}  // namespace mestring
