// Failures of the client.
//
// Hides: how a failure looks on a terminal. How its details travel is common/base/errors.h.
// Invariants: a usage error and an RPC's error differ by their payload, never by their text; whatever a
// server sends is printed without control characters, so that it cannot repaint the terminal.
#include "services/ctl/failure.h"

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "grpcpp/support/status.h"

namespace mestring::ctl {
namespace {

constexpr std::string_view kUsagePayload = "mestringctl/usage";
constexpr std::string_view kRpcPayload = "mestringctl/rpc";

std::string Printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

}  // namespace

std::string ExitCodesHelp() {
  return "Exit codes:\n"
         "  0   done\n"
         "  1   the answer is no: something is not well, an expectation failed, events remain parked, you said no\n"
         "  2   nothing was asked: the command line is wrong, or a file that it or the settings name\n"
         "  10+ a call was refused or did not get through, 10 plus its gRPC code: 11 CANCELLED, 12 UNKNOWN,\n"
         "      13 INVALID_ARGUMENT, 14 DEADLINE_EXCEEDED, 15 NOT_FOUND, 16 ALREADY_EXISTS, 17 PERMISSION_DENIED,\n"
         "      18 RESOURCE_EXHAUSTED, 19 FAILED_PRECONDITION, 20 ABORTED, 21 OUT_OF_RANGE (a cursor that the stream\n"
         "      does not lead on from), 22 UNIMPLEMENTED, 23 INTERNAL, 24 UNAVAILABLE (nobody answers: the service,\n"
         "      or the bus), 25 DATA_LOSS, 26 UNAUTHENTICATED\n";
}

absl::Status Usage(std::string_view sentence) {
  absl::Status status = absl::InvalidArgumentError(sentence);
  status.SetPayload(kUsagePayload, absl::Cord("1"));
  return status;
}

absl::Status FromRpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status failure =
      FromWire(grpc::Status(status.error_code(), Printable(status.error_message()), status.error_details()));
  failure.SetPayload(kRpcPayload, absl::Cord("1"));
  return failure;
}

absl::Status CallFailed(absl::StatusCode code, std::string_view sentence) {
  absl::Status failure(code, sentence);
  failure.SetPayload(kRpcPayload, absl::Cord("1"));
  return failure;
}

ExitCode ExitCodeOf(const absl::Status& failure) {
  if (failure.ok()) return kDone;
  if (failure.GetPayload(kUsagePayload)) return kUsage;
  if (failure.GetPayload(kRpcPayload)) return static_cast<ExitCode>(kRpc + static_cast<int>(failure.code()));
  return kNo;
}

std::string CodeName(const absl::Status& failure) { return absl::StatusCodeToString(failure.code()); }

Json FailureJson(const absl::Status& failure) {
  Json out = {{"code", CodeName(failure)}, {"message", Printable(failure.message())}};
  if (const std::string reason = ReasonOf(failure); !reason.empty()) out["reason"] = reason;
  for (const auto& [key, value] : MetadataOf(failure)) out["metadata"][key] = value;
  for (const auto& [field, problem] : ViolationsOf(failure)) {
    out["fields"].push_back({{"field", field}, {"problem", problem}});
  }
  if (const auto after = RetryAfterOf(failure)) out["retry_after_seconds"] = absl::ToDoubleSeconds(*after);
  return out;
}

std::string FailureText(const absl::Status& failure) {
  if (!failure.GetPayload(kRpcPayload)) return Printable(failure.message());
  const Json json = FailureJson(failure);
  std::string out = CodeName(failure);
  // Says each thing once: NOT_FOUND has no other reason, and the sentence names the first field already.
  if (const std::string reason = Text(json, "reason"); !reason.empty() && reason != out) {
    absl::StrAppend(&out, " ", Printable(reason));
  }
  absl::StrAppend(&out, ": ", Printable(failure.message()));
  if (auto fields = json.find("fields"); fields != json.end()) {
    for (const Json& field : *fields) {
      const std::string line = absl::StrCat(Printable(Text(field, "field")), ": ", Printable(Text(field, "problem")));
      if (!absl::StrContains(Printable(failure.message()), line)) absl::StrAppend(&out, "\n  ", line);
    }
  }
  if (auto metadata = json.find("metadata"); metadata != json.end()) {
    for (const auto& [key, value] : metadata->items()) {
      absl::StrAppend(&out, "\n  ", Printable(key), " = ", Printable(value.get<std::string>()));
    }
  }
  if (auto retry = json.find("retry_after_seconds"); retry != json.end()) {
    absl::StrAppend(&out, "\n  try again in ", absl::FormatDuration(absl::Seconds(retry->get<double>())));
  }
  return out;
}

}  // namespace mestring::ctl
