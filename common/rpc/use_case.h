// Declares the use cases of a service, one line for each RPC, in a struct of the service's name:
//
//   struct Housing {
//     MESTRING_WRITE(pb, EndStay);
//   };
//
// A use case is a function:
//
//   absl::Status Housing::EndStay(Tx& tx, Call& call, const pb::EndStayRequest& request, pb::EndStayResponse*
//   response);
//
// From these lines the build writes the handlers that gRPC calls (mestring_service in CMakeLists.txt): so the file of a
// use case compiles without gRPC's generated classes, which are most of what such a file would have to parse.
#pragma once

#include "absl/status/status.h"
#include "common/rpc/call.h"
#include "common/store/tx.h"

// Declares the use case of an RPC that changes something (runs in Database::Write).
#define MESTRING_WRITE(pb, Method) MESTRING_USE_CASE_(pb, Method)
// Declares the use case of an RPC that only reads (runs in Database::Read).
#define MESTRING_READ(pb, Method) MESTRING_USE_CASE_(pb, Method)

#define MESTRING_USE_CASE_(pb, Method)                                                                     \
  static absl::Status Method([[maybe_unused]] ::mestring::Tx& tx, [[maybe_unused]] ::mestring::Call& call, \
                             [[maybe_unused]] const pb::Method##Request& request,                          \
                             [[maybe_unused]] pb::Method##Response* response)
