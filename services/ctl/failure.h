// What can go wrong for a user of the client, and the exit code of each.
//
// Inside, a failure is an absl::Status. One that came over the wire keeps its google.rpc details, so that
// it can be shown whole: code, reason, sentence, fields, and when to try again.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/ctl/json.h"

namespace grpc {
class Status;
}

namespace mestring::ctl {

enum ExitCode : int {
  kDone = 0,
  kNo = 1,     // the answer is no: something is not well, an expectation failed
  kUsage = 2,  // the command line is wrong, or a file that it or the settings name
  kRpc = 10,   // plus the number of the gRPC code: 13 INVALID_ARGUMENT, 15 NOT_FOUND, 19 FAILED_PRECONDITION …
};

// For --help: the table above.
std::string ExitCodesHelp();

// The command line is wrong, or something that it names is; the sentence says what to write instead.
absl::Status Usage(std::string_view sentence);

// An RPC failed.
absl::Status FromRpc(const grpc::Status& status);

// The same if this program found the failure: nobody answered, or the bus has a gap. Also for Redis.
absl::Status CallFailed(absl::StatusCode code, std::string_view sentence);

ExitCode ExitCodeOf(const absl::Status& failure);

// "FAILED_PRECONDITION", also for a failure of our own.
std::string CodeName(const absl::Status& failure);

// {"code", "reason", "message", "fields": [{"field", "problem"}], "metadata": {}, "retry_after_seconds"}. A member that
// the failure does not have is left out.
Json FailureJson(const absl::Status& failure);

// The same for a person: the sentence first, then one line for each field.
std::string FailureText(const absl::Status& failure);

}  // namespace mestring::ctl
