#include "common/base/errors.h"

// Errors, from the status inside the process to the wire and back.
//
// Inside, an absl::Status has the google.rpc messages as payloads under their type URLs, one of each kind; on the wire
// they are google.protobuf.Any in a google.rpc.Status, which gRPC sends as grpc-status-details-bin. So both directions
// are copies, and only this file knows the form of an error.
//
// Invariant: a status without ErrorInfo was not made for a caller (it comes from a library or a bug), so its text never
// leaves the process. A class of our own instead of absl::Status was rejected: every StatusOr would need it.

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

namespace mestring {
namespace {

constexpr std::string_view kTypeUrlPrefix = "type.googleapis.com/";

// gRPC clients refuse trailing metadata beyond 8 KiB by default, so an error with more violations than this would not
// arrive; a caller can mend these and send again.
constexpr size_t kViolationsMax = 32;

// How long a caller should wait before it repeats, when the service drains or has no database.
constexpr absl::Duration kUnavailableRetry = absl::Seconds(1);

template <class Detail>
std::string TypeUrl() {
  return absl::StrCat(kTypeUrlPrefix, Detail::descriptor()->full_name());
}

template <class Detail>
void Attach(const Detail& detail, absl::Status* status) {
  status->SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

absl::Status Make(absl::StatusCode code, std::string_view reason, std::string_view sentence,
                  const std::map<std::string, std::string>& metadata = {}) {
  absl::Status status(code, sentence);
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.mutable_metadata()->insert(metadata.begin(), metadata.end());
  Attach(info, &status);
  return status;
}

void AttachRetry(absl::Duration after, absl::Status* status) {
  google::rpc::RetryInfo retry;
  const int64_t seconds = absl::IDivDuration(after, absl::Seconds(1), &after);
  retry.mutable_retry_delay()->set_seconds(seconds);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(after)));
  Attach(retry, status);
}

bool InfoOf(const absl::Status& status, google::rpc::ErrorInfo* info) {
  const absl::optional<absl::Cord> payload = status.GetPayload(TypeUrl<google::rpc::ErrorInfo>());
  return payload && info->ParseFromString(std::string(*payload));
}

}  // namespace

