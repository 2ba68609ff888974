// Our options on what a contract declares (access.proto, field_rule.proto), whoever read the contract.
#pragma once

namespace mestring {

// Descriptors that were read from .proto files, or told by a server, hold our options as unknown fields: these are
// parsed anew, as ours.
template <class Options>
Options Known(const Options& options) {
  Options known;
  known.ParseFromString(options.SerializeAsString());
  return known;
}

}  // namespace mestring
