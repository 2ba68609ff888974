// The errors that a caller can tell apart, each with one named constructor. Any other error becomes INTERNAL: its text
// is logged with an id and hidden from the caller.
//
// Inside the process an error is an absl::Status whose payload is google.rpc details; only ToWire converts it to gRPC.
// A text is a sentence that tells a person what to do, and never holds personal data or a value that the caller sent.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"

namespace grpc {
class Status;
}

namespace mestring {

// One field of a request that has the wrong shape: its path ("need.level") and what is wrong with it
// ("must be a UUID").
struct Violation {
  std::string field;
  std::string problem;
};

// INVALID_ARGUMENT, reason INVALID_FIELD. `violations` must not be empty.
absl::Status InvalidArgument(const std::vector<Violation>& violations);
absl::Status InvalidArgument(std::string_view field, std::string_view problem);

// INVALID_ARGUMENT, reason UNREADABLE_REQUEST: the bytes are not a message of the method's type.
absl::Status UnreadableRequest();

// INVALID_ARGUMENT, reason REQUEST_TOO_LARGE or METADATA_TOO_LARGE (metadata: max_bytes): no repeat can succeed.
absl::Status RequestTooLarge(int max_bytes);
absl::Status MetadataTooLarge(int max_bytes);

// UNIMPLEMENTED, reason UNKNOWN_SERVICE or UNKNOWN_METHOD.
absl::Status UnknownService();
absl::Status UnknownMethod();

// NOT_FOUND, reason NOT_FOUND: "there is no such <what>". Also for a caller who may not see it.
absl::Status NotFound(std::string_view what);

// ALREADY_EXISTS, reason ALREADY_EXISTS.
absl::Status AlreadyExists(std::string_view what);

// ALREADY_EXISTS, reason CONSTRAINT: a constraint of the schema caught what a rule should have refused. Metadata
// "constraint" says which, in the engine's words (names of tables and columns, never a value).
absl::Status ConstraintBroken(std::string_view constraint);

// FAILED_PRECONDITION: a rule of the domain refuses. `reason` is stable and listed in the contract ("PLACE_TAKEN");
// `metadata` is for programs (codes and ids, never a person).
absl::Status Refused(std::string_view reason, std::string_view sentence,
                     std::map<std::string, std::string> metadata = {});

// Refused with reason WRONG_STATE: the resource is not in a state in which this can happen (metadata: state).
template <class State>
absl::Status WrongState(State state, std::string_view sentence) {
  return Refused("WRONG_STATE", sentence,
                 {{"state", google::protobuf::GetEnumDescriptor<State>()->FindValueByNumber(state)->name()}});
}

// PERMISSION_DENIED, reason FORBIDDEN: the caller may see the resource, but not do this to it.
absl::Status Forbidden(std::string_view sentence);

// UNAUTHENTICATED, reason UNAUTHENTICATED.
absl::Status Unauthenticated(std::string_view sentence);

// ABORTED, reason STALE_VERSION: expected_version is not the current one. A caller reads again and decides anew.
absl::Status StaleVersion(int64_t current);

// RESOURCE_EXHAUSTED with RetryInfo.
absl::Status Overloaded(std::string_view reason, std::string_view sentence, absl::Duration retry_after);

// UNAVAILABLE with RetryInfo: draining, or the database is gone. A repeat with the same request_id is safe.
absl::Status Unavailable(std::string_view reason, std::string_view sentence);

// OUT_OF_RANGE: CURSOR_PRUNED or CURSOR_FORKED.
absl::Status OutOfRange(std::string_view reason, std::string_view sentence,
                        std::map<std::string, std::string> metadata = {});

// DEADLINE_EXCEEDED, reason DEADLINE_PASSED, and CANCELLED, reason CANCELLED: nothing was done.
absl::Status DeadlinePassed();
absl::Status CallCancelled();

// The reason of an error made above ("PLACE_TAKEN"), or "" if it has none (then it is INTERNAL).
std::string ReasonOf(const absl::Status& status);
// Its metadata, and the fields that an INVALID_ARGUMENT names; empty if it has none.
std::map<std::string, std::string> MetadataOf(const absl::Status& status);
std::vector<Violation> ViolationsOf(const absl::Status& status);
// When a repeat may help, if the error says so.
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);

// The wire form. `domain` is "mestring.housing". An error without a reason becomes INTERNAL, whose
// text names only `error_id`; the caller of ToWire logs the real text under that id.
grpc::Status ToWire(const absl::Status& status, std::string_view domain, std::string_view error_id);

// The inverse, for our own clients: the same code, reason, sentence and metadata. An error of gRPC itself has no
// details and gets the only reason that its code allows: UNAUTHENTICATED, FORBIDDEN, UNAVAILABLE …
absl::Status FromWire(const grpc::Status& status);

}  // namespace mestring

// Returns early with the error of `expr`, a status.
#define TRY(expr)                                            \
  do {                                                       \
    if (absl::Status _try = (expr); !_try.ok()) return _try; \
  } while (0)

#define MESTRING_CONCAT_INNER(a, b) a##b
#define MESTRING_CONCAT(a, b) MESTRING_CONCAT_INNER(a, b)

// ASSIGN(auto x, F()): x gets the value of F(), a StatusOr, or its error is returned.
#define ASSIGN(lhs, expr) MESTRING_ASSIGN_INNER(MESTRING_CONCAT(_assign, __LINE__), lhs, expr)
#define MESTRING_ASSIGN_INNER(tmp, lhs, expr) \
  auto tmp = (expr);                          \
  if (!tmp.ok()) return tmp.status();         \
  lhs = *std::move(tmp)