absl::Status InvalidArgument(const std::vector<Violation>& violations) {
  google::rpc::BadRequest bad;
  for (const Violation& violation : violations) {
    if (static_cast<size_t>(bad.field_violations_size()) == kViolationsMax) break;
    auto* field = bad.add_field_violations();
    field->set_field(violation.field);
    field->set_description(violation.problem);
  }
  std::string sentence = violations.empty() ? std::string("the request is not well formed")
                                            : absl::StrCat(violations[0].field, ": ", violations[0].problem);
  if (violations.size() > 1) absl::StrAppend(&sentence, " (and ", violations.size() - 1, " more)");
  absl::Status status = Make(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", sentence);
  Attach(bad, &status);
  return status;
}

absl::Status InvalidArgument(std::string_view field, std::string_view problem) {
  return InvalidArgument({Violation{std::string(field), std::string(problem)}});
}

absl::Status UnreadableRequest() {
  return Make(absl::StatusCode::kInvalidArgument, "UNREADABLE_REQUEST",
              "the request's bytes are no message of this method: is every text UTF-8?");
}

absl::Status RequestTooLarge(int max_bytes) {
  return Make(absl::StatusCode::kInvalidArgument, "REQUEST_TOO_LARGE",
              absl::StrCat("the request has more than ", max_bytes, " bytes: send less at once"),
              {{"max_bytes", absl::StrCat(max_bytes)}});
}

absl::Status MetadataTooLarge(int max_bytes) {
  return Make(absl::StatusCode::kInvalidArgument, "METADATA_TOO_LARGE",
              absl::StrCat("the call's metadata has more than ", max_bytes, " bytes: send less of it"),
              {{"max_bytes", absl::StrCat(max_bytes)}});
}

absl::Status UnknownService() {
  return Make(absl::StatusCode::kUnimplemented, "UNKNOWN_SERVICE",
              "nothing of this name is served here: is this the port of another service?");
}

absl::Status UnknownMethod() {
  return Make(absl::StatusCode::kUnimplemented, "UNKNOWN_METHOD",
              "the service has no method of this name: is its contract older than yours?");
}

absl::Status NotFound(std::string_view what) {
  return Make(absl::StatusCode::kNotFound, "NOT_FOUND", absl::StrCat("there is no such ", what));
}

absl::Status AlreadyExists(std::string_view what) {
  return Make(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", absl::StrCat("there is already such a ", what));
}

absl::Status ConstraintBroken(std::string_view constraint) {
  return Make(absl::StatusCode::kAlreadyExists, "CONSTRAINT", "this conflicts with what is stored already",
              {{"constraint", std::string(constraint)}});
}

absl::Status Refused(std::string_view reason, std::string_view sentence, std::map<std::string, std::string> metadata) {
  absl::Status status = Make(absl::StatusCode::kFailedPrecondition, reason, sentence, metadata);
  google::rpc::PreconditionFailure failure;
  auto* violation = failure.add_violations();
  violation->set_type(std::string(reason));
  violation->set_description(std::string(sentence));
  Attach(failure, &status);
  return status;
}

absl::Status Forbidden(std::string_view sentence) {
  return Make(absl::StatusCode::kPermissionDenied, "FORBIDDEN", sentence);
}

absl::Status Unauthenticated(std::string_view sentence) {
  return Make(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", sentence);
}

absl::Status StaleVersion(int64_t current) {
  return Make(absl::StatusCode::kAborted, "STALE_VERSION",
              absl::StrCat("somebody changed it; read it again, its version is now ", current),
              {{"current_version", absl::StrCat(current)}});
}

absl::Status Overloaded(std::string_view reason, std::string_view sentence, absl::Duration retry_after) {
  absl::Status status = Make(absl::StatusCode::kResourceExhausted, reason, sentence);
  AttachRetry(retry_after, &status);
  return status;
}

absl::Status Unavailable(std::string_view reason, std::string_view sentence) {
  absl::Status status = Make(absl::StatusCode::kUnavailable, reason, sentence);
  AttachRetry(kUnavailableRetry, &status);
  return status;
}

absl::Status OutOfRange(std::string_view reason, std::string_view sentence,
                        std::map<std::string, std::string> metadata) {
  return Make(absl::StatusCode::kOutOfRange, reason, sentence, metadata);
}

absl::Status DeadlinePassed() {
  return Make(absl::StatusCode::kDeadlineExceeded, "DEADLINE_PASSED", "the call's deadline passed before it began");
}

absl::Status CallCancelled() {
  return Make(absl::StatusCode::kCancelled, "CANCELLED", "the caller cancelled the call before it began");
}

std::string ReasonOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  return InfoOf(status, &info) ? info.reason() : "";
}

std::map<std::string, std::string> MetadataOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  if (!InfoOf(status, &info)) return {};
  return {info.metadata().begin(), info.metadata().end()};
}

std::vector<Violation> ViolationsOf(const absl::Status& status) {
  std::vector<Violation> violations;
  google::rpc::BadRequest bad;
  const absl::optional<absl::Cord> payload = status.GetPayload(TypeUrl<google::rpc::BadRequest>());
  if (!payload || !bad.ParseFromString(std::string(*payload))) return violations;
  for (const auto& field : bad.field_violations()) violations.push_back({field.field(), field.description()});
  return violations;
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& status) {
  google::rpc::RetryInfo retry;
  const absl::optional<absl::Cord> payload = status.GetPayload(TypeUrl<google::rpc::RetryInfo>());
  if (!payload || !retry.ParseFromString(std::string(*payload))) return std::nullopt;
  return absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
}

grpc::Status ToWire(const absl::Status& status, std::string_view domain, std::string_view error_id) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::ErrorInfo info;
  if (!InfoOf(status, &info)) {
    absl::Status hidden = Make(absl::StatusCode::kInternal, "INTERNAL",
                               absl::StrCat("an error of ours; it is logged under the id ", error_id),
                               {{"error_id", std::string(error_id)}});
    return ToWire(hidden, domain, error_id);
  }
  info.set_domain(std::string(domain));
  google::rpc::Status wire;
  wire.set_code(static_cast<int>(status.code()));
  wire.set_message(std::string(status.message()));
  wire.add_details()->PackFrom(info);
  status.ForEachPayload([&wire](absl::string_view type_url, const absl::Cord& payload) {
    if (type_url == TypeUrl<google::rpc::ErrorInfo>()) return;
    auto* detail = wire.add_details();
    detail->set_type_url(std::string(type_url));
    detail->set_value(std::string(payload));
  });
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), wire.message(), wire.SerializeAsString());
}

absl::Status FromWire(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status out(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  google::rpc::Status wire;
  if (!status.error_details().empty() && wire.ParseFromString(status.error_details())) {
    for (const auto& detail : wire.details()) out.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
  if (!ReasonOf(out).empty()) return out;
  // Errors of gRPC's core or of the gate have no details (the library has no room for them there), but their code
  // allows only one reason.
  switch (status.error_code()) {
    case grpc::StatusCode::UNAUTHENTICATED:
      return Unauthenticated(status.error_message());
    case grpc::StatusCode::PERMISSION_DENIED:
      return Forbidden(status.error_message());
    case grpc::StatusCode::UNAVAILABLE:
      return Unavailable("UNAVAILABLE", status.error_message());
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Make(absl::StatusCode::kDeadlineExceeded, "DEADLINE_PASSED", status.error_message());
    case grpc::StatusCode::CANCELLED:
      return Make(absl::StatusCode::kCancelled, "CANCELLED", status.error_message());
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return Make(absl::StatusCode::kResourceExhausted, "LIMIT_EXCEEDED", status.error_message());
    default:
      return out;
  }
}

}  // namespace mestring
