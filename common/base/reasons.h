// The reasons of errors (ErrorInfo.reason, errors.h): those that every service can give, for the chapter "reasons" of
// README.md, and those of a service's own rules, which each RPC names in the contract (reasons.proto). A reason never
// changes its meaning, and none is removed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace mestring {

struct Reason {
  std::string_view code, name, meaning;
};

inline constexpr Reason kReasons[] = {
    {"INVALID_ARGUMENT", "INVALID_FIELD", "fields have the wrong shape; `BadRequest` names each"},
    {"INVALID_ARGUMENT", "UNREADABLE_REQUEST", "the bytes are no message of this method"},
    {"INVALID_ARGUMENT", "REQUEST_TOO_LARGE", "send less at once (`max_bytes`)"},
    {"INVALID_ARGUMENT", "METADATA_TOO_LARGE", "send less metadata (`max_bytes`)"},
    {"UNAUTHENTICATED", "UNAUTHENTICATED", "no token, or one that is not accepted; the sentence says why"},
    {"PERMISSION_DENIED", "FORBIDDEN", "your role may not call this, or you may not do this to it"},
    {"UNIMPLEMENTED", "UNKNOWN_SERVICE", "the service is not served on this port"},
    {"UNIMPLEMENTED", "UNKNOWN_METHOD", "the service has no such method; its contract may be older than yours"},
    {"NOT_FOUND", "NOT_FOUND", "there is no such thing, or you may not see it"},
    {"ALREADY_EXISTS", "ALREADY_EXISTS", "there is one already"},
    {"ALREADY_EXISTS", "CONSTRAINT", "it contradicts what is stored (`constraint`)"},
    {"FAILED_PRECONDITION", "WRONG_STATE", "this cannot be done in the state that it has (`state`)"},
    {"FAILED_PRECONDITION", "UNKNOWN_CODE", "the version of the code list that is in force has no such code (`list`)"},
    {"FAILED_PRECONDITION", "NOT_FORKED", "of `RebaseSubscription`: the subscription is not stopped"},
    {"ABORTED", "STALE_VERSION", "somebody was faster than your `expected_version` (`current_version`): read again"},
    {"OUT_OF_RANGE", "CURSOR_PRUNED", "the cursor is older than what is kept: list again"},
    {"OUT_OF_RANGE", "CURSOR_FORKED", "the cursor is of another history: a person decides"},
    {"RESOURCE_EXHAUSTED", "TOO_MANY_CALLS", "more calls at once than the service takes"},
    {"RESOURCE_EXHAUSTED", "WRITE_QUEUE_FULL", "too many writes wait"},
    {"RESOURCE_EXHAUSTED", "READ_QUEUE_FULL", "too many reads wait"},
    {"RESOURCE_EXHAUSTED", "DATABASE_FULL", "the database has no room left; an operator has to make some"},
    {"RESOURCE_EXHAUSTED", "TOO_MANY_WATCHERS", "more watches than the service takes"},
    {"RESOURCE_EXHAUSTED", "WATCHER_TOO_SLOW", "you do not keep up: watch again from your last cursor"},
    {"UNAVAILABLE", "DRAINING", "the service is stopping; another one answers, or this one after its start"},
    {"UNAVAILABLE", "DATABASE_UNAVAILABLE", "the database cannot be reached"},
    {"UNAVAILABLE", "DATABASE_BUSY", "the database was too busy to finish this"},
    {"UNAVAILABLE", "STORED_BY_NEWER_VERSION",
     "a newer version of the service stored what this would change: try again until a replica of that version answers"},
    {"UNAVAILABLE", "LOG_CHANGED", "the log was restored from a copy: watch again from your last cursor"},
    {"DEADLINE_EXCEEDED", "DEADLINE_PASSED", "your deadline passed before the work began; nothing was done"},
    {"CANCELLED", "CANCELLED", "you cancelled the call before the work began"},
    {"INTERNAL", "INTERNAL", "an error of ours, logged under `error_id`"},
};

// Whether a reason is one of kReasons.
bool IsOfEveryService(std::string_view reason);
// The reasons that an RPC names beside them. The descriptor may be of this program or of a pool of its own.
std::vector<std::string> ReasonsOf(const google::protobuf::MethodDescriptor& method);

}  // namespace mestring
