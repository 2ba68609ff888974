// Our options on the declarations of a contract (access.proto, field_rule.proto), wherever the contract was read.
#pragma once

namespace mestring {

// Descriptors that were read from .proto files, or sent by a server, hold our options as unknown fields; Known parses
// them again.
template <class Options>
Options Known(const Options& options) {
  Options known;
  known.ParseFromString(options.SerializeAsString());
  return known;
}

}  // namespace mestring
