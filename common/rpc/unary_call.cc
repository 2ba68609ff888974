#include "common/rpc/unary_call.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/digest.h"
#include "common/base/field_rules.h"
#include "common/base/ids.h"
#include "common/base/log.h"
#include "common/rpc/access_log.h"
#include "common/rpc/answers.h"
#include "common/rpc/limits.h"
#include "common/store/records.h"

namespace mestring {
namespace {

using ::google::protobuf::Message;

// Every kPruneEvery-th write removes old answers.
constexpr int kPruneEvery = 64;

// Whether the error is a decision about somebody's data, not a failure before one was made.
bool IsVerdict(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kOutOfRange:
      return true;
    default:
      return false;
  }
}

}  // namespace

RpcPipeline::UnaryCall::UnaryCall(RpcPipeline& edge, const Method& method, Kind kind,
                                  grpc::CallbackServerContext& context, grpc::ServerUnaryReactor& reactor,
                                  const Message& request, Message* response, std::shared_ptr<const Caller> caller,
                                  std::string traceparent, absl::Time start)
    : edge_(edge),
      method_(method),
      kind_(kind),
      context_(context),
      reactor_(reactor),
      request_(request),
      response_(response),
      caller_(std::move(caller)),
      start_(start),
      call_(*caller_, method.path) {
  call_.traceparent = std::move(traceparent);
  call_.oversees = caller_->IsAny(method.oversight);
  deadline = std::min(absl::FromChrono(context.deadline()), start + kDeadlineMax);
}

void RpcPipeline::UnaryCall::Begin(UseCase use_case, std::function<absl::Status(Call&)> work) {
  use_case_ = std::move(use_case);
  work_ = std::move(work);
  const absl::Status status = Check();
  bool finished = !status.ok();
  if (!status.ok()) {
    End(status);
  } else if (kind_ == Kind::kWrite) {
    if (!call_.request_id.empty()) fingerprint_ = Fingerprint(call_, request_);
    prune_ = edge_.writes_.fetch_add(1, std::memory_order_relaxed) % kPruneEvery == 0;
    finished = Post(Stage::kWrite);
  } else {
    finished = Post(kind_ == Kind::kRead ? Stage::kRead : Stage::kServe);
  }
  if (finished) Answer();
}

absl::Status RpcPipeline::UnaryCall::Check() {
  TRY(CheckTime());
  TRY(CheckFields(request_));
  if (method_.pages) TRY(CheckPage(request_));
  if (method_.request_id == nullptr) return absl::OkStatus();
  call_.request_id = request_.GetReflection()->GetString(request_, method_.request_id);
  // Ids from devices begin with the millisecond; the digest of one finds a repeat as well.
  if (method_.anonymous) call_.request_id = Sha256Hex(call_.request_id);
  return absl::OkStatus();
}

// The wait in a queue counts against the deadline, and a caller may be gone meanwhile.
absl::Status RpcPipeline::UnaryCall::CheckTime() const {
  if (absl::Now() >= deadline) return DeadlinePassed();
  return context_.IsCancelled() ? CallCancelled() : absl::OkStatus();
}

bool RpcPipeline::UnaryCall::Post(Stage stage) {
  stage_ = stage;
  const absl::Status posted = stage == Stage::kServe  ? edge_.serve_queue_.Post(*this)
                              : stage == Stage::kRead ? edge_.db_.PostRead(*this)
                                                      : edge_.db_.PostWrite(*this);
  // Once posted, the call belongs to another thread, which may have answered it already.
  return !posted.ok() && Done(posted);
}

absl::Status RpcPipeline::UnaryCall::Run(Tx& tx) {
  switch (stage_) {
    case Stage::kWrite:
      return RunWrite(tx);
    case Stage::kRepeat:
      return RunRepeat(tx);
    case Stage::kRead:
      TRY(CheckTime());
      response_->Clear();
      return use_case_(tx, call_);
    case Stage::kLogAccess:
      return edge_.LogAccess(tx, call_, persons_, "OK");
    case Stage::kLogRefusal:
      return edge_.LogAccess(tx, call_, persons_, absl::StatusCodeToString(refusal_.code()));
    case Stage::kServe:
      break;
  }
  return absl::InternalError("this stage needs no transaction");
}

bool RpcPipeline::UnaryCall::Done(absl::Status status) {
  switch (stage_) {
    case Stage::kWrite:
      if (status.ok() || call_.request_id.empty() || !IsVerdict(status)) break;
      refusal_ = std::move(status);
      return Post(Stage::kRepeat);
    case Stage::kRepeat:
      if (status.ok() && !found_) status = std::move(refusal_);
      break;
    case Stage::kRead:
      if (!status.ok()) break;
      persons_ = PersonsShown();
      return persons_.empty() ? End(status) : Post(Stage::kLogAccess);
    case Stage::kLogRefusal:
      // The answer is the refusal all the same.
      if (!status.ok()) {
        Log(Severity::kError, "access_log.refusal_not_written", {{"rpc", call_.rpc}, {"error", status.message()}});
      }
      return End(std::move(refusal_));
    case Stage::kLogAccess:
    case Stage::kServe:
      return End(std::move(status));
  }
  return status.ok() ? End(status) : Refuse(std::move(status));
}

// Optimistic, because nearly every request is new: the use case runs first. The edge looks for a stored answer only if
// its own insert meets the unique key, or if the use case refuses. The changes of a repeat are rolled back.
absl::Status RpcPipeline::UnaryCall::RunWrite(Tx& tx) {
  TRY(CheckTime());
  // The stage may run a second time and must not see the response of the first.
  response_->Clear();
  tx.set_traceparent(call_.traceparent);
  if (method_.anonymous) tx.ForgetTheMoment();
  if (edge_.options_.check_write) TRY(edge_.options_.check_write(tx, request_));
  TRY(use_case_(tx, call_));
  // Checked before the edge stores anything of its own. Nobody would notice a forgotten event, and every subscriber
  // and watcher depends on it; so the first call of such an RPC fails, in a test.
  if (tx.wrote() && !tx.published() && !method_.no_event_because) {
    return absl::InternalError(
        "the write changed a row and published no event: publish one, or say why not in the contract "
        "(mestring.access.v1.no_event_because)");
  }
  TRY(tx.moves().Check(/*new_may_have_no_event=*/method_.no_event_because));
  if (!call_.request_id.empty()) {
    // For an anonymous call the end of its day: its answer is stored as long as others, and does not show the moment.
    const absl::Time create_time = method_.anonymous ? StartOfDay(tx.zone(), tx.today() + 1) : tx.now();
    TRY(StoreAnswer(tx, call_, fingerprint_, *response_, create_time));
  }
  if (prune_) TRY(PruneAnswers(tx));
  return edge_.LogAccess(tx, call_, PersonsShown(), "OK");
}

// Gives the stored answer of a repeated request, if there is one, and adds its rows to the access log.
absl::Status RpcPipeline::UnaryCall::RunRepeat(Tx& tx) {
  ASSIGN(found_, FindAnswer(tx, call_.request_id, fingerprint_, response_));
  return found_ ? edge_.LogAccess(tx, call_, PersonsShown(), "OK") : absl::OkStatus();
}

std::set<std::string> RpcPipeline::UnaryCall::PersonsAsked() const {
  std::set<std::string> persons = call_.persons();
  for (std::string& person : PersonsIn(request_)) persons.insert(std::move(person));
  return persons;
}

std::set<std::string> RpcPipeline::UnaryCall::PersonsShown() const {
  std::set<std::string> persons = PersonsAsked();
  for (std::string& person : PersonsIn(*response_)) persons.insert(std::move(person));
  return persons;
}

bool RpcPipeline::UnaryCall::Refuse(absl::Status refusal) {
  if (!IsVerdict(refusal)) return End(std::move(refusal));
  persons_ = PersonsAsked();
  if (persons_.empty()) return End(std::move(refusal));
  refusal_ = std::move(refusal);
  deadline = absl::InfiniteFuture();  // the rows must be there however late it is
  return Post(Stage::kLogRefusal);
}

bool RpcPipeline::UnaryCall::End(absl::Status status) {
  if (status.ok() && method_.pages) BindPage(request_, response_);
  wire_ = method_.anonymous ? edge_.Finish(method_, nullptr, "", "", std::move(status), absl::Now() - start_)
                            : edge_.Finish(method_, caller_.get(), call_.request_id, call_.traceparent,
                                           std::move(status), absl::Now() - start_);
  return true;
}

void RpcPipeline::UnaryCall::Answer() {
  RpcPipeline& edge = edge_;
  grpc::ServerUnaryReactor& reactor = reactor_;
  const grpc::Status wire = std::move(wire_);
  delete this;
  reactor.Finish(wire);
  edge.calls_.fetch_sub(1);  // the last, because a stop waits for it
}

}  // namespace mestring
